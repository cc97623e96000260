"""For random members of every scheme, thousands at a time: the sums hold, and one alone is as one of many."""

from random import Random

import polars as pl
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from scoring.engine import Facts, Period, results_rows, score
from tests.scoring.engine.helpers import CODES, shipped
from tests.scoring.engine.randomfacts import random_rows
from tests.scoring.engine.sums import check_frames, check_words

GRADES = [{"grade": "excellent", "at_least": 90}, {"grade": "qualified", "at_least": 40}]
SETTINGS = {
    "town-layered": {"grades": GRADES},
    "department-categories": {"grades": GRADES},
    "school-four-standards": {
        "simplified": {"elderly": ["base.discipline"], "migrant": ["base.role", "base.discipline"]}
    },
}
MEMBERS = 5_000  # twice


def period_of(code: str) -> Period:
    return Period.parse("2025" if shipped(code).cycle == "year" else "2025H1")


@pytest.mark.parametrize("code", CODES)
@settings(max_examples=2, deadline=None, phases=[Phase.generate])  # thousands of members do not shrink
@given(seed=st.integers(0, 2**32))
def test_ten_thousand_members_add_up(code, seed):
    random = Random(seed)
    scheme = shipped(code).configured(SETTINGS.get(code))
    facts = Facts.build(**random_rows(scheme, random, MEMBERS, each=4))
    results = score(scheme, facts, period_of(code))
    check_frames(scheme, results)
    check_words(scheme, results, random.sample(range(1, MEMBERS + 1), 40))
    check_ranks(scheme, results.members)
    rows = results_rows(results)
    for member in random.sample(range(1, MEMBERS + 1), 10):
        alone = facts.only(facts.members.filter(pl.col("member") == member))
        [single] = results_rows(score(scheme, alone, period_of(code)))
        assert single | {"rank": None} == rows[member - 1] | {"rank": None}


def check_ranks(scheme, members: pl.DataFrame) -> None:
    """A rank is one more than the number of those with more points among whom one is ranked."""
    within = ["organization", "layer"] if scheme.ranks_by_layer else ["organization"]
    for group in members.filter(pl.col("status") == "scored").partition_by(within):
        totals = sorted(group.get_column("total"), reverse=True)
        assert all(rank == totals.index(total) + 1 for rank, total in group.select("rank", "total").iter_rows())


@pytest.mark.parametrize("code", CODES)
@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_the_order_of_facts_changes_nothing(code, seed):
    random = Random(seed)
    scheme = shipped(code).configured(SETTINGS.get(code))
    rows = random_rows(scheme, random, 20)
    first = score(scheme, Facts.build(**rows), period_of(code))
    for frame in rows.values():
        random.shuffle(frame)
    second = score(scheme, Facts.build(**rows), period_of(code))
    assert results_rows(first) == results_rows(second)
    assert first.lines.equals(second.lines)
    assert first.outlook.equals(second.outlook)
    assert first.suggestions.equals(second.suggestions)


@pytest.mark.parametrize("code", CODES)
def test_no_members_give_empty_results(code):
    assert results_rows(score(shipped(code), Facts.empty(), period_of(code))) == []
