"""A column of statuses from a spreadsheet: read, shown, then stored, all or nothing."""

import datetime

import pytest
from django.urls import reverse

from members.forms.pasting import MEANING, WORDS
from members.models import AttendanceStatus, ClosedPeriod, FactChange
from tests import factories as make

DAY = datetime.date(2025, 6, 5)


@pytest.fixture
def event(people, places):
    """Of Zhang, Wang, and two of one name."""
    for number in ("X1", "X2"):
        make.member("李梅", places.branch, number=number)
    return make.activity(places.branch, people.secretary, DAY, "theme_day", "6 月主题党日")


@pytest.fixture
def paste(people, event, sign_in):
    """A function that pastes text as the secretary and gives back the page."""
    client = sign_in(people.secretary)
    address = reverse("members:paste_attendance", args=[event.pk])

    def send(text, **more):
        return client.post(address, {"text": text, **more})

    return send


def changes(page):
    assert not page.context["form"].errors
    return [(change["row"].member.number[-2:], change["new"].label) for change in page.context["form"].changes]


def faults(page):
    assert page.status_code == 400
    return page.context["form"].errors["text"]


def tail(*members):
    return [member.number[-2:] for member in members]


def test_words_that_mean_the_same_stand_in_one_line(people, event, sign_in):
    page = sign_in(people.secretary).get(reverse("members:paste_attendance", args=[event.pk])).text
    assert "<dt>替会</dt><dd>代会、代开、替</dd>" in page


def test_column_follows_the_order_of_the_grid(people, event, paste):
    zhang, wang = tail(people.zhang, people.wang)
    page = paste("到会\n迟到\n\n√\n\n")
    assert changes(page) == [(zhang, "到会"), (wang, "迟到"), ("X2", "到会")]
    assert not event.attendances.exists()


def test_column_with_a_head(people, paste):
    assert [word for _, word in changes(paste("考勤情况\r\n出席\r\n请假\r\n×\r\n免"))] == [
        "到会",
        "事假",
        "缺席",
        "不要求",
    ]
    assert [word for _, word in changes(paste("签到\n√\n√\n√\n√"))] == ["到会"] * 4


def test_column_of_another_length_is_refused(paste):
    (fault,) = faults(paste("到会\n迟到"))
    assert fault.startswith("粘贴了 2 行,名单有 4 人,对不上。")


def test_names_and_statuses_in_any_order(people, paste):
    zhang, wang = tail(people.zhang, people.wang)
    text = "序号\t姓名\t备注\t情况\n1\t王志强\t\t病假\n2\t 张 建国 \t\t晚到\n3\t李梅\tX2\t代会\n"
    assert changes(paste(text)) == [(wang, "病假"), (zhang, "迟到"), ("X2", "替会")]


def test_typed_lines_will_do(people, paste):
    zhang, wang = tail(people.zhang, people.wang)
    assert changes(paste("张建国 迟到\n王志强,缺席")) == [(zhang, "迟到"), (wang, "缺席")]


def test_unknown_words_are_named_and_nothing_is_kept(people, event, paste):
    text = "姓名\t情况\n张建国\t到会\n王志强\t睡觉\n孙东风\t到会\n李梅\t到会\n张建国\t迟到"
    assert faults(paste(text, confirm="1")) == [
        "第 3 行(王志强):不认识「睡觉」。请改成到会、迟到、事假这样的词。",
        "第 4 行:名单里没有「孙东风」,请核对姓名。",
        "第 5 行:名单里有 2 个「李梅」,请把编号列一起复制。",
        "第 6 行:张建国在第 2 行已经有了,请只留一行。",
    ]
    assert not event.attendances.exists()


def test_two_statuses_in_a_line_are_refused(paste):
    assert faults(paste("张建国\t到会\t缺席")) == ["第 1 行(张建国):有两种情况「到会」「缺席」,请只留一种。"]


def test_many_faults_are_counted(paste):
    found = faults(paste("\n".join(f"某某{number}\t到会" for number in range(20))))
    assert (len(found), found[-1]) == (13, "另外还有 8 处。")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "还没有粘贴内容。"),
        ("\n\n\t\n", "没有读到考勤情况,请复制表格里的一列再粘贴。"),
        ("姓名\t情况\n", "没有读到考勤情况,请复制表格里的一列再粘贴。"),
        ("到" * 50_001, "内容太长,一次最多粘贴五万字。"),
    ],
)
def test_nothing_to_read_is_said_so(paste, text, fault):
    assert faults(paste(text)) == [fault]


def test_confirmed_paste_is_stored_with_history(people, event, paste):
    make.attendance(event, people.zhang, "late", people.secretary)
    make.attendance(event, people.wang, "absent", people.secretary)
    text = "张建国\t到会\n王志强\t缺席"
    page = paste(text)
    assert [word for _, word in changes(page)] == ["到会"]
    response = paste(text, confirm="1", revision=page.context["form"].latest)
    assert response.url == reverse("members:activity", args=[event.pk])
    assert dict(event.attendances.values_list("member__name", "status")) == {"张建国": "present", "王志强": "absent"}
    change = FactChange.objects.get()
    assert (change.old, change.new) == ("迟到", "到会")


def test_what_changed_since_the_preview_is_not_overwritten(people, event, paste):
    text = "张建国\t到会\n王志强\t迟到"
    page = paste(text)
    make.attendance(event, people.zhang, "sick_leave", people.leader)
    refused = paste(text, confirm="1", revision=page.context["form"].latest)
    assert refused.status_code == 409
    assert "张建国:赵德胜刚刚登记为「病假」,和粘贴的「到会」不同。" in refused.content.decode()
    assert list(event.attendances.values_list("status", flat=True)) == ["sick_leave"]
    again = paste(text, confirm="1", revision=refused.context["form"].latest)
    assert again.status_code == 302
    assert dict(event.attendances.values_list("member__name", "status")) == {"张建国": "present", "王志强": "late"}


def test_settled_period_is_refused(people, places, event, paste):
    days = {"starts_on": datetime.date(2025, 1, 1), "ends_on": datetime.date(2025, 6, 30)}
    ClosedPeriod.objects.create(organization=places.street, title="2025 年上半年", **days)
    page = paste("张建国\t到会", confirm="1")
    assert page.status_code == 409
    assert "已经办结" in page.content.decode()
    assert not event.attendances.exists()


def test_paste_needs_the_role_and_hides(people, event, sign_in):
    address = reverse("members:paste_attendance", args=[event.pk])
    assert sign_in(people.outsider).post(address, {"text": "到会"}).status_code == 404
    for user in (people.auditor, people.discipline):
        assert sign_in(user).post(address, {"text": "到会"}).status_code == 403


def test_every_status_has_words_and_no_word_two_meanings():
    assert set(WORDS) == set(AttendanceStatus)
    assert len(MEANING) == sum(len(words.split()) for words in WORDS.values())
    assert {status.label: MEANING[status.label] for status in AttendanceStatus} == {
        status.label: status for status in AttendanceStatus
    }
