"""Writes: each refuses settled periods; what concerns a member says who with `actor=`, and leaves a trace in the history."""

from .activities import check_deletion, delete_activity, save_activity
from .attendance import AttendanceClash, check_in, record_all, record_attendance, withdraw_attendance
from .departures import check_departure, check_readmission, end_membership, readmit_member
from .dues import (
    DuesClash,
    DuesLine,
    RecordedDues,
    check_dues,
    correct_payment,
    record_dues,
    withdraw_payment,
    withdraw_receipt,
)
from .dues_bases import BaseClash, BaseLine, record_bases
from .leave import ask_leave, decide_leave, grant_leave, withdraw_leave
from .migrants import ReportClash, ReportLine, record_reports
from .minutes import write_minutes
from .organizations import add_organization, change_organization, load_organizations
from .people import (
    add_exemption,
    add_member,
    check_transfer,
    edit_member,
    remove_exemption,
    transfer_member,
    undo_transfer,
)
from .periods import require_day_open, require_members_open, require_open, settle
from .positions import add_position, check_withdrawal, end_position, held_posts, withdraw_position
from .states import (
    carry_states,
    change_mobility,
    convert_member,
    correct_mobility,
    extend_probation,
    join_party,
    undo_mobility,
)
from .visits import VisitClash, VisitLine, record_visits

__all__ = [
    "AttendanceClash",
    "BaseClash",
    "BaseLine",
    "DuesClash",
    "DuesLine",
    "RecordedDues",
    "ReportClash",
    "ReportLine",
    "VisitClash",
    "VisitLine",
    "add_exemption",
    "add_member",
    "add_organization",
    "add_position",
    "ask_leave",
    "carry_states",
    "change_mobility",
    "change_organization",
    "check_deletion",
    "check_departure",
    "check_dues",
    "check_in",
    "check_readmission",
    "check_transfer",
    "check_withdrawal",
    "convert_member",
    "correct_mobility",
    "correct_payment",
    "decide_leave",
    "delete_activity",
    "edit_member",
    "end_membership",
    "end_position",
    "extend_probation",
    "grant_leave",
    "held_posts",
    "join_party",
    "load_organizations",
    "readmit_member",
    "record_all",
    "record_attendance",
    "record_bases",
    "record_dues",
    "record_reports",
    "record_visits",
    "remove_exemption",
    "require_day_open",
    "require_members_open",
    "require_open",
    "save_activity",
    "settle",
    "transfer_member",
    "undo_mobility",
    "undo_transfer",
    "withdraw_attendance",
    "withdraw_leave",
    "withdraw_payment",
    "withdraw_position",
    "withdraw_receipt",
    "write_minutes",
]
