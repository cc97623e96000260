import datetime
from decimal import Decimal

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from members.arrears import Arrears
from members.dates import month_name
from members.dues_cells import NOT_ASKED, DuesCell, why_left_out
from members.forms.grid import GridRow
from members.forms.page import DateInput, helper, pair
from members.models import DuesPayment
from members.services.dues import DuesLine, dues_state

EARLIEST_PAYMENT = datetime.timedelta(days=366)  # before the month it is for


def check_payment_day(day: datetime.date, month: datetime.date) -> None:
    """Refuse a day of payment that has not come, or lies long before its month."""
    if day > timezone.localdate():
        raise ValidationError(f"缴纳日期 {day} 还没有到。")
    if day < month - EARLIEST_PAYMENT:
        raise ValidationError(f"缴纳日期 {day} 比{month_name(month)}早一年以上,请核对年份。")


class MoneyField(forms.DecimalField):
    """Yuan with at most two decimals, from `least` to 99999.99; each fault in its own words."""

    def __init__(self, label: str, least: str):
        super().__init__(
            label=label,
            required=False,
            min_value=Decimal(least),
            max_value=Decimal("99999.99"),
            decimal_places=2,
            widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off", "size": 7}),
            error_messages={
                "invalid": f"{label}应是数字,例如 10 或 10.50。",
                "max_decimal_places": f"{label}最多写到分,两位小数。",
                "min_value": f"{label}不能小于 {least}。",
                "max_value": f"{label}不能超过 99999.99 元,请核对。",
            },
        )


class DuesRow(GridRow):
    """One member's row of a month: what is owed, and a payment on top of what is on record."""

    seen = forms.CharField(widget=forms.HiddenInput, required=False, max_length=200, strip=False)
    due_yuan = MoneyField("应缴", "0")
    full = forms.BooleanField(label="缴清", required=False)
    amount_yuan = MoneyField("实缴", "0.01")
    paid_on = forms.DateField(
        label="缴纳日期",
        required=False,
        widget=DateInput(),
        error_messages={"invalid": "缴纳日期不存在,请写成 2025-06-05 的样子。"},
    )
    payer = forms.CharField(label="代缴人", required=False, max_length=30)
    quarter = forms.BooleanField(label="一次缴清全季度", required=False)
    excused = forms.BooleanField(label="缓缴或免缴", required=False)
    excuse = forms.CharField(label="批准理由", required=False, max_length=100)
    excused_by = forms.CharField(label="由谁批准", required=False, max_length=30)

    def __init__(self, data, *, cell: DuesCell, others: list[DuesCell] = (), arrears: Arrears | None = None):
        """others: the other months of the quarter."""
        self.cell, self.others, self.arrears = cell, others, arrears
        self.month, self.owed, self.base = cell.month, cell.owed, cell.base
        initial = {
            "seen": dues_state(self.owed),
            "due_yuan": cell.due,
            "excused": bool(self.owed and self.owed.excused),
            "excuse": self.owed.excuse if self.owed else "",
            "excused_by": self.owed.excused_by if self.owed else "",
        }
        super().__init__(data, member=cell.member, initial=initial)
        for name, field in self.fields.items():
            look = "form-check-input" if isinstance(field, forms.BooleanField) else "form-control"
            if name != "seen":
                field.widget.attrs |= {"class": look, "aria-label": f"{self.member} {field.label}"}
        if self.owed is None:
            self.fields["due_yuan"].widget.attrs["class"] += " proposed"

    @property
    def can_pay(self) -> bool:
        """False if nothing is left to be paid, so that a payment need not be asked for."""
        return bool(self.cell.rest or self.cell.due is None or self.errors)

    @property
    def pays_off(self) -> bool:
        """True if everything that is left of the month, or of the quarter, is to be paid."""
        return self.cleaned_data.get("full", False) or self.cleaned_data.get("quarter", False)

    @property
    def opened(self) -> bool:
        """True if the part with what is rarely needed is to be shown."""
        return any(self[name].value() for name in ("payer", "quarter", "excused", "excuse", "excused_by"))

    def clean_paid_on(self):
        day = self.cleaned_data["paid_on"]
        if day:
            check_payment_day(day, self.month)
        return day

    def clean(self):
        sent = super().clean()
        faulty = self.errors.keys()
        pays = bool(sent.get("amount_yuan") or self.pays_off)
        if sent.get("due_yuan") is None and "due_yuan" not in faulty:
            if self.owed:
                self.add_error("due_yuan", "应缴金额不能空着;不用缴的写 0。")
            elif pays or sent.get("excused"):
                self.add_error("due_yuan", "请先写应缴金额。")
        if sent.get("excused") and not (sent.get("excuse") and sent.get("excused_by")):
            self.add_error("excuse", "缓缴或免缴要写明批准理由和由谁批准。")
        if (sent.get("excuse") or sent.get("excused_by")) and not sent.get("excused"):
            self.add_error("excused", "写了理由,没有勾选缓缴或免缴。")
        if sent.get("excused") and self.pays_off:
            self.add_error("full", "缓缴或免缴的月份不用缴清,请只留一样。")
        if sent.get("amount_yuan") and self.pays_off:
            self.add_error("amount_yuan", "勾了缴清,又写了实缴金额,请只留一样。")
        if (sent.get("paid_on") or sent.get("payer")) and not pays and "amount_yuan" not in faulty:
            self.add_error("amount_yuan", "写了日期或代缴人,没有写实缴金额。")
        if pays and not sent.get("paid_on") and "paid_on" not in faulty:
            sent["paid_on"] = timezone.localdate()
        return sent

    @property
    def left_out(self) -> str:
        """Why paying for everybody leaves the member out, in words; empty if it does not."""
        sent = self.cleaned_data
        if self.pays_off or sent["amount_yuan"]:
            return ""
        if not self.cell.is_asked:
            return NOT_ASKED
        return why_left_out(sent["due_yuan"], self.cell.paid, self.cell.rest, sent["excused"])

    def lines(self, pay_today: bool) -> list[DuesLine]:
        """The row for the service. pay_today: pay in full what nothing has been paid of and nothing is written for."""
        sent = self.cleaned_data
        amount, paid_on, due = sent["amount_yuan"], sent["paid_on"], sent["due_yuan"]
        if self.pays_off:
            amount = due - self.cell.paid
        elif pay_today and self.cell.is_asked and not self.cell.paid and amount is None and not sent["excused"] and due:
            amount, paid_on = due, timezone.localdate()
        reasons = (sent["excuse"], sent["excused_by"]) if sent["excused"] else ("", "")
        amount = amount if amount and amount > 0 else None
        mine = DuesLine(
            self.member, self.month, sent["seen"], due, sent["excused"], *reasons, amount, paid_on, sent["payer"]
        )
        if not sent["quarter"]:
            return [mine]
        rests = [(cell, cell.rest if cell.due is not None else due) for cell in self.others]
        return [mine, *(cell.pay(rest, paid_on, sent["payer"], due) for cell, rest in rests if rest)]


class PaymentForm(forms.ModelForm):
    class Meta:
        model = DuesPayment
        fields = ["amount_yuan", "paid_on", "payer"]
        widgets = {"paid_on": DateInput(), "amount_yuan": forms.TextInput(attrs={"inputmode": "decimal"})}
        error_messages = {
            "amount_yuan": {
                "invalid": "实缴应是数字,例如 10 或 10.50。",
                "max_decimal_places": "实缴最多写到分,两位小数。",
            }
        }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = helper(pair("amount_yuan", "paid_on"), "payer")

    def clean_paid_on(self):
        day = self.cleaned_data["paid_on"]
        check_payment_day(day, self.instance.dues_month.month)
        return day
