"""Households visited: a month of an organisation."""

import datetime

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from members import services
from members.dates import first_of, months_of_half
from members.models import ClosedPeriod, FactChange, VisitMonth
from tests import factories as make

THIS_MONTH = first_of(timezone.localdate())
LAST_MONTH = first_of(THIS_MONTH, -1)
URL = reverse("members:visits")


def sent(member, assigned="", visited="", seen=""):
    """What the browser sends for a row."""
    values = {"seen": seen, "assigned": assigned, "visited": visited}
    return {f"m{member.pk}-{name}": value for name, value in values.items()}


def visited(member, assigned, count, month=THIS_MONTH):
    return VisitMonth.objects.create(member=member, month=month, assigned=assigned, visited=count)


def record(member):
    """Months of a member: month, assigned, visited."""
    return list(member.visit_months.values_list("month", "assigned", "visited"))


def test_visits_propose_last_months_households(people, sign_in):
    visited(people.zhang, 3, 2, LAST_MONTH)
    visited(people.wang, 0, 0, LAST_MONTH)
    page = sign_in(people.secretary).get(URL)
    assert [(row.member.name, row["assigned"].value(), row["visited"].value()) for row in page.context["rows"]] == [
        ("张建国", 3, None),
        ("王志强", None, None),
    ]
    assert VisitMonth.objects.count() == 2


def test_visits_propose_the_households_of_the_last_month_on_record(people, sign_in):
    visited(people.zhang, 5, 5, first_of(THIS_MONTH, -4))
    visited(people.zhang, 3, 2, first_of(THIS_MONTH, -3))
    visited(people.wang, 4, 4, first_of(THIS_MONTH, -4))
    visited(people.wang, 0, 0, first_of(THIS_MONTH, -3))
    page = sign_in(people.secretary).get(URL)
    assert [row["assigned"].value() for row in page.context["rows"]] == [3, None]


def test_visits_save_together_with_history(people, sign_in):
    data = sent(people.zhang, "3", "2") | sent(people.wang, "0")
    assert sign_in(people.secretary).post(URL, data).status_code == 302
    assert record(people.zhang) == [(THIS_MONTH, 3, 2)]
    assert record(people.wang) == [(THIS_MONTH, 0, 0)]
    change = people.zhang.changes.get()
    assert (change.kind, change.key, change.changed_by) == ("visits", f"month:{THIS_MONTH:%Y-%m}", people.secretary)
    assert change.title == f"{THIS_MONTH.year} 年 {THIS_MONTH.month} 月联系户走访"
    assert (change.old, change.new) == ("", "联系 3 户,走访 2 户")


def test_visits_are_corrected_with_history(people, sign_in):
    visited(people.zhang, 3, 2)
    sign_in(people.secretary).post(URL, sent(people.zhang, "3", "3", seen="3|2") | sent(people.wang))
    assert record(people.zhang) == [(THIS_MONTH, 3, 3)]
    change = FactChange.objects.get()
    assert (change.old, change.new) == ("联系 3 户,走访 2 户", "联系 3 户,走访 3 户")


def test_visits_left_as_proposed_are_not_recorded(people, sign_in):
    visited(people.zhang, 3, 3, LAST_MONTH)
    page = sign_in(people.secretary).post(URL, sent(people.zhang, "3") | sent(people.wang), follow=True)
    assert [str(each) for each in page.context["messages"]] == ["没有改动。"]
    assert record(people.zhang) == [(LAST_MONTH, 3, 3)]


def test_visit_all_fills_only_what_is_blank(people, places, sign_in):
    third, without = make.member("甲", places.branch), make.member("乙", places.branch)
    visited(people.zhang, 3, 3, LAST_MONTH)
    data = sent(people.zhang, "3") | sent(people.wang, "4", "1") | sent(third, "5") | sent(without)
    sign_in(people.secretary).post(URL, data | {"visit_all": "1"})
    assert record(people.zhang)[-1] == (THIS_MONTH, 3, 3)
    assert [record(member) for member in (people.wang, third, without)] == [
        [(THIS_MONTH, 4, 1)],
        [(THIS_MONTH, 5, 5)],
        [],
    ]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        (("三", "1"), "联系户数应是整数,例如 3。"),
        (("2.5", "1"), "联系户数应是整数,例如 3。"),
        (("-1", ""), "联系户数不能小于 0。"),
        (("100", ""), "联系户数不能超过 99,请核对。"),
        (("3", "x"), "走访户数应是整数,例如 3。"),
        (("3", "-1"), "走访户数不能小于 0。"),
        (("2", "3"), "走访 3 户,比联系的 2 户还多,请核对。"),
        (("", "3"), "请先写联系户数。"),
        (("3", ""), "请写走访户数;一户也没有走访的写 0。"),
    ],
)
def test_visits_refuse_with_name_and_sentence_and_keep_the_input(people, sign_in, fields, sentence):
    page = sign_in(people.secretary).post(URL, sent(people.zhang, *fields) | sent(people.wang, "2", "2"))
    assert page.context["errors"] == [f"张建国:{sentence}"]
    assert [row["assigned"].value() for row in page.context["rows"]] == [fields[0], "2"]
    assert 'data-guard="unsaved"' in page.content.decode()
    assert not VisitMonth.objects.exists()


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        (("", ""), "联系户数不能空着;没有联系户的写 0。"),
        (("3", ""), "请写走访户数;一户也没有走访的写 0。"),
    ],
)
def test_visits_once_recorded_are_not_emptied(people, sign_in, fields, sentence):
    visited(people.zhang, 3, 2)
    page = sign_in(people.secretary).post(URL, sent(people.zhang, *fields, seen="3|2"))
    assert page.context["errors"] == [f"张建国:{sentence}"]


def test_visits_of_a_settled_month_stay(people, places, sign_in):
    visited(people.zhang, 3, 2, LAST_MONTH)
    ClosedPeriod.objects.create(
        organization=places.street,
        title="上一",
        starts_on=first_of(THIS_MONTH, -6),
        ends_on=THIS_MONTH - datetime.timedelta(1),
    )
    client, page = sign_in(people.secretary), f"{URL}?month={LAST_MONTH:%Y-%m}"
    shown = client.get(page)
    assert "已经办结" in shown.context["settled"]
    assert '<form class="card-box"' not in shown.content.decode()
    refused = client.post(page, sent(people.zhang, "3", "3", seen="3|2"))
    assert "已经办结" in refused.context["errors"][0]
    assert refused.context["rows"][0]["visited"].value() == "3"
    assert record(people.zhang) == [(LAST_MONTH, 3, 2)]
    assert client.post(URL, sent(people.zhang, "3", "3")).status_code == 302


def test_visits_of_a_month_to_come_are_refused(people, places, sign_in):
    following = first_of(THIS_MONTH, 1)
    page = sign_in(people.secretary).get(URL, {"month": f"{following:%Y-%m}"})
    assert page.context["form"].errors
    line = services.VisitLine(people.zhang, following, "", 3, 3)
    with pytest.raises(ValidationError, match="还没有到"):
        services.record_visits(places.branch, [line], actor=people.secretary)


def test_visits_changed_by_two_people_are_told(people, sign_in):
    sign_in(people.staff).post(URL, sent(people.zhang, "3", "3"))
    client = sign_in(people.secretary)
    same = client.post(URL, sent(people.zhang, "3", "3"))
    assert same.status_code == 302
    page = client.post(URL, sent(people.zhang, "3", "1") | sent(people.wang, "2", "2"))
    assert page.status_code == 409
    assert "陈政工登记为联系 3 户、走访 3 户" in page.content.decode()
    assert page.context["rows"][0]["visited"].value() == 1
    assert (record(people.zhang), record(people.wang)) == ([(THIS_MONTH, 3, 3)], [(THIS_MONTH, 2, 2)])


def test_visits_take_no_forged_state(people, sign_in):
    visited(people.wang, 2, 2)
    data = sent(people.zhang, "3", "3", seen="9|9") | sent(people.wang, "2", "1", seen="9|9")
    page = sign_in(people.secretary).post(URL, data)
    assert page.status_code == 409
    assert "别人登记为联系 2 户" in page.content.decode()
    assert people.zhang.changes.get().old == ""


def test_visits_list_who_is_at_home_or_on_record(people, places, sign_in):
    make.member("外出", places.branch, mobility="migrant")
    visited(make.member("刚外出", places.branch, mobility="migrant"), 2, 1)
    make.member("定居", places.branch, mobility="abroad")
    page = sign_in(people.secretary).get(URL)
    assert [row.member.name for row in page.context["rows"]] == ["张建国", "王志强", "刚外出"]
    assert page.context["totals"] == {"members": 1, "assigned": 2, "visited": 1}


@pytest.mark.parametrize("query", [{"month": "2025-13"}, {"month": "x"}, {"organization": "foreign"}])
def test_visits_refuse_a_filter_they_did_not_offer(people, places, sign_in, query):
    if query.get("organization"):
        query = {"organization": places.foreign.pk}
    page = sign_in(people.secretary).get(URL, query)
    assert page.context["form"].errors
    assert "rows" not in page.context
    assert sign_in(people.secretary).post(f"{URL}?month=x", sent(people.zhang, "1", "1")).status_code == 404


def test_visits_need_the_role(people, sign_in):
    assert sign_in(people.member).get(URL).status_code == 403
    for user in (people.general, people.leader, people.auditor, people.discipline):
        page = sign_in(user).get(URL)
        assert (page.status_code, page.context["editable"]) == (200, False)
        assert sign_in(user).post(URL, sent(people.zhang, "1", "1")).status_code == 403


def test_visits_query_count_does_not_grow(people, places, sign_in):
    people.wang.memberships.update(organization=places.sibling)
    client = sign_in(people.secretary)
    client.get(URL)
    counts = []
    for people_there in ([people.zhang], [people.zhang, *(make.member(name, places.branch) for name in "甲乙")]):
        VisitMonth.objects.all().delete()
        data = {key: value for member in people_there for key, value in sent(member, "3", "3").items()}
        with CaptureQueriesContext(connection) as written:
            client.post(URL, data)
        with CaptureQueriesContext(connection) as read:
            client.get(URL)
        counts.append((len(written), len(read)))
    assert VisitMonth.objects.count() == 3
    assert counts[0] == counts[1]


@pytest.mark.parametrize(
    "fields", [{"assigned": 2, "visited": 3}, {"month": datetime.date(2025, 3, 2)}, {"assigned": -1, "visited": -1}]
)
def test_database_refuses_impossible_visits(people, fields):
    row = {"month": datetime.date(2025, 3, 1), "assigned": 3, "visited": 3, **fields}
    with pytest.raises(IntegrityError), transaction.atomic():
        VisitMonth.objects.create(member=people.zhang, **row)


def test_visits_say_what_is_impossible_in_words(people):
    visits = VisitMonth(member=people.zhang, month=datetime.date(2025, 3, 1), assigned=2, visited=3)
    with pytest.raises(ValidationError, match="走访户数不能多于联系户数。"):
        visits.full_clean()


# A half-year at once ----------------------------------------------------------------------------

YEAR = timezone.localdate().year - 1  # all of its months are over
MONTHS = months_of_half(f"{YEAR}H1")
HALF = f"{reverse('members:visits_half')}?half={YEAR}H1"


def sent_half(member, *cells, seen=";;;;;"):
    """What the browser sends for a row: the cells from January on."""
    texts = (*cells, *[""] * (6 - len(cells)))
    fields = {f"{month:%Y-%m}": text for month, text in zip(MONTHS, texts, strict=True)}
    return {f"m{member.pk}-{name}": value for name, value in {"seen": seen, **fields}.items()}


def test_half_takes_households_over_from_month_to_month(people, sign_in):
    visited(people.zhang, 5, 5, datetime.date(YEAR - 1, 12, 1))
    visited(people.zhang, 3, 2, MONTHS[2])
    page = sign_in(people.secretary).get(HALF)
    fields = [cell["field"] for cell in page.context["rows"][0].cells]
    hints = [field.field.widget.attrs["placeholder"] for field in fields]
    assert [field.value() for field in fields] == ["", "", "2/3", "", "", ""]
    assert hints == ["共 5 户", "共 5 户", "共 3 户", "共 3 户", "共 3 户", "共 3 户"]


@pytest.mark.parametrize(
    ("cells", "stored"),
    [
        (("5/5", "4"), [(1, 5, 5)]),
        (("4/5",), [(1, 5, 4)]),
        (("\uff14\uff0f\uff15",), [(1, 5, 4)]),
        (("0/0", "", "2/2"), [(1, 0, 0), (3, 2, 2)]),
    ],
)
def test_half_saves_what_is_written(people, sign_in, cells, stored):
    client = sign_in(people.secretary)
    if len(cells) == 2:  # the second month takes over the first one's households once these are on record
        client.post(HALF, sent_half(people.zhang, cells[0]))
        client.post(HALF, sent_half(people.zhang, *cells, seen="5|5;;;;;"))
        stored = [*stored, (2, 5, 4)]
    else:
        client.post(HALF, sent_half(people.zhang, *cells) | sent_half(people.wang))
    assert [(month.month, *rest) for month, *rest in record(people.zhang)] == stored
    assert record(people.wang) == []
    assert people.zhang.changes.count() == len(stored)


def test_half_visits_all_of_a_month_where_nothing_is_said(people, places, sign_in):
    for member in (people.zhang, people.wang):
        visited(member, 3, 3, MONTHS[4])
    data = sent_half(people.zhang, "", "", "", "", "3/3", "1", seen=";;;;3|3;")
    data |= sent_half(people.wang, "", "", "", "", "3/3", seen=";;;;3|3;")
    sign_in(people.secretary).post(HALF, data | {"visit_all": f"{MONTHS[5]:%Y-%m}"})
    assert [record(member)[-1][1:] for member in (people.zhang, people.wang)] == [(3, 1), (3, 3)]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("三", "要写成 4 或 4/5 的样子:走访 4 户,联系 5 户;全部走访的写「全」。"),
        ("4/5/6", "要写成 4 或 4/5 的样子:走访 4 户,联系 5 户;全部走访的写「全」。"),
        ("100", "要写成 4 或 4/5 的样子:走访 4 户,联系 5 户;全部走访的写「全」。"),
        ("-1", "要写成 4 或 4/5 的样子:走访 4 户,联系 5 户;全部走访的写「全」。"),
        ("1234567890", "要写成 4 或 4/5 的样子:走访 4 户,联系 5 户;全部走访的写「全」。"),
        ("全", "要写成 4 或 4/5 的样子:走访 4 户,联系 5 户;全部走访的写「全」。"),
        ("4", "还不知道联系几户,请写成 4/5 的样子:走访 4 户,联系 5 户。"),
        ("6/5", "走访 6 户,比联系的 5 户还多,请核对。"),
    ],
)
def test_half_refuses_with_name_month_and_sentence(people, sign_in, text, sentence):
    page = sign_in(people.secretary).post(HALF, sent_half(people.zhang, "", text) | sent_half(people.wang, "1/1"))
    assert page.context["errors"] == [f"张建国2 月:{sentence}"]
    assert page.context["rows"][0][f"{MONTHS[1]:%Y-%m}"].value() == text
    assert not VisitMonth.objects.exists()


def test_half_once_recorded_is_not_emptied(people, sign_in):
    visited(people.zhang, 3, 2, MONTHS[0])
    page = sign_in(people.secretary).post(HALF, sent_half(people.zhang, seen="3|2;;;;;"))
    assert page.context["errors"] == ["张建国1 月:登记过的不能空着;一户也没有走访的写 0。"]


@pytest.mark.parametrize("seen", ["", "x", "3|3"])
def test_half_takes_no_forged_state(people, sign_in, seen):
    page = sign_in(people.secretary).post(HALF, sent_half(people.zhang, "1/1", seen=seen))
    assert page.context["errors"] == ["张建国:页面已过期,请刷新后重新填写。"]


def test_half_changed_by_two_people_is_told(people, sign_in):
    sign_in(people.staff).post(HALF, sent_half(people.zhang, "3/3"))
    page = sign_in(people.secretary).post(HALF, sent_half(people.zhang, "1/3", "2/2"))
    assert page.status_code == 409
    assert "1 月:陈政工登记为联系 3 户、走访 3 户" in page.content.decode()
    assert page.context["rows"][0][f"{MONTHS[0]:%Y-%m}"].value() == "1/3"
    assert record(people.zhang) == [(MONTHS[0], 3, 3), (MONTHS[1], 2, 2)]


def test_half_of_a_settled_time_stays(people, places, sign_in):
    visited(people.zhang, 3, 2, MONTHS[0])
    ClosedPeriod.objects.create(
        organization=places.street, title="一季度", starts_on=MONTHS[0], ends_on=MONTHS[3] - datetime.timedelta(1)
    )
    client = sign_in(people.secretary)
    shown = client.get(HALF)
    assert [bool(cell["field"]) for cell in shown.context["rows"][0].cells] == [False] * 3 + [True] * 3
    refused = client.post(HALF, sent_half(people.zhang, "3/3", seen="3|2;;;;;"))
    assert "已经办结" in refused.context["errors"][0]
    assert record(people.zhang) == [(MONTHS[0], 3, 2)]


def test_half_needs_the_role(people, places, sign_in):
    assert sign_in(people.member).get(HALF).status_code == 403
    for user in (people.general, people.leader, people.auditor, people.discipline):
        page = sign_in(user).get(HALF)
        assert (page.status_code, page.context["editable"]) == (200, False)
        assert sign_in(user).post(HALF, sent_half(people.zhang, "1/1")).status_code == 403
    assert sign_in(people.secretary).post(f"{HALF}&organization={places.foreign.pk}", {}).status_code == 404


def test_half_query_count_does_not_grow(people, places, sign_in):
    people.wang.memberships.update(organization=places.sibling)
    client = sign_in(people.secretary)
    client.get(HALF)
    counts, there = [], [people.zhang]
    for number in (1, 3, 50):
        there += [make.member("甲", places.branch) for _ in range(number - len(there))]
        VisitMonth.objects.all().delete()
        data = {key: value for member in there for key, value in sent_half(member, "3/3", "3/3").items()}
        with CaptureQueriesContext(connection) as written:
            client.post(HALF, data)
        with CaptureQueriesContext(connection) as read:
            client.get(HALF)
        counts.append((len(written), len(read)))
    assert VisitMonth.objects.count() == 100
    assert counts[0] == counts[1] == counts[2]


# Several pages ----------------------------------------------------------------------------------


@pytest.fixture
def second_page(people, places, monkeypatch):
    """Pages of one member; on the others one whose households are known, one who was put down, and one unknown."""
    monkeypatch.setattr("members.views.visits.MEMBERS_A_PAGE", 1)
    monkeypatch.setattr("members.views.visits.HALF_A_PAGE", 1)
    known, recorded, unknown = (make.member(name, places.branch) for name in "甲乙丙")
    people.wang.memberships.update(organization=places.sibling)
    visited(known, 4, 1, LAST_MONTH)
    visited(recorded, 5, 0)
    return known, recorded, unknown


@pytest.mark.parametrize("grid", ["month", "half"])
def test_visit_all_takes_the_members_of_the_other_pages(people, second_page, sign_in, grid):
    known, recorded, unknown = second_page
    client = sign_in(people.secretary)
    if grid == "month":
        page = client.post(URL, sent(people.zhang, "3") | {"visit_all": "1"}, follow=True)
    else:
        address = f"{reverse('members:visits_half')}?half={THIS_MONTH.year}H{1 if THIS_MONTH.month < 7 else 2}"
        row = client.get(address).context["rows"][0]
        data = {f"m{people.zhang.pk}-seen": row["seen"].value(), f"m{people.zhang.pk}-{THIS_MONTH:%Y-%m}": "3/3"}
        page = client.post(address, data | {"visit_all": f"{THIS_MONTH:%Y-%m}"}, follow=True)
    assert [record(each)[-1] for each in (people.zhang, known, recorded)] == [
        (THIS_MONTH, 3, 3),
        (THIS_MONTH, 4, 4),
        (THIS_MONTH, 5, 0),
    ]
    assert record(unknown) == []
    assert "还有 1 人没有登记,不知道联系几户:丙。" in [str(each) for each in page.context["messages"]][-1]
    assert f"(各页{' 4 人' if grid == 'month' else ''})" in page.content.decode()


# Coming and going -----------------------------------------------------------------------------


MONTHS = months_of_half(f"{THIS_MONTH.year - 1}H1")
HALF = f"{reverse('members:visits_half')}?half={THIS_MONTH.year - 1}H1"


@pytest.fixture
def comings(people, places):
    """Zhang belongs to the sibling from the middle of March on; Wang is away from the middle of February to May."""
    services.transfer_member(people.zhang, places.sibling, MONTHS[2].replace(day=15), actor=people.staff)
    for month, after in ((MONTHS[1], "migrant"), (MONTHS[4], "resident")):
        services.change_mobility(people.wang, after, month.replace(day=15), actor=people.staff)
    return people


def nothings(page):
    return {row.member.name: [cell["nothing"] for cell in row.cells] for row in page.context["rows"]}


def test_half_asks_only_who_was_there_and_at_home(comings, places, sign_in):
    page = sign_in(comings.secretary).get(HALF)
    open_ = "没有登记"
    assert nothings(page) == {
        "张建国": [open_, open_, *["不在本支部"] * 4],
        "王志强": [open_, *["不在家"] * 3, open_, open_],
    }
    assert [[bool(cell["field"]) for cell in row.cells] for row in page.context["rows"]] == [
        [True, True, False, False, False, False],
        [True, False, False, False, True, True],
    ]
    assert page.text.count("不在本支部") == 4
    assert nothings(sign_in(comings.leader).get(HALF)) == nothings(page)
    there = sign_in(comings.staff).get(HALF, {"half": HALF[-6:], "organization": places.sibling.pk})
    assert nothings(there)["张建国"] == ["不在本支部"] * 2 + [open_] * 4


def test_half_refuses_months_of_which_nobody_is_asked(comings, sign_in):
    client, seen = sign_in(comings.secretary), {"seen": ";;3|2;;;"}
    visited(comings.zhang, 3, 2, MONTHS[2])

    def post(**cells):
        fields = {"seen": seen["seen"]} | {f"{month:%Y-%m}": cells.get(f"m{month.month}", "") for month in MONTHS}
        return client.post(HALF, {f"m{comings.zhang.pk}-{name}": value for name, value in fields.items()})

    page = post(m1="4/5", m4="4/5")
    assert page.status_code == 400
    assert page.context["errors"] == ["张建国4 月:那时不在本支部,不能登记。请删去。"]
    assert record(comings.zhang) == [(MONTHS[2], 3, 2)]
    assert post(m1="4/5", m3="2/3").status_code == 302  # as it was
    assert record(comings.zhang) == [(MONTHS[0], 5, 4), (MONTHS[2], 3, 2)]


def test_half_visits_all_of_those_who_are_asked(comings, sign_in):
    client = sign_in(comings.secretary)
    for member in (comings.zhang, comings.wang):
        visited(member, 3, 3, first_of(MONTHS[0], -1))
    rows = client.get(HALF).context["rows"]
    fields = {f"m{row.member.pk}-seen": row["seen"].value() for row in rows}
    page = client.post(HALF, fields | {"visit_all": f"{MONTHS[5]:%Y-%m}"}, follow=True)
    assert record(comings.wang)[1:] == [(MONTHS[5], 3, 3)]
    assert len(record(comings.zhang)) == 1
    assert [str(each) for each in page.context["messages"]] == ["已保存 1 处走访。"]
