"""Trials: a draft or other settings on the facts of a computed round; who would change, and by which clause."""

import datetime
import logging
from collections import Counter
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from evaluations.models import Result, Round, RoundBranch, Trial
from evaluations.models.rounds import titles_of_missing
from evaluations.querysets import PUBLIC
from evaluations.rollup import Terms
from members.exports import write
from members.models import Organization, User
from scoring.engine import FactsError, Period, Scheme, SchemeError, SettingsError
from scoring.models import Adoption, SchemeVersion

logger = logging.getLogger(__name__)

BOARDS = {"honor": "光荣榜", "warning": "警示榜"}
HEADINGS = ("党员", "支部", "原总分", "新总分", "原等次", "新等次", "原上榜", "新上榜", "因为")


def last_round(adoption: Adoption) -> Round:
    """The latest round to try what would be adopted on: of its own scheme and published, if there is such a one.

    Raises ValidationError where the organisation has no results to compare with.
    """
    rounds = Round.objects.around(adoption.organization).filter(computed_at__isnull=False)
    if adoption.version.scheme.cycle == "year":
        rounds = rounds.exclude(period__contains="H")
    own_first = models.Case(models.When(scheme=adoption.version.code, then=0), default=1)
    found = rounds.order_by(own_first, settled_first(), "-period", "organization__path").first()
    if found is None:
        kind = "年度" if adoption.version.scheme.cycle == "year" else ""
        raise ValidationError(f"{adoption.organization}还没有算过{kind}考核,没有可以对照的结果。")
    return found


def settled_first() -> models.Case:
    """Order in which rounds whose results are published come before those that still change."""
    return models.Case(models.When(status__in=PUBLIC, then=0), default=1)


def start_trial(
    round_: Round, version: SchemeVersion, settings: dict, *, actor: User, organization: Organization | None = None
) -> Trial:
    """A trial, queued; with an organisation, of its people only.

    Raises ValidationError for a version or settings with faults, or a round without results.
    """
    if round_.computed_at is None:
        raise ValidationError("这次考核还没有试算过,没有可以对照的结果。")
    if not parts_of(round_, organization).exists():
        raise ValidationError(f"{organization or round_.organization}在这次考核里没有结果,没有可以对照的。")
    try:
        scheme = version.scheme.configured(settings)
    except SchemeError as error:
        raise ValidationError(f"{version}还有 {len(error.faults)} 处错误,改好以后才能试用。") from error
    except SettingsError as error:
        raise ValidationError(list(error.problems)) from error
    if scheme.cycle == "year" and Period.parse(round_.period).half:
        raise ValidationError(f"《{scheme.title}》按年度考核,请选一次年度考核来对照。")
    trial = Trial.objects.create(
        round=round_, version=version, settings=settings, organization=organization, created_by=actor
    )
    transaction.on_commit(lambda: _queue(trial))
    return trial


def parts_of(round_: Round, organization: Organization | None) -> models.QuerySet[RoundBranch]:
    """The round's computed branches at or below an organisation."""
    parts = RoundBranch.objects.filter(round=round_, state=RoundBranch.State.DONE)
    return parts.filter(organization__path__startswith=organization.path) if organization else parts


def _queue(trial: Trial) -> None:
    from evaluations.tasks import run_trial  # the task's module imports this one

    try:
        run_trial.delay(trial.pk)
    except (OperationalError, OSError):
        Trial.objects.filter(pk=trial.pk).update(
            state=Trial.State.FAILED, error="后台任务暂时用不了,请过几分钟再试一次。"
        )


def resume(before: datetime.datetime) -> int:
    """The number of trials queued again: those asked for before a time that still wait."""
    left = list(Trial.objects.filter(state=Trial.State.WAITING, created_at__lt=before))
    for trial in left:
        _queue(trial)
    return len(left)


def run(trial_id: int) -> None:
    """Compute and store the outcome of a trial that waits; a fault is noted on the trial as a sentence."""
    waiting = Trial.objects.filter(state=Trial.State.WAITING)
    trial = waiting.select_related("round", "version", "organization").filter(pk=trial_id).first()
    if trial is None:
        return  # queued twice, and done
    try:
        trial.outcome, trial.state = outcome_of(trial), Trial.State.DONE
    except FactsError as error:
        trial.state, trial.error = Trial.State.FAILED, " ".join(error.problems)[:300]
    except Exception:
        logger.exception("trial %s", trial_id)
        trial.state, trial.error = Trial.State.FAILED, "计算时出错。请告诉管理员出错的时间。"
    trial.save(update_fields=["outcome", "state", "error"])


def outcome_of(trial: Trial) -> dict:
    """People, grades before and after, and a row for everybody who would change."""
    period = Period.parse(trial.round.period)
    parts = list(parts_of(trial.round, trial.organization).select_related("organization", "version"))
    scheme = trial.version.scheme.configured(trial.settings)
    as_of = timezone.localdate(trial.round.requested_at)
    found = {}
    for position in {part.position for part in parts}:
        branches = [part.organization for part in parts if part.position == position]
        terms = Terms.of_settings(trial.version, trial.settings, position)
        found |= {row["member"]: row for row in terms.score(branches, period, as_of)}
    stored = Result.objects.filter(branch__in=parts).annotate(name=models.F("member__name"))
    stored = stored.only("branch_id", "member_id", "total", "grade", "sheet")
    pairs = [(result, found[result.member_id]) for result in stored if result.member_id in found]
    places = {part.pk: str(part.organization) for part in parts}
    former = {part.pk: part.scheme for part in parts if part.version}
    titles = {grade.code: grade.title for grade in scheme.grades}
    for part in parts[:1]:
        titles = part.grade_titles | titles
    before, after = Counter(one.grade for one, _ in pairs), Counter(row["grade"] for _, row in pairs)
    return {
        "people": len(pairs),
        "grades": [
            [code, titles.get(code, "未定等"), before[code], after[code]]
            for code in dict.fromkeys([*titles, None])
            if before[code] or after[code]
        ],
        "changes": [
            row
            for result, new in pairs
            if (row := compare(result, new, scheme, former[result.branch_id], titles, places))
        ],
    }


def compare(
    result: Result, new: dict, scheme: Scheme, former: Scheme, titles: dict[str, str], places: dict[int, str]
) -> dict | None:
    """What would change for one member (annotated with the name) and because of which clause; None for nothing.

    former: the scheme of the result; titles: of the grades; places: name of every branch of the round.
    """
    old_total = None if result.total is None else str(result.total)
    changed = (old_total, result.grade, result.sheet["lists"]) != (new["total"], new["grade"], new["lists"])
    if not changed:
        return None
    return {
        "member": result.member_id,
        "name": result.name,
        "branch": places[result.branch_id],
        "total": [old_total, new["total"]],
        "grade": [titles.get(result.grade, ""), titles.get(new["grade"], "")],
        "lists": [result.sheet["lists"], new["lists"]],
        "because": because(result, new, scheme, former),
    }


def because(result: Result, new: dict, scheme: Scheme, former: Scheme) -> list[str]:
    """Items whose points differ, each with its article; the grade's article where only the bands moved."""
    titles = _item_titles(former, "原方案") | _item_titles(scheme)
    old_items, new_items = result.sheet["items"], new["items"]
    reasons = [
        f"{titles[code]} {old_items.get(code, '—')} → {new_items.get(code, '—')}"
        for code in dict.fromkeys([*old_items, *new_items])
        if old_items.get(code) != new_items.get(code)
    ]
    if not reasons and result.grade != new["grade"]:
        band = next((grade for grade in scheme.grades if grade.code == new["grade"]), None)
        reasons = [f"等次界线({scheme.articles[band.article].number})" if band else "等次界线"]
    if not reasons:
        reasons = [_titled_part(part, result, new, scheme) for part in scheme.parts if _differs(part, result, new)]
    return [*reasons, *_proposed(result, new, scheme), *_lacking(result, new, scheme, former)]


def _lacking(result: Result, new: dict, scheme: Scheme, former: Scheme) -> list[str]:
    """Why there is no total, before or now: 缺班子成员评议,没有总分."""
    before = "、".join(titles_of_missing(result.sheet["missing"], former))
    now = "、".join(titles_of_missing(new["missing"], scheme))
    if before == now:
        return [f"缺{now},没有总分"] if now else []
    said = (("原来", before), ("试用", now))
    return [f"{when}缺{what},没有总分" for when, what in said if what]


def _proposed(result: Result, new: dict, scheme: Scheme) -> list[str]:
    """Proposals that come or go, which is what puts people on boards: 新提出“通报批评”(第十条第一款)."""
    rules = [*scheme.outcome.consequences, *(scheme.year.outcome.consequences if scheme.year else ())]
    old, now = set(result.sheet["consequences"]), set(new["consequences"])
    return [
        f"{'新提出' if rule.code in now else '不再提出'}“{rule.title}”({scheme.articles[rule.article].number})"
        for rule in {rule.code: rule for rule in rules}.values()
        if rule.code in old ^ now
    ]


def _item_titles(scheme: Scheme, whose: str = "") -> dict[str, str]:
    return {item.code: f"{item.title}({whose}{scheme.articles[item.article].number})" for item in scheme.items}


def _differs(part, result: Result, new: dict) -> bool:
    return result.sheet["parts"].get(part.code) != new["parts"].get(part.code)


def _titled_part(part, result: Result, new: dict, scheme: Scheme) -> str:
    old, now = result.sheet["parts"].get(part.code, "—"), new["parts"].get(part.code, "—")
    return f"{part.title}({scheme.articles[part.article].number}) {old} → {now}"


def board_titles(codes: list[str]) -> str:
    return "、".join(BOARDS.get(code, code) for code in codes)


def workbook(trial: Trial) -> bytes:
    """The changes as an xlsx file."""
    rows = [
        [
            row["name"],
            row["branch"],
            *("" if total is None else Decimal(total) for total in row["total"]),
            *(grade or "" for grade in row["grade"]),
            *map(board_titles, row["lists"]),
            ";".join(row["because"]),
        ]
        for row in trial.outcome["changes"]
    ]
    return write(HEADINGS, rows, "试用结果")
