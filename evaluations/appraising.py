"""Which branches hold a democratic appraisal (民主评议), and for which periods."""

from collections.abc import Iterable

from django.utils import timezone

from members.models import Organization
from scoring.engine import Period
from scoring.models import Adoption


def appraising(branches: Iterable[Organization], period: Period) -> dict[Organization, Adoption]:
    """Branches whose scheme has an appraisal for the period, with what they adopted."""
    adoptions = Adoption.objects.for_everybody().nearest(branches, period.ends_on)
    return {
        branch: one
        for branch, one in adoptions.items()
        if not one.version.faults and one.version.scheme.groups and one.version.scheme.cycle == period.cycle
    }


def periods_of(branches: Iterable[Organization]) -> list[Period]:
    """The running half-year or year and the one before, as the branches' schemes go."""
    today = timezone.localdate()
    adoptions = Adoption.objects.for_everybody().nearest(branches, today).values()
    cycles = {one.version.scheme.cycle for one in adoptions if not one.version.faults} or {"half_year"}
    running = [Period.containing(today, cycle) for cycle in ("half_year", "year") if cycle in cycles]
    return [period for one in running for period in (one, one.previous)]
