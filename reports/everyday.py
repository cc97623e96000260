"""Which facts of everyday life are asked for: those that the scheme in force takes, of the months that still count."""

import datetime
from collections import defaultdict
from collections.abc import Iterable

from django.utils import timezone

from evaluations.models import Round
from members.dates import first_of, months_between
from members.models import ClosedPeriod, Organization
from scoring.engine import Period, SchemeError
from scoring.models import Adoption, SchemeVersion

VISITS, REPORTS = "visits", "reports"


def facts_of(version: SchemeVersion) -> set[str]:
    """VISITS if the scheme counts households visited, REPORTS if it goes by the reports of members who are away."""
    try:
        scheme = version.scheme
    except SchemeError:
        return set()
    return ({VISITS} if scheme.takes_visits else set()) | ({REPORTS} if scheme.review else set())


def that_take(fact: str, organizations: Iterable[Organization]) -> list[Organization]:
    """Those of the organisations whose scheme in force today takes a fact."""
    adoptions = Adoption.objects.for_everybody().nearest(organizations, timezone.localdate())
    return [place for place, adoption in adoptions.items() if fact in facts_of(adoption.version)]


def months_to_complete(branches: Iterable[Organization]) -> dict[Organization, list[datetime.date]]:
    """For each branch with a scheme the months that are over and still count, the earliest first.

    They are those of the period that runs, and of earlier ones whose round is not closed, as far as nothing is settled.
    """
    today = timezone.localdate()
    adoptions = Adoption.objects.for_everybody().nearest(branches, today)
    above = {path for branch in adoptions for path in branch.lineage}
    rounds = Round.objects.exclude(status=Round.Status.CLOSED).filter(organization__path__in=above)
    opened, settled = defaultdict(list), defaultdict(list)
    for path, scheme, period in rounds.values_list("organization__path", "scheme", "period"):
        opened[path, scheme].append(Period.parse(period).starts_on)
    closed = ClosedPeriod.objects.filter(organization__path__in=above)
    for path, day in closed.values_list("organization__path", "ends_on"):
        settled[path].append(first_of(day, 1))
    found = {}
    for branch, version in ((branch, one.version) for branch, one in adoptions.items() if not one.version.faults):
        running = Period.containing(today, version.scheme.cycle).starts_on
        first = min([running, *(day for path in branch.lineage for day in opened[path, version.code])])
        first = max([first, *(day for path in branch.lineage for day in settled[path])])
        found[branch] = months_between(first, first_of(today, -1))
    return found
