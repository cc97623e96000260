"""Values a unit may set. A definition declares them and says where they go: `{setting: code}`, or `{minus: code}`."""

from __future__ import annotations

from collections.abc import Mapping as AnyMapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from typing import Any, ClassVar

from scoring.engine.errors import SettingsError
from scoring.engine.marks import Mapping, Sequence
from scoring.engine.node import Faults, Node, listed
from scoring.engine.numbers import plain


@dataclass(frozen=True)
class Setting:
    """A value that a unit may set."""

    kind: ClassVar[str]
    code: str
    title: str

    @classmethod
    def read(cls, node: Node, code: str, title: str) -> Setting | None:
        """The setting declared in `node`, or None after noting its faults."""
        raise NotImplementedError

    def problem(self, value: Any) -> str | None:
        """A sentence saying why `value` is refused and what is allowed, or None."""
        raise NotImplementedError

    def chosen(self, value: Any) -> Any:
        """`value`, which is not refused, in the form that the definition takes."""
        raise NotImplementedError

    @property
    def default_value(self) -> Any:
        return None

    @property
    def words(self) -> str:
        """What a unit may write here."""
        raise NotImplementedError


@dataclass(frozen=True)
class NumberSetting(Setting):
    """A number that a unit may set, with its limits."""

    kind: ClassVar[str] = "number"
    default: Decimal
    least: Decimal
    most: Decimal

    @classmethod
    def read(cls, node: Node, code: str, title: str) -> NumberSetting | None:
        numbers = [node.number(key, 100) for key in ("default", "least", "most")]
        if None in numbers:
            return None
        default, least, most = (Decimal(number) / 100 for number in numbers)
        if not least <= default <= most:
            node.fault("default", f"默认值 {plain(default)} 不在 {plain(least)} 到 {plain(most)} 之间。")
            return None
        return cls(code, title, default, least, most)

    def problem(self, value: Any) -> str | None:
        number = number_of(value)
        if number is None or not self.least <= number <= self.most:
            return f"「{self.title}」要是 {plain(self.least)} 到 {plain(self.most)} 的数,现在是「{value}」。"
        return None

    def chosen(self, value: Any) -> Decimal | None:
        return number_of(value)

    @property
    def default_value(self) -> Decimal:
        return self.default

    @property
    def words(self) -> str:
        return f"{self.title}:{plain(self.least)} 到 {plain(self.most)},默认 {plain(self.default)}"


@dataclass(frozen=True)
class BandsSetting(Setting):
    """The points from which each grade is given: a list of {grade, at_least}, highest first."""

    kind: ClassVar[str] = "bands"
    grades: tuple[str, ...]

    @classmethod
    def read(cls, node: Node, code: str, title: str) -> BandsSetting | None:
        grades = node.names("grades")
        return cls(code, title, grades) if grades else None

    def problem(self, value: Any) -> str | None:
        if not isinstance(value, list) or not value:
            return f"「{self.title}」要写成列表,从高到低,如 [{{grade: {self.grades[0]}, at_least: 90}}]。"
        for number, band in enumerate(value, start=1):
            if problem := self._band_problem(number, band, last=number == len(value)):
                return f"「{self.title}」第 {number} 项{problem}"
        named = [str(band["grade"]) for band in value]
        if repeated := sorted({code for code in named if named.count(code) > 1}):
            return f"「{self.title}」里「{repeated[0]}」写了两次,请删去一个。"
        limits = [number_of(band["at_least"]) for band in value if band.get("at_least") is not None]
        for higher, lower in pairwise(limits):
            if lower >= higher:
                return f"「{self.title}」要从高到低,{plain(lower)} 应小于它前面的 {plain(higher)}。"
        return None

    def _band_problem(self, number: int, band: Any, *, last: bool) -> str | None:
        if not isinstance(band, dict) or not {"grade"} <= set(band) <= {"grade", "at_least"}:
            return "只能写 grade 和 at_least。"
        if band["grade"] not in self.grades:
            return f"没有「{band['grade']}」这个等次,可用:{'、'.join(self.grades)}。"
        if band.get("at_least") is None:
            return None if last else "缺少「at_least」,只有最后一项可以不写。"
        if number_of(band["at_least"]) is None:
            return f"的「at_least」要写成数,最多两位小数,现在是「{band['at_least']}」。"
        return None

    def chosen(self, value: Any) -> list[tuple[str, Decimal | None]]:
        bands = [(str(band["grade"]), band.get("at_least")) for band in value]
        return [(grade, None if limit is None else number_of(limit)) for grade, limit in bands]

    @property
    def words(self) -> str:
        return f"{self.title}:从高到低写出等次和起点分,等次可用 {'、'.join(self.grades)}"


@dataclass(frozen=True)
class ItemsSetting(Setting):
    """Items for each of some groups of members: a mapping of group to item codes."""

    kind: ClassVar[str] = "items"
    groups: tuple[str, ...]
    items: tuple[str, ...]

    @classmethod
    def read(cls, node: Node, code: str, title: str) -> ItemsSetting | None:
        groups, items = node.names("groups"), node.names("items")
        return cls(code, title, groups, items) if groups and items else None

    def problem(self, value: Any) -> str | None:
        if not isinstance(value, dict):
            return f"「{self.title}」要写成「人群: [项目]」,人群可用:{'、'.join(self.groups)}。"
        for group, items in value.items():
            if group not in self.groups:
                return f"「{self.title}」没有「{group}」这个人群,可用:{'、'.join(self.groups)}。"
            if not isinstance(items, list):
                return f"「{self.title}」的「{group}」要写成项目的列表,可用:{'、'.join(self.items)}。"
            for item in items:
                if item not in self.items:
                    return f"「{self.title}」的「{group}」里没有「{item}」这个项目,可用:{'、'.join(self.items)}。"
                if items.count(item) > 1:
                    return f"「{self.title}」的「{group}」里「{item}」写了两次,请删去一个。"
        return None

    def chosen(self, value: Any) -> dict[str, tuple[str, ...]]:
        return {str(group): tuple(items) for group, items in value.items() if items}

    @property
    def default_value(self) -> dict[str, tuple[str, ...]]:
        return {}

    @property
    def words(self) -> str:
        return f"{self.title}:人群可用 {'、'.join(self.groups)},项目可用 {'、'.join(self.items)}"


KINDS: dict[str, type[Setting]] = {kind.kind: kind for kind in (NumberSetting, BandsSetting, ItemsSetting)}


def read_settings(nodes: list[Node]) -> dict[str, Setting]:
    """The settings that a definition declares, by code."""
    settings: dict[str, Setting] = {}
    for node in nodes:
        code, title, kind = node.text("code"), node.text("title"), node.choice("kind", KINDS, "number")
        setting = KINDS[kind].read(node, code, title) if kind else None
        node.close()
        if code in settings:
            node.fault("code", f"设定「{code}」写了两次,请删去一个。")
        elif setting and code and title:
            settings[code] = setting
    return settings


def settings_problems(declared: AnyMapping[str, Setting], given: AnyMapping[str, Any]) -> list[tuple[str, str]]:
    """Key and sentence of every value in `given` that is refused."""
    problems = []
    for code, value in given.items():
        if code not in declared:
            problems.append((code, f"方案没有「{code}」这项设定,可用:{listed(declared)}。"))
        elif problem := declared[code].problem(value):
            problems.append((code, problem))
    return problems


def chosen(declared: AnyMapping[str, Setting], given: AnyMapping[str, Any] | None) -> dict[str, Any]:
    """The value of every setting: the unit's or the default. Raises SettingsError."""
    problems = settings_problems(declared, given or {})
    if problems:
        raise SettingsError(text for _, text in problems)
    return {code: setting.default_value for code, setting in declared.items()} | {
        code: declared[code].chosen(value) for code, value in (given or {}).items()
    }


def number_of(value: Any) -> Decimal | None:
    """`value` as an exact number of at most two decimals, or None."""
    if isinstance(value, bool):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    exact = number.is_finite() and abs(number) < 10**6 and number == round(number, 2)
    return number if exact else None


def substitute(data: Any, values: AnyMapping[str, Any], faults: Faults) -> Any:
    """`data` with the values in the place of every `{setting: code}`; its lines stay."""
    if isinstance(data, Mapping):
        for key, value in data.items():
            data[key] = _value(value, data.lines[key], values, faults)
    elif isinstance(data, Sequence):
        for index, value in enumerate(data):
            data[index] = _value(value, data.lines[index], values, faults)
    return data


def _value(value: Any, line: int, values: AnyMapping[str, Any], faults: Faults) -> Any:
    if isinstance(value, Mapping) and set(value) in ({"setting"}, {"minus"}):
        [(word, code)] = value.items()
        if not isinstance(code, str) or code not in values:
            faults.add(line, f"没有声明「{code}」这项设定,可用:{listed(values)}。")
            return None
        if word == "minus" and not isinstance(values[code], Decimal):
            faults.add(line, f"设定「{code}」不是数,不能写成 minus。")
            return None
        return values[code] if word == "setting" else -values[code]
    return substitute(value, values, faults)
