"""The results of scoring: one family of frames, sorted, and the same facts as plain rows for keeping."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import polars as pl

from scoring.engine.numbers import CENT
from scoring.engine.period import Period


@dataclass(frozen=True)
class Results:
    """Frames of the results, sorted by member; figures in millionths of a point, each published one in whole cents.

    members: member, organization, status, missing, total, grade, rank, lists, consequences, alerts (lists sorted),
    grounds (which alternatives of a condition led to these, see decide.as_met), verdict (index of the verdict that set the grade whatever the points), layer.
    items: member, item, full, start, value. parts: member, part, value (those that are known), earned (the sum of
    the items, where the part has a cap). lines: see lines.LINE_COLUMNS; an item is its start plus its lines' values.
    appraisal: member, group, ballots, mean, weight (parts of ten thousand), value (mean × weight, not rounded).
    figures: member, period, required, attended, excused, rate (millionths of a percent), unpaid_months, reported (quarters).
    outlook: see decide.OUTLOOK; a distance of 0 or less is a grade's limit that is reached, with so much to spare.
    suggestions: member, item, full, noted, suggested, for every assessed item: what the period's notes come to.
    """

    period: Period
    members: pl.DataFrame
    items: pl.DataFrame
    parts: pl.DataFrame
    lines: pl.DataFrame
    appraisal: pl.DataFrame
    figures: pl.DataFrame
    outlook: pl.DataFrame
    suggestions: pl.DataFrame


@lru_cache(maxsize=65_536)  # the same few figures come again for thousands of members
def decimals(value: int | None) -> str | None:
    """Millionths, already in whole cents, as text with two decimals."""
    if value is None:
        return None
    whole, cents = divmod(abs(value) // CENT, 100)
    return f"{'-' if value < 0 else ''}{whole}.{cents:02d}"


def results_rows(results: Results) -> list[dict[str, Any]]:
    """One JSON-ready dict a member, in the members' order, with decimals as text: for storing and for digests."""
    items, parts = _by_member(results.items, "item"), _by_member(results.parts, "part")
    return [
        {
            "member": row["member"],
            "status": row["status"],
            "missing": row["missing"],
            "items": items.get(row["member"], {}),
            "parts": parts.get(row["member"], {}),
            "total": decimals(row["total"]),
            "grade": row["grade"],
            "rank": row["rank"],
            "lists": row["lists"],
            "consequences": row["consequences"],
            "grounds": row["grounds"],
            "alerts": row["alerts"],
        }
        for row in results.members.iter_rows(named=True)
    ]


def _by_member(frame: pl.DataFrame, key: str) -> dict[int, dict[str, str]]:
    found: dict[int, dict[str, str]] = defaultdict(dict)
    for member, code, value in frame.select("member", key, "value").iter_rows():
        found[member][code] = decimals(value)
    return found
