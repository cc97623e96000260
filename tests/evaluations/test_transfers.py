"""Members who changed branch, status or mobility during a period, in the results of its round."""

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from evaluations import services
from evaluations.facts import gather
from evaluations.models import Result
from members import services as roster
from members.models import Member, MobilityChange
from scoring.engine import Period
from scoring.models import Adoption, SchemeVersion
from tests import factories as make

pytestmark = pytest.mark.django_db(transaction=True)
FIRST, LAST = datetime.date(2025, 1, 1), datetime.date(2025, 6, 30)
DAY = datetime.timedelta(1)


def computed(round_, person) -> tuple[str, dict]:
    """The branch of the member's only result, and the items of it."""
    services.request_computation(round_)
    result = Result.objects.select_related("branch__organization").get(round=round_, member=person)
    return result.branch.organization.name[4:-3], result.sheet["items"]


@pytest.mark.parametrize(
    ("days", "branch"),
    [
        ([FIRST - DAY], "第二"),
        ([FIRST], "第二"),
        ([FIRST + 90 * DAY], "第二"),
        ([LAST], "第二"),
        ([LAST + DAY], "第一"),
        ([FIRST, LAST], "第一"),  # there and back again
        ([FIRST + 10 * DAY, FIRST + 11 * DAY], "第一"),
        ([FIRST + 10 * DAY, LAST, LAST + DAY], "第一"),
    ],
)
def test_a_transferred_member_is_scored_once_as_a_whole(half, people, places, days, branch):
    """Lateness in the former branch's activity and dues count, whatever the day; the last day says where."""
    for number, day in enumerate(days):
        to = places.branch if number % 2 else places.sibling
        roster.transfer_member(people.zhang, to, day, actor=people.staff)
    place, items = computed(half.round, people.zhang)
    assert place == branch
    assert (items["daily.activities"], items["daily.dues"]) == ("16.00", "8.00")


def test_facts_of_both_branches_count(half, people, places):
    roster.transfer_member(people.zhang, places.sibling, datetime.date(2025, 4, 1), actor=people.staff)
    event = make.activity(places.sibling, people.staff, datetime.date(2025, 5, 5), "theme_day")
    make.attendance(event, people.zhang, "absent", people.staff)
    assert computed(half.round, people.zhang)[1]["daily.activities"] == "11.00"  # 20 − 4 late − 5 absent


def test_the_scheme_in_force_at_the_end_scores_the_whole(people, places, adopted):
    """From a branch with one yearly scheme to one with another; only the second has a result."""
    for place, code in ((places.branch, "town-layered"), (places.sibling, "street-annual")):
        version = SchemeVersion.objects.get(code=code)
        Adoption.objects.create(organization=place, version=version, starts_on=make.LONG_AGO)
    event = make.activity(places.branch, people.staff, datetime.date(2025, 3, 5))
    make.attendance(event, people.zhang, "late", people.staff)
    roster.transfer_member(people.zhang, places.sibling, datetime.date(2025, 7, 1), actor=people.staff)
    rounds = {
        code: services.open_round(places.street, Period.parse("2025"), code)
        for code in ("town-layered", "street-annual")
    }
    place, items = computed(rounds["street-annual"], people.zhang)
    assert (place, items["base.org_life"]) == ("第二", "38.00")
    services.request_computation(rounds["town-layered"])
    assert not Result.objects.filter(round=rounds["town-layered"], member=people.zhang).exists()


@pytest.mark.parametrize(
    ("day", "status"),
    [(FIRST, "full"), (LAST, "full"), (LAST + DAY, "probationary"), (LAST + 90 * DAY, "probationary")],
)
def test_status_is_the_one_of_the_last_day(half, people, day, status):
    Member.objects.filter(pk=people.zhang.pk).update(status="probationary", joined_on=FIRST - 300 * DAY)
    people.zhang.refresh_from_db()
    roster.convert_member(people.zhang, day, actor=people.staff)
    services.request_computation(half.round)
    assert Result.objects.get(member=people.zhang).person["status"] == status


@pytest.mark.parametrize(
    ("moves", "status"),
    [
        ([(LAST, "abroad")], "exempt"),
        ([(LAST + DAY, "abroad")], "scored"),
        ([(FIRST, "abroad"), (LAST, "resident")], "scored"),
        ([(FIRST, "migrant"), (LAST + DAY, "abroad")], "scored"),
    ],
)
def test_mobility_is_the_one_of_the_last_day(half, people, moves, status):
    for day, after in moves:
        roster.change_mobility(people.zhang, after, day, actor=people.staff)
    services.request_computation(half.round)
    assert Result.objects.get(member=people.zhang).status == status


def test_facts_take_as_many_queries_for_many_changes(half, people, places, adopted):
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            gather([places.branch], half.period, adopted.scheme)
        return len(queries)

    few = asked()
    for number in range(20):
        person = make.member(f"甲{number}", places.branch)
        MobilityChange.objects.create(member=person, starts_on=FIRST, before="resident", after="migrant")
    assert asked() == few
