"""Who may do what: one question a function, answered from the role assignments of today."""

import datetime

from django.utils import timezone

from members.models import LeaveRequest, Member, Organization, Role, RoleAssignment, User
from members.querysets import ATTENDANCE_ROLES, READING_ROLES, paths_of

RECORD_ROLES = (Role.BRANCH_SECRETARY, Role.STREET_STAFF)
ORGANIZATION_ROLES = (Role.ADMINISTRATOR, Role.STREET_STAFF)


def holds(user: User, path: str, roles: tuple[str, ...]) -> bool:
    """True if the user holds one of `roles` at, or above, the organisation with this tree path."""
    return any(path.startswith(assigned) for assigned in paths_of(user, roles))


def can_read_records(user: User) -> bool:
    """Lists of members, activities and dues. A plain member reads his or her own record only."""
    return bool(paths_of(user, READING_ROLES))


def can_add_activities(user: User) -> bool:
    return bool(paths_of(user, ATTENDANCE_ROLES))


def can_record_attendance(user: User, organization: Organization) -> bool:
    return holds(user, organization.path, ATTENDANCE_ROLES)


def can_decide_leave(user: User, request: LeaveRequest) -> bool:
    """Whoever keeps the attendance of the activity, but never on the own leave."""
    own = request.member_id == user.member_id or request.asked_by_id == user.pk
    return not own and can_record_attendance(user, request.activity.organization)


def can_record_dues(user: User, organization: Organization) -> bool:
    return holds(user, organization.path, RECORD_ROLES)


def can_keep_dues_bases(user: User) -> bool:
    """Somewhere: what dues go by, the pay included, is shown for organisations whose records the user keeps."""
    return bool(paths_of(user, RECORD_ROLES))


def can_see_pay(user: User, member: Member) -> bool:
    """The pay that a member's dues go by: who keeps the record, and the member. `member` comes from `with_branch()`."""
    return user.member_id == member.pk or holds(user, member.branch_path or "", RECORD_ROLES)


def can_record_visits(user: User, organization: Organization) -> bool:
    return holds(user, organization.path, RECORD_ROLES)


def can_record_reports(user: User, organization: Organization) -> bool:
    """Reports of members who are away."""
    return holds(user, organization.path, RECORD_ROLES)


def can_edit_members(user: User, organization: Organization) -> bool:
    return holds(user, organization.path, RECORD_ROLES)


def can_add_members(user: User) -> bool:
    """Somewhere: the form offers only organisations whose roster the user keeps."""
    return bool(paths_of(user, RECORD_ROLES))


def can_import_members(user: User) -> bool:
    """Somewhere: every row is checked against the organisations whose roster the user keeps."""
    return bool(paths_of(user, RECORD_ROLES))


def can_undo_transfer(user: User, member: Member) -> bool:
    """Whoever keeps the rosters of both branches takes the last transfer back."""
    last = member.last_transfer
    return last is not None and all(can_edit_members(user, place.organization) for place in last)


def keeps_last_roster(user: User, member: Member) -> bool:
    """The roster that the member is on, or was on last."""
    last = next(iter(member.places), None)
    return last is not None and can_edit_members(user, last.organization)


def can_end_roles_of(user: User, member: Member) -> bool:
    """Take the roles of a member's account away with the roster: those where the user keeps the records; never one's own."""
    if user.member_id == member.pk:
        return False
    not_over = RoleAssignment.objects.during(timezone.localdate(), datetime.date.max)
    roles = not_over.filter(user__member=member).select_related("organization")
    return all(holds(user, role.organization.path, RECORD_ROLES) for role in roles)


def can_manage_organizations(user: User, organization: Organization) -> bool:
    return holds(user, organization.path, ORGANIZATION_ROLES)


def can_keep_accounts(user: User) -> bool:
    """Somewhere. Whose: `accounts_kept_by(user)`; never one's own."""
    return bool(paths_of(user, (Role.ADMINISTRATOR,)))


def can_see_numbers(user: User, member: Member) -> bool:
    """ID and phone numbers in full. `member` comes from `with_branch()`."""
    return holds(user, member.branch_path or "", RECORD_ROLES)


def can_see_masked_numbers(user: User, member: Member) -> bool:
    """ID and phone numbers with the middle left out: readers of the record, but no auditor; and the member."""
    readers = tuple(role for role in READING_ROLES if role != Role.AUDITOR)
    return user.member_id == member.pk or holds(user, member.branch_path or "", readers)
