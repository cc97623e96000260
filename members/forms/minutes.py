"""The form of an activity's minutes."""

from django import forms
from django.core.exceptions import ValidationError

from members.forms.files import CheckedFilesField
from members.forms.page import PageForm
from members.models.minutes import MINUTES_LIMIT
from members.uploads import PAPERS

MOST_FILES = 5  # at once
HEADS = "主持人:\n记录人:\n议题:\n讨论和决定:\n"  # what a record book has, to be filled in


class MinutesForm(PageForm):
    text = forms.CharField(
        label="记录",
        max_length=MINUTES_LIMIT,
        error_messages={"required": "请写会议记录的内容。"},
        widget=forms.Textarea(attrs={"rows": 14}),
        help_text=f"谁主持、谁记录,议了什么,怎样决定的。到会人数不用写,打印时按考勤列出。最多 {MINUTES_LIMIT} 字。",
    )
    files = CheckedFilesField(PAPERS, MOST_FILES, label="附件(可以不附)")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["files"].help_text += "记录本拍下来就行。保存以后不能撤下,传以前请看清楚。"

    def clean_text(self) -> str:
        text = self.cleaned_data["text"].replace("\r\n", "\n").strip()
        if text == HEADS.strip():
            raise ValidationError("还没有写内容,只有几个标题。")
        return text
