"""Members who changed branch, status or mobility during a period, in the results of its round."""

import datetime

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from evaluations import services
from evaluations.facts import gather
from evaluations.models import Measure, MeasureStep, Result
from members import services as roster
from members.models import ClosedPeriod, LeaveRequest, Member, MobilityChange, Position
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
    Member.objects.filter(pk=people.zhang.pk).update(status="probationary", joined_on=FIRST - 366 * DAY)
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


# Taken back -------------------------------------------------------------------------------------


@pytest.fixture
def moved(people, places):
    """Zhang, transferred to the sibling branch on 1 April."""
    roster.transfer_member(people.zhang, places.sibling, datetime.date(2025, 4, 1), actor=people.staff)
    return people.zhang


def undo(client, member):
    """What the page says after the button was pressed."""
    url = reverse("evaluations:undo_transfer", args=[member.pk])
    return [str(message) for message in client.post(url, follow=True).context["messages"]]


def look(client, member):
    return client.get(reverse("evaluations:undo_transfer", args=[member.pk]))


def places_of(member):
    return list(member.memberships.values_list("organization__name", "starts_on", "ends_on"))


def test_wrong_transfer_is_taken_back_with_its_history(sign_in, people, places, moved):
    client = sign_in(people.staff)
    assert "撤销这次转移" in client.get(reverse("members:member", args=[moved.pk])).content.decode()
    page = look(client, moved).text
    assert "一直在<b>和平社区第一党支部</b>,没有转过;和平社区第二党支部的名册里不再有这个人" in page
    assert len(places_of(moved)) == 2  # a look changes nothing
    assert undo(client, moved) == ["已撤销这次转移,张建国仍在和平社区第一党支部。"]
    assert places_of(moved) == [("和平社区第一党支部", make.LONG_AGO, None)]
    assert [(row.old, row.new) for row in moved.changes.order_by("pk")] == [
        ("和平社区第一党支部", "和平社区第二党支部"),
        ("和平社区第二党支部", "撤销转移,仍在和平社区第一党支部"),
    ]
    assert "撤销这次转移" not in client.get(reverse("members:member", args=[moved.pk])).content.decode()
    assert undo(client, moved) == ["张建国没有可以撤销的转移。"]


def test_only_the_last_of_two_transfers_is_taken_back(people, places, moved):
    roster.transfer_member(moved, places.cousin, datetime.date(2025, 5, 1), actor=people.staff)
    services.undo_transfer(Member.objects.get(pk=moved.pk), actor=people.staff)
    assert [(name, ends) for name, _, ends in places_of(moved)] == [
        ("和平社区第二党支部", None),
        ("和平社区第一党支部", datetime.date(2025, 3, 31)),
    ]


def test_secretary_of_the_new_branch_cannot_take_it_back(sign_in, places, moved):
    client = sign_in(make.user("新书记", "branch_secretary", places.sibling))
    assert "撤销这次转移" not in client.get(reverse("members:member", args=[moved.pk])).content.decode()
    assert look(client, moved).status_code == 403
    assert client.post(reverse("evaluations:undo_transfer", args=[moved.pk])).status_code == 403
    assert len(places_of(moved)) == 2


def test_secretary_takes_back_a_move_between_groups(sign_in, people, places):
    group = make.organization("第一小组", "group", places.branch)
    roster.transfer_member(people.zhang, group, datetime.date(2025, 4, 1), actor=people.secretary)
    event = make.activity(places.branch, people.secretary, datetime.date(2025, 5, 5))
    make.attendance(event, people.zhang, "present", people.secretary)  # which the whole branch is asked to
    assert undo(sign_in(people.secretary), people.zhang) == ["已撤销这次转移,张建国仍在和平社区第一党支部。"]


def attended(people, places, adopted):
    event = make.activity(places.sibling, people.staff, datetime.date(2025, 5, 5), title="五月学习")
    make.attendance(event, people.zhang, "present", people.staff)
    return "2025-05-05「五月学习」已经登记了考勤"


def on_leave(people, places, adopted):
    event = make.activity(places.sibling, people.staff, datetime.date(2025, 5, 5), title="五月学习")
    LeaveRequest.objects.create(
        activity=event, member=people.zhang, kind="sick_leave", reason="复查", asked_by=people.member
    )
    return "2025-05-05「五月学习」已经请了假"


def in_post(people, places, adopted):
    fields = {"title": "committee_member", "starts_on": datetime.date(2025, 5, 5)}
    Position.objects.create(member=people.zhang, organization=places.sibling, **fields)
    return "已经登记任和平社区第二党支部支部委员"


def declared(people, places, adopted):
    day = datetime.date(2025, 5, 5)
    make.entry(people.zhang, "bonus.public_good", version=adopted, date=day, note="义诊", declared_by=people.member)
    return "转过去以后申报了 2025-05-05 的一条记录"


def appraised(people, places, adopted):
    make.closed_appraisal(places.sibling, "2025H1", {people.zhang: {90: 2}})
    return "和平社区第二党支部 2025 年上半年民主评议已经列了名单"


@pytest.mark.parametrize("record", [attended, on_leave, in_post, declared, appraised])
def test_transfer_that_something_stands_on_stays(sign_in, people, places, adopted, moved, record):
    sentence = record(people, places, adopted)
    said = undo(sign_in(people.staff), moved)
    assert len(said) == 1
    assert said[0].startswith(f"不能撤销这次转移:{sentence}。")
    assert len(places_of(moved)) == 2


def test_transfer_in_a_settled_period_stays(people, places, moved):
    ClosedPeriod.objects.create(organization=places.sibling, title="2025 年上半年", starts_on=FIRST, ends_on=LAST)
    with pytest.raises(ValidationError, match="已经办结"):
        services.undo_transfer(moved, actor=people.staff)


def test_who_came_back_after_leaving_has_no_transfer(people, places):
    roster.end_membership(people.zhang, datetime.date(2025, 4, 1), reason="除名", actor=people.staff)
    assert Member.objects.get(pk=people.zhang.pk).last_transfer is None


def test_transfer_that_a_measure_made_stays(sign_in, half, people, places, moved):
    fields = {"code": "transfer_education", "kind": "transfer_education", "title": "集中教育转化"}
    measure = Measure.objects.create(round=half.round, member=moved, organization=places.branch, **fields)
    MeasureStep.objects.create(
        measure=measure,
        number=1,
        kind="transfer",
        title="转入",
        done_on=datetime.date(2025, 4, 1),
        done_by=people.staff,
    )
    sentence = "它是结果运用里办的一步,请在那件事项里办转回"
    assert undo(sign_in(people.staff), moved) == [f"不能撤销这次转移:{sentence}。"]
