"""The home page: what is due today, then the state of the round."""

import datetime

from django.db.models import Exists, OuterRef, Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from evaluations.models import Result
from members.expected import asking_for
from members.models import Activity, Attendance, LeaveRequest, Member
from members.querysets import READING_ROLES, paths_of
from reports.standings import rounds_for
from reports.tasks import tasks_of
from scoring.engine import Period

UPCOMING = datetime.timedelta(days=31)
LISTED = 3


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Today's tasks of the user's roles; for a member the own result."""
    user = request.user
    rounds, more = rounds_for(user)
    context = {
        "tasks": tasks_of(user),
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
