"""The annual schemes once more, member by member in plain Python: written from their clauses, not from the definitions.

Answers are compared with the engine's; see test_naive.py. Points are Decimal, dues and donations fen.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from typing import Any

D = Decimal
FIRST, LAST = date(2025, 1, 1), date(2025, 12, 31)
ATTENDED = ("present", "late", "left_early")


def cents(value: Decimal) -> Decimal:
    return value.quantize(D("0.01"), ROUND_HALF_UP)


def inside(day: date) -> bool:
    return FIRST <= day <= LAST


def month_end(month: date) -> date:
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def before(month: date) -> date:
    return (month - timedelta(days=1)).replace(day=1)


class Person:
    """The facts of one member, with what the clauses count of them."""

    def __init__(self, facts: dict[str, list[dict[str, Any]]]) -> None:
        self.facts = facts
        self.who = facts["members"][0]
        self.entries = [
            row for row in facts["entries"] if row["approved"] and not row["reversed"] and inside(row["date"])
        ]
        self.attendance = [row for row in facts["attendance"] if inside(row["date"])]

    def many(self, code: str) -> int:
        return sum(row["quantity"] for row in self.entries if row["item"] == code)

    def given(self, code: str) -> Decimal:
        return sum((cents(D(row["points"]) / 1_000_000) for row in self.entries if row["item"] == code), D(0))

    def has(self, *codes: str) -> bool:
        return any(row["item"] in codes for row in self.entries)

    def came(self, *statuses: str, labour: bool | None = None) -> int:
        found = [row for row in self.attendance if row["status"] in statuses]
        return len([row for row in found if labour is None or (row["kind"] == "labour") == labour])

    def months(self) -> list[tuple[date, int, list[dict]]]:
        """The months owed in the year: first day, fen due, payments made by the year's end."""
        return [
            (row["month"], row["due"], self.payments(row["month"]))
            for row in self.facts["dues"]
            if inside(row["month"]) and row["due"] and not row["excused"]
        ]

    def payments(self, month: date) -> list[dict]:
        return [
            row for row in self.facts["payments"] if row["month"] == month and row["paid_on"] <= LAST and row["amount"]
        ]

    def on_time(self, month: date, due: int, payments: list[dict]) -> bool:
        return sum(row["amount"] for row in payments if row["paid_on"] <= month_end(month)) >= due

    def streak(self) -> int:
        """The longest arrears streak at a month-end of the year."""
        owed = {row["month"] for row in self.facts["dues"] if row["due"] and not row["excused"]}
        longest = 0
        for number in range(1, 13):
            end, month, length = month_end(date(2025, number, 1)), date(2025, number, 1), 0
            while month in owed and not any(row["paid_on"] <= end for row in self.payments(month)):
                month, length = before(month), length + 1
            longest = max(longest, length)
        return longest

    def appraisal(self) -> Decimal | None:
        scores = [D(row["score"]) / 1_000_000 for row in self.facts["ballots"] if row["period"] == "2025"]
        return cents(sum(scores) / len(scores)) if scores else None

    def score(self, code: str) -> Decimal | None:
        found = [row for row in self.facts["assessments"] if row["item"] == code and inside(row["date"])]
        found.sort(key=lambda row: (row["date"], row["ref"]))
        return cents(D(found[-1]["score"]) / 1_000_000) if found else None

    def age(self) -> int | None:
        born = self.who["born"]
        return None if born is None else 2025 - born.year - ((born.month, born.day) > (1, 1))

    def was(self, year: str) -> str | None:
        return next((row["grade"] for row in self.facts["history"] if row["period"] == year), None)


def band(total: Decimal, bands: list[tuple[str, int | None]]) -> str | None:
    return next((grade for grade, limit in bands if limit is None or total >= limit), None)


def left(full: int, lost: Decimal | int) -> Decimal:
    return max(D(full) - lost, D(0))


def answer(p: Person, items: dict, total: Decimal | None, grade: str | None, **more: Any) -> dict[str, Any]:
    return {"items": {code: D(value) for code, value in items.items()}, "total": total, "grade": grade} | more


def street(p: Person) -> dict[str, Any]:
    veto = p.has(*(f"veto.{n}" for n in range(1, 8)))
    if p.who["mobility"] == "migrant":
        told = {row["quarter"] for row in p.facts["reports"]}
        silent = [f"2025Q{n}" not in told for n in range(1, 5)]
        bad = veto or any(a and b for a, b in pairwise(silent))
        grade = "unqualified" if bad else "qualified"
        return answer(p, {}, None, grade, status="reviewed", consequences=street_follows(p, None, grade))
    dues = 0
    for month, due, payments in p.months():
        paid = sum(row["amount"] for row in payments)
        dues += (not p.on_time(month, due, payments)) + 5 * (0 < paid < due)
    missed = sum(max(r["assigned"] - r["visited"], 0) for r in p.facts["visits"] if inside(r["month"]))
    life = p.came("personal_leave", "sick_leave") + 2 * p.came("late", "left_early") + 5 * p.came("absent", "proxy")
    items = {
        "base.org_life": left(40, life),
        "base.dues": D(0) if p.streak() >= 3 else left(10, dues),
        "base.contact": left(20, 2 * missed + 5 * p.many("contact.dissatisfied")),
        "base.role": left(
            10, 10 * p.many("role.obstruct") + 10 * p.many("role.illegal_building") + p.given("role.shortfall")
        ),
    }
    each = {"volunteer.charity": 1, "volunteer.labour": 1, "volunteer.urgent": 5, "volunteer.self_organised": 2}
    each |= {"economy.suggestion": 5, "economy.investment_info": 5, "economy.investment_landed": 20}
    each |= {"economy.enterprise": 5, "key_work": 1, "poverty.household": 10, "award.county": 10, "award.street": 5}
    most = {"volunteer.charity": 10, "volunteer.labour": 10, "volunteer.self_organised": 10, "key_work": 10}
    most |= {"economy.enterprise": 5}
    bonus = {code: min(value * p.many(code), most.get(code, 10**9)) for code, value in each.items()}
    given = sum(row["amount"] for row in p.entries if row["item"] == "donation")
    bonus["donation"] = 10 if given >= 1_000_000 else 5 if given >= 100_000 else 0
    items |= {code: D(value) for code, value in bonus.items() if value}
    appraisal = p.appraisal()
    total = None if appraisal is None else sum(items.values()) + cents(appraisal * D("0.2"))
    grade = None
    if total is not None:
        grade = "unqualified" if veto else band(total, [("excellent", 100), ("qualified", 60), ("unqualified", None)])
    return answer(p, items, total, grade, consequences=street_follows(p, total, grade))


def street_follows(p: Person, total: Decimal | None, grade: str | None) -> list[str]:
    status, bad, was_bad = p.who["status"], grade == "unqualified", p.was("2024") == "unqualified"
    follows = {
        "commend": grade == "excellent" and status == "full",
        "transfer_education": bad and status == "full" and not was_bad,
        "persuade_withdrawal": bad and status == "full" and was_bad,
        "return_from_education": grade is not None and not bad and was_bad,
        "delay_conversion": status == "probationary" and (bad or (total is not None and total < 80)),
        "admonition_talk": status == "activist" and bad,
        "constitution_dues": p.streak() >= 6,
    }
    return sorted(code for code, holds in follows.items() if holds)


def school(p: Person) -> dict[str, Any]:
    """With elderly: base.discipline, and migrant: base.role and base.discipline simplified."""
    away, posts = p.who["mobility"] == "migrant", bool(p.who["positions"])
    age = p.age()
    elderly = False if posts else None if age is None else age >= 60
    late = sum(not p.on_time(*month) for month in p.months())
    lost = 5 * p.came("absent", "proxy") + 2 * p.came("late", "left_early") + p.came("personal_leave")
    items = {
        "base.politics": left(20, 2 * p.many("politics.study_missed") + p.given("politics.conduct")),
        "base.discipline": left(20, lost + late + p.given("discipline.conduct")),
        "base.morality": left(20, p.given("morality.conduct")),
        "base.role": left(20, 5 * p.many("role.commitment_unmet") + p.given("role.conduct")),
    }
    if away:
        items["base.role"] = D(20)
    if away or elderly:
        items["base.discipline"] = D(20)
    bonus = {"bonus.lead": 2 * p.many("bonus.lead"), "bonus.honor": 5 * p.many("bonus.honor")}
    unsure = elderly is None and not away
    if unsure:
        del items["base.discipline"]
    appraisal, base = p.appraisal(), sum(items.values())
    items |= {code: value for code, value in bonus.items() if value}
    if appraisal is None or unsure:
        return answer(p, items, None, None, consequences=[])
    total = base + cents(appraisal * D("0.2")) + min(sum(bonus.values()), 10)
    grade = band(total, [("excellent", 90), ("qualified", 75), ("basically_qualified", 60), ("unqualified", None)])
    if p.has(*(f"veto.{n}" for n in range(1, 6))):
        total, grade = D(0), "unqualified"
    return answer(p, items, total, grade, consequences=["interview"] if grade == "unqualified" else [])


def town(p: Person) -> dict[str, Any]:
    """With bands excellent 90, qualified 40, and nothing below."""
    posts, age = set(p.who["positions"] or ()), p.age()
    head, team = bool(posts & {"secretary", "director"}), bool(posts)
    layer = 1 if head else 2 if team else None if age is None else 4 if age >= 60 else 3
    both = {"secretary", "director"} <= posts
    items: dict[str, Any] = {} if layer is None else {"base": layer * 10}
    credits_ = {
        "basic.meeting": 2 * p.came(*ATTENDED, labour=False),
        "basic.labour": 4 * p.came(*ATTENDED, labour=True),
        "basic.dues": sum(p.on_time(*month) for month in p.months()),
        "role.assessment": sum(assessed(p, half, head) for half in ("H1", "H2")),
        "role.post_task": 10 * p.many("role.post_task"),
        "role.duty_shift": 0 if team else 2 * p.many("role.duty_shift"),
        "role.key_work": 5 * p.many("role.key_work"),
        "role.mediation": 5 * p.many("role.mediation"),
        "role.bravery": 10 * p.many("role.bravery"),
        "role.emergency": 10 * p.many("role.emergency"),
        "role.org_award": (15 if both else 10 if head else 5 if team else 0) * p.many("role.org_award"),
        "role.mobile_good_deed": 10 * p.many("role.mobile_good_deed") * (p.who["mobility"] == "migrant"),
    }
    worth = dict.fromkeys(
        ("sanction", "gambling_superstition", "family_planning_self", "land", "petition", "obstruct"), 20
    )
    worth |= dict.fromkeys(("family_planning_child", "morality", "extravagance"), 10)
    worth |= {"low_satisfaction": 10 if head else 5 if team else 0}
    penalties = {f"penalty.{code}": -value * p.many(f"penalty.{code}") for code, value in worth.items()}
    items |= {code: value for code, value in (credits_ | penalties).items() if value}
    if layer is None:
        return answer(p, items, None, None, consequences=[])
    total = D(sum(items.values()))
    vetoed = p.has("veto.1", "veto.2", "veto.3")
    grade = "unqualified" if vetoed else band(total, [("excellent", 90), ("qualified", 40)])
    times = sum(row["grade"] == "unqualified" for row in p.facts["history"] if row["period"] < "2025") + 1
    follows = ["admonition_talk", "yellow_card", "persuade_withdrawal"][min(times, 3) - 1]
    return answer(p, items, total, grade, consequences=[follows] if grade == "unqualified" else [])


def assessed(p: Person, half: str, head: bool) -> int:
    found = [row for row in p.entries if row["item"] == "role.assessment" and row["half"] == half]
    found.sort(key=lambda row: (row["date"], row["ref"]))
    return {"excellent": 15 if head else 10, "qualified": 5, "unqualified": 0}[found[-1]["level"]] if found else 0


def department(p: Person) -> dict[str, Any]:
    """With bands excellent 90, qualified 40, and nothing below."""
    category, absent = p.who["category"], p.came("absent", "proxy")
    late = sum(not p.on_time(*month) for month in p.months())
    items: dict[str, Any] = {
        "common.org_life": left(20, 2 * absent),
        "common.dues": left(20, 5 * late),
        "common.other": p.score("common.other"),
        "category.other": p.score("category.other") if category else None,
    }
    if category in ("a", "b"):
        items["category.disclosure"] = left(10, 10 * p.many("disclosure.concealed"))
    elif category == "c":
        items["category.discipline"] = left(10, p.many("discipline.breach"))
    elif category == "d":
        items |= {
            "category.activities": left(20, 5 * absent),
            "category.charity": left(20, 5 * p.many("charity.absent")),
        }
    complete = category is not None and None not in items.values()
    items = {code: value for code, value in items.items() if value is not None}
    honours = {"honor": {"district_department": 2, "district": 3, "municipal": 5, "provincial": 10}}
    honours["prize"] = {"first": 5, "second": 3, "third": 2}
    bonus = dict.fromkeys(("honor", "prize", "media", "research"), 0)
    best: dict[str, tuple] = {}
    for row in sorted(p.entries, key=lambda row: row["ref"]):
        if row["item"] in honours:
            value = honours[row["item"]][row["level"]] * row["quantity"]
            key = row["award"] or f"alone {row['ref']}"
            if key not in best or value > best[key][1]:
                best[key] = (row["item"], value)
        elif row["item"] == "media":
            bonus["media"] += {"central": 10, "provincial": 5, "municipal": 3, "web": 2}[row["level"]] * row["quantity"]
        elif row["item"] == "research":
            bonus["research"] += {"central": 10, "provincial": 5, "municipal": 3}[row["level"]] * row["quantity"]
    for item, value in best.values():
        bonus[item] += value
    bonus |= {"suggestion": 2 * p.many("suggestion"), "charity": 2 * p.many("charity")}
    bonus["discretionary"] = min(p.given("discretionary"), D(5))
    items |= {code: value for code, value in bonus.items() if value}
    if not complete:
        return answer(p, items, None, None, consequences=[])
    total = D(sum(items.values()))
    vetoed = p.has(*(f"veto.{n}" for n in range(1, 7)))
    grade = "unqualified" if vetoed else band(total, [("excellent", 90), ("qualified", 40)])
    return answer(p, items, total, grade, consequences=[])


FULL = {"supervision.plan": 3, "supervision.campaigns": 15, "supervision.funds": 10, "supervision.openness": 10}
FULL |= {"supervision.org_life": 2, "assistance.branch": 2, "assistance.members": 3, "assistance.tasks": 5}
FULL |= {"publicity.plenary": 10, "publicity.education": 10, "collection.visits": 10, "collection.records": 10}
FULL |= {"reporting.annual": 10}


def village(p: Person) -> dict[str, Any]:
    scores = {code: p.score(code) for code in FULL}
    items = {code: score for code, score in scores.items() if score is not None}
    if len(items) < len(FULL):
        return answer(p, items, None, None, consequences=[])
    total = sum(items.values())
    bands = [("excellent", 90), ("competent", 80), ("basically_competent", 60), ("incompetent", None)]
    return answer(p, items, total, band(total, bands), consequences=[])


SCHEMES = {
    "street-annual": street,
    "school-four-standards": school,
    "town-layered": town,
    "department-categories": department,
    "village-inspector": village,
}
