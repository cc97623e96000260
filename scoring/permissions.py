"""Who may declare, review, approve and reverse entries; draft and release schemes; write worked cases."""

from django.db.models import Q

from members.models import Member, Organization, Role, User
from members.permissions import holds
from members.querysets import paths_of
from scoring.engine.scheme import EntryItem
from scoring.models import Entry, EntryStatus
from scoring.querysets import items_where

BRANCH_ROLES = (Role.BRANCH_SECRETARY, Role.GENERAL_BRANCH)
STREET_ROLES = (Role.STREET_STAFF, Role.DISCIPLINE_OFFICE)
DECLARING_ROLES = (Role.BRANCH_SECRETARY, *STREET_ROLES)


def oversees(user: User, member: Member, *roles: str) -> bool:
    """True if the user holds one of the roles over the member's organisation."""
    return Member.objects.for_roles(user, *roles).filter(pk=member.pk).exists()


def office_of(item: EntryItem) -> str:
    """The role that decides an item on the street's behalf."""
    return Role.DISCIPLINE_OFFICE if item.office == "discipline" else Role.STREET_STAFF


def approving_roles(item: EntryItem) -> tuple[str, ...]:
    """The office that the scheme names; a verdict, which that office puts down itself, also the street's staff."""
    return (office_of(item), Role.STREET_STAFF) if item.sign == "direct" else (office_of(item),)


def declaring_roles(item: EntryItem) -> tuple[str, ...]:
    """Roles that put an item down for others: a verdict only the office named, a meeting's by its resolution alone."""
    if item.office == "meeting":
        return ()
    return (office_of(item),) if item.sign == "direct" else DECLARING_ROLES


def can_declare_anything(user: User) -> bool:
    """A member for oneself; a secretary and the street's offices for others."""
    return bool(user.member_id or paths_of(user, DECLARING_ROLES))


def can_declare_item(user: User, item: EntryItem, *, for_self: bool) -> bool:
    """For oneself merits only; for others, somewhere: the form offers only members that the roles oversee."""
    if for_self:
        return item.sign == "merit" and item.office != "meeting"
    return bool(paths_of(user, declaring_roles(item)))


def can_declare(user: User, member: Member, item: EntryItem) -> bool:
    """A member declares own merits; the branch and the street's offices also what counts against."""
    if user.member_id == member.pk:
        return can_declare_item(user, item, for_self=True)
    return oversees(user, member, *declaring_roles(item))


def can_review(user: User, entry: Entry) -> bool:
    """The branch's step: not by the person who declared, nor by whom it concerns."""
    return (
        entry.status == EntryStatus.DECLARED
        and user.pk != entry.declared_by_id
        and user.member_id != entry.member_id
        and oversees(user, entry.member, *BRANCH_ROLES)
    )


def leads_group_of(user: User, entry: Entry) -> bool:
    """True if the user, as leader of the member's group, may say whether a declaration is true: not one's own.

    Not for whoever decides for the branch anyway.
    """
    return (
        user.pk != entry.declared_by_id
        and user.member_id != entry.member_id
        and oversees(user, entry.member, Role.GROUP_LEADER)
        and not oversees(user, entry.member, *BRANCH_ROLES)
    )


def can_check_first(user: User, entry: Entry) -> bool:
    """The group leader's first check, once, while the entry waits for the branch."""
    return entry.status == EntryStatus.DECLARED and not hasattr(entry, "first_check") and leads_group_of(user, entry)


def can_approve(user: User, entry: Entry) -> bool:
    """The street's step; nobody approves what they declared or reviewed."""
    return (
        entry.status == EntryStatus.REVIEWED
        and user.pk != entry.declared_by_id
        and user.member_id != entry.member_id
        and not entry.decisions.filter(decided_by=user).exists()
        and oversees(user, entry.member, *approving_roles(entry.rule))
    )


def can_answer(user: User, entry: Entry) -> bool:
    """Whoever put an entry down answers what a reviewer asks about it."""
    return entry.is_pending and entry.declared_by_id == user.pk


def can_withdraw(user: User, entry: Entry) -> bool:
    """Whoever put an entry down takes it back while it waits."""
    return entry.is_pending and entry.declared_by_id == user.pk


def can_declare_again(user: User, entry: Entry) -> bool:
    """Whoever put down what was refused or withdrawn, as far as they may declare by that clause today."""
    over = entry.status in (EntryStatus.REJECTED, EntryStatus.WITHDRAWN) and not entry.version.faults
    return over and entry.declared_by_id == user.pk and can_declare(user, entry.member, entry.rule)


def can_reverse(user: User, entry: Entry) -> bool:
    """The office that decides the item takes an approved entry back; not one's own."""
    return (
        entry.status == EntryStatus.APPROVED
        and entry.reverses_id is None
        and not Entry.objects.filter(reverses=entry).exists()
        and user.member_id != entry.member_id
        and oversees(user, entry.member, office_of(entry.rule))
    )


def items_approved_by(role: str) -> Q:
    """Condition of entries whose street's step is the role's."""
    return items_where(lambda item: role in approving_roles(item), unreadable=False)


# Schemes and worked cases -----------------------------------------------------------------------

CASE_ROLES = (Role.BRANCH_SECRETARY, Role.GENERAL_BRANCH, Role.STREET_STAFF)


def can_read_schemes(user: User) -> bool:
    """Whoever has a role, or is scored, may read the rules."""
    return bool(user.member_id or paths_of(user, tuple(Role.values)))


def can_draft_schemes(user: User) -> bool:
    """Write a draft, and release it. Which drafts: `SchemeVersion.objects.visible_to(user)`."""
    return bool(paths_of(user, (Role.STREET_STAFF,)))


def can_write_cases(user: User) -> bool:
    """Somewhere: the form offers only the user's own units."""
    return bool(paths_of(user, CASE_ROLES))


def can_edit_cases(user: User, organization: Organization) -> bool:
    return holds(user, organization.path, CASE_ROLES)


# Adoptions --------------------------------------------------------------------------------------


def can_adopt(user: User, organization: Organization) -> bool:
    """Let the organisation, and those below it, be scored under a scheme."""
    return holds(user, organization.path, (Role.STREET_STAFF,))


def can_edit_settings(user: User, organization: Organization) -> bool:
    """Set what an adoption of the organisation leaves to the unit, and attach its document."""
    return holds(user, organization.path, (Role.BRANCH_SECRETARY, Role.STREET_STAFF))
