"""The quarterly publicity: the sheet as it hangs, its corrections, and objections to it."""

import datetime
import re

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from evaluations import freeze, quarterly, services
from evaluations.models import MonthQuestion, QuarterSheet
from members.models import Attendance, Exemption
from tests import factories as make

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


def test_difference_names_the_list_that_somebody_is_new_on(people):
    def content(*rows):
        return {"sections": [{"scheme": "s", "title": "《办法》第 1 版", "parts": [], "rows": list(rows)}]}

    row = [people.zhang.pk, "scored", {}, "1.00"]
    added, gone = (quarterly.differences(*both) for both in [(content(), content(row)), (content(row), content())])
    assert [one.words for one in added + gone] == [
        "《办法》第 1 版的名单里原来没有,现在有",
        "《办法》第 1 版的名单里原来有,现在没有",
    ]


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


@pytest.mark.parametrize("more", [0, 2])
def test_sheet_takes_the_same_queries(sign_in, half, places, people, django_assert_num_queries, more):
    for number in range(more):
        make.member(f"党员{number}", places.branch)
    publish(places.branch, people.secretary)
    client = sign_in(people.secretary)
    with django_assert_num_queries(24):
        page(client, places.branch)
