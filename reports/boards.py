"""Honour and warning boards: who is on them, and the workbook that is hung up."""

from dataclasses import dataclass
from io import BytesIO

from django.db.models import QuerySet
from django.http import Http404
from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side

from evaluations.models import Result, Round
from members.exports import cell_of
from members.models import User
from scoring.engine import Period, Scheme
from scoring.engine.conditions import Condition, HasConsequence, Joined
from scoring.engine.decide import as_met
from scoring.engine.elements import Based

TITLES = {"honor": "光荣榜", "warning": "警示榜"}
NOTES = {
    "honor": "上榜的是本周期评为优秀、且没有列入警示的党员。",
    "warning": "上榜是提醒,不是处分。对结果有疑问,请向支部反映。",
}


@dataclass(frozen=True)
class Board:
    """One board of a round, as far as a user may see it."""

    round: Round
    kind: str
    results: QuerySet[Result]
    place: str  # whose board it is: the round's organisation, or the part of it that the user may see

    @property
    def period(self) -> Period:
        return Period.parse(self.round.period)

    @property
    def is_provisional(self) -> bool:
        return not self.round.takes_measures

    @property
    def standing(self) -> str:
        """How far one may rely on it, for the heading; empty once the results are approved."""
        return "" if not self.is_provisional else "公示中" if self.round.is_public else "试算,尚未公布"

    @property
    def title(self) -> str:
        return f"{self.period.title}{TITLES[self.kind]}"

    @property
    def note(self) -> str:
        return NOTES[self.kind]


def board_of(round_: Round, kind: str, user: User) -> Board:
    """The board with the results that the user may see, by branch and rank. Raises Http404 for another kind."""
    if kind not in TITLES:
        raise Http404
    on_board = {"on_honor_board": True} if kind == "honor" else {"on_warning_board": True}
    results = Result.objects.filter(round=round_, **on_board).on_boards_for(user)
    return Board(
        round_,
        kind,
        results.select_related("member", "branch__organization", "round")
        .prefetch_related("branch__version")
        .order_by("branch__organization__path", "-total", "member__number"),
        _place(round_, user),
    )


def _place(round_: Round, user: User) -> str:
    seen = Result.objects.filter(round=round_).on_boards_for(user).order_by().values("branch").distinct()
    branches = list(round_.branches.filter(pk__in=seen).select_related("organization"))
    if len(branches) == round_.results.order_by().values("branch").distinct().count():
        return str(round_.organization)
    return "、".join(str(branch.organization) for branch in branches) or str(round_.organization)


def reasons_of(result: Result) -> list[str]:
    """Why the result is on the warning board, each with its article's number and no matter: 通报批评(第十条第一款)."""
    scheme, grounds = result.branch.scheme, result.sheet["grounds"]
    outcome = scheme.outcome_for(Period.parse(result.round.period))
    consequences = {one.code: one for one in outcome.consequences}

    def reason(condition: Condition) -> str:
        if isinstance(condition, HasConsequence):
            rule = as_met(consequences[condition.code], "consequence", outcome, grounds)
            return f"{condition.title}({_numbers(scheme, rule)})"
        return f"{condition.words}({_numbers(scheme, board)})"

    board = next(one for one in outcome.lists if one.code == "warning")
    met = as_met(board, "list", outcome, grounds).when
    alternatives = isinstance(met, Joined) and not met.every
    return [reason(condition) for condition in (met.parts() if alternatives else (met,))]


def _numbers(scheme: Scheme, rule: Based) -> str:
    return "、".join(scheme.articles[article].number for article in (rule.article, *rule.basis.also))


def workbook(board: Board) -> bytes:
    """The board as an xlsx file for A4, names masked on the warning board; no cell is ever a formula."""
    book = Workbook()
    sheet = book.active
    sheet.title = TITLES[board.kind]
    columns = ["支部", "姓名", "总分", "等次"] if board.kind == "honor" else ["支部", "姓名", "依据"]
    provisional = f"({board.standing})" if board.is_provisional else ""
    rows = [[f"{board.place} {board.title}{provisional}"], columns]
    for result in board.results:
        name, branch = result.member.name, str(result.branch.organization)
        if board.kind == "honor":
            rows.append([branch, name, result.total, result.grade_title])
        else:
            rows.append([branch, result.masked_name, "、".join(reasons_of(result))])
    rows += [[], [f"{board.note} 第 {board.round.pk} 次考核,校验码 {board.round.digest[:16]}"]]
    for row in rows:
        sheet.append([cell_of(sheet, value) for value in row])
    sheet.merge_cells(start_row=1, start_column=1, end_row=1, end_column=len(columns))
    _style(sheet, len(columns))
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()


def _style(sheet, columns: int) -> None:
    sheet["A1"].font = Font(size=18, bold=True)
    sheet["A1"].alignment = Alignment(horizontal="center", vertical="center")
    sheet.row_dimensions[1].height = 40
    line = Side(style="thin", color="B0AAA2")
    for row in sheet.iter_rows(min_row=2, max_row=sheet.max_row - 2, max_col=columns):
        for cell in row:
            cell.border = Border(left=line, right=line, top=line, bottom=line)
            cell.alignment = Alignment(vertical="center", wrap_text=True)
    for cell in sheet[2][:columns]:
        cell.font = Font(bold=True)
        cell.fill = PatternFill("solid", fgColor="F7F5F2")
    for letter, width in zip("ABCD", (30, 14, 14 if columns == 4 else 40, 12), strict=True):
        sheet.column_dimensions[letter].width = width
    sheet.freeze_panes = "A3"
    sheet.print_title_rows = "1:2"
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
