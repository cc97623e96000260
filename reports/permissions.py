"""Who reads what of a ledger, and who keeps the templates of notices."""

from django.db.models import QuerySet
from django.utils import timezone

from members.models import Member, Organization, Role, User
from members.permissions import holds
from members.querysets import paths_of
from scoring.querysets import SENSITIVE_ROLES


def can_see_sensitive(user: User, member: Member) -> bool:
    """Belief and discipline are for the person concerned and for those who decide such matters."""
    paths = paths_of(user, SENSITIVE_ROLES)
    places = [member.place_on(timezone.localdate()), *member.places[:1]]  # today's, and the last of who has left
    return user.member_id == member.pk or any(
        place.organization.path.startswith(path) for place in places if place for path in paths
    )


def can_keep_templates(user: User, organization: Organization) -> bool:
    """A street's staff see to the wording of its notices."""
    return holds(user, organization.path, (Role.STREET_STAFF,))


def template_places(user: User) -> QuerySet[Organization]:
    """The organisations whose staff the user is."""
    return Organization.objects.filter(path__in=paths_of(user, (Role.STREET_STAFF,)))
