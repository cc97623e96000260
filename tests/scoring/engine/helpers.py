"""The shipped scheme, short ways to write facts, and the answer for one member."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from scoring.engine import Facts, Period, Results, Scheme, load_scheme, results_rows, score

SCHEMES = Path(__file__).resolve().parents[3] / "scoring" / "schemes"
CASES = Path(__file__).resolve().parents[1] / "cases"
GROUPS = ("committee", "members_residents", "household_reps")
H1 = Period.parse("2025H1")
YEAR = Period.parse("2025")


CODES = sorted(file.parent.name for file in SCHEMES.glob("*/definition.yaml"))


@cache
def shipped(code: str) -> Scheme:
    return load_scheme(SCHEMES / code)


def community() -> Scheme:
    return shipped("community-half-year")


def day(text: str) -> date:
    return date.fromisoformat(text)


def month(text: str) -> date:
    return date.fromisoformat(f"{text}-01")


def ballots(member: int, score: int = 80, period: str = "2025H1") -> list[dict[str, Any]]:
    """One ballot of `score` from every group."""
    return [{"member": member, "period": period, "group": group, "score": score * 1_000_000} for group in GROUPS]


def facts(member: dict[str, Any] | None = None, **frames: Any) -> Facts:
    """Facts of member 1, with a ballot of 80 from every group unless `ballots` are given."""
    rows = {name: [{"member": 1} | row for row in given] for name, given in frames.items()}
    rows.setdefault("ballots", ballots(1))
    return Facts.build(members=[{"member": 1} | (member or {})], **rows)


def results(period: Period = H1, **given: Any) -> Results:
    return score(community(), facts(**given), period)


def answer(period: Period = H1, **given: Any) -> dict[str, Any]:
    """The row of member 1."""
    return results_rows(results(period, **given))[0]


def entry(item: str, on: str = "2025-03-01", **more: Any) -> dict[str, Any]:
    return {"item": item, "date": day(on)} | more


def attended(on: str, status: str, kind: str = "study", **more: Any) -> dict[str, Any]:
    return {"date": day(on), "kind": kind, "status": status} | more
