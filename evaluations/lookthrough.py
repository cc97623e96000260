"""What is looked through before a step: what is missing, who is incomplete, too many excellent, alerts, what changed."""

import datetime
from collections import defaultdict
from dataclasses import dataclass

from django.utils import timezone

from evaluations.course import Change, in_words, titles_of
from evaluations.models import Result, Round, RoundBranch
from members.dates import last_of
from members.dues_unrecorded import unrecorded_dues
from members.expected import unrecorded
from members.models import Activity, Member, Organization
from members.querysets import at_or_below
from scoring.engine import Period
from scoring.models import Entry

EXCELLENT = "excellent"
AT_MOST = 3  # excellent members are usually one in so many, or fewer
SHOWN = 30  # names in a list; the rest is counted


@dataclass(frozen=True)
class Lookthrough:
    """What a check page shows. Lists are cut at SHOWN; `counts` has how many there are."""

    people: int
    incomplete: list[tuple[Result, str]]
    many_excellent: list[tuple[RoundBranch, int, int]]
    alerts: list[tuple[Result, str]]
    changes: list[Change]
    unfinished: list[
        tuple[Activity, int, int]
    ]  # of how many there is attendance on record, and of how many there is none
    unrecorded_dues: list[tuple[Organization, datetime.date, list[Member]]]  # who pays and has nothing on record
    pending: list[Entry]
    counts: dict[str, int]

    @property
    def clean(self) -> bool:
        """True if there is nothing to point out."""
        return not any(self.counts.values()) and not self.many_excellent


def look_through(round_: Round, parts: list[RoundBranch]) -> Lookthrough:
    """The checks of these parts of a round. A few queries, however many people."""
    period, by_pk = Period.parse(round_.period), {part.pk: part for part in parts}
    results = Result.objects.filter(branch__in=parts)
    incomplete = results.filter(status=Result.Status.INCOMPLETE)
    alerted = results.exclude(sheet__alerts=[])
    changes: dict[str, list] = {}
    for part in parts:
        changes |= part.changes
    unfinished, dues = _unfinished(parts, period), _unrecorded_dues(parts, period)
    pending = Entry.objects.pending().filter(
        member__in=results.values("member"), date__range=(period.starts_on, period.ends_on)
    )
    words = in_words(dict(list(changes.items())[:SHOWN]), titles_of(parts))
    return Lookthrough(
        people=results.count(),
        incomplete=[(result, "、".join(result.missing_titles)) for result in _named(incomplete, by_pk)],
        many_excellent=_many_excellent(results, by_pk),
        alerts=[(result, "、".join(result.alert_titles)) for result in _named(alerted, by_pk)],
        changes=words,
        unfinished=unfinished[:SHOWN],
        unrecorded_dues=dues[:SHOWN],
        pending=list(pending.select_related("member", "version").order_by("date")[:SHOWN]),
        counts={
            "incomplete": incomplete.count(),
            "alerts": alerted.count(),
            "changes": len(changes),
            "unfinished": len(unfinished),
            "unrecorded_dues": len(dues),
            "pending": pending.count(),
        },
    )


def _named(results, by_pk: dict[int, RoundBranch]) -> list[Result]:
    """The first results by branch and number; they share the parts, whose schemes are read once."""
    found = list(results.select_related("member").order_by("branch__organization__path", "member__number")[:SHOWN])
    for result in found:
        result.branch = by_pk[result.branch_id]
    return found


def _unfinished(parts: list[RoundBranch], period: Period) -> list[tuple[Activity, int, int]]:
    """Activities held in the period of which not everybody who belonged there has attendance on record, by date."""
    until = min(period.ends_on, timezone.localdate())
    places = at_or_below([part.organization for part in parts], "organization__path")
    held = Activity.objects.filter(places, date__range=(period.starts_on, until))
    held = list(held.with_summary().select_related("organization").order_by("date", "pk"))
    missing = unrecorded(held)
    return [(activity, activity.recorded, missing[activity.pk]) for activity in held if missing[activity.pk]]


def _unrecorded_dues(
    parts: list[RoundBranch], period: Period
) -> list[tuple[Organization, datetime.date, list[Member]]]:
    """Branches with months that are over of which some who pay dues have nothing on record; where everybody is scored."""
    branches = [part.organization for part in parts if not part.position]
    months = [month for month in period.months if last_of(month) <= timezone.localdate()]
    found = unrecorded_dues(branches, months)
    return [
        (branch, month, found[key]) for branch in branches for month in months if (key := (branch.pk, month)) in found
    ]


def _many_excellent(results, by_pk: dict[int, RoundBranch]) -> list[tuple[RoundBranch, int, int]]:
    """Branches in which more than a third of the scored are excellent: how many, of how many."""
    scored, excellent = defaultdict(int), defaultdict(int)
    rows = results.filter(status=Result.Status.SCORED).order_by().values_list("branch", "grade")
    for branch, grade in rows:
        scored[branch] += 1
        excellent[branch] += grade == EXCELLENT
    return [(part, excellent[pk], scored[pk]) for pk, part in by_pk.items() if excellent[pk] * AT_MOST > scored[pk]]
