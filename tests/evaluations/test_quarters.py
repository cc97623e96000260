"""The quarterly publicity: the sheet as it hangs, its corrections, and objections to it."""

import datetime
import re

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connection, transaction
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone

from evaluations import freeze, quarterly, services
from evaluations.models import MonthQuestion, QuarterSheet
from members.exports import write_sheets
from members.models import Attendance, Exemption
from tests import factories as make
from tests.workbooks import sheets_of

pytestmark = pytest.mark.django_db
MARCH = datetime.date(2025, 3, 1)


def text(response) -> str:
    """The page's text with runs of white space as one space."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def page(client, branch, name="quarter", quarter="2025Q1", **query):
    return client.get(reverse(f"evaluations:{name}", args=[branch.pk, quarter], query=query))


def publish(branch, actor, quarter="2025Q1", reason=""):
    seen = quarterly.Content(quarterly.content_of(branch, quarter)).digest
    return services.publish_quarter(branch, quarter, seen=seen, actor=actor, reason=reason)


def table(response) -> list[str]:
    rows = re.findall(r"<tr>(.*?)</tr>", response.content.decode(), re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in rows]


@pytest.fixture
def number(people):
    people.zhang.number, people.wang.number = "A1", "A2"
    people.zhang.save()
    people.wang.save()


def content(*sections):
    return {
        "sections": [
            {"scheme": code, "title": f"《{code}》第 1 版", "parts": [["daily", "日常考核"]], "rows": list(rows)}
            for code, rows in sections
        ]
    }


def row(person, points="94.00"):
    return [person.pk, "scored", {"daily": points}, None]


def said(before, now):
    return [(one.words, [str(member) for member in one.members]) for one in quarterly.differences(before, now)]


@pytest.mark.usefixtures("number")
def test_who_came_on_the_list_and_who_went_is_one_sentence(people):
    both, none = content(("甲", [row(people.zhang), row(people.wang)])), content(("甲", []))
    assert said(none, both) == [("名单里新增", ["张建国", "王志强"])]
    assert said(both, none) == [("名单里减少", ["张建国", "王志强"])]
    assert said(both, both) == []


@pytest.mark.usefixtures("number")
def test_list_is_named_where_there_are_several(people):
    before = content(("甲", [row(people.wang)]), ("乙", []))
    now = content(("甲", [row(people.wang), row(people.zhang)]), ("乙", [row(people.zhang)]))
    assert said(before, now) == [("《甲》的名单里新增", ["张建国"]), ("《乙》的名单里新增", ["张建国"])]


@pytest.mark.usefixtures("number")
def test_people_of_the_same_change_are_one_sentence(people):
    before = content(("甲", [row(people.zhang), row(people.wang)]))
    now = content(("甲", [row(people.zhang, "93.00"), row(people.wang, "93.00")]))
    assert said(before, now) == [("日常考核 94.00 → 93.00", ["张建国", "王志强"])]


def test_corrected_sheet_names_a_dozen_and_unfolds_the_rest(sign_in, half, places, people):
    publish(places.branch, people.secretary)
    for number in range(14):
        make.member(f"新{number}", places.branch)
    shown = page(sign_in(people.secretary), places.branch)
    names = "、".join(f"新{number}" for number in range(12))
    assert f"名单里新增 14 人:{names} 等 另外 2 人 新12、新13" in text(shown)
    assert "<details><summary>另外 2 人</summary>新12、新13</details>" in shown.content.decode()


def test_who_is_scored_under_two_schemes_is_one_person(people):
    found = quarterly.Content(content(("甲", [row(people.zhang), row(people.wang)]), ("乙", [row(people.zhang)])))
    assert found.people == 2


@pytest.mark.usefixtures("number")
def test_sheet_has_everybody_s_points_up_to_the_quarter_s_end(sign_in, half, places, people, adopted):
    later = make.activity(places.branch, people.secretary, datetime.date(2025, 4, 2))
    make.attendance(later, people.zhang, "absent", people.secretary)  # of the next quarter
    Exemption.objects.create(member=make.member("老人", places.branch, number="A3"), reason="年老", starts_on=MARCH)
    shown = page(sign_in(people.secretary), places.branch)
    assert table(shown) == [
        "编号 姓名 日常考核 加分",
        "A1 张建国 94.00 0.00",
        "A2 王志强 100.00 0.00",
        "A3 老人 免予考核",
    ]
    assert "民主评议还没有结果,到时再算。" in text(shown)
    assert "按名册编号排列,不是名次。共 3 人。" in text(shown)


@pytest.mark.usefixtures("number")
def test_sheet_of_the_last_quarter_has_the_appraisal_and_totals(sign_in, half, places, people):
    assert table(page(sign_in(people.secretary), places.branch, quarter="2025Q2")) == [
        "编号 姓名 日常考核 民主评议 加分 合计",
        "A1 张建国 94.00 90.00 0.00 92.40",
        "A2 王志强 100.00 — 0.00 —",
    ]


@pytest.mark.usefixtures("number")
def test_sheet_as_a_workbook_says_what_the_page_says(sign_in, half, places, people):
    Exemption.objects.create(member=make.member("=老人", places.branch, number="A3"), reason="年老", starts_on=MARCH)
    client = sign_in(people.secretary)
    (rows,) = sheets_of(page(client, places.branch, quarter="2025Q2", export="xlsx")).values()
    assert rows == [
        ["编号", "姓名", "日常考核", "民主评议", "加分", "合计"],
        ["A1", "张建国", 94, 90, 0, 92.4],
        ["A2", "王志强", 100, "—", 0, "—"],
        ["A3", "=老人", "免予考核", None, None, None],
    ]
    publish(places.branch, people.secretary)
    Attendance.objects.filter(member=people.zhang).update(status="absent")
    publish(places.branch, people.secretary, reason="考勤记错了")
    for edition, points in (("1", 94), ("2", 93)):
        (rows,) = sheets_of(page(sign_in(people.member), places.branch, edition=edition, export="xlsx")).values()
        assert rows[1] == ["A1", "张建国", points, 0]
    assert page(sign_in(people.outsider), places.branch, export="xlsx").status_code == 404


def test_sheet_under_two_schemes_has_two_tables(people):
    found = quarterly.Content(content(("甲/乙", [row(people.zhang)]), ("丙", [row(people.wang, None)])))
    book = write_sheets(section.sheet for section in found.sections)
    assert sheets_of(HttpResponse(book)) == {
        "《甲 乙》第 1 版": [["编号", "姓名", "日常考核"], [people.zhang.number, "张建国", 94]],
        "《丙》第 1 版": [["编号", "姓名", "状态"], [people.wang.number, "王志强", "已计分"]],
    }


def test_sheet_stays_as_it_hung(sign_in, half, places, people):
    publish(places.branch, people.secretary)
    hung = table(page(sign_in(people.member), places.branch))
    Attendance.objects.filter(member=people.zhang).update(status="absent")
    assert table(page(sign_in(people.member), places.branch)) == hung
    note = "公示以后记录有变动,现在算出来与公示的不同: 张建国:日常考核 94.00 → 93.00"
    assert note in text(page(sign_in(people.secretary), places.branch))
    assert "公示以后记录有变动" not in text(page(sign_in(people.member), places.branch))


def test_correction_is_a_further_edition_with_its_reason(sign_in, half, places, people):
    first = publish(places.branch, people.secretary)
    assert publish(places.branch, people.secretary) == first  # nothing has changed
    Attendance.objects.filter(member=people.zhang).update(status="absent")
    with pytest.raises(ValidationError, match="请写明更正的理由"):
        publish(places.branch, people.secretary)
    second = publish(places.branch, people.secretary, reason="三月活动记错")
    assert (second.number, second.reason) == (2, "三月活动记错")
    shown = text(page(sign_in(people.member), places.branch))
    assert "更正的理由: 三月活动记错" in shown
    assert "张建国:日常考核 94.00 → 93.00" in shown
    assert "94.00" in " ".join(table(page(sign_in(people.member), places.branch, edition="1")))
    assert page(sign_in(people.member), places.branch, edition="3").status_code == 404


def test_publishing_from_the_page(sign_in, half, places, people, settings):
    client = sign_in(people.secretary)
    url = reverse("evaluations:publish_quarter", args=[places.branch.pk, "2025Q1"])
    refused = client.post(url, {"seen": "another"})
    assert (refused.status_code, "您打开这一页以后记录又有变动" in text(refused)) == (400, True)
    assert client.post(url, {"seen": client.get(url).context["content"].digest}).status_code == 302
    sheet = QuarterSheet.objects.get()
    assert sheet.objections_until == timezone.localdate() + datetime.timedelta(days=settings.OBJECTION_DAYS)
    refused = client.post(url, {"seen": sheet.digest, "reason": ""})
    assert (refused.status_code, "请写明更正的理由,公示单上会写出来。" in text(refused)) == (400, True)


def test_running_quarter_and_empty_branch_are_not_published(half, places, people):
    quarter = f"{timezone.localdate():%Y}Q{(timezone.localdate().month + 2) // 3}"
    with pytest.raises(ValidationError, match="这个季度还没有结束"):
        publish(places.branch, people.secretary, quarter)
    empty = make.organization("空支部", "branch", places.community)
    with pytest.raises(ValidationError, match="没有可以公示的分数"):
        publish(empty, people.general)


def test_only_the_branch_s_office_publishes(half, places, people):
    for other in (people.leader, people.general, people.staff, people.outsider):
        with pytest.raises(PermissionDenied):
            publish(places.branch, other)


@pytest.mark.django_db(transaction=True)
def test_database_keeps_sheets(half, places, people):
    publish(places.branch, people.secretary)
    for sql in ("UPDATE evaluations_quartersheet SET reason = 'x'", "DELETE FROM evaluations_quartersheet"):
        with pytest.raises(IntegrityError, match=freeze.RECORD), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)


@pytest.mark.parametrize("quarter", ["2025Q5", "2025", "x", "2999Q1"])
def test_quarter_that_is_none_is_not_found(sign_in, half, places, people, quarter):
    assert page(sign_in(people.secretary), places.branch, quarter=quarter).status_code == 404


def test_before_it_is_published_members_find_nothing(sign_in, half, places, people):
    assert page(sign_in(people.member), places.branch).status_code == 404
    publish(places.branch, people.secretary)
    shown = text(sign_in(people.member).get(reverse("reports:boards")))
    assert "2025 年第一季度积分公示单" in shown
    assert page(sign_in(people.outsider), places.branch).status_code == 404


# Objections -------------------------------------------------------------------------------------


def test_member_objects_to_the_own_line_and_reads_the_answer(sign_in, half, places, people):
    publish(places.branch, people.secretary)
    client = sign_in(people.member)
    url = reverse("evaluations:object_to_quarter", args=[places.branch.pk, "2025Q1"])
    refused = client.post(url, {"text": ""})
    assert (refused.status_code, "请写明哪里不对,应该是怎样。" in text(refused)) == (400, True)
    client.post(url, {"text": "三月我没有迟到", "member": people.wang.pk})
    asked = MonthQuestion.objects.get()
    assert (asked.member, asked.review.month, asked.is_open) == (people.zhang, MARCH, True)
    services.settle_question(asked, "查签到表,八点四十分到。", actor=people.secretary)
    assert "查签到表,八点四十分到。" in text(page(client, places.branch))
    assert "三月我没有迟到" not in text(page(sign_in(people.leader), places.branch))


def test_objection_keeps_the_last_month_from_being_confirmed(half, places, people):
    sheet = publish(places.branch, people.secretary)
    services.object_to_sheet(sheet, people.zhang, "不对", actor=people.member)
    with pytest.raises(ValidationError, match="还有 1 个问题"):
        services.confirm_month(places.branch, MARCH, seen="", actor=people.secretary)


def test_secretary_puts_down_what_somebody_else_says(sign_in, half, places, people):
    publish(places.branch, people.secretary)
    url = reverse("evaluations:object_to_quarter", args=[places.branch.pk, "2025Q1"])
    client = sign_in(people.secretary)
    assert client.post(url, {"text": "不对", "member": people.liu.pk, "on_behalf_of": "李大妈"}).status_code == 400
    client.post(url, {"text": "不对", "member": people.wang.pk, "on_behalf_of": "李大妈"})
    asked = MonthQuestion.objects.get()
    assert (asked.member, asked.on_behalf_of) == (people.wang, "李大妈")


def test_objections_end_with_the_window_and_go_to_the_latest_edition(half, places, people, monkeypatch):
    first = publish(places.branch, people.secretary)
    Attendance.objects.filter(member=people.zhang).update(status="absent")
    second = publish(places.branch, people.secretary, reason="记错")
    with pytest.raises(ValidationError, match="这一版公示单已经更正"):
        services.object_to_sheet(first, people.zhang, "不对", actor=people.member)
    over = second.objections_until + datetime.timedelta(days=1)
    monkeypatch.setattr("django.utils.timezone.localdate", lambda *args: over)
    with pytest.raises(ValidationError, match="现在不能再提出"):
        services.object_to_sheet(second, people.zhang, "不对", actor=people.member)


def objected(places, people, member=None, actor=None):
    sheet = publish(places.branch, people.secretary)
    return services.object_to_sheet(sheet, member or people.zhang, "三月我没有迟到", actor=actor or people.member)


def test_objection_waits_on_the_sheet_for_its_answer(sign_in, half, places, people):
    asked = objected(places, people)
    answer = reverse("evaluations:settle_question", args=[asked.pk])
    for user, answers in ((people.secretary, True), (people.general, True), (people.member, False)):
        shown = page(sign_in(user), places.branch)
        assert "没有答复 张建国:三月我没有迟到" in text(shown)
        assert (answer in shown.content.decode()) == answers
    assert "等支部核对,答复写在这里。" in text(page(sign_in(people.member), places.branch))
    answered = sign_in(people.secretary).post(answer, {"answer": "查签到表,八点四十分到。"}, follow=True)
    assert answered.redirect_chain[-1][0] == reverse("evaluations:quarter", args=[places.branch.pk, "2025Q1"])
    assert "已答复 张建国:三月我没有迟到" in text(page(sign_in(people.member), places.branch))
    for user in (people.auditor, people.leader):
        assert "没有迟到" not in text(page(sign_in(user), places.branch))


@pytest.mark.parametrize("month", ["2025-03", "2025-04", "2025-05"])
def test_list_of_months_says_how_many_objections_wait(sign_in, half, places, people, month):
    asked = objected(places, people)
    listed = reverse("evaluations:months")
    for user in (people.secretary, people.general):
        assert re.search(r"异议截止 \d+ 月 \d+ 日 1 条异议", text(sign_in(user).get(listed, {"month": month})))
    assert "条异议" not in text(sign_in(people.auditor).get(listed, {"month": month}))
    services.settle_question(asked, "没有错", actor=people.secretary)
    assert "条异议" not in text(sign_in(people.general).get(listed, {"month": month}))


def waiting(user):
    return [question.pk for question in quarterly.objections_to_answer(user)]


def test_objection_waits_for_the_branch_s_office(half, places, people):
    asked = objected(places, people)
    assert waiting(people.secretary) == [asked.pk]
    for user in (people.general, people.staff, people.member, people.leader, people.outsider, people.auditor):
        assert waiting(user) == []
    services.settle_question(asked, "没有错", actor=people.secretary)
    assert waiting(people.secretary) == []


def test_objection_of_the_secretary_waits_for_the_general_branch(half, places, people):
    people.member.member = None
    people.member.save()
    people.secretary.member = people.zhang
    people.secretary.save()
    asked = objected(places, people, actor=people.secretary)
    assert (waiting(people.secretary), waiting(people.general), waiting(people.staff)) == ([], [asked.pk], [])


@pytest.mark.parametrize("more", [0, 2])
def test_sheet_takes_the_same_queries(sign_in, half, places, people, django_assert_num_queries, more):
    for number in range(more):
        make.member(f"党员{number}", places.branch)
    sheet = publish(places.branch, people.secretary)
    for number in range(more + 1):
        services.object_to_sheet(sheet, people.zhang, f"不对{number}", actor=people.member)
    client = sign_in(people.secretary)
    with django_assert_num_queries(24):
        page(client, places.branch)
