"""The ledger: one member, one period, every point with where it comes from."""

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from evaluations.appealing import takes_appeals, window_closed
from evaluations.models import QuarterSheet, Result
from evaluations.permissions import can_record_objections
from members.models import Member
from reports.ledger import Ledger, ledger_of, ledgers_of, rows_of, running_period, scale_of
from reports.paper import Content, fit_of
from reports.permissions import can_see_sensitive
from reports.trend import trend_of
from scoring.engine import MemberSheet, Period


@require_safe
def my_ledger(request: HttpRequest) -> HttpResponse:
    """The signed-in member's own ledger."""
    if not request.user.member_id:
        raise Http404
    return _page(request, request.user.member)


@require_safe
def ledger(request: HttpRequest, pk: int) -> HttpResponse:
    """The ledger of a member whose records the user may read."""
    return _page(request, get_object_or_404(Member.objects.on_record_for(request.user), pk=pk))


def _page(request: HttpRequest, member: Member) -> HttpResponse:
    running = running_period(member)
    period, code = _asked(request) or _first(member, running)
    context = {
        "member": member,
        "period": period,
        "running": running,
        "choices": ledgers_of(member, running, period),
        "code": code,
        "own": request.user.member_id == member.pk,
    }
    try:
        found = ledger_of(member, period, code)
    except ValidationError as error:
        return render(request, "reports/no_ledger.html", context | {"sentence": " ".join(error.messages)})
    return render(request, "reports/ledger.html", context | _shown(request, found))


def _asked(request: HttpRequest) -> tuple[Period, str] | None:
    """The period and scheme that the address names; None where it names no period. Raises Http404."""
    if not request.GET.get("period"):
        return None
    try:
        return Period.parse(request.GET["period"]), request.GET.get("scheme", "")
    except ValueError as error:
        raise Http404 from error


def _first(member: Member, running: Period) -> tuple[Period, str]:
    """What the page opens on: a result in publicity; else the running period; of who has left, the last result."""
    results = Result.objects.of(member).order_by("-round__period", "pk")
    if member.place_on(running.ends_on):
        results = results.in_publicity()
    latest = results.values_list("round__period", "round__scheme").first()
    return (Period.parse(latest[0]), latest[1]) if latest else (running, "")


def _outlook(sheet: MemberSheet, may_see: bool) -> dict:
    """The grade's limits and the nearest threshold in sight; the further ones on demand."""
    lines = [line for line in sheet.outlook if may_see or not line.sensitive]
    grades = [line for line in lines if line.kind == "grade"]
    others = [line for line in lines if line.kind != "grade"]
    return {"outlook": [*others[:1], *grades], "further": others[1:]}


def _shown(request: HttpRequest, found) -> dict:
    sheet = found.sheet
    may_see = can_see_sensitive(request.user, found.member)
    lines = [line for item in sheet.items for line in item.lines] + list(sheet.not_counted)
    rows = dict(zip(map(id, lines), rows_of(lines, may_see_sensitive=may_see), strict=True))
    groups = [
        (part, [(item, [rows[id(line)] for line in item.lines]) for item in part.items])
        for part in sheet.parts
        if part.items or part.kind == "appraisal" or (part.kind == "sum" and part.value is not None)
    ]
    not_counted = [rows[id(line)] for line in sheet.not_counted]
    outlook = {} if found.is_settled else _outlook(sheet, may_see)
    notices = sum(map(bool, (found.differs, sheet.layer, sheet.review, sheet.verdict)))
    paper = Content(groups, not_counted, sheet, len(outlook.get("outlook", ())), notices)
    return {
        "ledger": found,
        "quarter_sheet": _quarter_sheet(request, found),
        "fit": fit_of(paper, large=request.COOKIES.get("large") == "on"),
        "sheet": sheet,
        "groups": groups,
        "not_counted": not_counted,
        "scale": scale_of(found),
        "trend": trend_of(found),
        **outlook,
        "may_see": may_see,
        "proposals": [*sheet.consequences, *sheet.alerts],
        "notice": may_see and found.result is not None and found.result.round.takes_measures,
        "suggestions": [line for line in sheet.suggestions if line.noted],
        **_appeals(request, found),
    }


def _quarter_sheet(request: HttpRequest, found: Ledger) -> QuarterSheet | None:
    """The last sheet of the period that the branch hung up, for whoever may read it."""
    sheets = QuarterSheet.objects.visible_to(request.user).filter(organization=found.branch)
    return sheets.filter(quarter__in=found.period.quarters).order_by("quarter", "number").defer("content").last()


def _appeals(request: HttpRequest, found: Ledger) -> dict:
    """Where an appeal on a line is raised, or put down for somebody; for the member, why none can be raised now."""
    own, result = request.user.member_id == found.member.pk, found.result
    if result is None or not takes_appeals(result.round):
        return {"no_appeals": window_closed(result.round, found.branch) if own and result else ""}
    if own:
        return {"appeal_at": reverse("evaluations:raise_appeal", args=[result.round_id]) + "?about="}
    if can_record_objections(request.user, result.branch.organization):
        place = reverse("evaluations:record_objection", args=[result.round_id])
        return {"appeal_at": f"{place}?member={found.member.pk}&about="}
    return {}
