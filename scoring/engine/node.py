"""Reading one mapping of a definition: typed values, every fault noted with its line, no key left over."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from scoring.engine.errors import Fault
from scoring.engine.marks import Mapping, Sequence
from scoring.engine.numbers import POINT, WEIGHT

REQUIRED: Any = object()


@dataclass
class Faults:
    """The faults found so far in one file."""

    file: str
    found: list[Fault] = field(default_factory=list)

    def add(self, line: int, text: str) -> None:
        self.found.append(Fault(self.file, line, text))


class Node:
    """A mapping of the definition. Every reader returns None (or an empty list) after noting a fault."""

    def __init__(self, data: Any, line: int, faults: Faults, what: str) -> None:
        self.faults, self.what = faults, what
        self.broken = not isinstance(data, Mapping)
        if self.broken:
            faults.add(line, f"{what}要写成一组「键: 值」。")
            data = Mapping()
            data.line, data.lines = line, {}
        self.data: Mapping = data
        self.line: int = getattr(data, "line", line)
        self.read: set[str] = set()

    def line_of(self, key: str) -> int:
        return self.data.lines.get(key, self.line)

    def fault(self, key: str, text: str) -> None:
        self.faults.add(self.line_of(key), text)

    def has(self, key: str) -> bool:
        return self.data.get(key) is not None

    def value(self, key: str, default: Any = REQUIRED) -> Any:
        """The raw value; notes a fault when it is required and left out."""
        self.read.add(key)
        if key in self.data and self.data[key] is not None:
            return self.data[key]
        if default is REQUIRED and self.broken:
            return None
        if default is REQUIRED:
            self.faults.add(self.line, f"{self.what}缺少「{key}」,请补上。")
            return None
        return default

    def text(self, key: str, default: Any = REQUIRED) -> Any:
        value = self.value(key, default)
        if value is None or value is default or isinstance(value, str):
            return value
        if isinstance(value, int | Decimal) and not isinstance(value, bool):
            return str(value)
        self.fault(key, f"「{key}」要写成一个词或一句话。")
        return None

    def number(self, key: str, unit: int = POINT, default: Any = REQUIRED) -> Any:
        """A number as a whole count of `1/unit`; a finer one is a fault."""
        value = self.value(key, default)
        if value is None or value is default:
            return value
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            self.fault(key, f"「{key}」要写成数,现在是「{value}」。")
            return None
        scaled = Decimal(value) * unit
        if scaled != int(scaled) or abs(value) > 1_000_000:
            self.fault(key, f"「{key}」的数 {value} 太大或小数位太多。")
            return None
        return int(scaled)

    def points(self, key: str, default: Any = REQUIRED) -> Any:
        """Points in millionths; more than two decimals is a fault, as no such figure could be shown."""
        value = self.number(key, 100, default)
        return value if value is None or value is default else value * (POINT // 100)

    def whole(self, key: str, least: int = 0, default: Any = REQUIRED) -> Any:
        value = self.number(key, 1, default)
        if isinstance(value, int) and value is not default and value < least:
            self.fault(key, f"「{key}」至少为 {least},现在是 {value}。")
            return None
        return value

    def weight(self, key: str) -> int | None:
        value = self.number(key, WEIGHT)
        if value is not None and not 0 < value <= WEIGHT:
            self.fault(key, f"「{key}」是权重,应大于 0、不大于 1,如 0.60。")
            return None
        return value

    def flag(self, key: str, *, default: bool = False) -> bool:
        value = self.value(key, default)
        if not isinstance(value, bool):
            self.fault(key, f"「{key}」只能写 true 或 false。")
            return default
        return value

    def choice(self, key: str, allowed: Collection[str], default: Any = REQUIRED) -> Any:
        value = self.text(key, default)
        if value is None or value is default or value in allowed:
            return value
        self.fault(key, f"「{key}」没有「{value}」这个值,可用:{listed(allowed)}。")
        return None

    def child(self, key: str, what: str) -> Node | None:
        value = self.value(key)
        return None if value is None else type(self)(value, self.line_of(key), self.faults, what)

    def children(self, key: str, what: str, default: Any = REQUIRED) -> list[Node]:
        return [type(self)(value, line, self.faults, what) for line, value in self.elements(key, default)]

    def names(self, key: str, allowed: Collection[str] | None = None, default: Any = REQUIRED) -> tuple[str, ...]:
        """A list of words, in `allowed` when that is given."""
        names = []
        for line, value in self.elements(key, default):
            name = str(value)
            if allowed is not None and name not in allowed:
                self.faults.add(line, f"「{key}」里没有「{name}」这个值,可用:{listed(allowed)}。")
            else:
                names.append(name)
        return tuple(names)

    def choices(self, allowed: Collection[str]) -> list[str]:
        """The keys of this mapping that are allowed, in order; the others are noted."""
        for key in self.data:
            if key not in allowed:
                self.read.add(key)
                self.fault(key, f"{self.what}没有「{key}」,可用:{listed(allowed)}。")
        return [key for key in self.data if key in allowed]

    def elements(self, key: str, default: Any = REQUIRED) -> Iterable[tuple[int, Any]]:
        value = self.value(key, default)
        if value is None or value is default:
            return []
        if not isinstance(value, Sequence):
            self.fault(key, f"「{key}」要写成列表。")
            return []
        return list(zip(value.lines, value, strict=True))

    def close(self) -> None:
        """Notes every key that nobody read."""
        for key in self.data:
            if key not in self.read:
                self.fault(key, f"{self.what}没有「{key}」这个键,可用:{listed(self.read)}。")


def listed(words: Collection[str]) -> str:
    """The words as a list in a message, in a stable order."""
    return "、".join(sorted(words)) or "(无)"
