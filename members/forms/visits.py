import datetime
import re
import unicodedata

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from members.forms.grid import GridRow, RefusedField
from members.models import Member, VisitMonth
from members.models.visits import MOST_HOUSEHOLDS
from members.services.visits import VisitLine, visit_state

WRITTEN_AS = "要写成 4 或 4/5 的样子:走访 4 户,联系 5 户;全部走访的写「全」。"


class HouseholdsField(forms.IntegerField):
    """How many households, in a narrow field; each fault in its own words."""

    def __init__(self, label: str):
        super().__init__(
            label=label,
            required=False,
            min_value=0,
            max_value=MOST_HOUSEHOLDS,
            widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "size": 3}),
            error_messages={
                "invalid": f"{label}应是整数,例如 3。",
                "min_value": f"{label}不能小于 0。",
                "max_value": f"{label}不能超过 {MOST_HOUSEHOLDS},请核对。",
            },
        )


class VisitRow(GridRow):
    """One member's row of a month: households kept contact with, and how many of them were visited."""

    seen = forms.CharField(widget=forms.HiddenInput, required=False, max_length=20)
    assigned = HouseholdsField("联系户数")
    visited = HouseholdsField("走访户数")

    def __init__(
        self,
        data,
        *,
        member: Member,
        month: datetime.date,
        saved: VisitMonth | None,
        proposed: int | None = None,
        visit_all: bool = False,
    ):
        """proposed: households of the month before. visit_all: every household counts as visited where nothing is said."""
        self.month, self.saved, self.proposed, self.visit_all = month, saved, proposed, visit_all
        initial = {
            "seen": visit_state(saved),
            "assigned": saved.assigned if saved else proposed,
            "visited": saved.visited if saved else None,
        }
        super().__init__(data, member=member, initial=initial)
        for name in ("assigned", "visited"):
            field = self.fields[name]
            field.widget.attrs |= {"class": "form-control", "aria-label": f"{member} {field.label}"}
        if saved is None and str(self["assigned"].value() or "") == str(proposed or ""):
            self.fields["assigned"].widget.attrs["class"] += " proposed"

    def clean(self):
        sent = super().clean()
        if self.errors:
            return sent
        assigned, visited = sent.get("assigned"), sent.get("visited")
        if assigned is None:
            if visited is not None:
                self.add_error("assigned", "请先写联系户数。")
            elif self.saved:
                self.add_error("assigned", "联系户数不能空着;没有联系户的写 0。")
        elif visited is None:
            if self.visit_all or assigned == 0:
                sent["visited"] = assigned
            elif self.saved or assigned != self.proposed:
                self.add_error("visited", "请写走访户数;一户也没有走访的写 0。")
        elif visited > assigned:
            self.add_error("visited", f"走访 {visited} 户,比联系的 {assigned} 户还多,请核对。")
        return sent

    @property
    def line(self) -> VisitLine:
        """The row for the service. A proposal that nothing was added to is not recorded."""
        assigned, visited = self.cleaned_data["assigned"], self.cleaned_data["visited"]
        seen = self.cleaned_data["seen"]
        return VisitLine(self.member, self.month, seen, None if visited is None else assigned, visited)

    @property
    def all_visited(self) -> VisitLine | None:
        """For the service, of a row that was not sent: all of the month before visited; None if anything is on record."""
        if self.saved or not self.proposed:
            return None
        return VisitLine(self.member, self.month, "", self.proposed, self.proposed)


def households(saved: VisitMonth | None) -> str:
    """What is on record of a month as one writes it: 4/5."""
    return f"{saved.visited}/{saved.assigned}" if saved else ""


class VisitHalfField(forms.CharField):
    """How many households were visited in a month: 4, 4/5 of five, 全 for all; an empty one says nothing."""

    def __init__(self, *, label: str, saved: VisitMonth | None, proposed: int | None, visit_all: bool):
        self.saved, self.visit_all = saved, visit_all
        self.assigned = saved.assigned if saved else proposed
        self.text = households(saved)
        hint = f"共 {self.assigned} 户" if self.assigned else ""
        attrs = {"autocomplete": "off", "class": "form-control", "placeholder": hint, "aria-label": label}
        super().__init__(label=label, required=False, max_length=9, widget=forms.TextInput(attrs=attrs))
        self.error_messages["max_length"] = WRITTEN_AS

    def clean(self, value) -> tuple[int, int] | None:
        """Households and visits; None where there is nothing to record."""
        text = unicodedata.normalize("NFKC", super().clean(value)).replace(" ", "")
        if not text:
            if self.saved:
                raise ValidationError("登记过的不能空着;一户也没有走访的写 0。")
            return (self.assigned, self.assigned) if self.visit_all and self.assigned else None
        if text in ("全", "全部"):
            text = "" if self.assigned is None else f"{self.assigned}/{self.assigned}"
        match = re.fullmatch(r"(\d{1,2})(?:/(\d{1,2}))?", text)
        if not match:
            raise ValidationError(WRITTEN_AS)
        visited, assigned = int(match[1]), int(match[2]) if match[2] else self.assigned
        if assigned is None:
            raise ValidationError("还不知道联系几户,请写成 4/5 的样子:走访 4 户,联系 5 户。")
        if visited > assigned:
            raise ValidationError(f"走访 {visited} 户,比联系的 {assigned} 户还多,请核对。")
        return assigned, visited


class VisitHalfRow(GridRow):
    """One member's row of a half-year: for each month how many households were visited.

    A month that is settled or has not begun is text; if it was sent all the same, the service says why not. So is a
    month of which the member is not asked; the row refuses it.
    """

    seen = forms.CharField(widget=forms.HiddenInput, required=False, max_length=60)

    def __init__(
        self,
        data,
        *,
        member: Member,
        saved: dict[datetime.date, VisitMonth],
        months: list[datetime.date],
        absent: dict[datetime.date, str],
        open_months: set[datetime.date],
        before: int | None = None,
        all_of: datetime.date | None = None,
    ):
        """saved: what is on record, by month. absent: why the member is not asked, for months in which that is so.

        before: households of the month before the first.
        all_of: the month in which every household counts as visited where nothing is said.
        """
        self.saved, self.months, self.absent = saved, months, absent
        initial = {"seen": ";".join(visit_state(saved.get(month)) for month in months)}
        super().__init__(data, member=member, initial=initial)
        for month in months:
            name, label = f"{month:%Y-%m}", f"{member} {month.month} 月走访户数"
            if month in absent:
                if self.has_sent(name):
                    shown = households(saved.get(month))
                    self.fields[name] = RefusedField(label=label, name=label, shown=shown, absent=absent[month])
            elif month in open_months or self.has_sent(name):
                self.fields[name] = VisitHalfField(
                    label=label, saved=saved.get(month), proposed=before, visit_all=month == all_of
                )
                self.initial[name] = self.fields[name].text
            before = saved[month].assigned if month in saved else before

    @property
    def cells(self) -> list[dict]:
        """For each month its first day, the field if it may be changed, what is on record, and words for nothing."""
        today = timezone.localdate()
        return [
            {
                "month": month,
                "field": self[f"{month:%Y-%m}"] if f"{month:%Y-%m}" in self.fields else None,
                "saved": None if month in self.absent else self.saved.get(month),
                "nothing": self.absent.get(month) or ("没有登记" if month <= today else "还没有到"),
            }
            for month in self.months
        ]

    def all_visited(self, month: datetime.date) -> VisitLine | None:
        """For the service, of a row that was not sent: all households of a month; None if anything is on record."""
        field = self.fields.get(f"{month:%Y-%m}")
        if month in self.absent or not field or field.saved or not field.assigned:
            return None
        return VisitLine(self.member, month, "", field.assigned, field.assigned)

    def place_of(self, name: str) -> str:
        return "" if name == "seen" else f"{int(name[5:])} 月"

    def clean_seen(self) -> dict[datetime.date, str]:
        states = self.cleaned_data["seen"].split(";")
        if len(states) != len(self.months):
            raise ValidationError("页面已过期,请刷新后重新填写。")
        return dict(zip(self.months, states, strict=True))

    @property
    def lines(self) -> list[VisitLine]:
        sent = self.cleaned_data
        return [
            VisitLine(self.member, month, sent["seen"][month], *(sent[name] or (None, None)))
            for month in self.months
            if month not in self.absent and (name := f"{month:%Y-%m}") in self.fields
        ]
