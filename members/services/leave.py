"""Leave (请假): asked for by members, decided by whoever keeps the attendance; an approval fills the grid."""

import datetime
from collections.abc import Collection

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from members.models import Activity, Attendance, AttendanceStatus, LeaveRequest, Member, User
from members.permissions import can_decide_leave
from members.services.attendance import put_down
from members.services.periods import require_members_open, require_open

AFTERWARDS = datetime.timedelta(days=30)  # how long after an activity leave may still be asked for
MISSED = (AttendanceStatus.ABSENT, AttendanceStatus.PROXY)  # what leave may still be asked for once it is on record
MOST_AT_ONCE = 50  # requests that are approved together


def may_ask(activity: Activity, member: Member) -> None:
    """Raises ValidationError with the reason for which the member cannot ask for leave from the activity."""
    if activity.date < timezone.localdate() - AFTERWARDS:
        raise ValidationError(
            f"这次活动在 {activity.date:%Y-%m-%d},已经过了 {AFTERWARDS.days} 天,不能再请假。考勤有错的,请找书记更正。"
        )
    asked = activity.leave_requests.filter(
        member=member, state__in=(LeaveRequest.State.WAITING, LeaveRequest.State.APPROVED)
    ).first()
    if asked:
        raise ValidationError(f"这次活动您已经请过{asked.get_kind_display()}:{asked.get_state_display()}。")
    now = Attendance.objects.filter(activity=activity, member=member).first()
    if now and now.status not in MISSED:
        raise ValidationError(f"这次活动已经登记您「{now.get_status_display()}」,不用请假。登记错了的,请找书记更正。")
    require_open(activity.organization, activity.date)
    require_members_open([member], activity.date)


@transaction.atomic
def ask_leave(request: LeaveRequest, *, actor: User) -> LeaveRequest:
    """Store a member's request. Raises ValidationError if it comes too late, twice, or in a settled period."""
    Activity.objects.select_for_update().get(pk=request.activity_id)  # a double click waits, and is told
    may_ask(request.activity, request.member)
    request.asked_by = actor
    request.save()
    return request


@transaction.atomic
def withdraw_leave(request: LeaveRequest) -> LeaveRequest:
    """Take back a request that nobody has decided. Raises ValidationError otherwise."""
    request = undecided(request)
    request.state = LeaveRequest.State.WITHDRAWN
    request.save(update_fields=["state"])
    return request


@transaction.atomic
def decide_leave(request: LeaveRequest, *, approved: bool, answer: str = "", actor: User) -> LeaveRequest:
    """Approve or refuse a request. Once the activity's day has come an approval goes into the grid at once; before it
    the grid begins with it.

    Raises ValidationError if it is decided already, one's own, refused without a reason, or in a settled period.
    """
    request = undecided(request)
    if not can_decide_leave(actor, request):
        raise ValidationError("自己的请假要由别人批。")
    if not approved and not answer.strip():
        raise ValidationError("不准假要写明理由,本人会看到。")
    activity = request.activity
    require_open(activity.organization, activity.date)
    require_members_open([request.member], activity.date)
    request.state = LeaveRequest.State.APPROVED if approved else LeaveRequest.State.REFUSED
    request.answer, request.decided_by, request.decided_at = answer.strip(), actor, timezone.now()
    request.save(update_fields=["state", "answer", "decided_by", "decided_at"])
    if approved and activity.date <= timezone.localdate():
        put_down(activity, request.member, request.kind, actor=actor)
    return request


@transaction.atomic
def grant_leave(asked: Collection[int], *, actor: User) -> list[LeaveRequest]:
    """Approve all of these requests, or none of them; what the actor has approved already stays as it is.

    asked: their keys. Raises ValidationError naming those that `to_decide_by` has no more for the actor, and as
    `decide_leave`.
    """
    if not 1 <= len(asked) <= MOST_AT_ONCE:
        raise ValidationError(f"一次批 1 到 {MOST_AT_ONCE} 件。")
    seen = LeaveRequest.objects.visible_to(actor).select_for_update(of=("self",)).filter(pk__in=asked)
    locked = list(seen.select_related("member", "activity").order_by("pk"))
    done = {each.pk for each in locked if each.state == LeaveRequest.State.APPROVED and each.decided_by_id == actor.pk}
    mine = set(LeaveRequest.objects.to_decide_by(actor).filter(pk__in=asked).values_list("pk", flat=True))
    if len(done | mine) < len(asked):
        gone = [f"{each.member}「{each.activity}」" for each in locked if each.pk not in done | mine]
        raise ValidationError(f"{'、'.join(gone) or '勾选的请假'}刚刚有人办过、撤回了,考核已经办结,或者不归您批。")
    return [decide_leave(each, approved=True, actor=actor) if each.pk in mine else each for each in locked]


def undecided(request: LeaveRequest) -> LeaveRequest:
    """The request as it is now, locked. Raises ValidationError if it is decided or withdrawn."""
    found = LeaveRequest.objects.select_for_update(of=("self",)).select_related("activity__organization", "member")
    request = found.get(pk=request.pk)
    if not request.is_waiting:
        raise ValidationError(f"这份请假{request.get_state_display()},不用再办。")
    return request
