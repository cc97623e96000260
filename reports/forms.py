"""Forms of what is reported: a street's own template of a notice."""

from crispy_forms.helper import FormHelper
from django import forms

from members.forms.files import CheckedFileField


class NoticeTemplateForm(forms.Form):
    """A .docx that takes the place of the shipped template."""

    file = CheckedFileField(("docx",), label="模板文件", help_text="Word 文档(.docx),最多 1 MB。")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        self.helper.form_tag = False
