"""The monthly review: the lines of a month, questions on them, the confirmation, and what is read out."""

import datetime
import re

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from evaluations import freeze, monthly, services
from evaluations.models import MonthConfirmation, MonthQuestion, MonthReview
from members.models import Attendance, Membership, Role, RoleAssignment
from scoring.models import Adoption, Decision, SchemeVersion
from tests import factories as make
from tests.workbooks import rows_of, sheets_of

pytestmark = pytest.mark.django_db
FEBRUARY, MARCH, APRIL = (datetime.date(2025, month, 1) for month in (2, 3, 4))


def text(response) -> str:
    """The page's text with runs of white space as one space."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def lines(branch, month):
    return [(line.words, line.note, line.is_late) for line in monthly.lines_of(branch, month)]


def page(client, branch, month=MARCH, name="month", **query):
    return client.get(reverse(f"evaluations:{name}", args=[branch.pk, f"{month:%Y-%m}"], query=query))


def confirm(branch, actor, month=MARCH):
    seen = monthly.digest_of_lines(monthly.lines_of(branch, month))
    return services.confirm_month(branch, month, seen=seen, actor=actor)


def entry(people, adopted, item, day, note, status="approved", person=None):
    return make.entry(
        person or people.zhang, item, version=adopted, date=day, note=note, status=status, declared_by=people.secretary,
        declared_at=datetime.datetime.combine(day, datetime.time(4), datetime.UTC),
    )  # fmt: skip


def discipline(people, adopted):
    return entry(people, adopted, "discipline.misconduct", datetime.date(2025, 3, 9), "酒后打架")


# Lines ------------------------------------------------------------------------------------------


def test_month_has_what_it_brought_in_the_engine_s_words(half, places):
    assert lines(places.branch, FEBRUARY) == [("1 月党费 2 月 12 日缴清,迟 12 天 −2", "", False)]
    assert lines(places.branch, MARCH) == [("3 月 5 日 三月主题党日 迟到 −4", "", False)]
    assert lines(places.branch, APRIL) == []


def test_dues_of_a_month_that_are_paid_ever_later_are_news_of_each_month(half, places, people):
    make.dues(people.wang, FEBRUARY, people.secretary, 10, 10, datetime.date(2025, 4, 10))
    assert "2 月党费 没有缴清,已迟 31 天 −5" in [words for words, _, _ in lines(places.branch, MARCH)]
    assert "2 月党费 4 月 10 日缴清,迟 41 天 −5" in [words for words, _, _ in lines(places.branch, APRIL)]


def test_entry_decided_on_in_a_later_month_is_there_as_a_late_one(half, places, people, adopted):
    found = entry(people, adopted, "bonus.public_good", datetime.date(2025, 2, 10), "义诊")
    march = datetime.datetime(2025, 3, 20, tzinfo=datetime.UTC)
    Decision.objects.create(entry=found, step="street", approved=True, decided_by=people.staff, decided_at=march)
    assert ("2 月 10 日 参加公益事业 +5", "义诊", False) in lines(places.branch, FEBRUARY)
    assert ("2 月 10 日 参加公益事业 +5", "义诊", True) in lines(places.branch, MARCH)


def test_entries_that_do_not_count_say_why(half, places, people, adopted):
    entry(people, adopted, "bonus.emergency", datetime.date(2025, 3, 8), "防汛", status="reviewed")
    entry(people, adopted, "bonus.activity", datetime.date(2025, 3, 9), "歌咏", status="rejected")
    found = [words for words, _, _ in lines(places.branch, MARCH)]
    assert "3 月 8 日 参加突发事件应急 还没有批准,批准后加 10 分。" in found
    assert "3 月 9 日 参加上级活动取得成绩 没有通过审批" in found


def test_lines_of_a_member_stand_in_the_order_of_their_days(half, places, people, adopted):
    for day, item in ((20, "bonus.public_good"), (1, "bonus.emergency"), (9, "bonus.activity")):
        entry(people, adopted, item, datetime.date(2025, 3, day), "记录")
    found = [words.split("日")[0] for words, _, _ in lines(places.branch, MARCH)]
    assert found == ["3 月 1 ", "3 月 5 ", "3 月 9 ", "3 月 20 "]


def test_month_is_that_of_the_branch_one_was_in(half, places, people):
    moved = datetime.date(2025, 4, 10)
    people.zhang.memberships.update(ends_on=moved - datetime.timedelta(days=1))
    Membership.objects.create(member=people.zhang, organization=places.sibling, starts_on=moved)
    assert lines(places.branch, MARCH) == [("3 月 5 日 三月主题党日 迟到 −4", "", False)]
    assert lines(places.sibling, MARCH) == []


def test_branch_without_a_scheme_has_no_lines(places, people):
    assert lines(places.branch, MARCH) == []


@pytest.mark.django_db(transaction=True)
def test_lines_of_a_closed_month_are_those_of_the_closed_round(half, places, people):
    services.request_computation(half.round)
    make.closed(half.round, people.staff)
    assert lines(places.branch, MARCH) == [("3 月 5 日 三月主题党日 迟到 −4", "", False)]


# Confirming -------------------------------------------------------------------------------------


def test_confirmed_month_keeps_its_lines_and_shows_what_changed(half, places, people, adopted):
    confirmed = confirm(places.branch, people.secretary)
    entry(people, adopted, "bonus.public_good", datetime.date(2025, 3, 20), "义诊")
    Attendance.objects.filter(member=people.zhang).update(status="present")
    changes = monthly.changes_between(monthly.kept_lines(confirmed), monthly.lines_of(places.branch, MARCH))
    assert [(one.before and one.before.words, one.now and one.now.words) for one in changes] == [
        (None, "3 月 20 日 参加公益事业 +5"),
        ("3 月 5 日 三月主题党日 迟到 −4", None),
    ]


def test_changed_month_is_confirmed_again_and_an_unchanged_one_is_not(half, places, people):
    first = confirm(places.branch, people.secretary)
    assert confirm(places.branch, people.secretary) == first
    Attendance.objects.filter(member=people.zhang).update(status="absent")
    second = confirm(places.branch, people.secretary)
    assert list(MonthConfirmation.objects.all()) == [first, second]


def test_month_is_not_confirmed_over_an_open_question(half, places, people):
    asked = services.ask_of_month(places.branch, MARCH, "请假了没有?", actor=people.leader, member=people.zhang)
    with pytest.raises(ValidationError, match="还有 1 个问题没有核对清楚"):
        confirm(places.branch, people.secretary)
    services.settle_question(asked, "查了,没有请假。", actor=people.secretary)
    assert confirm(places.branch, people.secretary).confirmed_by == people.secretary


def test_lines_that_nobody_has_looked_at_are_not_confirmed(half, places, people):
    seen = monthly.digest_of_lines(monthly.lines_of(places.branch, MARCH))
    Attendance.objects.filter(member=people.zhang).update(status="absent")
    with pytest.raises(ValidationError, match="您打开这一页以后记录又有变动"):
        services.confirm_month(places.branch, MARCH, seen=seen, actor=people.secretary)
    assert not MonthConfirmation.objects.exists()


def test_running_month_is_not_confirmed(half, places, people):
    month = timezone.localdate().replace(day=1)
    with pytest.raises(ValidationError, match="还没有结束"):
        services.confirm_month(places.branch, month, seen="", actor=people.secretary)


def test_only_the_branch_s_office_confirms(half, places, people):
    for other in (people.leader, people.general, people.staff, people.outsider):
        with pytest.raises(PermissionDenied):
            services.confirm_month(places.branch, MARCH, seen="", actor=other)


@pytest.mark.django_db(transaction=True)
def test_database_keeps_confirmations(half, places, people):
    confirmed = confirm(places.branch, people.secretary)
    for sql in ("UPDATE evaluations_monthconfirmation SET lines = '[]'", "DELETE FROM evaluations_monthconfirmation"):
        with pytest.raises(IntegrityError, match=freeze.RECORD), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
    with pytest.raises(TypeError):
        confirmed.save()


# Questions --------------------------------------------------------------------------------------


def test_question_asked_twice_is_one(half, places, people):
    asked = [
        services.ask_of_month(places.branch, MARCH, "请核对", actor=people.leader, member=people.zhang)
        for _ in range(2)
    ]
    assert asked[0] == asked[1]
    assert MonthQuestion.objects.count() == 1


def test_nobody_settles_a_question_about_oneself(half, places, people):
    people.secretary.member = people.zhang
    people.member.member = None
    people.member.save()
    people.secretary.save()
    asked = services.ask_of_month(places.branch, MARCH, "请核对", actor=people.leader, member=people.zhang)
    with pytest.raises(PermissionDenied):
        services.settle_question(asked, "没有错", actor=people.secretary)
    assert services.settle_question(asked, "没有错", actor=people.general).settled_by == people.general


def test_question_is_settled_once_and_in_words(half, places, people):
    asked = services.ask_of_month(places.branch, MARCH, "请核对", actor=people.leader)
    with pytest.raises(ValidationError, match="请写明核对的结果"):
        services.settle_question(asked, " ", actor=people.secretary)
    services.settle_question(asked, "对的", actor=people.secretary)
    with pytest.raises(ValidationError, match="这个问题已经由李秀英答复:对的"):
        services.settle_question(asked, "不对", actor=people.general)


def test_question_on_a_line_from_the_page_to_its_answer(sign_in, half, places, people):
    client = sign_in(people.leader)
    link = re.search(r'href="([^"]*ask/\?[^"]*)"', page(client, places.branch).content.decode())[1].replace(
        "&amp;", "&"
    )
    assert "参加组织活动:3 月 5 日 三月主题党日 迟到 −4" in text(client.get(link))
    assert client.post(link, {"text": ""}).status_code == 400
    assert client.post(link, {"text": "他请过假"}).status_code == 302
    asked = MonthQuestion.objects.get()
    assert (asked.member, asked.words) == (people.zhang, "参加组织活动:3 月 5 日 三月主题党日 迟到 −4")
    client = sign_in(people.secretary)
    assert "还有 1 个问题没有核对清楚" in text(page(client, places.branch))
    answer = reverse("evaluations:settle_question", args=[asked.pk])
    refused = client.post(answer, {"answer": ""})
    assert (refused.status_code, "请写明核对的结果。" in text(refused)) == (400, True)
    client.post(answer, {"answer": "没有请假条"})
    assert "没有请假条 李秀英" in text(page(client, places.branch))


@pytest.mark.parametrize("query", [{"key": "x", "member": "1"}, {"key": "community-half-year/x"}])
def test_question_on_a_line_that_is_not_there_is_not_found(sign_in, half, places, people, query):
    assert page(sign_in(people.secretary), places.branch, name="ask_of_month", **query).status_code == 404


def test_member_of_another_branch_cannot_be_asked_about(sign_in, half, places, people):
    url = reverse("evaluations:ask_of_month", args=[places.branch.pk, "2025-03"])
    refused = sign_in(people.secretary).post(url, {"text": "请核对", "member": people.liu.pk})
    assert (refused.status_code, MonthQuestion.objects.count()) == (400, 0)


# Pages ------------------------------------------------------------------------------------------


def test_month_page_confirms_and_then_shows_changes(sign_in, half, places, people):
    client = sign_in(people.secretary)
    shown = page(client, places.branch)
    assert "三月主题党日:到会 2 人,请假 0 人,缺席或替会 0 人" in text(shown)
    assert "张建国 3 月 5 日 三月主题党日 迟到 −4 第四条第一款" in text(shown)
    url = reverse("evaluations:confirm_month", args=[places.branch.pk, "2025-03"])
    assert client.post(url, {"seen": "another"}).status_code == 400
    assert client.post(url, {"seen": shown.context["seen"]}).status_code == 302
    assert "已经确认,记录没有再变动。" in text(page(client, places.branch))
    Attendance.objects.filter(member=people.zhang).update(status="absent")
    Attendance.objects.filter(member=people.wang).update(status="late")
    shown = text(page(client, places.branch))
    assert "确认以后又有 2 处改动" in shown
    assert "张建国:「3 月 5 日 三月主题党日 迟到 −4」改为「3 月 5 日 三月主题党日 无故缺席 −5」" in shown
    assert "王志强:新增「3 月 5 日 三月主题党日 迟到 −4」" in shown


def unrecorded_event(places, people, **fields):
    return make.activity(
        places.branch, people.secretary, datetime.date(2025, 3, 20), **{"title": "三月学习", "kind": "study", **fields}
    )


def test_month_page_says_of_whom_attendance_is_missing(sign_in, half, places, people):
    event = unrecorded_event(places, people)
    shown = page(sign_in(people.secretary), places.branch)
    assert "三月学习: 还有 2 人没有登记 看考勤" in text(shown)
    assert f'href="{reverse("members:activity", args=[event.pk])}"' in shown.content.decode()
    make.attendance(event, people.zhang, "sick_leave", people.secretary)
    shown = text(page(sign_in(people.secretary), places.branch))
    assert "三月学习:到会 0 人,请假 1 人,缺席或替会 0 人, 还有 1 人没有登记" in shown
    assert "考勤还没有登记完: 3 月 20 日「三月学习」1 人。" in shown
    make.attendance(event, people.wang, "present", people.secretary)
    assert "没有登记" not in text(page(sign_in(people.secretary), places.branch)).partition("党费")[0]


def test_month_with_attendance_missing_is_confirmed_only_after_a_second_look(sign_in, half, places, people):
    unrecorded_event(places, people)
    client = sign_in(people.secretary)
    url = reverse("evaluations:confirm_month", args=[places.branch.pk, "2025-03"])
    seen = page(client, places.branch).context["seen"]
    refused = client.post(url, {"seen": seen})
    assert (refused.status_code, "有的活动考勤还没有登记完" in text(refused)) == (400, True)
    assert not MonthConfirmation.objects.exists()
    assert client.post(url, {"seen": seen, "as_it_is": "on"}).status_code == 302
    assert MonthConfirmation.objects.count() == 1


def test_month_page_names_the_group_that_met(sign_in, half, places, people):
    group = make.organization("第一小组", "group", places.branch)
    make.activity(group, people.secretary, datetime.date(2025, 3, 12), title="三月党小组会")
    shown = text(page(sign_in(people.secretary), places.branch))
    assert "三月党小组会(第一小组):还没有考勤" in shown
    assert "三月主题党日:到会 2 人" in shown


@pytest.mark.parametrize(("code", "period"), [("community-half-year", "2025H1"), ("street-annual", "2025")])
def test_month_page_leads_to_the_ledger_of_its_period(sign_in, half, places, people, code, period):
    version = SchemeVersion.objects.get(code=code)
    Adoption.objects.get_or_create(organization=places.branch, version=version, starts_on=datetime.date(2025, 1, 1))
    shown = page(sign_in(people.secretary), places.branch).content.decode()
    assert f'href="{reverse("reports:ledger", args=[people.zhang.pk])}?period={period}"' in shown


def test_month_page_names_who_has_not_paid(sign_in, half, places, people):
    make.dues(people.wang, MARCH, people.secretary, 10, 4, datetime.date(2025, 3, 20))
    make.dues(people.zhang, MARCH, people.secretary, 10, 10, datetime.date(2025, 3, 20))
    assert "应缴 2 人,没有缴清 1 人:王志强。" in text(page(sign_in(people.secretary), places.branch))


def test_month_page_names_whose_dues_nobody_has_recorded(sign_in, half, places, people):
    def dues(user=people.secretary):
        shown = page(sign_in(user), places.branch)
        link = f"{reverse('members:dues')}?organization={places.branch.pk}&amp;month=2025-03"
        return re.search(r"党费:(.*?) 本月新记录", text(shown))[1], link in shown.content.decode()

    assert dues() == (" 2 人都还没有登记 。 看 3 月党费", True)
    make.dues(people.zhang, MARCH, people.secretary, 10, 10, datetime.date(2025, 3, 20))
    assert dues() == (" 还没有登记 1 人 :王志强;其余 1 人都已缴清。 看 3 月党费", True)
    make.dues(people.wang, MARCH, people.secretary)
    assert dues() == ("应缴 2 人,没有缴清 1 人:王志强。", False)


def test_month_page_of_a_group_leader_names_those_of_the_group(sign_in, half, places, people):
    group = make.organization("第一小组", "group", places.branch)
    people.wang.memberships.update(organization=group)
    RoleAssignment.objects.filter(user=people.leader).update(organization=group)
    shown = page(sign_in(people.leader), places.branch)
    assert shown.context["without_dues"] == [people.wang]
    assert reverse("members:dues") + "?organization" not in shown.content.decode()


def test_discipline_is_kept_from_who_need_not_know(sign_in, half, places, people, adopted):
    discipline(people, adopted)
    confirm(places.branch, people.secretary)
    for user, sees in (
        (people.secretary, True),
        (people.general, True),
        (people.staff, True),
        (people.discipline, True),
        (people.auditor, False),
        (people.leader, False),
    ):
        shown = text(page(sign_in(user), places.branch))
        assert ("酒后打架" in shown) == sees
        assert ("遵守纪律的记录" in shown) != sees
        assert "−10" in shown


def test_month_as_a_workbook_has_the_lines_that_one_reads(sign_in, half, places, people, adopted):
    discipline(people, adopted)
    entry(people, adopted, "bonus.public_good", datetime.date(2025, 3, 20), "=义诊", status="rejected")
    rows = rows_of(page(sign_in(people.secretary), places.branch, export="xlsx"))
    assert rows == [
        ["党员", "补登", "记录", "情况", "影响", "条款", "说明"],
        ["张建国", None, "3 月 5 日 三月主题党日", "迟到", -4, "第四条第一款", None],
        ["张建国", None, "3 月 9 日 造成不良影响的违纪行为", None, -10, "第四条第四款", "酒后打架"],
        ["张建国", None, "3 月 20 日 参加公益事业", "没有通过审批", None, "第六条第一款", "=义诊"],
    ]
    hidden = rows_of(page(sign_in(people.auditor), places.branch, export="xlsx"))
    assert ["张建国", None, "第四条第四款 遵守纪律的记录", None, -10, "第四条第四款", None] in hidden
    assert "打架" not in str(hidden)


def test_question_on_discipline_is_kept_from_them_too(sign_in, half, places, people, adopted):
    discipline(people, adopted)
    line = next(line for line in monthly.lines_of(places.branch, MARCH) if line.is_sensitive)
    asked = services.ask_of_month(
        places.branch, MARCH, "是他先动手的吗?", actor=people.secretary, member=people.zhang, line=line
    )
    for user, sees in ((people.general, True), (people.auditor, False), (people.leader, False)):
        assert ("先动手" in text(page(sign_in(user), places.branch))) == sees
    answer = reverse("evaluations:settle_question", args=[asked.pk])
    assert sign_in(people.leader).get(answer).status_code == 404


def test_leader_of_a_group_sees_the_group(sign_in, half, places, people):
    groups = [make.organization(f"第{number}小组", "group", places.branch) for number in "一二"]
    for person, group in zip((people.zhang, people.wang), groups, strict=True):
        Membership.objects.filter(member=person).update(organization=group)
    RoleAssignment.objects.filter(user=people.leader).delete()
    RoleAssignment.objects.create(
        user=people.leader, role=Role.GROUP_LEADER, organization=groups[1], starts_on=make.LONG_AGO
    )
    Attendance.objects.filter(member=people.wang).update(status="absent")
    shown = text(page(sign_in(people.leader), places.branch))
    assert "王志强 3 月 5 日 三月主题党日 无故缺席 −5" in shown
    assert "张建国" not in shown
    confirm(places.branch, people.secretary)
    assert page(sign_in(people.leader), places.branch, name="month_sheet").status_code == 404
    assert page(sign_in(people.leader), places.sibling).status_code == 404


@pytest.mark.parametrize("month", ["2025-13", "2025-3", "x", "0001-01", "2999-01"])
def test_month_that_is_none_is_not_found(sign_in, half, places, people, month):
    url = reverse("evaluations:month", args=[places.branch.pk, month])
    assert sign_in(people.secretary).get(url).status_code == 404


def test_list_says_how_far_each_branch_is(sign_in, half, places, people):
    confirm(places.branch, people.secretary)
    services.ask_of_month(places.sibling, MARCH, "请核对", actor=people.general)
    shown = text(sign_in(people.staff).get(reverse("evaluations:months"), {"month": "2025-03"}))
    today = timezone.localdate()
    assert f"和平社区第一党支部 {today.month} 月 {today.day} 日确认 还没有公示" in shown
    assert "和平社区第二党支部 还没有审核 1 个问题" in shown
    assert "东风社区党支部" not in shown


@pytest.mark.parametrize("more", [0, 2])
def test_pages_take_the_same_queries(sign_in, half, places, people, django_assert_num_queries, more):
    for number in range(more):
        person = make.member(f"党员{number}", places.branch)
        make.attendance(half.event, person, "late", people.secretary)
        services.ask_of_month(places.branch, MARCH, "请核对", actor=people.leader, member=person)
        make.organization(f"第{number}支部", "branch", places.community)
        unrecorded_event(places, people, title=f"学习{number}")
    services.ask_of_month(places.branch, MARCH, "请核对", actor=people.leader, member=people.zhang)
    client = sign_in(people.general)
    with django_assert_num_queries(33):
        page(client, places.branch)
    with django_assert_num_queries(6):
        client.get(reverse("evaluations:months"), {"month": "2025-03"})


# What is read out -------------------------------------------------------------------------------


def test_merits_are_read_out_by_name_and_the_rest_is_not(sign_in, half, places, people, adopted):
    entry(people, adopted, "bonus.public_good", datetime.date(2025, 3, 20), "义诊", person=people.wang)
    discipline(people, adopted)
    confirm(places.branch, people.secretary)
    shown = text(page(sign_in(people.secretary), places.branch, name="month_sheet"))
    assert "王志强 3 月 20 日 参加公益事业,义诊 第六条第一款 +5" in shown
    assert "参加组织活动 第四条第一款 1 1 4" in shown
    assert "按条款办理 第四条第四款 — 1 —" in shown
    assert "张建国" not in shown
    assert "打架" not in shown
    assert "遵守纪律" not in shown


def test_sheet_to_read_out_as_a_workbook(sign_in, half, places, people, adopted):
    entry(people, adopted, "bonus.public_good", datetime.date(2025, 3, 20), "=义诊", person=people.wang)
    discipline(people, adopted)
    confirm(places.branch, people.secretary)
    response = page(sign_in(people.secretary), places.branch, name="month_sheet", export="xlsx")
    assert sheets_of(response) == {
        "加分": [
            ["党员", "事迹", "条款", "加分"],
            ["王志强", "3 月 20 日 参加公益事业,=义诊", "第六条第一款", 5],
        ],
        "扣分": [
            ["项目", "条款", "人数", "次数", "共扣"],
            ["参加组织活动", "第四条第一款", 1, 1, 4],
            ["按条款办理", "第四条第四款", "—", 1, "—"],
        ],
    }


def test_month_that_is_not_confirmed_is_not_read_out(sign_in, half, places, people):
    MonthReview.objects.create(organization=places.branch, month=MARCH)
    assert page(sign_in(people.secretary), places.branch, name="month_sheet").status_code == 404
