import datetime
from collections.abc import Iterable

from django import forms
from django.utils import timezone

from members.dates import quarter_days, quarter_name, quarter_of
from members.forms.grid import GridRow, RefusedField
from members.forms.page import DateInput
from members.models import Member
from members.services.migrants import Day, ReportLine


class ReportField(forms.DateField):
    """The day of a quarter's report: from the quarter's first day to today."""

    def __init__(self, quarter: str):
        self.quarter = quarter
        super().__init__(
            label=quarter_name(quarter),
            required=False,
            widget=DateInput(),
            error_messages={"invalid": "汇报日期不存在,请写成 2025-03-05 的样子。"},
        )

    def validate(self, value: Day):
        super().validate(value)
        if value and value > timezone.localdate():
            raise forms.ValidationError(f"汇报日期 {value} 还没有到。")
        first, _ = quarter_days(self.quarter)
        if value and value < first:
            raise forms.ValidationError(f"汇报日期 {value} 在{quarter_name(self.quarter)}开始以前,请核对。")


class ReportRow(GridRow):
    """One member's row of a year: for each quarter the day of the report.

    A quarter that is settled or has not begun is text; if it was sent all the same, the service says why not. So is a
    quarter of which the member is not asked; the row refuses it.
    """

    seen = forms.CharField(widget=forms.HiddenInput, required=False, max_length=60)

    def __init__(
        self,
        data,
        *,
        member: Member,
        saved: dict[str, Day],
        quarters: list[str],
        absent: dict[str, str],
        open_quarters: Iterable[str],
    ):
        """saved: the days on record, by quarter. absent: why the member is not asked, for quarters where that is so.

        Who has not yet reported for the present quarter may be ticked.
        """
        self.saved, self.quarters, self.absent = saved, quarters, absent
        initial = {"seen": "|".join(f"{saved.get(quarter) or ''}" for quarter in quarters), **saved}
        super().__init__(data, member=member, initial=initial)
        for quarter in quarters:
            name = f"{member} {quarter_name(quarter)}汇报日期"
            if quarter in absent:
                if self.has_sent(quarter):
                    label, shown = quarter_name(quarter), str(saved.get(quarter) or "")
                    self.fields[quarter] = RefusedField(label=label, name=name, shown=shown, absent=absent[quarter])
            elif quarter in open_quarters or self.has_sent(quarter):
                field = self.fields[quarter] = ReportField(quarter)
                field.widget.attrs |= {"class": "form-control", "aria-label": name}
        self.present = quarter_of(timezone.localdate())
        asked = self.present in self.fields and self.present not in absent
        if asked and not saved.get(self.present):
            tick = forms.CheckboxInput(attrs={"class": "form-check-input", "aria-label": f"{member}今天汇报"})
            self.fields["today"] = forms.BooleanField(label="今天汇报", required=False, widget=tick)

    @property
    def cells(self) -> list[dict]:
        """For each quarter its name, the field if it may be changed, the day on record, and words for none."""
        today = timezone.localdate()
        return [
            {
                "name": quarter_name(quarter),
                "field": self[quarter] if quarter in self.fields else None,
                "day": None if quarter in self.absent else self.saved.get(quarter),
                "nothing": self.absent.get(quarter)
                or ("没有汇报" if quarter_days(quarter)[0] <= today else "还没有到"),
            }
            for quarter in self.quarters
        ]

    def place_of(self, name: str) -> str:
        return self.fields[name].label if name in self.quarters else ""

    def clean_seen(self) -> dict[str, Day]:
        days = self.cleaned_data["seen"].split("|")
        try:
            return {
                quarter: datetime.date.fromisoformat(day) if day else None
                for quarter, day in zip(self.quarters, days, strict=True)
            }
        except ValueError:
            raise forms.ValidationError("页面已过期,请刷新后重新填写。") from None

    def clean(self):
        sent = super().clean()
        if sent.get("today") and sent.get(self.present):
            self.add_error(self.present, "写了日期,又勾了今天汇报,请只留一样。")
        return sent

    @property
    def line(self) -> ReportLine:
        asked = [quarter for quarter in self.quarters if quarter in self.fields and quarter not in self.absent]
        wanted = {quarter: self.cleaned_data[quarter] for quarter in asked}
        if self.cleaned_data.get("today"):
            wanted[self.present] = timezone.localdate()
        return ReportLine(self.member, self.cleaned_data["seen"], wanted)
