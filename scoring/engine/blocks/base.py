"""What every rule block is: a basis in the text, words for a reader, and a way into the computation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, ClassVar

from scoring.engine.numbers import plain

if TYPE_CHECKING:
    import polars as pl

    from scoring.engine.node import Node
    from scoring.engine.tables import Tables

Titles = Mapping[str, str]  # titles of the groups of members, by code


@dataclass(frozen=True)
class Basis:
    """Where a part of a scheme comes from: an article of its text, lines of the source, a reading if it needs one.

    also: further articles, where one rule gathers what several say.
    """

    article: str
    source: tuple[int, ...]
    reading: str | None
    line: int
    also: tuple[str, ...] = ()

    @classmethod
    def read(cls, node: Node, inherited: Basis | None = None) -> Basis:
        """The basis in `node`; a rule that names none has that of its item."""
        default = inherited.article if inherited else None
        article = node.text("article", default) if inherited else node.text("article")
        source = tuple(value for _, value in node.elements("source", None) if isinstance(value, int))
        if not source and inherited is None:
            node.fault("source", f"{node.what}要写明出处「source」,如 source: [83]。")
        reading, also = node.text("reading", None), node.names("also", default=())
        return cls(article or "", source or (inherited.source if inherited else ()), reading, node.line, also)


@dataclass(frozen=True)
class Based:
    """Whatever rests on an article of the text."""

    basis: Basis

    @property
    def article(self) -> str:
        return self.basis.article

    @property
    def source(self) -> tuple[int, ...]:
        return self.basis.source

    @property
    def reading(self) -> str | None:
        return self.basis.reading


@dataclass(frozen=True)
class Rule(Based):
    """One rule of an item. `words` says it to a member."""

    name: ClassVar[str]

    @classmethod
    def read(cls, node: Node, basis: Basis, people: Titles) -> Rule | None:
        """The rule in `node`, or None after noting its faults. people: titles of the groups it may name."""
        raise NotImplementedError

    @property
    def words(self) -> str:
        raise NotImplementedError

    def label(self, line: dict[str, Any]) -> str:
        """What happened when: 3 月 5 日 主题党日."""
        raise NotImplementedError

    def text(self, line: dict[str, Any]) -> str:
        """What it was, beside the label and the points; may be empty."""
        return ""

    def excused(self, line: dict[str, Any]) -> str:
        """Why an excused record does not count."""
        return "经批准,本月不计。"


class LineBlock:
    """Mixed into a rule that works out lines of its own; those for attendance and entries come from one table."""

    excuses_months: ClassVar[bool] = False  # an excused month of dues is a line of its own, that does not count

    def lines(self, tables: Tables, item: str) -> pl.DataFrame:
        """Lines of `item` with member, value (null for zeroing), zero, and what their wording needs."""
        raise NotImplementedError


def each_words(value: int, unit: str = "次") -> str:
    """每次扣 4 分 or 每次加 5 分"""
    return f"每{unit}{gain_words(value)}"


def gain_words(value: int) -> str:
    """扣 4 分 or 加 5 分"""
    return f"{'扣' if value < 0 else '加'} {plain(abs(value))} 分"


def day_words(day: date) -> str:
    return f"{day.month} 月 {day.day} 日"


def month_words(day: date) -> str:
    return f"{day.month} 月"
