"""Activities and the attendance grid."""

import datetime
import re

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from members import services
from members.forms import activities as activity_forms
from members.models import Activity, Attendance, ClosedPeriod, Exemption, FactChange
from tests import factories as make

DAY = datetime.date(2025, 6, 5)


def url(name, *args):
    return reverse(f"members:{name}", args=args)


@pytest.fixture(autouse=True)
def _day_is_not_too_early(monkeypatch):
    monkeypatch.setattr(activity_forms, "FURTHEST_BACK", timezone.localdate() - datetime.date(2025, 1, 1))


@pytest.fixture
def event(people, places):
    return make.activity(places.branch, people.secretary, DAY, "theme_day", "6 月主题党日")


def marks(people, shown=("present", "present"), zhang="present", wang="present"):
    """What the browser sends for a grid of two."""
    first, second = people.zhang.pk, people.wang.pk
    return {
        f"m{first}-shown": shown[0],
        f"m{first}-status": zhang,
        f"m{second}-shown": shown[1],
        f"m{second}-status": wang,
    }


def statuses(event):
    return dict(event.attendances.order_by("member__number").values_list("member__name", "status"))


def close(place):
    ClosedPeriod.objects.create(
        organization=place,
        title="2025 年上半年",
        starts_on=datetime.date(2025, 1, 1),
        ends_on=datetime.date(2025, 6, 30),
    )


# The list -------------------------------------------------------------------------------------


def test_activities_lists_own_with_summary(people, places, event, sign_in):
    make.activity(places.sibling, people.staff, DAY)
    make.attendance(event, people.zhang, "late", people.secretary)
    make.attendance(event, people.wang, "absent", people.secretary)
    page = sign_in(people.secretary).get(url("activities")).context["page"]
    lines = [(row.title, row.summary.attended, row.summary.on_leave, row.summary.missed) for row in page]
    assert lines == [("6 月主题党日", 1, 0, 1)]


def test_activities_say_who_is_not_recorded_yet(people, places, event, sign_in):
    client = sign_in(people.secretary)
    assert "待登记" in client.get(url("activities")).content.decode()
    make.attendance(event, people.zhang, "sick_leave", people.secretary)
    body = " ".join(re.sub(r"<[^>]+>", " ", client.get(url("activities")).content.decode()).split())
    assert "到会 0 · 请假 1 · 还有 1 人待登记" in body
    make.attendance(event, people.wang, "present", people.secretary)
    assert "待登记" not in client.get(url("activities")).content.decode()


def test_activities_say_it_where_nobody_can_be_put_down_any_more(people, places, event, sign_in):
    make.attendance(event, people.zhang, "late", people.secretary)
    close(places.branch)
    client = sign_in(people.secretary)
    body = " ".join(re.sub(r"<[^>]+>", "", client.get(url("activities")).text).split())
    assert "到会 1(含迟到、早退 1) · 1 人没有登记,考核已办结" in body
    assert "待登记" not in body
    assert list(client.get(url("activities"), {"to_record": "on"}).context["page"]) == []
    month = client.get(url("calendar"), {"month": f"{event.date:%Y-%m}"}).text
    assert "没有登记完,考核已办结" in month
    assert "待登记" not in month


def test_activities_filters_by_period(people, event, sign_in):
    now = timezone.localdate()
    code = f"{now.year}H{1 if now.month < 7 else 2}"
    client = sign_in(people.secretary)
    assert list(client.get(url("activities"), {"period": code}).context["page"]) == []
    assert list(client.get(url("activities"), {"period": "nonsense"}).context["page"]) == []
    assert list(client.get(url("activities")).context["page"]) == [event]


def test_activities_needs_a_reading_role(people, sign_in):
    assert sign_in(people.member).get(url("activities")).status_code == 403


def test_activities_query_count_does_not_grow(people, places, event, sign_in):
    client = sign_in(people.secretary)
    client.get(url("activities"))
    with CaptureQueriesContext(connection) as one:
        client.get(url("activities"))
    for number in range(2):
        more = make.activity(places.branch, people.secretary, DAY, title=f"学习 {number}")
        make.attendance(more, people.zhang, "late", people.secretary)
    with CaptureQueriesContext(connection) as three:
        assert len(client.get(url("activities")).context["page"]) == 3
    assert len(one) == len(three)


def new_activity(place, **fields):
    return {"organization": place.pk, "kind": "study", "title": "学习", "date": "2025-06-05", **fields}


def test_add_activity(people, places, sign_in):
    response = sign_in(people.leader).post(url("add_activity"), new_activity(places.branch))
    activity = Activity.objects.get()
    assert response.url == url("activity", activity.pk)
    assert activity.created_by == people.leader


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"title": "6 月主题党日"}, "这个组织当天已经有同名的活动。"),
        ({"date": "2999-01-01"}, "日期 2999-01-01 在一年以后,请核对年份。"),
        ({"date": "2016-11-20"}, "日期 2016-11-20 太早,请核对年份。"),
        ({"date": "2025-02-30"}, "日期不存在或写法不对,请写成 2025-01-08 的样子。"),
    ],
)
def test_add_activity_refuses_with_a_sentence(people, places, event, sign_in, fields, sentence):
    page = sign_in(people.secretary).post(url("add_activity"), new_activity(places.branch, **fields))
    assert [error for errors in page.context["form"].errors.values() for error in errors] == [sentence]


def test_add_activity_refuses_foreign_organization(people, places, sign_in):
    page = sign_in(people.secretary).post(url("add_activity"), new_activity(places.foreign))
    assert page.context["form"].errors == {"organization": ["这个组织不在您的工作范围内,请重新选。"]}


def test_add_activity_starts_with_the_branch_where_all_else_is_a_group_of_it(people, places, sign_in):
    make.organization("第二小组", "group", places.branch)

    def first(user):
        return sign_in(user).get(url("add_activity")).context["form"]["organization"].value()

    assert first(people.secretary) == places.branch.pk
    assert first(people.staff) is None  # who keeps many branches chooses


def test_add_activity_needs_the_role(people, sign_in):
    for user in (people.discipline, people.auditor, people.administrator, people.member):
        assert sign_in(user).get(url("add_activity")).status_code == 403


def test_add_activity_refuses_settled_period(people, places, sign_in):
    close(places.street)
    page = sign_in(people.secretary).post(url("add_activity"), new_activity(places.branch))
    assert "已经办结" in page.context["form"].non_field_errors()[0]
    assert not Activity.objects.exists()


def test_edit_activity_tells_the_history_of_a_new_day(people, places, event, sign_in):
    make.attendance(event, people.zhang, "late", people.secretary)
    data = new_activity(places.branch, title="6 月主题党日", date="2025-06-06")
    assert sign_in(people.secretary).post(url("edit_activity", event.pk), data).status_code == 302
    change = people.zhang.changes.get()
    assert (change.old, change.new) == ("2025-06-05", "2025-06-06")


def test_edit_activity_once_recorded_stays_in_the_past(people, places, event, sign_in):
    make.attendance(event, people.zhang, "late", people.secretary)
    tomorrow = timezone.localdate() + datetime.timedelta(days=1)
    data = new_activity(places.branch, date=f"{tomorrow}")
    page = sign_in(people.secretary).post(url("edit_activity", event.pk), data)
    assert page.context["form"].errors == {"date": ["这次活动已经登记了考勤,日期不能晚于今天。"]}
    event.refresh_from_db()
    assert event.date == DAY


def test_edit_activity_leaves_an_early_day_alone(people, places, sign_in):
    old = make.activity(places.branch, people.secretary, datetime.date(2016, 11, 20))
    data = new_activity(places.branch, title="集中学习", date="2016-11-20")
    assert sign_in(people.secretary).post(url("edit_activity", old.pk), data).status_code == 302
    old.refresh_from_db()
    assert old.title == "集中学习"


def test_edit_activity_keeps_organization_once_recorded(people, places, event, sign_in):
    make.attendance(event, people.zhang, "late", people.secretary)
    page = sign_in(people.staff).post(url("edit_activity", event.pk), new_activity(places.sibling))
    assert page.context["form"].errors == {"organization": ["这次活动已经登记了考勤,不能改到别的组织。"]}


# The grid -------------------------------------------------------------------------------------


def test_grid_shows_everyone_present_at_first(people, event, sign_in):
    rows = sign_in(people.secretary).get(url("activity", event.pk)).context["rows"]
    assert [(row.member.name, row.status, row.saved) for row in rows] == [
        ("张建国", "present", None),
        ("王志强", "present", None),
    ]


def test_grid_lists_exempt_members_as_not_required(people, event, sign_in):
    ended = {"starts_on": make.LONG_AGO, "ends_on": datetime.date(2001, 1, 1)}
    Exemption.objects.create(member=people.wang, reason="养病", **ended)
    Exemption.objects.create(member=people.zhang, reason="养病", **ended)
    Exemption.objects.create(member=people.zhang, reason="年老", starts_on=datetime.date(2020, 1, 1))
    rows = sign_in(people.secretary).get(url("activity", event.pk)).context["rows"]
    assert [row.status for row in rows] == ["not_required", "present"]


def test_grid_does_not_require_members_abroad(people, event, sign_in):
    people.wang.mobility = "abroad"
    people.wang.save()
    rows = sign_in(people.secretary).get(url("activity", event.pk)).context["rows"]
    assert [row.status for row in rows] == ["present", "not_required"]


def test_committee_meeting_requires_only_the_committee(people, places, sign_in):
    group = make.organization("第一党小组", "group", places.branch)
    director, former, above, lead = (make.member(name, group) for name in "甲乙丙丁")
    for person, place, title, ends_on in (
        (people.zhang, places.branch, "secretary", None),
        (lead, group, "discipline_member", None),
        (director, places.branch, "director", None),
        (former, places.branch, "deputy_secretary", datetime.date(2025, 6, 4)),
        (above, places.community, "secretary", None),
    ):
        person.positions.create(organization=place, title=title, starts_on=make.LONG_AGO, ends_on=ends_on)
    client = sign_in(people.secretary)
    for place, expected in ((places.branch, ["张建国"]), (group, ["丁"])):
        meeting = make.activity(place, people.secretary, DAY, "committee_meeting", "支委会")
        rows = client.get(url("activity", meeting.pk)).context["rows"]
        assert [row.member.name for row in rows if row.status == "present"] == expected
        assert {row.status for row in rows} == {"present", "not_required"}


def test_grid_shows_who_belonged_on_the_day(people, places, event, sign_in):
    people.wang.memberships.update(ends_on=datetime.date(2025, 6, 4))
    make.member("新来的", places.branch).memberships.update(starts_on=DAY)
    rows = sign_in(people.secretary).get(url("activity", event.pk)).context["rows"]
    assert [row.member.name for row in rows] == ["张建国", "新来的"]


def test_grid_saves_all_with_history(people, event, sign_in):
    response = sign_in(people.leader).post(url("activity", event.pk), marks(people, wang="personal_leave"))
    assert response.url == url("activity", event.pk)
    assert statuses(event) == {"张建国": "present", "王志强": "personal_leave"}
    lines = [(change.title, change.old, change.new, change.changed_by) for change in people.wang.changes.all()]
    assert lines == [("2025-06-05 6 月主题党日 考勤", "", "事假", people.leader)]


def test_grid_touches_only_changed_rows(people, event, sign_in):
    sign_in(people.leader).post(url("activity", event.pk), marks(people))
    sign_in(people.secretary).post(url("activity", event.pk), marks(people, wang="absent"))
    recorded = dict(event.attendances.values_list("member__name", "recorded_by__name"))
    assert recorded == {"张建国": "赵德胜", "王志强": "李秀英"}
    assert FactChange.objects.count() == 3


def test_grid_query_count_does_not_grow(people, places, event, sign_in):
    people.wang.memberships.update(organization=places.sibling)
    client = sign_in(people.secretary)
    client.get(url("activity", event.pk))
    one_row = {key: value for key, value in marks(people).items() if key.startswith(f"m{people.zhang.pk}-")}
    with CaptureQueriesContext(connection) as one:
        client.post(url("activity", event.pk), one_row)
    event.attendances.all().delete()
    more = [make.member(name, places.branch) for name in "甲乙"]
    three_rows = one_row | {f"m{member.pk}-{field}": "present" for member in more for field in ("shown", "status")}
    with CaptureQueriesContext(connection) as three:
        client.post(url("activity", event.pk), three_rows)
    assert event.attendances.count() == 3
    assert len(one) == len(three)


def test_grid_refuses_an_unknown_status(people, event, sign_in):
    page = sign_in(people.secretary).post(url("activity", event.pk), marks(people, wang="sleeping"))
    assert page.status_code == 400
    assert page.context["errors"] == ["有的党员没有选情况,请选好后再保存。"]
    assert statuses(event) == {}


def test_grid_of_a_settled_period_is_read_only(people, places, event, sign_in):
    make.attendance(event, people.zhang, "late", people.secretary)
    close(places.street)
    page = sign_in(people.secretary).get(url("activity", event.pk))
    body = page.content.decode()
    assert "那次考核已经办结,记录不能再改。" in body
    assert "迟到" in body
    assert 'id="attendance"' not in body
    assert url("edit_activity", event.pk) not in body


def test_grid_ignores_members_of_others(people, event, sign_in):
    data = marks(people) | {f"m{people.sun.pk}-shown": "present", f"m{people.sun.pk}-status": "absent"}
    sign_in(people.secretary).post(url("activity", event.pk), data)
    assert not people.sun.attendances.exists()


def test_grid_refuses_settled_period(people, places, event, sign_in):
    close(places.branch)
    page = sign_in(people.secretary).post(url("activity", event.pk), marks(people))
    assert "已经办结" in page.context["errors"][0]
    assert statuses(event) == {}


def test_grid_of_a_community_refuses_a_settled_branch(people, places, sign_in):
    event = make.activity(places.community, people.general, DAY)
    close(places.branch)
    page = sign_in(people.general).post(url("activity", event.pk), marks(people))
    assert "已经办结" in page.context["errors"][0]


def test_grid_refuses_a_day_that_has_not_come(people, places, sign_in):
    tomorrow = timezone.localdate() + datetime.timedelta(days=1)
    event = make.activity(places.branch, people.secretary, tomorrow)
    page = sign_in(people.secretary).post(url("activity", event.pk), marks(people))
    assert "还没有举行" in page.context["errors"][0]
    assert statuses(event) == {}


def test_grid_is_hidden_and_needs_the_role(people, event, sign_in):
    for name in ("activity", "edit_activity", "sign_in_sheet"):
        assert sign_in(people.outsider).get(url(name, event.pk)).status_code == 404
    for user in (people.discipline, people.auditor):
        assert sign_in(user).get(url("activity", event.pk)).status_code == 200
        assert sign_in(user).post(url("activity", event.pk), marks(people)).status_code == 403
        assert sign_in(user).get(url("edit_activity", event.pk)).status_code == 403


# Two people in one grid -------------------------------------------------------------------------


def test_two_people_changing_different_rows_keep_both(people, event, sign_in):
    sign_in(people.leader).post(url("activity", event.pk), marks(people, zhang="late"))
    response = sign_in(people.secretary).post(url("activity", event.pk), marks(people, wang="absent"))
    assert response.status_code == 302
    assert statuses(event) == {"张建国": "late", "王志强": "absent"}


def test_two_people_changing_one_row_are_told(people, event, sign_in):
    sign_in(people.leader).post(url("activity", event.pk), marks(people, zhang="late"))
    page = sign_in(people.secretary).post(url("activity", event.pk), marks(people, zhang="absent", wang="absent"))
    assert page.status_code == 409
    assert [(str(clash.member), clash.saved.status, clash.wanted) for clash in page.context["clashes"]] == [
        ("张建国", "late", "absent")
    ]
    body = page.content.decode()
    assert "赵德胜" in body
    assert "登记为「迟到」" in body
    assert statuses(event) == {"张建国": "late", "王志强": "absent"}
    row = page.context["rows"][0]
    assert (row.shown, row.status) == ("late", "absent")
    sent = {f"m{people.zhang.pk}-shown": "late", f"m{people.zhang.pk}-status": "absent"}
    sign_in(people.secretary).post(url("activity", event.pk), sent)
    assert statuses(event)["张建国"] == "absent"


def test_the_same_grid_sent_twice_changes_nothing(people, event, sign_in):
    client = sign_in(people.secretary)
    client.post(url("activity", event.pk), marks(people, zhang="late"))
    response = client.post(url("activity", event.pk), marks(people, zhang="late"))
    assert response.status_code == 302
    assert Attendance.objects.count() == FactChange.objects.count() == 2


def test_sign_in_sheet_lists_the_names(people, event, sign_in):
    page = sign_in(people.leader).get(url("sign_in_sheet", event.pk))
    assert [row.member.name for row in page.context["rows"]] == ["张建国", "王志强"]


# Deleting -------------------------------------------------------------------------------------


def test_activity_without_attendance_is_deleted(people, event, sign_in):
    client = sign_in(people.secretary)
    assert url("delete_activity", event.pk) in client.get(url("edit_activity", event.pk)).text
    look = client.get(url("delete_activity", event.pk))
    assert "<h1>删除「6 月主题党日」</h1>" in look.text
    assert Activity.objects.exists()  # a look changes nothing
    page = client.post(url("delete_activity", event.pk), follow=True)
    assert "已删除活动「6 月主题党日」。" in page.content.decode()
    assert not Activity.objects.exists()


def test_activity_deleted_twice_is_told(people, event, sign_in):
    client, address = sign_in(people.secretary), url("delete_activity", event.pk)
    client.post(address)
    page = client.post(address, follow=True)
    assert page.redirect_chain[0][0] == url("activities")
    assert [str(each) for each in page.context["messages"]][-1] == "这次活动已经删除了。"
    assert services.delete_activity(event) is False
    for write in (
        lambda: services.record_attendance(event, {people.zhang: ("", "late")}, actor=people.secretary),
        lambda: services.withdraw_attendance(event, actor=people.secretary),
    ):
        with pytest.raises(ValidationError, match="这次活动刚刚删除了,没有保存。"):
            write()
    assert client.get(address).status_code == 404
    assert sign_in(people.member).post(address).status_code == 404


def test_attendance_put_down_by_mistake_is_taken_back_as_a_whole(people, event, sign_in):
    make.attendance(event, people.zhang, "late", people.secretary)
    make.attendance(event, people.wang, "present", people.secretary)
    client = sign_in(people.secretary)
    assert url("withdraw_attendance", event.pk) in client.get(url("edit_activity", event.pk)).text
    look = client.get(url("withdraw_attendance", event.pk))
    assert "下面 2 人的考勤会全部撤销" in look.text
    assert event.attendances.count() == 2  # a look changes nothing
    page = client.post(url("withdraw_attendance", event.pk), follow=True)
    assert "已撤销「6 月主题党日」的考勤,共 2 人。" in page.text
    assert not event.attendances.exists()
    kept = FactChange.objects.filter(key=f"activity:{event.pk}", new="登记有误,已撤销")
    assert dict(kept.values_list("member__name", "old")) == {"张建国": "迟到", "王志强": "到会"}
    client.post(url("delete_activity", event.pk))
    assert not Activity.objects.exists()


def test_settled_attendance_is_not_taken_back(people, event, sign_in, places):
    make.attendance(event, people.zhang, "late", people.secretary)
    close(places.branch)
    page = sign_in(people.secretary).post(url("withdraw_attendance", event.pk))
    assert page.status_code == 400
    assert "那次考核已经办结,记录不能再改" in page.text
    assert statuses(event) == {"张建国": "late"}


def test_activity_with_attendance_stays(people, event, sign_in):
    make.attendance(event, people.zhang, "late", people.secretary)
    client = sign_in(people.secretary)
    assert "删除这次活动" not in client.get(url("edit_activity", event.pk)).content.decode()
    for ask in (client.get, client.post):
        page = ask(url("delete_activity", event.pk), follow=True)
        assert "已经登记了 1 人的考勤,不能删除" in page.content.decode()
    assert Activity.objects.exists()


def test_activity_of_a_settled_day_stays(people, places, event, sign_in):
    close(places.street)
    page = sign_in(people.secretary).post(url("delete_activity", event.pk), follow=True)
    assert "已经办结" in page.content.decode()
    assert Activity.objects.exists()


def test_grid_of_several_pages_leads_on_to_who_is_not_put_down_yet(people, places, event, monkeypatch, sign_in):
    monkeypatch.setattr("members.views.attendance.MEMBERS_A_PAGE", 1)
    make.member("甲", places.branch)
    make.attendance(event, people.wang, "present", people.secretary)
    client = sign_in(people.secretary)
    page = client.get(url("activity", event.pk))
    assert page.context["elsewhere"] == [(3, 1)]
    assert '<a href="?page=3">第 3 页</a>还有 <b class="num">1</b> 人没有登记' in page.content.decode()
    assert client.get(url("activity", event.pk), {"page": 3}).context["elsewhere"] == [(1, 1)]


def test_totals_of_several_pages_are_of_all_of_them(people, places, event, monkeypatch, sign_in):
    make.member("甲", places.branch)
    make.attendance(event, people.zhang, "late", people.secretary)
    make.attendance(event, people.wang, "present", people.secretary)
    client = sign_in(people.secretary)

    def shown():
        context = client.get(url("activity", event.pk)).context
        return {each["value"]: each["count"] for each in context["totals"] if each["count"]}, context["unsaved"]

    assert shown() == ({"late": 1, "present": 2}, 1)  # one page: of the present, one is proposed
    monkeypatch.setattr("members.views.attendance.MEMBERS_A_PAGE", 1)
    assert shown() == ({"late": 1, "present": 1}, 1)
    assert "各页已登记" in client.get(url("activity", event.pk)).text
