"""Points for entries: each, as given, or zeroing the item. One rule is for one entry code."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, ClassVar

from scoring.engine.blocks.base import Basis, Rule, Titles, day_words, each_words, gain_words
from scoring.engine.node import Node
from scoring.engine.numbers import plain, points

APPROVALS = ("branch", "street")
OFFICES = ("discipline",)
DECIDERS = (*OFFICES, "meeting")  # meeting: what a vote of the members' meeting carries, and nobody declares by hand
PRICE = 1  # what an entry is worth for one whose points are given with it


@dataclass(frozen=True)
class EntryHead:
    """What every entry code has, whatever it does to the sheet."""

    code: str
    title: str
    approval: str
    office: str | None
    sensitive: bool
    unit: str

    @classmethod
    def read(cls, node: Node, key: str = "entry") -> EntryHead | None:
        code, title = node.text(key), node.text("title")
        approval = node.choice("approval", APPROVALS, "street")
        office = node.choice("office", DECIDERS, None)
        sensitive, unit = node.flag("sensitive"), node.text("unit", "次")
        if None in (code, title, approval):
            return None
        return cls(code, title, approval, office, sensitive, unit)


@dataclass(frozen=True)
class Price:
    """Points for one, in millionths: the same for all, or by group of members, the first that fits."""

    fixed: int | None
    by_group: tuple[tuple[str, str, int], ...] = ()  # code, title, points

    @classmethod
    def read(cls, node: Node, people: Titles, key: str = "points") -> Price | None:
        """A number, or a mapping of groups to numbers; groups that are not named get nothing."""
        if not isinstance(node.data.get(key), dict):
            value = node.points(key)
            return None if value is None else cls(value)
        steps = node.child(key, "按人群的分值")
        found = [
            (code, people[code], value) for code in (steps.choices(people)) if (value := steps.points(code)) is not None
        ]
        return cls(None, tuple(found)) if found else None

    @property
    def all_zero(self) -> bool:
        return self.fixed == 0 or (self.fixed is None and not any(value for _, _, value in self.by_group))

    @property
    def most(self) -> int:
        """Millionths for those who get most."""
        return max((value for _, _, value in self.by_group), default=self.fixed)

    def of(self, groups: Collection[str]) -> int | None:
        """Points for a member of `groups`; None where there is nothing for them."""
        if self.fixed is not None:
            return self.fixed
        return next((value for code, _, value in self.by_group if code in groups), None)

    def words(self, say) -> str:
        """`say` of the points, for every group where they differ."""
        if self.fixed is not None:
            return say(self.fixed)
        return ";".join(f"{title}{say(value)}" for _, title, value in self.by_group)


@dataclass(frozen=True)
class Level:
    """One level of a rule by level."""

    code: str
    title: str
    price: Price

    @property
    def words(self) -> str:
        """省级 20 分, or where it differs: 优秀(书记或者主任 15 分;无职党员 10 分)"""
        if self.price.fixed is not None:
            return f"{self.title} {plain(self.price.fixed)} 分"
        return f"{self.title}({self.price.words(_points_words)})"


@dataclass(frozen=True)
class EntryRule(Rule):
    """A rule about the entries of one code."""

    needs: ClassVar[frozenset[str]] = frozenset()
    zeroes: ClassVar[bool] = False
    given_sign: ClassVar[int | None] = None  # ±1 where the points are given with the entry
    counts: ClassVar[bool] = True  # False: the entry is noted, and changes nothing by itself
    head: EntryHead

    @property
    def levels(self) -> tuple[Level, ...]:
        return ()

    @property
    def latest_of(self) -> str | None:
        """The column of which, for each value, only the latest entry counts."""
        return None

    @property
    def once_of(self) -> str | None:
        """The column of which, for each value, only the entry worth most counts, whatever its code."""
        return None

    def prices(self, groups: Collection[str]) -> list[tuple[str | None, int | None]]:
        """Level (None: any) and what one is worth to a member of `groups` (None: nothing for them)."""
        raise NotImplementedError

    @property
    def sign(self) -> str:
        raise NotImplementedError

    def label(self, line: dict[str, Any]) -> str:
        return f"{day_words(line['date'])} {self.head.title}"

    def pending(self, line: dict[str, Any]) -> str:
        """What the entry does once it is approved."""
        return "按核定的分值计分" if line["worth"] is None else gain_words(line["worth"])

    def text(self, line: dict[str, Any]) -> str:
        level = next((level.title for level in self.levels if level.code == line["level"]), None)
        counted = "quantity" in self.needs and (line["quantity"] or 0) > 1
        many = f"{line['quantity']} {self.head.unit}" if counted else None
        return ",".join(filter(None, (level, many)))


@dataclass(frozen=True)
class Each(EntryRule):
    """A number of points for each, times the entry's quantity; it may differ by group of members."""

    name: ClassVar[str] = "each"
    needs: ClassVar[frozenset[str]] = frozenset({"quantity"})
    price: Price

    @classmethod
    def read(cls, node: Node, basis: Basis, people: Titles) -> Each | None:
        head, price = EntryHead.read(node), Price.read(node, people)
        if price and price.all_zero:
            node.fault("points", "每次计 0 分的规则没有作用,请写分值或删去这条。")
            return None
        return cls(basis, head, price) if head and price else None

    def prices(self, groups: Collection[str]) -> list[tuple[str | None, int | None]]:
        return [(None, self.price.of(groups))]

    @property
    def sign(self) -> str:
        return "merit" if self.price.most > 0 else "fault"

    @property
    def words(self) -> str:
        return self.price.words(lambda value: each_words(value, self.head.unit))


@dataclass(frozen=True)
class GivenPlus(EntryRule):
    """The points given with the entry, taken as they stand."""

    name: ClassVar[str] = "given_plus"
    needs: ClassVar[frozenset[str]] = frozenset({"points"})
    given_sign: ClassVar[int] = 1
    sign: ClassVar[str] = "merit"
    words: ClassVar[str] = "按核定的分值加分"

    def prices(self, groups: Collection[str]) -> list[tuple[str | None, int | None]]:
        return [(None, PRICE)]


@dataclass(frozen=True)
class GivenMinus(GivenPlus):
    """The points given with the entry, deducted."""

    name: ClassVar[str] = "given_minus"
    given_sign: ClassVar[int] = -1
    sign: ClassVar[str] = "fault"
    words: ClassVar[str] = "按核定的分值扣分"


class Given:
    """The block `given`: points as they were decided, added or deducted by its `sign`."""

    name: ClassVar[str] = "given"

    @classmethod
    def read(cls, node: Node, basis: Basis, people: Titles) -> EntryRule | None:
        head, sign = EntryHead.read(node), node.choice("sign", ("plus", "minus"))
        return {"plus": GivenPlus, "minus": GivenMinus}[sign](basis, head) if head and sign else None


@dataclass(frozen=True)
class Levels(EntryRule):
    """Points by the level of the entry, times its quantity.

    latest: a column (half) of which for each value the latest entry alone counts, once.
    once: a column (award) of which for each value the entry worth most alone counts.
    """

    name: ClassVar[str] = "level"
    choices: tuple[Level, ...]
    latest: str | None
    once: str | None

    @classmethod
    def read(cls, node: Node, basis: Basis, people: Titles) -> Levels | None:
        head, choices = EntryHead.read(node), []
        for child in node.children("levels", "级别"):
            code, title, price = child.text("code"), child.text("title"), Price.read(child, people)
            if code in {choice.code for choice in choices}:
                child.fault("code", f"级别「{code}」写了两次,请删去一个。")
            elif None not in (code, title, price):
                choices.append(Level(code, title, price))
            child.close()
        latest, once = node.choice("latest", ("half",), None), node.choice("once", ("award",), None)
        return cls(basis, head, tuple(choices), latest, once) if head and choices else None

    @property
    def needs(self) -> frozenset[str]:  # type: ignore[override]
        return frozenset({"level", self.latest} if self.latest else {"level", "quantity"})

    @property
    def levels(self) -> tuple[Level, ...]:
        return self.choices

    @property
    def latest_of(self) -> str | None:
        return self.latest

    @property
    def once_of(self) -> str | None:
        return self.once

    def prices(self, groups: Collection[str]) -> list[tuple[str | None, int | None]]:
        return [(level.code, level.price.of(groups)) for level in self.choices]

    sign: ClassVar[str] = "merit"

    @property
    def words(self) -> str:
        steps = "、".join(level.words for level in self.choices)
        rules = {"half": ";上、下半年各计一次,同一半年以最后一次为准", "award": ";同一奖项按最高的计一次"}
        more = rules.get(self.latest or self.once or "", "")
        return f"每{self.head.unit}按级别加分:{steps}{more}"


def _points_words(value: int) -> str:
    return f" {plain(value)} 分"


@dataclass(frozen=True)
class Zero(EntryRule):
    """An entry that leaves nothing of the item's points: the item becomes min(0, what is left)."""

    name: ClassVar[str] = "zero"
    zeroes: ClassVar[bool] = True
    sign: ClassVar[str] = "fault"
    words: ClassVar[str] = "有一次,本项不得分"

    @classmethod
    def read(cls, node: Node, basis: Basis, people: Titles) -> Zero | None:
        head = EntryHead.read(node)
        return cls(basis, head) if head else None

    def prices(self, groups: Collection[str]) -> list[tuple[str | None, int | None]]:
        return [(None, 0)]

    def pending(self, line: dict[str, Any]) -> str:
        return "本项不得分"


def level_choices(rule: EntryRule) -> list[tuple[str, str, object]]:
    """Code, title and points (two decimals; the most where they differ by group) of every level, for a form."""
    return [(level.code, level.title, points(level.price.most)) for level in rule.levels]


def level_words(rule: EntryRule) -> dict[str, str]:
    """What each level is worth, in words: 优秀(书记或者主任 15 分;无职党员 10 分)."""
    return {level.code: level.words for level in rule.levels}
