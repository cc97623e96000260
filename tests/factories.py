"""Dull makers of the few people and places that recur in the tests."""

import datetime
import itertools
from decimal import Decimal

from django.utils import timezone

from evaluations import services
from evaluations.models import Appraisal, BallotCount, Candidate
from members.models import (
    Activity,
    Attendance,
    DuesBase,
    DuesMonth,
    DuesPayment,
    Member,
    Membership,
    Organization,
    Role,
    RoleAssignment,
    User,
)
from scoring.models import Entry
from tests.lifting import lifted

LONG_AGO = datetime.date(2000, 1, 1)
PASSWORD = "a long enough passphrase"
_numbers = itertools.count(1)


def organization(name: str, kind: str = "branch", parent: Organization | None = None) -> Organization:
    fields = {"name": name, "kind": kind}
    nodes = Organization.objects
    return nodes.add_child(parent, fields) if parent else nodes.add_root(fields)


def member(name: str, branch: Organization, **fields) -> Member:
    number = next(_numbers)
    fields = {"number": f"T{number:04}", "gender": "m", "born": datetime.date(1970, 1, 1), **fields}
    person = Member.objects.create(name=name, **fields)
    Membership.objects.create(member=person, organization=branch, starts_on=LONG_AGO)
    return person


def user(name: str, role: str | None = None, place: Organization | None = None, **fields) -> User:
    account = User(username=f"user{next(_numbers)}", name=name, must_change_password=False, **fields)
    account.set_password(PASSWORD)
    account.save()
    if role:
        RoleAssignment.objects.create(user=account, role=role, organization=place, starts_on=LONG_AGO)
    return account


def member_user(person: Member, branch: Organization) -> User:
    return user(person.name, Role.MEMBER, branch, member=person)


def activity(branch: Organization, by: User, date: datetime.date, kind: str = "study", title: str = "学习") -> Activity:
    return Activity.objects.create(organization=branch, kind=kind, title=title, date=date, created_by=by)


def attendance(event: Activity, person: Member, status: str, by: User) -> Attendance:
    return Attendance.objects.create(activity=event, member=person, status=status, recorded_by=by)


def dues(person: Member, month: datetime.date, by: User, due=10, paid=None, paid_on=None) -> DuesMonth:
    owed = DuesMonth.objects.create(member=person, month=month, due_yuan=Decimal(due), recorded_by=by)
    if paid:
        DuesPayment.objects.create(dues_month=owed, amount_yuan=Decimal(paid), paid_on=paid_on, recorded_by=by)
    return owed


def base(person: Member, month: datetime.date, kind: str, pay="", fixed=None, *, by: User) -> DuesBase:
    return DuesBase.objects.create(
        member=person, month=month, kind=kind, pay=pay, fixed_yuan=fixed and Decimal(fixed), recorded_by=by
    )


def entry(person: Member, item: str, **fields) -> Entry:
    return Entry.objects.create(member=person, item=item, **fields)


GROUPS = {"committee": 3000, "members_residents": 4000, "household_reps": 3000}  # of community-half-year


def closed_appraisal(branch: Organization, period: str, counts: dict[Member, dict[int, int]]) -> Appraisal:
    """An appraisal that is over; every group gave each member so many ballots of each score."""
    appraisal = open_appraisal(branch, period, counts)
    appraisal.status, appraisal.closed_at = Appraisal.Status.CLOSED, timezone.now()
    appraisal.save(update_fields=["status", "closed_at"])
    return appraisal


def open_appraisal(branch: Organization, period: str, counts: dict[Member, dict[int, int]]) -> Appraisal:
    """An appraisal that runs, in the place of one that there may be."""
    earlier = Appraisal.objects.filter(organization=branch, period=period)
    if earlier.exists():
        with lifted():
            earlier.delete()
    appraisal = Appraisal.objects.create(organization=branch, period=period, status=Appraisal.Status.OPEN)
    Candidate.objects.bulk_create(Candidate(appraisal=appraisal, member=person) for person in counts)
    for code, weight in GROUPS.items():
        group = appraisal.groups.create(code=code, title=code, weight_parts=weight)
        BallotCount.objects.bulk_create(
            BallotCount(group=group, member=person, score=Decimal(score), count=count)
            for person, scores in counts.items()
            for score, count in scores.items()
        )
    return appraisal


def reviewed(round_):
    """The round with every branch's part confirmed, by somebody who holds the office there."""
    for part in round_.branches.to_review().select_related("organization"):
        place = part.organization
        secretary = user(f"{place}书记", Role.BRANCH_SECRETARY, place)
        services.review_branch(round_, place, actor=secretary)
        RoleAssignment.objects.filter(user=secretary).delete()
    round_.refresh_from_db()
    return round_


def published(round_, by: User):
    """The computed round, reviewed and published."""
    return services.publish_round(reviewed(round_), actor=by)


def approved(round_, by: User):
    """The computed round, published by somebody else and, its window over, approved."""
    street = round_.organization
    published(round_, user("公示经办人", Role.STREET_STAFF, street))
    window_over(round_)
    return services.approve_round(round_, actor=by)


def closed(round_, by: User):
    """The computed round, taken through its whole course."""
    return services.close_round(approved(round_, by), actor=by)


def window_over(round_) -> None:
    """Yesterday was the last day for objections."""
    yesterday = timezone.localdate() - datetime.timedelta(days=1)
    type(round_).objects.filter(pk=round_.pk).update(objections_until=yesterday)


def reopened(round_):
    """The closed round, reopened at the request of one person by another."""
    one, other = (user(name, Role.STREET_STAFF, round_.organization) for name in ("申请人", "确认人"))
    services.ask_to_reopen(round_, reason="补登记", actor=one)
    return services.answer_reopening(round_, agreed=True, actor=other)
