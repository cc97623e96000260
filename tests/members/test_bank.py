"""A bank's list of dues: read, checked, previewed, recorded all or nothing."""

import datetime
import time
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from members.bank_list import read_amount, read_day, read_month
from members.dates import first_of, months_of_quarter, quarter_days, quarter_of
from members.models import ClosedPeriod, DuesPayment, DuesReceipt, Membership
from members.services.bank import digest_of
from tests import factories as make
from tests.members.test_imports import bomb, far_cell, formula, kept_files, merged, with_doctype, xlsx

TODAY = timezone.localdate()
THIS_MONTH = first_of(TODAY)
MONTHS = [first_of(TODAY, -back) for back in (2, 1, 0)]
OLDEST, BEFORE, NOW = MONTHS
HEAD = ["编号", "姓名", "金额", "日期"]


def url(name, *args):
    return reverse(f"members:{name}", args=args)


def upload(client, *rows, head=HEAD, name="名单.xlsx"):
    return send(client, xlsx([head, *rows]), name)


def send(client, content: bytes, name="名单.xlsx"):
    return client.post(url("import_dues"), {"file": SimpleUploadedFile(name, content)})


def confirm(client):
    preview = client.get(url("preview_dues"))
    return client.post(url("preview_dues"), {"promised": preview.context["plan"].fingerprint})


def refusal(page) -> list[str]:
    """The sentences on the page after a refused upload."""
    return page.context.get("faults") or [error for errors in page.context["form"].errors.values() for error in errors]


def paid(member):
    payments = DuesPayment.objects.filter(dues_month__member=member).order_by("dues_month__month", "pk")
    return [(one.dues_month.month, one.amount_yuan) for one in payments]


@pytest.fixture
def bank(people, sign_in, settings, tmp_path):
    """The test client signed in as the secretary; Zhang and Wang owe 10 yuan for each of three months."""
    settings.DATA_DIR = tmp_path
    for member in (people.zhang, people.wang):
        make.base(member, OLDEST, "employed", fixed="10", by=people.secretary)
        for month in MONTHS:
            make.dues(member, month, people.secretary)
    return sign_in(people.secretary)


# Cells ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "amount"),
    [("10", "10.00"), ("1,234.5", "1234.50"), ("¥38.00", "38.00"), ("38元", "38.00"), ("\uff11\uff10", "10.00")],
)
def test_amounts_as_banks_write_them(text, amount):
    assert read_amount(text) == Decimal(amount)


@pytest.mark.parametrize("text", ["", "-10", "十", "1,23", "0", "1.005", "1e5", "NaN", "100000", "10 20"])
def test_what_is_no_amount(text):
    with pytest.raises(ValueError):  # noqa: PT011  the sentences are looked at below
        read_amount(text)


@pytest.mark.parametrize(
    "text",
    ["2026-06-05", "2026/6/5", "2026.06.05", "20260605", "2026年6月5日", "2026-06-05 10:23:11", "20260605 10:23"],
)
def test_days_as_banks_write_them(text):
    assert read_day(text) == datetime.date(2026, 6, 5)


@pytest.mark.parametrize("text", ["2026-06", "2026/6", "202606", "2026年6月", "2026-06-01", "2026.6"])
def test_months_as_people_write_them(text):
    assert read_month(text) == datetime.date(2026, 6, 1)


@pytest.mark.parametrize("text", ["6月", "2026-13", "2026-6至8", "1026-06"])
def test_what_is_no_month(text):
    with pytest.raises(ValueError, match="不是一个月份"):
        read_month(text)


# Good lists -------------------------------------------------------------------------------------


def test_list_previews_then_records_oldest_months_first(people, bank):
    assert upload(bank, [people.zhang.number, "张建国", 25, f"{TODAY}"], ["", "王志强", "10", TODAY]).url == url(
        "preview_dues"
    )
    preview = bank.get(url("preview_dues")).context
    months = [f"{month.year} 年 {month.month} 月" for month in MONTHS]
    assert [(entry.row.number, entry.words, entry.short) for entry in preview["paying"]] == [
        (2, [f"{months[0]} 10.00 元", f"{months[1]} 10.00 元", f"{months[2]} 5.00 元"], 5),
        (3, [f"{months[0]} 10.00 元"], 0),
    ]
    assert (preview["total"], preview["people"]) == (35, 2)
    assert not DuesPayment.objects.exists()
    done = confirm(bank)
    receipt = DuesReceipt.objects.get()
    assert done.url == url("dues_receipt", receipt.pk)
    assert paid(people.zhang) == [(OLDEST, 10), (BEFORE, 10), (NOW, 5)]
    assert paid(people.wang) == [(OLDEST, 10)]
    assert receipt.file_digest
    assert people.wang.changes.get().new == f"{TODAY} 缴 10.00 元"
    assert kept_files() == []


def test_list_pays_the_month_that_it_names(people, bank):
    upload(bank, [people.zhang.number, "", 10, TODAY, f"{BEFORE:%Y-%m}"], head=[*HEAD, "所属月份"])
    confirm(bank)
    assert paid(people.zhang) == [(BEFORE, 10)]


def test_list_pays_months_in_advance_to_the_end_of_the_quarter(people, bank):
    ahead = [month for month in months_of_quarter(quarter_of(TODAY)) if month > NOW]
    upload(bank, [people.zhang.number, "", 30 + 10 * len(ahead), TODAY])
    confirm(bank)
    assert paid(people.zhang) == [(month, 10) for month in (*MONTHS, *ahead)]


def test_list_may_pay_a_month_in_two_rows(people, bank):
    new = make.member("陈桂兰", people.zhang.memberships.get().organization)
    make.base(new, NOW, "relief", by=people.secretary)
    upload(bank, ["", "陈桂兰", "0.1", TODAY], ["", "陈桂兰", "0.1", TODAY])
    confirm(bank)
    assert paid(new) == [(NOW, Decimal("0.10")), (NOW, Decimal("0.10"))]


def test_list_knows_other_columns_titles_and_sums(people, bank):
    rows = [
        ["某某银行代收明细"],
        [],
        ["序号", "客户姓名", "交易时间", "交易金额(元)"],
        [1, "王 志强", "20250102 10:11:12".replace("20250102", f"{TODAY:%Y%m%d}"), "10.00元"],
        ["合计", "", "", 10],
    ]
    send(bank, xlsx(rows))
    assert bank.get(url("preview_dues")).context["plan"].unused == ["序号"]
    confirm(bank)
    assert paid(people.wang) == [(OLDEST, 10)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk"])
def test_list_reads_csv(people, bank, encoding):
    send(bank, f"户名,金额,日期\r\n王志强,10,{TODAY}\r\n".encode(encoding), "名单.csv")
    confirm(bank)
    assert paid(people.wang) == [(OLDEST, 10)]


def test_list_sent_twice_changes_nothing(people, bank):
    rows = [[people.zhang.number, "张建国", 10, TODAY], ["", "王志强", 20, TODAY]]
    upload(bank, *rows)
    confirm(bank)
    text = "编号,姓名,金额,日期\r\n" + "\r\n".join(",".join(map(str, row)) for row in reversed(rows))
    send(bank, text.encode(), "另存.csv")
    preview = bank.get(url("preview_dues"))
    assert preview.context["plan"].earlier == DuesReceipt.objects.get()
    assert "这份名单已经由李秀英在" in preview.content.decode()
    assert confirm(bank).status_code == 200
    assert DuesPayment.objects.count() == 3


def test_list_leaves_out_rows_that_are_recorded(people, bank):
    upload(bank, [people.zhang.number, "张建国", 20, TODAY])
    confirm(bank)
    by_hand = people.wang.dues_months.get(month=OLDEST)
    DuesPayment.objects.create(dues_month=by_hand, amount_yuan=10, paid_on=TODAY, recorded_by=people.secretary)
    day_before = max(TODAY - datetime.timedelta(1), quarter_days(quarter_of(TODAY))[0])  # of a quarter that is owed
    upload(bank, ["", "张建国", 20, TODAY], ["", "王志强", 10, TODAY], ["", "张建国", 10, day_before])
    preview = bank.get(url("preview_dues")).context
    assert preview["counts"] == {"pay": 1, "same": 2, "open": 0, "left": 0, "fault": 0}
    confirm(bank)
    assert [amount for _, amount in paid(people.zhang)] == [10, 10, 10]
    assert len(paid(people.wang)) == 1


def test_list_leaves_out_members_whose_dues_are_not_decided(people, places, bank):
    new = make.member("陈桂兰", places.branch)
    rows = [["", "陈桂兰", "0.2", TODAY], ["", "王志强", 10, TODAY]]
    upload(bank, *rows)
    page = bank.get(url("preview_dues"))
    assert page.context["counts"] == {"pay": 1, "same": 0, "open": 1, "left": 0, "fault": 0}
    assert f"第 2 行 陈桂兰,{TODAY},0.20 元" in page.content.decode()
    done = bank.post(url("preview_dues"), {"promised": page.context["plan"].fingerprint}, follow=True)
    assert [str(message) for message in done.context["messages"]] == [
        "已登记缴纳 1 笔,共 10.00 元。",
        "没有登记:第 2 行陈桂兰。党费核定以后,把同一份名单再传一次。",
    ]
    assert (paid(people.wang), paid(new)) == ([(OLDEST, 10)], [])
    assert not new.dues_months.exists()
    make.base(new, NOW, "relief", by=people.secretary)
    upload(bank, *rows)
    assert bank.get(url("preview_dues")).context["counts"] == {"pay": 1, "same": 1, "open": 0, "left": 0, "fault": 0}
    confirm(bank)
    assert (paid(people.wang), paid(new)) == ([(OLDEST, 10)], [(NOW, Decimal("0.20"))])
    upload(bank, *rows)
    assert bank.get(url("preview_dues")).context["plan"].earlier


def leave(member, day, place=None):
    """The member's last day in the branch, and where he or she goes from there."""
    member.memberships.update(ends_on=day)
    if place:
        Membership.objects.create(member=member, organization=place, starts_on=day + datetime.timedelta(1))


def test_list_leaves_out_who_has_left_since_and_says_where_to_record_it(people, places, bank):
    """Money came while they were there, or was still drawn by the old list after that: either is recorded elsewhere."""
    moved, gone = make.member("陈桂兰", places.branch), make.member("林小友", places.branch)
    day = TODAY - datetime.timedelta(10)
    leave(moved, day, places.sibling)
    leave(gone, day)
    late = day + datetime.timedelta(3)
    upload(bank, ["", "陈桂兰", 10, day], [gone.number, "", 10, late], ["", "王志强", 10, TODAY])
    page = bank.get(url("preview_dues"))
    assert page.context["counts"] == {"pay": 1, "same": 0, "open": 0, "left": 2, "fault": 0}
    assert f"第 2 行 陈桂兰,{day},10.00 元:现在在和平社区第二党支部,由那里登记" in page.content.decode()
    assert f"第 3 行 林小友,{late},10.00 元:已不在名册,这里不能登记" in page.content.decode()
    done = bank.post(url("preview_dues"), {"promised": page.context["plan"].fingerprint}, follow=True)
    assert [str(message) for message in done.context["messages"]] == [
        "已登记缴纳 1 笔,共 10.00 元。",
        "没有登记,人已经转出:第 2 行陈桂兰(现在在和平社区第二党支部,由那里登记)、第 3 行林小友(已不在名册,这里不能登记)。",
    ]
    assert (paid(people.wang), paid(moved), paid(gone)) == ([(OLDEST, 10)], [], [])


def test_list_with_a_payment_on_record_of_who_has_left_since_knows_it(people, places, bank):
    rows = [["", "王志强", 10, TODAY], ["", "陈桂兰", "0.2", TODAY]]
    new = make.member("陈桂兰", places.branch)
    upload(bank, *rows)  # her dues are not decided yet
    confirm(bank)
    leave(people.wang, TODAY - datetime.timedelta(1), places.sibling)
    make.base(new, NOW, "relief", by=people.secretary)
    upload(bank, *rows)
    assert bank.get(url("preview_dues")).context["counts"] == {"pay": 1, "same": 1, "open": 0, "left": 0, "fault": 0}


def test_list_tells_namesakes_apart_by_who_was_there_on_the_day(people, places, bank):
    """Or in the month that the row is for; with neither of them there, nobody knows."""
    day = TODAY - datetime.timedelta(10)
    former, later = make.member("陈桂兰", places.branch), make.member("陈桂兰", places.branch)
    leave(former, day)
    later.memberships.update(starts_on=day + datetime.timedelta(1))
    make.base(later, first_of(TODAY, -12), "employed", fixed="10", by=people.secretary)
    upload(bank, ["", "陈桂兰", 10, day], ["", "陈桂兰", 10, TODAY])
    entries = bank.get(url("preview_dues")).context["plan"].entries
    assert [(entry.member, entry.kind) for entry in entries] == [(former, "left"), (later, "pay")]
    former.memberships.update(ends_on=first_of(TODAY, -20))
    page = upload(bank, ["", "陈桂兰", 10, first_of(TODAY, -13)])
    assert refusal(page) == ["第 2 行「姓名」:本支部有 2 名党员叫陈桂兰,分不清是谁;请写编号。"]
    upload(bank, ["", "陈桂兰", 10, first_of(TODAY, -13), f"{NOW:%Y-%m}"], head=[*HEAD, "月份"])
    assert [entry.member for entry in bank.get(url("preview_dues")).context["plan"].entries] == [later]


def test_list_does_not_know_who_left_long_ago_or_is_no_party_member(people, places, bank):
    leave(make.member("陈桂兰", places.branch), first_of(TODAY, -40))
    make.member("发展中", places.branch, status="activist")
    page = upload(bank, ["", "陈桂兰", 10, TODAY], ["", "发展中", 10, TODAY])
    assert refusal(page) == [
        "第 2 行「姓名」:本支部没有叫陈桂兰的党员。",
        "第 3 行「姓名」:本支部没有叫发展中的党员。",
    ]


def test_list_s_receipt_says_of_its_month_who_has_not_paid(people, places, bank):
    """The month that most of the list is for, and how many of those who owe it are not among the payments."""
    make.member("陈桂兰", places.branch)
    rows = [["", "王志强", 10, TODAY, f"{BEFORE:%Y-%m}"], ["", "王志强", 1, TODAY, f"{NOW:%Y-%m}"]]
    upload(bank, *rows, [people.zhang.number, "", 4, TODAY, f"{BEFORE:%Y-%m}"], head=[*HEAD, "月份"])
    page = bank.get(confirm(bank).url).content.decode()
    assert f"{BEFORE.year} 年 {BEFORE.month} 月还有 2 人没有缴清,其中 1 人不在这次登记里" in page
    assert f'href="{url("dues")}?organization={places.branch.pk}&amp;month={BEFORE:%Y-%m}"' in page
    people.zhang.dues_months.filter(month=BEFORE).update(excused=True, excuse="重病")
    page = bank.get(url("dues_receipt", DuesReceipt.objects.get().pk)).content.decode()
    assert f"{BEFORE.year} 年 {BEFORE.month} 月还有 1 人没有缴清,都不在这次登记里" in page


def test_list_of_nobody_whose_dues_are_decided_records_nothing(people, places, bank):
    make.member("陈桂兰", places.branch)
    upload(bank, ["", "陈桂兰", 10, TODAY])
    assert "登记这些缴纳" not in bank.get(url("preview_dues")).content.decode()
    confirm(bank)
    assert not DuesReceipt.objects.exists()


def test_list_does_not_take_dues_decided_since_the_preview_unseen(people, places, bank):
    new = make.member("陈桂兰", places.branch)
    upload(bank, ["", "陈桂兰", "0.2", TODAY], ["", "王志强", 10, TODAY])
    promised = bank.get(url("preview_dues")).context["plan"].fingerprint
    make.base(new, NOW, "relief", by=people.secretary)
    page = bank.post(url("preview_dues"), {"promised": promised})
    assert page.context["counts"] == {"pay": 2, "same": 0, "open": 0, "left": 0, "fault": 0}
    assert not DuesPayment.objects.exists()


def test_list_with_a_fault_names_those_not_decided_too(people, places, bank):
    make.member("陈桂兰", places.branch)
    page = upload(bank, ["", "陈桂兰", 10, TODAY], ["", "王志强", "十元", TODAY])
    assert page.context["counts"] == {"pay": 0, "same": 0, "open": 1, "left": 0, "fault": 1}
    assert page.content.decode().count("请改正后重新上传") == 1
    assert f"第 2 行 陈桂兰,{TODAY},10.00 元" in page.content.decode()


def test_list_withdrawn_in_full_can_be_recorded_again(people, bank):
    upload(bank, ["", "王志强", 10, TODAY])
    confirm(bank)
    payment = DuesPayment.objects.get()
    bank.post(url("withdraw_payment", payment.dues_month_id, payment.pk))
    upload(bank, ["", "王志强", 10, TODAY])
    confirm(bank)
    assert len(paid(people.wang)) == 1


def test_digest_is_the_organizations_own(places):
    assert digest_of([], places.branch) != digest_of([], places.sibling)


# Bad lists --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (["X9", "", 10, TODAY], "「编号」:本支部没有编号 X9 的党员"),
        (["", "刘淑芬", 10, TODAY], "「姓名」:本支部没有叫刘淑芬的党员"),
        (["", "同名", 10, TODAY], "「姓名」:本支部有 2 名党员叫同名,分不清是谁;请写编号"),
        (["", "", 10, TODAY], "「姓名」:姓名和编号都没有填写"),
        (["", "王志强", "", TODAY], "「金额」:没有填写"),
        (["", "王志强", "十元", TODAY], "「金额」:「十元」不是大于 0 的金额,要写成 10 或 10.50 的样子"),
        (["", "王志强", "-10", TODAY], "「金额」:「-10」不是大于 0 的金额,要写成 10 或 10.50 的样子"),
        (["", "王志强", 10, ""], "「日期」:没有填写"),
        (["", "王志强", 10, "2025-02-30"], "「日期」:2025-02-30 不存在"),
        (["", "王志强", 10, "2999-01-01"], "「日期」:2999-01-01 还没有到"),
        (["", "王志强", 10, "2001-01-01"], "「日期」:2001-01-01 太早,请核对年份"),
        (
            ["", "同名", 10, TODAY, "六月"],
            "「月份」:「六月」不是一个月份,要写成 2025-06 的样子;一笔缴几个月的,月份空着",
        ),
        (["", "王志强", 10, TODAY, "2001-01"], "「月份」:2001 年 1 月不能登记:太远,或者考核已经办结"),
        (
            ["", "王志强", 12, TODAY, f"{BEFORE:%Y-%m}"],
            f"「金额」:王志强{BEFORE.year} 年 {BEFORE.month} 月只要缴 10 元,这里是 12 元,多出 2 元",
        ),
    ],
)
def test_list_refuses_a_row_with_a_sentence(people, places, bank, row, sentence):
    for name in ("同名", "同名"):
        make.member(name, places.branch)
    page = upload(bank, ["", "张建国", 10, TODAY], row, head=[*HEAD, "月份"])
    assert refusal(page)[0] == f"第 3 行{sentence}。"
    assert not DuesPayment.objects.exists()
    assert kept_files() == []


def test_list_refuses_a_number_with_another_name(people, bank):
    page = upload(bank, [people.zhang.number, "王志强", 10, TODAY])
    assert refusal(page) == [f"第 2 行「姓名」:编号 {people.zhang.number} 是张建国,这里写的是王志强。"]


def test_list_refuses_money_that_no_month_takes(people, bank):
    page = upload(bank, ["", "王志强", 500, TODAY])
    assert "多出" in refusal(page)[0]
    assert page.context["counts"] == {"pay": 0, "same": 0, "open": 0, "left": 0, "fault": 1}


def test_list_refuses_a_settled_day(people, places, bank):
    ClosedPeriod.objects.create(organization=places.street, title="上一", starts_on=OLDEST, ends_on=TODAY)
    page = upload(bank, ["", "王志强", 10, TODAY])
    assert refusal(page) == [f"第 2 行「日期」:{TODAY} 所在的考核已经办结,不能再登记这一天的缴纳。"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (lambda: xlsx([["甲", "乙"], ["1", "2"]]), "没有找到表头。要有一行写着「姓名」或「编号」、「金额」和「日期」;请补上后重新上传。"),
        (lambda: xlsx([["姓名", "金额"], ["王志强", 10]]), "第 1 行表头里缺少「日期」。请补上缴纳日期这一列后重新上传。"),
        (lambda: xlsx([[*HEAD, "户名"], ["", "王", 1, "x", "王"]]), "「姓名」「户名」几列都是姓名。请只留一列后重新上传。"),
        (lambda: xlsx([HEAD, ["合计", "", 10, ""]]), "表里只有表头,没有内容。请从表头下面起每行填一笔。"),
        (lambda: xlsx([]), "文件是空的:第一张工作表里没有内容。请填好后重新上传。"),
        (lambda: xlsx([HEAD, ["", "王", 1, "x"]], formula), "单元格 B2 里是公式。请复制后「选择性粘贴」为数值,再重新上传;本次没有写入任何数据。"),
        (lambda: xlsx([HEAD, ["", "王", 1, "x"]], merged), "单元格 A2:A3 是合并的。请取消合并,每格各填各的,再重新上传;本次没有写入任何数据。"),
        (lambda: xlsx([HEAD, ["", "王", 1, "x"]], far_cell), "表格用到了第 1048576 行,内容最多 20000 行。请分成几个文件,逐个上传;没有这么多内容的,请把要的行复制到新的工作簿再上传。"),
        (lambda: ("姓名,金额,日期\n" + "王志强,10,2025-01-02\n" * 100_000).encode(), "表格用到了第 20006 行,内容最多 20000 行。请分成几个文件,逐个上传;没有这么多内容的,请把要的行复制到新的工作簿再上传。"),
        (
            bomb,
            "这个 .xlsx 解开后太大,不像一份名单(最多 20000 行)。请把内容复制到新的工作簿,太多的分成几个文件,再重新上传。",
        ),
        (with_doctype, "这个 .xlsx 文件里有不该有的内容。请把内容复制到新的工作簿后重新上传。"),
        (lambda: b"\x89PNG\r\n\x1a\n\x00", "这个文件不是 .xlsx,也不是文字的 .csv。请换成其中一种后重新上传。"),
    ],
    ids=range(12),
)  # fmt: skip
def test_list_refuses_a_file_with_a_sentence(bank, content, sentence):
    started = time.process_time()
    content = content()
    assert refusal(send(bank, content, "名单.xlsx" if content.startswith(b"PK") else "名单.csv")) == [sentence]
    assert time.process_time() - started < 10
    assert not DuesPayment.objects.exists()
    assert kept_files() == []


def test_list_confirmed_late_is_checked_again(people, bank):
    upload(bank, ["", "王志强", 10, TODAY])
    promised = bank.get(url("preview_dues")).context["plan"].fingerprint
    owed = people.wang.dues_months.get(month=OLDEST)
    DuesPayment.objects.create(dues_month=owed, amount_yuan=4, paid_on=OLDEST, recorded_by=people.staff)
    page = bank.post(url("preview_dues"), {"promised": promised})
    assert page.status_code == 200
    assert page.context["paying"][0].words[0].endswith("6.00 元")
    assert len(paid(people.wang)) == 1


def test_list_of_another_user_or_place_is_not_found(people, places, bank, sign_in):
    upload(bank, ["", "王志强", 10, TODAY])
    kept = bank.session["dues_import"]
    other = sign_in(people.staff)
    session = other.session
    session["dues_import"] = kept
    session.save()
    assert other.get(url("preview_dues")).url == url("import_dues")
    own = sign_in(people.secretary)
    session = own.session
    session["dues_import"] = kept | {"organization": places.sibling.pk}
    session.save()
    assert own.post(url("preview_dues")).url == url("import_dues")
    assert not DuesPayment.objects.exists()


def test_list_needs_the_role(people, places, sign_in):
    for user in (people.member, people.leader, people.general, people.discipline, people.auditor, people.administrator):
        client = sign_in(user)
        for name in ("import_dues", "preview_dues"):
            assert client.get(url(name)).status_code == 403
            assert client.post(url(name)).status_code == 403
    secretary = sign_in(people.secretary)
    assert secretary.post(f"{url('import_dues')}?organization={places.sibling.pk}").status_code == 404


def test_list_of_20000_rows_is_quick(people, bank):
    rows = [["", "王志强", "0.01", TODAY - datetime.timedelta(number % 300)] for number in range(19_990)]
    content, started = xlsx([HEAD, *rows]), time.process_time()
    page = send(bank, content)
    assert time.process_time() - started < 10
    assert "多出 0.01 元" in refusal(page)[0]
