"""The activities of a month, day by day."""

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from members.dates import first_of
from tests import factories as make

pytestmark = pytest.mark.django_db
CALENDAR = reverse("members:calendar")


@pytest.fixture
def secretary(sign_in, people):
    return sign_in(people.secretary)


@pytest.fixture
def june(places, people):
    """Three days of June 2026, a Monday its first."""
    for day, title in ((1, "六月支委会"), (8, "六月主题党日"), (30, "六月党课")):
        make.activity(places.branch, people.secretary, datetime.date(2026, 6, day), "theme_day", title)
    make.activity(places.branch, people.secretary, datetime.date(2026, 7, 1), "theme_day", "七月的会")


def shown(response) -> dict[int, list[str]]:
    days = [day for week in response.context["weeks"] for day in week if day[0]]
    return {day.day: [event.title for event in events] for day, events in days if events}


def test_a_month_shows_its_activities_on_their_days(secretary, june):
    response = secretary.get(CALENDAR, {"month": "2026-06"})
    assert shown(response) == {1: ["六月支委会"], 8: ["六月主题党日"], 30: ["六月党课"]}
    assert [len(week) for week in response.context["weeks"]] == [7] * 5
    assert response.context["weeks"][4][2] == (None, [])  # the first of July
    assert response.text.count("待登记") == 3
    assert 'href="?month=2026-05"' in response.text
    assert 'href="?month=2026-07"' in response.text


def test_it_opens_on_this_month(secretary):
    assert secretary.get(CALENDAR).context["month"] == first_of(timezone.localdate())


def test_a_recorded_activity_waits_for_nothing(secretary, places, people):
    event = make.activity(places.branch, people.secretary, datetime.date(2026, 5, 4), "study", "五月学习")
    make.attendance(event, people.zhang, "present", people.secretary)
    assert "待登记" in secretary.get(CALENDAR, {"month": "2026-05"}).text  # of two who belong there
    make.attendance(event, people.wang, "present", people.secretary)
    assert "待登记" not in secretary.get(CALENDAR, {"month": "2026-05"}).text


def test_others_activities_are_not_in_it(secretary, places, people):
    make.activity(places.foreign, people.outsider, datetime.date(2026, 6, 3), "theme_day", "别街道的会")
    assert shown(secretary.get(CALENDAR, {"month": "2026-06"})) == {}
    refused = secretary.get(CALENDAR, {"month": "2026-06", "organization": places.foreign.pk})
    assert "这个组织不在您的工作范围内,请重新选。" in refused.text


@pytest.mark.parametrize("month", ["2026-13", "x", "1900-01", "2026-6-1"])
def test_a_month_that_is_not_one_is_named(secretary, month):
    response = secretary.get(CALENDAR, {"month": month})
    assert response.status_code == 200
    assert response.context["month"] == first_of(timezone.localdate())
    assert response.context["form"].errors


def test_the_number_of_activities_costs_no_queries(secretary, places, people):
    def queries_with_one_more(title: str) -> int:
        make.activity(places.branch, people.secretary, datetime.date(2026, 6, 3), "theme_day", title)
        with CaptureQueriesContext(connection) as queries:
            secretary.get(CALENDAR, {"month": "2026-06"})
        return len(queries)

    queries_with_one_more("甲")  # reads the content types, once
    assert queries_with_one_more("乙") == queries_with_one_more("丙")
