import datetime

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict

from members.forms.dues import MoneyField
from members.forms.grid import GridRow
from members.models import DuesBase, DuesKind, Member, Mobility
from members.services.dues import yuan
from members.services.dues_bases import BaseLine

BASE_FIELDS = ("kind", "pay_yuan", "fixed_yuan")


class SameForm(forms.Form):
    """What is to be written for everybody of whom nothing is known yet."""

    kind = forms.ChoiceField(label="类别", required=False, choices=[("", "选类别"), *DuesKind.choices])
    pay_yuan = MoneyField("税后工资", "0")
    fixed_yuan = MoneyField("固定数额", "0")

    def __init__(self, data=None):
        super().__init__(data, prefix="same")
        for name, field in self.fields.items():
            field.widget.attrs["class"] = "form-select" if name == "kind" else "form-control"


def filled(data: QueryDict, rows: list["BaseRow"]) -> tuple[QueryDict, list[Member]]:
    """What was sent, with the same written into each row of whom nothing is known or chosen; and whose rows these are.

    Not into the rows of members who have settled abroad: nobody asks them for dues.
    """
    data = data.copy()
    open_rows = [row for row in rows if row.is_bound and row.is_unknown and not data.get(f"{row.prefix}-kind")]
    for row in open_rows:
        for name in BASE_FIELDS:
            data[f"{row.prefix}-{name}"] = data.get(f"same-{name}", "")
    return data, [row.member for row in open_rows]


class BaseRow(GridRow):
    """What one member's dues go by: kind, and pay or a fixed amount."""

    seen = forms.IntegerField(
        widget=forms.HiddenInput, min_value=0, error_messages={"invalid": "页面已过期,请刷新后重新填写。"}
    )
    kind = forms.ChoiceField(
        label="类别",
        required=False,
        choices=[("", "还没有核定"), *DuesKind.choices],
        error_messages={"invalid_choice": "请从列表里选类别。"},
    )
    pay_yuan = MoneyField("税后工资", "0")
    fixed_yuan = MoneyField("固定数额", "0")

    def __init__(self, data, *, member: Member, month: datetime.date, base: DuesBase | None):
        """base: what is in force in the month from which on the row is to hold."""
        self.month, self.base = month, base
        initial = {"seen": 0}
        if base:
            initial = {
                "seen": base.pk,
                "kind": base.kind,
                "pay_yuan": base.pay_yuan and yuan(base.pay_yuan),
                "fixed_yuan": base.fixed_yuan and yuan(base.fixed_yuan),
            }
        super().__init__(data, member=member, initial=initial)
        for name in BASE_FIELDS:
            field = self.fields[name]
            look = "form-select" if name == "kind" else "form-control"
            field.widget.attrs |= {"class": look, "aria-label": f"{member} {field.label}"}

    @property
    def is_unknown(self) -> bool:
        """True if nothing is known of somebody who is asked for dues."""
        return self.base is None and self.member.mobility_then != Mobility.ABROAD

    def clean(self):
        sent = super().clean()
        if self.errors:
            return sent
        if sent["kind"]:
            try:
                self.line.base(self.month).clean()
            except ValidationError as error:
                for name, faults in error.message_dict.items():
                    self.add_error("pay_yuan" if name == "pay" else name, faults)
        elif self.base:
            self.add_error("kind", "已经核定过,类别不能空着。")
        elif sent["pay_yuan"] is not None or sent["fixed_yuan"] is not None:
            self.add_error("kind", "请选类别。")
        return sent

    @property
    def line(self) -> BaseLine:
        sent = self.cleaned_data
        return BaseLine(self.member, sent["seen"], sent["kind"], sent["pay_yuan"], sent["fixed_yuan"])
