"""Writes of who attended an activity: by its grid, cell by cell or whole, and by scanning a code at the door."""

import datetime
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from members.expected import first_status
from members.models import Activity, Attendance, AttendanceStatus, FactChange, FactKind, Member, User
from members.services.periods import require_members_open, require_open

EARLY = datetime.timedelta(hours=2)  # before its start an activity takes codes


@dataclass
class AttendanceClash:
    """A status that somebody else changed while the page was open, and the one that was now asked for."""

    member: Member
    saved: Attendance
    wanted: str


def attendance_change(activity: Activity, member: Member, old: str, new: str, actor: User) -> FactChange:
    return FactChange(
        member=member,
        kind=FactKind.ATTENDANCE,
        key=f"activity:{activity.pk}",
        title=f"{activity.date:%Y-%m-%d} {activity.title} 考勤",
        old=old,
        new=new,
        changed_by=actor,
    )


@transaction.atomic
def record_attendance(
    activity: Activity, marks: dict[Member, tuple[str, str]], *, actor: User
) -> tuple[int, list[AttendanceClash]]:
    """Store statuses of members; gives back how many were written, and the clashes, which were not.

    marks: for each member the status that the page showed, and the one it sends now. The same one twice: a row that
    the user left alone; it is stored where nothing is, and keeps what others saved meanwhile. "" shown: the user chose
    for a row of which nothing was on record. Raises ValidationError if the day is settled or has not come.
    """
    saved = locked(activity, marks)
    changed, clashes = [], []
    for member, (shown, wanted) in marks.items():
        now = saved.get(member.pk)
        if now is None or (now.status != wanted and now.status == shown):
            changed.append((member, now.status if now else "", wanted))
        elif now.status != wanted and wanted != shown:
            clashes.append(AttendanceClash(member, now, wanted))
    write_attendance(activity, changed, actor)
    return len(changed), clashes


@transaction.atomic
def record_all(activity: Activity, marks: dict[Member, tuple[str, str]], *, actor: User) -> int:
    """The same, all or nothing: a clash is refused with a sentence that names it."""
    written, clashes = record_attendance(activity, marks, actor=actor)
    if clashes:
        raise ValidationError(
            [
                f"{clash.member}:{clash.saved.recorded_by}刚刚登记为「{clash.saved.get_status_display()}」,"
                f"和粘贴的「{AttendanceStatus(clash.wanted).label}」不同。什么都没有写入,请核对下面的内容再确认一次。"
                for clash in clashes
            ]
        )
    return written


@transaction.atomic
def put_down(activity: Activity, member: Member, status: str, *, actor: User) -> None:
    """Store a decided status, whatever is on record. Raises ValidationError if the day is settled or has not come."""
    now = locked(activity, [member]).get(member.pk)
    if now is None or now.status != status:
        write_attendance(activity, [(member, now.status if now else "", status)], actor)


@transaction.atomic
def withdraw_attendance(activity: Activity, *, actor: User) -> int:
    """Take back all that is on record of an activity, put down by mistake; gives back how many cells that were.

    What they were is kept in the change history. Raises ValidationError if the day is settled.
    """
    hold(activity)
    rows = list(activity.attendances.select_related("member"))
    require_open(activity.organization, activity.date)
    require_members_open([row.member for row in rows], activity.date)
    FactChange.objects.bulk_create(
        attendance_change(activity, row.member, row.get_status_display(), "登记有误,已撤销", actor) for row in rows
    )
    activity.attendances.all().delete()
    return len(rows)


def require_expected(activity: Activity, member: Member, at: datetime.datetime) -> None:
    """Raises ValidationError with the reason for which the member cannot check in at a local time."""
    if at.date() != activity.date:
        raise ValidationError(f"这次活动在 {activity.date:%Y-%m-%d},只能当天签到。")
    if activity.starts_at:
        starts = datetime.datetime.combine(activity.date, activity.starts_at, at.tzinfo)
        if at < starts - EARLY:
            raise ValidationError(
                f"活动 {starts:%H:%M} 开始,现在还早。{starts - EARLY:%H:%M} 起可以签到,到时请再扫一次。"
            )
    expected = first_status(activity, member)
    if expected == AttendanceStatus.NOT_REQUIRED:
        raise ValidationError("这次活动没有要求您参加。您到了会,请告诉书记,由书记登记。")
    if expected != AttendanceStatus.PRESENT:
        label = AttendanceStatus(expected).label
        raise ValidationError(f"您这次请了{label},已经准假。您到了会,请告诉书记,由书记改成到会。")


@transaction.atomic
def check_in(activity: Activity, member: Member, arrived: datetime.datetime, *, actor: User) -> Attendance:
    """The member's attendance: what is on record, or else present or late by the clock.

    arrived: the local time at which the code was scanned. Raises ValidationError if it is not the activity's day, long
    before its start, the member is not expected, is on leave, or the day is settled.
    """
    if now := locked(activity, [member]).get(member.pk):
        return now
    require_expected(activity, member, arrived)
    write_attendance(activity, [(member, "", activity.arrival(arrived))], actor, by_code=True)
    return activity.attendances.get(member=member)


def hold(activity: Activity) -> None:
    """Others who write in the same grid wait from here on. Raises ValidationError if the activity was deleted."""
    if not Activity.objects.select_for_update().filter(pk=activity.pk):
        raise ValidationError("这次活动刚刚删除了,没有保存。")


def locked(activity: Activity, members) -> dict[int, Attendance]:
    """What is on record of these members; others who write in the same grid wait from here on."""
    if activity.date > timezone.localdate():
        raise ValidationError(f"活动在 {activity.date:%Y-%m-%d},还没有举行。请到当天再登记考勤。")
    hold(activity)
    rows = activity.attendances.select_related("recorded_by").filter(member__in=[member.pk for member in members])
    return {row.member_id: row for row in rows}


def write_attendance(
    activity: Activity, changed: list[tuple[Member, str, str]], actor: User, *, by_code: bool = False
) -> None:
    """Write rows of (member, old status or "", new status) and their history, in two statements."""
    if not changed:
        return
    require_open(activity.organization, activity.date)
    require_members_open([member for member, _, _ in changed], activity.date)
    label = dict(AttendanceStatus.choices)
    revision = 1 + (activity.attendances.aggregate(last=Max("revision"))["last"] or 0)
    Attendance.objects.bulk_create(
        [
            Attendance(
                activity=activity, member=member, status=new, recorded_by=actor, revision=revision, by_code=by_code
            )
            for member, _, new in changed
        ],
        update_conflicts=True,
        unique_fields=["activity", "member"],
        update_fields=["status", "recorded_by", "recorded_at", "revision", "by_code"],
    )
    FactChange.objects.bulk_create(
        attendance_change(activity, member, label.get(old, ""), label[new], actor) for member, old, new in changed
    )
