"""The standard of 2008, arrears in words, and what members' dues go by."""

import datetime
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from members import dues_standard as standard
from members.arrears import Arrears, unpaid_streak
from members.dates import first_of
from members.models import DuesBase, FactChange
from members.services.dues_bases import Bases
from tests import factories as make

THIS_MONTH = first_of(timezone.localdate())
LAST_MONTH = first_of(THIS_MONTH, -1)
URL = reverse("members:dues_bases")
PAGE = f"{URL}?month={THIS_MONTH:%Y-%m}"


# The standard -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "pay", "percent", "due"),
    [
        ("employed", "1", "0.5", "0.01"),
        ("employed", "2999.99", "0.5", "15.00"),
        ("employed", "3000", "0.5", "15.00"),
        ("employed", "3000.01", "1", "30.00"),
        ("employed", "3800", "1", "38.00"),
        ("employed", "5000", "1", "50.00"),
        ("employed", "5000.01", "1.5", "75.00"),
        ("employed", "10000", "1.5", "150.00"),
        ("employed", "10000.01", "2", "200.00"),
        ("employed", "12345.67", "2", "246.91"),
        ("employed", "3000.50", "1", "30.01"),  # half a cent goes up
        ("employed", "2001", "0.5", "10.01"),
        ("retired", "5000", "0.5", "25.00"),
        ("retired", "5000.01", "1", "50.00"),
        ("retired", "12000", "1", "120.00"),
    ],
)
def test_due_is_a_share_of_the_whole_pay(kind, pay, percent, due):
    assert standard.percent(kind, Decimal(pay)) == Decimal(percent)
    assert standard.due(kind, Decimal(pay)) == Decimal(due)


@pytest.mark.parametrize(
    ("fields", "due", "words"),
    [
        ({"kind": "employed", "pay": "3800.00"}, "38.00", "3,800 元 × 1% = 38.00 元"),
        ({"kind": "employed", "pay": "12345.67"}, "246.91", "12,345.67 元 × 2% = 246.91 元"),
        ({"kind": "retired", "pay": "4000.00"}, "20.00", "4,000 元 × 0.5% = 20.00 元"),
        ({"kind": "employed", "fixed_yuan": Decimal("100")}, "100.00", "固定 100.00 元"),
        ({"kind": "farmer", "fixed_yuan": Decimal("0.5")}, "0.50", "固定 0.50 元"),
        ({"kind": "relief"}, "0.20", "每月 0.20 元"),
    ],
)
def test_base_says_how_the_due_amount_comes_about(fields, due, words):
    base = DuesBase(**fields)
    base.clean()
    assert (base.due_yuan, base.words) == (Decimal(due), words)


@pytest.mark.parametrize(
    ("fields", "column", "sentence"),
    [
        ({"kind": "employed"}, "pay", "请写每月税后工资,或者写固定数额。"),
        ({"kind": "employed", "pay": "0.50"}, "pay", "每月工资应在 1 元和 999999.99 元之间,请核对。"),
        ({"kind": "employed", "pay": "3000", "fixed_yuan": Decimal(10)}, "fixed_yuan", "工资和固定数额,写一样就够。"),
        ({"kind": "farmer"}, "fixed_yuan", "农民党员每月缴 0.2 元到 1 元,请写固定数额。"),
        (
            {"kind": "farmer", "fixed_yuan": Decimal("1.01")},
            "fixed_yuan",
            "农民党员每月缴 0.2 元到 1 元,请写固定数额。",
        ),
        ({"kind": "farmer", "pay": "3000"}, "pay", "农民不按工资算,工资请空着。"),
        ({"kind": "relief", "pay": "3000"}, "pay", "学生、下岗、领取救济不按工资算,工资请空着。"),
        ({"kind": "relief", "fixed_yuan": Decimal(1)}, "fixed_yuan", "这一类每月缴 0.20 元,固定数额请空着。"),
    ],
)
def test_base_refuses_what_its_kind_does_not_have(fields, column, sentence):
    with pytest.raises(ValidationError) as refused:
        DuesBase(**fields).clean()
    assert refused.value.message_dict == {column: [sentence]}


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "employed"},
        {"kind": "employed", "pay": "3000", "fixed": "10"},
        {"kind": "farmer", "fixed": "2"},
        {"kind": "relief", "pay": "3000"},
        {"kind": "x", "pay": "3000"},
        {"kind": "employed", "pay": "3000", "month": datetime.date(2025, 3, 2)},
    ],
)
def test_database_refuses_half_a_base(people, fields):
    with pytest.raises(IntegrityError), transaction.atomic():
        make.base(people.zhang, **{"month": datetime.date(2025, 3, 1), **fields}, by=people.secretary)


def test_pay_is_not_in_the_database_in_clear(people):
    base = make.base(people.zhang, THIS_MONTH, "employed", pay="4321.00", by=people.secretary)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pay FROM members_duesbase WHERE id = %s", [base.pk])
        assert "4321" not in cursor.fetchone()[0]
    assert DuesBase.objects.get().pay_yuan == Decimal("4321.00")


def test_of_a_month_the_last_base_holds(people):
    march, june = datetime.date(2025, 3, 1), datetime.date(2025, 6, 1)
    make.base(people.zhang, june, "employed", pay="5000", by=people.secretary)
    make.base(people.zhang, march, "employed", pay="3000", by=people.secretary)
    make.base(people.zhang, march, "employed", pay="3800", by=people.secretary)
    bases = Bases([people.zhang], june)
    found = [bases.of(people.zhang.pk, datetime.date(2025, month, 1)) for month in (2, 3, 5, 6)]
    assert [base and base.pay for base in found] == [None, "3800", "3800", "5000"]


# Arrears in words -------------------------------------------------------------------------------


def months(*numbers, year=2026):
    return tuple(datetime.date(year, number, 1) for number in numbers)


@pytest.mark.parametrize(
    ("owing", "streak", "words", "warning"),
    [
        ((), 0, "", ""),
        (months(3), 1, "欠 1 个月:3 月", ""),
        (months(3, 4), 2, "欠 2 个月:3 月、4 月", ""),
        (months(12, year=2025) + months(1), 2, "欠 2 个月:2025 年 12 月、2026 年 1 月", ""),
        (
            months(11, year=2024) + months(5, 11, year=2025) + months(5, 6),
            2,
            "欠 5 个月:2024 年 11 月、2025 年 5 月、11 月、2026 年 5 月、6 月",
            "",
        ),
        (months(2, 3, 4), 3, "欠 3 个月:2 月、3 月、4 月", "已连续 3 个月没有缴,满 6 个月要上报"),
        (months(1, 2, 3), 0, "欠 3 个月:1 月、2 月、3 月", ""),
        (
            months(1, 2, 3, 4, 5, 6, 7),
            7,
            "欠 7 个月:1 月、2 月、3 月、4 月、5 月、6 月 等",
            "已连续 7 个月没有缴,要上报街道,由街道核实",
        ),
    ],
)
def test_arrears_in_words(owing, streak, words, warning):
    arrears = Arrears(owing, streak, datetime.date(2026, 8, 3))
    assert (arrears.words, arrears.warning) == (words, warning)


@pytest.mark.parametrize(
    ("unpaid", "streak"), [((7, 6, 5), 3), ((7, 5), 1), ((6, 5), 0), ((), 0), ((7, 6, 5, 4, 3, 2, 1), 7)]
)
def test_streak_counts_back_from_the_last_month_that_is_over(unpaid, streak):
    owed = [SimpleNamespace(month=month, paid_yuan=Decimal(0)) for month in months(*unpaid)]
    part = [SimpleNamespace(month=datetime.date(2025, 12, 1), paid_yuan=Decimal(1))]
    assert unpaid_streak(owed + part, datetime.date(2026, 8, 3)) == streak


# The page ---------------------------------------------------------------------------------------


def sent(member, kind="", pay="", fixed="", seen=0):
    """What the browser sends for a row."""
    values = {"seen": seen, "kind": kind, "pay_yuan": pay, "fixed_yuan": fixed}
    return {f"m{member.pk}-{name}": value for name, value in values.items()}


def record(member):
    return list(member.dues_bases.values_list("month", "kind", "pay", "fixed_yuan"))


def test_bases_save_together_without_the_pay_in_the_history(people, sign_in):
    client = sign_in(people.secretary)
    page = client.post(PAGE, sent(people.zhang, "employed", "3800") | sent(people.wang), follow=True)
    assert [str(each) for each in page.context["messages"]] == [
        f"已核定 1 人,{THIS_MONTH.year} 年 {THIS_MONTH.month} 月起按核定的数算应缴。下一步:到党费页登记缴纳。"
    ]
    assert record(people.zhang) == [(THIS_MONTH, "employed", "3800.00", None)]
    assert record(people.wang) == []
    change = FactChange.objects.get()
    assert (change.key, change.old, change.new) == (f"base:{THIS_MONTH:%Y-%m}", "", "核定(在职)")
    assert [row.base and row.base.words for row in page.context["rows"]] == ["3,800 元 × 1% = 38.00 元", None]
    assert page.context["unknown"] == 1


def test_the_same_is_filled_in_for_all_who_have_none_and_saved_only_then(people, sign_in):
    make.base(people.wang, LAST_MONTH, "retired", "4000", by=people.secretary)
    client = sign_in(people.secretary)
    zhang, wang = people.zhang.pk, people.wang.pk
    base = DuesBase.objects.get()
    sent = {
        f"m{zhang}-seen": 0, f"m{zhang}-kind": "", f"m{wang}-seen": base.pk, f"m{wang}-kind": "retired",
        f"m{wang}-pay_yuan": "4000", "same-kind": "employed", "same-pay_yuan": "3800", "same-fixed_yuan": "",
    }  # fmt: skip
    page = client.post(PAGE, sent | {"fill": "on"})
    assert f'已给 1 人填上,还没有保存:<a href="#row-{zhang}">张建国</a>。' in page.text
    assert DuesBase.objects.count() == 1
    rows = {row.member: (row["kind"].value(), row["pay_yuan"].value()) for row in page.context["rows"]}
    assert rows == {people.zhang: ("employed", "3800"), people.wang: ("retired", "4000")}
    faulty = client.post(PAGE, sent | {"fill": "on", "same-pay_yuan": "很多"})
    assert faulty.status_code == 400
    assert "张建国:税后工资应是数字" in faulty.text


def test_bases_are_kept_when_they_change(people, sign_in):
    old = make.base(people.zhang, LAST_MONTH, "employed", pay="3800.00", by=people.staff)
    make.dues(people.zhang, THIS_MONTH, people.secretary, due="38")
    page = sign_in(people.secretary).post(PAGE, sent(people.zhang, "retired", "4000", seen=old.pk), follow=True)
    assert "已经登记的 1 个月应缴数没有跟着改" in str(next(iter(page.context["messages"])))
    assert record(people.zhang) == [
        (LAST_MONTH, "employed", "3800.00", None),
        (THIS_MONTH, "retired", "4000.00", None),
    ]
    assert FactChange.objects.get().new == "重新核定(离退休)"
    assert people.zhang.dues_months.get().due_yuan == Decimal(38)


def test_bases_left_alone_are_not_written(people, sign_in):
    old = make.base(people.zhang, LAST_MONTH, "employed", pay="3800.00", by=people.staff)
    page = sign_in(people.secretary).post(PAGE, sent(people.zhang, "employed", "3800", seen=old.pk), follow=True)
    assert [str(each) for each in page.context["messages"]] == ["没有改动。"]
    assert len(record(people.zhang)) == 1


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        (("", "3800"), "请选类别。"),
        (("employed", ""), "请写每月税后工资,或者写固定数额。"),
        (("employed", "三千"), "税后工资应是数字,例如 10 或 10.50。"),
        (("employed", "3800", "20"), "工资和固定数额,写一样就够。"),
        (("farmer", "", "5"), "农民党员每月缴 0.2 元到 1 元,请写固定数额。"),
        (("boss", "3800"), "请从列表里选类别。"),
        (("employed", "3800", "", "x"), "页面已过期,请刷新后重新填写。"),
    ],
)
def test_bases_refuse_with_name_and_sentence(people, sign_in, fields, sentence):
    page = sign_in(people.secretary).post(PAGE, sent(people.zhang, *fields) | sent(people.wang, "relief"))
    assert page.context["errors"] == [f"张建国:{sentence}"]
    assert not DuesBase.objects.exists()


def test_bases_changed_by_two_people_are_told(people, sign_in):
    sign_in(people.staff).post(PAGE, sent(people.zhang, "employed", "3800"))
    client = sign_in(people.secretary)
    assert client.post(PAGE, sent(people.zhang, "employed", "3800")).status_code == 302  # both agree
    page = client.post(PAGE, sent(people.zhang, "employed", "4200") | sent(people.wang, "relief"))
    assert page.status_code == 409
    assert "陈政工核定为在职,3,800 元 × 1% = 38.00 元" in page.content.decode()
    assert page.context["rows"][0]["pay_yuan"].value() == Decimal("4200")
    assert (len(record(people.zhang)), len(record(people.wang))) == (1, 1)


def test_bases_are_only_for_who_keeps_the_records(people, places, sign_in):
    make.base(people.zhang, LAST_MONTH, "employed", pay="4321", by=people.secretary)
    for user in (people.member, people.leader, people.general, people.discipline, people.auditor):
        assert sign_in(user).get(PAGE).status_code == 403
    assert "4,321" in sign_in(people.staff).get(f"{PAGE}&organization={places.branch.pk}").content.decode()
    outside = sign_in(people.outsider).get(f"{PAGE}&organization={places.branch.pk}")
    assert outside.context["form"].errors
    assert "rows" not in outside.context


def test_a_member_sees_the_own_pay_and_nobody_below_the_secretary_does(people, sign_in):
    make.base(people.zhang, LAST_MONTH, "employed", pay="4321", by=people.secretary)
    record_of = reverse("members:member", args=[people.zhang.pk])
    shown = {user.name: "4,321" in sign_in(user).get(record_of).content.decode() for user in (
        people.member, people.secretary, people.staff, people.leader, people.general, people.discipline, people.auditor
    )}  # fmt: skip
    assert [name for name, seen in shown.items() if seen] == ["张建国", "李秀英", "陈政工"]


def test_bases_query_count_does_not_grow(people, places, sign_in):
    client = sign_in(people.secretary)
    client.get(PAGE)
    counts = []
    for there in ([people.zhang], [make.member(name, places.branch) for name in "甲乙丙"]):
        data = {key: value for member in there for key, value in sent(member, "employed", "3800").items()}
        with CaptureQueriesContext(connection) as written:
            client.post(PAGE, data)
        with CaptureQueriesContext(connection) as read:
            client.get(PAGE)
        counts.append((len(written), len(read)))
    assert DuesBase.objects.count() == 4
    assert counts[0] == counts[1]
