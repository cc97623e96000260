"""The grids as workbooks: what is on record of all members of an organisation, whatever page one is on."""

import datetime
from collections import defaultdict
from decimal import Decimal

from members.arrears import arrears_of
from members.dates import first_of, month_name, months_of_half, quarter_name, quarters_of
from members.dues_cells import DuesCell, cells_of
from members.exports import write
from members.forms.activities import AttendanceRow
from members.lists import in_cell
from members.models import DuesPayment, Member, MigrantReport, User, VisitMonth

WHO = ["编号", "姓名"]


def attendance_book(rows: list[AttendanceRow]) -> bytes:
    """Who attended an activity; without a record as what is only proposed, and without a name beside it."""
    head = [*WHO, "情况", "登记人", "登记时间"]
    return write(head, [[row.member.number, row.member.name, *status_of(row)] for row in rows], "考勤")


def status_of(row: AttendanceRow) -> list[str]:
    if row.saved is None:
        return ["未登记", "", ""]
    return [row.saved.get_status_display(), str(row.saved.recorded_by), in_cell(row.saved.recorded_at)]


def dues_book(members: list[Member], month: datetime.date, today: datetime.date, reader: User) -> bytes:
    """What every member owes and has paid for a month, and what is open of earlier ones."""
    cells = cells_of(members, [month], reader)
    arrears = arrears_of(members, min(first_of(month, 1), today))
    head = [*WHO, "应缴(元)", "已缴(元)", "还欠(元)", "最后缴纳日期", "缓缴或免缴", "以前的欠缴"]
    rows = [
        [
            member.number,
            member.name,
            *amounts_of(cells[member.pk, month]),
            arrears[member.pk].words if member.pk in arrears else "",
        ]
        for member in members
    ]
    return write(head, rows, month_name(month))


def amounts_of(cell: DuesCell) -> list:
    """Due, paid and left of a month, when it was last paid, and why it need not be; an amount nobody knows is empty."""
    paid_on = max((payment.paid_on for payment in cell.owed.payments.all()), default=None) if cell.owed else None
    due = "" if cell.due is None else cell.due
    return [due, cell.paid, cell.rest, in_cell(paid_on), cell.owed.excuse_words if cell.owed else ""]


def dues_half_book(members: list[Member], half: str, today: datetime.date, reader: User) -> bytes:
    """What every member has paid of a half-year's months, what was due in all, and what is open."""
    months = months_of_half(half)
    cells, arrears = cells_of(members, months, reader), arrears_of(members, today)
    head = [*WHO, *(f"{month.month} 月已缴(元)" for month in months), "应缴合计", "已缴合计", "欠缴"]
    rows = []
    for member in members:
        own = [cells[member.pk, month] for month in months]
        paid = [cell.paid for cell in own]
        due = sum(cell.owed.due_yuan for cell in own if cell.owed and not cell.owed.excused)
        words = arrears[member.pk].words if member.pk in arrears else ""
        rows.append([member.number, member.name, *paid, due, sum(paid), words])
    return write(head, rows, "党费")


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


def visits_book(members: list[Member], months: list[datetime.date]) -> bytes:
    """How many households every member keeps contact with, and visited, month by month; empty without a record."""
    known = VisitMonth.objects.filter(member__in=members, month__in=months)
    by_key = {(visits.member_id, visits.month): visits for visits in known}
    head = [*WHO, *(f"{month.month} 月{what}" for month in months for what in ("联系户数", "走访户数"))]

    def figures(member: Member, month: datetime.date) -> tuple:
        visits = by_key.get((member.pk, month))
        return (visits.assigned, visits.visited) if visits else ("", "")

    rows = [
        [member.number, member.name, *(figure for month in months for figure in figures(member, month))]
        for member in members
    ]
    return write(head, rows, "走访")


def reports_book(members: list[Member], year: int) -> bytes:
    """On which day every member who is away reported, quarter by quarter of a year."""
    saved = defaultdict(dict)
    for report in MigrantReport.objects.filter(member__in=members, quarter__in=quarters_of(year)):
        saved[report.member_id][report.quarter] = report.reported_on
    head = [*WHO, *map(quarter_name, quarters_of(year))]
    rows = [
        [member.number, member.name, *(in_cell(saved[member.pk].get(quarter)) for quarter in quarters_of(year))]
        for member in members
    ]
    return write(head, rows, f"{year} 年汇报")
