"""Points for dues: by days late, month by month, and for months in a row without payment."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar

import polars as pl

from scoring.engine.blocks.base import Basis, LineBlock, Rule, Titles, day_words, gain_words, month_words
from scoring.engine.node import Node
from scoring.engine.numbers import plain

if TYPE_CHECKING:
    from scoring.engine.tables import Tables


@dataclass(frozen=True)
class Tier:
    """Days late from `first` to `last` (None: and more): so many points, or nothing left of the item."""

    first: int
    last: int | None
    points: int | None  # None zeroes the item
    basis: Basis

    @property
    def span(self) -> str:
        if self.last is None:
            return f"{self.first} 天及以上"
        return f"{self.first}–{self.last} 天"

    @property
    def words(self) -> str:
        return f"迟交 {self.span}" + ("本项不得分" if self.points is None else f"扣 {plain(abs(self.points))} 分")


class DuesLines(LineBlock):
    """How lines about the dues of a month are called."""

    excuses_months: ClassVar[bool] = True

    def label(self, line: dict[str, Any]) -> str:
        return f"{month_words(line['month'])}党费"


@dataclass(frozen=True)
class DuesTiers(DuesLines, Rule):
    """For every month of the period that is not excused: the tier that its days late fall in."""

    name: ClassVar[str] = "dues_tiers"
    tiers: tuple[Tier, ...]

    @classmethod
    def read(cls, node: Node, basis: Basis, people: Titles) -> DuesTiers | None:
        tiers = [tier for child in node.children("tiers", "党费档次") if (tier := _tier(child, basis))]
        for before, after in pairwise(tiers):
            _check_neighbours(node, before, after)
        if tiers and tiers[-1].last is not None:
            node.faults.add(tiers[-1].basis.line, "最后一档不能有「to」,否则更迟的没有规定。")
        return cls(basis, tuple(tiers)) if tiers else None

    @property
    def words(self) -> str:
        return "每月:" + ";".join(tier.words for tier in self.tiers)

    def lines(self, tables: Tables, item: str) -> pl.DataFrame:
        late = tables.dues_in_period.filter(pl.col("days") >= self.tiers[0].first)
        value, zero = pl.lit(None, pl.Int64), pl.lit(False)
        for step in self.tiers:
            reached = pl.col("days") >= step.first
            value = pl.when(reached).then(pl.lit(step.points, pl.Int64)).otherwise(value)
            zero = pl.when(reached).then(step.points is None).otherwise(zero)
        return late.select("member", "month", "days", "paid_on", value=value, zero=zero)

    def text(self, line: dict[str, Any]) -> str:
        return paid_words(line)


def paid_words(line: dict[str, Any]) -> str:
    """3 月 12 日缴清,迟 12 天"""
    if line["paid_on"] is None:
        return f"没有缴清,已迟 {line['days']} 天"
    return f"{day_words(line['paid_on'])}缴清,迟 {line['days']} 天"


def _tier(node: Node, inherited: Basis) -> Tier | None:
    first, last = node.whole("from", least=1), node.whole("to", least=1, default=None)
    zero = node.flag("zero")
    value = None if zero else node.points("points")
    basis = Basis.read(node, inherited)
    if last is not None and first is not None and last < first:
        node.fault("to", f"这一档从 {first} 天到 {last} 天,「to」不能小于「from」。")
        return None
    node.close()
    if first is None or (value is None and not zero):
        return None
    return Tier(first, last, value, basis)


def _check_neighbours(node: Node, before: Tier, after: Tier) -> None:
    if before.last is None:
        node.faults.add(before.basis.line, "只有最后一档可以不写「to」。")
    elif after.first > before.last + 1:
        gap = f"{before.last + 1}–{after.first - 1}" if after.first > before.last + 2 else f"{before.last + 1}"
        node.faults.add(after.basis.line, f"党费档次有空档:迟交 {gap} 天没有规定,请把「from」改为 {before.last + 1}。")
    elif after.first <= before.last:
        node.faults.add(
            after.basis.line,
            f"党费档次重叠:{after.first}–{before.last} 天有两种规定,请把「from」改为 {before.last + 1}。",
        )


@dataclass(frozen=True)
class DuesMonths(DuesLines, Rule):
    """Points for every month by how its dues were paid: in full by the due day, not so, or short.

    short: for a month of which something, but less than was due, was paid by the period's end; on top of `late`.
    """

    name: ClassVar[str] = "dues_months"
    on_time: int
    late: int
    short: int

    @classmethod
    def read(cls, node: Node, basis: Basis, people: Titles) -> DuesMonths | None:
        values = [node.points(key, 0) for key in ("on_time", "late", "short")]
        if values == [0, 0, 0]:
            node.faults.add(node.line, "按月计党费至少要写一种:on_time(按期足额)、late(未按期足额)、short(不足额)。")
            return None
        return None if None in values else cls(basis, *values)

    @property
    def words(self) -> str:
        said = {"按期足额交纳": self.on_time, "未按期足额交纳": self.late, "到期末仍不足额另": self.short}
        return "每月" + ";".join(f"{what}{gain_words(value)}" for what, value in said.items() if value)

    def lines(self, tables: Tables, item: str) -> pl.DataFrame:
        on_time = pl.col("days") <= 0
        short = pl.col("full_on").is_null() & pl.col("first_paid").is_not_null()
        paid = on_time & pl.col("full_on").is_not_null()
        value = pl.when(paid).then(self.on_time).otherwise(self.late + pl.when(short).then(self.short).otherwise(0))
        return (
            tables.dues_in_period.with_columns(value=value.cast(pl.Int64))
            .filter(pl.col("value") != 0)
            .select(
                "member",
                "month",
                "days",
                "paid_on",
                "value",
                zero=pl.lit(False),
                amount="paid",
            )
        )

    def text(self, line: dict[str, Any]) -> str:
        if line["paid_on"] is not None:
            return paid_words(line) if line["days"] > 0 else "按期足额交纳"
        return "没有按期交纳,期末仍不足额" if line["amount"] else "期末仍未交纳"


@dataclass(frozen=True)
class Arrears(LineBlock, Rule):
    """Nothing is left of the item once so many months in a row were unpaid at a month-end of the period."""

    name: ClassVar[str] = "arrears"
    months: int

    @classmethod
    def read(cls, node: Node, basis: Basis, people: Titles) -> Arrears | None:
        months = node.whole("months", least=1)
        return cls(basis, months) if months else None

    @property
    def words(self) -> str:
        return f"连续 {self.months} 个月没有交纳党费,本项不得分"

    def lines(self, tables: Tables, item: str) -> pl.DataFrame:
        return tables.arrears(self.months).select(
            "member",
            "month",
            quantity=pl.lit(self.months, pl.Int64),
            value=pl.lit(None, pl.Int64),
            zero=pl.lit(True),
        )

    def label(self, line: dict[str, Any]) -> str:
        return f"到 {month_words(line['month'])}底"

    def text(self, line: dict[str, Any]) -> str:
        return f"连续 {line['quantity']} 个月没有交纳党费"
