"""Who attended an activity: its grid, whole or cell by cell, a pasted column, and the sheet to sign."""

import datetime
from collections import Counter
from collections.abc import Iterable

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Page, Paginator
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from members import permissions, services
from members.exports import as_download
from members.forms.activities import KEYS, AttendanceRow, Cells, attendance_rows, totals
from members.forms.pasting import PasteForm
from members.grid_exports import attendance_book
from members.lists import is_export
from members.models import Activity, Attendance, Member
from members.numbers import whole
from members.services.periods import closed_sentence
from members.views.activities import activity_to_record

MEMBERS_A_PAGE = 200  # two fields a row, and Django takes a thousand fields at once


@require_http_methods(["GET", "HEAD", "POST"])
def activity(request: HttpRequest, pk: int) -> HttpResponse:
    """The attendance grid of an activity; a form of its own where there is no script."""
    visible = Activity.objects.visible_to(request.user).with_minutes()
    event = get_object_or_404(visible.select_related("organization"), pk=pk)
    can_record = permissions.can_record_attendance(request.user, event.organization)
    if request.method == "POST" and not can_record:
        raise PermissionDenied
    expected = Member.objects.expected_at(event).without_numbers()
    if is_export(request):
        return as_download(attendance_book(attendance_rows(event, list(expected))), f"{event.date} {event}考勤")
    page = Paginator(expected, MEMBERS_A_PAGE).get_page(request.GET.get("page"))
    rows = attendance_rows(event, list(page), request.POST or None)
    errors, clashes, status = [], [], 200
    if request.method == "POST":
        if any(row.error for row in rows):
            errors, status = ["有的党员没有选情况,请选好后再保存。"], 400
        else:
            marks = {row.member: (row.shown, row.status) for row in rows if row.is_sent}
            try:
                written, clashes = services.record_attendance(event, marks, actor=request.user)
            except ValidationError as error:
                errors, status = error.messages, 400
            else:
                said = f"已保存 {written} 人的考勤。" if written else "没有改动。"
                if not clashes:
                    messages.success(request, said)
                    return redirect(request.get_full_path())
                status, rows = 409, attendance_rows(event, list(page))
                show_clashes(rows, clashes)
                if written:
                    messages.success(request, said)
    if page.has_other_pages():  # of the members on the others it is not known here what is proposed
        counts = recorded(event)
        unsaved = page.paginator.count - sum(counts.values())
    else:
        counts = Counter(row.status for row in rows)
        unsaved = sum(row.saved is None for row in rows)
    closed = closed_sentence(event.organization, event.date) if can_record else ""
    today = timezone.localdate()
    context = {
        "activity": event,
        "page": page,
        "rows": rows,
        "totals": totals(counts),
        "keys": KEYS,
        "errors": errors,
        "clashes": clashes,
        "can_record": can_record,
        "can_decide": can_record,
        "closed": closed,
        "today": today,
        "open": can_record and not closed and event.date <= today,
        "elsewhere": unsaved_elsewhere(event, page) if can_record else [],
        "unsaved": unsaved,
        "revision": max((row.saved.revision for row in rows if row.saved), default=0),
    }
    return render(request, "members/activities/activity.html", context, status=status)


def recorded(event: Activity) -> dict[str, int]:
    """How many attendances of each status are on record, of all pages of the grid."""
    return dict(event.attendances.order_by().values_list("status").annotate(Count("pk")))


def unsaved_elsewhere(event: Activity, page: Page) -> list[tuple[int, int]]:
    """The other pages of the grid with members of whom nothing is on record: number of the page, and how many."""
    if page.paginator.num_pages == 1:
        return []
    saved = set(event.attendances.values_list("member_id", flat=True))
    everybody = list(page.paginator.object_list.values_list("pk", flat=True))
    size = page.paginator.per_page
    counts = [(number, everybody[(number - 1) * size : number * size]) for number in page.paginator.page_range]
    found = [(number, sum(pk not in saved for pk in members)) for number, members in counts if number != page.number]
    return [(number, count) for number, count in found if count]


def show_clashes(rows: list[AttendanceRow], clashes: list[services.AttendanceClash]) -> None:
    """Let the rows in dispute keep the user's own choice, beside what the other one saved."""
    by_member = {clash.member: clash for clash in clashes}
    for row in rows:
        row.clash = by_member.get(row.member)
        if row.clash:
            row.status = row.clash.wanted


@require_http_methods(["GET", "HEAD", "POST"])
def cells(request: HttpRequest, pk: int) -> JsonResponse:
    """For the script of an open grid: what changed since a revision; before that, the cells that it sends are stored.

    Each answer is the list of `cells` that changed since, `totals` by status of the whole activity, and `answers`, one
    for each that was sent: saved, kept (somebody else's was there for a row that was left alone), clash (409), or
    refused with a sentence. To send a cell again does no harm.
    """
    event = activity_to_record(request, pk)
    if request.method != "POST":
        since = whole(request.GET.get("since", "")) or 0
        found = Cells(f'{{"since": {since}, "cells": []}}'.encode())
        known = {"token": get_token(request), "user": request.user.pk}  # the page may have been signed in to anew
        rows = event.attendances.select_related("recorded_by").filter(revision__gt=found.since)
        return JsonResponse(known | changes_since(rows, found.since) | {"totals": recorded(event)})
    sent = Cells(request.body)
    if sent.fault:
        return JsonResponse({"fault": sent.fault}, status=400)
    answers, disputed = store_cells(event, sent, request)
    asked = Q(member__in=sent.marks) | Q(revision__gt=sent.since)
    rows = list(event.attendances.select_related("recorded_by").filter(asked))
    refused = {answer["member"] for answer in answers}
    answers += [answer_of(row, sent, disputed) for row in rows if row.member_id in sent.marks.keys() - refused]
    outcomes = {answer["outcome"] for answer in answers}
    status = 409 if "clash" in outcomes else 422 if "refused" in outcomes else 200
    answer = changes_since(rows, sent.since) | {"totals": recorded(event), "answers": answers}
    return JsonResponse(answer, status=status)


def store_cells(event: Activity, sent: Cells, request: HttpRequest) -> tuple[list[dict], set[int]]:
    """Answers for the cells that were refused, and the members whose cells clash; the others are on record now.

    Where the whole lot is refused, each is tried by itself.
    """
    found = Member.objects.expected_at(event).without_numbers().filter(pk__in=sent.marks)
    marks = {member: sent.marks[member.pk] for member in found}
    refused = [
        {"member": pk, "outcome": "refused", "sentence": "名单里没有这名党员了,请刷新页面。"}
        for pk in sent.marks.keys() - {member.pk for member in marks}
    ]
    disputed = set()
    lots = [marks] if marks else []
    while lots:
        lot = lots.pop()
        try:
            _, clashes = services.record_attendance(event, lot, actor=request.user)
        except ValidationError as error:
            if len(lot) > 1:
                lots += [{member: mark} for member, mark in lot.items()]
            else:
                sentence = " ".join(error.messages)
                refused += [{"member": member.pk, "outcome": "refused", "sentence": sentence} for member in lot]
        else:
            disputed |= {clash.member.pk for clash in clashes}
    return refused, disputed


def answer_of(row: Attendance, sent: Cells, disputed: set[int]) -> dict:
    _, wanted = sent.marks[row.member_id]
    outcome = "clash" if row.member_id in disputed else "saved" if row.status == wanted else "kept"
    return cell_of(row) | {"outcome": outcome}


def changes_since(rows: Iterable[Attendance], revision: int) -> dict:
    """Those of the rows that carry a later revision, and the latest of them."""
    changed = [row for row in rows if row.revision > revision]
    latest = max((row.revision for row in changed), default=revision)
    return {"now": moment(timezone.now()), "revision": latest, "cells": [cell_of(row) for row in changed]}


def cell_of(row: Attendance) -> dict:
    return {
        "member": row.member_id,
        "status": row.status,
        "label": row.get_status_display(),
        "by": str(row.recorded_by),
        "at": moment(row.recorded_at),
    }


def moment(at: datetime.datetime) -> str:
    """10:32, on another day with its date."""
    at = timezone.localtime(at)
    day = "" if at.date() == timezone.localdate() else f"{at.month}月{at.day}日 "
    return f"{day}{at:%H:%M}"


@require_http_methods(["GET", "HEAD", "POST"])
def paste_attendance(request: HttpRequest, pk: int) -> HttpResponse:
    """A column of statuses from a spreadsheet: read and shown first, then stored, all or nothing."""
    event = activity_to_record(request, pk)
    rows = attendance_rows(event, list(Member.objects.expected_at(event).without_numbers()))
    form = PasteForm(request.POST or None, rows=rows)
    status = 200
    if form.is_valid() and "confirm" in request.POST:
        try:
            written = services.record_all(event, form.marks, actor=request.user)
        except ValidationError as error:
            form.add_error(None, error)
            status = 409
        else:
            messages.success(request, f"已按粘贴的内容保存 {written} 人的考勤。" if written else "没有改动。")
            return redirect("members:activity", pk)
    elif form.errors:
        status = 400
    context = {"activity": event, "form": form, "rows": rows}
    return render(request, "members/activities/paste.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def withdraw_attendance(request: HttpRequest, pk: int) -> HttpResponse:
    """A look at what would go, then all attendance of the activity is taken back."""
    event = activity_to_record(request, pk)
    errors, status = [], 200
    if request.method == "POST":
        try:
            count = services.withdraw_attendance(event, actor=request.user)
        except ValidationError as error:
            errors, status = error.messages, 400
        else:
            messages.success(request, f"已撤销「{event}」的考勤,共 {count} 人。原来登记的留在每个人的变更记录里。")
            return redirect("members:activity", pk)
    rows = event.attendances.select_related("member", "recorded_by").order_by("member__number")
    context = {"activity": event, "rows": rows, "errors": errors}
    return render(request, "members/activities/withdraw.html", context, status=status)


@require_safe
def sign_in_sheet(request: HttpRequest, pk: int) -> HttpResponse:
    """A list of names with room to sign, for A4 paper; who is on leave or not required is noted."""
    event = get_object_or_404(Activity.objects.visible_to(request.user).select_related("organization"), pk=pk)
    rows = attendance_rows(event, list(Member.objects.expected_at(event).without_numbers()))
    return render(request, "members/activities/sign_in_sheet.html", {"activity": event, "rows": rows})
