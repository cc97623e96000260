"""Leaving the roster, by a sanction or without one: what it comes to, and what is open about the person ends with it."""

import datetime
from collections.abc import Iterator

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from evaluations.models import Measure, MeasureStep
from evaluations.permissions import can_stop_measure
from members import services as roster
from members.dates import day_name, first_of
from members.models import Member, Membership, Organization, Role, User
from members.permissions import can_end_roles_of, holds
from members.services.departures import leave_from
from scoring.engine import Period


def what_ends(member: Member, day: datetime.date, by: Measure | None = None) -> list[str]:
    """What a departure on a day brings to an end, in words. by: the measure that it is a step of."""
    return [*_ended_on_roster(member, day), *_ended_besides(member, day, by)]


def _ended_on_roster(member: Member, day: datetime.date) -> Iterator[str]:
    if membership := member.memberships.select_related("organization").filter(ends_on=None).first():
        yield f"组织关系:{membership.organization},到 {day_name(day - datetime.timedelta(days=1))}为止"
    for post in roster.held_posts(member, day):
        yield f"职务:{post.get_title_display()}({post.organization})"
    if user := User.objects.filter(member=member, is_active=True).first():
        roles = "、".join(str(one.get_role_display()) for one in user.role_assignments.in_office())
        yield f"账号 {user.username} 停用" + (f",岗位取消:{roles}" if roles else "")


def _ended_besides(member: Member, day: datetime.date, by: Measure | None) -> Iterator[str]:
    if count := leave_from(member, day).count():
        yield f"那天以后的活动请了假、还没有批的 {count} 份,撤回"
    if count := member.entries.pending().count():
        yield f"申报了、还没有审完的 {count} 条,不再审核"
    for measure in open_measures(member, by).select_related("round"):
        yield f"{Period.parse(measure.round.period).title}考核引出的「{measure.title}」不再办理"


def what_stays(member: Member, day: datetime.date) -> str:
    """What is on record of the person on the day or after it, which a departure does not touch; empty if nothing is."""
    counts = (
        ("考勤 {} 次", member.attendances.filter(activity__date__gte=day).count()),
        ("党费 {} 个月", member.dues_months.filter(month__gte=first_of(day)).count()),
    )
    return "、".join(words.format(count) for words, count in counts if count)


def open_measures(member: Member, by: Measure | None = None) -> QuerySet[Measure]:
    """Those about the member that wait for a decision or run, but for one."""
    found = Measure.objects.filter(member=member, state__in=(Measure.State.PROPOSED, Measure.State.RUNNING))
    return found.exclude(pk=by.pk) if by else found


@transaction.atomic
def depart(member: Member, day: datetime.date, *, reason: str, actor: User, by: Measure | None = None) -> Membership:
    """The membership, ended by the day; what else is open about the person has nobody to concern any more.

    by: the measure that the departure is a step of. Raises ValidationError as `members.services.end_membership`.
    """
    membership = roster.end_membership(member, day, reason=reason, actor=actor)
    open_measures(member, by).update(
        state=Measure.State.DISMISSED,
        reason=f"本人 {day_name(day)}起不在党员名册({reason}),不再办理。",
        ended_by=actor,
        ended_at=timezone.now(),
    )
    return membership


# Without a sanction -----------------------------------------------------------------------------


def check_removal(member: Member, day: datetime.date, *, actor: User) -> None:
    """Raises ValidationError where the actor cannot take the member off the roster on a day."""
    if actor.member_id == member.pk:
        raise ValidationError("不能把自己移出名册,请街道政工科办理。")
    if not can_end_roles_of(actor, member):
        raise ValidationError(
            f"{member}的账号还有别的组织的岗位,您管不到。请街道政工科办理,或者请管理员先取消那些岗位。"
        )
    for measure in open_measures(member).select_related("round", "organization"):
        if not can_stop_measure(actor, measure):
            office = Role(measure.rules.office).label
            raise ValidationError(
                f"{member}的「{measure.title}」还没有办完,由{office}办理。请{office}先办完,或者决定不予办理,再移出名册。"
            )
    roster.check_departure(member, day)


@transaction.atomic
def remove_member(member: Member, day: datetime.date, *, reason: str, actor: User) -> Membership:
    """The membership, ended by the day for a reason that is no sanction. Raises ValidationError as `check_removal`."""
    check_removal(member, day, actor=actor)
    return depart(member, day, reason=reason, actor=actor)


# Coming back ------------------------------------------------------------------------------------


def check_readmission(member: Member, organization: Organization, day: datetime.date, *, actor: User) -> Membership:
    """The membership that ended last. Raises ValidationError where the actor cannot readmit the member on a day."""
    last = roster.check_readmission(member, organization, day)
    sanction = MeasureStep.objects.filter(measure__member=member, kind="depart", done_on__isnull=False)
    left_on = last.ends_on + datetime.timedelta(days=1)
    step = sanction.filter(done_on=left_on).select_related("measure").first()
    if step and not holds(actor, last.organization.path, (Role.STREET_STAFF,)):
        raise ValidationError(f"{member}是按「{step.measure.title}」移出名册的。要恢复,请街道政工科办理。")
    return last


@transaction.atomic
def readmit_member(member: Member, organization: Organization, day: datetime.date, *, actor: User) -> Membership:
    """The membership from a day on, of somebody who had left. Raises ValidationError as `check_readmission`."""
    check_readmission(member, organization, day, actor=actor)
    return roster.readmit_member(member, organization, day, actor=actor)
