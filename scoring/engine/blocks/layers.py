"""The base points of a member's layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import polars as pl

from scoring.engine.blocks.base import Basis, LineBlock, Rule, Titles
from scoring.engine.node import Node
from scoring.engine.numbers import plain

if TYPE_CHECKING:
    from scoring.engine.tables import Tables


@dataclass(frozen=True)
class LayerBase(LineBlock, Rule):
    """So many points to begin with, by the member's layer. `layers` are (code, title of the group, points)."""

    name: ClassVar[str] = "layer_base"
    layers: tuple[tuple[str, str, int], ...]

    @classmethod
    def read(cls, node: Node, basis: Basis, people: Titles) -> LayerBase | None:
        steps = node.child("points", "各层次的基础分")
        if steps is None:
            return None
        found = [(code, people[code], steps.points(code)) for code in steps.choices(people)]
        return cls(basis, tuple(found)) if found and all(points is not None for _, _, points in found) else None

    @property
    def words(self) -> str:
        return ";".join(f"{title} {plain(points)} 分" for _, title, points in self.layers)

    def lines(self, tables: Tables, item: str) -> pl.DataFrame:
        schema = {"layer": pl.String, "value": pl.Int64}
        points = pl.DataFrame([(code, value) for code, _, value in self.layers], schema=schema, orient="row")
        return tables.people.join(points, on="layer", how="inner").select(
            "member", "value", level="layer", zero=pl.lit(False)
        )

    def label(self, line: dict[str, Any]) -> str:
        return next(title for code, title, _ in self.layers if code == line["level"])
