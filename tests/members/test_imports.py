"""Rosters from files: read, checked, previewed, written all or nothing; and written out again."""

import datetime
import io
import json
import os
import subprocess
import sys
import time
import zipfile

import openpyxl
import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection
from django.db.models import Value
from django.db.models.functions import Concat
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from members import services
from members.models import ClosedPeriod, FactChange, Member, Membership, Position
from members.models.people import phone_fault
from members.resources import MemberResource
from members.roster_columns import to_dataset
from members.services import imports
from members.workbooks import ROSTER_LIMIT, WorkbookError, read_upload
from tests import factories as make
from tests.members.many_rows import STATUS

HEAD = ["编号", "姓名", "性别", "出生日期", "身份证号", "所在支部"]
ID_NUMBER = "110101197001011238"  # born 1970-01-01, male
NEW = ["N1", "陈桂兰", "女", "1965-03-02", "", "和平社区第一党支部"]


def url(name):
    return reverse(f"members:{name}")


def xlsx(rows, change=None) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    if change:
        change(book.active)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def table(*rows, head=HEAD) -> bytes:
    return xlsx([head, *rows])


def upload(client, content: bytes, name="名册.xlsx"):
    return client.post(url("import_members"), {"file": SimpleUploadedFile(name, content)})


def confirm(client):
    preview = client.get(url("preview_import"))
    return client.post(url("preview_import"), {"promised": preview.context["promised"]})


def previewed(client) -> dict:
    """The preview of the file just uploaded."""
    return client.get(url("preview_import")).context


def refused(client, content: bytes) -> list[str]:
    """The sentences after uploading a file with faults in its rows, of which nothing can be written."""
    assert upload(client, content).url == url("preview_import")
    preview, before = previewed(client), list(Member.objects.values())
    assert not preview["can_write"]
    client.post(url("preview_import"), {"promised": preview["promised"]})
    assert list(Member.objects.values()) == before
    return preview["faults"]


def refusal(page) -> list[str]:
    """The sentences on the page after the upload of a file that cannot be read."""
    return [error for errors in page.context["form"].errors.values() for error in errors]


def kept_files():
    folder = settings.DATA_DIR / "imports"
    return list(folder.iterdir()) if folder.exists() else []


@pytest.fixture
def importer(people, sign_in, settings, tmp_path):
    """The test client signed in as the secretary, with a data folder of its own."""
    settings.DATA_DIR = tmp_path
    return sign_in(people.secretary)


def with_numbers(people):
    people.zhang.number, people.zhang.id_number = "T1", ID_NUMBER
    people.zhang.save()


# Good files -------------------------------------------------------------------------------------


def test_import_previews_then_writes(people, places, importer):
    assert upload(importer, table(NEW)).url == url("preview_import")
    assert [(row.number, row.kind, row.lines) for row in previewed(importer)["page"]] == [
        (
            2,
            "new",
            [
                "女,1965-03-02 出生,正式党员",
                f"自 {datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=8))):%Y-%m-%d} 起在和平社区第一党支部",
            ],
        )
    ]
    assert not Member.objects.filter(number="N1").exists()
    assert confirm(importer).url == url("roster")
    member = Member.objects.get(number="N1")
    assert (member.initials, member.gender, member.born) == ("cgl", "f", datetime.date(1965, 3, 2))
    assert member.memberships.get().organization == places.branch
    assert member.changes.get().changed_by == people.secretary
    assert kept_files() == []


def test_import_knows_other_names_of_columns(people, places, importer):
    head = [
        "党员编号*",
        "姓 名",
        "性别",
        "出生日期(必填)",
        "公民身份号码",
        "党员类别",
        "加入中共组织日期",
        "党支部",
        "手机",
        "流动党员",
        "党内职务",
        "备注",
    ]
    row = [
        7,
        "张 三",
        "男",
        datetime.date(1970, 1, 1),
        ID_NUMBER,
        "预备党员",
        "1995.7.1",
        "和平社区第一党支部",
        13800001234,
        "是",
        "支部书记、居委会主任",
        "x",
    ]
    upload(importer, xlsx([head, row]))
    assert importer.get(url("preview_import")).context["unused"] == ["备注"]
    confirm(importer)
    member = Member.objects.get(number="7")
    assert (member.name, member.status, member.mobility, member.phone) == (
        "张三",
        "probationary",
        "migrant",
        "13800001234",
    )
    assert member.id_number == ID_NUMBER
    assert member.joined_on == member.memberships.get().starts_on == datetime.date(1995, 7, 1)
    assert set(member.positions.values_list("title", flat=True)) == {"secretary", "director"}
    assert Member.objects.filter(id_number_digest=member.id_number_digest).count() == 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk"])
def test_import_reads_csv(people, importer, encoding):
    text = "编号,姓名,性别,出生日期\r\nN1,陈桂兰,女,1965年3月2日\r\n\r\n"
    upload(importer, text.encode(encoding), "名册.csv")
    confirm(importer)
    assert Member.objects.get(number="N1").born == datetime.date(1965, 3, 2)


def test_import_changes_what_differs_and_leaves_blanks(people, importer):
    with_numbers(people)
    rows = [["T1", "张建国", "男", "1970-01-01", "", "13800001234"], [people.wang.number, "王志强", "", "", "", ""]]
    upload(importer, xlsx([["编号", "姓名", "性别", "出生日期", "身份证号", "电话"], *rows]))
    preview = importer.get(url("preview_import")).context
    assert [(row.kind, row.lines) for row in preview["page"] if row.kind != "same"] == [("changed", ["电话:无 → 已填"])]
    assert preview["counts"] == {"new": 0, "changed": 1, "same": 1, "fault": 0}
    confirm(importer)
    people.zhang.refresh_from_db()
    assert (people.zhang.id_number, people.zhang.phone) == (ID_NUMBER, "13800001234")
    assert [change.key for change in FactChange.objects.all()] == ["phone"]


def test_import_starts_after_the_last_settled_period(people, places, importer):
    ClosedPeriod.objects.create(
        organization=places.street,
        title="2025 年上半年",
        starts_on=datetime.date(2025, 1, 1),
        ends_on=datetime.date(2025, 6, 30),
    )
    upload(importer, xlsx([[*HEAD, "入党日期"], [*NEW, "1990-07-01"]]))
    confirm(importer)
    assert Membership.objects.get(member__number="N1").starts_on == datetime.date(2025, 7, 1)


@pytest.mark.parametrize(
    ("cell", "category"),
    [
        ("领导干部", "a"),
        ("科级干部", "b"),
        ("C", "c"),
        ("d", "d"),
        ("B类", "b"),
        ("\uff24", "d"),
        ("退休党员", "d"),
        ("", "a"),
    ],
)
def test_import_takes_categories_in_words_and_letters(people, importer, cell, category):
    Member.objects.filter(pk=people.zhang.pk).update(category="a")
    upload(importer, xlsx([["编号", "姓名", "性别", "出生日期", "党员类别"], [people.zhang.number, "", "", "", cell]]))
    confirm(importer)
    people.zhang.refresh_from_db()
    assert people.zhang.category == category


@pytest.mark.parametrize("title", ["类别", "党员类别", "党员类型"])
@pytest.mark.parametrize(
    ("cells", "status", "category"),
    [
        (["预备党员", "正式党员"], "probationary", ""),
        (["离退休党员", "一般党员"], "full", "d"),
        (["A", ""], "full", "a"),
        (["", ""], "full", ""),
    ],
)
def test_import_tells_status_and_category_apart_by_what_the_column_holds(
    people, importer, title, cells, status, category
):
    rows = [[f"N{number}", "陈桂兰", "女", "1965-03-02", cell] for number, cell in enumerate(cells)]
    upload(importer, xlsx([["编号", "姓名", "性别", "出生日期", title], *rows]))
    confirm(importer)
    member = Member.objects.get(number="N0")
    assert (member.status, member.category) == (status, category)


def test_import_takes_status_and_category_side_by_side(people, importer):
    head = ["编号", "姓名", "性别", "出生日期", "人员类别", "类别"]
    upload(importer, xlsx([head, ["N1", "陈桂兰", "女", "1965-03-02", "预备", "一般"]]))
    confirm(importer)
    member = Member.objects.get(number="N1")
    assert (member.status, member.category) == ("probationary", "c")
    assert [change.key for change in member.changes.all()] == ["membership"]


def test_import_notes_a_changed_category(people, importer):
    upload(importer, xlsx([["编号", "姓名", "性别", "出生日期", "类别"], [people.zhang.number, "", "", "", "B"]]))
    confirm(importer)
    change = people.zhang.changes.get()
    assert (change.title, change.old, change.new) == ("党员类别", "", "科级干部")


def test_import_knows_writing_of_full_width(people, importer):
    head = ["编号", "姓名", "性别", "出生日期\uff08必填\uff09", "流动情况", "职务"]
    row = ["N1", "陈桂兰", "女", "1965-03-02", "出国\uff08境\uff09定居", "书记\uff0c纪检委员"]
    upload(importer, xlsx([head, row]))
    confirm(importer)
    member = Member.objects.get(number="N1")
    assert member.mobility == "abroad"
    assert set(member.positions.values_list("title", flat=True)) == {"secretary", "discipline_member"}


HEAD_OF_NATIONAL_ROSTER = [
    "序号", "姓名", "性别", "民族", "出生\n年月", "学历", "公民身份号码", "人员类别", "加入党组织日期", "转正\n日期",
    "所在党组织", "手机号码", "是否为流动党员",
]  # fmt: skip


def test_import_reads_the_national_roster_without_numbers(people, places, importer):
    """A title above the head, blanks of full width, months without days, no numbers of ours."""
    with_numbers(people)
    rows = [
        ["和平社区第一党支部党员名册"],
        HEAD_OF_NATIONAL_ROSTER,
        [1, "张\u3000建国", "男", "汉族", "1970.01", "大学", ID_NUMBER, "正式党员", "1990年7月1日", "", "", "", "否"],
        [
            2,
            "陈桂兰",
            "",
            "汉族",
            "",
            "",
            "110101196503021220",
            "正式党员",
            "19900701",
            "1991.7.1",
            "",
            "13800001234",
            "是",
        ],
    ]
    upload(importer, xlsx(rows))
    preview = previewed(importer)
    assert preview["faults"] == []
    assert preview["unused"] == ["序号", "民族", "学历"]
    assert [(row.kind, row.code, row.lines) for row in preview["page"]] == [
        ("changed", "T1", ["入党日期:无 → 1990-07-01"]),
        (
            "new",
            preview["page"][1].code,
            [
                "女,1965-03-02 出生,1990-07-01 入党,1991-07-01 转正,正式党员,电话 138****34",
                "自 1990-07-01 起在和平社区第一党支部",
            ],
        ),
    ]
    confirm(importer)
    chen = Member.objects.get(name="陈桂兰")
    assert (chen.gender, chen.born, chen.converted_on) == ("f", datetime.date(1965, 3, 2), datetime.date(1991, 7, 1))
    assert chen.number.isdecimal()
    upload(importer, xlsx(rows))
    assert previewed(importer)["counts"] == {"fault": 0, "new": 0, "changed": 0, "same": 2}


@pytest.mark.parametrize(
    "written",
    ["1968-04-02", "1968.4.2", "1968/04/2", "1968年4月2日", "19680402", "1968 年 4 月 2 日", "1968-04-02 00:00:00",
     "\uff11\uff19\uff16\uff18.4.2", datetime.date(1968, 4, 2), datetime.datetime(1968, 4, 2, 0, 0), 19680402],
)  # fmt: skip
def test_import_reads_days_as_clerks_write_them(people, importer, written):
    upload(importer, xlsx([HEAD[:4], ["N1", "陈桂兰", "女", written]]))
    confirm(importer)
    assert Member.objects.get(number="N1").born == datetime.date(1968, 4, 2)


STATES = ["编号", "人员类别", "入党日期", "转正日期", "流动情况", "流动日期", "姓名", "性别", "出生日期"]


def states(number, *cells):
    return xlsx([STATES, [number, *cells, *[""] * (len(STATES) - 1 - len(cells))]])


def test_import_converts_and_moves_from_a_day(people, places, importer):
    novice = make.member("夏", places.branch, status="probationary", joined_on=datetime.date(2024, 7, 1))
    upload(importer, states(novice.number, "正式党员", "", "2025-07-01", "流动", "2025-03-01"))
    assert previewed(importer)["page"][0].lines == [
        "转正日期:无 → 2025-07-01",
        "人员类别:预备党员 → 正式党员",
        "流动情况:在家 → 流动,自 2025-03-01 起",
    ]
    confirm(importer)
    novice.refresh_from_db()
    assert (novice.status, novice.converted_on, novice.mobility) == ("full", datetime.date(2025, 7, 1), "migrant")
    move = novice.mobility_changes.get()
    assert (move.starts_on, move.before, move.after) == (datetime.date(2025, 3, 1), "resident", "migrant")
    titles = {change.title for change in novice.changes.all()}
    assert titles == {"转正日期", "人员类别", "流动情况自 2025-03-01"}


def test_import_takes_the_status_from_the_days_where_it_is_left_open(people, places, importer):
    novice = make.member("夏", places.branch, status="probationary", joined_on=datetime.date(2024, 7, 1))
    upload(importer, states(novice.number, "", "", "2025-07-01"))
    confirm(importer)
    novice.refresh_from_db()
    assert novice.status == "full"


def test_import_moves_from_today_without_a_day(people, importer):
    upload(importer, states(people.zhang.number, "", "", "", "出国"))
    confirm(importer)
    assert people.zhang.mobility_changes.get().starts_on == timezone.localdate()


@pytest.mark.parametrize(
    ("cells", "sentence"),
    [
        (["正式党员"], "「转正日期」:从预备党员改为正式党员,要写转正日期。"),
        (["正式党员", "", "2024-06-01"], "「转正日期」:转正日期 2024-06-01 要晚于入党日期 2024-07-01。"),
        (["", "", "", "流动", "2999-01-01"], "「流动日期」:2999-01-01 还没有到。"),
        (
            ["", "", "", "在家", "2025-01-01"],
            "「流动日期」:登记的是在家,没有日期,导入改不了。请在本人页面的流动情况里登记。",
        ),
        (
            ["正式党员", "", "2025-06-30"],
            "「转正日期」:2025-06-30 在 2025 年上半年考核之内,那次考核已经办结,记录不能再改。请把更正记在现在的周期;一定要改的,先请街道重新打开那次考核。",
        ),
        (
            ["", "", "", "流动", "2025-06-30"],
            "「流动日期」:2025-06-30 在 2025 年上半年考核之内,那次考核已经办结,记录不能再改。请把更正记在现在的周期;一定要改的,先请街道重新打开那次考核。",
        ),
    ],
)
def test_import_refuses_days_of_states_in_words(people, places, importer, cells, sentence):
    novice = make.member("夏", places.branch, status="probationary", joined_on=datetime.date(2024, 7, 1))
    ClosedPeriod.objects.create(
        organization=places.street,
        title="2025 年上半年",
        starts_on=datetime.date(2025, 1, 1),
        ends_on=datetime.date(2025, 6, 30),
    )
    assert refused(importer, states(novice.number, *cells)) == [f"第 2 行{sentence}"]


def test_import_refuses_another_day_of_a_known_move(people, importer):
    services.change_mobility(people.zhang, "migrant", datetime.date(2025, 3, 1), actor=people.secretary)
    assert refused(importer, states(people.zhang.number, "", "", "", "流动", "2025-04-01")) == [
        "第 2 行「流动日期」:登记的是2025-03-01 起流动,导入改不了。请在本人页面的流动情况里登记。"
    ]


def test_import_refuses_another_day_of_joining_the_branch(people, importer):
    content = xlsx([["编号", "姓名", "性别", "出生日期", "转入日期"], [people.zhang.number, "", "", "", "2010-01-01"]])
    assert refused(importer, content) == [
        "第 2 行「转入日期」:登记的是 2000-01-01 转入,导入改不了。换支部请在本人页面办理转移。"
    ]


def test_preview_is_filtered_and_paged(people, places, importer):
    with_numbers(people)
    rows = [[f"B{number}", "陈桂兰", "女", "1965-03-02", "", ""] for number in range(150)]
    bad, known = ["N1", "甲", "中", "1970-01-01", "", ""], ["T1", "", "", "", "", ""]
    upload(importer, table(*rows, bad, known))

    def shown(**query):
        page = importer.get(url("preview_import"), query).context["page"]
        return len(page), page.paginator.count

    assert shown() == (100, 151)
    assert shown(kind="new", page=2) == (50, 150)
    assert shown(kind="fault") == shown(kind="same") == (1, 1)
    assert shown(kind="nonsense") == (100, 151)


def test_preview_folds_the_rows_that_change_nothing(people, importer):
    with_numbers(people)
    upload(importer, table(["T1", "张建国", "男", "1970-01-01", "", ""], NEW))
    page = importer.get(url("preview_import"))
    assert [row.number for row in page.context["page"]] == [3]
    assert "<summary>没有变化的 1 人</summary>" in page.content.decode()
    assert "张建国 T1。" in page.content.decode()
    alone = importer.get(url("preview_import"), {"kind": "same"})
    assert ([row.number for row in alone.context["page"]], alone.context["same"]) == ([2], [])


# Bad files --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (["", "甲", "男", "1970-01-01", "", ""], "第 2 行「编号」:没有填写。"),
        (["N1", "", "男", "1970-01-01", "", ""], "第 2 行「姓名」:没有填写。"),
        (["N1", "甲", "", "1970-01-01", "", ""], "第 2 行「性别」:没有填写。"),
        (["N1", "甲", "中", "1970-01-01", "", ""], "第 2 行「性别」:「中」不认识,只能写男、女。"),
        (["N1", "甲", "男", "", "", ""], "第 2 行「出生日期」:没有填写。"),
        (["N1", "甲", "男", "1970-02-30", "", ""], "第 2 行「出生日期」:1970-02-30 不存在。"),
        (["N1", "甲", "男", "1970.1", "", ""], "第 2 行「出生日期」:「1970.1」没有写日,要写成 1970-01-31 的样子。"),
        (["N1", "甲", "男", "去年", "", ""], "第 2 行「出生日期」:「去年」不是日期,要写成 1970-01-31 的样子。"),
        (
            ["N1", "甲", "男", "1880-01-01", "", ""],
            "第 2 行「出生日期」:出生日期 1880-01-01 不对:应在 1900 年以后、今天以前。",
        ),
        (["N1", "甲", "男", "1970-01-01", "123", ""], "第 2 行「身份证号」:身份证号应为 18 位,这里有 3 位。"),
        (
            ["N1", "甲", "女", "1970-01-01", ID_NUMBER[:-1] + "8", ""],
            "第 2 行「身份证号」:已经登记在另一名党员名下。",
        ),
        (
            ["N1", "甲", "男", "1970-01-01", 110101197001011238.0, ""],
            "第 2 行「身份证号」:是数字格式,末几位已经丢失。请把这一列设成文本格式,重新输入号码。",
        ),
        (
            ["N1", "甲", "男", "1970-01-01", "", "东风社区党支部"],
            "第 2 行「所在支部」:您的工作范围内没有叫「东风社区党支部」的支部。",
        ),
        (
            ["T1", "张建国", "男", "1970-01-01", "", "和平社区第二党支部"],
            "第 2 行「所在支部」:张建国现在在和平社区第一党支部。换支部请在本人页面办理转移。",
        ),
    ],
)
def test_import_refuses_a_row_with_a_sentence(people, importer, row, sentence):
    with_numbers(people)
    content = table(row, [*NEW[:-1], ""] if row[0] != "N1" else ["N2", *NEW[1:-1], ""])
    assert refused(importer, content) == [sentence]


@pytest.mark.parametrize(
    ("row", "column"),
    [
        (["F1", "甲", "女", "1971-05-06", "110101197105061241", "和平社区第一党支部"], "编号"),
        (["F1", "", "", "", "", "没有的支部"], "编号"),
        (["N1", "甲", "女", "1971-05-06", ID_NUMBER, "没有的支部"], "身份证号"),
    ],
)
def test_import_tells_nothing_of_people_out_of_scope(people, importer, row, column):
    for person in (people.sun, people.liu):  # of another street, of another branch
        Member.objects.update(id_number_digest=None)
        Member.objects.filter(number="F1").update(number="F0")
        person.number, person.id_number = "F1", ID_NUMBER
        person.save()
        assert refused(importer, table(row)) == [f"第 2 行「{column}」:这个{column}不能用,请核对,或联系街道。"]
        body = importer.get(url("preview_import")).content.decode()
        for secret in (person.name, "东风社区", "第二党支部", "1970", ID_NUMBER):
            assert secret not in body


@pytest.mark.parametrize(
    ("second", "sentence"),
    [
        (["N1", "乙", "男", "1970-01-01", "", ""], "第 3 行「编号」:与第 2 行相同。"),
        (["N2", "乙", "男", "1970-01-01", ID_NUMBER, ""], "第 3 行「身份证号」:与第 2 行相同。"),
    ],
)
def test_import_refuses_two_rows_alike(people, importer, second, sentence):
    first = ["N1", "甲", "男", "1970-01-01", ID_NUMBER, ""]
    assert refused(importer, table(first, second)) == [sentence]


def test_import_refuses_an_unknown_category(people, importer):
    head = ["编号", "姓名", "性别", "出生日期", "党员类别"]
    rows = [["N1", "甲", "男", "1970-01-01", "A"], ["N2", "乙", "男", "1970-01-01", "E"]]
    assert refused(importer, xlsx([head, *rows])) == [
        "第 3 行「党员类别」:「E」不认识,只能写领导干部、科级干部、一般党员、离退休党员。"
    ]
    assert not Member.objects.filter(number="N1").exists()


def test_import_refuses_two_columns_of_one_meaning(people, importer):
    head = ["编号", "姓名", "性别", "出生日期", "人员类别", "党员类别"]
    page = upload(importer, xlsx([head, ["N1", "甲", "男", "1970-01-01", "正式党员", "正式党员"]]))
    assert refusal(page) == ["「人员类别」「党员类别」几列都是人员类别。请只留一列后重新上传。"]


def test_import_refuses_unknown_position_and_settled_start(people, places, importer):
    ClosedPeriod.objects.create(
        organization=places.street,
        title="2025 年上半年",
        starts_on=datetime.date(2025, 1, 1),
        ends_on=datetime.date(2025, 6, 30),
    )
    content = xlsx([[*HEAD, "职务", "转入日期"], [*NEW, "王", "2025-03-01"]])
    assert refused(importer, content) == [
        "第 2 行「转入日期」:2025-03-01 不晚于2025 年上半年考核的最后一天 2025-06-30,那次考核已经办结。",
        "第 2 行「职务」:「王」不认识,只能写党组织书记、副书记、支部委员、纪检委员、居委会主任、居委会副主任、居委会委员、党小组长,没有职务的空着。",
    ]


@pytest.fixture
def settled_half(places):
    days = {"starts_on": datetime.date(2025, 1, 1), "ends_on": datetime.date(2025, 6, 30)}
    return ClosedPeriod.objects.create(organization=places.street, title="2025 年上半年", **days)


JOINED_LATER = ["T1", "张建国", "男", "1970-01-01", "2025-07-05"]  # an activist, then, on the last day of the half
JOINED_HEAD = ["编号", "姓名", "性别", "出生日期", "入党日期"]


def test_import_refuses_what_a_settled_period_saw_otherwise(people, importer, settled_half):
    with_numbers(people)
    (fault,) = refused(importer, table(JOINED_LATER, head=JOINED_HEAD))
    assert fault.startswith("第 2 行「入党日期」:2025-06-30 在 2025 年上半年考核之内,那次考核已经办结")


def test_import_that_the_database_refuses_says_so_and_writes_nothing(people, importer, settled_half, monkeypatch):
    """However the check is passed by: rows that are written as if new are held to what a closed period saw."""
    with_numbers(people)
    monkeypatch.setattr("members.resources.require_status_kept", lambda *_: None)
    upload(importer, table(JOINED_LATER, ["N1", "陈桂兰", "女", "1965-03-02", ""], head=JOINED_HEAD))
    before = list(Member.objects.values())
    answer = confirm(importer)
    assert answer.status_code == 409
    assert "这个周期的考核已经办结" in answer.content.decode()
    assert list(Member.objects.values()) == before
    assert not FactChange.objects.exists()


def test_import_of_a_period_settled_since_the_preview_shows_what_is_wrong_now(people, places, importer):
    with_numbers(people)
    upload(importer, table(JOINED_LATER, head=JOINED_HEAD))
    promised = previewed(importer)["promised"]
    days = {"starts_on": datetime.date(2025, 1, 1), "ends_on": datetime.date(2025, 6, 30)}
    ClosedPeriod.objects.create(organization=places.street, title="2025 年上半年", **days)
    answer = importer.post(url("preview_import"), {"promised": promised})
    assert "还没有写入任何数据" in answer.content.decode()
    assert len(answer.context["faults"]) == 1
    assert Member.objects.get(number="T1").joined_on is None


def test_import_of_a_number_taken_at_that_very_moment_is_checked_again(people, places, importer, monkeypatch):
    upload(importer, table(NEW))
    promised = previewed(importer)["promised"]
    checked = imports.check_roster

    def write(resource, using_transactions, dry_run, *args, **kwargs):
        if not dry_run:
            raise IntegrityError("UNIQUE constraint failed: members_member.number")

    def check_after_the_other(*args, **kwargs):
        make.member("别人", places.sibling, number="N1")
        return checked(*args, **kwargs)

    monkeypatch.setattr(MemberResource, "bulk_create", write)
    monkeypatch.setattr(imports, "check_roster", check_after_the_other)
    answer = importer.post(url("preview_import"), {"promised": promised})
    assert answer.status_code == 200
    assert "您核对的时候名册有变动,还没有写入任何数据" in answer.content.decode()
    assert not Member.objects.filter(name="陈桂兰").exists()


def bomb() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 200_000_000)
    return file.getvalue()


def with_doctype() -> bytes:
    source, target = zipfile.ZipFile(io.BytesIO(table(NEW))), io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for entry in source.infolist():
            part = source.read(entry)
            if entry.filename == "xl/worksheets/sheet1.xml":
                part = part.replace(b"<worksheet", b'<!DOCTYPE x [<!ENTITY y "z">]><worksheet', 1)
            archive.writestr(entry.filename, part)
    return target.getvalue()


def far_cell(sheet):
    sheet["XFD1048576"] = "x"


def wide_cell(sheet):
    sheet["BJ2"] = "x"


def formula(sheet):
    sheet["B2"] = "=1+1"


def merged(sheet):
    sheet.merge_cells("A2:A3")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (
            lambda: table(NEW[2:], head=HEAD[2:]),
            "第 1 行表头里缺少「姓名」。第一行要是表头,列名可照模板写;请补上后重新上传。",
        ),
        (lambda: table(head=HEAD), "表里只有表头,没有内容。请从第二行起每行填一人。"),
        (lambda: xlsx([]), "文件是空的:第一张工作表里没有内容。请填好后重新上传。"),
        (
            lambda: table([*NEW, "1", "2"], head=[*HEAD, "手机", "联系电话"]),
            "「手机」「联系电话」几列都是电话。请只留一列后重新上传。",
        ),
        (
            lambda: xlsx([HEAD, NEW], formula),
            "单元格 B2 里是公式。请复制后「选择性粘贴」为数值,再重新上传;本次没有写入任何数据。",
        ),
        (
            lambda: xlsx([HEAD, NEW], merged),
            "单元格 A2:A3 是合并的。请取消合并,每格各填各的,再重新上传;本次没有写入任何数据。",
        ),
        (
            lambda: xlsx([HEAD, NEW], far_cell),
            "表格用到了第 1048576 行,内容最多 5000 行。请分成几个文件,逐个上传;没有这么多内容的,请把要的行复制到新的工作簿再上传。",
        ),
        (
            bomb,
            "这个 .xlsx 解开后太大,不像一份名单(最多 5000 行)。请把内容复制到新的工作簿,太多的分成几个文件,再重新上传。",
        ),
        (
            lambda: ("编号,姓名\n" + "1,张三\n" * 100_000).encode("gbk"),
            "表格用到了第 5006 行,内容最多 5000 行。请分成几个文件,逐个上传;没有这么多内容的,请把要的行复制到新的工作簿再上传。",
        ),
        (with_doctype, "这个 .xlsx 文件里有不该有的内容。请把内容复制到新的工作簿后重新上传。"),
        (lambda: table(NEW)[:2000], "这个 .xlsx 文件坏了或加了密码,打不开。请用 Excel 另存一份后重新上传。"),
        (
            lambda: b"\xd0\xcf\x11\xe0 old",
            "这是旧的 .xls 格式,或文件加了密码。请在 Excel 里另存为不加密码的 .xlsx 后重新上传。",
        ),
        (
            lambda: b"\x89PNG\r\n\x1a\n\x00\x00",
            "这个文件不是 .xlsx,也不是文字的 .csv。请换成其中一种后重新上传。",
        ),
        (lambda: '编号,姓名\n1,"甲'.encode(), "第 2 行的引号不成对,读不下去。请改正后重新上传。"),
        (lambda: b"PK" * (3 * 1024 * 1024), "文件有 6.0 MB,最多 5 MB。请删去多余的工作表后重新上传。"),
        (
            lambda: xlsx([HEAD, NEW], wide_cell),
            "第 2 行用到了第 62 列,最多 60 列。请删去多余的列,或者把要的列复制到新的工作簿再上传。",
        ),
    ],
    ids=range(16),
)
def test_import_refuses_a_file_with_a_sentence(people, importer, content, sentence):
    count, started = Member.objects.count(), time.process_time()
    content = content()
    is_book = content.startswith((b"PK", b"\xd0\xcf"))
    assert refusal(upload(importer, content, "名册.xlsx" if is_book else "名册.csv")) == [sentence]
    assert time.process_time() - started < 10
    assert Member.objects.count() == count
    assert kept_files() == []


@pytest.mark.parametrize("content", [b"one line", "编号,姓名\n1,张三".encode(), b"<html><table><tr><td>1</table>"])
@pytest.mark.parametrize("ending", [".xlsx", ".xls"])
def test_import_of_a_text_named_as_a_workbook_says_how_to_save_it(people, importer, content, ending):
    assert refusal(upload(importer, content, f"名册{ending}")) == [
        f"文件名以 {ending} 结尾,里面却不是 Excel 工作簿。请用 Excel 或 WPS 打开它,点「另存为」,"
        "类型选「Excel 工作簿(*.xlsx)」,再上传另存的文件。"
    ]
    assert kept_files() == []


def test_import_of_too_long_a_csv_says_to_split_it(people, importer):
    content = ("编号,姓名\n" + "1,张三\n" * 800_000).encode("gbk")
    assert refusal(upload(importer, content, "名册.csv")) == [
        "文件有 5.3 MB,最多 5 MB。请把各行分成几个文件(每个都要有表头),逐个上传。"
    ]


def test_import_confirmed_late_is_checked_again(people, places, importer):
    upload(importer, table(NEW))
    promised = importer.get(url("preview_import")).context["promised"]
    make.member("抢先", places.branch, number="N1")
    page = importer.post(url("preview_import"), {"promised": promised})
    assert page.context["counts"] == {"new": 0, "changed": 1, "same": 0, "fault": 0}
    assert Member.objects.get(number="N1").name == "抢先"
    confirm(importer)  # what is shown now
    assert Member.objects.get(number="N1").name == "陈桂兰"


def test_import_of_another_user_is_not_found(people, sign_in, importer):
    upload(importer, table(NEW))
    token = importer.session["roster_import"]
    other = sign_in(people.staff)
    session = other.session
    session["roster_import"] = token
    session.save()
    assert other.get(url("preview_import")).url == url("import_members")


def test_import_keeps_no_number_in_clear(people, importer):
    upload(importer, table(["N1", "甲", "男", "1970-01-01", ID_NUMBER, ""]))
    assert [ID_NUMBER.encode() in file.read_bytes() for file in kept_files()] == [False]


def test_import_needs_the_role(people, sign_in):
    for user in (people.member, people.leader, people.general, people.discipline, people.auditor, people.administrator):
        client = sign_in(user)
        assert client.get(url("import_template")).status_code == 403
        for name in ("import_members", "preview_import"):
            assert client.get(url(name)).status_code == 403
            assert client.post(url(name)).status_code == 403


def test_preview_says_once_what_to_do_about_all_faults(people, importer):
    upload(importer, table(*[["", "甲", "男", "1970-01-01", "", ""]] * 3))
    page = importer.get(url("preview_import"))
    assert page.context["faults"] == [
        f"第 {number} 行「身份证号」:没有填写。文件里没有编号,要靠它认人。" for number in (2, 3, 4)
    ]
    assert page.content.decode().count("请改正后重新上传") == 1


def test_import_gives_up_after_200_rows_with_faults(people, places, importer):
    """Nothing can be written, and nobody reads on: the page says how far it looked."""
    bad = ["", "甲", "男", "1970-01-01", "", ""]
    upload(importer, table(NEW, *[bad] * 199, ["N2", *NEW[1:]], bad, ["N3", *NEW[1:]], bad))
    page = importer.get(url("preview_import"))
    assert (page.context["total"], page.context["read"], page.context["unread"]) == (204, 202, 2)
    assert page.context["counts"] == {"fault": 200, "new": 2, "changed": 0, "same": 0}
    words = page.content.decode()
    assert "共 204 行,看了前 202 行" in words
    assert "前 202 行里就有 200 行要改" in words
    assert "后面的 2 行还没有看" in words
    importer.post(url("preview_import"), {"promised": page.context["promised"]})
    assert not Member.objects.filter(number="N1").exists()


@pytest.mark.parametrize("above", [[], [["某街道党员名册"], ["2025 年 6 月"]]])
def test_roster_of_exactly_as_many_people_as_allowed_is_read(above):
    rows = [[str(number), "甲", "男", "1970-01-01"] for number in range(5001)]
    book = xlsx([*above, ["编号", "姓名", "性别", "出生日期"], *rows[:5000]])
    dataset, _ = to_dataset(read_upload(SimpleUploadedFile("名册.xlsx", book), ROSTER_LIMIT))
    assert len(dataset) == 5000
    book = xlsx([*above, ["编号", "姓名", "性别", "出生日期"], *rows])
    with pytest.raises(WorkbookError) as refused:
        to_dataset(read_upload(SimpleUploadedFile("名册.xlsx", book), ROSTER_LIMIT))
    assert str(refused.value) == "表里有 5001 人,一次最多 5000 人。请分成几个文件(每个都要有表头),逐个上传。"


def test_import_names_a_post_of_the_far_future(people, places, importer):
    upload(importer, table([*NEW, "副书记(2062-01-01)"], head=[*HEAD, "职务"]))
    faults = importer.get(url("preview_import")).context["faults"]
    assert faults == ["第 2 行「职务」:任职日期 2062-01-01 太远了:最多提前一年登记,请核对年份。"]


def test_import_of_200_rows_with_faults_looks_at_all_of_them(people, places, importer):
    upload(importer, table(*[["", "甲", "男", "1970-01-01", "", ""]] * 200))
    page = importer.get(url("preview_import"))
    assert (page.context["total"], page.context["unread"]) == (200, 0)
    assert "还没有看" not in page.content.decode()


@pytest.mark.skipif(not STATUS.exists(), reason="the memory of a process is read from Linux")
@pytest.mark.parametrize(
    ("file", "rows", "counts"),
    [
        ("good", 5000, {"new": 5000}),
        ("changed", 5000, {"changed": 5000}),
        ("good", 5001, "表里有 5001 人,一次最多 5000 人。"),
        ("wrong", 4999, {"fault": 200}),
        ("wrong day", 4999, {"fault": 200}),
        ("same number", 4999, {"new": 1, "fault": 200}),
        ("short", 100_000, "表格用到了第 5006 行,内容最多 5000 行。"),
    ],
)
def test_import_of_many_rows_is_quick_and_light(file, rows, counts):
    """No request takes longer than 10 seconds, nor the process more than 400 MB; measured in one of its own."""
    environment = {**os.environ, "DATABASE_URL": "sqlite:///:memory:"}
    environment.pop("DATA_DIR", None)
    command = [sys.executable, "-m", "tests.members.many_rows", file, str(rows)]
    done = subprocess.run(command, cwd=settings.BASE_DIR, env=environment, capture_output=True, check=True)
    found = json.loads(done.stdout)
    assert found["counts"] == counts
    assert found["seconds"] < 10
    assert found["megabytes"] < 400


# Out again --------------------------------------------------------------------------------------


def exported(client, **query):
    book = openpyxl.load_workbook(io.BytesIO(client.get(url("export_members"), query).content))
    return list(book.active.values), book.active


@pytest.mark.parametrize(
    ("sort", "names"),
    [
        ("", ["张建国", "王志强"]),
        ("name", ["王志强", "张建国"]),
        ("-name", ["张建国", "王志强"]),
        ("-number", ["王志强", "张建国"]),
        ("x", ["张建国", "王志强"]),
    ],
)
def test_export_has_the_order_of_the_page(people, sign_in, sort, names):
    client = sign_in(people.secretary)
    rows, _ = exported(client, sort=sort)
    assert [row[1] for row in rows[1:]] == names
    page = client.get(url("roster"), {"sort": sort}).context["page"]
    assert [member.name for member in page] == names


def test_export_asks_as_often_for_three_as_for_one(people, places, sign_in):
    client = sign_in(people.secretary)

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            exported(client, sort="name")
        return len(queries)

    asked()
    two = asked()
    make.member("甲", places.branch, phone="13800001234")
    assert asked() == two


def test_export_writes_what_the_roster_shows(people, sign_in):
    with_numbers(people)
    Member.objects.filter(pk=people.zhang.pk).update(category="a")
    rows, _ = exported(sign_in(people.secretary), q="张")
    assert [dict(zip(rows[0], row, strict=True)) for row in rows[1:]] == [
        {
            "编号": "T1",
            "姓名": "张建国",
            "性别": "男",
            "出生日期": "1970-01-01",
            "身份证号": ID_NUMBER,
            "人员类别": "正式党员",
            "党员类别": "领导干部",
            "入党日期": None,
            "预备期延长到": None,
            "转正日期": None,
            "所在支部": "和平社区第一党支部",
            "转入日期": "2000-01-01",
            "电话": None,
            "流动情况": "在家",
            "流动日期": None,
            "职务": None,
        }
    ]


@pytest.mark.parametrize(
    ("who", "shown"), [("general", "110***********38"), ("discipline", "110***********38"), ("auditor", None)]
)
def test_export_masks_numbers_by_role(people, sign_in, who, shown):
    with_numbers(people)
    rows, _ = exported(sign_in(getattr(people, who)), q="张")
    assert rows[1][4] == shown


def test_export_holds_no_live_formula(people, sign_in):
    people.zhang.name = "=1+1"
    people.zhang.save()
    _, sheet = exported(sign_in(people.secretary), q="=")
    assert (sheet["B2"].value, sheet["B2"].data_type) == ("=1+1", "s")


@pytest.fixture
def street(people, places):
    """Zhang and colleagues, so that every column of the roster holds something for somebody."""
    zhang, day = people.zhang, datetime.date
    Member.objects.filter(pk=zhang.pk).update(category="a", phone="13800001234", joined_on="1995-07-01")
    for title, place in (("discipline_member", places.branch), ("director", places.community)):
        Position.objects.create(member=zhang, organization=place, title=title, starts_on=day(2020, 3, 1))
    novice = make.member("夏", places.branch, status="probationary", joined_on=day(2024, 7, 1))
    services.extend_probation(novice, day(2026, 7, 1), actor=people.staff)
    full = make.member("秋", places.branch, status="probationary", joined_on=day(2024, 5, 1))
    services.convert_member(full, day(2025, 5, 1), actor=people.staff)
    away = make.member("冬", places.branch)
    services.change_mobility(away, "migrant", day(2025, 2, 1), actor=people.staff)
    services.transfer_member(away, places.sibling, day(2025, 4, 1), actor=people.staff)
    back = make.member("春", places.branch)
    services.change_mobility(back, "migrant", day(2024, 2, 1), actor=people.staff)
    services.change_mobility(back, "resident", day(2025, 2, 1), actor=people.staff)
    make.member("定居", places.branch, mobility="abroad")
    make.member("积极", places.branch, status="activist")


def whole_roster() -> dict[str, tuple]:
    """By number, everything that a roster says of a member today."""
    derived = ("id", "id_number_digest")
    return {
        person.number: (
            {
                key: value
                for key, value in Member.objects.filter(pk=person.pk).values()[0].items()
                if key not in derived
            },
            list(person.memberships.in_office().values_list("organization", "starts_on")),
            sorted(person.positions.values_list("title", "organization", "starts_on")),
            list(person.mobility_changes.exclude(after="resident").values_list("starts_on", "after"))
            if person.mobility != "resident"
            else [],
        )
        for person in Member.objects.filter(memberships__organization__path__startswith="0001").exclude(
            number__startswith="old"
        )
    }


@pytest.fixture
def street_importer(importer, people, sign_in):
    return sign_in(people.staff)


def test_export_imported_again_changes_nothing(people, street, street_importer):
    with_numbers(people)
    before, history = whole_roster(), FactChange.objects.count()
    upload(street_importer, street_importer.get(url("export_members")).content)
    assert previewed(street_importer)["faults"] == []
    assert previewed(street_importer)["counts"] == {"fault": 0, "new": 0, "changed": 0, "same": len(before)}
    confirm(street_importer)
    assert (whole_roster(), FactChange.objects.count()) == (before, history)


def test_export_fills_an_empty_roster_again(people, street, street_importer):
    with_numbers(people)
    before = whole_roster()
    content = street_importer.get(url("export_members")).content
    Member.objects.update(number=Concat(Value("old"), "number"), id_number_digest=None)
    upload(street_importer, content)
    assert previewed(street_importer)["counts"]["new"] == len(before) == 9
    confirm(street_importer)
    assert whole_roster() == before


def test_export_needs_a_reading_role(people, sign_in):
    assert sign_in(people.member).get(url("export_members")).status_code == 403


def test_template_has_the_columns(people, importer):
    book = openpyxl.load_workbook(io.BytesIO(importer.get(url("import_template")).content))
    assert [cell.value for cell in book.worksheets[0][1]][:4] == ["编号", "姓名", "性别", "出生日期"]
    assert Position.objects.count() == 0


@pytest.mark.parametrize(
    ("phone", "sentence"),
    [
        ("1390000", "手机号应是 11 位,现在是 7 位,请核对"),
        ("139000012345", "手机号应是 11 位,现在是 12 位,请核对"),
        ("abc", "电话只能有数字和短横线,7 到 18 位"),
        ("13900001234", ""),
        ("0931-8412345", ""),
        ("8412345", ""),
    ],
)
def test_a_phone_number_has_as_many_digits_as_it_should(phone, sentence):
    assert phone_fault(phone).startswith(sentence)
    assert bool(phone_fault(phone)) == bool(sentence)
