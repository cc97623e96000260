"""Forms of adoptions: what is adopted by whom from when, a unit's settings, its document."""

import datetime
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from members.forms.page import helper, offer
from members.models import Organization, OrganizationKind, PositionTitle, Role, User
from scoring.adoption_services import settled_period, starts
from scoring.documents import same_numbers
from scoring.engine import Period, Scheme
from scoring.models import Adoption, SchemeVersion, UnitDocument
from scoring.unit_settings import SettingRow, default_of, refused, setting_rows, stored_number

NOT_OFFERED = {"invalid_choice": "没有这一项,请从列表里选。"}
MOST_LIMIT = 1000  # points at which a band begins; no scheme comes near
TITLE_MOST = 30  # letters of an article in a list to choose from


def is_limit(value: Any) -> bool:
    """True for a number that a band may begin at."""
    return (
        isinstance(value, (int, str))
        and bool(re.fullmatch(r"\d{1,4}(\.\d{1,2})?", str(value)))
        and float(value) <= MOST_LIMIT
    )


def start_label(day: datetime.date) -> str:
    """2026 年 7 月 1 日(下半年)"""
    words = "上半年,或全年" if day.month == 1 else "下半年"
    return f"{day.year} 年 {day.month} 月 {day.day} 日({words})"


class AdoptForm(forms.Form):
    """Which organisation adopts which version, for whom, from when."""

    organization = forms.ModelChoiceField(
        Organization.objects.none(), label="组织", empty_label="请选择", help_text="下级组织一起采用,除非自己另有采用。"
    )
    version = forms.ChoiceField(label="方案", error_messages=NOT_OFFERED)
    position = forms.ChoiceField(
        label="用于谁",
        required=False,
        error_messages=NOT_OFFERED,
        choices=[("", "全体党员"), *((code, f"只用于{title}") for code, title in PositionTitle.choices)],
        help_text="只用于一种任职的,是在全体党员的方案以外另加的考核。",
    )
    starts_on = forms.ChoiceField(
        label="从哪一天起", help_text="从一个考核周期的第一天起用。", error_messages=NOT_OFFERED
    )

    def __init__(self, *args, user: User, **kwargs):
        super().__init__(*args, **kwargs)
        today = timezone.localdate()
        places = Organization.objects.for_roles(user, Role.STREET_STAFF).exclude(kind=OrganizationKind.GROUP)
        offer(self, "organization", places)
        self.fields["organization"].label_from_instance = lambda place: "\u3000" * (place.depth - 1) + place.name
        versions = SchemeVersion.objects.select_related("origin").readable()
        self.versions = {str(version.pk): version for version in versions}
        choices = [(pk, f"{one}({one.origin_words})") for pk, one in self.versions.items()]
        self.fields["version"].choices = [("", "请选择"), *choices]
        days = [period.starts_on for period in starts("half_year", today)]
        self.fields["starts_on"].choices = [(day.isoformat(), start_label(day)) for day in days]
        self.initial.setdefault("starts_on", next(day for day in days if day > today).isoformat())
        self.helper = helper("organization", "version", "position", "starts_on")

    def adoption(self) -> Adoption:
        """The adoption that was asked for, not stored."""
        return Adoption(
            organization=self.cleaned_data["organization"],
            version=self.versions[self.cleaned_data["version"]],
            position=self.cleaned_data["position"],
            starts_on=datetime.date.fromisoformat(self.cleaned_data["starts_on"]),
        )


class StartForm(forms.Form):
    """From which of some periods on."""

    starts_on = forms.ChoiceField(label="从哪个周期起", error_messages=NOT_OFFERED)

    def __init__(self, *args, periods: list[Period], **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["starts_on"].choices = [(period.starts_on.isoformat(), period.title) for period in periods]
        ahead = [period.starts_on for period in periods if period.starts_on > timezone.localdate()]
        if ahead:
            self.initial.setdefault("starts_on", ahead[0].isoformat())
        self.helper = helper("starts_on")

    def clean_starts_on(self) -> datetime.date:
        return datetime.date.fromisoformat(self.cleaned_data["starts_on"])


def open_starts(adoption: Adoption) -> list[Period]:
    """Periods from which the adoption's settings may change: not before it, none settled, none that has its own."""
    today, place = timezone.localdate(), adoption.organization
    same = Adoption.objects.filter(organization=place, position=adoption.position, starts_on__lte=today)
    used = set(same.values_list("starts_on", flat=True))
    settled = settled_period(adoption)
    return [
        period
        for period in starts(adoption.version.scheme.cycle, today)
        if period.starts_on >= adoption.starts_on
        and (adoption.ends_on is None or period.starts_on <= adoption.ends_on)
        and period.starts_on not in used
        and (settled is None or period.starts_on > settled.ends_on)
    ]


def end_starts(adoption: Adoption) -> list[Period]:
    """Periods from which on the adoption may be given up."""
    cycle = "half_year" if adoption.version.faults else adoption.version.scheme.cycle
    periods = starts(cycle, timezone.localdate())
    return [period for period in periods if period.starts_on > adoption.starts_on]


class SettingsForm(forms.Form):
    """A field, or rows of fields, for every setting that a scheme declares; checked by the engine."""

    def __init__(self, *args, scheme: Scheme, values: Mapping[str, Any], **kwargs):
        super().__init__(*args, **kwargs)
        self.scheme = scheme
        self.grades = {grade.code: grade.title for grade in scheme.grades}
        for code, setting in scheme.settings.items():
            value = values.get(code, default_of(scheme, setting))
            getattr(self, f"_add_{setting.kind}")(setting, value)

    # Fields by kind; their names begin with the setting's code.
    def _add_number(self, setting, value) -> None:
        least, most, own = map(stored_number, (setting.least, setting.most, setting.default))
        self.fields[setting.code] = forms.CharField(
            label=setting.title,
            required=False,
            initial=value,
            help_text=f"可以写 {least} 到 {most};空着,按方案自带的 {own}。",
            widget=forms.TextInput(attrs={"inputmode": "decimal"}),
        )

    def _add_bands(self, setting, value) -> None:
        rows = [*value, *[{}] * len(self._band_grades(setting))][: len(self._band_grades(setting))]
        choices = [("", "不用"), *((code, self.grades[code]) for code in self._band_grades(setting))]
        for number, band in enumerate(rows):
            self.fields[f"{setting.code}-grade-{number}"] = forms.ChoiceField(
                label=f"第 {number + 1} 等",
                required=False,
                choices=choices,
                initial=band.get("grade", ""),
                error_messages=NOT_OFFERED,
                widget=forms.Select(attrs={"class": "form-select", "aria-label": f"第 {number + 1} 等"}),
            )
            self.fields[f"{setting.code}-from-{number}"] = forms.CharField(
                label=f"第 {number + 1} 等从多少分起",
                required=False,
                initial=band.get("at_least"),
                widget=forms.TextInput(
                    attrs={
                        "class": "form-control",
                        "inputmode": "decimal",
                        "aria-label": f"第 {number + 1} 等从多少分起",
                    }
                ),
            )

    def _band_grades(self, setting) -> list[str]:
        return [code for code in self.grades if code in setting.grades]

    def _add_items(self, setting, value) -> None:
        titles = {item.code: item.title for item in self.scheme.items}
        for group in setting.groups:
            self.fields[f"{setting.code}-{group}"] = forms.MultipleChoiceField(
                label=self.scheme.people[group].title,
                required=False,
                choices=[(item, titles[item]) for item in setting.items],
                initial=list(value.get(group, ())),
                error_messages=NOT_OFFERED,
                widget=forms.CheckboxSelectMultiple,
            )

    def clean(self) -> dict[str, Any]:
        """`values`: what differs from the scheme's own values, as an adoption keeps it."""
        self.values = {}
        for code, setting in self.scheme.settings.items():
            value = getattr(self, f"_read_{setting.kind}")(setting)
            if value != default_of(self.scheme, setting) and value not in (None, [], {}):
                self.values[code] = value
        if not self.errors:
            for code, sentence in refused(self.scheme, self.values):
                self.add_error(self._field_of(code), sentence)
        return self.cleaned_data

    def _field_of(self, code: str | None) -> str | None:
        """Where a sentence about a setting goes: with bands to the row after the last, which most often is missing."""
        names = [name for name in self.fields if code and (name == code or name.startswith(f"{code}-"))]
        if code and self.scheme.settings[code].kind == "bands":
            names = names[::2]
            return next((name for name in names if not self.cleaned_data.get(name)), names[-1])
        return next(iter(names), None)

    def _read_number(self, setting) -> Any:
        return stored_number(self.cleaned_data.get(setting.code) or None)

    def _read_bands(self, setting) -> list[dict[str, Any]]:
        """Rows with a grade; gaps between them are noted on the row."""
        order = self._band_grades(setting)
        grades = [self.cleaned_data.get(f"{setting.code}-grade-{row}") for row in range(len(order))]
        limits = [
            stored_number(self.cleaned_data.get(f"{setting.code}-from-{row}") or None) for row in range(len(order))
        ]
        for row in range(len(order)):
            if sentence := self._band_fault(row, grades, limits, order):
                self.add_error(f"{setting.code}-grade-{row}", sentence)
        return [{"grade": grade, "at_least": limit} for grade, limit in zip(grades, limits, strict=True) if grade]

    def _band_fault(self, row: int, grades: list[str], limits: list[Any], order: list[str]) -> str | None:
        """What is wrong with one row of bands, given those above it."""
        grade, limit = grades[row], limits[row]
        above = next((one for one in reversed(limits[:row]) if is_limit(one)), None)
        if limit is not None and not is_limit(limit):
            return f"起点分要写 0 到 {MOST_LIMIT} 的数,最多两位小数,现在是「{limit}」。"
        if not grade and limit is not None:
            reach = f"{limit} 分以上" if above is None else f"{limit} 分到 {above} 分"
            return f"等次有空档:{reach}没有等次。请选等次,或删去起点分。"
        if not grade:
            return None
        title = self.grades[grade]
        if grade in grades[:row]:
            return f"「{title}」选了两次,请改一个。"
        lower = next((one for one in grades[:row] if one and order.index(one) > order.index(grade)), None)
        if lower:
            return f"「{title}」应写在「{self.grades[lower]}」前面:等次从高到低写。"
        if limit is None and any(grades[row + 1 :]):
            return f"「{title}」没有写从多少分起,只有最后一等可以留空。"
        if limit is not None and above is not None and Decimal(str(limit)) >= Decimal(str(above)):
            return f"「{title}」的起点分 {limit} 应小于上面一等的 {above}。"
        return None

    def _read_items(self, setting) -> dict[str, list[str]]:
        chosen = {group: self.cleaned_data.get(f"{setting.code}-{group}") for group in setting.groups}
        return {group: items for group, items in chosen.items() if items}

    # For the page
    def blocks(self) -> list[dict[str, Any]]:
        """Every setting with its bound fields: row (title, default, article, reading), kind and its fields."""
        return [self._block(row) for row in setting_rows(self.scheme, {})]

    def _block(self, row: SettingRow) -> dict[str, Any]:
        setting, kind = row.setting, row.setting.kind
        fields = [self[name] for name in self.fields if name == setting.code or name.startswith(f"{setting.code}-")]
        pairs = list(zip(fields[::2], fields[1::2], strict=True)) if kind == "bands" else []
        return {"row": row, "kind": kind, "fields": fields, "pairs": pairs}


class DocumentForm(forms.Form):
    """A unit's own regulation as a file."""

    title = forms.CharField(
        label="文件名称", max_length=100, help_text="例如:某某支部党员积分管理办法。台账上写这个名称。"
    )
    file = forms.FileField(
        label="文件",
        help_text="文本、.docx,或可以选中文字的 PDF;最多 5 MB。",
        error_messages={"required": "请选一个文件。", "empty": "文件是空的。请换一个文件。"},
        widget=forms.ClearableFileInput(attrs={"accept": ".txt,.docx,.pdf"}),
    )


class MappingForm(forms.Form):
    """For every article of the scheme one of the unit's document, or none; first proposed by the same number."""

    def __init__(self, *args, scheme: Scheme, document: UnitDocument, **kwargs):
        super().__init__(*args, **kwargs)
        self.scheme = scheme
        chosen = document.mapping or same_numbers(scheme, document.articles)
        choices = [("", "用示范文本"), *((one["id"], article_label(one)) for one in document.articles)]
        for article in scheme.articles.values():
            self.fields[f"a-{article.id}"] = forms.ChoiceField(
                label=article.heading,
                required=False,
                choices=choices,
                initial=chosen.get(article.id, ""),
                error_messages={"invalid_choice": "文件里没有这一条,请重新选。"},
                widget=forms.Select(attrs={"class": "form-select", "aria-label": f"{article.heading}对应"}),
            )

    def rows(self) -> list[dict[str, Any]]:
        return [{"article": article, "field": self[f"a-{article.id}"]} for article in self.scheme.articles.values()]

    @property
    def mapping(self) -> dict[str, str]:
        return {id_: own for id_ in self.scheme.articles if (own := self.cleaned_data[f"a-{id_}"])}


def article_label(article: Mapping[str, str]) -> str:
    """第四条 日常考核:每半年按 100 分计……"""
    text = article["text"].replace("\n", " ")
    words = f"{article['heading']}:{text}" if text else article["heading"]
    return words if len(words) <= TITLE_MOST else f"{words[:TITLE_MOST]}…"


def check_answers(*forms_: forms.BaseForm, error: ValidationError) -> None:
    """Put a service's refusal on the forms: beside its field where one has it, else on top of the first."""
    by_field = error.message_dict if hasattr(error, "error_dict") else {None: error.messages}
    for field, sentences in by_field.items():
        form = next((one for one in forms_ if field in one.fields), forms_[0])
        for sentence in sentences:
            form.add_error(field if field in form.fields else None, sentence)
