"""The home page: what is due today, then the state of the round."""

import datetime

from django.db.models import Exists, OuterRef, Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from evaluations.course import progress_of
from evaluations.models import Result, Round
from members.expected import asking_for
from members.models import Activity, Attendance, LeaveRequest, Member
from reports.tasks import tasks_of
from scoring.engine import Period

UPCOMING = datetime.timedelta(days=31)
LISTED = 3


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Today's tasks of the user's roles; for a member the own result."""
    user = request.user
    round_ = Round.objects.visible_to(user).select_related("organization").first()
    context = {
        "tasks": tasks_of(user),
        "today": timezone.localdate(),
        "round": round_,
        "period": Period.parse(round_.period) if round_ else None,
        "results": None,
        "own": None,
        "upcoming": upcoming(user.member) if user.member_id else [],
    }
    if round_:
        context["results"] = round_summary(round_, user)
        context["stages"] = progress_of(round_)
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
    asked = LeaveRequest.objects.filter(member=member).exclude(state=LeaveRequest.State.WITHDRAWN).order_by("pk")
    found = list(coming.prefetch_related(Prefetch("leave_requests", asked, to_attr="own_requests"))[:LISTED])
    for activity in found:
        activity.leave = activity.own_requests[-1] if activity.own_requests else None
    return found


def round_summary(round_: Round, user) -> dict:
    """Of the results that the user may see: how many, how many incomplete and who, how many by grade."""
    rows = list(round_.results.visible_to(user).values_list("status", "grade", "member", "member__name"))
    scored = [row for row in rows if row[0] == Result.Status.SCORED]
    excellent = sum(row[1] == "excellent" for row in scored)
    return {
        "people": len(rows),
        "scored": len(scored),
        "excellent": excellent,
        "excellent_percent": round(100 * excellent / len(scored)) if scored else 0,
        "incomplete": [(row[2], row[3]) for row in rows if row[0] == Result.Status.INCOMPLETE],
    }
