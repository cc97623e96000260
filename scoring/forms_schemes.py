"""Forms of scheme drafts, and files of worked cases."""

import hashlib

from django import forms
from django.core.exceptions import ValidationError

from members.forms.page import PageForm
from members.models import Organization, User
from members.querysets import paths_of
from scoring.models import SchemeVersion
from scoring.permissions import CASE_ROLES

LONGEST_SOURCE = 300_000  # characters of a definition or a text
LARGEST_UPLOAD = 1024 * 1024  # bytes of an uploaded file


CHANGED_MEANWHILE = (
    "您打开以后,这份草稿又被保存过,这次还没有保存。请另开一页看看现在的草稿;确实要用下面的内容,再按一次保存。"
)


def state_of(version: SchemeVersion) -> str:
    """What a form has seen of a version: changes whenever its words do."""
    words = "\0".join((str(version.pk), version.definition, version.text, version.note))
    return hashlib.sha256(words.encode()).hexdigest()


def uploaded_text(file) -> str:
    """The words of an uploaded file. Raises ValidationError."""
    if file.size > LARGEST_UPLOAD:
        raise ValidationError("文件太大,最多 1 MB。")
    try:
        return file.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValidationError("文件不是 UTF-8 编码。请用记事本打开,另存为 UTF-8 后重新上传。") from error


class DraftForm(forms.Form):
    """The two files of a scheme, typed or uploaded; an uploaded file takes the place of what is typed."""

    note = forms.CharField(label="改动说明", required=False, max_length=200, help_text="改了什么、为什么改,一两句话。")
    text = forms.CharField(label="条文 text.md", strip=False, max_length=LONGEST_SOURCE, required=False)
    text_file = forms.FileField(label="或上传 text.md", required=False)
    definition = forms.CharField(label="规则 definition.yaml", strip=False, max_length=LONGEST_SOURCE, required=False)
    definition_file = forms.FileField(label="或上传 definition.yaml", required=False)
    seen = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args, version: SchemeVersion, **kwargs):
        super().__init__(*args, **kwargs)
        self.stands = state_of(version)
        self.initial["seen"] = self.stands
        for name in ("text", "definition"):
            self.fields[name].widget = forms.Textarea(attrs={"rows": 18, "class": "source", "spellcheck": "false"})
            self.fields[f"{name}_file"].help_text = "UTF-8 编码,最多 1 MB;上传后以文件为准。"
        self.fields["text_file"].widget.attrs["accept"] = ".md,.txt"
        self.fields["definition_file"].widget.attrs["accept"] = ".yaml,.yml"

    def clean(self):
        data = super().clean()
        for name in ("text", "definition"):
            if data.get(f"{name}_file"):
                self._take_upload(name, data)
            data[name] = data.get(name, "").replace("\r\n", "\n")
            if not data[name].strip() and name not in self.errors and f"{name}_file" not in self.errors:
                self.add_error(name, "这里不能空着。请填写,或上传文件。")
        if data.get("seen") and data["seen"] != self.stands:
            self.add_error(None, CHANGED_MEANWHILE)
            self.data = self.data.copy()
            self.data["seen"] = self.stands
        return data

    def _take_upload(self, name: str, data: dict) -> None:
        try:
            data[name] = uploaded_text(data[f"{name}_file"])
        except ValidationError as error:
            self.add_error(f"{name}_file", error)
        else:
            self.data = self.data.copy()
            self.data[name] = data[name]  # shown again with what was read


class ImportCasesForm(PageForm):
    organization = forms.ModelChoiceField(Organization.objects.none(), label="单位")
    file = forms.FileField(label="算例文件", help_text=".yaml,UTF-8 编码,最多 1 MB。同名的算例会换成文件里的。")

    def __init__(self, *args, user: User, **kwargs):
        super().__init__(*args, **kwargs)
        own_units(self, user)
        self.fields["file"].widget.attrs["accept"] = ".yaml,.yml"

    def clean_file(self):
        return self.cleaned_data["file"].name, uploaded_text(self.cleaned_data["file"])


def own_units(form: forms.Form, user: User) -> None:
    """Let the form's organisation be one where the user holds a role that writes cases; of one alone, that one."""
    units = Organization.objects.filter(path__in=paths_of(user, CASE_ROLES))
    field = form.fields["organization"]
    field.queryset = units
    field.error_messages["invalid_choice"] = "只能为自己工作的单位写算例,请重新选。"
    if units.count() == 1:
        field.empty_label = None
