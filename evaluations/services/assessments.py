"""Scores that people give in assessed items."""

from dataclasses import dataclass
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import transaction

from evaluations.models import Assessment, Round
from evaluations.templatetags.figures import points
from members.models import Member, Organization, User
from scoring.engine import Period

STEP = Decimal("0.5")


@dataclass(frozen=True)
class Score:
    """A score to be given. seen: the assessment that stood when the page was opened, by its id; None: none yet."""

    member: Member
    item: str
    title: str
    full: Decimal
    value: Decimal
    remark: str
    role: str
    seen: int | None


def require_round_open(branch: Organization, scheme: str, period: Period) -> None:
    """Refuse an assessment for a round that is closed. The period's other rounds do not matter: an annual scheme's
    scores are given when the half-year's round of the same branch may long be closed.
    """
    rounds = Round.objects.covering(branch).filter(scheme=scheme, period=period.code, status=Round.Status.CLOSED)
    if rounds.exists():
        raise ValidationError(f"{branch}的{period.title}考核已经办结,不能再打分。")


@transaction.atomic
def record_assessments(
    branch: Organization, scheme: str, period: Period, scores: list[Score], *, actor: User
) -> list[Assessment]:
    """The stored assessments; earlier ones stay. The caller has checked `can_assess` for each.

    Raises ValidationError, and stores nothing, where the round is closed, a score is no half-mark within the full
    marks, or somebody else has given one since the page was opened.
    """
    require_round_open(branch, scheme, period)
    people = {score.member.pk for score in scores}
    list(Member.objects.select_for_update().filter(pk__in=people).order_by("pk").values_list("pk", flat=True))
    latest = {
        (one.member_id, one.item): one
        for one in Assessment.objects.of_round(scheme, period.code)
        .filter(member__in=people)
        .select_related("assessed_by")
    }
    faults = [fault for score in scores if (fault := _fault(score, latest.get((score.member.pk, score.item))))]
    if faults:
        raise ValidationError(faults)
    return Assessment.objects.bulk_create(
        Assessment(
            member=score.member,
            scheme=scheme,
            period=period.code,
            item=score.item,
            score=score.value,
            full=score.full,
            remark=score.remark,
            role=score.role,
            assessed_by=actor,
        )
        for score in scores
    )


def score_fault(value: Decimal, full: Decimal) -> str:
    """Why a score is refused, as a sentence; empty for one that may be given."""
    if value < 0:
        return "得分不能小于 0。"
    if value > full:
        return f"得分 {points(value)} 超过了满分 {points(full)}。"
    return "" if value % STEP == 0 else f"得分 {points(value)} 不对,只能打整分或者半分,如 7 或 7.5。"


def _fault(score: Score, latest: Assessment | None) -> str:
    if fault := score_fault(score.value, score.full):
        return f"{score.member}「{score.title}」:{fault}"
    if latest and latest.pk != score.seen:
        return (
            f"{score.member}「{score.title}」:{latest.office}刚刚打了 {points(latest.score)} 分。"
            "请重新打开本页,看过再决定。"
        )
    return ""
