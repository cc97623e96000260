"""Reports of members who are away: a year of an organisation, by quarters."""

import datetime

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from members import services
from members.dates import quarter_days, quarter_name, quarter_of, quarters_of
from members.models import ClosedPeriod, Membership, MigrantReport
from tests import factories as make

TODAY = timezone.localdate()
YEAR = TODAY.year - 1  # all of its quarters have begun
URL = reverse("members:migrant_reports")
PAGE = f"{URL}?year={YEAR}"
Q1, Q2, Q3, Q4 = quarters_of(YEAR)
DAY, OTHER_DAY = datetime.date(YEAR, 3, 5), datetime.date(YEAR, 3, 6)


def sent(member, seen=None, **days):
    """What the browser sends for a row; `seen` holds the days that the page showed, by quarter."""
    shown = "|".join(str((seen or {}).get(quarter, "")) for quarter in quarters_of(YEAR))
    fields = {quarter: str(days.get(quarter[-2:], "")) for quarter in quarters_of(YEAR)}
    return {f"m{member.pk}-{name}": value for name, value in {"seen": shown, **fields}.items()}


def record(member):
    return dict(member.migrant_reports.values_list("quarter", "reported_on"))


def close(place, title="上一年", starts_on=datetime.date(YEAR, 1, 1), ends_on=datetime.date(YEAR, 12, 31)):
    ClosedPeriod.objects.create(organization=place, title=title, starts_on=starts_on, ends_on=ends_on)


@pytest.fixture
def away(places):
    return make.member("马外出", places.branch, mobility="migrant")


def test_reports_list_who_is_away_or_reported(people, places, away, sign_in):
    MigrantReport.objects.create(member=people.wang, quarter=Q2, reported_on=datetime.date(YEAR, 5, 1))
    make.member("定居", places.branch, mobility="abroad")
    page = sign_in(people.secretary).get(PAGE)
    assert [row.member.name for row in page.context["rows"]] == ["王志强", "马外出"]
    assert [row.member.name for row in sign_in(people.secretary).get(URL).context["rows"]] == ["马外出"]


def test_reports_save_together_with_history(people, away, sign_in):
    data = sent(away, Q1=DAY, Q2=datetime.date(YEAR, 8, 1))
    assert sign_in(people.secretary).post(PAGE, data).status_code == 302
    assert record(away) == {Q1: DAY, Q2: datetime.date(YEAR, 8, 1)}
    changes = away.changes.filter(kind="report").order_by("key")
    assert [(each.key, each.title, each.old, each.new) for each in changes] == [
        (f"quarter:{Q1}", f"{YEAR} 年第一季度流动党员汇报", "", f"{DAY} 汇报"),
        (f"quarter:{Q2}", f"{YEAR} 年第二季度流动党员汇报", "", f"{YEAR}-08-01 汇报"),
    ]


def present(member, **fields):
    """What the browser sends for a row of the present year."""
    return {f"m{member.pk}-{name}": value for name, value in {"seen": "|||", **fields}.items()}


def test_report_of_today_is_a_tick(people, places, away, sign_in):
    client, quarter = sign_in(people.secretary), quarter_of(TODAY)
    assert client.post(URL, present(away, today="on")).status_code == 302
    assert record(away) == {quarter: TODAY}
    page = client.get(URL)
    assert "today" not in page.context["rows"][0].fields
    index = int(quarter[-1]) - 1
    assert [each["count"] for each in page.context["reported"]] == [0] * index + [1] + [None] * (3 - index)
    other = make.member("常在外", places.branch, mobility="migrant")
    both = client.post(URL, present(other, today="on", **{quarter: f"{TODAY}"}))
    assert both.context["errors"] == [f"常在外{quarter_name(quarter)}:写了日期,又勾了今天汇报,请只留一样。"]
    assert record(other) == {}


def test_reports_are_corrected_and_taken_back(people, away, sign_in):
    client = sign_in(people.secretary)
    client.post(PAGE, sent(away, Q1=DAY))
    client.post(PAGE, sent(away, {Q1: DAY}, Q1=OTHER_DAY))
    assert record(away) == {Q1: OTHER_DAY}
    client.post(PAGE, sent(away, {Q1: OTHER_DAY}))
    assert record(away) == {}
    last = away.changes.first()
    assert (last.old, last.new) == (f"{OTHER_DAY} 汇报", "登记有误,已撤销")
    page = client.post(PAGE, sent(away), follow=True)
    assert [str(each) for each in page.context["messages"]][-1] == "没有改动。"


@pytest.mark.parametrize(
    ("day", "sentence"),
    [
        (f"{YEAR}-02-30", "汇报日期不存在,请写成 2025-03-05 的样子。"),
        ("三月", "汇报日期不存在,请写成 2025-03-05 的样子。"),
        ("2999-01-01", "汇报日期 2999-01-01 还没有到。"),
        (f"{YEAR}-03-31", f"汇报日期 {YEAR}-03-31 在第二季度开始以前,请核对。"),
    ],
)
def test_reports_refuse_with_name_and_sentence_and_keep_the_input(people, away, sign_in, day, sentence):
    page = sign_in(people.secretary).post(PAGE, sent(away, Q1=DAY, Q2=day))
    assert page.context["errors"] == [f"马外出第二季度:{sentence}"]
    assert page.context["rows"][0][Q2].value() == day
    assert 'data-guard="unsaved"' in page.content.decode()
    assert record(away) == {}


def test_reports_of_a_quarter_to_come_have_no_field(people, places, away, sign_in):
    page = sign_in(people.secretary).get(URL)
    begun = (TODAY.month - 1) // 3 + 1
    assert [bool(cell["field"]) for cell in page.context["rows"][0].cells] == [number < begun for number in range(4)]
    following = quarters_of(TODAY.year + 1)[0]
    line = services.ReportLine(away, {}, {following: TODAY})
    with pytest.raises(ValidationError, match=f"{TODAY.year + 1} 年第一季度还没有到"):
        services.record_reports(places.branch, [line], actor=people.secretary)
    assert record(away) == {}


def test_reports_of_a_settled_year_stay(people, places, away, sign_in):
    MigrantReport.objects.create(member=away, quarter=Q1, reported_on=DAY)
    close(places.street)
    client = sign_in(people.secretary)
    shown = client.get(PAGE)
    assert f"{quarter_name(f'{YEAR}Q4')}和以前的汇报不能再改:那时的考核已经办结。" in shown.content.decode()
    assert [cell["field"] for cell in shown.context["rows"][0].cells] == [None] * 4
    refused = client.post(PAGE, sent(away, {Q1: DAY}, Q1=DAY, Q2=datetime.date(YEAR, 5, 1)))
    assert "已经办结" in refused.context["errors"][0]
    assert refused.context["rows"][0][Q2].value() == f"{YEAR}-05-01"
    assert record(away) == {Q1: DAY}


def test_reports_after_a_settled_half_can_be_written(people, places, away, sign_in):
    MigrantReport.objects.create(member=away, quarter=Q1, reported_on=DAY)
    close(places.branch, "上半年", ends_on=datetime.date(YEAR, 6, 30))
    client = sign_in(people.secretary)
    assert [bool(cell["field"]) for cell in client.get(PAGE).context["rows"][0].cells] == [False, False, True, True]
    data = sent(away, {Q1: DAY}, Q3=datetime.date(YEAR, 9, 1))
    open_only = {key: value for key, value in data.items() if not key.endswith(("Q1", "Q2"))}
    assert client.post(PAGE, open_only).status_code == 302
    assert record(away) == {Q1: DAY, Q3: datetime.date(YEAR, 9, 1)}


def test_reports_changed_by_two_people_are_told(people, away, sign_in):
    sign_in(people.staff).post(PAGE, sent(away, Q1=DAY))
    client = sign_in(people.secretary)
    assert client.post(PAGE, sent(away, Q1=DAY)).status_code == 302
    page = client.post(PAGE, sent(away, Q1=OTHER_DAY, Q2=datetime.date(YEAR, 5, 1)))
    assert page.status_code == 409
    assert f"第一季度:陈政工登记为 {DAY} 汇报" in page.content.decode()
    assert page.context["rows"][0][Q1].value() == OTHER_DAY
    assert record(away) == {Q1: DAY, Q2: datetime.date(YEAR, 5, 1)}


@pytest.mark.parametrize("seen", ["x", "|", "1|2|3|4", ""])
def test_reports_take_no_forged_state(people, away, sign_in, seen):
    data = sent(away, Q1=DAY) | {f"m{away.pk}-seen": seen}
    page = sign_in(people.secretary).post(PAGE, data)
    assert page.context["errors"] == ["马外出:页面已过期,请刷新后重新填写。"]
    assert record(away) == {}


@pytest.mark.parametrize("query", [{"year": "1999"}, {"year": "x"}, {"organization": "foreign"}])
def test_reports_refuse_a_filter_they_did_not_offer(people, places, away, sign_in, query):
    if query.get("organization"):
        query = {"organization": places.foreign.pk}
    page = sign_in(people.secretary).get(URL, query)
    assert page.context["form"].errors
    assert "rows" not in page.context
    assert sign_in(people.secretary).post(f"{URL}?year=x", sent(away)).status_code == 404


def test_reports_need_the_role(people, away, sign_in):
    assert sign_in(people.member).get(PAGE).status_code == 403
    for user in (people.general, people.leader, people.auditor, people.discipline):
        page = sign_in(user).get(PAGE)
        assert (page.status_code, page.context["editable"]) == (200, False)
        assert sign_in(user).post(PAGE, sent(away, Q1=DAY)).status_code == 403


def test_reports_query_count_does_not_grow(people, places, away, sign_in):
    client = sign_in(people.secretary)
    client.get(PAGE)
    counts = []
    for there in ([away], [away, *(make.member(name, places.branch, mobility="migrant") for name in "甲乙")]):
        MigrantReport.objects.all().delete()
        data = {key: value for member in there for key, value in sent(member, Q1=DAY).items()}
        with CaptureQueriesContext(connection) as written:
            client.post(PAGE, data)
        with CaptureQueriesContext(connection) as read:
            client.get(PAGE)
        counts.append((len(written), len(read)))
    assert MigrantReport.objects.count() == 3
    assert counts[0] == counts[1]


@pytest.mark.parametrize("quarter", ["2025Q5", "2025H1", "25Q1"])
def test_report_refuses_a_quarter_that_is_none(away, quarter):
    with pytest.raises(ValidationError, match="季度要写成 2025Q1 的样子。"):
        MigrantReport(member=away, quarter=quarter, reported_on=DAY).full_clean()


# Coming and going -------------------------------------------------------------------------------


@pytest.fixture
def home(people, places):
    """Wang, who was away until the third of July, and belonged to the sibling up to the end of March."""
    wang = people.wang
    wang.memberships.update(organization=places.sibling, ends_on=datetime.date(YEAR, 3, 31))
    Membership.objects.create(member=wang, organization=places.branch, starts_on=datetime.date(YEAR, 4, 1))
    wang.mobility = "migrant"
    wang.save()
    services.change_mobility(wang, "resident", datetime.date(YEAR, 7, 3), actor=people.staff)
    return wang


def nothings(page):
    return [[cell["nothing"] for cell in row.cells] for row in page.context["rows"]]


def test_who_came_home_still_reports_for_the_time_before(people, places, home, sign_in):
    client = sign_in(people.secretary)
    page = client.get(PAGE)
    assert nothings(page) == [["不在本支部", "没有汇报", "没有汇报", "不是流动党员"]]
    assert [[bool(cell["field"]) for cell in row.cells] for row in page.context["rows"]] == [[False, True, True, False]]
    assert [(each["count"], each["asked"]) for each in page.context["reported"]] == [(0, 0), (0, 1), (0, 1), (0, 0)]
    assert client.post(PAGE, sent(home, Q2=datetime.date(YEAR, 5, 1))).status_code == 302
    assert record(home) == {Q2: datetime.date(YEAR, 5, 1)}
    assert nothings(sign_in(people.leader).get(PAGE)) == nothings(page)
    there = sign_in(people.staff).get(PAGE, {"year": YEAR, "organization": places.sibling.pk})
    assert nothings(there) == [["没有汇报", *["不在本支部"] * 3]]
    assert sign_in(people.secretary).get(URL).context["rows"] == []


def test_quarters_of_which_nobody_is_asked_are_refused(people, home, sign_in):
    client = sign_in(people.secretary)
    page = client.post(PAGE, sent(home, Q1=DAY, Q2=datetime.date(YEAR, 5, 1), Q4=datetime.date(YEAR, 11, 1)))
    assert page.status_code == 400
    assert page.context["errors"] == [
        "王志强第一季度:那时不在本支部,不能登记。请删去。",
        "王志强第四季度:那时不是流动党员,不能登记。请删去。",
    ]
    assert record(home) == {}


def test_short_stays_away_are_asked_for(people, places, sign_in):
    """Away for some days within a quarter; and one who was away only before the own time in the branch."""
    for day, after in ((datetime.date(YEAR, 5, 1), "migrant"), (datetime.date(YEAR, 5, 20), "resident")):
        services.change_mobility(people.wang, after, day, actor=people.staff)
        services.change_mobility(people.liu, after, day, actor=people.staff)
    services.transfer_member(people.liu, places.branch, datetime.date(YEAR, 8, 1), actor=people.staff)
    page = sign_in(people.secretary).get(PAGE)
    assert [row.member.name for row in page.context["rows"]] == ["王志强"]
    assert nothings(page) == [["不是流动党员", "没有汇报", *["不是流动党员"] * 2]]


def test_who_is_home_again_is_not_asked_for_a_report_of_today(people, sign_in):
    """Away until the end of the last quarter; the column of today stays empty of ticks, and says why."""
    first = quarter_days(quarter_of(TODAY))[0]
    services.change_mobility(people.wang, "migrant", datetime.date(YEAR - 1, 1, 1), actor=people.staff)
    services.change_mobility(people.wang, "resident", first, actor=people.staff)
    before = first - datetime.timedelta(days=1)
    make.member("马外出", people.zhang.memberships.get().organization, mobility="migrant")
    page = sign_in(people.secretary).get(URL)
    names = [row.member.name for row in page.context["rows"]]
    assert names == (["王志强", "马外出"] if before.year == TODAY.year else ["马外出"])
    assert page.text.count("不用汇报") == len(names) - 1
    assert "已汇报</span>" not in page.text
