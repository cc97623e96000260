"""Rows written in bulk: new ones, ones that are there, and text that a copy could mistake for its own signs."""

import json
from decimal import Decimal

import pytest

from evaluations.bulk import upsert
from evaluations.models import Result, RoundBranch

pytestmark = pytest.mark.django_db
ODD = "甲\t乙\n\\N 'x' \"y\" %s {}"


@pytest.fixture
def row(half, places, people):
    """A function that gives the columns of a member's result."""
    part = RoundBranch.objects.create(round=half.round, organization=places.branch)

    def of(member, **columns):
        fields = {"round_id": half.round.pk, "branch_id": part.pk, "member_id": member.pk, "status": "scored"}
        fields |= {"total": Decimal("90.50"), "grade": None, "rank": None, "digest": "x"}
        fields |= {"on_honor_board": True, "on_warning_board": False, "person": "{}"}
        return fields | {"sheet": json.dumps({"missing": [ODD]})} | columns

    return of


def stored():
    return [
        (one.pk, one.member.name, one.total, one.grade, one.on_honor_board, one.sheet)
        for one in Result.objects.select_related("member").order_by("member__number")
    ]


def test_upsert_writes_new_rows_and_overwrites_those_that_are_there(row, people):
    upsert(Result, [row(people.zhang)], unique=("round_id", "member_id"))
    first = Result.objects.get().pk
    upsert(Result, [row(people.zhang, total=None, grade=ODD), row(people.wang)], unique=("round_id", "member_id"))
    second = Result.objects.get(member=people.wang).pk
    sheet = {"missing": [ODD]}
    assert stored() == [
        (first, "张建国", None, ODD, True, sheet),
        (second, "王志强", Decimal("90.50"), None, True, sheet),
    ]


def test_upsert_of_nothing_does_nothing(django_assert_num_queries):
    with django_assert_num_queries(0):
        upsert(Result, [], unique=("round_id", "member_id"))
