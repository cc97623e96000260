"""Forms of what is reported: a street's own template of a notice."""

from members.forms.files import CheckedFileField
from members.forms.page import PageForm


class NoticeTemplateForm(PageForm):
    """A .docx that takes the place of the shipped template."""

    file = CheckedFileField(("docx",), label="模板文件", help_text="Word 文档(.docx),最多 1 MB。")
