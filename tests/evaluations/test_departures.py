"""Off the roster without a sanction, and back on it."""

import datetime
import io

import openpyxl
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from evaluations.models import Measure, MeasureStep
from members import services as roster
from members.models import ClosedPeriod, LeaveRequest, Member, Role, RoleAssignment, User
from tests import factories as make

DAY = datetime.timedelta(1)
FIRST = datetime.date(2025, 4, 1)
ID_NUMBER = "110101197001011238"  # born 1970-01-01, male


def url(name, member):
    return reverse(f"evaluations:{name}", args=[member.pk])


def record(member):
    return reverse("members:member", args=[member.pk])


def form(day=FIRST, reason="moved", words="", **more):
    return {"day": str(day), "reason": reason, "words": words, **more}


def remove(client, member, **fields):
    return client.post(url("remove_member", member), form(**fields, confirm="1"), follow=True)


def readmit(client, member, place, day):
    fields = {"how": "back", "organization": place.pk, "day": str(day)}
    return client.post(url("readmit_member", member), fields, follow=True)


def said(response) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def faults(response) -> list[str]:
    return [message for messages in response.context["form"].errors.values() for message in messages]


def places_of(member):
    return list(member.memberships.values_list("organization__name", "starts_on", "ends_on"))


def listed(client, **query) -> list[str]:
    page = client.get(reverse("members:roster"), {"listed": "departed", **query})
    return [member.name for member in page.context["page"]]


@pytest.fixture
def left(people):
    """Wang has left on 1 April."""
    roster.end_membership(people.wang, FIRST, reason="组织关系转出本街道", actor=people.secretary)
    return people.wang


def close_half(place):
    fields = {"starts_on": datetime.date(2025, 1, 1), "ends_on": datetime.date(2025, 6, 30)}
    return ClosedPeriod.objects.create(organization=place, title="2025 年上半年", **fields)


# Leaving ----------------------------------------------------------------------------------------


def test_check_page_says_what_ends_and_stores_nothing(sign_in, people, places, adopted):
    user = make.user(people.wang.name, Role.MEMBER, places.branch, member=people.wang)
    fields = {"title": "committee_member", "starts_on": make.LONG_AGO}
    people.wang.positions.create(organization=places.branch, **fields)
    event = make.activity(places.branch, people.secretary, FIRST + DAY)
    make.attendance(event, people.wang, "present", people.secretary)
    later = make.activity(places.branch, people.secretary, FIRST + 9 * DAY)
    LeaveRequest.objects.create(activity=later, member=people.wang, kind="sick_leave", reason="复查", asked_by=user)
    make.entry(people.wang, "bonus.public_good", version=adopted, date=FIRST, note="义诊", declared_by=user)
    page = sign_in(people.secretary).post(url("remove_member", people.wang), form(words="转到外地"))
    assert page.context["ends"] == [
        "组织关系:和平社区第一党支部,到 2025 年 3 月 31 日为止",
        "职务:支部委员(和平社区第一党支部)",
        f"账号 {user.username} 停用,岗位取消:党员",
        "那天以后的活动请了假、还没有批的 1 份,撤回",
        "申报了、还没有审完的 1 条,不再审核",
    ]
    assert "组织关系转出本街道:转到外地" in page.text
    assert "那天以后已经登记的考勤 1 次不会删去" in page.text
    assert places_of(people.wang) == [("和平社区第一党支部", make.LONG_AGO, None)]
    back = sign_in(people.secretary).post(url("remove_member", people.wang), form(words="转到外地", back="1"))
    assert 'value="转到外地"' in back.text


def test_member_leaves_with_posts_account_and_leave(sign_in, people, places):
    user = make.user(people.wang.name, Role.MEMBER, places.branch, member=people.wang)
    people.wang.positions.create(organization=places.branch, title="committee_member", starts_on=make.LONG_AGO)
    events = [make.activity(places.branch, people.secretary, day) for day in (FIRST - DAY, FIRST)]
    for event in events:
        LeaveRequest.objects.create(activity=event, member=people.wang, kind="sick_leave", reason="病", asked_by=user)
    page = remove(sign_in(people.secretary), people.wang, reason="died")
    assert said(page) == [
        "王志强自 2025 年 4 月 1 日起不在和平社区第一党支部名册(去世)。以前的记录都在,「党员」里选「已移出名册」查得到。"
    ]
    assert places_of(people.wang) == [("和平社区第一党支部", make.LONG_AGO, FIRST - DAY)]
    assert people.wang.positions.get().ends_on == FIRST - DAY
    user = User.objects.get(pk=user.pk)
    assert (user.is_active, user.role_assignments.in_office().count()) == (False, 0)
    states = people.wang.leave_requests.order_by("activity__date").values_list("state", flat=True)
    assert list(states) == ["waiting", "withdrawn"]
    change = people.wang.changes.get(kind="membership")
    assert (change.title, change.old, change.new, change.changed_by) == (
        "组织关系至 2025-03-31",
        "和平社区第一党支部",
        "移出名册(去世),账号停用,岗位取消",
        people.secretary,
    )


def test_second_confirmation_changes_nothing(sign_in, people):
    client = sign_in(people.secretary)
    remove(client, people.wang)
    assert said(remove(client, people.wang)) == ["已经移出名册,没有再办一次。"]
    assert people.wang.changes.count() == 1


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"day": "2999-01-01"}, "2999-01-01 还没有到。请到那天再办理。"),
        ({"day": "2000-01-01"}, "王志强自 2000-01-01 起在和平社区第一党支部,离开的日期要晚于这一天。"),
        ({"reason": "other"}, "选了「其他」,请写明是什么原因。"),
        ({"reason": "expelled"}, "没有「expelled」这个选项,请重新选。"),
        ({"day": "昨天"}, "日期不存在或写法不对,请写成 2025-01-08 的样子。"),
    ],
)
def test_leaving_is_refused_with_a_sentence(sign_in, people, fields, sentence):
    for confirm in ({}, {"confirm": "1"}):
        page = sign_in(people.secretary).post(url("remove_member", people.wang), form(**fields, **confirm))
        assert faults(page) == [sentence]
    assert places_of(people.wang) == [("和平社区第一党支部", make.LONG_AGO, None)]


def test_leaving_in_a_settled_period_is_refused(sign_in, people, places):
    close_half(places.street)
    assert "已经办结" in faults(remove(sign_in(people.secretary), people.wang))[0]
    assert people.wang.memberships.get().ends_on is None
    remove(sign_in(people.secretary), people.wang, day=datetime.date(2025, 7, 1))
    assert people.wang.memberships.get().ends_on == datetime.date(2025, 6, 30)


def test_nobody_leaves_by_their_own_hand(sign_in, people):
    User.objects.filter(pk=people.secretary.pk).update(member=people.wang)
    page = remove(sign_in(User.objects.get(pk=people.secretary.pk)), people.wang)
    assert faults(page) == ["不能把自己移出名册,请街道政工科办理。"]


def test_branch_does_not_end_roles_of_the_street(sign_in, people, places):
    user = make.user(people.wang.name, Role.ADMINISTRATOR, places.street, member=people.wang)
    page = remove(sign_in(people.secretary), people.wang)
    assert "还有别的组织的岗位" in faults(page)[0]
    assert User.objects.get(pk=user.pk).is_active
    remove(sign_in(people.staff), people.wang)
    assert not User.objects.get(pk=user.pk).is_active


def test_measure_that_is_not_the_branchs_to_stop_keeps_the_member(sign_in, half, people, places):
    fields = {"kind": "rectification", "title": "限期改正", "code": "rectification", "state": "running"}
    measure = Measure.objects.create(round=half.round, member=people.wang, organization=places.branch, **fields)
    assert faults(remove(sign_in(people.secretary), people.wang)) == [
        "王志强的「限期改正」还没有办完,由片总支办理。请片总支先办完,或者决定不予办理,再移出名册。"
    ]
    remove(sign_in(people.staff), people.wang, reason="died")
    measure.refresh_from_db()
    assert (measure.state, measure.reason, measure.ended_by) == (
        "dismissed",
        "本人 2025 年 4 月 1 日起不在党员名册(去世),不再办理。",
        people.staff,
    )


def test_branch_keeps_its_part_of_who_has_left(sign_in, people, places):
    before, after = (make.activity(places.branch, people.staff, day) for day in (FIRST - 9 * DAY, FIRST + 9 * DAY))
    remove(sign_in(people.secretary), people.wang)
    client = sign_in(people.secretary)

    def rows(name, args=(), **query):
        page = client.get(reverse(f"members:{name}", args=args), query)
        return [row.member.name for row in page.context["rows"]]

    assert rows("activity", [before.pk]) == ["张建国", "王志强"]
    assert rows("activity", [after.pk]) == ["张建国"]
    for name in ("dues", "visits"):
        assert rows(name, month="2025-03") == ["张建国", "王志强"]
        assert rows(name, month="2025-04") == ["张建国"]


# Who has left -----------------------------------------------------------------------------------


def test_filter_lists_who_left_to_readers_of_the_last_branch(sign_in, people, places, left):
    moved = make.member("马转走", places.branch)
    roster.transfer_member(moved, places.sibling, FIRST, actor=people.staff)
    roster.end_membership(moved, FIRST + DAY, reason="去世", actor=people.staff)
    assert listed(sign_in(people.secretary)) == ["王志强"]
    assert listed(sign_in(people.leader)) == ["王志强"]
    assert listed(sign_in(people.staff)) == ["马转走", "王志强"]
    assert listed(sign_in(people.staff), organization=places.sibling.pk) == ["马转走"]
    assert listed(sign_in(people.staff), q="wzq") == ["王志强"]
    assert listed(sign_in(people.outsider)) == []


def test_who_has_left_is_nowhere_else(sign_in, people, left):
    assert left not in Member.objects.visible_to(people.staff)
    page = sign_in(people.secretary).get(reverse("members:roster"))
    assert [member.name for member in page.context["page"]] == ["张建国"]
    for name in ("edit_member", "transfer_member", "add_position", "change_mobility"):
        assert sign_in(people.secretary).get(reverse(f"members:{name}", args=[left.pk])).status_code == 404


def test_record_of_who_has_left_is_read_only_without_numbers(sign_in, people, left):
    Member.objects.filter(pk=left.pk).update(phone="13800001234")
    pages = {name: sign_in(getattr(people, name)).get(record(left)).text for name in ("secretary", "leader", "staff")}
    offered = {name for name, text in pages.items() if "恢复到名册" in text}
    assert offered == {"secretary", "staff"}
    for text in pages.values():
        assert "已不在名册" in text
        assert "138" not in text
        assert "修改资料" not in text


def test_list_of_who_has_left_is_exported_as_it_stands(sign_in, people, left):
    content = sign_in(people.secretary).get(reverse("members:export_members"), {"listed": "departed"}).content
    head, *rows = openpyxl.load_workbook(io.BytesIO(content)).active.values
    assert head == ("姓名", "编号", "最后所在组织", "最后一天", "人员类别")
    assert rows == [("王志强", left.number, "和平社区第一党支部", "2025-03-31", "正式党员")]


def test_list_of_who_has_left_asks_once_however_many(sign_in, people, places, left):
    client = sign_in(people.secretary)
    listed(client)
    with CaptureQueriesContext(connection) as one:
        assert len(listed(client)) == 1
    for name in "甲乙":
        roster.end_membership(make.member(name, places.branch), FIRST, reason="去世", actor=people.staff)
    with CaptureQueriesContext(connection) as three:
        assert len(listed(client)) == 3
    assert len(one) == len(three)


# Coming back ------------------------------------------------------------------------------------


def test_wrong_leaving_is_taken_back_without_a_gap(sign_in, people, places, left):
    client = sign_in(people.secretary)
    address, where = url("readmit_member", left), {"organization": places.branch.pk}
    assert faults(client.post(address, where)) == ["请选为什么恢复。", "请写从哪天起又回来的。"]
    assert faults(client.post(address, where | {"how": "back"})) == ["请写从哪天起又回来的。"]
    page = client.post(address, where | {"how": "mistake"}, follow=True)
    assert said(page) == [
        f"王志强自 2025 年 4 月 1 日起恢复到和平社区第一党支部名册,编号 {left.number} 不变。有职务的请另行登记。"
    ]
    assert places_of(left) == [("和平社区第一党支部", make.LONG_AGO, None)]
    rows = [(change.title, change.old, change.new) for change in left.changes.order_by("pk")]
    assert rows == [
        ("组织关系至 2025-03-31", "和平社区第一党支部", "移出名册(组织关系转出本街道)"),
        ("组织关系自 2025-04-01", "不在名册", "恢复到名册(和平社区第一党支部)"),
    ]
    assert listed(client) == []
    assert said(readmit(client, left, places.branch, FIRST)) == ["王志强就在和平社区第一党支部名册里,不用恢复。"]


def test_who_comes_back_later_keeps_number_and_history(sign_in, people, places, left):
    day = timezone.localdate()
    page = readmit(sign_in(people.staff), left, places.sibling, day)
    assert page.redirect_chain == [(record(left), 302)]
    assert places_of(left) == [
        ("和平社区第二党支部", day, None),
        ("和平社区第一党支部", make.LONG_AGO, FIRST - DAY),
    ]
    assert Member.objects.get(pk=left.pk).number == left.number


def test_receipt_names_the_account_that_stays_locked(sign_in, people, places):
    user = make.user(people.wang.name, Role.MEMBER, places.branch, member=people.wang)
    roster.end_membership(people.wang, FIRST, reason="去世", actor=people.staff)
    assert said(readmit(sign_in(people.secretary), people.wang, places.branch, FIRST))[0].endswith(
        "账号要再用的,请管理员启用、给岗位。"
    )
    assert not User.objects.get(pk=user.pk).is_active
    assert not RoleAssignment.objects.in_office().filter(user=user).exists()


@pytest.mark.parametrize(
    ("place", "day", "sentence"),
    [
        ("branch", "2999-01-01", "2999-01-01 还没有到。请到那天再办理。"),
        ("branch", "2025-03-31", "王志强到 2025-03-31 为止都在和平社区第一党支部,恢复的日期要晚于这一天。"),
        ("sibling", "2025-04-01", "这个组织不在您的工作范围内,请重新选。"),
    ],
)
def test_coming_back_is_refused_with_a_sentence(sign_in, people, places, left, place, day, sentence):
    assert faults(readmit(sign_in(people.secretary), left, getattr(places, place), day)) == [sentence]
    assert len(places_of(left)) == 1


def test_coming_back_into_a_settled_period_is_refused(sign_in, people, places, left):
    close_half(places.street)
    assert "已经办结" in faults(readmit(sign_in(people.secretary), left, places.branch, FIRST))[0]
    readmit(sign_in(people.secretary), left, places.branch, datetime.date(2025, 7, 1))
    assert len(places_of(left)) == 2


def test_another_branch_does_not_bring_back_who_left(sign_in, people, places, left):
    assert (
        readmit(
            sign_in(make.user("邻支书", "branch_secretary", places.sibling)), left, places.sibling, FIRST
        ).status_code
        == 404
    )
    assert readmit(sign_in(people.leader), left, places.branch, FIRST).status_code == 403


def test_who_was_expelled_is_brought_back_by_the_street(sign_in, half, people, places, left):
    fields = {"code": "expulsion", "kind": "expulsion", "title": "除名", "state": "done"}
    measure = Measure.objects.create(round=half.round, member=left, organization=places.branch, **fields)
    MeasureStep.objects.create(
        measure=measure, number=1, kind="depart", title="移出名册", done_on=FIRST, done_by=people.staff
    )
    page = readmit(sign_in(people.secretary), left, places.branch, FIRST)
    assert faults(page) == ["王志强是按「除名」移出名册的。要恢复,请街道政工科办理。"]
    readmit(sign_in(people.staff), left, places.branch, FIRST)
    assert left.memberships.get().ends_on is None


# Numbers of who has left ------------------------------------------------------------------------


def new_member(place, **fields):
    return {
        "number": "N1",
        "name": "王志强",
        "gender": "m",
        "born": "1970-01-01",
        "status": "full",
        "mobility": "resident",
        "starts_on": "2025-05-01",
        "organization": place.pk,
        **fields,
    }


def whose(member, label):
    return (
        f"这个{label}是王志强的(编号 {member.number}),已经移出名册。"
        "要恢复的,在「党员」里选「已移出名册」,打开这个人,按「恢复到名册」。"
    )


@pytest.mark.parametrize("field", ["number", "id_number"])
def test_number_of_who_has_left_leads_to_the_record(sign_in, people, places, left, field):
    left.id_number = ID_NUMBER
    left.save()
    fields = {field: getattr(left, field)}
    page = sign_in(people.secretary).post(reverse("members:add_member"), new_member(places.branch, **fields))
    assert faults(page) == [whose(left, {"number": "编号", "id_number": "身份证号"}[field])]
    neighbour = make.user("邻支书", "branch_secretary", places.sibling)
    page = sign_in(neighbour).post(reverse("members:add_member"), new_member(places.sibling, **fields))
    assert len(faults(page)) == 1
    assert "王志强" not in faults(page)[0]


@pytest.mark.parametrize("column", ["编号", "身份证号"])
def test_import_leads_to_the_record_of_who_has_left(people, places, left, column):
    from members.services.imports import check_roster
    from members.workbooks import Sheet

    left.id_number = ID_NUMBER
    left.save()
    row = [
        "N1" if column == "身份证号" else left.number,
        "王志强",
        "男",
        "1970-01-01",
        ID_NUMBER if column == "身份证号" else "",
    ]
    sheet = Sheet([(1, ["编号", "姓名", "性别", "出生日期", "身份证号"]), (2, row)])
    (known,) = check_roster(sheet, actor=people.secretary).rows
    assert known.faults == [f"「{column}」:{whose(left, column)}"]
    neighbour = make.user("邻支书", "branch_secretary", places.sibling)
    (foreign,) = check_roster(sheet, actor=neighbour).rows
    assert foreign.faults == [f"「{column}」:这个{column}不能用,请核对,或联系街道。"]
