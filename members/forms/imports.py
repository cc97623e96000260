from django import forms

from members.forms.page import helper


class UploadForm(forms.Form):
    file = forms.FileField(
        label="文件",
        help_text=".xlsx 或 .csv,最多 5 MB。",
        error_messages={"required": "请选一个文件。", "empty": "文件是空的。请填好后重新上传。"},
        widget=forms.ClearableFileInput(attrs={"accept": ".xlsx,.csv"}),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = helper("file")
