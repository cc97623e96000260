"""Leave (请假): asking for it, one's own requests, and deciding on those of others."""

import datetime

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Case, Exists, OuterRef, Q, When
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from members import permissions, services
from members.expected import asking_for
from members.forms.leave import LeaveDecisionForm, LeaveForm
from members.models import Activity, Attendance, LeaveRequest, Member
from members.services.leave import AFTERWARDS, MISSED, may_ask

AHEAD = datetime.timedelta(days=92)
SHOWN = 50


def activities_to_ask_for(member: Member):
    """Activities of these weeks from which the member may still ask for leave, the latest first; `is_over` as far as known.

    What is on record of the member ends it, unless that is an absence.
    """
    now = timezone.localtime()
    today = now.date()
    asked = LeaveRequest.objects.filter(member=member, state__in=("waiting", "approved"), activity=OuterRef("pk"))
    recorded = Attendance.objects.filter(member=member, activity=OuterRef("pk"))
    settled = recorded.exclude(status__in=MISSED)
    near = Activity.objects.expecting(member).filter(asking_for(member))
    near = near.in_period(today - AFTERWARDS, today + AHEAD)
    over = Q(date__lt=today) | Q(date=today, starts_at__lt=now.time()) | Exists(recorded)
    near = near.exclude(Exists(asked)).exclude(Exists(settled)).annotate(is_over=Case(When(over, True), default=False))
    return near.select_related("organization").order_by("-date", "pk")


@require_safe
def leave(request: HttpRequest) -> HttpResponse:
    """The user's own requests and what may be asked for; for whoever keeps attendance, what waits and what was decided."""
    member = request.user.member
    keeps = permissions.can_add_activities(request.user)
    if not member and not keeps:
        raise PermissionDenied
    related = ("activity__organization", "member", "decided_by")
    seen = LeaveRequest.objects.visible_to(request.user).with_settled().select_related(*related)
    of_others = seen.exclude(member=member) if member else seen
    context = {
        "keeps": keeps,
        "waiting": LeaveRequest.objects.to_decide_by(request.user).select_related(*related).order_by("asked_at"),
        "decided": of_others.exclude(state=LeaveRequest.State.WAITING, is_settled=False)[:SHOWN] if keeps else [],
        "own": seen.filter(member=member)[:SHOWN] if member else [],
        "activities": activities_to_ask_for(member)[:SHOWN] if member else [],
        "is_member": bool(member),
    }
    return render(request, "members/leave/leave.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def ask_leave(request: HttpRequest, pk: int) -> HttpResponse:
    """A member asks to be excused from an activity that he or she is expected at."""
    member = request.user.member
    if member is None:
        raise Http404
    event = get_object_or_404(Activity.objects.expecting(member).select_related("organization"), pk=pk)
    form = LeaveForm(request.POST or None, instance=LeaveRequest(activity=event, member=member))
    why_not = ""
    try:
        may_ask(event, member)
        if form.is_valid():
            asked = services.ask_leave(form.save(commit=False), actor=request.user)
            messages.success(request, f"已申请「{event}」请{asked.get_kind_display()},等书记批。批了会写在这里。")
            return redirect("members:leave")
    except ValidationError as error:
        why_not = " ".join(error.messages)
    status = 409 if why_not and request.method == "POST" else 200
    context = {"form": form, "activity": event, "why_not": why_not}
    return render(request, "members/leave/ask.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def leave_request(request: HttpRequest, pk: int) -> HttpResponse:
    """One request; whoever keeps the attendance decides on it here."""
    related = ("activity__organization", "member", "decided_by", "asked_by")
    seen = LeaveRequest.objects.visible_to(request.user).with_settled()
    asked = get_object_or_404(seen.select_related(*related), pk=pk)
    may_decide = permissions.can_decide_leave(request.user, asked)
    if request.method == "POST" and not may_decide:
        raise PermissionDenied
    form = LeaveDecisionForm(request.POST or None)
    status = 200
    if form.is_valid():
        approved = "approve" in request.POST
        try:
            services.decide_leave(asked, approved=approved, answer=form.cleaned_data["answer"], actor=request.user)
        except ValidationError as error:
            form.add_error("answer" if asked.is_waiting and not approved else None, error)
            status = 409
        else:
            done = "已准假,考勤里写为" if approved else "没有准假:"
            messages.success(request, f"{asked.member}「{asked.activity}」{done}{asked.get_kind_display()}。")
            return redirect("members:leave")
    context = {
        "asked": asked,
        "form": form,
        "may_decide": may_decide and asked.is_waiting and not asked.is_left_over,
        "is_own": asked.member_id == request.user.member_id,
        "mark": asked.activity.attendances.filter(member=asked.member).first(),
    }
    return render(request, "members/leave/request.html", context, status=status)


@require_POST
def withdraw_leave(request: HttpRequest, pk: int) -> HttpResponse:
    """The member takes an undecided request back."""
    asked = get_object_or_404(LeaveRequest.objects.visible_to(request.user), pk=pk)
    if asked.member_id != request.user.member_id:
        raise PermissionDenied
    try:
        services.withdraw_leave(asked)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, "请假已撤回。")
    return redirect("members:leave")
