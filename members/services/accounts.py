"""Writes of accounts and their roles. Nobody changes the own account here: that is another administrator's to do."""

import datetime
import secrets

from axes.utils import reset
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from members.models import Organization, Role, RoleAssignment, User

ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that is misread on paper


def first_password() -> str:
    """Four groups of four, to be read out or copied by hand."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(4))


@transaction.atomic
def add_account(user: User, role: str, organization: Organization) -> str:
    """The first password of the stored account, which holds the role from today. Raises ValidationError."""
    password = first_password()
    user.set_password(password)
    user.full_clean()
    user.save()
    grant_role(user, role, organization)
    return password


@transaction.atomic
def reset_password(user: User, *, actor: User) -> str:
    """A new first password. Whoever is signed in with the old one is out, and failed attempts are forgotten."""
    require_another(user, actor)
    password = first_password()
    user.set_password(password)
    user.must_change_password = True
    user.save(update_fields=["password", "must_change_password"])
    reset(username=user.username)
    return password


@transaction.atomic
def switch_account(user: User, *, on: bool, actor: User) -> None:
    """Lock an account, or open it again."""
    require_another(user, actor)
    require_in_office(actor)
    user.is_active = on
    user.save(update_fields=["is_active"])


@transaction.atomic
def grant_role(user: User, role: str, organization: Organization) -> RoleAssignment:
    """A role from today on. Raises ValidationError where the user has it there or above, or it does not fit."""
    if role == Role.MEMBER and user.member_id is None:
        raise ValidationError({"role": "「党员」岗位要写明是哪一位党员。"})
    User.objects.select_for_update().get(pk=user.pk)  # a second click waits here
    held = user.role_assignments.in_office().filter(role=role, organization__path__in=organization.lineage)
    if there := held.select_related("organization").first():
        raise ValidationError({"role": f"{user}在{there.organization}已经是{there.get_role_display()},不用再加。"})
    return RoleAssignment.objects.create(user=user, role=role, organization=organization)


@transaction.atomic
def end_role(assignment: RoleAssignment, *, actor: User) -> None:
    """End a role so that it is gone with the user's next request."""
    require_another(assignment.user, actor)
    require_in_office(actor)
    _end_now(assignment)


def _end_now(assignment: RoleAssignment) -> None:
    yesterday = timezone.localdate() - datetime.timedelta(days=1)
    if assignment.starts_on > yesterday:
        assignment.delete()  # given today and taken back: it never held for a day
    else:
        assignment.ends_on = yesterday
        assignment.save(update_fields=["ends_on"])


def close_account(user: User) -> None:
    """Lock the account of somebody who has left, and end its roles: the next request finds the owner signed out."""
    today = timezone.localdate()
    for assignment in user.role_assignments.filter(Q(ends_on=None) | Q(ends_on__gte=today)):
        _end_now(assignment)
    user.is_active = False
    user.save(update_fields=["is_active"])


def require_another(user: User, actor: User) -> None:
    if user.pk == actor.pk:
        raise PermissionDenied


def require_in_office(actor: User) -> None:
    """Refuse who has just been locked or lost the role: of two administrators who end each other, one stays."""
    # One change at a time: the second one sees what the first has done.
    list(RoleAssignment.objects.select_for_update().filter(role=Role.ADMINISTRATOR).order_by("pk").values_list("pk"))
    now = User.objects.get(pk=actor.pk)
    if not now.is_active or not holds_any(now):
        raise PermissionDenied


def holds_any(user: User) -> bool:
    return user.role_assignments.in_office().filter(role=Role.ADMINISTRATOR).exists()
