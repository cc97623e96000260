"""Writes of what members are from a day on: probationary or full, at home or away."""

import datetime
from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from members.models import FactChange, FactKind, Member, MemberStatus, Mobility, MobilityChange, User
from members.services.people import edit_member
from members.services.periods import require_not_settled

MOVE_GONE = "这次变动已经撤销了。"


def carry_states(members: Iterable[Member] | None = None) -> int:
    """Bring the states of members, of all if none are given, to what they are today; gives back how many changed."""
    everybody = Member.objects.all() if members is None else Member.objects.filter(pk__in=[one.pk for one in members])
    then = everybody.without_numbers().with_states(timezone.localdate())
    others = list(then.exclude(status=F("status_then"), mobility=F("mobility_then")))
    for member in others:
        member.status, member.mobility = member.status_then, member.mobility_then
    Member.objects.bulk_update(others, ["status", "mobility"], batch_size=500)
    return len(others)


@transaction.atomic
def join_party(member: Member, day: datetime.date, *, actor: User) -> Member:
    """An activist becomes a probationary member with a day, in the past or the future."""
    if member.status != MemberStatus.ACTIVIST or member.joined_on:
        raise ValidationError({"day": f"{member}不是入党积极分子,或者已经登记入党。"})
    member.joined_on = day
    return _with_dates(member, "joined_on", actor)


@transaction.atomic
def convert_member(member: Member, day: datetime.date, *, actor: User) -> Member:
    """A probationary member becomes a full one (转正) with a day, in the past or the future.

    Raises ValidationError if the day is before the end of the probation, extended as it may be.
    """
    if member.status != MemberStatus.PROBATIONARY or member.converted_on:
        raise ValidationError({"day": f"{member}不是预备党员,或者已经登记转正。"})
    if member.joined_on is None:
        raise ValidationError({"day": f"{member}没有登记入党日期。请先在「修改资料」里补上。"})
    if day < member.probation_end:
        longer = ",延长过" if member.probation_until else ""
        raise ValidationError({"day": f"{member}的预备期到 {member.probation_end}{longer},转正日期最早是这一天。"})
    member.converted_on = day
    return _with_dates(member, "converted_on", actor)


@transaction.atomic
def extend_probation(member: Member, day: datetime.date, *, actor: User) -> Member:
    """The probation of a member goes on up to a day, half a year to a year longer than the first."""
    if member.status != MemberStatus.PROBATIONARY or member.joined_on is None:
        raise ValidationError({"day": f"{member}不是预备党员,或者没有登记入党日期。"})
    member.probation_until = day
    return _with_dates(member, "probation_until", actor)


def _with_dates(member: Member, field: str, actor: User) -> Member:
    """Store a member with another day in a field, and the status that follows for today."""
    member.status = member.status_on(timezone.localdate())
    try:
        member.clean()
    except ValidationError as error:  # what is wrong elsewhere on the record is no matter of this day
        if field in error.message_dict:
            raise ValidationError({"day": error.message_dict[field]}) from error
    try:
        edit_member(member, actor=actor)
    except ValidationError as error:
        raise ValidationError({"day": error.messages}) from error
    return member


@transaction.atomic
def change_mobility(member: Member, after: str, day: datetime.date, *, actor: User) -> MobilityChange:
    """From a day on, in the past or the future, the member is at home, away or abroad.

    Raises ValidationError if it is no change, not after the last one, or would reach into a settled period.
    """
    # One at a time, so that each change begins where the last one ended.
    known = Member.objects.select_for_update().get(pk=member.pk)
    last = member.mobility_changes.order_by("starts_on").last()
    if last and day <= last.starts_on:
        raise ValidationError({"day": f"日期要晚于上一次变动的 {last.starts_on}。上一次登记错了的,先撤销它。"})
    before = last.after if last else known.mobility
    if before == after:
        raise ValidationError({"after": f"{member}现在登记的就是{Mobility(before).label}。"})
    require_not_settled(member, day)
    change = MobilityChange(member=member, starts_on=day, before=before, after=after)
    change.save()
    mobility_change(change, actor).save()
    carry_states([member])
    return change


@transaction.atomic
def correct_mobility(member: Member, mobility: str, *, actor: User) -> None:
    """What was entered without a day was wrong: it has always been otherwise."""
    if member.mobility_changes.exists():
        raise ValidationError({"after": f"{member}的变动登记了日期。登记错了的,请撤销那一次再重新登记。"})
    member.mobility = mobility
    edit_member(member, actor=actor)


@transaction.atomic
def undo_mobility(change: MobilityChange, *, actor: User) -> None:
    """Take back a change of mobility, which was entered wrongly. Raises ValidationError where `check_undo` does."""
    member = Member.objects.select_for_update().get(pk=change.member_id)
    check_undo(change)
    row = mobility_change(change, actor)
    row.old, row.new = change.get_after_display(), f"撤销,仍为{change.get_before_display()}"
    row.save()
    change.delete()
    member.mobility = change.before  # where no other change is left, the column alone says it
    member.save(update_fields=["mobility"])
    carry_states([member])


def check_undo(change: MobilityChange) -> None:
    """Raises ValidationError if the change is not the member's last, reaches into a settled period, or is undone."""
    last = change.member.mobility_changes.first()
    if last is None or last.starts_on < change.starts_on:
        raise ValidationError(MOVE_GONE)
    if last != change:
        raise ValidationError("只能撤销最近登记的一次变动。")
    require_not_settled(change.member, change.starts_on)


def mobility_change(change: MobilityChange, actor: User) -> FactChange:
    """The history row of a change of mobility; not yet stored."""
    return FactChange(
        member=change.member,
        kind=FactKind.MEMBER,
        key="mobility",
        title=f"流动情况自 {change.starts_on:%Y-%m-%d}",
        old=change.get_before_display(),
        new=change.get_after_display(),
        changed_by=actor,
    )
