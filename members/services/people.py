"""Writes of who is on the roster, and where."""

import datetime

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from members.models import (
    Exemption,
    FactChange,
    FactKind,
    LeaveRequest,
    Member,
    Membership,
    MemberStatus,
    Organization,
    User,
)
from members.services.periods import closed_periods_of, require_members_open, require_open, require_status_kept

ROSTER_FIELDS = (
    "number",
    "name",
    "gender",
    "born",
    "joined_on",
    "probation_until",
    "converted_on",
    "status",
    "category",
    "mobility",
    "id_number",
    "phone",
)
PERSONAL_NUMBERS = ("id_number", "phone")


def shown(member: Member, field: str) -> str:
    """A field's value as the change history may keep it: personal numbers only as present or not."""
    value = getattr(member, field)
    if field in PERSONAL_NUMBERS:
        return "已填" if value else ""
    display = getattr(member, f"get_{field}_display", None)
    return display() if display else str(value or "")


def roster_changes(before: Member, after: Member, actor: User) -> list[FactChange]:
    """History rows for the roster columns in which two states of a member differ; not yet stored."""
    return [
        FactChange(
            member=after,
            kind=FactKind.MEMBER,
            key=field,
            title=Member._meta.get_field(field).verbose_name,
            old=shown(before, field),
            new="已更改" if field in PERSONAL_NUMBERS and getattr(before, field) else shown(after, field),
            changed_by=actor,
        )
        for field in ROSTER_FIELDS
        if getattr(before, field) != getattr(after, field)
    ]


def require_dated_step(before: Member, after: Member) -> None:
    """Refuse a step into the Party without its day: the member would always have been what he or she is now."""
    if before.status == MemberStatus.PROBATIONARY and after.status == MemberStatus.FULL and not after.converted_on:
        raise ValidationError({"converted_on": "从预备党员改为正式党员,要写转正日期。"})
    if before.status == MemberStatus.ACTIVIST and after.status != MemberStatus.ACTIVIST and not after.joined_on:
        raise ValidationError({"joined_on": "从入党积极分子改为党员,要写入党日期。"})


def joining_change(membership: Membership, actor: User) -> FactChange:
    """The history row of a membership's start; not yet stored."""
    return FactChange(
        member=membership.member,
        kind=FactKind.MEMBERSHIP,
        key="membership",
        title=f"组织关系自 {membership.starts_on:%Y-%m-%d}",
        new=membership.organization.name,
        changed_by=actor,
    )


@transaction.atomic
def add_member(member: Member, organization: Organization, starts_on: datetime.date, *, actor: User) -> Member:
    """Put a person on the roster of an organisation from a day on; without a number, with the next one that is free.

    Raises ValidationError if the day is settled, or somebody else has the number by now; without a number, if the
    organisation has a member of that name and date of birth.
    """
    require_open(organization, starts_on, timezone.localdate())
    if not member.number:
        list(Organization.objects.select_for_update().filter(depth=1))  # two at once do not get the same
        require_unlisted(member, organization)
        member.number = next(Member.objects.free_numbers(like=Member.objects.of(organization)))
    _save(member)
    membership = Membership.objects.create(member=member, organization=organization, starts_on=starts_on)
    joining_change(membership, actor).save()
    return member


def require_unlisted(member: Member, organization: Organization) -> None:
    """Refuse a person who is on the roster by name and date of birth: sent twice, or a namesake who needs a number."""
    listed = Member.objects.of(organization).filter(name=member.name, born=member.born).first()
    if listed:
        raise ValidationError(
            f"{organization}的名册里已经有{member.name}({member.born} 出生),编号 {listed.number}。"
            "确实是另一个人的,请写上编号再登记。"
        )


def _save(member: Member) -> None:
    try:
        with transaction.atomic():  # after a refusal the database can still be asked
            member.save()
    except IntegrityError:
        member.validate_unique({"id_number_digest"})  # says which number somebody else took at this very moment
        raise


@transaction.atomic
def edit_member(member: Member, *, actor: User) -> int:
    """Store changed roster columns of a member; gives back how many changed.

    Raises ValidationError if the member would have been something else on the last day of a settled period, or has
    the number of another.
    """
    before = Member.objects.select_for_update().get(pk=member.pk)
    changes = roster_changes(before, member, actor)
    if changes:
        require_dated_step(before, member)
        require_status_kept(before, member, closed_periods_of([member])[member.pk])
        _save(member)
        FactChange.objects.bulk_create(changes)
    return len(changes)


def check_transfer(member: Member, organization: Organization, day: datetime.date) -> Membership:
    """The membership that a transfer on a day would end.

    Raises ValidationError if the day is in the future, not after the current membership's start, or if it would
    move facts out of or into a settled period.
    """
    today = timezone.localdate()
    current = member.memberships.select_related("organization").get(ends_on__isnull=True)
    if current.organization_id == organization.pk:
        raise ValidationError({"organization": f"{member}现在就在{organization}。"})
    if day > today:
        raise ValidationError({"day": f"{day} 还没有到。请到那天再办理。"})
    if day <= current.starts_on:
        raise ValidationError(
            {"day": f"{member}自 {current.starts_on} 起在{current.organization},转移日期要晚于这一天。"}
        )
    require_open(current.organization, day, today)
    require_open(organization, day, today)
    return current


@transaction.atomic
def transfer_member(member: Member, organization: Organization, day: datetime.date, *, actor: User) -> Membership:
    """End the member's membership the day before and start one in another organisation.

    Raises ValidationError as `check_transfer`.
    """
    Member.objects.select_for_update().get(pk=member.pk)  # one at a time
    current = check_transfer(member, organization, day)
    current.ends_on = day - datetime.timedelta(days=1)
    current.save()
    membership = Membership.objects.create(member=member, organization=organization, starts_on=day)
    change = joining_change(membership, actor)
    change.old = current.organization.name
    change.save()
    return membership


@transaction.atomic
def undo_transfer(member: Member, *, actor: User) -> Membership:
    """The membership before the last transfer, open again: the transfer was entered wrongly.

    Raises ValidationError in a settled period, and where the new branch has put something on record that would lose
    its ground. The history keeps the transfer and that it was taken back.
    """
    member = Member.objects.select_for_update().get(pk=member.pk)  # one at a time
    last = member.last_transfer
    if last is None:
        raise ValidationError(f"{member}没有可以撤销的转移。")
    former, current = last
    today = timezone.localdate()
    require_open(current.organization, current.starts_on, today)
    require_open(former.organization, current.starts_on, today)
    if fault := _standing_on(former, current):
        raise ValidationError(f"不能撤销这次转移:{fault}。请先更正那条记录;它没有错的,请另办一次转移。")
    change = joining_change(current, actor)
    change.old, change.new = current.organization.name, f"撤销转移,仍在{former.organization}"
    change.save()
    current.delete()
    former.ends_on = None
    former.save()
    return former


def _standing_on(former: Membership, current: Membership) -> str:
    """What is on record of the member that only the new membership gives ground to; empty if nothing is."""
    member, elsewhere = current.member, ~Q(activity__organization__path__in=former.organization.lineage)
    since = elsewhere & Q(activity__date__gte=current.starts_on)
    if attendance := member.attendances.filter(since).select_related("activity").order_by("activity__date").first():
        return f"{attendance.activity.date:%Y-%m-%d}「{attendance.activity}」已经登记了考勤"
    asked = member.leave_requests.filter(since).exclude(state=LeaveRequest.State.WITHDRAWN).select_related("activity")
    if leave := asked.order_by("activity__date").first():
        return f"{leave.activity.date:%Y-%m-%d}「{leave.activity}」已经请了假"
    posts = member.positions.filter(starts_on__gte=current.starts_on).select_related("organization")
    if post := posts.exclude(organization__path__in=former.organization.lineage).first():
        return f"已经登记任{post.organization}{post.get_title_display()}"
    return ""


@transaction.atomic
def add_exemption(exemption: Exemption, *, actor: User) -> Exemption:
    """Free a member from scoring from a day on, as the members' meeting resolved."""
    require_members_open([exemption.member], exemption.starts_on)
    exemption.save()
    FactChange.objects.create(
        member=exemption.member,
        kind=FactKind.EXEMPTION,
        key="exemption",
        title=f"免予考核自 {exemption.starts_on:%Y-%m-%d}",
        new=exemption.reason,
        changed_by=actor,
    )
    return exemption


@transaction.atomic
def remove_exemption(exemption: Exemption, *, actor: User) -> None:
    """Take back an exemption whose resolution turned out to be wrong."""
    require_members_open([exemption.member], exemption.starts_on)
    FactChange.objects.create(
        member=exemption.member,
        kind=FactKind.EXEMPTION,
        key="exemption",
        title=f"免予考核自 {exemption.starts_on:%Y-%m-%d}",
        old=exemption.reason,
        new="取消",
        changed_by=actor,
    )
    exemption.delete()
