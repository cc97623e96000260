"""What is pointed out before a step of a round."""

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from evaluations import services
from evaluations.lookthrough import look_through
from tests import factories as make

pytestmark = pytest.mark.django_db(transaction=True)
DAY = datetime.date(2025, 5, 5)


@pytest.fixture
def computed(half, people):
    services.request_computation(half.round, actor=people.staff)
    return half.round


def checks(round_):
    return look_through(round_, list(round_.branches.select_related("organization")))


def unfinished(round_):
    return [(activity.title, *counts) for activity, *counts in checks(round_).unfinished]


def test_activities_not_recorded_to_the_end_are_named(sign_in, people, places, computed):
    assert unfinished(computed) == []
    partly = make.activity(places.branch, people.secretary, DAY, title="五月主题党日")
    make.attendance(partly, people.zhang, "present", people.secretary)
    make.attendance(partly, people.liu, "present", people.secretary)  # a guest, who does not belong there
    make.activity(places.branch, people.secretary, DAY, title="五月学习")
    make.activity(places.branch, people.secretary, datetime.date(2025, 7, 1), title="以后的")
    assert unfinished(computed) == [("五月主题党日", 2, 1), ("五月学习", 0, 2)]
    body = sign_in(people.secretary).get(f"/rounds/{computed.pk}/review/{places.branch.pk}/").content.decode()
    assert "考勤没有登记完的活动(2 次)" in body
    assert "五月主题党日(和平社区第一党支部):还有 1 人没有登记" in body
    assert "五月学习(和平社区第一党支部):一个人也没有登记" in body


def test_who_came_later_or_left_before_is_not_missed(people, places, computed):
    event = make.activity(places.community, people.general, DAY, title="社区党日")
    for member in (people.zhang, people.liu):
        make.attendance(event, member, "present", people.general)
    assert ("社区党日", 2, 1) not in unfinished(computed)  # the community's own activity is in no branch's part
    event.organization = places.branch
    event.save()
    assert ("社区党日", 2, 1) in unfinished(computed)
    people.wang.memberships.update(ends_on=DAY - datetime.timedelta(days=1))
    assert unfinished(computed) == []


def test_looking_through_costs_the_same_for_more(people, places, computed):
    counts = []
    for title in ("一", "二"):
        make.activity(places.branch, people.secretary, DAY, title=title)
        with CaptureQueriesContext(connection) as queries:
            checks(computed)
        counts.append(len(queries))
    assert counts[0] == counts[1]
