"""Whose turn it is in a round's course, in the words of a refusal."""

from django.utils import timezone

from evaluations.models import Round, RoundBranch
from evaluations.permissions import review_offices
from members.dates import day_name
from members.models import Role
from scoring.engine import Period

STATUS = Round.Status
NAMED = 3  # branches in a sentence


def whose_turn(round_: Round) -> str:
    """Which step comes now and who takes it, as a sentence."""
    if round_.status == STATUS.COMPUTED and (lacking := not_computed(round_)):
        return lacking
    if round_.status == STATUS.COMPUTED:
        parts = RoundBranch.objects.filter(round=round_).to_review().select_related("organization")
        branches = [part.organization for part in parts]
        offices = review_offices(branches)
        named = "、".join(f"{branch}({Role(offices[branch.pk]).label})" for branch in branches[:NAMED])
        more = f"等 {len(branches)} 个支部" if len(branches) > NAMED else ""
        return f"现在先由支部审核,还没有审核的是{named}{more}。" if branches else ""
    until = day_name(round_.objections_until) if round_.objections_until else ""
    return {
        STATUS.OPEN: "现在先由政工科试算。",
        STATUS.REVIEWED: "现在先由政工科公示。",
        STATUS.PUBLISHED: f"现在正在公示,{until}期满以后由政工科没有办公示的同事审批。",
        STATUS.APPROVED: "现在由政工科办结。",
        STATUS.CLOSED: "这次考核已经办结。",
    }[round_.status]


def not_computed(round_: Round) -> str:
    """That results are not all there, or not of the whole period; empty where they are."""
    parts = RoundBranch.objects.filter(round=round_)
    unfinished = parts.exclude(state=RoundBranch.State.DONE).select_related("organization").first()
    if unfinished:
        return f"{unfinished.organization}还没有算成。请先重新试算。"
    period = Period.parse(round_.period)
    if round_.requested_at is None or timezone.localdate(round_.requested_at) < period.ends_on:
        return (
            f"{period.title}还没有结束,或者结束以后还没有试算过。"
            f"请政工科在 {day_name(period.ends_on)}当天或以后重新试算,看过结果再办。"
        )
    return ""
