"""Every list sorts by its head, keeps its rows a page, and gives all that it shows as a workbook."""

import datetime
import io

import pytest
from django.test import RequestFactory
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from members import lists, services
from members.models import Member, VisitMonth
from members.tables import RosterTable
from tests import factories as make
from tests.workbooks import rows_of

pytestmark = pytest.mark.django_db
ACTIVITIES = reverse("members:activities")
ROSTER = reverse("members:roster")


@pytest.fixture
def secretary(sign_in, people):
    return sign_in(people.secretary)


@pytest.fixture
def meetings(places, people):
    """Three activities: the latest is the first by title."""
    days = {"丙会": 1, "乙会": 2, "甲会": 3}
    return [
        make.activity(places.branch, people.secretary, datetime.date(2025, 3, day), "theme_day", title)
        for title, day in days.items()
    ]


def titles(response) -> list[str]:
    return [row.title for row in response.context["page"]]


def test_without_a_wish_rows_come_in_their_usual_order(secretary, meetings):
    response = secretary.get(ACTIVITIES)
    assert titles(response) == ["甲会", "乙会", "丙会"]
    assert "aria-sort" not in response.text


def test_the_head_sorts_and_turns_round(secretary, meetings):
    first = secretary.get(ACTIVITIES, {"sort": "-date"})
    assert titles(first) == ["甲会", "乙会", "丙会"]
    assert 'aria-sort="descending"' in first.text
    assert 'href="?sort=date"' in first.text
    second = secretary.get(ACTIVITIES, {"sort": "date"})
    assert titles(second) == ["丙会", "乙会", "甲会"]
    assert 'aria-sort="ascending"' in second.text


@pytest.mark.parametrize("sort", ["nothing", "attendance", "pk", "organization__secret", "--date", "date;drop", ""])
def test_what_is_no_sortable_column_is_passed_over(secretary, meetings, sort):
    assert titles(secretary.get(ACTIVITIES, {"sort": sort})) == ["甲会", "乙会", "丙会"]


def test_sorting_stays_while_one_searches_and_turns_pages(secretary, places):
    for number in range(25):
        make.member(f"赵{number:02}", places.branch)
    response = secretary.get(ROSTER, {"sort": "-number", "rows": 20, "q": "赵"})
    assert '<input type="hidden" name="sort" value="-number">' in response.text
    assert 'href="?sort=-number&amp;rows=20&amp;q=%E8%B5%B5&amp;page=2"' in response.text


def test_rows_a_page_are_kept_by_the_browser(secretary, places):
    for number in range(60):
        make.member(f"赵{number:02}", places.branch)
    assert len(secretary.get(ROSTER).context["page"]) == 50
    assert len(secretary.get(ROSTER, {"rows": 20}).context["page"]) == 20
    assert len(secretary.get(ROSTER).context["page"]) == 20
    assert len(secretary.get(ROSTER, {"rows": 100}).context["page"]) == 62


@pytest.mark.parametrize("rows", ["0", "-1", "7", "1000000", "x", "20 "])
def test_other_numbers_of_rows_are_the_usual_one(secretary, rows):
    assert secretary.get(ROSTER, {"rows": rows}).context["table"].size == lists.USUAL_SIZE


def test_the_workbook_has_all_rows_in_the_order_of_the_page(secretary, meetings, people):
    make.attendance(meetings[0], people.zhang, "present", people.secretary)
    make.attendance(meetings[0], people.wang, "personal_leave", people.secretary)
    response = secretary.get(ACTIVITIES, {"sort": "date", "rows": 20, "export": "xlsx", "page": 9})
    assert response["Content-Type"] == "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    head, *rows = rows_of(response)
    assert head == [
        "日期",
        "活动",
        "类型",
        "组织",
        "已登记",
        "到会",
        "其中迟到、早退",
        "请假",
        "缺席、替会",
        "没有登记",
    ]
    assert rows[0] == ["2025-03-01", "丙会", "主题党日", "和平社区第一党支部", 2, 1, 0, 1, 0, 0]
    assert rows[1][-1] == 2
    assert [row[1] for row in rows] == ["丙会", "乙会", "甲会"]


def test_the_workbook_of_entries_tells_the_clause_and_the_matter_apart(secretary, people, adopted):
    day = datetime.date(2025, 4, 20)
    fields = {"date": day, "note": "义诊", "declared_by": people.secretary}
    make.entry(people.zhang, "bonus.public_good", version=adopted, **fields)
    head, row = rows_of(secretary.get(reverse("scoring:entries"), {"export": "xlsx"}))
    assert head[:6] == ["日期", "党员", "编号", "所在组织", "条款", "次数"]
    assert head[6:] == ["级别", "分值", "金额(元)", "半年", "奖项", "事由", "代报", "状态"]
    assert (row[4:6], row[11]) == (["参加公益事业", 1], "义诊")


def test_the_workbook_of_months_says_what_the_page_says(secretary, people, adopted):
    _, row = rows_of(secretary.get(reverse("evaluations:months"), {"month": "2025-03", "export": "xlsx"}))
    assert row == ["和平社区第一党支部", "还没有审核", 0, "还没有公示", None]


def test_the_workbook_has_nobody_elses_rows(secretary, meetings, places, people):
    make.activity(places.foreign, people.outsider, datetime.date(2025, 3, 9), "theme_day", "别街道的会")
    rows = rows_of(secretary.get(ACTIVITIES, {"export": "xlsx"}))
    assert "别街道的会" not in str(rows)
    assert len(rows) == 4


def test_what_somebody_typed_is_never_a_formula(secretary, places, people):
    make.activity(places.branch, people.secretary, datetime.date(2025, 3, 1), "theme_day", "=1+1")
    book = load_workbook(io.BytesIO(secretary.get(ACTIVITIES, {"export": "xlsx"}).content))
    assert (book.active["B2"].value, book.active["B2"].data_type) == ("=1+1", "s")


def test_too_many_rows_for_one_workbook_are_refused_with_a_way_out(secretary, meetings, monkeypatch):
    monkeypatch.setattr(lists, "MOST_EXPORTED", 2)
    response = secretary.get(ACTIVITIES, {"export": "xlsx", "sort": "date"}, follow=True)
    assert response.redirect_chain == [(f"{ACTIVITIES}?sort=date", 302)]
    assert "一次最多导出 2 行,现在有 3 行。请先按条件查找,缩小范围再导出。" in response.text


# Grids -----------------------------------------------------------------------------------------


def test_attendance_as_a_workbook_tells_what_is_on_record(secretary, meetings, people):
    make.attendance(meetings[0], people.zhang, "late", people.secretary)
    head, *rows = rows_of(secretary.get(reverse("members:activity", args=[meetings[0].pk]), {"export": "xlsx"}))
    assert head == ["编号", "姓名", "情况", "登记人", "登记时间"]
    by_name = {row[1]: row[2:4] for row in rows}
    assert by_name == {"张建国": ["迟到", "李秀英"], "王志强": ["未登记", None]}


JANUARY, FEBRUARY, MARCH = (datetime.date(2026, month, 1) for month in (1, 2, 3))


@pytest.fixture
def paying(people):
    """Zhang has paid January in two parts, part of February, and is excused from March; Wang's dues are only decided."""
    owed = make.dues(people.zhang, JANUARY, people.secretary, 10, 4, datetime.date(2026, 1, 9))
    rest = {"amount_yuan": 6, "paid_on": datetime.date(2026, 2, 1), "payer": "王丽", "recorded_by": people.secretary}
    owed.payments.create(**rest)
    make.dues(people.zhang, FEBRUARY, people.secretary, 10, 4, datetime.date(2026, 2, 9))
    excused = make.dues(people.zhang, MARCH, people.secretary, 10)
    excused.excused, excused.excuse, excused.excused_by = True, "住院", "支委会"
    excused.save()
    make.base(people.wang, JANUARY, "employed", pay="3800", by=people.secretary)
    return people


def month_book(client, month="2026-01"):
    head, *rows = rows_of(client.get(reverse("members:dues"), {"month": month, "export": "xlsx"}))
    return head, {row[1]: row[2:] for row in rows}


def test_dues_of_a_month_as_a_workbook(secretary, paying):
    head, by_name = month_book(secretary)
    assert head[2:] == [
        "应缴(元)", "应缴说明", "已缴(元)", "还欠(元)", "各笔缴纳", "缓缴或免缴", "以前的欠缴"
    ]  # fmt: skip
    payments = "2026-01-09 缴 4.00 元;2026-02-01 缴 6.00 元,王丽代缴"
    assert by_name == {
        "张建国": [10, "还没有核定", 10, 0, payments, None, None],
        "王志强": [38, "还没有登记", 0, 38, "未缴", None, None],
    }
    _, by_name = month_book(secretary, "2026-03")
    *cells, arrears = by_name["张建国"]
    assert cells == [10, "还没有核定", 0, 0, "未缴", "住院(支委会批准)"]
    assert arrears.startswith("欠 1 个月")


def test_dues_of_a_month_as_a_workbook_show_readers_what_is_on_record(people, paying, sign_in):
    client = sign_in(people.leader)
    head, by_name = month_book(client)
    assert head[2:5] == ["应缴(元)", "已缴(元)", "还欠(元)"]
    assert by_name["王志强"][:4] == [None, 0, None, "未缴"]
    assert by_name["张建国"][:3] == [10, 10, 0]


def half_book(client):
    head, *rows = rows_of(client.get(reverse("members:dues_half"), {"half": "2026H1", "export": "xlsx"}))
    return head, {row[1]: row[2:] for row in rows}


def test_dues_of_a_half_year_as_a_workbook(people, places, paying, sign_in):
    services.transfer_member(people.zhang, places.sibling, datetime.date(2026, 6, 15), actor=people.staff)
    head, by_name = half_book(sign_in(people.secretary))
    months = [f"{month} 月{what}" for month in range(1, 7) for what in ("已缴(元)", "情况")]
    assert head[2:] == [*months, "应缴合计", "已缴合计", "还欠合计", "欠缴"]
    *cells, arrears = by_name["张建国"]
    assert cells == [
        *(10, "2026-01-09 缴 4.00 元;2026-02-01 缴 6.00 元,王丽代缴"),
        *(4, "2026-02-09 缴 4.00 元;欠 6.00"),
        *(0, "缓缴或免缴:住院(支委会批准)"),
        *(0, "没有登记,应缴 10.00") * 2,
        *(None, "不在本支部"),
        *(40, 14, 26),
    ]
    assert arrears.startswith("欠 1 个月")
    assert by_name["王志强"] == [*(0, "没有登记,应缴 38.00") * 6, 228, 0, 228, None]
    _, by_name = half_book(sign_in(people.leader))
    assert by_name["王志强"] == [*(0, "没有登记") * 6, 0, 0, 0, None]
    assert by_name["张建国"][-4:-1] == [20, 14, 6]


def test_visits_as_a_workbook(secretary, people):
    VisitMonth.objects.create(member=people.zhang, month=datetime.date(2026, 1, 1), assigned=5, visited=3)
    head, *rows = rows_of(secretary.get(reverse("members:visits"), {"month": "2026-01", "export": "xlsx"}))
    assert head[2:] == ["1 月联系户数", "1 月走访户数"]
    assert {row[1]: row[2:] for row in rows} == {"张建国": [5, 3], "王志强": [None, None]}
    half = rows_of(secretary.get(reverse("members:visits_half"), {"half": "2026H1", "export": "xlsx"}))
    assert half[0][2:4] == ["1 月联系户数", "1 月走访户数"]
    assert len(half[0]) == 14


def test_grids_as_workbooks_say_of_whom_nothing_is_asked(secretary, people, places):
    """As on the pages: Wang was away until the tenth of February and left in the middle of May."""
    year = timezone.localdate().year - 1
    people.wang.mobility = "migrant"
    people.wang.save()
    services.change_mobility(people.wang, "resident", datetime.date(year, 2, 10), actor=people.staff)
    services.transfer_member(people.wang, places.sibling, datetime.date(year, 5, 15), actor=people.staff)
    VisitMonth.objects.create(member=people.wang, month=datetime.date(year, 3, 1), assigned=5, visited=3)
    half = rows_of(secretary.get(reverse("members:visits_half"), {"half": f"{year}H1", "export": "xlsx"}))
    assert {row[1]: row[2::2] for row in half}["王志强"] == ["不在家", None, 5, None, "不在本支部", "不在本支部"]
    reports = rows_of(secretary.get(reverse("members:migrant_reports"), {"year": year, "export": "xlsx"}))
    assert [row[1:] for row in reports[1:]] == [["王志强", None, "不是流动党员", "不在本支部", "不在本支部"]]


def test_no_pay_leaves_by_an_export(secretary):
    page = secretary.get(reverse("members:dues_bases"), {"export": "xlsx"})
    assert page["Content-Type"].startswith("text/html")
    assert "导出这张表" not in page.text


def test_a_list_is_sorted_by_the_database_in_one_query(people, django_assert_num_queries):
    request = RequestFactory().get(ROSTER, {"sort": "-branch_name"})
    with django_assert_num_queries(2):  # how many there are, and the page
        list(RosterTable(Member.objects.with_branch(), request).page)
