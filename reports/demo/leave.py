"""Leave that the demo's members have asked for: granted and refused for what is past, waiting for what is to come."""

import datetime

from members.expected import asking_for
from members.models import Activity, AttendanceStatus, LeaveKind, LeaveRequest
from reports.demo.merits import moment
from reports.demo.people import Person, Population

DAY = datetime.timedelta(1)
STATE = LeaveRequest.State
REASONS = {
    LeaveKind.PERSONAL: "老家有事,要回去两天",
    LeaveKind.SICK: "去医院复查,约的是这一天",
    LeaveKind.OFFICIAL: "单位派出差,有通知",
}
REFUSED = "这几次到的人少,请尽量到会;有急事的,会后先走。"
GRANTED = 2  # of the member's last leaves


def ask_for_leave(town: Population, today: datetime.date) -> None:
    """The member was on leave with the secretary's word; the group's leader was once refused and came; both ask again."""
    member, leader = town.cast["member"], town.leader(town.branches[0], 0)
    been = member.member.attendances.filter(status__in=LeaveKind.values).select_related("activity")
    for mark in been.order_by("-activity__date", "-activity__pk")[:GRANTED]:
        _ask(town, member, mark.activity, mark.status, today, state=STATE.APPROVED)
    came = leader.member.attendances.filter(status=AttendanceStatus.PRESENT).select_related("activity")
    latest = came.order_by("-activity__date", "-activity__pk").first()
    _ask(town, leader, latest.activity, LeaveKind.PERSONAL, today, state=STATE.REFUSED, answer=REFUSED)
    for person, kind in ((member, LeaveKind.OFFICIAL), (leader, LeaveKind.SICK)):
        coming = Activity.objects.expecting(person.member).filter(asking_for(person.member), date__gt=today)
        following = coming.order_by("date", "pk").first()
        if following:
            _ask(town, person, following, kind, today)


def _ask(
    town: Population,
    person: Person,
    activity: Activity,
    kind: str,
    today: datetime.date,
    *,
    state=STATE.WAITING,
    answer="",
) -> None:
    """A request from the days before the activity; decided by the secretary the next morning."""
    decided = state != STATE.WAITING
    day = activity.date - 2 * DAY if decided else today - DAY
    asked = LeaveRequest.objects.create(
        activity=activity,
        member=person.member,
        kind=kind,
        reason=REASONS[kind],
        state=state,
        asked_by=person.user,
        decided_by=town.users["shuji"] if decided else None,
        decided_at=moment(day + DAY, 8) if decided else None,
        answer=answer,
    )
    LeaveRequest.objects.filter(pk=asked.pk).update(asked_at=moment(day, 20))
