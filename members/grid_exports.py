"""The grids as workbooks: what is on record of all members of an organisation, whatever page one is on."""

import datetime
from collections.abc import Iterator
from decimal import Decimal

from members.arrears import arrears_of
from members.dates import first_of, month_name, quarter_name, quarters_of
from members.dues_cells import DuesCell, cells_of
from members.exports import write
from members.forms.activities import AttendanceRow
from members.forms.dues_half import HalfCell, HalfRow
from members.forms.migrants import ReportRow
from members.forms.visits import VisitHalfRow
from members.lists import in_cell
from members.models import DuesPayment, Member, User
from members.services.dues import payment_words

WHO = ["编号", "姓名"]
FIGURES = {"paid", "part", "owing", "open"}  # states of a half-year's cell in which everybody sees what is due


def attendance_book(rows: list[AttendanceRow]) -> bytes:
    """Who attended an activity; without a record as what is only proposed, and without a name beside it."""
    head = [*WHO, "情况", "登记人", "登记时间"]
    return write(head, [[row.member.number, row.member.name, *status_of(row)] for row in rows], "考勤")


def status_of(row: AttendanceRow) -> list[str]:
    if row.saved is None:
        return ["未登记", "", ""]
    return [row.saved.get_status_display(), str(row.saved.recorded_by), in_cell(row.saved.recorded_at)]


def dues_book(
    members: list[Member], month: datetime.date, today: datetime.date, reader: User, can_record: bool
) -> bytes:
    """What every member owes and has paid for a month, and what is open of earlier ones.

    can_record: who records dues sees what is proposed as well, marked as such; others what is on record alone.
    """
    cells = cells_of(members, [month], reader)
    arrears = arrears_of(members, min(first_of(month, 1), today))
    head = [*WHO, "应缴(元)", *(["应缴说明"] if can_record else []), "已缴(元)", "还欠(元)"]
    rows = []
    for member in members:
        cell = cells[member.pk, month]
        due, rest = (cell.due, cell.rest) if can_record or cell.owed else (None, None)
        notes = [due_words(cell)] if can_record else []
        excuse = cell.owed.excuse_words if cell.owed else ""
        before = arrears[member.pk].words if member.pk in arrears else ""
        amounts = [in_cell(due), *notes, cell.paid, in_cell(rest)]
        rows.append([member.number, member.name, *amounts, paid_words(cell) or "未缴", excuse, before])
    return write([*head, "各笔缴纳", "缓缴或免缴", "以前的欠缴"], rows, month_name(month))


def due_words(cell: DuesCell) -> str:
    """What the page says of a due amount, except for the pay that it goes by."""
    proposed = "还没有登记" if cell.owed is None and cell.due is not None else ""
    return ";".join(filter(None, [proposed, cell.baseless_words, cell.differs_words]))


def paid_words(cell: DuesCell) -> str:
    """Each payment of a month with its day, its amount and who paid for the member; empty without one."""
    return ";".join(map(payment_words, cell.owed.payments.all())) if cell.owed else ""


def dues_half_book(rows: list[HalfRow], months: list[datetime.date], can_record: bool) -> bytes:
    """What the half-year's grid shows: of each month what was paid, and its state in words; what it comes to."""
    in_figures = FIGURES | {"unrecorded"} if can_record else FIGURES
    head = [*WHO, *(f"{month.month} 月{what}" for month in months for what in ("已缴(元)", "情况"))]

    def line(row: HalfRow) -> list:
        asked = [cell.cell for cell in row.cells if cell.state in in_figures]
        paid = [cell.cell.paid if cell.is_here else "" for cell in row.cells]
        words = [half_words(cell, can_record) for cell in row.cells]
        cells = [part for both in zip(paid, words, strict=True) for part in both]
        owing = [
            cell.cell.rest for cell in row.cells if cell.state in in_figures - {"open"}
        ]  # what is over, as in 欠缴
        sums = [sum(cell.due for cell in asked), sum(filter(None, paid)), sum(owing)]
        return [row.member.number, row.member.name, *cells, *sums, row.arrears.words if row.arrears else ""]

    return write([*head, "应缴合计", "已缴合计", "还欠合计", "欠缴"], map(line, rows), "党费")


def half_words(cell: HalfCell, can_record: bool) -> str:
    """A cell of the half-year's grid in words: its payments, what is left of it, or its state."""
    rest = cell.cell.rest
    if cell.state == "excused":
        said = f"{cell.words}:{cell.cell.owed.excuse_words}"
    elif cell.state == "unrecorded" and can_record:
        said = f"{cell.words},应缴 {rest}"
    else:
        said = cell.words or {"part": f"欠 {rest}", "owing": f"欠 {rest}", "open": f"未缴 {rest}"}.get(cell.state, "")
    return ";".join(filter(None, [paid_words(cell.cell) if cell.is_here else "", said]))


def receipt_book(payments: list[DuesPayment], members: int, total: Decimal) -> bytes:
    """What was paid under one number, and last by how many and how much together."""
    head = ["姓名", "月份", "实缴(元)", "缴纳日期", "代缴人"]
    rows = [
        [
            payment.dues_month.member.name,
            f"{payment.dues_month.month:%Y-%m}",
            payment.amount_yuan,
            in_cell(payment.paid_on),
            payment.payer,
        ]
        for payment in payments
    ]
    return write(head, [*rows, ["合计", f"{members} 人,{len(payments)} 笔", total, "", ""]], "党费收据")


def visits_book(rows: list[VisitHalfRow], months: list[datetime.date]) -> bytes:
    """How many households every member keeps contact with, and visited, month by month; empty without a record.

    In a month of which a member is not asked, the words why not.
    """
    head = [*WHO, *(f"{month.month} 月{what}" for month in months for what in ("联系户数", "走访户数"))]

    def figures(row: VisitHalfRow) -> Iterator:
        for cell in row.cells:
            saved = cell["saved"]
            yield from (saved.assigned, saved.visited) if saved else (row.absent.get(cell["month"], ""), "")

    return write(head, [[row.member.number, row.member.name, *figures(row)] for row in rows], "走访")


def reports_book(rows: list[ReportRow], year: int) -> bytes:
    """On which day every member who is away reported, quarter by quarter of a year, or why nobody asks for it."""
    head = [*WHO, *map(quarter_name, quarters_of(year))]

    def days(row: ReportRow) -> Iterator[str]:
        return (row.absent.get(quarter) or in_cell(row.saved.get(quarter)) for quarter in row.quarters)

    return write(head, [[row.member.number, row.member.name, *days(row)] for row in rows], f"{year} 年汇报")
