"""Points for households that were assigned for a month and not visited."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import polars as pl

from scoring.engine.blocks.base import Basis, LineBlock, Rule, Titles, each_words, month_words
from scoring.engine.node import Node

if TYPE_CHECKING:
    from scoring.engine.tables import Tables


@dataclass(frozen=True)
class Visits(LineBlock, Rule):
    """So many points for every household of a month that was not visited."""

    name: ClassVar[str] = "visits"
    points: int

    @classmethod
    def read(cls, node: Node, basis: Basis, people: Titles) -> Visits | None:
        value = node.points("points")
        if value == 0:
            node.fault("points", "每户计 0 分的规则没有作用,请写分值或删去这条。")
        return cls(basis, value) if value else None

    @property
    def words(self) -> str:
        return f"每月{each_words(self.points, '户')}(应走访而没有走访的)"

    def lines(self, tables: Tables, item: str) -> pl.DataFrame:
        missed = pl.col("assigned") - pl.col("visited")
        return tables.visits.filter(missed > 0).select(
            "member", "month", quantity=missed, of="assigned", value=missed * self.points, zero=pl.lit(False)
        )

    def label(self, line: dict[str, Any]) -> str:
        return f"{month_words(line['month'])}走访"

    def text(self, line: dict[str, Any]) -> str:
        return f"应走访 {line['of']} 户,未走访 {line['quantity']} 户"
