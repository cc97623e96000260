"""Who pays dues for a month of which nothing is on record."""

import datetime

import pytest

from members.dues_cells import payers
from members.dues_unrecorded import unrecorded_dues
from members.models import Membership, MobilityChange
from tests import factories as make

TODAY = datetime.date(2025, 6, 18)
MARCH, APRIL, MAY, JUNE = MONTHS = [datetime.date(2025, month, 1) for month in (3, 4, 5, 6)]


@pytest.fixture(autouse=True)
def _today(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.localdate", lambda *args: TODAY)


def names(place, months=MONTHS) -> dict[datetime.date, list[str]]:
    return {month: [str(one) for one in members] for (_, month), members in unrecorded_dues([place], months).items()}


def move(member, place, day):
    member.memberships.update(ends_on=day - datetime.timedelta(days=1))
    Membership.objects.create(member=member, organization=place, starts_on=day)


def test_who_has_a_month_on_record_is_not_missing(people, places):
    make.dues(people.zhang, MARCH, people.secretary)  # nothing is paid, but somebody has said what is due
    make.dues(people.zhang, APRIL, people.secretary, 10, 10, TODAY)
    make.dues(people.wang, APRIL, people.secretary, 0)
    assert names(places.branch) == {MARCH: ["王志强"], MAY: ["张建国", "王志强"], JUNE: ["张建国", "王志强"]}


def test_those_who_pay_are_the_payers_of_each_month_at_home(people, places):
    """As the month's page has them: by where they belonged and what they were on its last day, or today."""
    move(people.zhang, places.sibling, datetime.date(2025, 4, 30))
    move(people.liu, make.organization("第一小组", "group", places.branch), datetime.date(2025, 6, 10))
    make.member("发展中", places.branch, status="activist")
    make.member("新预备", places.branch, status="probationary", joined_on=datetime.date(2025, 4, 15))
    make.member("将入党", places.branch, status="activist", joined_on=datetime.date(2025, 6, 20))
    home, gone = make.member("回国", places.branch), make.member("出国", places.branch, mobility="abroad")
    for member, before, after in ((home, "abroad", "resident"), (gone, "resident", "abroad")):
        MobilityChange.objects.create(member=member, starts_on=datetime.date(2025, 5, 5), before=before, after=after)
    for place in (places.branch, places.sibling, places.street):
        wanted = {
            month: [str(one) for one in payers(place, month).exclude(mobility_then="abroad").order_by("number")]
            for month in MONTHS
        }
        assert names(place) == {month: people for month, people in wanted.items() if people}
    assert names(places.branch)[MARCH] == ["张建国", "王志强", "出国"]
    assert names(places.branch)[MAY] == ["王志强", "新预备", "回国"]


def test_nobody_is_missing_without_places_or_months(people, places):
    assert unrecorded_dues([], MONTHS) == unrecorded_dues([places.branch], []) == {}


def test_queries_do_not_grow_with_places_and_months(people, places, django_assert_num_queries):
    with django_assert_num_queries(3):
        unrecorded_dues([places.branch], [MARCH])
    with django_assert_num_queries(3):
        found = unrecorded_dues([places.branch, places.sibling, places.foreign], MONTHS)
    assert len(found) == 12
