"""The rows of a worked case's form: one record of facts each."""

from typing import Any

from django import forms
from django.utils import timezone

from scoring.engine import Period, Scheme
from scoring.engine.vocabulary import KINDS, STATUSES


class DateField(forms.DateField):
    def __init__(self, **kwargs):
        super().__init__(
            input_formats=["%Y-%m-%d"],
            widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            error_messages={"invalid": "日期不存在或写法不对,应写成 2025-01-08。"},
            **kwargs,
        )


def month_field(**kwargs) -> forms.RegexField:
    return forms.RegexField(
        r"^\d{4}-(0[1-9]|1[0-2])$",
        label="月份",
        widget=forms.TextInput(attrs={"type": "month"}),
        error_messages={"invalid": "月份应写成 2025-01。"},
        **kwargs,
    )


class PeriodField(forms.ChoiceField):
    """A period chosen from a list; an older one that a stored case names is taken too."""

    default_error_messages = {"invalid_choice": "没有这个期间,请从列表里选。"}

    def valid_value(self, value: str) -> bool:
        return super().valid_value(value) or is_period(value)


def is_period(code: Any) -> bool:
    try:
        Period.parse(str(code))
    except ValueError:
        return False
    return True


def periods_of(scheme: Scheme, back: int, ahead: int) -> list[Period]:
    """Periods from some years ahead to some years back, the latest first; of a half-year scheme also whole years."""
    this = timezone.localdate().year
    years = [Period(year) for year in range(this + ahead, this - back - 1, -1)]
    if scheme.cycle == "year":
        return years
    return [period for year in years for period in (year, *reversed(year.halves))]


def offer_periods(form: forms.Form, periods: list[Period], empty: str = "") -> None:
    """Let the form's `period` be one of some periods, or the one that it holds already."""
    own = form.data.get(form.add_prefix("period")) or form.initial.get("period")
    if own and is_period(own) and str(own) not in {period.code for period in periods}:
        periods = [Period.parse(str(own)), *periods]
    listed = [(period.code, period.title if period.half else f"{period.title}(全年)") for period in periods]
    form.fields["period"].choices = [("", empty), *listed] if empty else listed


def choices(words: dict[str, str], empty: str = "请选择") -> list[tuple[str, str]]:
    return [("", empty), *words.items()]


def amount_field(label: str, **kwargs) -> forms.DecimalField:
    return forms.DecimalField(
        label=label,
        min_value=0,
        max_digits=9,
        decimal_places=2,
        error_messages={"invalid": f"{label}要写成数。", "min_value": f"{label}不能小于 0。"},
        widget=forms.NumberInput(attrs={"step": "0.01", "min": 0, "inputmode": "decimal"}),
        **kwargs,
    )


class Row(forms.Form):
    """One record; an empty one is left out."""

    def __init__(self, *args, scheme: Scheme, **kwargs):
        super().__init__(*args, **kwargs)
        self.offer(scheme)
        number = self.prefix.rpartition("-")[2]
        for field in self.fields.values():
            field.widget.attrs["aria-label"] = (
                f"第 {int(number) + 1} 行{field.label}" if number.isdecimal() else field.label
            )
            field.error_messages["required"] = f"请填写{field.label}。"
            field.error_messages["invalid_choice"] = f"{field.label}没有这一项,请重新选。"

    def offer(self, scheme: Scheme) -> None:
        """Choices that the scheme decides."""

    def record(self) -> dict[str, Any]:
        return {name: value for name, value in self.cleaned_data.items() if value not in (None, "", False)}


class AttendanceRow(Row):
    date = DateField(label="日期")
    kind = forms.ChoiceField(label="活动", choices=choices(KINDS))
    status = forms.ChoiceField(label="考勤", choices=choices(STATUSES))


class DuesRow(Row):
    month = month_field()
    due = amount_field("应交(元)")
    paid = amount_field("实交(元)", required=False)
    paid_on = DateField(label="交纳日期", required=False)
    excused = forms.BooleanField(label="有正当理由", required=False)


class VisitRow(Row):
    month = month_field()
    assigned = forms.IntegerField(label="应走访", min_value=0)
    visited = forms.IntegerField(label="已走访", min_value=0)


class EntryRow(Row):
    item = forms.ChoiceField(label="条款")
    date = DateField(label="日期")
    level = forms.ChoiceField(label="级别", required=False)
    quantity = forms.IntegerField(label="次数", required=False, min_value=1)
    points = amount_field("分值", required=False)
    amount = amount_field("金额(元)", required=False)
    half = forms.ChoiceField(
        label="上下半年", required=False, choices=choices({"H1": "上半年", "H2": "下半年"}, "不填")
    )
    award = forms.CharField(label="同一奖项的编号", required=False, max_length=30)

    def offer(self, scheme: Scheme) -> None:
        items = scheme.entry_items
        self.fields["item"].choices = choices({item.code: item.title for item in items})
        levels = {code: title for item in items for code, title, _ in item.levels}
        self.fields["level"].choices = choices(levels, "不分级别")
        needs = {need for item in items for need in item.needs}
        needs |= {getattr(rule, "once", None) for item in scheme.items for rule in item.rules}
        for name in ("level", "quantity", "points", "amount", "half", "award"):
            if name not in needs:
                del self.fields[name]


class AssessmentRow(Row):
    item = forms.ChoiceField(label="项目")
    date = DateField(label="日期")
    score = amount_field("评分")

    def offer(self, scheme: Scheme) -> None:
        self.fields["item"].choices = choices({item.code: item.title for item in assessed_items(scheme)})


class HistoryRow(Row):
    period = PeriodField(label="期间")
    grade = forms.ChoiceField(label="等次")

    def offer(self, scheme: Scheme) -> None:
        offer_periods(self, [one for one in periods_of(scheme, back=9, ahead=0) if one.cycle == scheme.cycle], "请选择")
        self.fields["grade"].choices = choices({grade.code: grade.title for grade in scheme.grades})


class ExpectedItemRow(Row):
    item = forms.ChoiceField(label="项目")
    value = forms.DecimalField(
        label="得分", max_digits=9, decimal_places=2, error_messages={"invalid": "得分要写成数。"}
    )

    def offer(self, scheme: Scheme) -> None:
        self.fields["item"].choices = choices({item.code: item.title for item in scheme.items})


def assessed_items(scheme: Scheme) -> list:
    return list(scheme.assessed)


SECTIONS: dict[str, tuple[str, type[Row]]] = {
    "attendance": ("考勤", AttendanceRow),
    "dues": ("党费", DuesRow),
    "visits": ("走访", VisitRow),
    "entries": ("加分、扣分和登记", EntryRow),
    "assessments": ("考评打分", AssessmentRow),
    "history": ("以往等次", HistoryRow),
    "expect_items": ("各项得分", ExpectedItemRow),
}
