"""Leave: asked for, decided, and in the grid."""

import datetime

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from members import services
from members.dates import near_day_name
from members.models import ClosedPeriod, LeaveRequest, Position, Role, RoleAssignment
from reports.tasks import tasks_of
from tests import factories as make
from tests.workbooks import rows_of

DAYS = datetime.timedelta


def url(name, *args):
    return reverse(f"members:{name}", args=args)


@pytest.fixture
def event(people, places):
    """The day after tomorrow."""
    return make.activity(places.branch, people.secretary, timezone.localdate() + DAYS(2), title="主题党日")


@pytest.fixture
def asked(people, event):
    request = LeaveRequest(activity=event, member=people.zhang, kind="sick_leave", reason="去医院复查")
    return services.ask_leave(request, actor=people.member)


def move(event, days):
    event.date = timezone.localdate() + DAYS(days)
    event.save()


def shown(client, event):
    rows = client.get(url("activity", event.pk)).context["rows"]
    return {row.member.name: (row.status, row.saved is not None) for row in rows}


# Asking -----------------------------------------------------------------------------------------


def test_member_asks_for_leave(people, event, sign_in):
    client = sign_in(people.member)
    assert url("ask_leave", event.pk) in client.get(reverse("home")).content.decode()
    response = client.post(url("ask_leave", event.pk), {"kind": "official_leave", "reason": "出差"})
    assert response.url == url("leave")
    asked = LeaveRequest.objects.get()
    assert (asked.member, asked.kind, asked.reason, asked.state, asked.asked_by) == (
        people.zhang,
        "official_leave",
        "出差",
        "waiting",
        people.member,
    )
    page = client.get(url("leave"))
    assert list(page.context["page"]) == [asked]
    assert list(page.context["activities"]) == []


@pytest.mark.parametrize(
    ("data", "errors"),
    [
        ({"kind": "sick_leave"}, {"reason": ["请写一句事由。"]}),
        ({"reason": "有事"}, {"kind": ["请选请什么假。"]}),
        ({"kind": "sick_leave", "reason": "   "}, {"reason": ["请写一句事由。"]}),
    ],
)
def test_leave_needs_a_kind_and_a_reason(people, event, sign_in, data, errors):
    page = sign_in(people.member).post(url("ask_leave", event.pk), data)
    assert page.context["form"].errors == errors
    assert not LeaveRequest.objects.exists()


def test_kind_that_is_no_leave_is_refused(people, event, sign_in):
    page = sign_in(people.member).post(url("ask_leave", event.pk), {"kind": "present", "reason": "有事"})
    assert list(page.context["form"].errors) == ["kind"]


def refusal(event, people):
    request = LeaveRequest(activity=event, member=people.zhang, kind="sick_leave", reason="复查")
    with pytest.raises(ValidationError) as refused:
        services.ask_leave(request, actor=people.member)
    return refused.value.messages[0]


def test_leave_is_asked_for_once(people, event, asked, sign_in):
    assert refusal(event, people) == "这次活动您已经请过病假:待批。"
    page = sign_in(people.member).post(url("ask_leave", event.pk), {"kind": "sick_leave", "reason": "复查"})
    assert page.status_code == 409
    assert page.context["why_not"] == "这次活动您已经请过病假:待批。"
    assert LeaveRequest.objects.count() == 1


def test_leave_may_be_asked_for_a_month_afterwards(people, event):
    move(event, -31)
    assert "已经过了 30 天,不能再请假" in refusal(event, people)
    move(event, -30)
    make.attendance(event, people.zhang, "absent", people.secretary)
    request = LeaveRequest(activity=event, member=people.zhang, kind="sick_leave", reason="复查")
    assert services.ask_leave(request, actor=people.member).is_waiting


def test_who_attended_needs_no_leave(people, event):
    move(event, 0)
    make.attendance(event, people.zhang, "late", people.secretary)
    assert refusal(event, people) == "这次活动已经登记您「迟到」,不用请假。登记错了的,请找书记更正。"


def offered(people, sign_in):
    return [(str(each), each.is_over) for each in sign_in(people.member).get(url("leave")).context["activities"]]


def test_leave_is_offered_until_the_member_is_on_record(people, event, sign_in):
    event.starts_at = datetime.time.max
    move(event, 0)
    assert offered(people, sign_in) == [("主题党日", False)]
    event.starts_at = datetime.time.min
    event.save()
    assert offered(people, sign_in) == [("主题党日", True)]
    mark = make.attendance(event, people.zhang, "absent", people.secretary)
    assert offered(people, sign_in) == [("主题党日", True)]
    for status in ("present", "late", "personal_leave", "not_required"):
        type(mark).objects.update(status=status)
        assert offered(people, sign_in) == []
        assert "不用请假" in refusal(event, people)
    assert "请告诉书记" in sign_in(people.member).get(url("leave")).content.decode()


def test_committee_meetings_are_offered_to_the_committee_only(people, places, event, sign_in):
    event.kind = "committee_meeting"
    event.save()
    client = sign_in(people.member)

    def shown_to_zhang():
        return (
            len(client.get(url("leave")).context["activities"]),
            len(client.get(reverse("home")).context["upcoming"]),
        )

    assert shown_to_zhang() == (0, 0)
    post = Position.objects.create(
        member=people.zhang, organization=places.branch, title="committee_member", starts_on=make.LONG_AGO
    )
    assert shown_to_zhang() == (1, 1)
    post.ends_on = event.date - DAYS(1)
    post.save()
    assert shown_to_zhang() == (0, 0)
    post.ends_on = None
    post.organization = places.community  # its committee is another one
    post.save()
    assert shown_to_zhang() == (0, 0)


def test_home_leaves_out_what_is_on_record(people, event, sign_in):
    move(event, 0)
    assert len(sign_in(people.member).get(reverse("home")).context["upcoming"]) == 1
    make.attendance(event, people.zhang, "present", people.secretary)
    assert sign_in(people.member).get(reverse("home")).context["upcoming"] == []


def test_leave_of_a_settled_period_is_refused(people, places, event, asked):
    today = timezone.localdate()
    ClosedPeriod.objects.create(
        organization=places.street, title="本周期", starts_on=today - DAYS(9), ends_on=today + DAYS(9)
    )
    with pytest.raises(ValidationError, match="已经办结"):
        services.decide_leave(asked, approved=True, actor=people.secretary)
    services.withdraw_leave(asked)
    assert "已经办结" in refusal(event, people)


def test_only_who_is_expected_asks(people, places, event, sign_in):
    elsewhere = make.activity(places.sibling, people.staff, event.date)
    client = sign_in(people.member)
    assert client.get(url("ask_leave", elsewhere.pk)).status_code == 404
    assert sign_in(people.secretary).get(url("ask_leave", event.pk)).status_code == 404


def test_leave_is_withdrawn_while_undecided(people, asked, sign_in):
    client = sign_in(people.member)
    assert "撤回请假" in client.get(url("leave_request", asked.pk)).content.decode()
    client.post(url("withdraw_leave", asked.pk))
    asked.refresh_from_db()
    assert asked.state == "withdrawn"
    page = client.post(url("withdraw_leave", asked.pk), follow=True)
    assert "这份请假已撤回,不用再办。" in page.content.decode()


# Deciding ---------------------------------------------------------------------------------------


def test_approval_beforehand_fills_the_grid_later(people, event, asked, sign_in):
    client = sign_in(people.leader)
    response = client.post(url("leave_request", asked.pk), {"approve": "1", "answer": ""})
    assert response.url == url("leave")
    assert not event.attendances.exists()
    move(event, 0)
    assert shown(client, event) == {"张建国": ("sick_leave", False), "王志强": ("present", False)}
    rows = client.get(url("activity", event.pk)).context["rows"]
    sent = {f"{row.prefix}-{field}": row.status for row in rows for field in ("shown", "status")}
    client.post(url("activity", event.pk), sent)
    assert shown(client, event) == {"张建国": ("sick_leave", True), "王志强": ("present", True)}


def test_approval_afterwards_changes_the_cell(people, event, asked):
    move(event, -3)
    make.attendance(event, people.zhang, "absent", people.secretary)
    services.decide_leave(asked, approved=True, actor=people.secretary)
    mark = event.attendances.get()
    assert (mark.status, mark.recorded_by, mark.revision) == ("sick_leave", people.secretary, 2)
    change = people.zhang.changes.get()
    assert (change.old, change.new) == ("缺席", "病假")


def test_approval_afterwards_fills_an_empty_cell(people, event, asked):
    move(event, -3)
    services.decide_leave(asked, approved=True, actor=people.secretary)
    assert event.attendances.get().status == "sick_leave"


def test_refusal_says_why_and_leaves_the_grid(people, event, asked, sign_in):
    client = sign_in(people.secretary)
    page = client.post(url("leave_request", asked.pk), {"refuse": "1", "answer": " "})
    assert page.status_code == 409
    assert page.context["form"].errors == {"answer": ["不准假要写明理由,本人会看到。"]}
    client.post(url("leave_request", asked.pk), {"refuse": "1", "answer": "换届选举,请尽量到会"})
    asked.refresh_from_db()
    assert (asked.state, asked.decided_by) == ("refused", people.secretary)
    move(event, 0)
    assert shown(client, event)["张建国"] == ("present", False)
    own = sign_in(people.member).get(url("leave")).content.decode()
    assert "换届选举,请尽量到会" in own
    assert "没有准假" in own


def test_decision_is_not_taken_twice(people, asked, sign_in):
    services.decide_leave(asked, approved=True, actor=people.secretary)
    page = sign_in(people.leader).post(url("leave_request", asked.pk), {"refuse": "1", "answer": "不行"})
    assert page.status_code == 409
    asked.refresh_from_db()
    assert asked.state == "approved"


def test_nobody_decides_on_the_own_leave(people, places, event, asked, sign_in):
    RoleAssignment.objects.create(user=people.member, role=Role.BRANCH_SECRETARY, organization=places.branch)
    client = sign_in(people.member)
    page = client.get(url("leave_request", asked.pk)).content.decode()
    assert "准假</button>" not in page
    assert client.post(url("leave_request", asked.pk), {"approve": "1"}).status_code == 403
    with pytest.raises(ValidationError, match="自己的请假要由别人批。"):
        services.decide_leave(asked, approved=True, actor=people.member)
    asked.refresh_from_db()
    assert asked.state == "waiting"


def test_leave_is_read_by_those_who_decide_and_the_member(people, asked, sign_in):
    readers = {
        name
        for name in ("member", "leader", "secretary", "general", "staff", "discipline", "auditor", "outsider")
        if sign_in(getattr(people, name)).get(url("leave_request", asked.pk)).status_code == 200
    }
    assert readers == {"member", "leader", "secretary", "general", "staff"}
    colleague = make.member_user(people.wang, people.wang.memberships.get().organization)
    assert sign_in(colleague).get(url("leave_request", asked.pk)).status_code == 404
    assert "去医院复查" not in sign_in(colleague).get(url("leave")).content.decode()


def test_leave_that_waits_has_a_button_to_decide_on_it(people, asked, sign_in):
    to_decide = f'<a class="btn btn-plain" href="{url("leave_request", asked.pk)}" aria-label="批张建国的'
    assert to_decide in sign_in(people.secretary).get(url("leave")).text
    assert to_decide not in sign_in(people.member).get(url("leave")).text


def test_leave_page_lists_at_the_same_cost(people, places, asked, sign_in, django_assert_max_num_queries):
    client = sign_in(people.secretary)
    client.get(url("leave"))
    with django_assert_max_num_queries(14) as one:
        client.get(url("leave"))
    for name in "甲乙":
        person = make.member(name, places.branch)
        request = LeaveRequest(activity=asked.activity, member=person, kind="sick_leave", reason="复查")
        services.ask_leave(request, actor=make.member_user(person, places.branch))
    with django_assert_max_num_queries(14) as three:
        assert len(client.get(url("leave")).context["waiting"]) == 3
    assert len(three) == len(one)


# Several together ---------------------------------------------------------------------------------


@pytest.fixture
def three(people, places, asked):
    """Requests of Zhang and two others for the same activity."""
    found = [asked]
    for name in ("甲一", "乙二"):
        person = make.member(name, places.branch)
        request = LeaveRequest(activity=asked.activity, member=person, kind="official_leave", reason="出差")
        found.append(services.ask_leave(request, actor=make.member_user(person, places.branch)))
    return found


def tick(client, requests):
    return client.get(url("grant_leave"), {"request": [asked.pk for asked in requests]}, follow=True)


def grant(client, requests):
    return client.post(url("grant_leave"), {"request": [asked.pk for asked in requests]}, follow=True).text


def states():
    return list(LeaveRequest.objects.order_by("pk").values_list("state", flat=True))


def test_several_are_granted_together_after_a_look(people, event, three, sign_in):
    move(event, 0)
    make.attendance(event, people.zhang, "absent", people.secretary)
    client = sign_in(people.secretary)
    assert f'name="request" value="{three[1].pk}"' in client.get(url("leave")).text
    page = tick(client, three[:2])
    assert page.context["rows"] == three[:2]
    for words in ("由「缺席」改为「病假」", "写为「公假」", "去医院复查"):
        assert words in page.text
    assert states() == ["waiting"] * 3
    assert "已准假 2 件:张建国、甲一。" in grant(client, three[:2])
    assert states() == ["approved", "approved", "waiting"]
    assert dict(event.attendances.values_list("member__name", "status")) == {
        "张建国": "sick_leave",
        "甲一": "official_leave",
    }
    assert "已准假 2 件:张建国、甲一。" in grant(client, three[:2])  # a second click
    assert event.attendances.get(member=people.zhang).revision == 2


def test_several_are_granted_all_or_none(people, three, sign_in):
    client = sign_in(people.secretary)
    services.decide_leave(three[0], approved=False, answer="要到会", actor=people.leader)
    services.withdraw_leave(three[1])
    page = grant(client, three)
    assert "张建国「主题党日」、甲一「主题党日」刚刚有人办过、撤回了,考核已经办结,或者不归您批。" in page
    assert "这一批一件也没有批,请重新勾选。" in page
    assert states() == ["refused", "withdrawn", "waiting"]
    assert tick(client, three).context["left_out"] == 2
    assert "没有勾选等您批的请假。请先在列表里勾选。" in tick(client, three[:2]).text


def test_settled_leave_is_not_granted_with_others(people, places, three, sign_in):
    today = timezone.localdate()
    ClosedPeriod.objects.create(
        organization=places.branch, title="本周期", starts_on=today - DAYS(9), ends_on=today + DAYS(9)
    )
    assert "这一批一件也没有批" in grant(sign_in(people.secretary), three)
    assert states() == ["waiting"] * 3


def test_granting_takes_nobody_elses_and_not_ones_own(people, places, three, sign_in):
    assert "张建国" not in grant(sign_in(people.outsider), three)
    RoleAssignment.objects.create(user=people.member, role=Role.BRANCH_SECRETARY, organization=places.branch)
    client = sign_in(people.member)
    assert tick(client, three).context["rows"] == three[1:]
    assert "张建国「主题党日」刚刚有人办过、撤回了,考核已经办结,或者不归您批。" in grant(client, three)
    assert states() == ["waiting"] * 3


@pytest.mark.parametrize("keys", [[], ["x"], ["9" * 30], ["²"], [str(number) for number in range(1, 60)]])
def test_granting_refuses_odd_keys(people, three, sign_in, keys):
    client = sign_in(people.secretary)
    assert client.get(url("grant_leave"), {"request": keys}).status_code in (200, 302)
    assert "这一批一件也没有批" in client.post(url("grant_leave"), {"request": keys}, follow=True).text
    assert states() == ["waiting"] * 3


def test_check_page_asks_as_often_for_three_as_for_one(people, three, sign_in, django_assert_max_num_queries):
    client = sign_in(people.secretary)
    with django_assert_max_num_queries(12) as one:
        tick(client, three[:1])
    with django_assert_max_num_queries(12) as all_:
        tick(client, three)
    assert len(one) == len(all_)


# Lists --------------------------------------------------------------------------------------------


def test_more_that_wait_are_counted_and_come_later(people, three, sign_in, monkeypatch):
    monkeypatch.setattr("members.views.leave.MOST_AT_ONCE", 2)
    page = sign_in(people.secretary).get(url("leave"))
    assert list(page.context["waiting"]) == three[:2]
    assert "待批 3 件" in page.text
    assert "这里是申请最早的 2 件,批了以后接着列出其余的。" in page.text


def test_every_activity_of_these_weeks_is_offered(people, places, sign_in):
    today = timezone.localdate()
    for number in range(60):
        make.activity(places.branch, people.secretary, today + DAYS(number % 90), title=f"学习{number}")
    make.activity(places.branch, people.secretary, today + DAYS(93), title="太早")
    page = sign_in(people.member).get(url("leave"))
    assert len(page.context["activities"]) == 60
    assert "列出的是最近 30 天和以后三个月的活动。" in page.text


def found(client, **query):
    return [asked.member.name for asked in client.get(url("leave_requests"), query).context["page"]]


def test_all_leave_is_found_by_state_name_and_organization(people, places, three, sign_in):
    services.decide_leave(three[0], approved=True, actor=people.secretary)
    client = sign_in(people.secretary)
    assert found(client) == ["乙二", "甲一", "张建国"]
    assert found(client, state="approved") == ["张建国"]
    assert found(client, q="jy", state="waiting") == ["甲一"]
    assert len(found(client, organization=places.branch.pk)) == 3
    assert found(client, organization=places.foreign.pk) == found(client, state="x") == []
    assert found(client, sort="member") == ["甲一", "乙二", "张建国"]


def test_all_leave_has_pages(people, three, sign_in):
    event = three[0].activity
    LeaveRequest.objects.bulk_create(
        LeaveRequest(
            activity=event,
            member=people.wang,
            kind="sick_leave",
            reason="复查",
            state="refused",
            asked_by=people.member,
        )
        for _ in range(60)
    )
    client = sign_in(people.secretary)
    assert (len(found(client)), len(found(client, page=2))) == (50, 13)


def test_all_leave_leaves_out_ones_own(people, places, three, sign_in):
    RoleAssignment.objects.create(user=people.member, role=Role.BRANCH_SECRETARY, organization=places.branch)
    client = sign_in(people.member)
    assert found(client) == ["乙二", "甲一"]
    assert list(client.get(url("leave")).context["page"]) == three[:1]


def test_leave_lists_as_workbooks(people, three, sign_in):
    services.decide_leave(three[0], approved=False, answer="要到会", actor=people.secretary)
    day = str(three[0].activity.date)
    client = sign_in(people.secretary)
    assert rows_of(client.get(url("leave_requests"), {"state": "refused", "export": "xlsx"})) == [
        ["党员", "活动", "活动的组织", "活动日期", "假别", "状态", "答复"],
        ["张建国", "主题党日", "和平社区第一党支部", day, "病假", "没有准假", "要到会"],
    ]
    assert rows_of(sign_in(people.member).get(url("leave"), {"export": "xlsx"})) == [
        ["活动", "活动日期", "假别", "状态", "答复"],
        ["主题党日", day, "病假", "没有准假", "要到会"],
    ]


# Home -------------------------------------------------------------------------------------------


def leave_tasks(user):
    user.__dict__.pop("_assignments", None)
    return [(task.count, task.detail, task.url) for task in tasks_of(user) if task.title == "请假待批"]


def test_home_asks_whoever_is_near_to_decide(people, event, asked):
    words = f"张建国 {event.date.month} 月 {event.date.day} 日「主题党日」请病假"
    task = (1, words, url("leave_request", asked.pk))
    assert leave_tasks(people.secretary) == leave_tasks(people.leader) == [task]
    assert leave_tasks(people.general) == leave_tasks(people.staff) == leave_tasks(people.outsider) == []
    services.decide_leave(asked, approved=True, actor=people.secretary)
    assert leave_tasks(people.secretary) == []


def test_leave_of_the_secretary_goes_to_those_above(people, places, asked):
    RoleAssignment.objects.create(user=people.member, role=Role.BRANCH_SECRETARY, organization=places.branch)
    assert leave_tasks(people.member) == []
    assert len(leave_tasks(people.general)) == len(leave_tasks(people.leader)) == 1


def test_home_shows_the_member_what_became_of_it(people, asked, sign_in):
    client = sign_in(people.member)
    assert "待批" in client.get(reverse("home")).content.decode()
    services.decide_leave(asked, approved=True, actor=people.secretary)
    body = client.get(reverse("home")).content.decode()
    assert "已准假" in body
    assert url("ask_leave", asked.activity.pk) not in body


def test_home_leaves_out_what_has_begun(people, event, sign_in):
    def ahead():
        return [activity.pk for activity in sign_in(people.member).get(reverse("home")).context["upcoming"]]

    event.date, event.starts_at = timezone.localdate(), datetime.time.min
    event.save()
    assert ahead() == []
    event.starts_at = datetime.time.max
    event.save()
    assert ahead() == [event.pk]


def test_attendance_is_asked_for_until_everybody_is_in_it(people, event, asked):
    move(event, -1)
    services.decide_leave(asked, approved=True, actor=people.secretary)

    def found():
        return [task.detail for task in tasks_of(people.secretary) if task.title == "登记考勤"]

    day = near_day_name(event.date, timezone.localdate())
    assert found() == [f"{day}「主题党日」,考勤还没有登记完"]
    make.attendance(event, people.wang, "present", people.secretary)
    assert found() == []


def test_activity_with_leave_is_not_deleted(people, event, asked, sign_in):
    page = sign_in(people.secretary).post(url("delete_activity", event.pk), follow=True)
    assert "已经有 1 人请假,不能删除" in page.content.decode()
    event.refresh_from_db()
