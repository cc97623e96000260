"""Which facts of everyday life are asked for: those that the scheme in force takes."""

from collections.abc import Iterable

from django.utils import timezone

from members.models import Organization
from scoring.engine import SchemeError
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
