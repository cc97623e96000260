"""Entries and leave that nobody decided before a period was closed: not asked for any more, and told of as such."""

import datetime

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from members import services as roster
from members.models import ClosedPeriod, LeaveRequest
from members.services import require_day_open
from members.services.leave import decide_leave
from reports.tasks import tasks_of
from scoring import review_services
from scoring.models import Entry
from scoring.models.entries import LEFT_OVER
from scoring.reviewing import Filters, to_check_first, waiting_for
from scoring.services import branch_on
from tests import factories as make

DAY = datetime.date(2025, 4, 20)
TODAY = datetime.date(2025, 7, 18)
HALF = {"title": "2025 年上半年", "starts_on": datetime.date(2025, 1, 1), "ends_on": datetime.date(2025, 6, 30)}
ASKING = {"审核申报", "审批加分和扣分", "初核本组的申报", "答复审核人的问题", "请假待批"}


@pytest.fixture(autouse=True)
def _today(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.localdate", lambda *args: TODAY)


def entry(person, adopted, by, date=DAY, **fields):
    return make.entry(person, "bonus.public_good", version=adopted, date=date, note="义诊", declared_by=by, **fields)


@pytest.fixture
def waiting(people, adopted):
    """One that waits for the branch, one for its author's answer, one for the street, and one of July."""
    found = {name: entry(people.zhang, adopted, people.member) for name in ("branch", "asked")}
    review_services.ask_back(found["asked"], text="在哪里?", actor=people.secretary)
    found["street"] = entry(people.zhang, adopted, people.secretary, status="reviewed")
    found["july"] = entry(people.zhang, adopted, people.member, date=datetime.date(2025, 7, 1))
    return found


@pytest.fixture
def leave(people, places):
    event = make.activity(places.branch, people.secretary, DAY)
    return LeaveRequest.objects.create(
        activity=event, member=people.zhang, kind="sick_leave", reason="复查", asked_by=people.member
    )


@pytest.fixture
def closed(places, waiting, leave):
    return ClosedPeriod.objects.create(organization=places.street, **HALF)


def asked_of(user) -> set[str]:
    return {task.title for task in tasks_of(user)} & ASKING


@pytest.mark.parametrize("place", ["street", "branch", "sibling", "foreign"])
def test_what_is_settled_is_what_the_services_refuse(people, places, adopted, place):
    """The annotation and `require_day_open` say the same, also of somebody who was elsewhere on the day."""
    roster.transfer_member(people.wang, places.sibling, datetime.date(2025, 4, 21), actor=people.secretary)
    days = ("2024-12-31", "2025-01-01", "2025-04-20", "2025-04-21", "2025-06-30", "2025-07-01")
    for person in (people.zhang, people.wang, people.liu, people.sun):
        for day in days:
            entry(person, adopted, people.staff, date=datetime.date.fromisoformat(day))
    ClosedPeriod.objects.create(organization=getattr(places, place), **HALF)

    def refused(one) -> bool:
        try:
            require_day_open(branch_on(one.member, one.date), one.date)
        except ValidationError:
            return True
        return False

    found = list(Entry.objects.with_state())
    assert {one.pk: one.is_settled for one in found} == {one.pk: refused(one) for one in found}
    assert set(Entry.objects.left_over()) == {one for one in found if one.is_settled}
    assert set(Entry.objects.undecided()) == {one for one in found if not one.is_settled}


def test_nobody_is_asked_for_what_a_closing_left_over(people, waiting, closed):
    assert [list(waiting_for(user)) for user in (people.secretary, people.staff)] == [[waiting["july"]], []]
    assert list(to_check_first(people.leader)) == [waiting["july"]]
    assert list(Entry.objects.asked_back()) == []
    assert list(Filters(whose="all").entries(people.secretary)) == [waiting["july"]]
    assert list(LeaveRequest.objects.to_decide_by(people.secretary)) == []
    Entry.objects.filter(pk=waiting["july"].pk).update(status="approved")
    users = (people.member, people.leader, people.secretary, people.general, people.staff)
    assert [asked_of(user) for user in users] == [set()] * 5


def test_everything_is_asked_for_again_once_the_round_is_open(people, waiting, closed):
    closed.delete()
    assert asked_of(people.member) == {"答复审核人的问题"}
    assert asked_of(people.leader) == {"初核本组的申报", "请假待批"}
    assert asked_of(people.secretary) == {"审核申报", "请假待批"}
    assert asked_of(people.staff) == {"审批加分和扣分"}


@pytest.mark.parametrize(
    ("name", "user", "button"),
    [
        ("branch", "secretary", 'id="decision"'),
        ("branch", "leader", 'id="first-check"'),
        ("branch", "member", "撤回这条记录"),
        ("asked", "member", 'id="answer"'),
        ("street", "staff", 'id="decision"'),
    ],
)
def test_page_says_what_happens_instead_of_offering_what_fails(sign_in, people, waiting, closed, name, user, button):
    client, address = sign_in(getattr(people, user)), reverse("scoring:entry", args=[waiting[name].pk])
    page = client.get(address).content.decode()
    assert button not in page
    assert LEFT_OVER in page
    assert "街道重新打开那次考核以后,才能接着审" in page
    closed.delete()
    assert button in client.get(address).content.decode()


def test_button_of_a_page_that_was_open_is_refused_in_words(sign_in, people, waiting, closed):
    one = waiting["branch"]
    data = {"decision": "approve", "status": "declared"}
    response = sign_in(people.secretary).post(reverse("scoring:decide", args=[one.pk]), data)
    assert response.status_code == 400
    assert "现在不再审,也不计分" in response.content.decode()
    seen = {"seen": [f"{one.pk}:declared"]}
    page = sign_in(people.secretary).post(reverse("scoring:approve_together"), seen, follow=True).content.decode()
    assert f"第 {one.pk} 号刚刚有人办过、周期已经办结,或者不归您审。" in page
    assert not one.decisions.exists()


def test_lists_name_what_was_left_over(sign_in, people, waiting, closed):
    for address in (reverse("scoring:entries"), reverse("scoring:mine")):
        response = sign_in(people.member).get(address)
        states = {one.pk: one.state_words for one in response.context["page"]}
        assert states[waiting["branch"].pk] == states[waiting["street"].pk] == LEFT_OVER
        assert states[waiting["july"].pk] == "待支部审核"
        assert response.content.decode().count(LEFT_OVER) >= 3


# Leave ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["street", "branch", "sibling"])
@pytest.mark.parametrize("day", ["2024-12-31", "2025-06-30", "2025-07-01"])
def test_leave_that_is_settled_is_what_the_service_refuses(people, places, leave, place, day):
    """Also of an activity of the community, which is not settled where only a branch of it is."""
    leave.activity.organization, leave.activity.date = places.community, datetime.date.fromisoformat(day)
    leave.activity.save()
    ClosedPeriod.objects.create(organization=getattr(places, place), **HALF)
    settled = LeaveRequest.objects.with_settled().get().is_settled
    assert list(LeaveRequest.objects.to_decide_by(people.general)) == ([] if settled else [leave])
    try:
        decide_leave(leave, approved=True, actor=people.general)
    except ValidationError:
        assert settled
    else:
        assert not settled


def test_leave_that_was_left_over_is_told_of_and_can_be_withdrawn(sign_in, people, leave, closed):
    address = reverse("members:leave_request", args=[leave.pk])
    client = sign_in(people.secretary)
    page = client.get(address).content.decode()
    assert "准假</button>" not in page
    assert "街道重新打开那次考核以后,才能接着批" in page
    assert client.post(address, {"approve": "1", "answer": ""}).status_code == 409
    assert list(client.get(reverse("members:leave")).context["waiting"]) == []
    assert "办结时没有批" in client.get(reverse("members:leave_requests")).content.decode()
    activity = client.get(reverse("members:activity", args=[leave.activity_id])).content.decode()
    assert "请病假,办结时没有批" in activity
    client = sign_in(people.member)
    assert "撤回请假" in client.get(address).content.decode()
    client.post(reverse("members:withdraw_leave", args=[leave.pk]))
    leave.refresh_from_db()
    assert leave.state == "withdrawn"
