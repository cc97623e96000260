"""Who is who, where, since when; and the facts of everyday life."""

from .accounts import Role, RoleAssignment, User
from .activities import Activity, ActivityKind, Attendance, AttendanceStatus, LeaveKind, LeaveRequest
from .dues import DuesMonth, DuesPayment, DuesReceipt
from .dues_base import DuesBase, DuesKind
from .history import FactChange, FactKind
from .migrants import MigrantReport
from .minutes import Minutes, MinutesFile
from .organizations import KINDS_BELOW, ClosedPeriod, Organization, OrganizationKind, Oversight
from .people import (
    Exemption,
    Member,
    MemberCategory,
    Membership,
    MemberStatus,
    Mobility,
    MobilityChange,
    Position,
    PositionTitle,
)
from .visits import VisitMonth

__all__ = [
    "KINDS_BELOW",
    "Activity",
    "ActivityKind",
    "Attendance",
    "AttendanceStatus",
    "ClosedPeriod",
    "DuesBase",
    "DuesKind",
    "DuesMonth",
    "DuesPayment",
    "DuesReceipt",
    "Exemption",
    "FactChange",
    "FactKind",
    "LeaveKind",
    "LeaveRequest",
    "Member",
    "MemberCategory",
    "MemberStatus",
    "Membership",
    "MigrantReport",
    "Minutes",
    "MinutesFile",
    "Mobility",
    "MobilityChange",
    "Organization",
    "OrganizationKind",
    "Oversight",
    "Position",
    "PositionTitle",
    "Role",
    "RoleAssignment",
    "User",
    "VisitMonth",
]
