"""The quarterly publicity: a branch's sheet, its editions, and objections to it."""

import re

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from evaluations import services
from evaluations.forms_months import CorrectedSheetForm, ObjectionToSheetForm
from evaluations.models import MonthQuestion, QuarterSheet
from evaluations.monthly import branches_read_by
from evaluations.permissions import can_confirm_branch, can_record_objections, can_settle_question
from evaluations.quarterly import Content, content_of, differences
from members.dates import day_name, quarter_days, quarter_name
from members.exports import as_download, write_sheets
from members.lists import is_export
from members.models import Organization
from scoring.forms import add_errors

QUARTER = re.compile(r"(?:199\d|2\d{3})Q[1-4]")


def _quarter(code: str) -> str:
    """The code of a quarter that has begun. Raises Http404."""
    if not QUARTER.fullmatch(code) or quarter_days(code)[0] > timezone.localdate():
        raise Http404
    return code


def _editions(request: HttpRequest, branch: int, quarter: str) -> list[QuarterSheet]:
    """The sheets of a quarter that the user may read, the first first."""
    seen = QuarterSheet.objects.visible_to(request.user).filter(organization=branch, quarter=quarter)
    return list(seen.select_related("organization", "published_by").order_by("number"))


@require_safe
def quarter(request: HttpRequest, branch: int, quarter: str) -> HttpResponse:
    """The sheet as it hangs, or an earlier edition; before it is published, for those who read the branch, a preview."""
    editions = _editions(request, branch, _quarter(quarter))
    place = branches_read_by(request.user).filter(pk=branch).first()
    if place is None and not editions:
        raise Http404
    reads = place is not None
    sheet = _chosen(request, editions)
    place = place or sheet.organization
    content = Content(sheet.content if sheet else content_of(place, quarter))
    title = f"{quarter[:4]} 年{quarter_name(quarter)}"
    if is_export(request) and content.sections:
        edition = f"第 {sheet.number} 版" if sheet and sheet.number > 1 else ""
        book = write_sheets(section.sheet for section in content.sections)
        return as_download(book, f"{place} {title}积分{'公示单' if sheet else '(还没有公示)'}{edition}")
    may_publish = can_confirm_branch(request.user, place)
    is_over = timezone.localdate() > quarter_days(quarter)[1]
    context = {
        "reads": reads,
        "branch": place,
        "quarter": quarter,
        "title": title,
        "last_day": quarter_days(quarter)[1],
        "sheet": sheet,
        "is_latest": sheet is not None and sheet == editions[-1],
        "editions": editions,
        "content": content,
        "corrected": _corrected(editions, sheet),
        "since": _since(request, place, sheet, editions),
        "objections": _objections(request, sheet),
        "leads": can_record_objections(request.user, place),
        "may_publish": may_publish,
        "to_publish": may_publish and is_over and sheet is None and bool(content.sections),
        "may_object": sheet is not None and bool(_whose(request, sheet)),
    }
    return render(request, "evaluations/quarter.html", context)


def _chosen(request: HttpRequest, editions: list[QuarterSheet]) -> QuarterSheet | None:
    wanted = request.GET.get("edition")
    if not wanted:
        return editions[-1] if editions else None
    found = next((sheet for sheet in editions if str(sheet.number) == wanted), None)
    if found is None:
        raise Http404
    return found


def _corrected(editions: list[QuarterSheet], sheet: QuarterSheet | None) -> list:
    """What the edition says otherwise than the one before it."""
    if sheet is None or sheet.number == 1:
        return []
    return differences(editions[sheet.number - 2].content, sheet.content)


def _since(request: HttpRequest, branch: Organization, sheet: QuarterSheet | None, editions: list) -> list:
    """For whoever corrects the sheet, what the facts give otherwise now than the latest edition says."""
    if sheet is None or sheet != editions[-1] or not can_confirm_branch(request.user, branch):
        return []
    return differences(sheet.content, content_of(branch, sheet.quarter))


def _objections(request: HttpRequest, sheet: QuarterSheet | None) -> list[tuple[MonthQuestion, bool]]:
    """Objections to the quarter's sheet that the user reads, those that wait first, and whether the user answers them."""
    if sheet is None:
        return []
    seen = MonthQuestion.objects.visible_to(request.user)
    seen = seen.filter(sheet__organization=sheet.organization, sheet__quarter=sheet.quarter)
    seen = seen.select_related("member", "asked_by", "settled_by", "review__organization")
    found = sorted(seen, key=lambda one: not one.is_open)
    return [(one, one.is_open and can_settle_question(request.user, one)) for one in found]


def _whose(request: HttpRequest, sheet: QuarterSheet) -> list[int]:
    """Members of the sheet whose line the user may object to: for those who lead everybody's, else one's own."""
    listed = [row[0] for section in sheet.content["sections"] for row in section["rows"]]
    if can_record_objections(request.user, sheet.organization):
        return listed
    return [pk for pk in listed if pk == request.user.member_id]


@require_http_methods(["GET", "HEAD", "POST"])
def publish_quarter(request: HttpRequest, branch: int, quarter: str) -> HttpResponse:
    """Look at what would hang, then hang it up; after the first time with the reason of the correction."""
    place = get_object_or_404(branches_read_by(request.user), pk=branch)
    if not can_confirm_branch(request.user, place):
        raise PermissionDenied
    editions = _editions(request, branch, _quarter(quarter))
    former = editions[-1] if editions else None
    form = CorrectedSheetForm(request.POST or None) if former else None
    error = ""
    if request.method == "POST" and (form is None or form.is_valid()):
        try:
            sheet = services.publish_quarter(
                place, quarter, seen=request.POST.get("seen", ""), actor=request.user,
                reason=form.cleaned_data["reason"] if form else "",
            )  # fmt: skip
        except ValidationError as refused:
            error = " ".join(refused.messages)
        else:
            messages.success(
                request,
                f"{sheet.title}公示单已公示(第 {sheet.pk} 号),异议截止 {day_name(sheet.objections_until)}。请打印张贴。",
            )
            return redirect("evaluations:quarter", branch=branch, quarter=quarter)
    content = content_of(place, quarter)
    context = {
        "branch": place,
        "quarter": quarter,
        "title": f"{quarter[:4]} 年{quarter_name(quarter)}",
        "last_day": quarter_days(quarter)[1],
        "content": Content(content),
        "former": former,
        "changed": differences(former.content, content) if former else [],
        "form": form,
        "error": error,
    }
    return render(request, "evaluations/quarter_publish.html", context, status=400 if request.method == "POST" else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def object_to_quarter(request: HttpRequest, branch: int, quarter: str) -> HttpResponse:
    """Object to one's own line of the sheet, or put down what somebody says against one."""
    editions = _editions(request, branch, _quarter(quarter))
    if not editions:
        raise Http404
    sheet, leads = editions[-1], can_record_objections(request.user, editions[-1].organization)
    whose = _whose(request, sheet)
    if not whose:
        raise PermissionDenied
    form = ObjectionToSheetForm(request.POST or None, members=whose if leads else None)
    if request.method == "POST" and form.is_valid():
        wanted = form.cleaned_data
        try:
            asked = services.object_to_sheet(
                sheet,
                wanted["member"] if leads else request.user.member,
                wanted["text"],
                actor=request.user,
                on_behalf_of=wanted.get("on_behalf_of", ""),
            )
        except ValidationError as refused:
            add_errors(form, refused)
        else:
            messages.success(request, f"已登记(第 {asked.pk} 号)。支部核对以后,在这一页答复。")
            return redirect("evaluations:quarter", branch=branch, quarter=quarter)
    context = {"branch": sheet.organization, "sheet": sheet, "quarter": quarter, "form": form}
    return render(request, "evaluations/quarter_object.html", context, status=400 if request.method == "POST" else 200)
