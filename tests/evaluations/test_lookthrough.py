"""What is pointed out before a step of a round."""

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

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


def unrecorded(round_):
    return [
        (str(branch), month.month, [str(one) for one in members])
        for branch, month, members in checks(round_).unrecorded_dues
    ]


def test_months_of_dues_that_nobody_recorded_are_named(sign_in, people, places, computed):
    """By branch and month, with the month's page: who has not a row is owed nothing, and loses no point."""
    for member in (people.zhang, people.wang, people.liu):
        for month in range(1, 7):
            if (member, month) not in ((people.zhang, 1), (people.wang, 4)):
                make.dues(member, datetime.date(2025, month, 1), people.secretary)
    assert unrecorded(computed) == [("和平社区第一党支部", 4, ["王志强"])]
    make.member("新来的", places.branch).memberships.update(starts_on=DAY)
    assert unrecorded(computed) == [
        ("和平社区第一党支部", 4, ["王志强"]),
        ("和平社区第一党支部", 5, ["新来的"]),
        ("和平社区第一党支部", 6, ["新来的"]),
    ]
    assert not checks(computed).clean
    body = sign_in(people.secretary).get(f"/rounds/{computed.pk}/review/{places.branch.pk}/").content.decode()
    assert "党费没有登记完的月份(3 个)" in body
    assert "2025-04(和平社区第一党支部):王志强没有登记" in body
    assert f'href="{reverse("members:dues")}?organization={places.branch.pk}&amp;month=2025-04"' in body


def test_months_of_dues_to_come_and_parts_by_post_are_not_asked_for(people, places, computed, monkeypatch):
    monkeypatch.setattr("django.utils.timezone.localdate", lambda *args: datetime.date(2025, 2, 27))
    assert {month for _, month, _ in unrecorded(computed)} == {1}
    computed.branches.update(position="discipline_member")
    assert unrecorded(computed) == []


def test_looking_through_costs_the_same_for_more(people, places, computed):
    counts = []
    for title in ("一", "二"):
        make.activity(places.branch, people.secretary, DAY, title=title)
        with CaptureQueriesContext(connection) as queries:
            checks(computed)
        counts.append(len(queries))
    assert counts[0] == counts[1]
