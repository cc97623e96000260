"""The half-year scheme once more, member by member in plain Python: its halves, its year, and the alerts of all schemes.

Written from the clauses, not from the definition; answers are compared with the engine's, see test_naive.py.
"""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal
from typing import Any

from tests.scoring.engine.naive import ATTENDED, D, before, cents, month_end

EXCUSED = ("sick_leave", "official_leave")
DIRECT = ("direct.obstruct", "direct.sanction", "direct.assembly")
WEIGHTS = {"committee": D("0.3"), "members_residents": D("0.4"), "household_reps": D("0.3")}
HONORS = {"national": 25, "provincial": 20, "municipal": 15, "district": 10, "street": 5}
SPANS = {
    "2025": (date(2025, 1, 1), date(2025, 12, 31)),
    "2025H1": (date(2025, 1, 1), date(2025, 6, 30)),
    "2025H2": (date(2025, 7, 1), date(2025, 12, 31)),
}
BEFORE = {"2025H1": "2024H2", "2025H2": "2025H1"}


class Span:
    """The facts of one member as one period sees them."""

    def __init__(self, facts: dict[str, list[dict[str, Any]]], code: str) -> None:
        self.facts, self.code = facts, code
        self.first, self.last = SPANS[code]
        self.who = facts["members"][0]
        self.lifetime = [e for e in facts["entries"] if e["approved"] and not e["reversed"] and e["date"] <= self.last]
        self.entries = [e for e in self.lifetime if e["date"] >= self.first]
        self.came = Counter(r["status"] for r in facts["attendance"] if self.first <= r["date"] <= self.last)

    def many(self, code: str) -> int:
        return sum(e["quantity"] for e in self.entries if e["item"] == code)

    def given(self, code: str) -> Decimal:
        return sum((cents(D(e["points"]) / 1_000_000) for e in self.entries if e["item"] == code), D(0))

    def has(self, *codes: str) -> bool:
        return any(e["item"] in codes for e in self.entries)

    @property
    def buildings(self) -> int:
        return sum(e["item"] == "record.illegal_building" for e in self.lifetime)

    def rate_below(self, percent: int) -> bool:
        attended = sum(self.came[s] for s in ATTENDED)
        required = sum(self.came[s] for s in (*ATTENDED, "personal_leave", "absent", "proxy"))
        return required > 0 and D(attended) / required * 100 < percent

    def never_came(self) -> bool:
        away = sum(self.came[s] for s in ("personal_leave", "absent", "proxy"))
        return away > 0 and not any(self.came[s] for s in ATTENDED)

    def months(self) -> list[dict[str, Any]]:
        """What was owed month by month in the period."""
        return [
            d for d in self.facts["dues"] if self.first <= d["month"] <= self.last and d["due"] and not d["excused"]
        ]

    def payments(self, month: date, by: date | None = None) -> list[dict[str, Any]]:
        by = min(self.last, by or self.last)
        return [p for p in self.facts["payments"] if p["month"] == month and p["amount"] and p["paid_on"] <= by]

    def days_late(self, owed: dict[str, Any]) -> int:
        paid, due_day = 0, month_end(owed["month"])
        for payment in sorted(self.payments(owed["month"]), key=lambda p: p["paid_on"]):
            paid += payment["amount"]
            if paid >= owed["due"]:
                return (payment["paid_on"] - due_day).days
        return (self.last - due_day).days

    def month_ends(self) -> list[date]:
        return [date(2025, n, 1) for n in range(self.first.month, self.last.month + 1)]

    def alerts(self) -> list[str]:
        return sorted(
            code
            for code, holds in {
                "six_months_dues": any(self.streak(month) >= 6 for month in self.month_ends()),
                "six_months_life": any(self.lifeless(month) for month in self.month_ends()),
            }.items()
            if holds
        )

    def streak(self, month: date) -> int:
        owed = {d["month"] for d in self.facts["dues"] if d["due"] and not d["excused"]}
        end, length = month_end(month), 0
        while month in owed and not self.payments(month, end):
            month, length = before(month), length + 1
        return length

    def lifeless(self, month: date) -> bool:
        begins = month
        for _ in range(5):
            begins = before(begins)
        records = [r for r in self.facts["attendance"] if r["date"] <= self.last]
        if not records or min(r["date"] for r in records) > month_end(begins):
            return False
        seen = [r["status"] for r in records if begins <= r["date"] <= month_end(month)]
        missed = any(s in ("personal_leave", "absent", "proxy") for s in seen)
        return missed and not any(s in (*ATTENDED, *EXCUSED) for s in seen)


def daily(s: Span) -> dict[str, Decimal]:
    late = [s.days_late(owed) for owed in s.months()]
    left = {
        "daily.activities": D(20)
        - 10 * s.came["proxy"]
        - 5 * s.came["absent"]
        - 4 * (s.came["late"] + s.came["left_early"])
        - 3 * s.came["personal_leave"],
        "daily.duties_basic": D(10) - 5 * s.many("duties_basic.unfinished"),
        "daily.duties_key": D(20) - 10 * s.many("duties_key.unfinished") - s.given("duties_key.uncooperative"),
        "daily.discipline": D(20) - 10 * s.many("discipline.misconduct") - s.given("discipline.other"),
        "daily.dues": D(10) - 2 * sum(1 <= n <= 30 for n in late) - 5 * sum(31 <= n <= 59 for n in late),
        "daily.family": D(10),
        "daily.morality": D(10) - 5 * s.many("morality.poor"),
    }
    zeroed = {
        "daily.discipline": s.has("discipline.severe", "discipline.petition", "discipline.family_planning"),
        "daily.dues": any(n >= 60 for n in late),
        "daily.family": s.has("family.breach"),
        "daily.morality": s.has("morality.superstition"),
    }
    return {code: min(D(0), value) if zeroed.get(code) else value for code, value in left.items()}


def bonuses(s: Span) -> dict[str, Decimal]:
    honors = sum(HONORS[e["level"]] * e["quantity"] for e in s.entries if e["item"] == "bonus.honor")
    found = {
        "bonus.emergency": 10 * s.many("bonus.emergency"),
        "bonus.public_good": 5 * s.many("bonus.public_good"),
        "bonus.activity": 5 * s.many("bonus.activity"),
        "bonus.honor": honors,
        "bonus.example": s.given("bonus.example"),
        "bonus.outstanding": s.given("bonus.outstanding"),
    }
    return {code: D(value) for code, value in found.items() if value}


def appraised(s: Span) -> tuple[Decimal | None, list[str]]:
    means = {}
    for group in WEIGHTS:
        cast = [D(b["score"]) / 1_000_000 for b in s.facts["ballots"] if (b["period"], b["group"]) == (s.code, group)]
        means[group] = cents(sum(cast) / len(cast)) if cast else None
    missing = sorted(f"appraisal.{group}" for group, mean in means.items() if mean is None)
    return None if missing else cents(sum(means[group] * weight for group, weight in WEIGHTS.items())), missing


def graded(total: Decimal) -> str:
    return "excellent" if total >= 90 else "qualified" if total >= 60 else "unqualified"


def chosen(found: dict[str, bool]) -> list[str]:
    return sorted(code for code, holds in found.items() if holds)


def half(facts: dict[str, list[dict[str, Any]]], code: str) -> dict[str, Any]:
    s = Span(facts, code)
    items, extra = daily(s), bonuses(s)
    appraisal, missing = appraised(s)
    base, bonus = sum(items.values()), sum(extra.values(), D(0))
    deduction = max(100 - base, D(0))
    parts = {"daily": base, "daily_weighted": cents(base * D("0.6")), "bonus": bonus, "deduction": deduction}
    total = grade = None
    if appraisal is not None:
        parts |= {"appraisal": appraisal, "appraisal_weighted": cents(appraisal * D("0.4"))}
        total = parts["daily_weighted"] + parts["appraisal_weighted"] + bonus
        grade = "unqualified" if s.has(*DIRECT) else graded(total)
    bad, was = grade == "unqualified", {h["period"]: h["grade"] for h in facts["history"]}.get(BEFORE[code])
    probationary = s.who["status"] == "probationary"
    follows = {
        "criticism": deduction >= 20 or s.rate_below(50),
        "self_criticism": deduction >= 30,
        "assembly_verdict": deduction >= 40,
        "withdrawal_procedure": s.never_came() or sum(not s.payments(owed["month"]) for owed in s.months()) == 6,
        "rectification": bad and not probationary,
        "cancel_probationary": bad and probationary,
        "persuade_withdrawal": (bad and was == "unqualified") or s.buildings >= 2,
    }
    warned = total is not None and (appraisal < 60 or follows["criticism"] or follows["self_criticism"] or bad)
    return {
        "status": "incomplete" if missing else "scored",
        "missing": missing,
        "items": items | extra,
        "parts": parts,
        "total": total,
        "grade": grade,
        "lists": chosen({"warning": warned, "honor": grade == "excellent" and not warned}),
        "consequences": chosen(follows),
        "alerts": s.alerts(),
    }


def year(facts: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """The year of one member, but for the places among the five leads, which depend on the others."""
    s = Span(facts, "2025")
    h1, h2 = half(facts, "2025H1"), half(facts, "2025H2")
    missing = [f"2025H1:{code}" for code in h1["missing"]] + [f"2025H2:{code}" for code in h2["missing"]]
    parts = {"h1_deduction": h1["parts"]["deduction"], "h2_deduction": h2["parts"]["deduction"]}
    parts |= {
        f"{name}_total": found["total"] for name, found in {"h1": h1, "h2": h2}.items() if found["total"] is not None
    }
    total = grade = None
    if not missing:
        total = cents((h1["total"] + h2["total"]) / 2)
        verdict = s.has(*DIRECT) or min(parts["h1_deduction"], parts["h2_deduction"]) >= 30 or s.rate_below(60)
        grade = "unqualified" if verdict else graded(total)
    bad, probationary = grade == "unqualified", s.who["status"] == "probationary"
    both = h1["grade"] == h2["grade"] == "unqualified"
    follows = {
        "rectification": bad and not probationary,
        "cancel_probationary": bad and probationary,
        "persuade_withdrawal": both or s.buildings >= 2,
    }
    fit = total is not None and min(h1["total"], h2["total"]) >= 90
    return {
        "status": "incomplete" if missing else "scored",
        "missing": missing,
        "items": {},
        "parts": parts,
        "total": total,
        "grade": grade,
        "lists": ["warning"] if bad else [],
        "consequences": chosen(follows),
        "alerts": s.alerts(),
        "fit": fit and "unqualified" not in (grade, h1["grade"], h2["grade"]),
    }


def with_leads(people: dict[int, dict[str, Any]], size: int) -> None:
    """Enters the five leads of one organisation: a tenth of `size`, at least one, by total; ties across the edge wait."""
    places = max(size // 10, 1)
    fit = [found for found in people.values() if found.pop("fit", False)]
    for found in fit:
        ahead = sum(other["total"] > found["total"] for other in fit)
        level = sum(other["total"] == found["total"] for other in fit)
        if ahead + level <= places:
            found["consequences"] = sorted([*found["consequences"], "five_leads_candidate"])
            found["lists"] = ["honor", *found["lists"]]
        elif ahead < places:
            found["consequences"] = sorted([*found["consequences"], "five_leads_tie"])


def with_ranks(people: dict[int, dict[str, Any]]) -> None:
    """Enters the ranks of one organisation."""
    totals = [found["total"] for found in people.values() if found["total"] is not None]
    for found in people.values():
        mine = found["total"]
        found["rank"] = None if mine is None else 1 + sum(total > mine for total in totals)
