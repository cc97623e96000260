"""Random facts for any scheme: every frame that it may look at, with what lies at the edges of a period."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import Any

from scoring.engine import Period, Scheme
from scoring.engine.vocabulary import CATEGORIES, HALVES, KINDS, MEMBER_STATUSES, POSITIONS, STATUSES

FRAMES = ("attendance", "dues", "payments", "entries", "ballots", "history", "visits", "assessments", "reports")
YEAR = Period.parse("2025")
POINT = 1_000_000


def random_rows(scheme: Scheme, random: Random, members: int, each: int = 6) -> dict[str, list[dict[str, Any]]]:
    """Rows of `members` members of three organizations, with up to `each` records of every kind."""
    rows: dict[str, list[dict[str, Any]]] = {"members": []} | {name: [] for name in FRAMES}
    for member in range(1, members + 1):
        rows["members"].append({"member": member, "organization": member % 3} | _person(random))
        for name, make in MAKERS.items():
            rows[name] += [{"member": member} | row for row in make(scheme, random, each)]
        for row in _dues(random, each):
            name = "payments" if "amount" in row else "dues"
            rows[name].append({"member": member} | row)
    return rows


def _person(random: Random) -> dict[str, Any]:
    return {
        "status": random.choice(list(MEMBER_STATUSES)),
        "mobility": random.choice(["resident", "resident", "resident", "migrant", "abroad"]),
        "exempt": random.random() < 0.1,
        "born": None if random.random() < 0.1 else date(1965, 1, 1) + timedelta(days=random.randint(-4000, 4000)),
        "positions": random.sample(list(POSITIONS), random.choice([0, 0, 0, 1, 2])),
        "category": random.choice([*CATEGORIES, None]),
    }


def _day(random: Random) -> date:
    """A day of the period or around it, often at an edge."""
    edges = [date(2024, 12, 31), date(2025, 1, 1), date(2025, 12, 31), date(2026, 1, 1)]
    return random.choice(edges) if random.random() < 0.1 else date(2024, 6, 1) + timedelta(days=random.randint(0, 620))


def _month(random: Random) -> date:
    index = 2024 * 12 + 6 + random.randint(0, 19)
    return date(index // 12, index % 12 + 1, 1)


def _some(random: Random, each: int) -> range:
    return range(random.randint(0, each))


def _attendance(scheme: Scheme, random: Random, each: int) -> list[dict[str, Any]]:
    return [
        {"date": _day(random), "kind": random.choice(list(KINDS)), "status": random.choice(list(STATUSES)), "ref": n}
        for n in _some(random, each)
    ]


def _dues(random: Random, each: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for month in {_month(random) for _ in _some(random, 2 * each)}:
        due = random.choice([0, 500, 1000])
        found.append({"month": month, "due": due, "excused": random.random() < 0.1})
        for _ in range(random.choice([0, 1, 1, 1, 2])):
            late = random.choice([0, 27, 30, 31, 40, 200])
            paid_on = month + timedelta(days=late)
            found.append({"month": month, "amount": random.choice([due, due, due // 2, 1]), "paid_on": paid_on})
    return found


def _entries(scheme: Scheme, random: Random, each: int) -> list[dict[str, Any]]:
    items = {item.code: item for item in scheme.entry_items}
    found = []
    for ref in _some(random, 2 * each if items else 0):
        item = items[random.choice(list(items))]
        found.append(
            {
                "ref": ref,
                "item": item.code,
                "date": _day(random),
                "quantity": random.choice([1, 1, 2, 7]),
                "level": random.choice([level[0] for level in item.levels]) if item.levels else None,
                "points": random.randint(0, 1200) * 10_000 if "points" in item.needs else None,
                "amount": random.choice([1, 50_000, 99_999, 900_000]) if "amount" in item.needs else None,
                "half": random.choice(HALVES) if "half" in item.needs else None,
                "award": random.choice(["x", "y", None]),
                "approved": random.random() < 0.9,
                "reversed": random.random() < 0.1,
            }
        )
    return found


def _ballots(scheme: Scheme, random: Random, each: int) -> list[dict[str, Any]]:
    periods = [YEAR] if scheme.cycle == "year" else YEAR.halves
    return [
        {"period": period.code, "group": group.code, "score": random.randint(0, 1000) * 100_000}
        for period in periods
        for group in scheme.groups
        for _ in range(random.choice([0, 1, 3, 3, 3]))
    ]


def _history(scheme: Scheme, random: Random, each: int) -> list[dict[str, Any]]:
    codes = ["2021", "2023", "2024"] if scheme.cycle == "year" else ["2023H2", "2024H1", "2024H2", "2025H1"]
    grades = [grade.code for grade in scheme.grades]
    return [{"period": code, "grade": random.choice(grades)} for code in codes if random.random() < 0.5]


def _visits(scheme: Scheme, random: Random, each: int) -> list[dict[str, Any]]:
    months = {_month(random) for _ in _some(random, each)}
    return [{"month": month, "assigned": random.randint(0, 6), "visited": random.randint(0, 6)} for month in months]


def _assessments(scheme: Scheme, random: Random, each: int) -> list[dict[str, Any]]:
    found = []
    for item in scheme.items if random.random() < 0.8 else ():
        most = min([item.full_micro or 10**9, *item.fulls.values()])
        for ref in range(random.choice([1, 2])) if item.is_assessed else ():
            score = random.randint(0, most // 10_000) * 10_000
            day = date(2025, 11, 1) if random.random() < 0.5 else date(2025, 1, 1) + timedelta(random.randint(0, 380))
            found.append({"ref": ref, "item": item.code, "date": day, "score": score})
    return found


def _reports(scheme: Scheme, random: Random, each: int) -> list[dict[str, Any]]:
    return [{"quarter": f"{year}Q{n}"} for year in (2024, 2025) for n in range(1, 5) if random.random() < 0.6]


MAKERS = {
    "attendance": _attendance,
    "entries": _entries,
    "ballots": _ballots,
    "history": _history,
    "visits": _visits,
    "assessments": _assessments,
    "reports": _reports,
}
