"""What forms have in common: their page writes <form> and the buttons, crispy-forms what is between."""

from collections.abc import Iterable
from functools import cached_property

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Column, Layout, Row
from django import forms

from members.models import Organization


def helper(*fields) -> FormHelper:
    """The layout of a form: these fields or, without any, all in their order."""
    made = FormHelper()
    made.form_tag = False
    if fields:
        made.layout = Layout(*fields)
    return made


class PageForm(forms.Form):
    """A form without a layout of its own."""

    @cached_property
    def helper(self) -> FormHelper:
        return helper()


class DateInput(forms.DateInput):
    input_type = "date"

    def __init__(self, **attrs):
        super().__init__(attrs=attrs, format="%Y-%m-%d")


def pair(*fields: str) -> Row:
    """Fields beside each other, below each other on a phone."""
    return Row(*(Column(field, css_class="col-md-6") for field in fields))


def only_choice(organizations: Iterable[Organization]) -> Organization | None:
    """The one among these, or the branch that all the others are groups of; None where there is a real choice."""
    found = list(organizations)
    highest = min(found, key=lambda each: len(each.path), default=None)
    if len(found) > 1 and not (highest.is_branch and all(each.path.startswith(highest.path) for each in found)):
        return None
    return highest


def offer(form: forms.BaseForm, name: str, organizations) -> None:
    """Let a field choose among these organisations; others are refused in words."""
    form.fields[name].queryset = organizations
    form.fields[name].error_messages["invalid_choice"] = "这个组织不在您的工作范围内,请重新选。"
