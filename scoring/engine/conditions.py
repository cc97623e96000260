"""Conditions of verdicts, consequences and lists: closed comparisons, joined by any, all and not.

Every condition is an expression over the columns of the sheet, one row a member. A figure that is not known is
null and so is its comparison; `any` is true when one is true, `all` false when one is false (Kleene), so that what
does not need the unknown figure is still decided.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, reduce
from itertools import zip_longest
from operator import and_, or_
from typing import TypeVar

import polars as pl

from scoring.engine.numbers import POINT, plain
from scoring.engine.vocabulary import MEMBER_STATUSES, POSITIONS

Kind = TypeVar("Kind", bound="Condition")
OPERATORS = {"at_least": "达到", "above": "高于", "at_most": "不超过", "below": "低于"}
OPPOSITES = {"at_least": "below", "above": "at_most", "at_most": "above", "below": "at_least"}
# What a clerk says instead of a comparison of counts: figure, operator, threshold.
SPOKEN = {
    ("required", "at_least", 1): "期内有应到的活动",
    ("required", "below", 1): "期内没有应到的活动",
    ("attended", "at_most", 0): "一次也没有到会",
    ("attended", "above", 0): "至少到会一次",
}


@dataclass(frozen=True)
class Figure:
    """A number that conditions may compare: its title, its unit, and whether it is counted, not in points."""

    title: str
    unit: str = " 分"
    scale: int = POINT
    # Without a required activity there is no rate, and no rule on the rate applies: not unknown, but false.
    absent_is_false: bool = False
    falls_short: bool = False  # a deduction: it grows as points are lost


COUNTED = {
    "required": Figure("应到次数", " 次", 1),
    "attended": Figure("到会次数", " 次", 1),
    "unpaid_months": Figure("没有交党费的月份", " 个月", 1),
    "attendance_rate": Figure("活动参加率", "%", POINT, absent_is_false=True),
}


class Condition:
    """A yes-or-no question about a member; `expression` answers it for all members at once.

    words says that it holds, denied that it does not.
    """

    words: str
    denied: str

    @cached_property
    def expression(self) -> pl.Expr:
        raise NotImplementedError

    def parts(self) -> tuple[Condition, ...]:
        return ()

    def walk(self) -> Iterator[Condition]:
        yield self
        for part in self.parts():
            yield from part.walk()

    def alternatives(self) -> Iterator[tuple[Condition, str]]:
        """What is joined by `any`, outside a `not`, each with the article that it names, or with none."""
        return iter(())

    def narrowed(self, held: Container[Condition]) -> Condition:
        """The condition without those of its alternatives that did not hold."""
        return self

    def supposing(self, met: Condition) -> pl.Expr:
        """The answer if one of the comparisons were met, and all else as it is."""
        return pl.lit(True) if self is met else self.expression


@dataclass(frozen=True)
class Compare(Condition):
    """A figure against a number. `threshold` is in the figure's own scale."""

    code: str
    figure: Figure
    operator: str
    threshold: int

    @cached_property
    def expression(self) -> pl.Expr:
        column = pl.col(f"figure:{self.code}")
        known = {
            "at_least": column >= self.threshold,
            "above": column > self.threshold,
            "at_most": column <= self.threshold,
            "below": column < self.threshold,
        }[self.operator]
        return known.fill_null(False) if self.figure.absent_is_false else known

    @property
    def words(self) -> str:
        return self._words(self.operator)

    @property
    def denied(self) -> str:
        return self._words(OPPOSITES[self.operator])

    def _words(self, operator: str) -> str:
        number = plain(self.threshold) if self.figure.scale == POINT else str(self.threshold)
        said = f"{self.figure.title}{OPERATORS[operator]} {number}{self.figure.unit}"
        return SPOKEN.get((self.code, operator, self.threshold), said)


@dataclass(frozen=True)
class GradeIs(Condition):
    """The member's grade, of this sheet or of another period."""

    grade: str
    title: str
    column: str
    where: str

    @cached_property
    def expression(self) -> pl.Expr:
        return pl.col(self.column) == self.grade

    @property
    def words(self) -> str:
        return f"{self.where}定为{self.title}"

    @property
    def denied(self) -> str:
        return f"{self.where}没有定为{self.title}"


@dataclass(frozen=True)
class StatusIs(Condition):
    """The member's standing: full, probationary or activist."""

    status: str

    @cached_property
    def expression(self) -> pl.Expr:
        return pl.col("standing") == self.status

    @property
    def words(self) -> str:
        return f"是{MEMBER_STATUSES[self.status]}"

    @property
    def denied(self) -> str:
        return f"不{self.words}"


@dataclass(frozen=True)
class PositionIs(Condition):
    """The member held one of these positions on the period's first day."""

    positions: tuple[str, ...]

    @cached_property
    def expression(self) -> pl.Expr:
        held = (pl.col("positions").list.contains(position) for position in self.positions)
        return reduce(or_, held).fill_null(False)

    @property
    def words(self) -> str:
        if set(self.positions) == set(POSITIONS):
            return "担任职务"
        return f"担任{'、'.join(POSITIONS[position] for position in self.positions)}"

    @property
    def denied(self) -> str:
        return f"没有{self.words}"


@dataclass(frozen=True)
class FactIs(Condition):
    """A fact of the member, mobility or category, is one of these."""

    column: str
    values: tuple[str, ...]
    titles: tuple[str, ...]

    @cached_property
    def expression(self) -> pl.Expr:
        return pl.col(self.column).is_in(list(self.values))

    @property
    def words(self) -> str:
        return f"是{'或'.join(self.titles)}"

    @property
    def denied(self) -> str:
        return f"不{self.words}"


@dataclass(frozen=True)
class Arrears(Condition):
    """Nothing was paid for so many months running, at some month-end of the period."""

    months: int

    @property
    def column(self) -> str:
        return f"arrears:{self.months}"

    @cached_property
    def expression(self) -> pl.Expr:
        return pl.col(self.column)

    @property
    def words(self) -> str:
        return f"连续 {self.months} 个月没有交纳党费"

    @property
    def denied(self) -> str:
        return f"没有{self.words}的情况"


@dataclass(frozen=True)
class Times(Condition):
    """How often the grade was given, up to and with this period: exactly so often, or at least."""

    grade: str
    title: str
    number: int
    exactly: bool

    @property
    def column(self) -> str:
        return f"earlier:{self.grade}"

    @cached_property
    def expression(self) -> pl.Expr:
        times = pl.col(self.column) + (pl.col("grade") == self.grade).cast(pl.Int64)
        return times == self.number if self.exactly else times >= self.number

    @property
    def words(self) -> str:
        return f"连同本期{self._times}"

    @property
    def denied(self) -> str:
        return f"连同本期不{self._times}"

    @property
    def _times(self) -> str:
        return f"是第 {self.number} 次{'' if self.exactly else '或者更多次'}{self.title}"


@dataclass(frozen=True)
class EntryCount(Condition):
    """At least so many entries of some codes, in the period or ever up to its end."""

    codes: tuple[str, ...]
    titles: tuple[str, ...]
    at_least: int
    ever: bool

    @property
    def column(self) -> str:
        return f"count:{'+'.join(self.codes)}:{'ever' if self.ever else 'period'}"

    @cached_property
    def expression(self) -> pl.Expr:
        return pl.col(self.column) >= self.at_least

    @cached_property
    def counts(self) -> pl.Expr:
        """Whether an entry is one of those counted; `within` says if it is of the period."""
        is_asked = reduce(or_, (pl.col("item") == code for code in self.codes))
        return is_asked if self.ever else is_asked & pl.col("within")

    @property
    def words(self) -> str:
        many = f" {self.at_least} 条及以上" if self.at_least > 1 else ""
        return f"{'累计' if self.ever else '期内'}有{many}「{'、'.join(self.titles)}」的记录"

    @property
    def denied(self) -> str:
        many = f"不到 {self.at_least} 条" if self.at_least > 1 else "没有"
        return f"{'累计' if self.ever else '期内'}{many}「{'、'.join(self.titles)}」的记录"


@dataclass(frozen=True)
class HasConsequence(Condition):
    """Another consequence holds."""

    code: str
    title: str

    @cached_property
    def expression(self) -> pl.Expr:
        return pl.col(f"consequence:{self.code}")

    @property
    def words(self) -> str:
        return f"符合「{self.title}」的条件"

    @property
    def denied(self) -> str:
        return f"不符合「{self.title}」的条件"


@dataclass(frozen=True)
class Joined(Condition):
    """Several conditions, of which any or all must hold. articles: what each rests on, where it says so."""

    every: bool
    conditions: tuple[Condition, ...]
    articles: tuple[str, ...] = ()

    @cached_property
    def expression(self) -> pl.Expr:
        return reduce(and_ if self.every else or_, (condition.expression for condition in self.conditions))

    def supposing(self, met: Condition) -> pl.Expr:
        return reduce(and_ if self.every else or_, (condition.supposing(met) for condition in self.conditions))

    def parts(self) -> tuple[Condition, ...]:
        return self.conditions

    def alternatives(self) -> Iterator[tuple[Condition, str]]:
        for condition, article in zip_longest(self.conditions, self.articles, fillvalue=""):
            if not self.every:
                yield condition, article
            yield from condition.alternatives()

    def narrowed(self, held: Container[Condition]) -> Condition:
        kept = tuple(one.narrowed(held) for one in self.conditions if self.every or one in held)
        return kept[0] if len(kept) == 1 else replace(self, conditions=kept, articles=())

    @property
    def words(self) -> str:
        return self._said(denied=False)

    @property
    def denied(self) -> str:
        return self._said(denied=True)

    def _said(self, denied: bool) -> str:
        """The parts as one sentence; those joined the other way are kept apart, by brackets or by a wider stop."""
        every = self.every != denied
        said = list(self._leaves(every, denied))
        if not every and any(joined for _, joined in said):
            return ";或者".join(words for words, _ in said)
        *first, last = (f"({words})" if joined else words for words, joined in said)
        return ",".join([*first, f"{'并且' if every else '或者'}{last}"]) if first else last

    def _leaves(self, every: bool, denied: bool) -> Iterator[tuple[str, bool]]:
        """Words of every part, and whether it is joined by itself; parts that are joined alike are one row."""
        for part in self.conditions:
            inner, no = (part.condition, not denied) if isinstance(part, Not) else (part, denied)
            joined = isinstance(inner, Joined)
            if joined and (inner.every != no) == every:
                yield from inner._leaves(every, no)
            else:
                yield inner.denied if no else inner.words, joined


@dataclass(frozen=True)
class Not(Condition):
    """The opposite of a condition; unknown stays unknown."""

    condition: Condition

    @cached_property
    def expression(self) -> pl.Expr:
        return ~self.condition.expression

    def parts(self) -> tuple[Condition, ...]:
        return (self.condition,)

    @property
    def words(self) -> str:
        return self.condition.denied

    @property
    def denied(self) -> str:
        return self.condition.words


def asked_for(conditions: list[Condition], kind: type[Kind]) -> dict[str, Kind]:
    """The conditions of one kind within `conditions`, by the column that they read."""
    return {part.column: part for condition in conditions for part in condition.walk() if isinstance(part, kind)}
