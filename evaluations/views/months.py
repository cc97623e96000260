"""The monthly review: what a month has brought a branch, questions on it, its confirmation, and the sheet to read out."""

import datetime
import re
from dataclasses import dataclass

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Count, OuterRef, Q, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from evaluations import monthly, services
from evaluations.announcing import announcement_of
from evaluations.forms_months import AnswerForm, QuestionForm
from evaluations.models import MonthConfirmation, MonthQuestion, MonthReview, QuarterSheet
from evaluations.monthly import Change, MonthLine, Reader, branches_read_by, changes_between, kept_lines, lines_of
from evaluations.permissions import can_ask_of_month, can_confirm_branch, can_settle_question
from evaluations.tables import MonthTable
from members.dates import first_of, last_of, month_name, quarter_name, quarter_of
from members.dues_unrecorded import unrecorded_dues
from members.expected import unrecorded
from members.exports import as_download, write, write_sheets
from members.lists import is_export, list_page
from members.models import Activity, DuesMonth, Member, Organization
from members.querysets import READING_ROLES, in_subtrees, paths_of
from scoring.forms import add_errors
from scoring.models import Adoption

UNFINISHED = "有的活动考勤还没有登记完。先去登记;支委会决定不等的,勾选「考勤就按现在的样子确认」,再确认。"
LINE_HEAD = ["党员", "补登", "记录", "情况", "影响", "条款", "说明"]
MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")


def month_of(code: str) -> datetime.date:
    """The first day of a month written as 2025-03, not one to come. Raises Http404."""
    match = MONTH.fullmatch(code)
    month = datetime.date(int(match[1]), int(match[2]), 1) if match and int(match[1]) >= 1990 else None
    if month is None or month > timezone.localdate():
        raise Http404
    return month


def last_month() -> datetime.date:
    return first_of(timezone.localdate(), -1)


@require_safe
def months(request: HttpRequest) -> HttpResponse:
    """How far the user's branches are with a month, last month without a choice, and with its quarter."""
    if not paths_of(request.user, READING_ROLES):
        raise PermissionDenied
    month = month_of(request.GET["month"]) if "month" in request.GET else last_month()
    quarter = quarter_of(first_of(month, -2))  # the last that was over at the month's end
    confirmed = MonthConfirmation.objects.filter(review__organization=OuterRef("pk"), review__month=month)
    sheets = QuarterSheet.objects.filter(organization=OuterRef("pk"), quarter=quarter).order_by("-number")
    open_ = Q(month_reviews__questions__settled_at__isnull=True, month_reviews__month=month)
    objections = MonthQuestion.objects.visible_to(request.user).objections().unsettled().order_by()
    objections = objections.filter(sheet__organization=OuterRef("pk"), sheet__quarter=quarter)
    branches = branches_read_by(request.user).annotate(
        confirmed_at=Subquery(confirmed.order_by("-pk").values("confirmed_at")[:1]),
        sheet_number=Subquery(sheets.values("number")[:1]),
        sheet_until=Subquery(sheets.values("objections_until")[:1]),
        questions=Count("month_reviews__questions", filter=open_),
        objections=Subquery(objections.values("sheet__organization").annotate(count=Count("pk")).values("count")),
    )
    context = {
        "month": month,
        "quarter": quarter,
        "quarter_title": f"{quarter[:4]} 年{quarter_name(quarter)}",
        **neighbours(month),
    }
    return list_page(request, "evaluations/months.html", MonthTable(branches.order_by("path"), request), context)


def neighbours(month: datetime.date) -> dict:
    """The months before and after, the latter unless it is to come."""
    following = first_of(month, 1)
    return {"before": first_of(month, -1), "after": following if following <= timezone.localdate() else None}


@dataclass(frozen=True)
class OfMember:
    """A member with the lines that the month has brought."""

    member: Member
    lines: list[MonthLine]


@require_safe
def month_detail(request: HttpRequest, branch: int, month: str) -> HttpResponse:
    """The month's lines by member, what has changed since it was confirmed, and the questions."""
    return _month_page(request, _branch(request, branch), month_of(month))


def _branch(request: HttpRequest, pk: int) -> Organization:
    return get_object_or_404(branches_read_by(request.user), pk=pk)


def _month_page(request: HttpRequest, branch: Organization, month: datetime.date, error: str = "") -> HttpResponse:
    reader = Reader(request.user, branch)
    members, lines = reader.members(month), lines_of(branch, month)
    review = MonthReview.objects.filter(organization=branch, month=month).first()
    confirmation = review and review.confirmations.select_related("confirmed_by").last()
    by_member: dict[int, list[MonthLine]] = {}
    for line in lines:
        if line.member in members:
            by_member.setdefault(line.member, []).append(line.shown_to(reader.may_see(line.member)))
    people = [OfMember(members[pk], found) for pk, found in by_member.items()]
    if is_export(request):
        rows = [[one.member.name, *line.row] for one in people for line in one.lines]
        return as_download(write(LINE_HEAD, rows, "新记录"), f"{branch} {month_name(month)}新记录")
    questions = _questions(request, review)
    context = {
        "branch": branch,
        "month": month,
        "period": Adoption.objects.period_of(branch, last_of(month)),
        "is_over": timezone.localdate() > last_of(month),
        "people": people,
        "others": len(members) - len(by_member),
        "seen": monthly.digest_of_lines(lines),
        "confirmation": confirmation,
        "changes": _changes(reader, members, confirmation, lines),
        "questions": questions,
        "open_questions": sum(question.is_open for question, _ in questions),
        "reads_whole": reader.whole,
        "may_ask": can_ask_of_month(request.user, branch),
        "may_confirm": can_confirm_branch(request.user, branch),
        "error": error,
        **_life(branch, month, members),
        **neighbours(month),
    }
    return render(request, "evaluations/month.html", context, status=400 if error else 200)


def _changes(
    reader: Reader, members: dict[int, Member], confirmation: MonthConfirmation | None, lines: list[MonthLine]
) -> list[tuple[Member, Change]]:
    if confirmation is None:
        return []
    found = changes_between(kept_lines(confirmation), lines)
    return [
        (members[change.member], change.shown_to(reader.may_see(change.member)))
        for change in found
        if change.member in members
    ]


def _questions(request: HttpRequest, review: MonthReview | None) -> list[tuple[MonthQuestion, bool]]:
    """The month's questions that the user reads, and whether the user settles them."""
    if review is None:
        return []
    seen = MonthQuestion.objects.visible_to(request.user).filter(review=review)
    seen = seen.select_related("member", "asked_by", "settled_by", "review__organization", "sheet")
    return [(one, one.is_open and can_settle_question(request.user, one)) for one in seen]


def _life(branch: Organization, month: datetime.date, members: dict[int, Member]) -> dict:
    """The month's activities with how many came and are not recorded, who has not paid the month's dues in full, and of
    whom nothing is on record.
    """
    owed = DuesMonth.objects.with_paid().filter(month=month, member__in=members, excused=False)
    unpaid = [one.member_id for one in owed if one.paid_yuan < one.due_yuan]
    missing = unrecorded_dues([branch], [month]).get((branch.pk, month), [])
    activities = _activities(branch, month)
    return {
        "activities": activities,
        "unfinished": [activity for activity in activities if activity.unrecorded],
        "owed": len(owed),
        "unpaid": [member for pk, member in members.items() if pk in unpaid],
        "without_dues": [member for member in missing if member.pk in members],
    }


def _activities(branch: Organization, month: datetime.date) -> list[Activity]:
    """The month's activities with their summary and, once they were held, `unrecorded`: who has no attendance yet."""
    found = Activity.objects.filter(in_subtrees([branch.path], "organization__path"))
    found = found.in_period(month, last_of(month)).with_summary().select_related("organization")
    found = list(found.order_by("date", "pk"))
    missing = unrecorded(found)
    for activity in found:
        activity.is_to_come = activity.date > timezone.localdate()
        activity.unrecorded = 0 if activity.is_to_come else missing[activity.pk]
    return found


@require_POST
def confirm_month(request: HttpRequest, branch: int, month: str) -> HttpResponse:
    """Confirm a month on the branch committee's behalf."""
    place, first = _branch(request, branch), month_of(month)
    if not can_confirm_branch(request.user, place):
        raise PermissionDenied
    if "as_it_is" not in request.POST and any(activity.unrecorded for activity in _activities(place, first)):
        return _month_page(request, place, first, UNFINISHED)
    try:
        confirmed = services.confirm_month(place, first, seen=request.POST.get("seen", ""), actor=request.user)
    except ValidationError as refused:
        return _month_page(request, place, first, " ".join(refused.messages))
    messages.success(request, f"{month_name(first)}已确认(第 {confirmed.pk} 号)。可以打印宣读单,在主题党日上宣布。")
    return redirect("evaluations:month", branch=branch, month=month)


@require_http_methods(["GET", "HEAD", "POST"])
def ask_of_month(request: HttpRequest, branch: int, month: str) -> HttpResponse:
    """Raise a question on the month, on a member, or on the line that the address names."""
    place, first = _branch(request, branch), month_of(month)
    if not can_ask_of_month(request.user, place):
        raise PermissionDenied
    reader = Reader(request.user, place)
    members = reader.members(first)
    line = _line_of(request, reader, members, first)
    form = QuestionForm(request.POST or None, members=None if line else list(members))
    if request.method == "POST" and form.is_valid():
        member = members[line.member] if line else form.cleaned_data["member"]
        try:
            asked = services.ask_of_month(
                place, first, form.cleaned_data["text"], actor=request.user, member=member, line=line
            )
        except ValidationError as refused:
            add_errors(form, refused)
        else:
            messages.success(request, f"问题已记下(第 {asked.pk} 号)。核对清楚以前,这个月不能确认。")
            return redirect("evaluations:month", branch=branch, month=month)
    context = {"branch": place, "month": first, "form": form, "line": line, "member": line and members[line.member]}
    return render(request, "evaluations/month_ask.html", context, status=400 if request.method == "POST" else 200)


def _line_of(
    request: HttpRequest, reader: Reader, members: dict[int, Member], month: datetime.date
) -> MonthLine | None:
    """The line that the address names, as the user reads it; None where it names none."""
    key = request.GET.get("key")
    if not key:
        return None
    for line in lines_of(reader.branch, month):
        if line.key == key and str(line.member) == request.GET.get("member") and line.member in members:
            return line.shown_to(reader.may_see(line.member))
    raise Http404


@require_http_methods(["GET", "HEAD", "POST"])
def settle_question(request: HttpRequest, pk: int) -> HttpResponse:
    """Write down what became of a question."""
    seen = MonthQuestion.objects.visible_to(request.user)
    seen = seen.select_related("review__organization", "member", "asked_by", "settled_by", "sheet")
    question = get_object_or_404(seen, pk=pk)
    if not can_settle_question(request.user, question):
        raise PermissionDenied
    form = AnswerForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.settle_question(question, form.cleaned_data["answer"], actor=request.user)
        except ValidationError as refused:
            add_errors(form, refused)
        else:
            messages.success(request, f"第 {question.pk} 号{'异议' if question.sheet else '问题'}已答复。")
            return redirect(_where_asked(question))
    context = {
        "question": question,
        "form": form,
        "month": question.review.month,
        "branch": question.review.organization,
    }
    return render(request, "evaluations/month_settle.html", context, status=400 if request.method == "POST" else 200)


def _where_asked(question: MonthQuestion) -> str:
    """The page that shows the question: the sheet that is objected to, or the month."""
    branch = question.review.organization_id
    if question.sheet:
        return reverse("evaluations:quarter", args=[branch, question.sheet.quarter])
    return reverse("evaluations:month", args=[branch, f"{question.review.month:%Y-%m}"])


@require_safe
def month_sheet(request: HttpRequest, branch: int, month: str) -> HttpResponse:
    """What is read out at the theme day, of the month as it was confirmed last: merits by name, the rest in numbers."""
    place, first = _branch(request, branch), month_of(month)
    confirmations = MonthConfirmation.objects.filter(review__organization=place, review__month=first)
    confirmation = confirmations.select_related("confirmed_by").last()
    if confirmation is None or not Reader(request.user, place).whole:
        raise Http404
    announcement = announcement_of(kept_lines(confirmation))
    if is_export(request):
        return as_download(write_sheets(announcement.sheets), f"{place} {month_name(first)}积分宣读单")
    context = {"branch": place, "month": first, "confirmation": confirmation, "announcement": announcement}
    return render(request, "evaluations/month_sheet.html", context)
