"""What the rows of all grids have in common."""

from html import escape

from django import forms
from django.core.exceptions import ValidationError
from django.forms.renderers import TemplatesSetting
from django.utils.safestring import mark_safe

from members.models import Member

INPUTS = {f"django/forms/widgets/{kind}.html" for kind in ("text", "hidden", "checkbox", "date")}


class InputRenderer(TemplatesSetting):
    """Writes an input as Django's templates do, without one: a grid has hundreds."""

    def render(self, template_name, context, request=None):
        if template_name not in INPUTS:
            return super().render(template_name, context, request)
        widget = context["widget"]
        attributes = {"type": widget["type"], "name": widget["name"], "value": widget["value"], **widget["attrs"]}
        written = [
            f" {name}" if value is True else f' {name}="{escape(str(value))}"'
            for name, value in attributes.items()
            if value is not None and value is not False
        ]
        return mark_safe(f"<input{''.join(written)}>")  # noqa: S308  values are escaped


class RefusedField(forms.CharField):
    """What is sent of a cell that asks for nothing, by a page that was opened before: refused, unless it is as it was.

    absent: why it asks for nothing. Comes to None.
    """

    def __init__(self, *, label: str, name: str, shown: str, absent: str):
        self.shown, self.absent = shown, absent
        attrs = {"autocomplete": "off", "class": "form-control", "aria-label": name}
        super().__init__(label=label, required=False, widget=forms.TextInput(attrs=attrs))

    def clean(self, value) -> None:
        if super().clean(value) not in ("", self.shown):
            raise ValidationError(f"那时{self.absent},不能登记。请删去。")


class GridRow(forms.Form):
    """One member's row of a grid; unbound where the browser did not send it (another page of the list).

    Its field `seen` takes the state that the page showed back with it.
    """

    default_renderer = InputRenderer()

    def __init__(self, data, *, member: Member, initial: dict):
        self.member, self.clash = member, None
        prefix = f"m{member.pk}"
        self.sent = data if data and f"{prefix}-seen" in data else None
        super().__init__(self.sent, prefix=prefix, initial=initial, use_required_attribute=False)

    def has_sent(self, name: str) -> bool:
        return bool(self.sent) and f"{self.prefix}-{name}" in self.sent

    @property
    def editable(self) -> bool:
        return len(self.fields) > 1

    @property
    def faults(self) -> list[str]:
        """What is wrong, each with the name and the place in the row."""
        return [
            f"{self.member}{self.place_of(name)}:{fault}" for name, faults in self.errors.items() for fault in faults
        ]

    def place_of(self, name: str) -> str:
        """Which month or quarter a field is about; empty where the whole row is about one."""
        return ""
