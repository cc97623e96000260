"""Boards on screen, on paper and as a workbook."""

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from evaluations.models import QuarterSheet, Round
from members.exports import as_download
from members.models import Role, User
from members.querysets import READING_ROLES, at_or_above, own_paths, paths_of
from reports.boards import Board, board_of, reasons_of, workbook
from scoring.engine import Period

ROUNDS_A_PAGE = 20
QUARTERS_SHOWN = 4


@require_safe
def boards(request: HttpRequest) -> HttpResponse:
    """The rounds whose boards the user may open."""
    if not (request.user.member_id or paths_of(request.user, READING_ROLES)):
        raise PermissionDenied
    found = Round.objects.with_boards_for(request.user).select_related("organization")
    page = Paginator(found, ROUNDS_A_PAGE).get_page(request.GET.get("page"))
    rows = [(round_, Period.parse(round_.period).title) for round_ in page]
    sheets = own_sheets(request.user)
    return render(request, "reports/boards.html", {"rows": rows, "page": page, "sheets": sheets})


def own_sheets(user: User) -> list[QuarterSheet]:
    """What hangs in the user's own branch: the last edition of the last quarters, the latest first."""
    above = at_or_above(own_paths(user))
    found = QuarterSheet.objects.filter(organization__path__in=above).select_related("organization").defer("content")
    latest = {sheet.quarter: sheet for sheet in found.order_by("quarter", "number")}
    return list(reversed(latest.values()))[:QUARTERS_SHOWN]


@require_safe
def board(request: HttpRequest, pk: int, kind: str) -> HttpResponse:
    """One board; names on the warning board are masked unless staff ask to see them."""
    shown = _board(request, pk, kind)
    may_unmask = kind == "warning" and bool(paths_of(request.user, (Role.STREET_STAFF, Role.DISCIPLINE_OFFICE)))
    names = may_unmask and request.GET.get("names") == "full"
    rows = [(result, reasons_of(result) if kind == "warning" else []) for result in shown.results]
    context = {
        "board": shown,
        "rows": rows,
        "masked": kind == "warning" and not names,
        "may_unmask": may_unmask,
        "names": names,
    }
    return render(request, "reports/board.html", context)


@require_safe
def export(request: HttpRequest, pk: int, kind: str) -> HttpResponse:
    """The board as an xlsx file."""
    shown = _board(request, pk, kind)
    return as_download(workbook(shown), shown.title)


def _board(request: HttpRequest, pk: int, kind: str) -> Board:
    round_ = get_object_or_404(Round.objects.with_boards_for(request.user).select_related("organization"), pk=pk)
    return board_of(round_, kind, request.user)
