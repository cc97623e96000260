"""The course of a computed round: reviewed by the branches, published, approved, closed; corrected and reopened.

Every step locks the round, looks at the table of moves (`COURSE`) and leaves a RoundStep. A step that is already taken
is not taken again: a second click changes nothing.
"""

import datetime
from collections.abc import Iterable

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from evaluations import rollup
from evaluations.freeze import SHARED
from evaluations.models import ASKING, COURSE, Appeal, Publication, Result, Round, RoundBranch, RoundStep, Step
from evaluations.permissions import can_confirm_branch, can_run_rounds
from evaluations.services.rounds import request_computation
from evaluations.turns import not_computed, whose_turn
from members.dates import day_name
from members.models import Organization, User
from members.services import settle
from scoring.engine import Period

STATUS = Round.Status


def undecided_appeals(round_: Round) -> int:
    """How many appeals against the round's results wait for a decision; while there are any it is not approved."""
    return round_.appeals.filter(state__in=Appeal.OPEN).count()


def why_not_now(round_: Round, step: Step, actor: User) -> str:
    """Why a step cannot be taken now, and who does what first; empty where its turn has come.

    Whether facts have changed since the computation is left to `require_current`: it computes anew.
    """
    if round_.status not in COURSE[step].before:
        return f"{COURSE[step].refusal}{whose_turn(round_)}"
    if step in (Step.REVIEW, Step.PUBLISH, Step.APPROVE, Step.CLOSE) and (lacking := not_computed(round_)):
        return lacking
    waiting = undecided_appeals(round_) if step in (Step.APPROVE, Step.CLOSE) else 0
    if step == Step.APPROVE and publisher_of(round_) == actor:
        return "这次公示是您办的,审批要由另一位同事办理。"
    if step == Step.APPROVE and timezone.localdate() <= round_.objections_until:
        return f"公示到 {day_name(round_.objections_until)}为止,期满以后才能审批。"
    if waiting:
        return f"还有 {waiting} 件申诉没有答复,答复以后才能{'审批' if step == Step.APPROVE else '办结'}。"
    if step == Step.REOPEN and (resting := _resting_on(round_)):
        return (
            f"{resting.organization}{Period.parse(resting.period).title}的考核已经办结,它看过这次的结果和记录。"
            "请先重新打开那一次。"
        )
    return ""


def require_current(round_: Round) -> None:
    """Refuse results that are not what the facts give now."""
    if changed := rollup.outdated(round_):
        named = "、".join(str(part.organization) for part in changed[:3]) + ("等" if len(changed) > 3 else "")
        then = "请先办理公示后更正。" if round_.is_public else "请先重新试算,看过结果再办。"
        raise ValidationError(f"试算以后{named}又有记录变动,结果会不同。{then}")


@transaction.atomic
def review_branch(round_: Round, branch: Organization, *, actor: User) -> Round:
    """The round, its part of the branch confirmed; reviewed once every branch with results has been."""
    round_ = _locked(round_)
    part = RoundBranch.objects.select_related("organization").get(round=round_, organization=branch)
    if not can_confirm_branch(actor, part.organization):
        raise PermissionDenied
    if part.is_reviewed:
        return round_
    _require(round_, Step.REVIEW, actor)
    require_current(round_)
    RoundBranch.objects.filter(pk=part.pk).update(reviewed_digest=part.digest)
    _note(round_, Step.REVIEW, actor, organization=part.organization, digest=part.digest)
    if not RoundBranch.objects.filter(round=round_).to_review().exists():
        _move(round_, Step.REVIEW)
    return round_


@transaction.atomic
def publish_round(round_: Round, *, actor: User) -> Round:
    """The round, published: members see their results from now on and may object for OBJECTION_DAYS days."""
    round_ = _locked(round_)
    if not can_run_rounds(actor, round_.organization):
        raise PermissionDenied
    if round_.is_public:
        return round_
    _require(round_, Step.PUBLISH, actor)
    require_current(round_)
    now = timezone.now()
    until = timezone.localdate(now) + datetime.timedelta(days=settings.OBJECTION_DAYS)
    step = _note(round_, Step.PUBLISH, actor, digest=round_.digest)
    Publication.objects.bulk_create(snapshots(round_, step), batch_size=100)
    _move(round_, Step.PUBLISH, published_at=now, objections_until=until)
    return round_


def snapshots(round_: Round, step: RoundStep) -> list[Publication]:
    """What is published of every branch with results; not stored."""
    rows: dict[int, dict] = {}
    shown = Result.objects.filter(round=round_).defer("sheet", "person")
    for result in shown.order_by("branch", "member"):
        rows.setdefault(result.branch_id, {})[str(result.member_id)] = result.figures
    return [
        Publication(step=step, organization_id=part.organization_id, rows=rows[part.pk], digest=part.digest)
        for part in RoundBranch.objects.filter(pk__in=rows).order_by("pk")
    ]


@transaction.atomic
def reopen_for_correction(round_: Round, branches: Iterable[Organization], reason: str, actor: User) -> Round:
    """The published round, taken back to the review of these branches and computed again.

    Only branches whose results change by it, and these, are to be reviewed again; then all is published anew, with a
    window of its own. The caller has seen to it that the actor may.
    """
    round_, branches = _locked(round_), list(branches)
    _require(round_, Step.CORRECT, actor)
    if not reason.strip():
        raise ValidationError({"reason": "请写明更正的理由,公示的页面上会写出来。"})
    parts = RoundBranch.objects.filter(round=round_, organization__in=branches)
    if not branches or parts.count() != len({branch.pk for branch in branches}):
        raise ValidationError({"branches": "请选结果有错的支部。"})
    for branch in branches:
        _note(round_, Step.CORRECT, actor, organization=branch, reason=reason.strip(), digest=round_.digest)
    parts.update(reviewed_digest="")
    _move(round_, Step.CORRECT, objections_until=None)
    request_computation(round_, actor=actor)
    round_.refresh_from_db()
    return round_


def publisher_of(round_: Round) -> User | None:
    """Who published the round last."""
    step = round_.steps.filter(step=Step.PUBLISH).select_related("done_by").last()
    return step.done_by if step else None


@transaction.atomic
def approve_round(round_: Round, *, actor: User) -> Round:
    """The round, approved on the committee's behalf: after the window, by somebody who did not publish it."""
    round_ = _locked(round_)
    if not can_run_rounds(actor, round_.organization):
        raise PermissionDenied
    if round_.takes_measures:
        return round_
    _require(round_, Step.APPROVE, actor)
    require_current(round_)
    _note(round_, Step.APPROVE, actor, digest=round_.digest)
    _move(round_, Step.APPROVE)
    return round_


@transaction.atomic
def close_round(round_: Round, *, actor: User) -> Round:
    """The closed round: its results stand, and the facts of its period can no longer be changed."""
    round_ = _locked(round_)
    if not can_run_rounds(actor, round_.organization):
        raise PermissionDenied
    if round_.is_closed:
        return round_
    _require(round_, Step.CLOSE, actor)
    require_current(round_)
    _note(round_, Step.CLOSE, actor, digest=round_.digest)
    _move(round_, Step.CLOSE, closed_at=timezone.now(), closed_by=actor)
    settle_branches(round_)
    return round_


def settle_branches(round_: Round) -> None:
    """Bring the settled days in line with the closed rounds of the period: of their branches, and of no others."""
    period = Period.parse(round_.period)
    parts = RoundBranch.objects.filter(round__period=round_.period, round__status=STATUS.CLOSED)
    branches = Organization.objects.under(round_.organization).filter(pk__in=parts.values("organization"))
    settle(round_.organization, branches, period.title, (period.starts_on, period.ends_on))


# Reopening --------------------------------------------------------------------------------------


def reopening_asked(round_: Round) -> RoundStep | None:
    """The request to reopen a closed round that nobody has answered yet."""
    last = round_.steps.filter(step__in=ASKING).select_related("done_by").last()
    return last if last and last.step == Step.ASK_REOPEN else None


@transaction.atomic
def ask_to_reopen(round_: Round, *, reason: str, actor: User) -> RoundStep:
    """The request, which another person answers. A second one while it waits is the same one."""
    round_ = _reopenable(round_, actor)
    if asked := reopening_asked(round_):
        return asked
    if not reason.strip():
        raise ValidationError({"reason": "请写明为什么要重新打开,以后查得到。"})
    return _note(round_, Step.ASK_REOPEN, actor, reason=reason.strip(), digest=round_.digest)


@transaction.atomic
def answer_reopening(round_: Round, *, agreed: bool, actor: User) -> Round:
    """The round, open again where a second person agrees: facts may be corrected, and it is reviewed anew."""
    round_ = _reopenable(round_, actor)
    asked = reopening_asked(round_)
    if asked is None:
        raise ValidationError("现在没有等着答复的申请。")
    if asked.done_by == actor:
        raise ValidationError("重新打开是您申请的,要由另一位同事确认。")
    if not agreed:
        _note(round_, Step.DECLINE_REOPEN, actor, digest=round_.digest)
        return round_
    _note(round_, Step.REOPEN, actor, reason=asked.reason, digest=round_.digest)
    _move(round_, Step.REOPEN, closed_at=None, closed_by=None, objections_until=None)
    RoundBranch.objects.filter(round=round_).update(reviewed_digest="")
    settle_branches(round_)
    return round_


def _reopenable(round_: Round, actor: User) -> Round:
    """The round, locked, if it is closed and nothing later rests on it."""
    round_ = _locked(round_)
    if not can_run_rounds(actor, round_.organization):
        raise PermissionDenied
    _require(round_, Step.REOPEN, actor)
    return round_


def _resting_on(round_: Round) -> Round | None:
    """The last closed round with some of the same branches, of a later period or of the year that this is a half of."""
    period = Period.parse(round_.period)
    parts = RoundBranch.objects.filter(organization__in=round_.branches.values("organization"))
    closed = Round.objects.filter(status=STATUS.CLOSED, pk__in=parts.values("round")).select_related("organization")
    found = [(Period.parse(other.period), other) for other in closed]
    later = [
        (other.ends_on, len(other.months), one.pk, one)
        for other, one in found
        if other.ends_on > period.ends_on
        or (other.ends_on == period.ends_on and len(other.months) > len(period.months))
    ]
    return max(later)[-1] if later else None


# The moves --------------------------------------------------------------------------------------


def lock_public(round_: Round) -> Round:
    """The round, locked together with every round that whoever writes a fact waits for, in the order of their ids.

    For a transaction that writes facts afterwards: two of them that held different rounds would wait for each other.
    """
    wanted = Round.objects.filter(Q(pk=round_.pk) | Q(status__in=SHARED)).order_by("pk")
    return next(one for one in wanted.select_for_update() if one.pk == round_.pk)


def _locked(round_: Round) -> Round:
    return Round.objects.select_for_update(of=("self",)).select_related("organization").get(pk=round_.pk)


def _require(round_: Round, step: Step, actor: User) -> None:
    if refusal := why_not_now(round_, step, actor):
        raise ValidationError(refusal)


def _move(round_: Round, step: Step, **fields) -> None:
    for name, value in fields.items():
        setattr(round_, name, value)
    round_.status = COURSE[step].after
    round_.save(update_fields=["status", *fields])


def _note(
    round_: Round,
    step: Step,
    actor: User,
    *,
    organization: Organization | None = None,
    reason: str = "",
    digest: str = "",
) -> RoundStep:
    return RoundStep.objects.create(
        round=round_, step=step, done_by=actor, organization=organization, reason=reason, digest=digest
    )
