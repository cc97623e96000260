"""The engine and a plain calculation from the clauses agree on thousands of random members."""

from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from scoring.engine import Facts, Period, results_rows, score
from tests.scoring.engine import naive_halves
from tests.scoring.engine.helpers import YEAR, community, shipped
from tests.scoring.engine.naive import SCHEMES, Person
from tests.scoring.engine.randomfacts import random_rows
from tests.scoring.engine.test_all_schemes import SETTINGS

MEMBERS = 1_500  # twice


def by_member(rows: dict[str, list[dict[str, Any]]]) -> dict[int, dict[str, list[dict[str, Any]]]]:
    own = {row["member"]: {name: [] for name in rows} for row in rows["members"]}
    for name, frame in rows.items():
        for row in frame:
            own[row["member"]][name].append(row)
    return own


def exact(found: dict[str, Any]) -> dict[str, Any]:
    """The row with its figures as Decimal, without what only words a result."""
    return {key: value for key, value in found.items() if key != "grounds"} | {
        "items": {item: Decimal(value) for item, value in found["items"].items()},
        "parts": {part: Decimal(value) for part, value in found["parts"].items()},
        "total": None if found["total"] is None else Decimal(found["total"]),
    }


@pytest.mark.parametrize("code", SCHEMES)
@settings(max_examples=2, deadline=None, phases=[Phase.generate])  # thousands of members do not shrink
@given(seed=st.integers(0, 2**32))
def test_engine_agrees_with_the_clauses(code, seed):
    rows = random_rows(shipped(code), Random(seed), MEMBERS, each=5)
    results = score(shipped(code), Facts.build(**rows), YEAR, SETTINGS.get(code))
    own = by_member(rows)
    for found in results_rows(results):
        facts = own[found["member"]]
        person = Person(facts)
        assert found["alerts"] == naive_halves.Span(facts, "2025").alerts(), facts
        if person.who["exempt"] or person.who["mobility"] == "abroad":
            assert found["status"] == "exempt"
            continue
        wanted = {"status": None} | SCHEMES[code](person)
        wanted["status"] = wanted["status"] or ("incomplete" if wanted["total"] is None else "scored")
        got = exact(found)
        assert {name: got[name] for name in wanted} == wanted, facts


@pytest.mark.parametrize("code", ["2025H1", "2025H2", "2025"])
@pytest.mark.parametrize("each", [1, 6])  # with few records many are excellent, with many some stay away for months
@settings(max_examples=2, deadline=None, phases=[Phase.generate])
@given(seed=st.integers(0, 2**32))
def test_halves_and_their_year_agree_with_the_clauses(code, each, seed):
    rows = random_rows(community(), Random(seed), MEMBERS // 2, each=each)
    own = by_member(rows)
    wanted = {member: answer(facts, code) for member, facts in own.items()}
    for organization in {row["organization"] for row in rows["members"]}:
        people = {m: wanted[m] for m, facts in own.items() if facts["members"][0]["organization"] == organization}
        if code == "2025":
            naive_halves.with_leads(people, len(people))
        naive_halves.with_ranks(people)
    for found in results_rows(score(community(), Facts.build(**rows), Period.parse(code))):
        assert exact(found) == {"member": found["member"]} | wanted[found["member"]], own[found["member"]]


def answer(facts: dict[str, list[dict[str, Any]]], code: str) -> dict[str, Any]:
    who = facts["members"][0]
    if who["exempt"] or who["mobility"] == "abroad":
        empty = {"missing": [], "items": {}, "parts": {}, "lists": [], "consequences": []}
        alerts = naive_halves.Span(facts, code).alerts()
        return {"status": "exempt", "total": None, "grade": None, "alerts": alerts} | empty
    return naive_halves.year(facts) if code == "2025" else naive_halves.half(facts, code)
