"""Versions are shared by all streets; which of them a user's own units are scored under, adoptions decide."""

from django.utils import timezone

from members.models import Organization, User
from scoring.models import Adoption, SchemeVersion
from scoring.querysets import around


def versions_in_use(user: User) -> dict[str, dict[SchemeVersion, int]]:
    """For each scheme that counts today at branches around the user, its versions with the number of branches."""
    branches = Organization.objects.filter(around(user, "path")).branches()
    found: dict[str, dict[SchemeVersion, int]] = {}
    for adoptions in Adoption.objects.counting_at(branches, timezone.localdate()).values():
        for version in {adoption.version for adoption in adoptions}:
            counts = found.setdefault(version.code, {})
            counts[version] = counts.get(version, 0) + 1
    return found


def version_to_show(user: User, code: str) -> SchemeVersion | None:
    """The version of a scheme that most of the user's branches are scored under; without any the latest released."""
    used = versions_in_use(user).get(code, {})
    readable = [version for version in used if not version.faults]
    return max(readable, key=used.get) if readable else SchemeVersion.objects.latest_of(code)
