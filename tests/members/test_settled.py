"""A settled period settles what it looked back on; what counts on its own day only is bound to that day."""

import datetime

import pytest
from django.core.exceptions import ValidationError

from members.models import ClosedPeriod, Exemption, Position
from members.services import add_position, require_day_open, require_open, settle
from members.services.people import add_exemption
from members.services.periods import WAYS_OUT
from tests import factories as make

pytestmark = pytest.mark.django_db
INSIDE, BEFORE, AFTER = datetime.date(2025, 3, 1), datetime.date(2024, 11, 5), datetime.date(2025, 7, 1)
EARLIER = "2024-11-05 在 2025 年上半年考核之前,那次考核已经办结,它看过的以前的记录也不能再改。" + WAYS_OUT


@pytest.fixture(autouse=True)
def closed(places, people):
    days = {"starts_on": datetime.date(2025, 1, 1), "ends_on": datetime.date(2025, 6, 30)}
    return ClosedPeriod.objects.create(organization=places.street, title="2025 年上半年", **days)


def refusal(call, *args, **kwargs) -> str:
    try:
        call(*args, **kwargs)
    except ValidationError as error:
        return error.messages[0]
    return ""


def test_days_up_to_the_end_are_settled(places):
    assert refusal(require_open, places.branch, INSIDE).startswith("2025-03-01 在 2025 年上半年考核之内")
    assert refusal(require_open, places.branch, BEFORE) == EARLIER
    assert refusal(require_open, places.branch, AFTER) == ""
    assert refusal(require_open, places.foreign, BEFORE) == ""


def test_an_entry_is_bound_to_its_own_day_only(places):
    assert refusal(require_day_open, places.branch, INSIDE).startswith("2025-03-01 在 2025 年上半年考核之内")
    assert refusal(require_day_open, places.branch, BEFORE) == ""


def test_post_and_exemption_do_not_reach_into_it_from_before(people, places):
    post = Position(member=people.zhang, organization=places.branch, title="secretary", starts_on=BEFORE)
    assert refusal(add_position, post, actor=people.secretary) == EARLIER
    exemption = Exemption(member=people.zhang, reason="年高体弱", starts_on=make.LONG_AGO)
    assert "考核之前" in refusal(add_exemption, exemption, actor=people.secretary)


HALF = (datetime.date(2025, 1, 1), datetime.date(2025, 6, 30))


def settled() -> list[str]:
    return [str(period.organization) for period in ClosedPeriod.objects.order_by("organization__path")]


def test_settling_every_branch_settles_the_street(closed, places):
    settle(places.street, [places.branch, places.sibling, places.cousin], "2025 年上半年", HALF)
    assert settled() == ["和平街道党工委"]


def test_settling_some_branches_leaves_the_others_and_what_is_held_for_them_open(closed, places):
    settle(places.street, [places.branch, places.sibling], "2025 年上半年", HALF)
    assert settled() == ["和平社区党总支"]
    assert refusal(require_open, places.cousin, INSIDE) == ""
    assert refusal(require_open, places.street, INSIDE) == ""
    assert "考核之内" in refusal(require_open, places.community, INSIDE)
    settle(places.street, [places.branch, places.cousin], "2025 年上半年", HALF)
    assert settled() == ["和平社区第一党支部", "友谊社区党总支"]
    assert refusal(require_open, places.sibling, INSIDE) == ""
    settle(places.street, [], "2025 年上半年", HALF)
    assert settled() == []


def test_settling_leaves_other_days_and_other_streets_as_they_are(closed, places):
    settle(places.street, [places.cousin], "2025 年下半年", (AFTER, datetime.date(2025, 12, 31)))
    settle(places.other_street, [], "2025 年上半年", HALF)
    assert settled() == ["和平街道党工委", "友谊社区党总支"]
