"""The half-year grid of dues: which months of which members are to be paid in full."""

import datetime
import json
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from members.arrears import Arrears
from members.dates import first_of, last_of, months_of_quarter, quarter_name, quarter_of
from members.dues_cells import NOT_ASKED, DuesCell
from members.forms.dues import EARLIEST_PAYMENT, MoneyField
from members.forms.filters import DuesFilter
from members.forms.page import DateInput
from members.models import Member
from members.services.dues import DuesLine, dues_state
from members.stays import NOT_HERE

# What cells say of which nothing can be told in figures.
WORDS = {
    "absent": NOT_HERE,
    "excused": "缓缴或免缴",
    "before": "还没有入党",
    "unknown": "还没有核定",
    "abroad": "不收",
    "none": "不用缴",
    "settled": "没有登记,已办结",
    "later": "还没有到",
    "unrecorded": "没有登记",
}
EXPIRED = "页面已过期,请刷新后重新勾选。"


class HalfForm(forms.Form):
    """When the ticked months were paid, and by whom if not by the members themselves."""

    paid_on = forms.DateField(
        label="缴纳日期",
        widget=DateInput(),
        error_messages={"invalid": "缴纳日期不存在,请写成 2025-06-05 的样子。", "required": "请写缴纳日期。"},
    )
    payer = forms.CharField(label="代缴人(本人缴的空着)", required=False, max_length=30)

    def __init__(self, *args, first: datetime.date, **kwargs):
        """first: the earliest month of the grid."""
        super().__init__(*args, initial={"paid_on": timezone.localdate()}, **kwargs)
        self.first = first
        for each in self.fields.values():
            each.widget.attrs["class"] = "form-control"

    def clean_paid_on(self) -> datetime.date:
        day = self.cleaned_data["paid_on"]
        if day > timezone.localdate():
            raise ValidationError(f"缴纳日期 {day} 还没有到。")
        if day < self.first - EARLIEST_PAYMENT:
            raise ValidationError(f"缴纳日期 {day} 太早,请核对年份。")
        return day


@dataclass
class HalfCell:
    """A cell of the grid: what it says, and whether it can be ticked."""

    cell: DuesCell
    today: datetime.date
    settled_upto: datetime.date | None  # last day of what is settled for the organisation
    is_here: bool = True  # the member belongs to the organisation in that month
    ticked: bool = False

    @property
    def name(self) -> str:
        return f"{self.cell.month:%Y-%m}"

    @cached_property
    def state(self) -> str:
        """What the month is to the grid.

        absent (not a member there), paid, excused, part, owing, unrecorded, open, none (nothing is due), unknown,
        abroad, settled, later, before (joining).
        """
        cell, owed = self.cell, self.cell.owed
        if not self.is_here:
            return "absent"
        if owed and owed.excused:
            return "excused"
        if not owed and cell.member.joined_on and last_of(cell.month) < cell.member.joined_on:
            return "before"
        if not owed and self.settled_upto and cell.month <= self.settled_upto:
            return "settled"
        if not owed and cell.month > last_payable(self.today):
            return "later"
        if not cell.is_asked:
            return "abroad"
        if cell.due is None:
            return "unknown"
        if not cell.due:
            return "none"
        if not cell.rest:
            return "paid"
        if cell.paid:
            return "part"
        if cell.month >= first_of(self.today):
            return "open"
        return "owing" if owed else "unrecorded"

    @property
    def words(self) -> str:
        """What the state is called; empty where the cell shows figures."""
        return WORDS.get(self.state, "")

    @property
    def can_be_paid(self) -> bool:
        return self.state in ("part", "owing", "unrecorded", "open")

    @property
    def is_begun(self) -> bool:
        return self.cell.month <= self.today

    @property
    def is_present(self) -> bool:
        return self.cell.month == first_of(self.today)

    @property
    def has_page(self) -> bool:
        """True if the month can be entered on a page of its own."""
        return self.cell.month <= first_of(self.today, DuesFilter.months_ahead)

    @property
    def label(self) -> str:
        return f"{self.cell.member} {self.cell.month.month} 月"


def last_payable(today: datetime.date) -> datetime.date:
    """The last month that can be paid in advance: the quarter's last."""
    return months_of_quarter(quarter_of(today))[-1]


@dataclass
class HalfQuarter:
    """Three cells, and the tick that pays them at once."""

    code: str
    cells: list[HalfCell]
    ticked: bool = False

    @property
    def name(self) -> str:
        return quarter_name(self.code)

    @property
    def can_be_paid(self) -> bool:
        return sum(cell.can_be_paid for cell in self.cells) > 1


@dataclass
class HalfRow:
    """One member's half-year."""

    member: Member
    quarters: list[HalfQuarter]
    arrears: Arrears | None
    clashes: list = field(default_factory=list)

    def __post_init__(self):
        if self.arrears and not self.cells[-1].is_here:  # what came after is another branch's
            self.arrears = self.arrears.before(first_of(self.cells_here[-1].cell.month, 1))

    @property
    def cells(self) -> list[HalfCell]:
        return [cell for quarter in self.quarters for cell in quarter.cells]

    @property
    def cells_here(self) -> list[HalfCell]:
        return [cell for cell in self.cells if cell.is_here] or self.cells[:1]

    @property
    def elsewhere(self) -> str:
        return self.cells[0].cell.elsewhere

    @property
    def is_asked(self) -> bool:
        return self.cells_here[-1].cell.is_asked

    @property
    def base(self):
        """What the latest month there goes by that has begun."""
        begun = [cell.cell.base for cell in self.cells_here if cell.is_begun]
        return begun[-1] if begun else self.cells_here[0].cell.base

    @property
    def seen(self) -> str:
        """Due amount and state of every month as the page shows them, to be sent back with it."""
        return json.dumps(
            {
                cell.name: [None if cell.cell.due is None else f"{cell.cell.due:.2f}", dues_state(cell.cell.owed)]
                for cell in self.cells
                if cell.can_be_paid
            },
            ensure_ascii=False,
        )

    @property
    def left_out(self) -> str:
        """Of which months paying for everything leaves the member out, in words; empty if of none."""
        reasons = {"unknown": "还没有核定", "abroad": NOT_ASKED, "excused": "经批准缓缴或免缴"}
        months = {
            state: [f"{cell.cell.month.month} 月" for cell in self.cells if cell.is_begun and cell.state == state]
            for state in reasons
        }
        return ";".join(f"{'、'.join(months[state])}{words}" for state, words in reasons.items() if months[state])

    def tick(self, data) -> None:
        """Tick what was sent; a quarter's tick is that of its months, as far as the member was there."""
        for quarter in self.quarters:
            quarter.ticked = f"{self.member.pk}:{quarter.code}" in data.getlist("quarter")
            for cell in quarter.cells:
                whole = quarter.ticked and cell.is_here
                cell.ticked = whole or f"{self.member.pk}:{cell.name}" in data.getlist("pay")

    def lines(self, seen: str, paid_on: datetime.date, payer: str, everything: bool) -> list[DuesLine]:
        """Payments in full of the ticked months, or of everything that has begun. Raises ValidationError."""
        shown = self.shown(seen)
        absent = [f"{cell.cell.month.month} 月" for cell in self.cells if cell.ticked and not cell.is_here]
        if absent and not everything:
            raise ValidationError(f"{self.member} {'、'.join(absent)}{NOT_HERE},不能登记。其余勾选的请再保存一次。")
        wanted = [
            cell.cell for cell in self.cells if (cell.is_begun and cell.can_be_paid if everything else cell.ticked)
        ]
        return [line for cell in wanted if (line := self.line(cell, shown, paid_on, payer))]

    def line(self, cell: DuesCell, shown: dict, paid_on: datetime.date, payer: str) -> DuesLine | None:
        """The payment of what the page showed as left; None for a month that it did not offer."""
        due, state = shown.get(f"{cell.month:%Y-%m}", (None, ""))
        paid = Decimal(state.partition("|")[0] or 0) if cell.owed else Decimal(0)
        if due is None or due <= paid:
            return None
        line = cell.pay(due - paid, paid_on, payer)
        line.seen = state
        if not cell.owed:
            line.due_yuan = due
        return line

    def shown(self, seen: str) -> dict[str, tuple[Decimal | None, str]]:
        """Due amount and state by month, as the page showed them. Raises ValidationError for what it cannot have sent."""
        try:
            sent = json.loads(seen)
            return {
                name: (MoneyField("应缴", "0").clean(due), self.known_state(state))
                for name, (due, state) in sent.items()
            }
        except (ValueError, TypeError, AttributeError, ArithmeticError, ValidationError):
            raise ValidationError(f"{self.member}:{EXPIRED}") from None

    @staticmethod
    def known_state(state: str) -> str:
        paid = state.partition("|")[0]
        if paid and not Decimal(paid).is_finite():
            raise ValueError
        return state
