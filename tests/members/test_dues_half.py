"""Dues of a half-year: ticked months are paid in full."""

import datetime
import json
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from members import services
from members.dates import first_of, months_of_half, months_of_quarter
from members.models import ClosedPeriod, DuesMonth, DuesPayment, DuesReceipt
from tests import factories as make

YEAR = timezone.localdate().year - 1  # all of its months are over
URL = reverse("members:dues_half")
PAGE = f"{URL}?half={YEAR}H2"
MONTHS = months_of_half(f"{YEAR}H2")
JULY, AUGUST = MONTHS[:2]
DAY = f"{YEAR}-12-20"


def ticked(client, *ticks, page=PAGE, **fields):
    """What the browser sends: the states that the page shows, and the ticks, a member with a month or a quarter."""
    rows = client.get(page).context["rows"]
    data = {f"seen-{row.member.pk}": row.seen for row in rows} | {"paid_on": DAY, "payer": "", **fields}
    names = [(member.pk, f"{of:%Y-%m}" if isinstance(of, datetime.date) else of) for member, of in ticks]
    data["pay"] = [f"{pk}:{name}" for pk, name in names if "Q" not in name]
    data["quarter"] = [f"{pk}:{name}" for pk, name in names if "Q" in name]
    return data


def pay_all(client, data, page=PAGE):
    """What the page to check sends when everything is confirmed."""
    return dict(client.post(page, data | {"pay_all": "1"}).context["sent"]) | {"confirm": "1"}


def paid(member):
    """What was paid of each month."""
    payments = DuesPayment.objects.filter(dues_month__member=member).order_by("dues_month__month", "pk")
    return [(one.dues_month.month.month, one.amount_yuan) for one in payments]


@pytest.fixture
def owing(people):
    """Zhang, whose dues go by the pay and of whom July and August are recorded; August is paid in part."""
    make.base(people.zhang, JULY, "employed", pay="3800", by=people.secretary)
    make.dues(people.zhang, JULY, people.secretary, due=38)
    make.dues(people.zhang, AUGUST, people.secretary, due=38, paid=8, paid_on=AUGUST)
    return people.zhang


def states(page):
    return [[cell.state for cell in row.cells] for row in page.context["rows"]]


def test_half_shows_every_months_state(people, owing, sign_in):
    page = sign_in(people.secretary).get(PAGE)
    assert states(page) == [["owing", "part", *["unrecorded"] * 4], ["unknown"] * 6]
    assert (page.context["owing"], page.context["unrecorded"]) == (1, 1)
    body = page.content.decode()
    assert "3,800 元 × 1% = 38.00 元" in body
    page_of_july = f"{reverse('members:dues')}?month={YEAR}-07&amp;organization={page.context['organization'].pk}"
    assert f'欠 2 个月:<a href="{page_of_july}">{YEAR} 年 7 月</a>、<a' in body
    assert body.count("还没有核定") == 7


def test_half_asks_for_nothing_before_joining(people, owing, sign_in):
    people.wang.joined_on = MONTHS[2]
    people.wang.save()
    client = sign_in(people.secretary)
    assert states(client.get(PAGE))[1] == ["before"] * 2 + ["unknown"] * 4
    page = client.post(PAGE, ticked(client) | {"pay_all": "1"})
    assert page.context["left_out"] == [(people.wang, "9 月、10 月、11 月、12 月还没有核定")]


def test_half_pays_what_is_ticked_under_one_receipt(people, owing, sign_in):
    client = sign_in(people.secretary)
    page = client.post(PAGE, ticked(client, (owing, JULY), (owing, AUGUST), payer="王丽"), follow=True)
    assert paid(owing) == [(7, 38), (8, 8), (8, 30)]
    receipt = DuesReceipt.objects.get()
    assert set(receipt.payments.values_list("payer", "paid_on")) == {("王丽", datetime.date(YEAR, 12, 20))}
    said = str(next(iter(page.context["messages"])))
    assert said.startswith("已登记缴纳 2 笔,共 68.00 元,收据 <a ")
    assert f">{receipt}</a>。" in said
    assert states(page)[0][:2] == ["paid", "paid"]


def test_half_pays_a_quarter_at_once(people, owing, sign_in):
    client = sign_in(people.secretary)
    client.post(PAGE, ticked(client, (owing, f"{YEAR}Q4"), (owing, MONTHS[3])))
    assert paid(owing)[1:] == [(month.month, Decimal(38)) for month in months_of_quarter(f"{YEAR}Q4")]
    assert owing.dues_months.count() == 5


def test_half_pays_everything_that_has_begun(people, owing, sign_in):
    client = sign_in(people.secretary)
    data = pay_all(client, ticked(client))
    client.post(PAGE, data)
    assert [amount for _, amount in paid(owing)] == [38, 8, 30, 38, 38, 38, 38]
    assert not people.wang.dues_months.exists()
    again = client.post(PAGE, data, follow=True)
    assert [str(each) for each in again.context["messages"]][-1] == "没有改动:到这个月为止,都已经登记。"
    assert len(paid(owing)) == 7


def test_half_asks_before_it_pays_everything(people, owing, sign_in):
    client = sign_in(people.secretary)
    page = client.post(PAGE, ticked(client, payer="王丽") | {"pay_all": "1"})
    ((who, lines, amount),) = page.context["people"]
    assert (who, len(lines), amount) == (owing, 6, 220)
    assert page.context["months"] == MONTHS
    assert page.context["left_out"] == [(people.wang, "7 月、8 月、9 月、10 月、11 月、12 月还没有核定")]
    assert paid(owing) == [(8, 8)]
    back = client.post(PAGE, dict(page.context["sent"]) | {"back": "1"})
    assert back.context["pay_form"]["payer"].value() == "王丽"
    assert paid(owing) == [(8, 8)]
    client.post(PAGE, dict(page.context["sent"]) | {"confirm": "1"})
    assert sum(amount for _, amount in paid(owing)) == 228


def test_half_says_what_stays_owed_of_earlier_months(people, owing, sign_in):
    make.dues(owing, datetime.date(YEAR, 5, 1), people.secretary, due=38)
    client = sign_in(people.secretary)
    page = client.post(PAGE, ticked(client) | {"pay_all": "1"})
    assert page.context["earlier"] == [(owing, f"欠 1 个月:{YEAR} 年 5 月")]
    assert f"更早欠的不在下面,登记以后还要另外补:张建国欠 1 个月:{YEAR} 年 5 月。" in page.content.decode()


def test_half_long_ago_is_reached_by_its_address(people, owing, sign_in):
    make.dues(owing, datetime.date(2019, 8, 1), people.secretary, due=38)
    client = sign_in(people.secretary)
    page = client.get(f"{URL}?half=2019H2")
    assert [cell.state for cell in page.context["rows"][0].cells][1] == "owing"
    assert client.get(reverse("members:dues"), {"month": "2019-08"}).context["rows"][0].cell.rest == 38
    for nonsense in ("2019H3", "2007H2", "2019-8x", "2019"):
        assert client.get(URL, {"half": nonsense}).context.get("rows") is None


def test_half_asks_nothing_of_whom_settled_abroad(people, owing, sign_in):
    people.wang.mobility = "abroad"
    people.wang.save()
    client = sign_in(people.secretary)
    page = client.get(PAGE)
    assert states(page)[1] == ["abroad"] * 6
    assert "出国(境)定居,不收" in page.content.decode()
    month = client.get(reverse("members:dues"), {"month": f"{YEAR}-07"})
    assert month.context["rows"][1].cell.due is None
    assert "该缴的都已缴清" not in month.content.decode()
    bases = client.get(reverse("members:dues_bases"))
    assert bases.context["unknown"] == 0


def test_whom_settled_abroad_is_left_out_of_all_and_may_still_pay(people, owing, sign_in):
    make.base(people.wang, JULY, "employed", pay="3800", by=people.secretary)
    people.wang.mobility = "abroad"
    people.wang.save()
    client = sign_in(people.secretary)
    page = client.post(PAGE, ticked(client) | {"pay_all": "1"})
    assert [member for member, _, _ in page.context["people"]] == [owing]
    assert [member for member, _ in page.context["left_out"]] == [people.wang]
    month = client.get(reverse("members:dues"), {"month": f"{YEAR}-07"})
    assert (month.context["rows"][1].cell.due, month.context["rows"][1].can_pay) == (38, True)


def test_half_pays_everything_of_the_other_pages_too(people, places, owing, monkeypatch, sign_in):
    monkeypatch.setattr("members.views.dues_half.MEMBERS_A_PAGE", 1)
    other = make.member("甲", places.branch)
    make.base(other, JULY, "relief", by=people.secretary)
    excused = make.dues(other, AUGUST, people.secretary, due="0.20")
    excused.excused, excused.excuse, excused.excused_by = True, "困难", "支部大会"
    excused.save()
    client = sign_in(people.secretary)
    data = ticked(client)
    assert [name for name in data if name.startswith("seen")] == [f"seen-{owing.pk}"]
    page = client.post(PAGE, data | {"pay_all": "1"})
    assert [(who, len(lines)) for who, lines, _ in page.context["people"]] == [(owing, 6), (other, 5)]
    assert page.context["left_out"] == [
        (people.wang, "7 月、8 月、9 月、10 月、11 月、12 月还没有核定"),
        (other, "8 月经批准缓缴或免缴"),
    ]
    client.post(PAGE, dict(page.context["sent"]) | {"confirm": "1"})
    assert [month for month, _ in paid(other)] == [7, 9, 10, 11, 12]


def test_half_of_the_present_offers_the_quarter_in_advance(people, sign_in):
    today = timezone.localdate()
    make.base(people.zhang, first_of(today, -12), "employed", pay="3800", by=people.secretary)
    page = sign_in(people.secretary).get(URL)
    last = months_of_quarter(f"{today.year}Q{(today.month + 2) // 3}")[-1]
    months = [cell.cell.month for cell in page.context["rows"][0].cells]
    begun = ["unrecorded" if month < first_of(today) else "open" for month in months if month <= last]
    expected = begun + ["later"] * (6 - len(begun))
    assert states(page)[0] == expected
    client = sign_in(people.secretary)
    client.post(URL, pay_all(client, ticked(client, page=URL, paid_on=f"{today}"), URL))
    assert max(month for month, _ in paid(people.zhang)) == today.month  # what is to come only by a tick


def test_half_sent_twice_pays_once(people, owing, sign_in):
    client = sign_in(people.secretary)
    data = ticked(client, (owing, JULY), (owing, MONTHS[2]))
    assert client.post(PAGE, data).status_code == 302
    assert client.post(PAGE, data).status_code == 302
    assert paid(owing) == [(7, 38), (8, 8), (9, 38)]


def test_half_paid_by_two_people_is_told(people, owing, sign_in):
    data = ticked(sign_in(people.secretary), (owing, JULY), (owing, MONTHS[2]))
    staff = sign_in(people.staff)
    staff.post(PAGE, ticked(staff, (owing, JULY)))
    page = sign_in(people.secretary).post(PAGE, data)
    assert page.status_code == 409
    assert "7 月:陈政工登记为应缴 38.00 元、已缴 38.00 元" in page.content.decode()
    assert paid(owing) == [(7, 38), (8, 8), (9, 38)]


def test_half_does_not_pay_an_amount_that_was_not_seen(people, owing, sign_in):
    client = sign_in(people.secretary)
    data = ticked(client, (owing, JULY))
    DuesMonth.objects.filter(member=owing, month=JULY).update(due_yuan=50)
    page = client.post(PAGE, data)
    assert page.status_code == 409
    assert paid(owing) == [(8, 8)]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"paid_on": "2999-01-01"}, "缴纳日期 2999-01-01 还没有到。"),
        ({"paid_on": "2001-01-01"}, "缴纳日期 2001-01-01 太早,请核对年份。"),
        ({"paid_on": "x"}, "缴纳日期不存在,请写成 2025-06-05 的样子。"),
        ({"paid_on": ""}, "请写缴纳日期。"),
        ({"pay": []}, "还没有勾选。请先勾选已经缴的月份,再保存。"),
    ],
)
def test_half_refuses_with_a_sentence_and_keeps_the_ticks(people, owing, sign_in, fields, sentence):
    client = sign_in(people.secretary)
    page = client.post(PAGE, ticked(client, (owing, JULY)) | fields)
    assert page.context["errors"] == [sentence]
    assert page.context["rows"][0].cells[0].ticked == bool(fields.get("pay", True))
    assert paid(owing) == [(8, 8)]


@pytest.mark.parametrize(
    "seen",
    ["", "x", "[]", "null", '{"a": 1}', '{"a": [1, 2]}', '{"%(month)s": ["NaN", ""]}', '{"%(month)s": ["10", "NaN|"]}',
     '{"%(month)s": ["999999999", ""]}', '{"%(month)s": ["1.005", ""]}'],
)  # fmt: skip
def test_half_takes_no_forged_state(people, owing, sign_in, seen):
    client = sign_in(people.secretary)
    sent = seen.replace("%(month)s", f"{JULY:%Y-%m}")
    page = client.post(PAGE, ticked(client, (owing, JULY)) | {f"seen-{owing.pk}": sent})
    assert page.context["errors"] == ["张建国:页面已过期,请刷新后重新勾选。"]
    assert paid(owing) == [(8, 8)]


def test_half_pays_nothing_that_the_page_did_not_offer(people, owing, sign_in):
    client = sign_in(people.secretary)
    forged = json.dumps({f"{AUGUST:%Y-%m}": ["38.00", "99.00|38.00|0|"]})
    client.post(PAGE, ticked(client, (owing, AUGUST), (people.wang, JULY)) | {f"seen-{owing.pk}": forged})
    assert paid(owing) == [(8, 8)]
    assert not people.wang.dues_months.exists()


def test_half_of_a_settled_time_takes_late_payments_of_recorded_months_only(people, places, owing, sign_in):
    ClosedPeriod.objects.create(
        organization=places.street,
        title="去年",
        starts_on=datetime.date(YEAR, 1, 1),
        ends_on=datetime.date(YEAR, 12, 31),
    )
    client = sign_in(people.secretary)
    assert states(client.get(PAGE))[0] == ["owing", "part", "settled", "settled", "settled", "settled"]
    refused = client.post(PAGE, ticked(client, (owing, JULY)))
    assert "已经办结" in refused.context["errors"][0]
    client.post(PAGE, ticked(client, (owing, JULY), paid_on=f"{timezone.localdate()}"))
    assert paid(owing) == [(7, 38), (8, 8)]


def test_half_needs_the_role_and_hides_the_pay(people, owing, sign_in):
    assert sign_in(people.member).get(PAGE).status_code == 403
    for user in (people.general, people.leader, people.auditor, people.discipline):
        page = sign_in(user).get(PAGE)
        assert page.status_code == 200
        assert "3,800" not in page.content.decode()
        assert '<input class="form-check-input"' not in page.content.decode()
        assert sign_in(user).post(PAGE, {"pay": [f"{owing.pk}:{JULY:%Y-%m}"]}).status_code == 403


@pytest.mark.parametrize("query", [{"half": f"{YEAR}H3"}, {"half": "x"}, {"organization": "foreign"}])
def test_half_refuses_a_filter_it_did_not_offer(people, places, sign_in, query):
    if query.get("organization"):
        query = {"organization": places.foreign.pk}
    client = sign_in(people.secretary)
    page = client.get(URL, query)
    assert "rows" not in page.context
    assert client.post(f"{URL}?half=x", {}).status_code == 404


def test_half_query_count_does_not_grow(people, places, owing, sign_in):
    people.wang.memberships.update(organization=places.sibling)
    client = sign_in(people.secretary)
    client.get(PAGE)
    counts = []
    for number in (1, 3, 50):
        while places.branch.memberships.count() < number:
            make.base(make.member("甲", places.branch), JULY, "relief", by=people.secretary)
        DuesPayment.objects.all().delete()
        DuesMonth.objects.all().delete()
        data = ticked(client)
        with CaptureQueriesContext(connection) as checked:
            data = pay_all(client, data)
        with CaptureQueriesContext(connection) as written:
            client.post(PAGE, data)
        with CaptureQueriesContext(connection) as read:
            client.get(PAGE)
        counts.append((len(written), len(read), len(checked)))
    assert DuesPayment.objects.count() == 6 * 50
    assert counts[0] == counts[1]
    assert counts[2][1:] == counts[0][1:]  # writing so many rows takes more statements on SQLite


# Coming and going ---------------------------------------------------------------------------------


@pytest.fixture
def moved(people, places, owing):
    """Zhang, who belongs to the sibling from the middle of September on, and owes October there."""
    services.transfer_member(owing, places.sibling, datetime.date(YEAR, 9, 15), actor=people.staff)
    make.dues(owing, MONTHS[3], people.staff, due=38)
    return owing


def test_half_keeps_who_left_with_the_months_before(people, places, moved, sign_in):
    page = sign_in(people.secretary).get(PAGE)
    assert states(page)[0] == ["owing", "part", *["absent"] * 4]
    row = page.context["rows"][0]
    assert (row.arrears.words, row.base.words) == (f"欠 2 个月:{YEAR} 年 7 月、8 月", "3,800 元 × 1% = 38.00 元")
    assert page.text.count("不在本支部") == 4
    assert (
        sign_in(people.auditor)
        .get(PAGE, {"half": f"{YEAR}H2", "organization": places.branch.pk})
        .text.count("不在本支部")
        == 4
    )
    there = sign_in(people.staff).get(PAGE, {"half": f"{YEAR}H2", "organization": places.sibling.pk})
    assert [row.member for row in there.context["rows"]] == [moved, people.liu]
    assert states(there)[0] == ["absent", "absent", "unrecorded", "owing", "unrecorded", "unrecorded"]
    # Corrected by who keeps the record now, though it was paid elsewhere.
    link = reverse("members:edit_payment", args=[DuesPayment.objects.get().pk])
    assert (link in page.text, link in there.text) == (False, True)


def test_half_takes_what_who_left_owes_there_and_nothing_else(people, moved, sign_in):
    client = sign_in(people.secretary)
    page = client.post(PAGE, ticked(client, (moved, MONTHS[3]), (moved, JULY)))
    assert page.context["errors"] == ["张建国 10 月不在本支部,不能登记。其余勾选的请再保存一次。"]
    assert page.status_code == 400
    assert paid(moved) == [(8, 8)]
    client.post(PAGE, ticked(client, (moved, f"{YEAR}Q3")))
    assert paid(moved) == [(7, 38), (8, 8), (8, 30)]
    client.post(PAGE, ticked(client) | {"pay_all": "1"})  # nothing is left that could be checked
    assert len(paid(moved)) == 3


def test_half_of_who_left_without_arrears_there_has_none(people, places, moved, sign_in):
    people.wang.memberships.update(ends_on=datetime.date(YEAR, 6, 30))
    DuesMonth.objects.filter(month__lt=MONTHS[3]).update(excused=True)
    page = sign_in(people.secretary).get(PAGE)
    assert [(row.member, bool(row.arrears)) for row in page.context["rows"]] == [(moved, False)]
    assert page.context["owing"] == 0
