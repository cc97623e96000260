"""The home page: what is due today, then the state of the round."""

import datetime

from django.db.models import Exists, OuterRef, Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from evaluations.models import Result
from members.expected import asking_for
from members.models import Activity, Attendance, LeaveRequest, Member, Role
from members.querysets import READING_ROLES, paths_of
from reports.context_processors import leading
from reports.standings import rounds_for
from reports.tasks import tasks_of
from scoring.engine import Period

# What an empty list of tasks says will stand in it, by the role that the user is shown by.
TO_COME = {
    Role.MEMBER: "要您参加的评议、要您答复的问题、与您有关的事项",
    Role.GROUP_LEADER: "没登记的考勤、待批的请假、要您初核的申报",
    Role.BRANCH_SECRETARY: "没登记的考勤和党费、等您审核的记录、到期的考核",
    Role.GENERAL_BRANCH: "各支部没登记的考勤、没缴清的党费、要办理的民主评议",
    Role.STREET_STAFF: "等您审批的加分和扣分、要核对的申诉、到期的考核",
    Role.DISCIPLINE_OFFICE: "等您审批的纪律条款、要核对的申诉、要打分的考评",
    Role.AUDITOR: "一个月里办结或者重新打开的考核",
    Role.ADMINISTRATOR: "初始密码还没有改的账号",
}
UPCOMING = datetime.timedelta(days=31)
LISTED = 3


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Today's tasks of the user's roles; for a member the own result."""
    user = request.user
    rounds, more = rounds_for(user)
    context = {
        "tasks": tasks_of(user),
        "to_come": TO_COME[first.role if (first := leading(user)) else Role.MEMBER],
        "today": timezone.localdate(),
        "rounds": rounds,
        "more_rounds": more,
        "reads_rounds": bool(paths_of(user, READING_ROLES)),
        "own": None,
        "upcoming": upcoming(user.member) if user.member_id else [],
    }
    if user.member_id:
        own = Result.objects.of(user.member).select_related("round", "member").prefetch_related("branch__version")
        context["own"] = own.order_by("-round__period").first()
        if context["own"]:
            context["own_period"] = Period.parse(context["own"].round.period)
    return render(request, "reports/home.html", context)


def upcoming(member: Member) -> list[Activity]:
    """The next activities that the member is expected at, each with the own request for leave as `leave`."""
    now = timezone.localtime()
    today = now.date()
    coming = Activity.objects.expecting(member).filter(asking_for(member))
    coming = coming.in_period(today, today + UPCOMING).order_by("date", "starts_at", "pk")
    recorded = Attendance.objects.filter(member=member, activity=OuterRef("pk"))
    coming = coming.exclude(date=today, starts_at__lt=now.time()).exclude(Exists(recorded))
    asked = LeaveRequest.objects.filter(member=member).exclude(state=LeaveRequest.State.WITHDRAWN)
    asked = asked.with_settled().order_by("pk")
    found = list(coming.prefetch_related(Prefetch("leave_requests", asked, to_attr="own_requests"))[:LISTED])
    for activity in found:
        activity.leave = activity.own_requests[-1] if activity.own_requests else None
    return found
