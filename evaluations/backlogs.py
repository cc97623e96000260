"""How far back a branch is asked for what it left undone."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Max, Min, QuerySet
from django.utils import timezone

from members.models import Activity, ClosedPeriod, Membership, Organization
from members.querysets import at_or_below, lineage
from scoring.engine import Period
from scoring.models import Adoption

ONE_DAY = datetime.timedelta(1)
Days = dict[str, datetime.date]  # by tree path


@dataclass(frozen=True)
class Backlog:
    """The days of one branch for which something may be missing.

    open_since: the first day, with a scheme and a member, of what is not settled in the running half-year and the one
    before it. begun_on: that of the first activity on record; what was before it nobody kept here. None without one.
    """

    open_since: datetime.date
    begun_on: datetime.date | None

    def since(self, present: datetime.date) -> datetime.date:
        """The first day asked for; from `present` on it is asked even where nothing is on record."""
        return max(self.open_since, min(self.begun_on or present, present))


def backlogs_of(branches: Iterable[Organization]) -> dict[Organization, Backlog]:
    """For each branch that has members and a scheme today; a few queries, however many branches."""
    today = timezone.localdate()
    scored = list(Adoption.objects.for_everybody().nearest(branches, today))
    if not scored:
        return {}
    above = {"organization__path__in": {path for branch in scored for path in branch.lineage}}
    adopted = dict(_by_path(Adoption.objects.for_everybody().filter(**above), Min("starts_on")))
    settled = dict(_by_path(ClosedPeriod.objects.filter(**above), Max("ends_on")))
    peopled = _first_below(scored, Membership.objects.in_office(), "starts_on")
    begun = _first_below(scored, Activity.objects.all(), "date")
    return {
        branch: Backlog(
            max(
                Period.containing(today).previous.starts_on,
                peopled[branch.path],
                min(adopted[path] for path in branch.lineage if path in adopted),
                *(settled[path] + ONE_DAY for path in branch.lineage if path in settled),
            ),
            begun.get(branch.path),
        )
        for branch in scored
        if branch.path in peopled
    }


def _by_path(rows: QuerySet, what: Max | Min) -> QuerySet:
    return rows.order_by().values_list("organization__path").annotate(what)


def _first_below(branches: Iterable[Organization], rows: QuerySet, day: str) -> Days:
    """By a branch's path the earliest day of the rows of the branch and its groups."""
    paths = {branch.path for branch in branches}
    first: Days = {}
    for path, earliest in _by_path(rows.filter(at_or_below(branches, "organization__path")), Min(day)):
        for branch in paths.intersection(lineage(path)):
            first[branch] = min(earliest, first.get(branch, earliest))
    return first
