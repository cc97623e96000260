"""Points by the summed amount of a period's entries."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar

import polars as pl

from scoring.engine.blocks.base import Basis, LineBlock, Titles, gain_words
from scoring.engine.blocks.entries import EntryHead, EntryRule
from scoring.engine.node import Node
from scoring.engine.numbers import plain

if TYPE_CHECKING:
    from scoring.engine.tables import Tables

FEN = 100


@dataclass(frozen=True)
class AmountTiers(LineBlock, EntryRule):
    """The points of the highest tier that the summed amount reaches. Tiers are (fen, points), highest first.

    The entries themselves are lines without points; the tier is a line of its own.
    """

    name: ClassVar[str] = "amount_tiers"
    needs: ClassVar[frozenset[str]] = frozenset({"amount"})
    sign: ClassVar[str] = "merit"
    tiers: tuple[tuple[int, int], ...]

    @classmethod
    def read(cls, node: Node, basis: Basis, people: Titles) -> AmountTiers | None:
        head, tiers = EntryHead.read(node), []
        for child in node.children("tiers", "金额档次"):
            at_least, value = child.number("at_least", FEN), child.points("points")
            child.close()
            if None not in (at_least, value):
                tiers.append((at_least, value))
        for higher, lower in pairwise(tiers):
            if lower[0] >= higher[0]:
                said = [yuan(higher[0]), yuan(lower[0])]
                node.fault("tiers", f"金额档次要从高到低,{said[1]} 元应小于它前面的 {said[0]} 元。")
        return cls(basis, head, tuple(tiers)) if head and tiers else None

    def prices(self, groups: Collection[str]) -> list[tuple[str | None, int | None]]:
        return [(None, 0)]

    @property
    def words(self) -> str:
        return "累计" + ";".join(f"满 {yuan(at_least)} 元{gain_words(value)}" for at_least, value in self.tiers)

    def lines(self, tables: Tables, item: str) -> pl.DataFrame:
        sums = (
            tables.counted_entries.filter(pl.col("item") == self.head.code)
            .group_by("member")
            .agg(amount=pl.col("amount").sum())
        )
        value = pl.lit(0, pl.Int64)
        for at_least, points in reversed(self.tiers):
            value = pl.when(pl.col("amount") >= at_least).then(points).otherwise(value)
        return sums.with_columns(value=value, zero=pl.lit(False)).filter(pl.col("value") != 0)

    def label(self, line: dict[str, Any]) -> str:
        return super().label(line) if line["date"] else f"本期累计 {yuan(line['amount'])} 元"

    def pending(self, line: dict[str, Any]) -> str:
        return "计入累计金额"

    def text(self, line: dict[str, Any]) -> str:
        if line["date"]:
            return f"{yuan(line['amount'])} 元,计入累计" if line["amount"] is not None else ""
        reached = next(at_least for at_least, _ in self.tiers if line["amount"] >= at_least)
        return f"达到 {yuan(reached)} 元"


def yuan(fen: int) -> str:
    """Fen as yuan: 1000, 999.99."""
    return plain(fen * 10_000)
