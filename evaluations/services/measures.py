"""Measures: taken up or dismissed by people, carried out step by step."""

import datetime
from dataclasses import asdict, dataclass

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from evaluations.measure_kinds import MeasureKind, measure_kinds
from evaluations.models import Measure, MeasureStep, Purpose, Resolution
from evaluations.permissions import can_decide_measure, can_stop_measure, can_take_step
from evaluations.services import departures
from evaluations.turns import whose_turn
from members.dates import day_name, months_later
from members.models import Organization, OrganizationKind, Role, User
from members.services import transfer_member
from scoring.engine import Period

REMIND = datetime.timedelta(days=7)
ORIGINAL, EDUCATION = "origin", "education"
MOVES = {"transfer": "转移", "depart": "终止"}  # what moves or ends a membership, and what it does to it


# Decisions --------------------------------------------------------------------------------------


@transaction.atomic
def accept_measure(measure: Measure, *, actor: User) -> Measure:
    """The measure, begun: its steps are laid down as the kind has them today."""
    measure = _locked(measure)
    if not can_decide_measure(actor, measure):
        raise PermissionDenied
    _require(measure, Measure.State.PROPOSED)
    measure.state, measure.opened_by, measure.opened_at = Measure.State.RUNNING, actor, timezone.now()
    measure.save(update_fields=["state", "opened_by", "opened_at"])
    _lay_steps(measure, measure.rules)
    return measure


def _lay_steps(measure: Measure, kind: MeasureKind) -> None:
    steps = [
        MeasureStep(
            measure=measure,
            number=number,
            kind=rule.kind,
            title=rule.title,
            role=rule.role,
            days=rule.days,
            months=rule.months,
            purpose=rule.purpose,
            to=rule.to,
            outcomes={code: asdict(one) for code, one in rule.outcomes.items()},
        )
        for number, rule in enumerate(kind.steps_under(measure.round.scheme), 1)
    ]
    steps[0].due_on = due_after(steps[0], timezone.localdate(measure.opened_at))
    MeasureStep.objects.bulk_create(steps)


@transaction.atomic
def dismiss_measure(measure: Measure, *, reason: str, actor: User) -> Measure:
    """The measure, dismissed or stopped on the way; what was done so far stays on record."""
    measure = _locked(measure)
    if not can_stop_measure(actor, measure):
        raise PermissionDenied
    _require(measure, Measure.State.PROPOSED, Measure.State.RUNNING)
    if not reason.strip():
        raise ValidationError({"reason": "请写明理由,以后查得到。"})
    _end(measure, Measure.State.DISMISSED, actor, reason=reason.strip())
    return measure


def _end(measure: Measure, state: str, actor: User, reason: str = "") -> None:
    measure.state, measure.reason, measure.ended_by, measure.ended_at = state, reason, actor, timezone.now()
    measure.save(update_fields=["state", "reason", "ended_by", "ended_at"])


def _locked(measure: Measure) -> Measure:
    found = Measure.objects.select_for_update(of=("self",)).select_related("round", "organization", "member", "follows")
    return found.get(pk=measure.pk)


def why_undecided(measure: Measure, *states: str) -> str:
    """Why nothing can be decided about a measure that is to be in one of these states; empty where it can."""
    if measure.state not in states:
        return f"这一项已经是「{measure.get_state_display()}」,不用再办。"
    if not measure.round.takes_measures:
        return f"这次考核的结果还没有审定,可能变动。请在审定以后再决定。{whose_turn(measure.round)}"
    return ""


def _require(measure: Measure, *states: str) -> None:
    if refusal := why_undecided(measure, *states):
        raise ValidationError(refusal)


# Steps ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Done:
    """What is put down about a step: when, how it went, and what its kind asks for."""

    day: datetime.date
    note: str = ""
    outcome: str = ""
    destination: Organization | None = None
    resolution: Resolution | None = None


def due_after(step: MeasureStep, day: datetime.date) -> datetime.date:
    """The last day for a step whose predecessor was done on a day."""
    return months_later(day, step.months) if step.months else day + datetime.timedelta(days=step.days)


def earliest_day(step: MeasureStep) -> tuple[datetime.date, str]:
    """The first day on which a step can have been done, and what happened on it."""
    before = step.measure.steps.filter(number__lt=step.number).order_by("-number").first()
    if before is None and step.measure.follows:
        before = step.measure.follows.steps.exclude(outcome="").order_by("-number").first()
    if step.kind == "depart":
        before = _decision(step) or before
        return before.done_on, f"那天才办完「{before.title}」"
    if before:
        return before.done_on, "上一步那天才办完"
    return Period.parse(step.measure.round.period).ends_on, "考核的周期那天才结束"


def _decision(step: MeasureStep) -> MeasureStep | None:
    """The approval or the outcome by which the person leaves; what tells of it may come later."""
    decided = step.measure.steps.filter(number__lt=step.number)
    return decided.filter(Q(kind="approval") | ~Q(outcome="")).order_by("-number").first()


def check_step(step: MeasureStep, done: Done, *, actor: User) -> None:
    """Raises ValidationError where the step cannot be put down as done like this; by field where there is one."""
    if refusal := why_not_now(step, actor):
        raise ValidationError(refusal)
    if step.kind == "meeting":
        _check_resolution(step, done.resolution)
    (first, why), today = earliest_day(step), timezone.localdate()
    field = "resolution" if step.kind == "meeting" else "done_on"  # the day of a meeting's step is the meeting's
    if done.day > today:
        raise ValidationError({field: f"{day_name(done.day)}还没有到。办理日期不能晚于今天。"})
    if done.day < first:
        raise ValidationError({field: f"办理日期不能早于 {day_name(first)}:{why}。"})
    if step.kind == "term" and done.day < step.due_on:
        raise ValidationError({"done_on": f"{step.title}到 {day_name(step.due_on)}为止,还没有满。"})
    if step.kind in ("hear", "reassess") and not done.note.strip():
        raise ValidationError({"note": "请把本人的意见或评议的情况记下来;本人没有意见的,写“没有意见”。"})
    if step.outcomes and done.outcome not in step.outcomes:
        raise ValidationError({"outcome": "请选一个结果。"})
    if step.kind == "transfer" and done.destination not in destinations(step):
        raise ValidationError({"destination": no_destination(step)})


def why_not_now(step: MeasureStep, actor: User) -> str:
    """Why a step cannot be put down today, whatever is said of it, and who does what first; empty where it can."""
    measure = step.measure
    if measure.state != Measure.State.RUNNING:
        return f"这一项已经是「{measure.get_state_display()}」,不用再办。"
    if step.done_on is not None:
        return f"「{step.title}」已经在 {day_name(step.done_on)}办过,不用再登记。"
    following = measure.next_step
    if following.pk != step.pk:
        office = Role(following.role or measure.rules.office).label
        return f"前面还有「{following.title}」没有办,不能跳过。它由{office}办理,{day_name(following.due_on)}以前。"
    if step.kind == "term" and step.due_on > timezone.localdate():
        return f"{step.title}到 {day_name(step.due_on)}为止,还没有满。"
    if step.kind == "approval" and actor.pk in _involved(measure):
        return "您已经经办过这一项,审批要由另一位同事办理。"
    if step.kind in MOVES and not measure.member.memberships.filter(ends_on=None).exists():
        return f"{measure.member}现在不在任何支部,没有组织关系可以{MOVES[step.kind]}。"
    return ""


def _involved(measure: Measure) -> set[int]:
    """Who has had a hand in the measure; the committee above approves by somebody else."""
    steps = measure.steps.values_list("done_by", "resolution__recorded_by")
    return {measure.opened_by_id, *(person for step in steps for person in step)}


def resolutions_for(step: MeasureStep) -> QuerySet[Resolution]:
    """Votes on the step's matter about the member, carried or not, the latest first."""
    return Resolution.objects.in_force().filter(member=step.measure.member_id, purpose=step.purpose)


def no_resolution(step: MeasureStep) -> str:
    """That a vote is to be put on record first, or to be chosen."""
    if resolutions_for(step).exists():
        return "请选是哪一次表决。"
    return f"还没有{step.measure.member}「{Purpose(step.purpose).label}」的会议表决。请先在「会议表决」里登记。"


def _check_resolution(step: MeasureStep, resolution: Resolution | None) -> None:
    """The members' meeting must have carried it, and for this measure."""
    if resolution is None or not resolutions_for(step).filter(pk=resolution.pk).exists():
        raise ValidationError({"resolution": no_resolution(step)})
    if not resolution.is_carried:
        raise ValidationError(
            {
                "resolution": f"{day_name(resolution.held_on)}的表决:{resolution.outcome}不能据此办理;不再办的,请选「不予办理」。"
            }
        )
    if MeasureStep.objects.filter(resolution=resolution).exists():
        raise ValidationError({"resolution": f"{day_name(resolution.held_on)}的表决已经用在另一项上,请选别的一次。"})


def destinations(step: MeasureStep) -> list[Organization]:
    """Where the member may be moved: an education branch of the street, or back to the branch before it."""
    if step.to == EDUCATION:
        return _education_branches(step.measure.organization)
    former = step.measure.member.memberships.exclude(
        organization__in=Organization.objects.filter(kind=OrganizationKind.EDUCATION_BRANCH)
    )
    last = former.filter(ends_on__isnull=False).select_related("organization").order_by("-starts_on").first()
    return [last.organization] if last else []


def _education_branches(place: Organization) -> list[Organization]:
    """Those of the nearest organisation above that has any."""
    for path in reversed(place.lineage):
        found = list(Organization.objects.filter(path__startswith=path, kind=OrganizationKind.EDUCATION_BRANCH))
        if found:
            return found
    return []


def no_destination(step: MeasureStep) -> str:
    """Why the member can be moved nowhere, or that a place is to be chosen."""
    if destinations(step):
        return "请选转到哪个支部。"
    if step.to == EDUCATION:
        return "街道还没有集中教育转化党支部。请先在「组织」里建立,再办理转移。"
    return f"没有查到{step.measure.member}转入以前所在的支部。请在党员资料里直接办理转移组织关系。"


def what_ends(step: MeasureStep, day: datetime.date) -> list[str]:
    """What a departure on a day brings to an end, in words; nothing for other steps."""
    return departures.what_ends(step.measure.member, day, step.measure) if step.kind == "depart" else []


def first_day(step: MeasureStep) -> datetime.date:
    """What the form proposes as the day: of a departure that of the decision, else today."""
    decided = _decision(step) if step.kind == "depart" else None
    return decided.done_on if decided else timezone.localdate()


@transaction.atomic
def complete_step(step: MeasureStep, done: Done, *, actor: User) -> MeasureStep:
    """The step, done; the next one's clock starts, and after the last the measure is done.

    A transfer moves the membership, a departure ends it; an outcome may open another measure, as a proposal.
    """
    measure = _locked(step.measure)
    step = measure.steps.get(pk=step.pk)
    if not can_take_step(actor, step):
        raise PermissionDenied
    check_step(step, done, actor=actor)
    if step.kind in MOVES:
        _move(step, done, actor)
    step.note, step.outcome, step.resolution = done.note.strip(), done.outcome, done.resolution
    outcome = step.outcomes.get(step.outcome, {})
    if outcome.get("ends"):
        measure.steps.filter(number__gt=step.number).delete()
    _finish(step, done.day, actor)
    if outcome.get("opens"):
        _open_after(measure, outcome["opens"])
    return step


def _move(step: MeasureStep, done: Done, actor: User) -> None:
    try:
        if step.kind == "depart":
            measure = step.measure
            departures.depart(measure.member, done.day, reason=measure.title, actor=actor, by=measure)
        else:
            transfer_member(step.measure.member, done.destination, done.day, actor=actor)
    except ValidationError as error:
        field = "done_on" if step.kind == "depart" else "destination"
        by_field = error.message_dict if hasattr(error, "error_dict") else {field: error.messages}
        names = {"day": "done_on", "organization": "destination"}
        raise ValidationError({names.get(field, field): text for field, text in by_field.items()}) from error


def _finish(step: MeasureStep, day: datetime.date, actor: User | None) -> None:
    step.done_on, step.done_by, step.recorded_at = day, actor, timezone.now()
    step.save(update_fields=["done_on", "done_by", "recorded_at", "note", "outcome", "resolution"])
    following = MeasureStep.objects.filter(measure=step.measure_id, number__gt=step.number).first()
    if following is None:
        _end(step.measure, Measure.State.DONE, actor)
        return
    following.due_on = due_after(following, day)
    following.save(update_fields=["due_on"])


def _open_after(measure: Measure, kind: str) -> Measure:
    """The proposal that an outcome leads to; one of the same kind that is already open serves as well."""
    if same := departures.open_measures(measure.member).filter(kind=kind).first():
        return same
    rules = measure_kinds().kinds[kind]
    return Measure.objects.create(
        round=measure.round,
        member=measure.member,
        organization=measure.organization,
        follows=measure,
        code=f"{kind}.{measure.pk}",
        kind=kind,
        title=rules.title,
        words=f"{measure.title}以后",
        clauses=measure.clauses,
    )


# The clock --------------------------------------------------------------------------------------


@transaction.atomic
def run_clock(today: datetime.date) -> int:
    """How many terms have run out: their measures go on to the next step. Steps due soon are marked as reminded of."""
    waiting = MeasureStep.objects.filter(measure__state=Measure.State.RUNNING, done_on__isnull=True)
    earlier = waiting.filter(measure=OuterRef("measure"), number__lt=OuterRef("number"))
    current = waiting.exclude(Exists(earlier))
    ended = list(current.filter(kind="term", due_on__lt=today).select_related("measure"))
    for step in ended:
        _finish(step, step.due_on, None)
    soon = current.filter(due_on__lte=today + REMIND).exclude(kind="term")
    soon.filter(reminded_on__isnull=True).update(reminded_on=today)
    soon.filter(due_on__lt=today, reminded_on__lte=F("due_on")).update(reminded_on=today)
    return len(ended)
