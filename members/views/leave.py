"""Leave (请假): asking for it, one's own requests, and deciding on those of others."""

import datetime

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Case, Exists, OuterRef, Q, QuerySet, When
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from members import permissions, services
from members.expected import asking_for
from members.forms.leave import LeaveDecisionForm, LeaveFilter, LeaveForm
from members.lists import list_page
from members.models import Activity, Attendance, LeaveRequest, Member, User
from members.numbers import whole
from members.services.leave import AFTERWARDS, MISSED, MOST_AT_ONCE, may_ask
from members.tables import LeaveTable, OwnLeaveTable

AHEAD = datetime.timedelta(days=92)
RELATED = ("activity__organization", "member", "decided_by")


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


def seen_by(user: User) -> QuerySet[LeaveRequest]:
    """The requests that the user may read, with what pages show of them."""
    return LeaveRequest.objects.visible_to(user).with_settled().select_related(*RELATED)


@require_safe
def leave(request: HttpRequest) -> HttpResponse:
    """What may be asked for and the user's own requests; for whoever keeps attendance, what has waited longest."""
    member = request.user.member
    keeps = permissions.can_add_activities(request.user)
    if not member and not keeps:
        raise PermissionDenied
    waiting = LeaveRequest.objects.to_decide_by(request.user).select_related(*RELATED).order_by("asked_at", "pk")
    own = seen_by(request.user).filter(member=member)
    context = {
        "keeps": keeps,
        "waiting": waiting[:MOST_AT_ONCE],
        "waiting_count": waiting.count(),
        "activities": activities_to_ask_for(member) if member else [],
        "afterwards": AFTERWARDS.days,
        "is_member": bool(member),
    }
    return list_page(request, "members/leave/leave.html", OwnLeaveTable(own, request), context)


@require_safe
def leave_requests(request: HttpRequest) -> HttpResponse:
    """What others have asked of whoever keeps the attendance, decided or not, the latest first."""
    if not permissions.can_add_activities(request.user):
        raise PermissionDenied
    of_others = seen_by(request.user)
    if request.user.member:
        of_others = of_others.exclude(member=request.user.member)
    form = LeaveFilter(request.GET, user=request.user)
    return list_page(request, "members/leave/requests.html", LeaveTable(form.apply(of_others), request), {"form": form})


@require_http_methods(["GET", "HEAD", "POST"])
def grant_leave(request: HttpRequest) -> HttpResponse:
    """Every request that was ticked, to be checked; then all of them approved, or none."""
    if not permissions.can_add_activities(request.user):
        raise PermissionDenied
    ticked = ticked_in(request.POST if request.method == "POST" else request.GET)
    if request.method == "POST":
        try:
            granted = services.grant_leave(ticked, actor=request.user)
        except ValidationError as error:
            messages.error(request, f"{' '.join(error.messages)} 这一批一件也没有批,请重新勾选。")
        else:
            messages.success(request, f"已准假 {len(granted)} 件:{'、'.join(str(asked.member) for asked in granted)}。")
        return redirect("members:leave")
    chosen = LeaveRequest.objects.to_decide_by(request.user).filter(pk__in=ticked).select_related(*RELATED)
    rows = with_marks(chosen.order_by("asked_at", "pk"))
    if not rows:
        messages.error(request, "没有勾选等您批的请假。请先在列表里勾选。")
        return redirect("members:leave")
    return render(request, "members/leave/grant.html", {"rows": rows, "left_out": len(ticked) - len(rows)})


def ticked_in(data: QueryDict) -> set[int]:
    """Keys of the requests that were ticked: at most one more than may be decided together."""
    pks = data.getlist("request")[: MOST_AT_ONCE + 1]
    return {pk for text in pks if (pk := whole(text))}


def with_marks(requests: QuerySet[LeaveRequest]) -> list[LeaveRequest]:
    """The requests, each with `mark`, the attendance on record of its activity and member, or None."""
    rows = list(requests)
    marks = Attendance.objects.filter(
        activity__in={asked.activity_id for asked in rows}, member__in={asked.member_id for asked in rows}
    )
    by_cell = {(mark.activity_id, mark.member_id): mark for mark in marks}
    for asked in rows:
        asked.mark = by_cell.get((asked.activity_id, asked.member_id))
    return rows


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
    asked = get_object_or_404(seen_by(request.user).select_related("asked_by"), pk=pk)
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
