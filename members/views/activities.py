import datetime
from calendar import Calendar
from collections import defaultdict
from collections.abc import Iterable

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from members import permissions, services
from members.dates import first_of, last_of
from members.expected import unrecorded
from members.forms.activities import ActivityFilter, ActivityForm
from members.forms.filters import CalendarFilter
from members.lists import is_export, list_page
from members.models import Activity, LeaveRequest, Organization, User
from members.tables import ActivityTable

ALREADY_DELETED = "这次活动已经删除了。"


@require_safe
def activities(request: HttpRequest) -> HttpResponse:
    if not permissions.can_read_records(request.user):
        raise PermissionDenied
    visible = Activity.objects.visible_to(request.user)
    form = ActivityFilter(request.GET, user=request.user)
    found = form.apply(visible.select_related("organization"))
    found = found.order_by(*Activity._meta.ordering)  # which a summary would else undo
    table = ActivityTable(found.with_summary() if is_export(request) else found, request)
    missing = table.missing = unrecorded(found if is_export(request) else table.page)
    open_ = to_record(table.page)
    # Counted for the page's rows only.
    summaries = visible.filter(pk__in=[row.pk for row in table.page]).order_by().with_summary().in_bulk()
    for row in table.page:
        row.summary, row.unrecorded, row.is_settled = summaries[row.pk], missing[row.pk], row.pk not in open_
    context = {
        "form": form,
        "today": timezone.localdate(),
        "can_add": permissions.can_add_activities(request.user),
        "leave_waiting": LeaveRequest.objects.to_decide_by(request.user).count(),
    }
    return list_page(request, "members/activities/activities.html", table, context)


def to_record(activities: Iterable[Activity]) -> set[int]:
    """Ids of those where somebody's attendance is missing and may still be put down."""
    ids = [activity.pk for activity in activities]
    return set(Activity.objects.filter(pk__in=ids).order_by().to_record().values_list("pk", flat=True))


@require_safe
def calendar(request: HttpRequest) -> HttpResponse:
    """The activities of a month, day by day."""
    if not permissions.can_read_records(request.user):
        raise PermissionDenied
    form = CalendarFilter(request.GET, user=request.user)
    today = timezone.localdate()
    wanted = form.cleaned_data if form.is_valid() else {}
    month, organization = wanted.get("month") or first_of(today), wanted.get("organization")
    context = {
        "form": form,
        "month": month,
        "before": first_of(month, -1),
        "after": first_of(month, 1),
        "organization": organization,
        "weeks": weeks_of(month, days_of(request.user, month, organization)),
        "today": today,
        "can_add": permissions.can_add_activities(request.user),
    }
    return render(request, "members/activities/calendar.html", context)


def days_of(user: User, month: datetime.date, organization: Organization | None) -> dict[datetime.date, list[Activity]]:
    """The month's activities by their days, in the order of the hour, each with how many are not recorded.

    Of an organisation and all below it, or of all.
    """
    found = Activity.objects.visible_to(user).in_period(month, last_of(month))
    if organization:
        found = found.filter(organization__path__startswith=organization.path)
    found = list(found.select_related("organization").order_by("date", "starts_at", "pk"))
    missing, open_, days = unrecorded(found), to_record(found), defaultdict(list)
    for event in found:
        event.unrecorded, event.is_settled = missing[event.pk], event.pk not in open_
        days[event.date].append(event)
    return days


def weeks_of(month: datetime.date, days: dict[datetime.date, list[Activity]]) -> list[list[tuple]]:
    """The weeks of a month from Monday on: of each day its date and activities; of others' days None and nothing."""
    return [
        [(day, days.get(day, [])) if day.month == month.month else (None, []) for day in week]
        for week in Calendar().monthdatescalendar(month.year, month.month)
    ]


@require_http_methods(["GET", "HEAD", "POST"])
def add_activity(request: HttpRequest) -> HttpResponse:
    if not permissions.can_add_activities(request.user):
        raise PermissionDenied
    initial = {"date": timezone.localdate()}
    form = ActivityForm(request.POST or None, user=request.user, initial=initial)
    if form.is_valid():
        try:
            event = services.save_activity(form.save(commit=False), actor=request.user)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, f"已登记活动「{event}」。")
            return redirect("members:activity", event.pk)
    return render(request, "members/activities/form.html", {"form": form, "title": "登记活动", "submit": "登记"})


def activity_to_record(request: HttpRequest, pk: int) -> Activity:
    """A visible activity; 403 where the user does not keep its attendance."""
    event = get_object_or_404(Activity.objects.visible_to(request.user).select_related("organization"), pk=pk)
    if not permissions.can_record_attendance(request.user, event.organization):
        raise PermissionDenied
    return event


@require_http_methods(["GET", "HEAD", "POST"])
def edit_activity(request: HttpRequest, pk: int) -> HttpResponse:
    event = activity_to_record(request, pk)
    form = ActivityForm(request.POST or None, user=request.user, instance=event)
    if form.is_valid():
        try:
            services.save_activity(form.save(commit=False), actor=request.user)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, "已保存。")
            return redirect("members:activity", pk)
    context = {
        "form": form,
        "title": "修改活动",
        "submit": "保存",
        "activity": event,
        "may_delete": _may_delete(event),
        "may_withdraw": event.attendances.exists(),
    }
    return render(request, "members/activities/form.html", context)


def _may_delete(event: Activity) -> bool:
    try:
        services.check_deletion(event)
    except ValidationError:
        return False
    return True


@require_http_methods(["GET", "HEAD", "POST"])
def delete_activity(request: HttpRequest, pk: int) -> HttpResponse:
    """A look at what would go, then back to the list without an activity that was put down by mistake."""
    sent_twice = request.method == "POST" and not Activity.objects.filter(pk=pk).exists()
    if sent_twice and permissions.can_add_activities(request.user):
        messages.info(request, ALREADY_DELETED)
        return redirect("members:activities")
    event = activity_to_record(request, pk)
    try:
        if request.method != "POST":
            services.check_deletion(event)
            return render(request, "members/activities/delete.html", {"activity": event})
        deleted = services.delete_activity(event)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("members:activity", pk)
    if deleted:
        messages.success(request, f"已删除活动「{event}」。")
    else:
        messages.info(request, ALREADY_DELETED)
    return redirect("members:activities")
