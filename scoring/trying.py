"""Whether a scheme can be tried on an earlier round, said before anybody asks for it."""

from django.db.models import Q, QuerySet

from members.models import Organization
from scoring.engine import Scheme

YEARS = r"^\d{4}$"  # periods of rounds that cover a whole year


def near(organization: Organization) -> QuerySet[Organization]:
    """The organisation, those above and those below it."""
    return Organization.objects.filter(Q(path__startswith=organization.path) | Q(path__in=organization.lineage))


def why_untried(scheme: Scheme, places: QuerySet[Organization]) -> str:
    """Why no round of these organisations will do to try the scheme on; empty where one will."""
    if scheme.cycle != "year":
        done = places.filter(rounds__computed_at__isnull=False)
        return "" if done.exists() else "现在不能拿上期来试:还没有算过考核,没有可以对照的结果。"
    done = places.filter(rounds__computed_at__isnull=False, rounds__period__regex=YEARS)
    if done.exists():
        return ""
    return f"现在不能拿上期来试:《{scheme.title}》按年度考核,还没有算过年度考核,没有可以对照的结果。"
