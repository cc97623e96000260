"""A street whose members have 50 facts each in one half-year, written in bulk. Dull on purpose: all by counting."""

import datetime
from decimal import Decimal

from django.utils import timezone

from evaluations.models import Appraisal, AppraisalGroup, BallotCount, Round
from evaluations.services import open_round
from members.models import (
    Activity,
    Attendance,
    DuesMonth,
    DuesPayment,
    Member,
    Membership,
    Organization,
    Role,
    RoleAssignment,
    User,
)
from scoring.engine import Period
from scoring.models import Adoption, Entry, SchemeVersion
from scoring.schemes_services import draft_version
from scoring.services import install_schemes

PERIOD = Period.parse("2025H1")
ACTIVITIES, ENTRIES = 30, 2
STATUSES = ("present",) * 8 + ("late", "personal_leave")
ITEMS = ("bonus.public_good", "duties_basic.unfinished")
SCORES = (Decimal(95), Decimal(80))
CHUNK = 2000


def build(communities: int, branches_each: int, members_each: int) -> Round:
    """Everything stored; the street's open round. So many communities, branches of each, members of each branch."""
    actor = User.objects.create(username="bench", name="bench")
    street = Organization.objects.add_root({"name": "测试街道党工委", "kind": "committee"})
    RoleAssignment.objects.create(user=actor, role=Role.STREET_STAFF, organization=street)
    version = next(version for version in install_schemes() if version.code == "community-half-year")
    Adoption.objects.create(organization=street, version=version, starts_on=datetime.date(2024, 1, 1))
    branches = []
    for number in range(communities):
        fields = {"name": f"第 {number} 社区党总支", "kind": "general_branch"}
        community = Organization.objects.add_child(street, fields)
        for part in range(branches_each):
            branches.append(
                Organization.objects.add_child(community, {"name": f"第 {number}-{part} 党支部", "kind": "branch"})
            )
    members = Member.objects.bulk_create(
        (
            Member(
                number=f"B{number:05}", name=f"党员{number}", initials="dy", gender="m", born=datetime.date(1970, 1, 1)
            )
            for number in range(len(branches) * members_each)
        ),
        batch_size=CHUNK,
    )
    Membership.objects.bulk_create(
        (
            Membership(
                member=member, organization=branches[number // members_each], starts_on=datetime.date(2010, 1, 1)
            )
            for number, member in enumerate(members)
        ),
        batch_size=CHUNK,
    )
    add_attendance(branches, members, actor)
    add_dues(members, actor)
    add_entries(members, version, actor)
    add_ballots(branches, members, version)
    return open_round(street, PERIOD, "community-half-year")


def add_attendance(branches: list[Organization], members: list[Member], actor: User) -> None:
    """Thirty records a member."""
    members_each = len(members) // len(branches)
    days = [PERIOD.starts_on + datetime.timedelta(6 * number) for number in range(ACTIVITIES)]
    held = Activity.objects.bulk_create(
        Activity(organization=branch, kind="study", title=f"学习 {number}", date=day, created_by=actor)
        for branch in branches
        for number, day in enumerate(days)
    )
    Attendance.objects.bulk_create(
        (
            Attendance(
                activity=held[number // members_each * ACTIVITIES + turn],
                member=member,
                status=STATUSES[(number * 7 + turn * 3) % len(STATUSES)],
                recorded_by=actor,
            )
            for number, member in enumerate(members)
            for turn in range(ACTIVITIES)
        ),
        batch_size=CHUNK,
    )


def add_dues(members: list[Member], actor: User) -> None:
    """Six months a member, each with a payment, some of them late."""
    months = DuesMonth.objects.bulk_create(
        (
            DuesMonth(member=member, month=month, due_yuan=Decimal(10), recorded_by=actor)
            for member in members
            for month in PERIOD.months
        ),
        batch_size=CHUNK,
    )
    DuesPayment.objects.bulk_create(
        (
            DuesPayment(
                dues_month=owed,
                amount_yuan=Decimal(10),
                paid_on=owed.month + datetime.timedelta(10 + 40 * (number % 17 == 0)),
                recorded_by=actor,
            )
            for number, owed in enumerate(months)
        ),
        batch_size=CHUNK,
    )


def add_entries(members: list[Member], version, actor: User) -> None:
    """Two a member: a merit and a fault."""
    Entry.objects.bulk_create(
        (
            Entry(
                member=member,
                version=version,
                item=ITEMS[turn],
                date=PERIOD.starts_on + datetime.timedelta(number % 170),
                note="测试",
                status="approved",
                declared_by=actor,
            )
            for number, member in enumerate(members)
            for turn in range(ENTRIES)
        ),
        batch_size=CHUNK,
    )


def add_ballots(branches: list[Organization], members: list[Member], version) -> None:
    """Counters of three groups with two scores each: six a member."""
    members_each = len(members) // len(branches)
    appraisals = Appraisal.objects.bulk_create(
        Appraisal(organization=branch, period=PERIOD.code, status="open") for branch in branches
    )
    groups = AppraisalGroup.objects.bulk_create(
        AppraisalGroup(appraisal=appraisal, code=group.code, title=group.title, weight_parts=group.weight_parts)
        for appraisal in appraisals
        for group in version.scheme.groups
    )
    BallotCount.objects.bulk_create(
        (
            BallotCount(
                group=groups[number // members_each * 3 + turn], member=member, score=score, count=5 + number % 9
            )
            for number, member in enumerate(members)
            for turn in range(3)
            for score in SCORES
        ),
        batch_size=CHUNK,
    )
    Appraisal.objects.update(status="closed", closed_at=timezone.now())  # the database takes no ballot afterwards


def stricter() -> tuple[SchemeVersion, User]:
    """A draft under which coming late costs nine points instead of four, and its author."""
    actor = User.objects.get(username="bench")
    version = SchemeVersion.objects.latest_of("community-half-year")
    definition = version.definition.replace("late: -4", "late: -9")
    return draft_version(version, definition, version.text, "", actor=actor), actor


def facts() -> dict[str, int]:
    """How many rows of each kind are scored."""
    models = (Attendance, DuesMonth, DuesPayment, Entry, BallotCount)
    return {model._meta.model_name: model.objects.count() for model in models}
