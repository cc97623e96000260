"""Where a round stands: its stages with who and when, whose turn it is, and what a correction has changed."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from evaluations.models import Publication, Result, Round, RoundBranch, RoundStep, Step
from evaluations.permissions import REVIEWING_ROLES, can_run_rounds, confirmable
from evaluations.rollup import differences
from evaluations.services.course import publisher_of, reopening_asked, undecided_appeals
from members.dates import day_name
from members.models import Member, Role, User
from members.querysets import in_subtrees, paths_of
from scoring.engine import Period

STATUS = Round.Status
ORDER = list(STATUS)
STAGES = (
    (STATUS.OPEN, Step.OPEN, "登记"),
    (STATUS.COMPUTED, Step.COMPUTE, "试算"),
    (STATUS.REVIEWED, Step.REVIEW, "支部审核"),
    (STATUS.PUBLISHED, Step.PUBLISH, "公示"),
    (STATUS.APPROVED, Step.APPROVE, "党工委审批"),
    (STATUS.CLOSED, Step.CLOSE, "办结"),
)


@dataclass(frozen=True)
class Stage:
    """One stage of the course as the page shows it; `step` is the last time that it was taken."""

    title: str
    state: str  # "done", "now" or ""
    step: RoundStep | None
    detail: str = ""


def stages_of(round_: Round, steps: list[RoundStep], waiting: int, parts: int) -> list[Stage]:
    """The stages; waiting, parts: branches that have not confirmed their part, and all that have one."""
    now = _now(round_)
    last = {step.step: step for step in steps}
    found = []
    for number, (status, step, title) in enumerate(STAGES):
        state = "done" if number < now else "now" if number == now else ""
        taken = last.get(step) if ORDER.index(status) <= ORDER.index(round_.status) else None
        found.append(Stage(title, state, taken, _detail(round_, step, waiting, parts)))
    return found


def progress_of(round_: Round) -> list[Stage]:
    """The stages for who only wants to know how far it is; without who and when."""
    parts = RoundBranch.objects.filter(round=round_)
    return stages_of(round_, [], parts.to_review().count(), parts.with_results().count())


def _now(round_: Round) -> int:
    """The place of the stage whose turn it is. A running period is computed as often as one likes, and not reviewed."""
    at = ORDER.index(round_.status)
    if round_.status == STATUS.OPEN:
        return at
    return at if round_.status == STATUS.COMPUTED and not is_whole(round_) else at + 1


def _detail(round_: Round, step: str, waiting: int, parts: int) -> str:
    if step == Step.REVIEW and parts and round_.status == STATUS.COMPUTED and not is_whole(round_):
        return "周期结束、再试算以后审核"
    if step == Step.REVIEW and parts and round_.status == STATUS.COMPUTED:
        return f"{parts} 个支部已审核 {parts - waiting} 个"
    if step == Step.PUBLISH and round_.is_public and round_.objections_until:
        return f"异议截止 {round_.objections_until}"
    return ""


# Whose turn it is -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Turn:
    """What is to be done next: its name, why now, and the page; without an address somebody else does it."""

    title: str
    detail: str
    url: str = ""
    count: int = 1


def reviews_waiting(user: User, round_: Round | None = None) -> list[RoundBranch]:
    """Parts of rounds, of one or of all, that the user is to confirm on a branch's behalf now, in tree order."""
    paths = paths_of(user, REVIEWING_ROLES)
    if not paths:
        return []
    parts = RoundBranch.objects.to_review().filter(
        in_subtrees(paths, "organization__path"), round__status=STATUS.COMPUTED, round__computed_at__isnull=False
    )
    if round_:
        parts = parts.filter(round=round_)
    parts = [part for part in parts.select_related("organization", "round") if is_whole(part.round)]
    mine = {branch.pk for branch in confirmable(user, [part.organization for part in parts])}
    return [part for part in parts if part.organization_id in mine]


def is_whole(round_: Round) -> bool:
    """True if the round was computed on the whole of its period."""
    asked = round_.requested_at
    return asked is not None and timezone.localdate(asked) >= Period.parse(round_.period).ends_on


def turn_of(round_: Round, user: User) -> Turn | None:
    """What the street's staff does next about a round; None for who may not, and before the period's last day."""
    if not can_run_rounds(user, round_.organization):
        return None
    period = Period.parse(round_.period)
    if round_.status == STATUS.OPEN or (round_.status == STATUS.COMPUTED and not is_whole(round_)):
        if period.ends_on > timezone.localdate():
            return None
        return Turn("试算", "周期已经结束,资料齐了就试算。", reverse("evaluations:round", args=[round_.pk]))
    return {
        STATUS.COMPUTED: _review_turn,
        STATUS.REVIEWED: _publish_turn,
        STATUS.PUBLISHED: _approve_turn,
        STATUS.APPROVED: _close_turn,
        STATUS.CLOSED: _reopen_turn,
    }[round_.status](round_, user)


def _review_turn(round_: Round, user: User) -> Turn | None:
    waiting = RoundBranch.objects.filter(round=round_).to_review().select_related("organization")
    names = [str(part.organization) for part in waiting]
    if not names:
        return None
    named = "、".join(names[:3]) + ("等" if len(names) > 3 else "")
    return Turn("等支部审核", f"还有 {len(names)} 个支部没有审核:{named}。", count=len(names))


def _publish_turn(round_: Round, user: User) -> Turn:
    return Turn("公示", "各支部都审核过了,可以公示。", reverse("evaluations:publish", args=[round_.pk]))


def _approve_turn(round_: Round, user: User) -> Turn:
    if timezone.localdate() <= round_.objections_until:
        return Turn("公示中", f"公示到 {day_name(round_.objections_until)}为止,期满以后审批。")
    if waiting := undecided_appeals(round_):
        return Turn("答复申诉", f"公示期满,还有 {waiting} 件申诉没有答复。", count=waiting)
    if publisher_of(round_) == user:
        return Turn("等审批", f"公示已在 {day_name(round_.objections_until)}期满。公示是您办的,审批由另一位同事办理。")
    url = reverse("evaluations:approve", args=[round_.pk])
    return Turn("审批", f"公示已在 {day_name(round_.objections_until)}期满。", url)


def _close_turn(round_: Round, user: User) -> Turn:
    return Turn("办结", "已经审批,办结以后结果和记录不再变动。", reverse("evaluations:close", args=[round_.pk]))


def _reopen_turn(round_: Round, user: User) -> Turn | None:
    asked = reopening_asked(round_)
    if asked is None:
        return None
    if asked.done_by == user:
        return Turn("等另一位同事确认", "重新打开的申请要由另一位同事答复。")
    url = reverse("evaluations:reopen", args=[round_.pk])
    return Turn("答复重新打开的申请", f"{asked.done_by}申请重新打开:{asked.reason}", url)


def waiting_for(user: User) -> list[tuple[Round, Turn]]:
    """What rounds ask of the user today, branches' reviews first."""
    found: dict[int, list[RoundBranch]] = {}
    for part in reviews_waiting(user):
        found.setdefault(part.round_id, []).append(part)
    turns = [(parts[0].round, _review_task(parts)) for parts in found.values()]
    below = in_subtrees(paths_of(user, (Role.STREET_STAFF,)), "organization__path")
    for round_ in Round.objects.filter(below).in_course().select_related("organization"):
        if turn := turn_of(round_, user):
            turns.append((round_, turn))
    return turns


def _review_task(parts: list[RoundBranch]) -> Turn:
    first = parts[0]
    more = f"等 {len(parts)} 个支部" if len(parts) > 1 else ""
    detail = f"{first.organization}{more},{day_name(timezone.localdate(first.round.computed_at))}试算"
    url = reverse("evaluations:review", args=[first.round_id, first.organization_id])
    return Turn("支部审核", detail, url, len(parts))


# Corrections ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Change:
    """What became of one member's published figures."""

    member: Member
    words: str


def correction_steps(steps: Iterable[RoundStep]) -> list[RoundStep]:
    """Why the results were corrected after they had been published, the latest first."""
    return [step for step in reversed(list(steps)) if step.step in (Step.CORRECT, Step.REOPEN)]


def corrected(round_: Round, parts: Iterable[RoundBranch]) -> list[Change]:
    """What the last correction has changed in these parts: between the last two publications, or since the last one."""
    if round_.published_at is None:
        return []
    parts = {part.organization_id: part for part in parts}
    versions: dict[int, list[dict]] = {}
    for published in Publication.objects.filter(step__round=round_, organization__in=parts):
        versions.setdefault(published.organization_id, []).append(published.rows)
    if not round_.is_public:
        stored = Result.objects.filter(round=round_, branch__in=parts.values()).defer("sheet", "person")
        now: dict[int, dict] = {part.pk: {} for part in parts.values()}
        for result in stored:
            now[result.branch_id][str(result.member_id)] = result.figures
        for organization, part in parts.items():
            versions.setdefault(organization, []).append(now[part.pk])
    changes: dict[str, list] = {}
    for rows in versions.values():
        if len(rows) > 1:
            changes |= differences(rows[-2], rows[-1])
    return in_words(changes, titles_of(parts.values()))


def titles_of(parts: Iterable[RoundBranch]) -> dict[str, str]:
    """Titles of the grades of these parts' schemes."""
    titles: dict[str, str] = {}
    for part in parts:
        if part.version_id:
            titles |= part.grade_titles
    return titles


def in_words(changes: dict[str, list], titles: dict[str, str]) -> list[Change]:
    """Changes as sentences, by the members' numbers."""
    members: QuerySet[Member] = Member.objects.filter(pk__in=changes).order_by("number")
    return [Change(member, _said(*changes[str(member.pk)], titles)) for member in members]


STATES = dict(Result.Status.choices)


def _said(before: list | None, now: list | None, titles: dict[str, str]) -> str:
    """总分 92.40 → 91.20;等次 优秀 → 合格."""
    if before is None:
        return "原来没有结果,现在有"
    if now is None:
        return "原来有结果,现在没有"
    said = []
    for name, was, become in (
        ("状态", STATES[before[0]], STATES[now[0]]),
        ("总分", before[1] or "无", now[1] or "无"),
        ("等次", titles.get(before[2], "未定等"), titles.get(now[2], "未定等")),
    ):
        if was != become:
            said.append(f"{name} {was} → {become}")
    for name, was, become in (("光荣榜", before[3], now[3]), ("警示榜", before[4], now[4])):
        if was != become:
            said.append(f"{'列入' if become else '不再列入'}{name}")
    return ";".join(said)
