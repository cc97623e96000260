"""The lines of the sheet: every event with its effect, and what did not count. They are the computation itself."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import polars as pl

from scoring.engine.blocks import Attendance, LineBlock
from scoring.engine.entrylines import entry_lines, entry_rules
from scoring.engine.facts import Kind, Status
from scoring.engine.people import simplified_items
from scoring.engine.scheme import Scheme
from scoring.engine.tables import Tables
from scoring.engine.vocabulary import EXCUSED

LINE_COLUMNS: dict[str, Any] = {
    "member": pl.Int64,
    "item": pl.Enum,
    "kind": pl.String,  # event | zeroing | floor | cap | not_counted
    "rule": pl.Int64,  # index among the item's rules; null for a floor or a cap
    "ref": pl.Int64,
    "date": pl.Date,
    "month": pl.Date,
    "activity": Kind,
    "status": Status,
    "code": pl.String,
    "level": pl.String,  # of the entry, or the layer
    "quantity": pl.Int64,
    "of": pl.Int64,  # of how many
    "amount": pl.Int64,  # fen
    "half": pl.String,
    "days": pl.Int64,  # late
    "paid_on": pl.Date,
    "value": pl.Int64,  # what it adds to the item; 0 when it does not count
    "worth": pl.Int64,  # what it would add, if that is known
    "reason": pl.String,  # why it does not count
}


class Compiled:
    """A scheme's rules as look-up tables, made once."""

    def __init__(self, scheme: Scheme) -> None:
        self.item = pl.Enum([item.code for item in scheme.items])
        self.rules = [(item, index, rule) for item in scheme.items for index, rule in enumerate(item.rules)]
        self.attendance = self._attendance()
        self.line_blocks = [(item.code, index, rule) for item, index, rule in self.rules if isinstance(rule, LineBlock)]
        self.items = self._items(scheme)
        self.entries = entry_rules(scheme, self.item)
        self.no_lines = pl.DataFrame(schema=LINE_COLUMNS | {"item": self.item, "zero": pl.Boolean})
        self.layered = [item.code for item in scheme.items if item.layers]

    def _attendance(self) -> pl.DataFrame:
        rules = [(item, index, rule) for item, index, rule in self.rules if isinstance(rule, Attendance)]
        rows = [
            (status, kind, item.code, index, value, value, False, "event", None)
            for item, index, rule in rules
            for status, value in rule.each.items()
            for kind in rule.kinds
        ] + [
            (status, kind, item.code, index, 0, 0, False, "not_counted", "excused")
            for item, index, rule in rules
            if rule.deducts
            for status in EXCUSED
            if status not in rule.each
            for kind in rule.kinds
        ]
        schema = {
            "status": Status,
            "activity": Kind,
            "item": self.item,
            "rule": pl.Int64,
            "value": pl.Int64,
            "worth": pl.Int64,
            "zero": pl.Boolean,
            "kind": pl.String,
            "reason": pl.String,
        }
        return pl.DataFrame(rows, schema=schema, orient="row")

    def _items(self, scheme: Scheme) -> pl.DataFrame:
        """The items of every layer; without a layer those bound to one are there, but not known."""
        layers = [layer.code for layer in scheme.layers]
        rows = [
            (
                layer,
                item.code,
                item.part,
                item.full_for(layer),
                item.start_for(layer),
                item.floor,
                item.cap,
                item.needs_line,
                item.is_assessed,
                bool(layers) and layer is None and item.depends_on_layer,
            )
            for layer in (*layers, None)
            for item in scheme.items
            if layer is None or not item.layers or layer in item.layers
        ]
        schema = {
            "layer": pl.String,
            "item": self.item,
            "part": pl.String,
            "full": pl.Int64,
            "start": pl.Int64,
            "floor": pl.Int64,
            "cap": pl.Int64,
            "needs_line": pl.Boolean,
            "assessed": pl.Boolean,
            "unsure": pl.Boolean,
        }
        return pl.DataFrame(rows, schema=schema, orient="row")


@lru_cache(maxsize=64)
def compiled(scheme: Scheme) -> Compiled:
    return Compiled(scheme)


def all_lines(scheme: Scheme, tables: Tables) -> pl.DataFrame:
    """Every line of every member before zeroing: LINE_COLUMNS and `zero`, value null where zero."""
    rules = compiled(scheme)
    frames = [rules.no_lines, _attendance_lines(rules, tables), entry_lines(scheme, rules.entries, tables)]
    for item, index, block in rules.line_blocks:
        lines = block.lines(tables, item)
        own = {"kind": pl.lit("event")} if "kind" not in lines.columns else {}
        frames.append(lines.with_columns(item=pl.lit(item, rules.item), rule=pl.lit(index, pl.Int64), **own))
        if block.excuses_months:
            frames.append(_excused_months(rules, item, index, tables))
    lines = pl.concat(frames, how="diagonal_relaxed")
    if rules.layered:
        lines = _of_the_layer(rules, tables, lines)
    return _simplified(scheme, rules, tables, lines) if scheme.simplified else lines


def _attendance_lines(rules: Compiled, tables: Tables) -> pl.DataFrame:
    records = tables.attendance.rename({"kind": "activity"})
    return records.join(rules.attendance, on=["status", "activity"], how="inner")


def _excused_months(rules: Compiled, item: str, index: int, tables: Tables) -> pl.DataFrame:
    """A line that does not count for every excused month of the period."""
    return tables.dues.filter((pl.col("number") >= tables.first_month) & pl.col("excused")).select(
        "member",
        "month",
        pl.lit(item, rules.item).alias("item"),
        rule=pl.lit(index, pl.Int64),
        kind=pl.lit("not_counted"),
        reason=pl.lit("excused"),
        value=pl.lit(0, pl.Int64),
        zero=pl.lit(False),
    )


def _of_the_layer(rules: Compiled, tables: Tables, lines: pl.DataFrame) -> pl.DataFrame:
    """`lines` where an item that is not of the member's layer has only its entries, and they do not count."""
    own = rules.items.select("layer", "item", own=pl.lit(True))
    known = tables.people.select("member", "layer")
    found = lines.join(known, on="member", how="left").join(own, on=["layer", "item"], how="left", nulls_equal=True)
    foreign = pl.col("own").is_null()
    found = found.filter(~foreign | pl.col("code").is_not_null())
    return _refused(found, foreign & pl.col("reason").is_null(), "not_for").drop("layer", "own")


def _simplified(scheme: Scheme, rules: Compiled, tables: Tables, lines: pl.DataFrame) -> pl.DataFrame:
    """`lines` where those of the member's simplified items do not count."""
    kept = simplified_items(scheme, tables.people, rules.item).filter("simplified")
    found = lines.join(kept, on=["member", "item"], how="left")
    return _refused(found, pl.col("simplified").fill_null(False) & pl.col("reason").is_null(), "simplified").drop(
        "simplified"
    )


def _refused(lines: pl.DataFrame, which: pl.Expr, reason: str) -> pl.DataFrame:
    return lines.with_columns(
        reason=pl.when(which).then(pl.lit(reason)).otherwise("reason"),
        kind=pl.when(which).then(pl.lit("not_counted")).otherwise("kind"),
        worth=pl.when(which).then(pl.coalesce("worth", "value")).otherwise("worth"),
        value=pl.when(which).then(0).otherwise("value"),
        zero=pl.col("zero") & ~which,
    )


def with_limits(lines: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
    """The lines in order, the first zeroing line of an item taking what its events left above zero, and after them
    a line for what a floor gives back and what a cap takes away.

    items: member, item, left (start plus events), floored and capped (what the limits change).
    """
    order = ["member", "item", "date", "month", "kind", "rule", "code", "ref", "activity", "status", "level"]
    limits = [
        items.filter(pl.col(column) != 0).select("member", "item", kind=pl.lit(kind), value=column, zero=pl.lit(False))
        for column, kind in {"floored": "floor", "capped": "cap"}.items()
        if (items.get_column(column) != 0).any()
    ]
    ordered = pl.concat([lines, *limits], how="diagonal_relaxed").sort(*order, "quantity", "worth", nulls_last=True)
    if not ordered.get_column("zero").any():
        return ordered.select(*LINE_COLUMNS)
    first = pl.struct("member", "item").is_first_distinct()
    zeroing = (
        ordered.with_row_index()
        .filter("zero")
        .join(items.select("member", "item", "left"), on=["member", "item"], how="left", maintain_order="left")
        .select("index", taken=pl.when(first).then(-pl.max_horizontal("left", 0)).otherwise(0))
    )
    return (
        ordered.with_row_index()
        .join(zeroing, on="index", how="left", maintain_order="left")
        .with_columns(
            value=pl.coalesce("taken", "value"), kind=pl.when("zero").then(pl.lit("zeroing")).otherwise("kind")
        )
        .select(column for column in LINE_COLUMNS)
    )
