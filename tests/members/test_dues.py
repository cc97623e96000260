"""Dues: a month of an organisation, payments and their corrections."""

import datetime
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from members import services
from members.dates import first_of, months_of_quarter, quarter_of
from members.models import ClosedPeriod, DuesMonth, DuesPayment, DuesReceipt, FactChange
from tests import factories as make
from tests.workbooks import rows_of

THIS_MONTH = first_of(timezone.localdate())
LAST_MONTH = first_of(THIS_MONTH, -1)
UNDO = "记错了,点收据号可以把这次登记全部撤销。"


def url(name="dues", *args):
    return reverse(f"members:{name}", args=args)


def sent(member, seen="", due="10", **fields):
    """What the browser sends for a row."""
    values = {"seen": seen, "due_yuan": due, "amount_yuan": "", "paid_on": "", "excuse": "", **fields}
    return {f"m{member.pk}-{name}": value for name, value in values.items()}


def pay_today(client, data):
    """What the page to check sends when everybody's payment is confirmed."""
    page = client.post(url(), data | {"pay_today": "1"})
    return dict(page.context["sent"]) | {"confirm": "1"}


def record(member):
    """Months of a member: due, payments."""
    months = member.dues_months.prefetch_related("payments")
    return [(owed.month, owed.due_yuan, [each.amount_yuan for each in owed.payments.all()]) for owed in months]


def receipt():
    """The number of the latest receipt, as a message shows it."""
    latest = DuesReceipt.objects.first()
    return f'<a class="num" href="{url("dues_receipt", latest.pk)}">{latest.number}</a>'


def month_words(month):
    return f"{month.month} 月" if month.year == THIS_MONTH.year else f"{month.year} 年 {month.month} 月"


def close(place, first, last):
    ClosedPeriod.objects.create(organization=place, title="上一", starts_on=first, ends_on=last)


def test_dues_proposes_last_months_amount(people, sign_in):
    make.dues(people.zhang, LAST_MONTH, people.secretary, due="12.50")
    rows = sign_in(people.secretary).get(url()).context["rows"]
    assert [(row.member.name, row["due_yuan"].value(), row.arrears and row.arrears.count_words) for row in rows] == [
        ("张建国", Decimal("12.50"), "欠 1 个月"),
        ("王志强", None, None),
    ]
    assert DuesMonth.objects.count() == 1


def test_dues_says_arrears_in_words(people, sign_in):
    make.dues(people.zhang, first_of(THIS_MONTH, -2), people.secretary)
    make.dues(people.zhang, LAST_MONTH, people.secretary, paid=4, paid_on=LAST_MONTH)
    paid = make.dues(people.wang, LAST_MONTH, people.secretary, due="0.30", paid="0.10", paid_on=LAST_MONTH)
    DuesPayment.objects.create(dues_month=paid, amount_yuan="0.20", paid_on=LAST_MONTH, recorded_by=people.secretary)
    rows = sign_in(people.secretary).get(url()).context["rows"]
    older, newer = (first_of(THIS_MONTH, -back) for back in (2, 1))
    newer = f"{newer.month} 月" if newer.year == older.year else month_words(newer)  # the year is said where it begins
    assert [row.arrears and row.arrears.words for row in rows] == [f"欠 2 个月:{month_words(older)}、{newer}", None]


def test_dues_asks_for_no_payment_where_nothing_is_left(people, sign_in):
    make.dues(people.zhang, THIS_MONTH, people.secretary, paid=10, paid_on=THIS_MONTH)
    body = sign_in(people.secretary).get(url()).content.decode()
    for name in ("full", "amount_yuan", "paid_on"):
        assert [f"m{member.pk}-{name}" in body for member in (people.zhang, people.wang)] == [False, True]


def test_dues_shows_the_chosen_month_and_organization(people, places, sign_in):
    query = {"month": f"{LAST_MONTH:%Y-%m}", "organization": places.sibling.pk}
    page = sign_in(people.staff).get(url(), query)
    assert page.context["month_name"] == f"{LAST_MONTH.year} 年 {LAST_MONTH.month} 月"
    assert [row.member.name for row in page.context["rows"]] == ["刘淑芬"]


@pytest.mark.parametrize("query", [{"month": "2025-13"}, {"month": "x"}, {"organization": "foreign"}])
def test_dues_refuses_a_filter_it_did_not_offer(people, places, sign_in, query):
    if query.get("organization"):
        query = {"organization": places.foreign.pk}
    page = sign_in(people.secretary).get(url(), query)
    assert page.context["form"].errors
    assert "rows" not in page.context


def test_dues_saves_amounts_payments_and_history(people, sign_in):
    data = sent(people.zhang, amount_yuan="10", paid_on=f"{timezone.localdate()}") | sent(people.wang, due="0.2")
    assert sign_in(people.secretary).post(url(), data).status_code == 302
    assert record(people.zhang) == [(THIS_MONTH, Decimal(10), [Decimal(10)])]
    assert record(people.wang) == [(THIS_MONTH, Decimal("0.20"), [])]
    lines = list(people.zhang.changes.order_by("pk").values_list("kind", "new"))
    assert lines == [("dues", "应缴 10.00 元"), ("payment", f"{timezone.localdate()} 缴 10.00 元")]


def test_dues_part_payments_add_up(people, sign_in):
    client = sign_in(people.secretary)
    client.post(url(), sent(people.zhang, amount_yuan="4"))
    client.post(url(), sent(people.zhang, seen="4.00|10.00|0|", amount_yuan="6"))
    assert record(people.zhang) == [(THIS_MONTH, Decimal(10), [Decimal(4), Decimal(6)])]
    assert sign_in(people.secretary).get(url()).context["unpaid"] == 1


def test_dues_pay_today_fills_only_unpaid_rows(people, places, sign_in):
    part, excused = make.member("甲", places.branch), make.member("乙", places.branch)
    make.dues(part, THIS_MONTH, people.secretary, paid=3, paid_on=THIS_MONTH)
    data = sent(people.zhang) | sent(people.wang, amount_yuan="5", paid_on=f"{THIS_MONTH}")
    data |= sent(part, seen="3.00|10.00|0|") | sent(excused, excused="on", excuse="困难", excused_by="支部大会")
    client = sign_in(people.secretary)
    client.post(url(), pay_today(client, data))
    assert [record(member)[0][2] for member in (people.zhang, people.wang, part, excused)] == [[10], [5], [3], []]
    assert people.zhang.dues_months.get().payments.get().paid_on == timezone.localdate()


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"due": "十元"}, "应缴应是数字,例如 10 或 10.50。"),
        ({"due": "-1"}, "应缴不能小于 0。"),
        ({"due": "1.005"}, "应缴最多写到分,两位小数。"),
        ({"due": "100000"}, "应缴不能超过 99999.99 元,请核对。"),
        ({"amount_yuan": "0"}, "实缴不能小于 0.01。"),
        ({"amount_yuan": "abc"}, "实缴应是数字,例如 10 或 10.50。"),
        ({"amount_yuan": "NaN"}, "实缴应是数字,例如 10 或 10.50。"),
        ({"amount_yuan": "10", "paid_on": "2025-02-30"}, "缴纳日期不存在,请写成 2025-06-05 的样子。"),
        ({"amount_yuan": "10", "paid_on": "2999-01-01"}, "缴纳日期 2999-01-01 还没有到。"),
        ({"amount_yuan": "10", "paid_on": "2001-01-01"}, "缴纳日期 2001-01-01 比"),
        ({"paid_on": f"{THIS_MONTH}"}, "写了日期或代缴人,没有写实缴金额。"),
        ({"payer": "王丽"}, "写了日期或代缴人,没有写实缴金额。"),
        ({"full": "on", "amount_yuan": "5"}, "勾了缴清,又写了实缴金额,请只留一样。"),
        ({"due": "", "full": "on"}, "请先写应缴金额。"),
        ({"due": "", "quarter": "on"}, "请先写应缴金额。"),
        (
            {"full": "on", "excused": "on", "excuse": "困难", "excused_by": "支部"},
            "缓缴或免缴的月份不用缴清,请只留一样。",
        ),
        ({"due": "", "amount_yuan": "10"}, "请先写应缴金额。"),
        ({"excused": "on"}, "缓缴或免缴要写明批准理由和由谁批准。"),
        ({"excused": "on", "excuse": "困难"}, "缓缴或免缴要写明批准理由和由谁批准。"),
        ({"excused_by": "支部大会"}, "写了理由,没有勾选缓缴或免缴。"),
        ({"excuse": "困难"}, "写了理由,没有勾选缓缴或免缴。"),
    ],
)
def test_dues_refuses_with_a_sentence(people, sign_in, fields, sentence):
    data = sent(people.zhang, **fields) | sent(people.wang)
    page = sign_in(people.secretary).post(url(), data)
    assert len(page.context["errors"]) == 1
    assert page.context["errors"][0].startswith(f"张建国:{sentence}")
    assert not DuesMonth.objects.exists()


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"due": "5", "amount_yuan": "5.5"}, "应缴 5 元,已缴 0 元,这次最多缴 5 元。"),
        ({"due": "0", "amount_yuan": "5"}, "应缴 0 元,已缴 0 元,这次最多缴 0 元。"),
    ],
)
def test_dues_refuses_more_than_is_due(people, sign_in, fields, sentence):
    page = sign_in(people.secretary).post(url(), sent(people.zhang, **fields) | sent(people.wang, amount_yuan="10"))
    assert page.context["errors"] == [f"张建国:{sentence}请核对金额,或先改应缴数。"]
    assert not DuesMonth.objects.exists()


def test_dues_refuses_more_than_is_left(people, sign_in):
    make.dues(people.zhang, THIS_MONTH, people.secretary, paid="4.20", paid_on=THIS_MONTH)
    client = sign_in(people.secretary)
    page = client.post(url(), sent(people.zhang, seen="4.20|10.00|0|", amount_yuan="6"))
    assert page.context["errors"] == ["张建国:应缴 10 元,已缴 4.2 元,这次最多缴 5.8 元。请核对金额,或先改应缴数。"]
    raised = client.post(url(), sent(people.zhang, seen="4.20|10.00|0|", due="10.20", amount_yuan="6"))
    assert raised.status_code == 302


def test_dues_names_who_still_owes_part(people, places, sign_in):
    others = [make.member(name, places.branch) for name in "甲乙丙"]
    client = sign_in(people.secretary)
    page = client.post(url(), sent(people.zhang, due="50", amount_yuan="10") | sent(people.wang), follow=True)
    assert [str(each) for each in page.context["messages"]] == [
        f"已保存:应缴 2 笔,缴纳 1 笔,收据 {receipt()}。张建国还欠 40 元。{UNDO}"
    ]
    data = {key: value for each in others for key, value in sent(each, amount_yuan="9.50").items()}
    page = client.post(url(), data | sent(people.wang, seen="0.00|10.00|0|", amount_yuan="1"), follow=True)
    assert [str(each) for each in page.context["messages"]] == [
        f"已保存:应缴 3 笔,缴纳 4 笔,收据 {receipt()}。王志强还欠 9 元、甲还欠 0.5 元、乙还欠 0.5 元,另有 1 人也没有缴清。{UNDO}"
    ]


def test_dues_names_only_what_was_saved(people, sign_in):
    make.dues(people.zhang, THIS_MONTH, people.secretary, paid="4.20", paid_on=THIS_MONTH)
    data = sent(people.zhang, seen="4.20|10.00|0|", amount_yuan="5.80")
    page = sign_in(people.secretary).post(url(), data, follow=True)
    assert [str(each) for each in page.context["messages"]] == [f"已保存:缴纳 1 笔,收据 {receipt()}。{UNDO}"]


def test_dues_warns_before_it_is_left_unsaved(people, sign_in):
    client = sign_in(people.secretary)
    body = client.get(url()).content.decode()
    assert 'data-guard=""' in body
    assert "js/guard" in body
    assert 'data-guard="unsaved"' in client.post(url(), sent(people.zhang, due="x")).content.decode()


def test_dues_are_paid_off_where_ticked(people, sign_in):
    make.dues(people.zhang, THIS_MONTH, people.secretary, paid=4, paid_on=THIS_MONTH)
    data = sent(people.zhang, seen="4.00|10.00|0|", full="on") | sent(people.wang, due="5")
    sign_in(people.secretary).post(url(), data)
    assert record(people.zhang) == [(THIS_MONTH, Decimal(10), [Decimal(4), Decimal(6)])]
    assert record(people.wang) == [(THIS_MONTH, Decimal(5), [])]


def test_dues_paid_for_somebody_name_the_payer(people, sign_in):
    sign_in(people.secretary).post(url(), sent(people.zhang, full="on", payer="王丽"))
    payment = DuesPayment.objects.get()
    assert (payment.payer, payment.receipt.recorded_by) == ("王丽", people.secretary)
    assert people.zhang.changes.first().new == f"{timezone.localdate()} 缴 10.00 元,王丽代缴"
    assert "王丽代缴" in sign_in(people.secretary).get(url()).content.decode()


def test_dues_of_a_quarter_are_paid_at_once(people, sign_in):
    quarter = months_of_quarter(quarter_of(THIS_MONTH))
    before, other = quarter[0], next(month for month in quarter[1:] if month != THIS_MONTH)
    make.base(people.zhang, before, "employed", pay="3800", by=people.secretary)
    if before != THIS_MONTH:
        make.dues(people.zhang, before, people.secretary, due=10, paid=3, paid_on=before)
    client = sign_in(people.secretary)
    for _ in range(2):  # a double click pays once
        assert client.post(url(), sent(people.zhang, due="20", quarter="on")).status_code == 302
    dues = {month: sum(paid) for month, _, paid in record(people.zhang)}
    expected = dict.fromkeys(quarter, Decimal(38)) | {THIS_MONTH: Decimal(20)}
    assert dues == expected | ({before: Decimal(10)} if before != THIS_MONTH else {})
    assert dues[other] == (10 if other == before else 38)
    assert DuesReceipt.objects.count() == 1


def test_dues_excused_say_why_and_by_whom(people, sign_in):
    client = sign_in(people.secretary)
    client.post(url(), sent(people.zhang, excused="on", excuse="住院", excused_by="支部大会"))
    owed = people.zhang.dues_months.get()
    assert (owed.excused, owed.excuse_words) == (True, "住院(支部大会批准)")
    assert people.zhang.changes.get().new == "应缴 10.00 元,经批准缓缴或免缴:住院(支部大会批准)"
    assert client.get(url()).context["rows"][0]["seen"].value() == "0.00|10.00|1|住院(支部大会批准)"
    assert "住院(支部大会批准)" in sign_in(people.leader).get(url()).content.decode()


def test_dues_follow_the_base_but_recorded_months_stay(people, sign_in):
    make.base(people.zhang, LAST_MONTH, "employed", pay="3800", by=people.secretary)
    make.dues(people.zhang, LAST_MONTH, people.secretary, due=10)
    client = sign_in(people.secretary)
    page = client.get(url())
    assert [row["due_yuan"].value() for row in page.context["rows"]] == [Decimal("38.00"), None]
    body = page.content.decode()
    assert body.count("3,800 元 × 1% = 38.00 元") == 1
    assert body.count("还没有核定") == 1
    earlier = client.get(url(), {"month": f"{LAST_MONTH:%Y-%m}"})
    assert earlier.context["rows"][0]["due_yuan"].value() == Decimal(10)
    assert "按核定应缴 38.00 元" in earlier.content.decode()


def test_dues_show_the_pay_to_those_who_record_them_only(people, sign_in):
    make.base(people.zhang, LAST_MONTH, "employed", pay="4321", by=people.secretary)
    for user, shown in (
        (people.secretary, True),
        (people.staff, True),
        (people.leader, False),
        (people.auditor, False),
    ):
        assert ("4,321" in sign_in(user).get(url()).content.decode()) == shown


def test_dues_once_owed_is_not_emptied(people, sign_in):
    make.dues(people.zhang, THIS_MONTH, people.secretary)
    page = sign_in(people.secretary).post(url(), sent(people.zhang, seen="0.00|10.00|0|", due=""))
    assert page.context["errors"] == ["张建国:应缴金额不能空着;不用缴的写 0。"]


def test_dues_refuses_a_settled_month_but_takes_a_late_payment(people, places, sign_in):
    make.dues(people.zhang, LAST_MONTH, people.secretary)
    close(places.street, first_of(THIS_MONTH, -6), THIS_MONTH - datetime.timedelta(days=1))
    client, page = sign_in(people.secretary), f"{url()}?month={LAST_MONTH:%Y-%m}"
    raised = client.post(page, sent(people.zhang, seen="0.00|10.00|0|", due="20"))
    assert "已经办结" in raised.context["errors"][0]
    backdated = client.post(page, sent(people.zhang, seen="0.00|10.00|0|", amount_yuan="10", paid_on=f"{LAST_MONTH}"))
    assert "已经办结" in backdated.context["errors"][0]
    assert record(people.zhang) == [(LAST_MONTH, Decimal(10), [])]
    assert client.post(page, sent(people.zhang, seen="0.00|10.00|0|", amount_yuan="10")).status_code == 302
    assert record(people.zhang) == [(LAST_MONTH, Decimal(10), [Decimal(10)])]


def test_dues_query_count_does_not_grow(people, places, sign_in):
    people.wang.memberships.update(organization=places.sibling)
    client = sign_in(people.secretary)
    client.get(url())
    with CaptureQueriesContext(connection) as one:
        client.post(url(), sent(people.zhang, amount_yuan="10"))
    with CaptureQueriesContext(connection) as one_read:
        client.get(url())
    DuesPayment.objects.all().delete()
    DuesMonth.objects.all().delete()
    more = [make.member(name, places.branch) for name in "甲乙"]
    data = {key: value for member in (people.zhang, *more) for key, value in sent(member, amount_yuan="10").items()}
    with CaptureQueriesContext(connection) as three:
        client.post(url(), data)
    with CaptureQueriesContext(connection) as three_read:
        client.get(url())
    assert DuesPayment.objects.count() == 3
    assert (len(one), len(one_read)) == (len(three), len(three_read))


def test_dues_needs_the_role(people, sign_in):
    assert sign_in(people.member).get(url()).status_code == 403
    for user in (people.general, people.leader, people.auditor, people.discipline):
        assert sign_in(user).get(url()).status_code == 200
        assert sign_in(user).post(url(), sent(people.zhang)).status_code == 403


def test_dues_of_two_people_is_paid_once(people, sign_in):
    sign_in(people.staff).post(url(), sent(people.zhang, amount_yuan="10"))
    page = sign_in(people.secretary).post(url(), sent(people.zhang, amount_yuan="10"))
    assert page.status_code == 409
    assert "陈政工登记为应缴 10.00 元、已缴 10.00 元" in page.content.decode()
    assert record(people.zhang) == [(THIS_MONTH, Decimal(10), [Decimal(10)])]


def test_dues_changed_by_two_people_is_told(people, sign_in):
    make.dues(people.zhang, THIS_MONTH, people.secretary)
    sign_in(people.staff).post(url(), sent(people.zhang, seen="0.00|10.00|0|", due="12"))
    client = sign_in(people.secretary)
    untouched = client.post(url(), sent(people.zhang, seen="0.00|10.00|0|"))
    assert untouched.status_code == 302
    page = client.post(url(), sent(people.zhang, seen="0.00|10.00|0|", due="15"))
    assert page.status_code == 409
    assert record(people.zhang) == [(THIS_MONTH, Decimal(12), [])]


def test_dues_sent_twice_pays_once(people, sign_in):
    client = sign_in(people.secretary)
    data = pay_today(client, sent(people.zhang) | sent(people.wang))
    assert client.post(url(), data).status_code == 302
    assert client.post(url(), data).status_code == 302
    assert DuesPayment.objects.count() == 2
    assert FactChange.objects.count() == 4


# Setting all ------------------------------------------------------------------------------------


def test_paying_for_all_is_checked_before_it_is_stored(people, places, sign_in):
    part = make.member("甲", places.branch)
    unknown = make.member("乙", places.branch)
    make.dues(part, THIS_MONTH, people.secretary, paid=3, paid_on=THIS_MONTH)
    data = sent(people.zhang) | sent(people.wang, due="5.50") | sent(part, seen="3.00|10.00|0|") | sent(unknown, due="")
    client = sign_in(people.secretary)
    page = client.post(url(), data | {"pay_today": "1"})
    assert page.status_code == 200
    assert DuesPayment.objects.count() == 1
    assert [(str(who), [line.month for line in lines], total) for who, lines, total in page.context["people"]] == [
        ("张建国", [THIS_MONTH], Decimal(10)),
        ("王志强", [THIS_MONTH], Decimal("5.50")),
    ]
    assert page.context["left_out"] == [(part, "已缴 3 元,还欠 7 元"), (unknown, "还没有核定")]
    assert page.context["plan"].amount_yuan == Decimal("15.50")
    confirmed = client.post(url(), dict(page.context["sent"]) | {"confirm": "1"}, follow=True)
    assert confirmed.redirect_chain == [(url("dues_receipt", DuesReceipt.objects.get().pk), 302)]
    assert record(people.wang) == [(THIS_MONTH, Decimal("5.50"), [Decimal("5.50")])]
    assert record(part) == [(THIS_MONTH, Decimal(10), [Decimal(3)])]


def test_check_leads_back_to_the_grid_with_what_was_written(people, sign_in):
    client = sign_in(people.secretary)
    page = client.post(url(), sent(people.zhang, due="7") | sent(people.wang) | {"pay_today": "1"})
    back = client.post(url(), dict(page.context["sent"]) | {"back": "1"})
    assert back.context["rows"][0]["due_yuan"].value() == "7"
    assert 'data-guard="unsaved"' in back.content.decode()
    assert not DuesMonth.objects.exists()


def test_check_names_faults_and_what_others_changed(people, sign_in):
    client = sign_in(people.secretary)
    page = client.post(url(), sent(people.zhang, amount_yuan="11") | sent(people.wang) | {"pay_today": "1"})
    assert page.context["errors"] == ["张建国:应缴 10 元,已缴 0 元,这次最多缴 10 元。请核对金额,或先改应缴数。"]
    sign_in(people.staff).post(url(), sent(people.zhang, amount_yuan="4"))
    client = sign_in(people.secretary)
    page = client.post(url(), sent(people.zhang, full="on") | sent(people.wang) | {"pay_today": "1"})
    assert [who for who, _, _ in page.context["people"]] == [people.wang]
    assert f"张建国 {THIS_MONTH.month} 月,别人刚改过" in page.content.decode()


def test_paying_for_all_twice_says_that_there_is_nothing_left(people, sign_in):
    client = sign_in(people.secretary)
    client.post(url(), pay_today(client, sent(people.zhang)))
    page = client.post(url(), sent(people.zhang, seen="10.00|10.00|0|") | {"pay_today": "1"}, follow=True)
    assert [str(each) for each in page.context["messages"]][-1] == "没有改动。"


@pytest.fixture
def two_pages(people, places, monkeypatch):
    """A branch of six on two pages; the second has one to pay, one who has paid, in part, nothing known, and excused."""
    monkeypatch.setattr("members.views.dues.MEMBERS_A_PAGE", 1)
    owing, part, unknown, excused = (make.member(name, places.branch) for name in "甲乙丙丁")
    make.dues(people.wang, THIS_MONTH, people.secretary, due=8, paid=8, paid_on=THIS_MONTH)
    make.base(owing, THIS_MONTH, "relief", by=people.secretary)
    make.dues(part, THIS_MONTH, people.secretary, paid=3, paid_on=THIS_MONTH)
    owed = make.dues(excused, THIS_MONTH, people.secretary)
    owed.excused, owed.excuse, owed.excused_by = True, "困难", "支部大会"
    owed.save()
    return owing, part, unknown, excused


def test_paying_for_all_takes_the_members_of_the_other_pages(people, two_pages, sign_in):
    owing, part, unknown, excused = two_pages
    client = sign_in(people.secretary)
    page = client.post(url(), sent(people.zhang) | {"pay_today": "1"})
    assert [(who, total) for who, _, total in page.context["people"]] == [
        (people.zhang, Decimal(10)),
        (owing, Decimal("0.20")),
    ]
    assert page.context["left_out"] == [
        (part, "已缴 3 元,还欠 7 元"),
        (unknown, "还没有核定"),
        (excused, "经批准缓缴或免缴"),
    ]
    assert (page.context["everybody"], page.context["nothing_left"]) == (6, 1)
    client.post(url(), dict(page.context["sent"]) | {"confirm": "1"})
    assert record(owing) == [(THIS_MONTH, Decimal("0.20"), [Decimal("0.20")])]
    assert [record(each) for each in (part, unknown)] == [[(THIS_MONTH, Decimal(10), [Decimal(3)])], []]
    assert DuesReceipt.objects.get().payments.count() == 2


def test_what_was_checked_is_written_and_nothing_else(people, two_pages, sign_in):
    owing, part, *_ = two_pages
    client = sign_in(people.secretary)
    data = pay_today(client, sent(people.zhang, quarter="on"))
    shown = DuesPayment.objects.count()
    make.base(owing, THIS_MONTH, "employed", pay="3800", by=people.staff)  # 38 yuan, and not what was shown
    later = months_of_quarter(quarter_of(THIS_MONTH))
    other = next(month for month in later if month != THIS_MONTH)
    make.dues(people.zhang, other, people.staff, paid=4, paid_on=THIS_MONTH)
    DuesPayment.objects.filter(dues_month__member=part).delete()
    answer = client.post(url(), data)
    assert answer.status_code == 409
    assert [(clash.member, clash.line.month) for clash in answer.context["clashes"]] == [(people.zhang, other)]
    assert record(owing) == [(THIS_MONTH, Decimal("0.20"), [Decimal("0.20")])]
    assert record(part) == [(THIS_MONTH, Decimal(10), [])]
    assert DuesPayment.objects.count() == shown - 1 + 1 + 3  # Zhang's other two months, and Jia's


def test_member_of_another_page_who_paid_meanwhile_is_in_dispute(people, two_pages, sign_in):
    owing, *_ = two_pages
    client = sign_in(people.secretary)
    data = pay_today(client, sent(people.zhang))
    make.dues(owing, THIS_MONTH, people.staff, due=5, paid=5, paid_on=THIS_MONTH)
    answer = client.post(url(), data)
    assert answer.status_code == 409
    assert "甲(在别的页)" in answer.content.decode()
    assert record(owing) == [(THIS_MONTH, Decimal(5), [Decimal(5)])]


@pytest.mark.parametrize("fault", ["changed", "gone"])
def test_confirmation_of_what_was_never_shown_is_refused(people, two_pages, sign_in, fault):
    client = sign_in(people.secretary)
    data = pay_today(client, sent(people.zhang))
    if fault == "changed":
        data["plan"] = data["plan"][:-1] + ("A" if data["plan"][-1] != "A" else "B")
    else:
        two_pages[0].memberships.update(ends_on=make.LONG_AGO)
    before = DuesPayment.objects.count()
    answer = client.post(url(), data)
    assert answer.status_code == 400
    assert "没有写入任何数据" in answer.context["errors"][0]
    assert DuesPayment.objects.count() == before


# Correcting -------------------------------------------------------------------------------------


@pytest.fixture
def payment(people):
    owed = make.dues(people.zhang, THIS_MONTH, people.secretary, paid=10, paid_on=THIS_MONTH)
    return owed.payments.get()


def test_payment_is_corrected_with_history(people, payment, sign_in):
    data = {"amount_yuan": "1", "paid_on": f"{THIS_MONTH}"}
    sign_in(people.secretary).post(url("edit_payment", payment.pk), data)
    payment.refresh_from_db()
    assert payment.amount_yuan == 1
    change = people.zhang.changes.get()
    assert (change.old, change.new) == (f"{THIS_MONTH} 缴 10.00 元", f"{THIS_MONTH} 缴 1.00 元")


def test_correction_leads_back_to_the_list_it_came_from(people, places, payment, sign_in):
    group = make.organization("第一小组", "group", places.branch)
    people.zhang.memberships.update(organization=group)
    client = sign_in(people.secretary)
    link = f"{url('edit_payment', payment.pk)}?organization={places.branch.pk}"
    assert link in client.get(url(), {"organization": places.branch.pk}).content.decode()
    data = {"amount_yuan": "1", "paid_on": f"{THIS_MONTH}"}
    assert client.post(link, data).url == f"{url()}?month={THIS_MONTH:%Y-%m}&organization={places.branch.pk}"


def test_payment_is_not_corrected_to_more_than_is_due(people, payment, sign_in):
    data = {"amount_yuan": "10.5", "paid_on": f"{THIS_MONTH}"}
    page = sign_in(people.secretary).post(url("edit_payment", payment.pk), data)
    assert page.context["form"].errors == {
        "amount_yuan": ["应缴 10 元,已缴 0 元,这次最多缴 10 元。请核对金额,或先改应缴数。"]
    }
    payment.refresh_from_db()
    assert payment.amount_yuan == 10


def withdrawal(payment):
    return url("withdraw_payment", payment.dues_month_id, payment.pk)


def test_payment_is_withdrawn_with_history_after_a_look(people, places, payment, sign_in):
    client, address = sign_in(people.secretary), f"{withdrawal(payment)}?organization={places.branch.pk}"
    assert address in client.get(url("edit_payment", payment.pk), {"organization": places.branch.pk}).text
    assert '应缴 <span class="num">10.00</span> 元,已缴 <span class="num">0.00</span> 元' in client.get(address).text
    assert DuesPayment.objects.exists()  # a look changes nothing
    assert client.post(address).url == f"{url()}?month={THIS_MONTH:%Y-%m}&organization={places.branch.pk}"
    assert not DuesPayment.objects.exists()
    assert people.zhang.changes.get().new == "登记有误,已撤销"


def test_payment_withdrawn_twice_is_told(people, payment, sign_in):
    client, address = sign_in(people.secretary), withdrawal(payment)
    client.post(address)
    for ask in (client.post, client.get):
        page = ask(address, follow=True)
        assert page.redirect_chain[0][0].startswith(url())
        assert [str(each) for each in page.context["messages"]][-1] == "这笔已经撤销了。"
    for late in (services.withdraw_payment, services.correct_payment):
        with pytest.raises(ValidationError, match="这笔已经撤销了。"):
            late(payment, actor=people.secretary)
    assert people.zhang.changes.count() == 1


def test_payment_of_a_settled_period_stays(people, places, payment, sign_in):
    close(places.branch, THIS_MONTH, timezone.localdate())
    client = sign_in(people.secretary)
    page = client.post(url("edit_payment", payment.pk), {"amount_yuan": "1", "paid_on": f"{THIS_MONTH}"})
    assert "已经办结" in page.context["form"].non_field_errors()[0]
    for ask in (client.get, client.post):
        page = ask(withdrawal(payment), follow=True)
        assert "已经办结" in [str(each) for each in page.context["messages"]][-1]
    payment.refresh_from_db()
    assert payment.amount_yuan == 10


def test_payment_refuses_bad_input(people, payment, sign_in):
    page = sign_in(people.secretary).post(
        url("edit_payment", payment.pk), {"amount_yuan": "x", "paid_on": "2999-01-01"}
    )
    assert page.context["form"].errors == {
        "amount_yuan": ["实缴应是数字,例如 10 或 10.50。"],
        "paid_on": ["缴纳日期 2999-01-01 还没有到。"],
    }


def test_payment_is_hidden_and_needs_the_role(people, payment, sign_in):
    for address in (url("edit_payment", payment.pk), withdrawal(payment)):
        assert sign_in(people.outsider).post(address).status_code == 404
        for user in (people.general, people.auditor, people.member):
            assert sign_in(user).post(address).status_code == 403
    assert DuesPayment.objects.exists()


# Receipts ---------------------------------------------------------------------------------------


def test_receipt_lists_what_was_paid_together(people, sign_in):
    client = sign_in(people.secretary)
    client.post(url(), sent(people.zhang, full="on") | sent(people.wang, due="5", full="on", payer="王丽"))
    receipt = DuesReceipt.objects.get()
    assert receipt.number == f"{timezone.localdate():%Y%m%d}-{receipt.pk:05d}"
    page = client.get(url("dues_receipt", receipt.pk))
    assert (page.context["total"], page.context["members"], page.context["unpaid"]) == (Decimal(15), 2, 0)
    assert receipt.number in client.get(url()).content.decode()


def test_latest_receipts_come_first(people, sign_in):
    client = sign_in(people.secretary)
    client.post(url(), sent(people.zhang, amount_yuan="4"))
    client.post(url(), sent(people.zhang, seen="4.00|10.00|0|", amount_yuan="6"))
    for name in ("dues", "dues_half"):
        assert [receipt.total for receipt in client.get(url(name)).context["receipts"]] == [6, 4]


def test_receipt_says_that_all_was_taken_back(people, sign_in):
    client = sign_in(people.secretary)
    client.post(url(), sent(people.zhang, full="on"))
    client.post(withdrawal(DuesPayment.objects.get()))
    body = client.get(url("dues_receipt", DuesReceipt.objects.get().pk)).content.decode()
    assert "已经全部撤销" in body
    assert "还有 2 人没有缴清" in body


def test_receipt_is_hidden_from_others(people, sign_in):
    sign_in(people.secretary).post(url(), sent(people.zhang, full="on"))
    address = url("dues_receipt", DuesReceipt.objects.get().pk)
    for user, status in ((people.outsider, 404), (people.member, 404), (people.leader, 200), (people.auditor, 200)):
        assert sign_in(user).get(address).status_code == status


def test_receipt_as_a_workbook_says_what_the_page_says(people, sign_in):
    client = sign_in(people.secretary)
    client.post(url(), sent(people.zhang, full="on") | sent(people.wang, due="5", full="on", payer="=王丽"))
    response = client.get(url("dues_receipt", DuesReceipt.objects.get().pk), {"export": "xlsx"})
    month, today = f"{timezone.localdate():%Y-%m}", str(timezone.localdate())
    assert rows_of(response) == [
        ["姓名", "月份", "实缴(元)", "缴纳日期", "代缴人"],
        ["张建国", month, 10, today, None],
        ["王志强", month, 5, today, "=王丽"],
        ["合计", "2 人,2 笔", 15, None, None],
    ]


def test_receipt_query_count_does_not_grow(people, places, sign_in):
    client = sign_in(people.secretary)
    counts = []
    for there in ([people.zhang], [make.member(name, places.branch) for name in "甲乙丙"]):
        client.post(url(), {k: v for member in there for k, v in sent(member, full="on").items()})
        address = url("dues_receipt", DuesReceipt.objects.first().pk)
        with CaptureQueriesContext(connection) as read:
            client.get(address)
        counts.append(len(read))
    assert counts[0] == counts[1]


# Taking back a receipt as a whole ---------------------------------------------------------------


@pytest.fixture
def batch(people, sign_in):
    """The secretary's receipt of today for Zhang and Wang, ten yuan each."""
    client = sign_in(people.secretary)
    client.post(url(), pay_today(client, sent(people.zhang) | sent(people.wang)))
    return DuesReceipt.objects.get()


def take_back(client, receipt):
    page = client.post(url("withdraw_receipt", receipt.pk), follow=True)
    return page.status_code, [str(each) for each in page.context.get("messages", [])][-1:]


def test_receipt_is_taken_back_as_a_whole_with_history(people, batch, sign_in):
    client = sign_in(people.secretary)
    assert url("withdraw_receipt", batch.pk) in client.get(url("dues_receipt", batch.pk)).content.decode()
    check = client.get(url("withdraw_receipt", batch.pk)).content.decode()
    assert "2 人、2 笔,共 20.00 元,会一起撤销" in check
    assert DuesPayment.objects.count() == 2
    assert take_back(client, batch) == (200, ["已撤销这次登记:缴纳 2 笔,共 20.00 元。应缴数没有变。"])
    for member in (people.zhang, people.wang):
        assert record(member) == [(THIS_MONTH, Decimal(10), [])]
        change = member.changes.filter(kind="payment").latest("pk")
        assert (change.old, change.new) == (f"{timezone.localdate()} 缴 10.00 元", "登记有误,已撤销")
    batch.refresh_from_db()
    assert batch.corrected_at
    body = client.get(url("dues_receipt", batch.pk)).content.decode()
    assert "已经全部撤销" in body
    assert url("withdraw_receipt", batch.pk) not in body
    assert "已经全部撤销" in client.get(url()).content.decode()
    assert take_back(client, batch)[1] == ["这次登记里的缴纳已经更正或者撤销过,不能再整批撤销。记错的请逐笔更正。"]


def test_receipt_is_taken_back_by_whoever_recorded_it(people, batch, sign_in):
    for user, status in ((people.staff, 403), (people.leader, 403), (people.outsider, 404)):
        client = sign_in(user)
        assert client.post(url("withdraw_receipt", batch.pk)).status_code == status
        assert url("withdraw_receipt", batch.pk) not in client.get(url("dues_receipt", batch.pk)).content.decode()
    assert DuesPayment.objects.count() == 2


@pytest.mark.parametrize("correct", [True, False])
def test_receipt_stays_once_something_of_it_was_corrected(people, batch, sign_in, correct):
    client, payment = sign_in(people.secretary), batch.payments.first()
    data = {"amount_yuan": "1", "paid_on": f"{THIS_MONTH}"}
    client.post(url("edit_payment", payment.pk) if correct else withdrawal(payment), data)
    left = list(DuesPayment.objects.values_list("pk", "amount_yuan"))
    assert "不能再整批撤销" in client.get(url("dues_receipt", batch.pk)).content.decode()
    assert take_back(client, batch)[1] == ["这次登记里的缴纳已经更正或者撤销过,不能再整批撤销。记错的请逐笔更正。"]
    assert list(DuesPayment.objects.values_list("pk", "amount_yuan")) == left


def test_receipt_of_another_day_stays(people, batch, sign_in):
    DuesReceipt.objects.update(recorded_at=timezone.now() - datetime.timedelta(days=1))
    assert take_back(sign_in(people.secretary), batch)[1] == ["整批撤销只能在登记的当天。记错的请逐笔更正。"]
    assert DuesPayment.objects.count() == 2


def test_receipt_of_a_settled_period_stays(people, places, batch, sign_in):
    close(places.branch, THIS_MONTH, timezone.localdate())
    (sentence,) = take_back(sign_in(people.secretary), batch)[1]
    assert "已经办结" in sentence
    assert DuesPayment.objects.count() == 2


# Members who have moved -------------------------------------------------------------------------


def test_payment_of_somebody_who_moved_away_names_whom_to_ask(people, places, sign_in):
    owed = make.dues(people.zhang, LAST_MONTH, people.secretary, paid=10, paid_on=LAST_MONTH)
    receipt = DuesReceipt.objects.create(organization=places.branch, recorded_by=people.secretary)
    owed.payments.update(receipt=receipt)
    link, client = url("edit_payment", owed.payments.get().pk), sign_in(people.secretary)
    addresses = (
        f"{url()}?month={LAST_MONTH:%Y-%m}",
        f"{url('dues_half')}?half={LAST_MONTH.year}H{1 if LAST_MONTH.month < 7 else 2}",
        url("dues_receipt", receipt.pk),
    )
    assert [link in client.get(address).content.decode() for address in addresses] == [True] * 3
    people.zhang.memberships.update(ends_on=THIS_MONTH - datetime.timedelta(days=1))
    people.zhang.memberships.create(organization=places.sibling, starts_on=THIS_MONTH)
    assert client.get(link).status_code == 404
    for address in (addresses[0], addresses[2]):
        body = client.get(address).content.decode()
        assert link not in body
        assert "现在在和平社区第二党支部,要更正请找那里" in body
    new = make.user("新书记", "branch_secretary", places.sibling)
    body = (
        sign_in(new)
        .get(f"{url('dues_half')}?half={LAST_MONTH.year}H{1 if LAST_MONTH.month < 7 else 2}")
        .content.decode()
    )
    assert (link in body) == (LAST_MONTH.month not in (6, 12))  # the half-year lists who belongs at its end
    assert client.get(link).status_code == 200
