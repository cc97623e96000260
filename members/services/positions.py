"""Writes of the posts that members hold."""

import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from members.models import FactChange, FactKind, Member, Position, User
from members.services.periods import require_not_settled, require_open


def position_change(position: Position, actor: User) -> FactChange:
    """The history row of a post's start; not yet stored."""
    return FactChange(
        member=position.member,
        kind=FactKind.POSITION,
        key=position.title,
        title=f"职务自 {position.starts_on:%Y-%m-%d}",
        new=f"{position.get_title_display()}({position.organization})",
        changed_by=actor,
    )


def held_posts(member: Member, day: datetime.date) -> QuerySet[Position]:
    """Posts that the member holds on a day, or begins after it."""
    return member.positions.filter(Q(ends_on=None) | Q(ends_on__gte=day)).select_related("organization")


@transaction.atomic
def add_position(position: Position, *, actor: User) -> Position:
    """Give a member a post from a day on. Raises ValidationError if the day is settled or the post is held already."""
    require_open(position.organization, position.starts_on)
    Member.objects.select_for_update().get(pk=position.member_id)  # a second click waits here
    held = position.member.positions.filter(title=position.title, organization=position.organization)
    if held.during(position.starts_on, position.ends_on or datetime.date.max).exists():
        raise ValidationError(f"{position.member}在{position.organization}已经担任{position.get_title_display()}。")
    position.save()
    position_change(position, actor).save()
    return position


@transaction.atomic
def end_position(position: Position, day: datetime.date, *, actor: User) -> Position:
    """End a post with a day. Raises ValidationError if that day is settled or before the post's start."""
    if day < position.starts_on:
        raise ValidationError({"ends_on": f"离任日期不能早于任职日期 {position.starts_on}。"})
    require_open(position.organization, day, max(day, timezone.localdate()))
    return end_post(position, day, actor)


def end_post(position: Position, day: datetime.date, actor: User) -> Position:
    """The post, ended with a day that has been checked."""
    position.ends_on = day
    position.save()
    change = position_change(position, actor)
    change.title, change.old, change.new = f"职务至 {day:%Y-%m-%d}", change.new, "离任"
    change.save()
    return position


def check_withdrawal(position: Position) -> None:
    """Raises ValidationError if a post cannot be taken off the record: it reaches into a settled period."""
    require_open(position.organization, position.starts_on)
    require_not_settled(position.member, position.starts_on)


@transaction.atomic
def withdraw_position(position: Position, *, actor: User) -> None:
    """Take back a post that was entered wrongly: it was never held. Raises ValidationError as `check_withdrawal`."""
    check_withdrawal(position)
    change = position_change(position, actor)
    change.old, change.new = f"{change.new}{f',到 {position.ends_on}' if position.ends_on else ''}", "登记错了,撤销"
    change.save()
    position.delete()
