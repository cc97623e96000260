"""Who reads what of a ledger, and who keeps the templates of notices."""

from django.db.models import QuerySet

from members.models import Member, Organization, Role, User
from members.permissions import holds
from members.querysets import paths_of
from scoring.querysets import SENSITIVE_ROLES


def can_see_sensitive(user: User, member: Member) -> bool:
    """Belief and discipline are for the person concerned and for those who decide such matters."""
    return Member.objects.on_record_for(user, SENSITIVE_ROLES).filter(pk=member.pk).exists()


def can_keep_templates(user: User, organization: Organization) -> bool:
    """A street's staff see to the wording of its notices."""
    return holds(user, organization.path, (Role.STREET_STAFF,))


def template_places(user: User) -> QuerySet[Organization]:
    """The organisations whose staff the user is."""
    return Organization.objects.filter(path__in=paths_of(user, (Role.STREET_STAFF,)))
