"""Writes of activities."""

import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from members.models import Activity, FactChange, User
from members.services.attendance import attendance_change
from members.services.periods import require_members_open, require_open


@transaction.atomic
def save_activity(activity: Activity, *, actor: User) -> Activity:
    """Store a new or changed activity. Raises ValidationError if its day, old or new, is settled.

    An activity with attendance on record does not move to a day that has not come.
    """
    require_open(activity.organization, activity.date)
    before = Activity.objects.select_for_update().select_related("organization").filter(pk=activity.pk).first()
    if before is None:
        activity.created_by = actor
    elif before.date != activity.date:
        if activity.date > timezone.localdate() and before.attendances.exists():
            raise ValidationError({"date": "这次活动已经登记了考勤,日期不能晚于今天。"})
        require_open(before.organization, before.date)
        move_attendances(before, activity.date, actor)
    activity.save()
    return activity


@transaction.atomic
def delete_activity(activity: Activity) -> bool:
    """Remove an activity; False if somebody has done so already. Raises ValidationError where `check_deletion` does."""
    locked = Activity.objects.select_for_update(of=("self",)).select_related("organization")
    found = locked.filter(pk=activity.pk).first()
    if found is None:
        return False
    check_deletion(found)
    found.delete()
    return True


def check_deletion(activity: Activity) -> None:
    """Raises ValidationError if somebody attended, asked to be excused or wrote minutes, or the day is settled."""
    if recorded := activity.attendances.count():
        raise ValidationError(f"「{activity}」已经登记了 {recorded} 人的考勤,不能删除。日期或名称写错了,请改活动。")
    if asked := activity.leave_requests.count():
        raise ValidationError(f"「{activity}」已经有 {asked} 人请假,不能删除。日期或名称写错了,请改活动。")
    if activity.minutes.exists():
        raise ValidationError(f"「{activity}」已经写了会议记录,不能删除。日期或名称写错了,请改活动。")
    require_open(activity.organization, activity.date)


def move_attendances(activity: Activity, day: datetime.date, actor: User) -> None:
    """Note in the history of everyone whose attendance is on record that it now counts for another day."""
    attendees = [row.member for row in activity.attendances.select_related("member")]
    require_members_open(attendees, activity.date)
    require_members_open(attendees, day)
    FactChange.objects.bulk_create(
        attendance_change(activity, member, f"{activity.date:%Y-%m-%d}", f"{day:%Y-%m-%d}", actor)
        for member in attendees
    )
