"""Rounds opened and computed; what follows is in `course`."""

import datetime
import logging

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from kombu.exceptions import OperationalError

from evaluations.facts import members_of
from evaluations.models import COURSE, Appraisal, Assessment, Result, Round, RoundBranch, RoundStep, Step
from members.models import FactChange, Membership, Organization, User
from scoring.engine import Period
from scoring.models import Adoption, Entry, SchemeVersion

logger = logging.getLogger(__name__)

MEMBERS_A_TASK = 1000


@transaction.atomic
def open_round(organization: Organization, period: Period, code: str, *, actor: User | None = None) -> Round:
    """A new round of a scheme. Raises ValidationError where one already covers a part of the organisation, where
    nobody in it is scored under the scheme, or where the scheme knows no such period.
    """
    version = SchemeVersion.objects.latest_of(code)
    if version is None or code not in Adoption.objects.codes_in_force(organization, period.ends_on):
        raise ValidationError(f"{organization}在{period.title}没有采用这个计分方案,请先办理采用。")
    if version.scheme.cycle == "year" and period.half:
        raise ValidationError(f"《{version.title}》按年度考核,请选全年。")
    Organization.objects.select_for_update().get(path=organization.lineage[0])  # one opening at a time
    same = Round.objects.filter(period=period.code, scheme=code)
    other = same.covering(organization).first() or same.filter(organization__path__startswith=organization.path).first()
    if other:
        raise ValidationError(
            f"{other.organization}的{period.title}考核已经开始,它包括{organization}的支部,不用再开。"
            if organization.path.startswith(other.organization.path)
            else f"下属的{other.organization}已经单独开始{period.title}考核,不能再由{organization}统一开。"
        )
    round_ = Round.objects.create(organization=organization, period=period.code, scheme=code)
    RoundStep.objects.create(round=round_, step=Step.OPEN, done_by=actor)
    return round_


@transaction.atomic
def request_computation(round_: Round, *, actor: User | None = None) -> None:
    """List the round's branches as work and queue it; a running computation starts over."""
    round_ = Round.objects.select_for_update().select_related("organization").get(pk=round_.pk)
    if round_.status not in COURSE[Step.COMPUTE].before:
        raise ValidationError(COURSE[Step.COMPUTE].refusal)
    period = Period.parse(round_.period)
    below = Organization.objects.under(round_.organization).branches()
    adoptions = Adoption.objects.under_scheme(below, round_.scheme, period.ends_on)
    branches = list(adoptions)
    if unreadable := next((one for one in adoptions.values() if one.version.faults), None):
        raise ValidationError(f"{unreadable},但这一版现在读不出来,不能试算。请先改为采用另一版。")
    if not branches:
        raise ValidationError(f"{round_.organization}下面没有采用这个方案的支部,没有可以试算的内容。")
    stale = RoundBranch.objects.filter(round=round_).exclude(organization__in=branches)
    stale.delete()
    RoundBranch.objects.bulk_create(
        [RoundBranch(round=round_, organization=branch) for branch in branches],
        update_conflicts=True,
        unique_fields=["round", "organization"],
        update_fields=["state", "error", "done_at"],
    )
    round_.requested_at, round_.requested_by = timezone.now(), actor
    round_.save(update_fields=["requested_at", "requested_by"])
    transaction.on_commit(lambda: queue_waiting(round_))


def queue_waiting(round_: Round) -> None:
    """Send the waiting branches to the workers in batches of about MEMBERS_A_TASK members.

    Without a broker nothing is lost: the list of work is in the database, and the clock queues it again.
    """
    from evaluations.tasks import compute_branches  # the task's module imports this one

    try:
        for batch in batches(round_):
            compute_branches.delay(round_.pk, batch)
    except (OperationalError, OSError):
        logger.warning("round %s: no broker; it is queued again when there is one", round_.pk)


def batches(round_: Round) -> list[list[int]]:
    """Ids of waiting RoundBranch rows in tree order, packed by their number of members."""
    period = Period.parse(round_.period)
    waiting = RoundBranch.objects.filter(round=round_, state=RoundBranch.State.WAITING)
    sizes = dict(
        Membership.objects.on(period.ends_on)
        .filter(organization__in=waiting.values("organization"))
        .values_list("organization")
        .annotate(Count("pk"))
    )
    packed, room = [], 0
    for pk, organization in waiting.order_by("organization__path").values_list("pk", "organization_id"):
        size = sizes.get(organization, 0)
        if not packed or size > room:
            packed.append([])
            room = MEMBERS_A_TASK
        packed[-1].append(pk)
        room -= size
    return packed


def resume_rounds(before: datetime.datetime) -> int:
    """The number of rounds queued again: those with branches still waiting that were asked for before a time."""
    left = Round.objects.filter(branches__state=RoundBranch.State.WAITING, requested_at__lt=before).filter(
        status__in=COURSE[Step.COMPUTE].before
    )
    rounds = list(left.distinct())
    for round_ in rounds:
        Round.objects.filter(pk=round_.pk).update(requested_at=timezone.now())
        queue_waiting(round_)
    return len(rounds)


def mark_failed(round_id: int, branch_ids: list[int]) -> None:
    """Note on the branches that their computation broke off, so that the page says so instead of waiting."""
    RoundBranch.objects.filter(round=round_id, pk__in=branch_ids).update(
        state=RoundBranch.State.FAILED, error="计算时出错,没有写入结果。请重新试算;如果还是这样,请告诉管理员。"
    )


def open_due_rounds(today: datetime.date) -> list[Round]:
    """Rounds newly opened: of each organisation that adopted a scheme itself, the last half-year (or year, as the
    scheme goes) that has come to its last day, and the year of a half-year scheme that has a view of it. A day the
    machine was off is caught up on the next.
    """
    opened = []
    adoptions = Adoption.objects.filter(starts_on__lte=today).select_related("version", "organization")
    for adoption in adoptions.order_by("organization__depth", "pk"):
        for period in [] if adoption.version.faults else _due_periods(adoption, today):
            try:
                opened.append(open_round(adoption.organization, period, adoption.version.code))
            except ValidationError:
                continue  # it is there already, or a round above covers it
    return opened


def _due_periods(adoption: Adoption, today: datetime.date) -> list[Period]:
    """The periods that came to their last day most recently, if the adoption held in every part of them."""
    scheme = adoption.version.scheme
    last = [_last_ended(today, cycle) for cycle in dict.fromkeys([scheme.cycle, *(["year"] if scheme.year else [])])]
    return [
        period
        for period in last
        if adoption.starts_on <= (period if period.cycle == scheme.cycle else period.halves[0]).ends_on
    ]


def _last_ended(today: datetime.date, cycle: str) -> Period:
    period = Period.containing(today, cycle)
    return period if today >= period.ends_on else period.previous


def changed_since(round_: Round, moment: datetime.datetime) -> bool:
    """True if facts of the members in the round, or of those who belong in it now, were written after a moment."""
    return changed_branches(round_, moment).exists()


def changed_branches(round_: Round, moment: datetime.datetime) -> QuerySet[RoundBranch]:
    """Parts of the round about whose members something was written after a moment, whatever day it is about."""
    period = Period.parse(round_.period)
    parts = RoundBranch.objects.filter(round=round_).exclude(state=RoundBranch.State.WAITING)
    written = [
        queryset.values("member")
        for queryset in (
            FactChange.objects.filter(changed_at__gt=moment),
            Entry.objects.approved_after(moment),
            Assessment.objects.of_round(round_.scheme, round_.period).filter(assessed_at__gt=moment),
        )
    ]
    changed = [Q(member__in=members) for members in written]
    any_ = changed[0] | changed[1] | changed[2]
    belonging = members_of([round_.organization], period).filter(any_)
    here = belonging.filter(organization__path__startswith=OuterRef("organization__path"))
    scored = Result.objects.filter(any_, branch=OuterRef("pk"))
    appraised = Appraisal.objects.filter(organization=OuterRef("organization"), closed_at__gt=moment)
    return parts.filter(Exists(scored) | Exists(here) | Exists(appraised))
