"""Who is expected at an activity, and what its grid shows of them before anybody has marked them."""

import datetime
from collections import defaultdict
from collections.abc import Iterable

from django.db.models import Q

from members.models import (
    Activity,
    ActivityKind,
    Attendance,
    AttendanceStatus,
    Exemption,
    LeaveRequest,
    Member,
    Membership,
    Mobility,
    Position,
    PositionTitle,
)
from members.models.organizations import BRANCH_KINDS
from members.querysets import in_subtrees

COMMITTEE_TITLES = (
    PositionTitle.SECRETARY,
    PositionTitle.DEPUTY_SECRETARY,
    PositionTitle.COMMITTEE_MEMBER,
    PositionTitle.DISCIPLINE_MEMBER,
)


def committee_of(activity: Activity):
    """Posts on the committee of the activity's organisation, or of the branch that it is a group of, on the day."""
    place = activity.organization
    above = Q(organization__path__in=place.lineage, organization__kind__in=BRANCH_KINDS)
    return Position.objects.on(activity.date).filter(Q(organization=place) | above, title__in=COMMITTEE_TITLES)


def asking_for(member: Member) -> Q:
    """The condition of activities that ask for the member to come: a committee's meetings only of who is on it that day."""
    on_committee = Q(pk__in=[])
    for post in Position.objects.filter(member=member, title__in=COMMITTEE_TITLES).select_related("organization"):
        place = post.organization
        there = Q(organization__path__startswith=place.path) if place.kind in BRANCH_KINDS else Q(organization=place)
        on_committee |= there & Q(date__range=(post.starts_on, post.ends_on or datetime.date.max))
    return ~Q(kind=ActivityKind.COMMITTEE_MEETING) | on_committee


def unrecorded(activities: Iterable[Activity]) -> dict[int, int]:
    """How many who belonged there on the day have no attendance on record, by activity id; two queries for them all.

    activities: with their organisations. Laid together here: the database would look through all memberships for each.
    """
    activities = list(activities)
    if not activities:
        return {}
    recorded, belonging = defaultdict(set), defaultdict(list)
    for activity, member in Attendance.objects.filter(activity__in=activities).values_list("activity", "member"):
        recorded[activity].add(member)
    days = [activity.date for activity in activities]
    places = in_subtrees({activity.organization.path for activity in activities}, "organization__path")
    there = Membership.objects.during(min(days), max(days)).filter(places)
    for path, *membership in there.values_list("organization__path", "member", "starts_on", "ends_on"):
        belonging[path].append(membership)

    def missing(activity: Activity) -> int:
        there = {
            member
            for path, memberships in belonging.items()
            if path.startswith(activity.organization.path)
            for member, first, last in memberships
            if first <= activity.date <= (last or activity.date)
        }
        return len(there - recorded[activity.pk])

    return {activity.pk: missing(activity) for activity in activities}


def exempt_from(activity: Activity, members: list[Member]) -> set[int]:
    """Ids of those whom a resolution exempts on the day."""
    ids = [member.pk for member in members]
    return set(Exemption.objects.on(activity.date).filter(member__in=ids).values_list("member_id", flat=True))


def at_first(activity: Activity, members: list[Member], exempt: set[int]) -> dict[int, str]:
    """Status of each member until one is recorded, by id: on approved leave, not required, or else present.

    members: with their states on the activity's day (`with_states`).
    """
    needed = {member.pk for member in members if member.mobility_then != Mobility.ABROAD} - exempt
    if activity.kind == ActivityKind.COMMITTEE_MEETING:
        needed &= set(committee_of(activity).values_list("member_id", flat=True))
    statuses = {
        member.pk: AttendanceStatus.PRESENT if member.pk in needed else AttendanceStatus.NOT_REQUIRED
        for member in members
    }
    granted = activity.leave_requests.filter(state=LeaveRequest.State.APPROVED).values_list("member_id", "kind")
    return statuses | {member: kind for member, kind in granted if member in needed}


def first_status(activity: Activity, member: Member) -> str:
    """The same of one member."""
    then = list(Member.objects.filter(pk=member.pk).with_states(activity.date))
    return at_first(activity, then, exempt_from(activity, then))[member.pk]
