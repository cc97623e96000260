"""Taking back a transfer that was entered wrongly."""

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Q

from evaluations.models import Appraisal, MeasureStep
from members import services as roster
from members.models import FactKind, Member, Membership, User
from members.permissions import can_undo_transfer


@transaction.atomic
def undo_transfer(member: Member, *, actor: User) -> Membership:
    """The former membership, open again.

    Raises ValidationError where there is nothing to take back, or what came after it would lose its ground.
    """
    last = member.last_transfer
    if last and not can_undo_transfer(actor, member):
        raise PermissionDenied
    if last and (fault := _standing_on(*last)):
        raise ValidationError(f"不能撤销这次转移:{fault}。")
    return roster.undo_transfer(member, actor=actor)


def _standing_on(former: Membership, current: Membership) -> str:
    """What rounds, appraisals and declarations have made of the transfer; empty if nothing."""
    member, day, kept = current.member, current.starts_on, former.organization.lineage
    if MeasureStep.objects.filter(measure__member=member, kind="transfer", done_on=day).exists():
        return "它是结果运用里办的一步,请在那件事项里办转回"
    known = member.changes.filter(kind=FactKind.MEMBERSHIP, title__endswith=f"{day:%Y-%m-%d}").first()
    entries = member.entries.filter(date__gte=day)
    if known and (entry := entries.filter(declared_at__gt=known.changed_at).order_by("date").first()):
        return f"转过去以后申报了 {entry.date:%Y-%m-%d} 的一条记录"
    listed = Appraisal.objects.filter(Q(candidates__member=member) | Q(groups__voters__member=member))
    listed = listed.filter(organization__path__in=current.organization.lineage)
    if appraisal := listed.exclude(organization__path__in=kept).first():
        return f"{appraisal}已经列了名单"
    votes = member.resolutions.filter(held_on__gte=day).exclude(organization__path__in=kept)
    if vote := votes.order_by("held_on").first():
        return f"{vote.held_on:%Y-%m-%d} 的会议已经表决了有关事项"
    return ""
