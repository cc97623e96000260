"""What must hold for any results: lines make items, items make parts, parts make the total, and words say the same."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal

import polars as pl

from scoring.engine import Results, Scheme, explain, results_rows
from scoring.engine.numbers import points
from scoring.engine.results import decimals

CENT = Decimal("0.01")


def cents(value: Decimal) -> Decimal:
    return value.quantize(CENT, ROUND_HALF_UP)


def check_frames(scheme: Scheme, results: Results) -> None:
    """The sums of every member of a period's results, whatever their number."""
    _check_items(results)
    for row in results_rows(results):
        figures = {code: Decimal(value) for code, value in row["items"].items()}
        parts = {code: Decimal(value) for code, value in row["parts"].items()}
        _check_parts(scheme, figures, parts)
        if row["status"] == "scored":
            _check_total(scheme, parts, row)
        else:
            assert (row["total"], row["rank"]) == (None, None)


def _check_items(results: Results) -> None:
    assert results.lines.filter((pl.col("kind") == "not_counted") & (pl.col("value") != 0)).is_empty()
    effects = results.lines.group_by("member", "item").agg(effect=pl.col("value").sum())
    wrong = (
        results.items.join(effects, on=["member", "item"], how="left")
        .with_columns(pl.col("effect").fill_null(0))
        .filter(pl.col("start") + pl.col("effect") != pl.col("value"))
    )
    assert wrong.is_empty(), wrong
    assert results.lines.get_column("value").null_count() == 0


def _check_parts(scheme: Scheme, figures: dict[str, Decimal], parts: dict[str, Decimal]) -> None:
    owner = {item.code: item.part for item in scheme.items}
    for part in scheme.parts:
        if part.code not in parts:
            continue
        if part.kind == "sum":
            earned = sum((value for code, value in figures.items() if owner[code] == part.code), Decimal(0))
            earned = -earned if part.negated else earned
            assert parts[part.code] == (earned if part.cap is None else min(earned, points(part.cap)))
        elif part.kind == "weighted":
            assert parts[part.code] == cents(parts[part.of] * part.weight / 10_000)
        elif part.kind == "shortfall":
            assert parts[part.code] == max(points(part.start) - parts[part.of], Decimal(0))


def _check_total(scheme: Scheme, parts: dict[str, Decimal], row: dict) -> None:
    total = sum(parts[code] for code in scheme.total.of) - sum(parts[code] for code in scheme.total.minus)
    zeroed = any(verdict.total_micro == 0 for verdict in scheme.outcome.verdicts) and row["grade"] == "unqualified"
    assert Decimal(row["total"]) in ((total, Decimal(0)) if zeroed else (total,))
    by_points = next((band.code for band in scheme.bands if band.at_least is None or total >= band.at_least), None)
    assert row["grade"] == by_points or scheme.outcome.verdicts


def check_words(scheme: Scheme, results: Results, members: list[int]) -> None:
    """The worded sheets of `members` say what the results say, and add up as they are shown."""
    rows = {row["member"]: row for row in results_rows(results)}
    for member in members:
        sheet, row = explain(scheme, results, member), rows[member]
        assert {item.code: item.value for item in sheet.items} == {k: Decimal(v) for k, v in row["items"].items()}
        for item in sheet.items:
            assert item.start + sum(line.value for line in item.lines) == item.value
            assert all(line.label and line.clause.heading for line in item.lines)
            assert all(line.effect or line.kind != "event" or not line.value for line in item.lines)
        negated = {part.code for part in scheme.parts if part.negated}
        for part in sheet.parts:
            if part.kind == "sum" and part.value is not None and not part.notes:
                assert sum(item.value for item in part.items) * (-1 if part.code in negated else 1) == part.value
        for written in filter(None, (one.sum_words for one in (*sheet.items, *sheet.parts))):
            assert keyed_in(written), written
        assert all(item.sum_words for item in sheet.items if item.start and item.value != item.start)
        assert all(line.text and not line.value for line in sheet.not_counted)
        if sheet.total is not None and results.period.cycle == scheme.cycle:
            signs = {"+": 1, "−": -1}
            total = sum(signs[term.sign] * term.result for term in sheet.formula)
            assert sheet.total == total or "总分计 0" in sheet.formula_words
            assert sheet.formula_words.endswith((f"= {_plain(sheet.total)}", f"总分计 {_plain(sheet.total)}"))
        assert row["total"] == (None if sheet.total is None else decimals(int(sheet.total * 1_000_000)))


def keyed_in(written: str) -> bool:
    """True if a sum as it is shown, 89.29 × 30% + 20 − 3 = 43.79, comes out on a pocket calculator."""
    terms, _, total = written.replace("−", "-").partition(" = ")
    found, sign = Decimal(0), 1
    for word in re.split(r" ([+-]) ", terms):
        if word in ("+", "-"):
            sign = 1 if word == "+" else -1
            continue
        value, _, by = word.partition(" × ")
        factor = Decimal(by.rstrip("%") or 1) / (100 if by.endswith("%") else 1)
        found += sign * Decimal(value) * factor
    return cents(found) == Decimal(total)


def _plain(value: Decimal) -> str:
    text = f"{abs(value):.2f}".removesuffix(".00")
    return f"−{text}" if value < 0 else text
