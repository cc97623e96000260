"""Closed rounds computed again: the same to the byte, whatever was decided later; a fact changed behind the back is found."""

import datetime
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from evaluations import services
from evaluations.models import Result, Round, RoundBranch
from evaluations.recheck import recheck
from members.models import Member, Membership
from members.services import change_mobility, convert_member, transfer_member
from scoring.models import Decision, Entry, SchemeVersion
from tests import factories as make
from tests.lifting import lifted

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def closed(half, people):
    """The half-year's round, computed and closed."""
    services.request_computation(half.round)
    return make.closed(half.round, people.staff)


def run(capsys, *args) -> tuple[int, list[str]]:
    """Exit code and lines of the command."""
    code = 0
    try:
        call_command("recheck_rounds", *args)
    except SystemExit as stop:
        code = stop.code
    return code, capsys.readouterr().out.splitlines()


def behind_the_back(sql: str, *params) -> None:
    """Somebody has taken the triggers off."""
    with lifted(), connection.cursor() as cursor:
        cursor.execute(sql, params)


def test_closed_round_gives_the_same_bytes(closed, capsys):
    assert recheck(closed) == []
    assert run(capsys) == (
        0,
        [
            f"第 {closed.pk} 号 和平街道党工委 2025 年上半年 community-half-year:一致,3 人",
            "共核对 1 次考核,0 次不一致。",
        ],
    )


def test_fact_changed_behind_the_back_is_found(closed, people, capsys):
    behind_the_back("UPDATE members_attendance SET status = 'absent' WHERE member_id = %s", people.zhang.pk)
    code, lines = run(capsys, "--round", str(closed.pk))
    assert code == 1
    assert lines[0].endswith("不一致,3 人")
    assert lines[1].startswith("  张建国(和平社区第一党支部):总分 92.40 → 91.80;")
    assert "参加组织活动 16.00 → 15.00" in lines[1]
    assert lines[2:] == [
        "  和平社区第一党支部的校验码不符。",
        "  整次考核的校验码不符。",
        "共核对 1 次考核,1 次不一致。",
    ]


@pytest.mark.parametrize(
    ("sql", "sentence"),
    [
        ("UPDATE evaluations_result SET total = 99.99 WHERE total IS NOT NULL", "总分 99.99 → 92.40"),
        ("UPDATE evaluations_result SET on_honor_board = %s WHERE total IS NOT NULL", "榜单 无 → honor"),
        ("UPDATE evaluations_result SET digest = 'x' WHERE total IS NOT NULL", "校验码不符"),
    ],
)
def test_result_changed_behind_the_back_is_found(closed, sql, sentence):
    behind_the_back(sql, *([False] if "%s" in sql else []))
    assert recheck(closed) == [f"张建国(和平社区第一党支部):{sentence}"]


def test_digest_changed_behind_the_back_is_found(closed):
    behind_the_back("UPDATE evaluations_round SET digest = 'x'")
    closed.refresh_from_db()
    assert recheck(closed) == ["整次考核的校验码不符。"]


def test_member_who_was_not_there_and_one_who_is_gone_are_found(closed, people, places):
    with lifted():
        make.member("新来的", places.branch)
    behind_the_back("DELETE FROM members_membership WHERE member_id = %s", people.liu.pk)
    found = recheck(closed)
    assert "新来的:办结时没有结果,按现在的记录应有" in found
    assert "刘淑芬(和平社区第二党支部):办结时有结果,按现在的记录不在这次考核里" in found


def test_stored_version_and_settings_are_used(closed, adopted):
    """A newer version and another file change nothing; the stored definition does."""
    changed = adopted.definition.replace("late: -4", "late: -5")
    assert changed != adopted.definition
    SchemeVersion.objects.create(
        code=adopted.code, number=adopted.number + 1, title=adopted.title, definition=changed, text=adopted.text
    )
    assert recheck(closed) == []
    behind_the_back("UPDATE scoring_schemeversion SET definition = %s WHERE id = %s", changed, adopted.pk)
    assert "参加组织活动 16.00 → 15.00" in recheck(closed)[0]


def test_version_that_cannot_be_read_is_said(closed, adopted):
    behind_the_back("UPDATE scoring_schemeversion SET definition = 'scheme: x' WHERE id = %s", adopted.pk)
    assert recheck(closed)[0].startswith("不能重算:")


def test_unknown_and_open_rounds_are_refused(half):
    with pytest.raises(CommandError, match="没有编号为"):
        call_command("recheck_rounds", "--round", str(half.round.pk))


# What comes after the closing -----------------------------------------------------------------


def record(person, version, by, status, date=datetime.date(2024, 5, 1)):
    """A record that is kept for life."""
    fields = {"version": version, "note": "违章建筑", "declared_by": by, "date": date}
    return make.entry(person, "record.illegal_building", status=status, **fields)


def test_record_approved_later_does_not_count_in_it(half, people, adopted):
    entries = [record(people.zhang, adopted, people.secretary, "reviewed") for _ in range(2)]
    services.request_computation(half.round)
    closed = make.closed(half.round, people.staff)
    for entry in entries:
        Decision.objects.create(entry=entry, step="street", approved=True, decided_by=people.staff)
        Entry.objects.filter(pk=entry.pk).update(status="approved")
    assert recheck(closed) == []
    make.reopened(closed)
    services.request_computation(closed)
    assert "persuade_withdrawal" in Result.objects.get(member=people.zhang).sheet["consequences"]


def test_record_reversed_later_counts_in_it(half, people, adopted):
    entries = [record(people.zhang, adopted, people.secretary, "approved") for _ in range(2)]
    services.request_computation(half.round)
    closed = make.closed(half.round, people.staff)
    assert "persuade_withdrawal" in Result.objects.get(member=people.zhang).sheet["consequences"]
    fields = {"version": adopted, "note": "更正", "declared_by": people.staff, "date": entries[0].date}
    make.entry(people.zhang, "record.illegal_building", status="approved", reverses=entries[0], **fields)
    assert recheck(closed) == []


def test_earlier_round_closed_later_does_not_count_in_it(closed, people, places, adopted):
    earlier = Round.objects.create(
        organization=places.street,
        period="2024H2",
        scheme=adopted.code,
        requested_at=timezone.now(),
    )
    part = RoundBranch.objects.create(round=earlier, organization=places.branch, version=adopted)
    Result.objects.create(
        round=earlier, branch=part, member=people.zhang, status="scored", grade="unqualified", sheet={}, digest="x"
    )
    Round.objects.filter(pk=earlier.pk).update(status=Round.Status.CLOSED, closed_at=timezone.now())
    assert recheck(closed) == []


def test_roster_changed_later_does_not_count_in_it(half, people, sign_in):
    """A probationary member without a good result is proposed for cancellation, also after becoming a full one."""
    Member.objects.filter(pk=people.zhang.pk).update(status="probationary")
    make.entry(
        people.zhang,
        "direct.obstruct",
        version=SchemeVersion.objects.get(code="community-half-year"),
        date=datetime.date(2025, 4, 1),
        status="approved",
        note="阻碍工作",
        declared_by=people.staff,
    )
    services.request_computation(half.round)
    closed = make.closed(half.round, people.staff)
    assert "cancel_probationary" in Result.objects.get(member=people.zhang).sheet["consequences"]
    Member.objects.filter(pk=people.zhang.pk).update(status="full", mobility="abroad", category="a")
    assert recheck(closed) == []
    page = sign_in(people.staff).get(reverse("reports:ledger", args=[people.zhang.pk]), {"period": "2025H1"})
    assert not page.context["ledger"].differs
    assert page.context["sheet"].total == Decimal("92.40")


def test_close_refuses_who_joined_after_the_computation(half, people, places):
    from django.core.exceptions import ValidationError

    from members.services.people import add_member

    services.request_computation(half.round)
    new = Member(number="N9", name="新来的", gender="f", born=datetime.date(1990, 1, 1))
    add_member(new, places.branch, datetime.date(2025, 6, 1), actor=people.secretary)
    assert Membership.objects.filter(member=new).exists()
    with pytest.raises(ValidationError, match="试算以后和平社区第一党支部又有记录变动,结果会不同"):
        make.closed(half.round, people.staff)


def test_roster_dates_after_the_closing_give_the_same_bytes(half, people, places):
    """Conversion, a move and a transfer after the closed period change nothing in it."""
    Member.objects.filter(pk=people.zhang.pk).update(status="probationary", joined_on=datetime.date(2024, 7, 1))
    services.request_computation(half.round)
    closed = make.closed(half.round, people.staff)
    people.zhang.refresh_from_db()
    july = datetime.date(2025, 7, 1)
    convert_member(people.zhang, july, actor=people.staff)
    change_mobility(people.zhang, "abroad", july, actor=people.staff)
    transfer_member(people.zhang, places.sibling, july, actor=people.staff)
    assert recheck(closed) == []
