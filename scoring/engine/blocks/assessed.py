"""Scores that people give: an assessed item, and what was noted during the period for its assessor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import polars as pl

from scoring.engine.blocks.base import Basis, LineBlock, Rule, Titles, day_words
from scoring.engine.blocks.entries import OFFICES, EntryHead, GivenMinus
from scoring.engine.node import Node
from scoring.engine.numbers import plain

if TYPE_CHECKING:
    from scoring.engine.tables import Tables


@dataclass(frozen=True)
class Assessed(LineBlock, Rule):
    """The latest score of the period; without one the item is not known, and the sheet incomplete.

    office: whose scores they are; None: of those who lead the member's branch, from its secretary upwards.
    """

    name: ClassVar[str] = "assessed"
    office: str | None = None

    @classmethod
    def read(cls, node: Node, basis: Basis, people: Titles) -> Assessed:
        return cls(basis, node.choice("office", OFFICES, None))

    @property
    def words(self) -> str:
        return f"由{'纪检机关' if self.office else '考评人'}打分,以最后一次为准"

    def lines(self, tables: Tables, item: str) -> pl.DataFrame:
        return tables.assessments.filter(pl.col("item") == item).select(
            "member", "ref", "date", "kind", "reason", value="score", worth="worth", zero=pl.lit(False)
        )

    def label(self, line: dict[str, Any]) -> str:
        return f"{day_words(line['date'])} 考评打分"

    def text(self, line: dict[str, Any]) -> str:
        return f"得 {plain(line['value'])} 分"


@dataclass(frozen=True)
class Noted(GivenMinus):
    """A deduction noted during the period: it suggests a score to the assessor, and does not count by itself."""

    name: ClassVar[str] = "noted"
    counts: ClassVar[bool] = False
    sign: ClassVar[str] = "record"
    words: ClassVar[str] = "平时记下的扣分供考评人参考,本身不计分"

    @classmethod
    def read(cls, node: Node, basis: Basis, people: Titles) -> Noted | None:
        head = EntryHead.read(node)
        return cls(basis, head) if head else None
