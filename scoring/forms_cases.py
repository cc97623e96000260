"""The form of a worked case: one person, rows of facts, and the answer expected."""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms import formset_factory
from django.http import QueryDict
from django.utils import timezone

from members.models import Organization, User
from scoring.engine import Period, Scheme
from scoring.engine.vocabulary import CATEGORIES, MEMBER_STATUSES, MOBILITIES, POSITIONS, RESULT_STATUSES
from scoring.forms_case_rows import (
    SECTIONS,
    DateField,
    PeriodField,
    Row,
    assessed_items,
    choices,
    offer_periods,
    periods_of,
)
from scoring.forms_schemes import own_units
from scoring.models import WorkedCase
from scoring.unit_settings import settings_of
from scoring.worked_cases import (
    BAD_NAME,
    HALVES,
    LISTS,
    NAME,
    PERSON,
    names_settings,
    read_back,
    run_document,
    written,
)

MORE_ROWS = 3
MOST_ROWS = 60
SELDOM = ("visits", "history")  # sections that are opened when they are needed
KEPT = "kept"  # the choice of settings that leaves those of a stored case
NONE = "none"  # the choice "expected to be empty", other than not compared


class PersonForm(forms.Form):
    """The case's name and period, the person, the ballots, and what is expected of the whole sheet."""

    organization = forms.ModelChoiceField(Organization.objects.none(), label="单位")
    name = forms.CharField(label="算例名称", max_length=60, help_text="说明它核对什么,如:迟到两次。")
    settings = forms.ChoiceField(
        label="按谁的设定",
        choices=[("unit", "按本单位设定"), ("model", "按示范值")],
        widget=forms.RadioSelect,
        help_text="写进算例里;单位以后改了设定,这个算例不跟着变。",
    )
    period = PeriodField(label="期间")
    person = forms.CharField(
        label="姓名", max_length=30, initial=PERSON, help_text="用编的名字,如张三;不要写真人的姓名。"
    )
    status = forms.ChoiceField(label="人员类别", choices=list(MEMBER_STATUSES.items()))
    mobility = forms.ChoiceField(label="流动情况", choices=list(MOBILITIES.items()))
    exempt = forms.BooleanField(label="免予考核", required=False)
    born = DateField(label="出生日期", required=False)
    category = forms.ChoiceField(label="党员类型", choices=choices(CATEGORIES, "不分类型"), required=False)
    positions = forms.MultipleChoiceField(
        label="职务", choices=list(POSITIONS.items()), required=False, widget=forms.CheckboxSelectMultiple
    )
    quarters = forms.MultipleChoiceField(
        label="流动党员按时汇报的季度",
        choices=[(f"Q{number}", f"第 {number} 季度") for number in range(1, 5)],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    expect_status = forms.ChoiceField(label="状态", choices=choices(RESULT_STATUSES, "不核对"), required=False)
    expect_total = forms.DecimalField(
        label="总分", max_digits=9, decimal_places=2, required=False, error_messages={"invalid": "总分要写成数。"}
    )
    expect_grade = forms.ChoiceField(label="等次", required=False)
    expect_lists = forms.MultipleChoiceField(
        label="榜单",
        choices=[*LISTS.items(), (NONE, "都不上")],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    expect_consequences = forms.MultipleChoiceField(
        label="结果运用", required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args, user: User, scheme: Scheme, case=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.scheme = scheme
        own_units(self, user)
        offer_periods(self, periods_of(scheme, back=4, ahead=1))
        self.initial.setdefault("period", Period.containing(timezone.localdate(), scheme.cycle).code)
        if case:  # the unit, and the name that others may speak of, stay
            del self.fields["organization"], self.fields["name"]
        if not scheme.settings:
            del self.fields["settings"]
        elif case is None:
            self.initial.setdefault("settings", "unit")
        else:
            kept = "照算例里写的设定" if names_settings(case.document) else "不写明"
            self.fields["settings"].choices = [(KEPT, kept), *self.fields["settings"].choices]
            self.initial.setdefault("settings", KEPT)
        for field in self.fields.values():
            field.error_messages["required"] = f"请填写{field.label}。"
        grades = {grade.code: grade.title for grade in scheme.grades}
        self.fields["expect_grade"].choices = [*choices(grades, "不核对"), (NONE, "没有等次")]
        titles = dict(scheme.outcome.titles) | (scheme.year.outcome.titles if scheme.year else {})
        self.fields["expect_consequences"].choices = [*titles.items(), (NONE, "一项也没有")]
        halves = tuple(HALVES) if scheme.cycle == "half_year" else ("",)
        self.ballots = [(group, [f"ballots-{group.code}-{half}" for half in halves]) for group in scheme.groups]
        for group, names in self.ballots:
            for name in names:
                label = f"{group.title}{HALVES.get(name[-2:], '')}"
                hints = {"placeholder": "90, 95", "inputmode": "decimal", "aria-label": label}
                self.fields[name] = forms.CharField(
                    label=label, required=False, max_length=500, widget=forms.TextInput(attrs=hints)
                )

    def clean_name(self):
        if not NAME.fullmatch(self.cleaned_data["name"]):
            raise ValidationError(BAD_NAME)
        return self.cleaned_data["name"]

    def clean(self):
        data = super().clean()
        for _, names in self.ballots:
            for name in names:
                try:
                    data[name] = scores(data.get(name) or "")
                except ValidationError as error:
                    self.add_error(name, error)
        for name in ("expect_lists", "expect_consequences"):
            if NONE in data.get(name, ()) and len(data[name]) > 1:
                self.add_error(name, "选了「没有」就不能再选别的。")
        return data

    def ballot_rows(self) -> Iterator[tuple[str, list[tuple[str, forms.BoundField]]]]:
        """Each appraisal group with its fields, below `ballot_heads`."""
        for group, names in self.ballots:
            yield group.title, list(zip(self.ballot_heads, (self[name] for name in names), strict=True))

    @property
    def ballot_heads(self) -> list[str]:
        return list(HALVES.values()) if self.scheme.cycle == "half_year" else ["全年"]


def scores(text: str) -> list[Decimal]:
    """The ballots in 90, 95 or 90 95. Raises ValidationError."""
    found = []
    for word in re.split(r"[\s,\uff0c、;\uff1b]+", text.strip()):
        if not word:
            continue
        if not re.fullmatch(r"\d{1,3}(\.\d{1,2})?", word) or Decimal(word) > 100:
            raise ValidationError(f"「{word}」应是 0 到 100 的数;几张票用逗号分开。")
        found.append(Decimal(word))
    return found


class CaseForms:
    """The whole form of a worked case: the person, and rows of facts by section."""

    def __init__(self, scheme: Scheme, user: User, *, data=None, case: WorkedCase | None = None, more: str = ""):
        self.scheme, self.case = scheme, case
        self.quiet = bool(more)  # asked for more rows, not yet for an answer
        stored = read_back(case.document) if case else None
        self.kept = stored or {"settings": None, "organization": None}
        initial = person_initial(stored) if stored else {}
        if data is not None:
            data = with_rows(data, more)
        self.person = PersonForm(data, user=user, scheme=scheme, case=case, initial=initial)
        self.sections = {
            key: self._rows(key, title, row, data, section_initial(stored, key) if stored and data is None else [])
            for key, (title, row) in SECTIONS.items()
            if self._applies(key)
        }

    def _applies(self, key: str) -> bool:
        return key != "assessments" or bool(assessed_items(self.scheme))

    def _rows(self, key: str, title: str, row: type[Row], data, initial: list):
        made = formset_factory(row, extra=MORE_ROWS, max_num=MOST_ROWS, absolute_max=MOST_ROWS, validate_max=True)
        formset = made(data, prefix=key, initial=initial, form_kwargs={"scheme": self.scheme})
        formset.key, formset.title = key, title
        formset.folded = key in SELDOM and not any(form.has_changed() or form.initial for form in formset)
        formset.columns = [field.label for field in formset.empty_form.fields.values()]
        return formset

    @property
    def facts(self) -> list:
        return [formset for key, formset in self.sections.items() if key != "expect_items"]

    @property
    def expected_items(self):
        return self.sections["expect_items"]

    def is_valid(self) -> bool:
        return all([self.person.is_valid(), *(formset.is_valid() for formset in self.sections.values())])

    @property
    def name(self) -> str:
        return self.case.name if self.case else self.person.cleaned_data["name"]

    def document(self) -> str:
        """The case as YAML; `place` puts what the engine says about it beside the fields."""
        text, self.places = written(self._case())
        return text

    def _case(self) -> dict[str, Any]:
        data = self.person.cleaned_data
        year = data["period"][:4]
        member = {
            "status": "" if data["status"] == "full" else data["status"],
            "mobility": "" if data["mobility"] == "resident" else data["mobility"],
            "exempt": data["exempt"] or None,
            "born": data["born"],
            "category": data["category"],
            "positions": data["positions"],
            **{key: self._records(key) for key in SECTIONS if key not in ("expect_items", "history")},
            "reports": [f"{year}{quarter}" for quarter in data["quarters"]],
            "appraisal": self._appraisal(year),
            "history": self._records("history"),
        }
        return {
            "name": self.name,
            "scheme": self.scheme.code,
            "period": data["period"],
            "settings": self._settings(),
            "organization": self.kept["organization"],
            "id": data["person"],
            "member": member,
            "expect": self._expected(),
        }

    def _settings(self) -> dict[str, Any] | None:
        """What the case says of its settings: the unit's own as they now are, none but the scheme's, or as it was."""
        chosen = self.person.cleaned_data.get("settings", KEPT)
        if chosen == KEPT:
            return self.kept["settings"]
        unit = self.case.organization if self.case else self.person.cleaned_data["organization"]
        return settings_of(unit, self.scheme.code) if chosen == "unit" else {}

    def _records(self, key: str) -> list[dict[str, Any]]:
        return [form.record() for form in self._filled(key)]

    def _filled(self, key: str) -> list[Row]:
        return [form for form in self.sections.get(key, ()) if form.has_changed() and form.cleaned_data]

    def _appraisal(self, year: str) -> dict[str, dict[str, list[Decimal]]]:
        found: dict[str, dict[str, list[Decimal]]] = {}
        for group, names in self.person.ballots:
            for name in names:
                if ballots := self.person.cleaned_data[name]:
                    found.setdefault(f"{year}{name.rpartition('-')[2]}", {})[group.code] = ballots
        return found

    def _expected(self) -> dict[str, Any]:
        data = self.person.cleaned_data
        found: dict[str, Any] = {}
        if data["expect_status"]:
            found["status"] = data["expect_status"]
        if items := {row["item"]: row["value"] for row in (form.cleaned_data for form in self._filled("expect_items"))}:
            found["items"] = items
        if data["expect_total"] is not None:
            found["total"] = data["expect_total"]
        if data["expect_grade"]:
            found["grade"] = None if data["expect_grade"] == NONE else data["expect_grade"]
        for key in ("lists", "consequences"):
            if chosen := data[f"expect_{key}"]:
                found[key] = [code for code in chosen if code != NONE]
        return found

    def place(self, faults) -> None:
        """Put each fault of the document on its row and field, or on top of the form."""
        for fault in faults:
            field, row = self.places.get(fault.line, ("", None))
            named = re.match(r"「([a-z_]+)」", fault.text)
            if row is not None:
                form = self._filled(field)[row]
                form.add_error(named[1] if named and named[1] in form.fields else None, fault.text)
            else:
                self.person.add_error(field if field in self.person.fields else None, fault.text)

    def errors(self) -> list[str]:
        """Every fault as a sentence, for the top of the page."""
        said = []
        for name, messages in self.person.errors.items():
            label = self.person.fields[name].label if name in self.person.fields else ""
            said += [f"{label}:{message}" if label else message for message in messages]
        for formset in self.sections.values():
            said += [str(message) for message in formset.non_form_errors()]
            for number, form in enumerate(formset, start=1):
                said += [
                    f"{formset.title}第 {number} 行:{message}"
                    for messages in form.errors.values()
                    for message in messages
                ]
        return said


def with_rows(data, more: str = ""):
    """The posted rows, all of which may be left empty; some more of one section where they are asked for."""
    data = data.copy()
    for key in SECTIONS:
        total = data.get(f"{key}-TOTAL_FORMS", "")
        asked = int(total) if total.isdecimal() else 0
        data[f"{key}-TOTAL_FORMS"] = str(min(asked + (MORE_ROWS if key == more else 0), MOST_ROWS))
        data[f"{key}-INITIAL_FORMS"] = "0"
    return data


def person_initial(stored: dict[str, Any]) -> dict[str, Any]:
    """The fields of a stored case."""
    member, expect = stored["member"], stored["expect"]
    initial = {"status": "full", "mobility": "resident"}  # what a case leaves out
    initial |= {
        key: member[key] for key in ("status", "mobility", "exempt", "born", "category", "positions") if key in member
    }
    initial |= {"period": stored["period"], "person": stored["id"]}
    initial["quarters"] = [quarter[4:] for quarter in member.get("reports", ())]
    for period, groups in member.get("appraisal", {}).items():
        for group, ballots in groups.items():
            initial[f"ballots-{group}-{str(period)[4:]}"] = ", ".join(str(score) for score in ballots)
    for key in ("status", "total"):
        if expect.get(key) is not None:
            initial[f"expect_{key}"] = expect[key]
    if "grade" in expect:
        initial["expect_grade"] = expect["grade"] or NONE
    for key in ("lists", "consequences"):
        if key in expect:
            initial[f"expect_{key}"] = list(expect[key]) or [NONE]
    return initial


def section_initial(stored: dict[str, Any], key: str) -> list[dict[str, Any]]:
    if key == "expect_items":
        return [{"item": item, "value": value} for item, value in stored["expect"].get("items", {}).items()]
    return [dict(row) for row in stored["member"].get(key, ())]


def fits_form(case: WorkedCase, scheme: Scheme, user: User) -> bool:
    """True if the form of one person holds all that the stored case says: sent back unchanged, it is the same case."""
    before = run_document(scheme, case.document).outcome
    if before is None or read_back(case.document) is None:
        return False
    forms_again = CaseForms(scheme, user, case=case, data=as_posted(CaseForms(scheme, user, case=case)))
    after = run_document(scheme, forms_again.document()).outcome if forms_again.is_valid() else None
    return after is not None and all(
        getattr(before.case, name) == getattr(after.case, name) for name in ("period", "settings", "rows", "expect")
    )


def as_posted(shown: CaseForms) -> QueryDict:
    """What a browser sends for the form as it stands."""
    data = QueryDict(mutable=True)
    for form in (shown.person, *(row for formset in shown.sections.values() for row in formset.initial_forms)):
        for bound in form:
            value = bound.value()
            if isinstance(value, list):
                data.setlist(bound.html_name, map(str, value))
            elif value not in (None, "", False):
                data[bound.html_name] = str(value)
    for key, formset in shown.sections.items():
        data[f"{key}-TOTAL_FORMS"] = str(len(formset.initial_forms))
    return data
