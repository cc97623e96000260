"""What waits for a user today: one line and one button each."""

from members.models import Role, User
from members.permissions import RECORD_ROLES
from reports.tasks import courses, records
from reports.tasks.task import Task
from scoring.permissions import BRANCH_ROLES


def tasks_of(user: User) -> list[Task]:
    """Tasks of all the user's roles, most urgent first; empty when nothing waits."""
    kept = records.branches_of(user, RECORD_ROLES)
    return [
        *records.roster(user),
        *courses.ballots(user),
        *records.leave(user),
        *records.attendance(user),
        *records.dues(kept),
        *records.unrecorded(kept),
        *records.arrears(kept),
        *courses.alerts(user),
        *records.visits(kept),
        *records.reports(kept),
        *records.probation(user),
        *courses.asked(user),
        *courses.first_checks(user),
        *courses.entries(user, "审核申报", *BRANCH_ROLES),
        *courses.entries(user, "审批加分和扣分", Role.STREET_STAFF),
        *courses.entries(user, "审批纪律条款", Role.DISCIPLINE_OFFICE),
        *courses.drafts(user),
        *courses.objections(user),
        *courses.months(user),
        *courses.appraisals(user),
        *courses.assessments(user),
        *courses.rounds(user),
        *courses.decisions(user),
        *courses.steps(user),
        *courses.own_measures(user),
        *courses.appeals(user),
        *records.oversight(user),
        *courses.settled_lately(user),
        *records.first_passwords(user),
    ]
