"""Form fields for files, checked by their content."""

from django import forms
from django.core.exceptions import ValidationError

from members.uploads import PICTURES, CheckedFile, check_file, kinds_words, limits_words


def accepted(kinds: tuple[str, ...]) -> str:
    """What a file picker offers: every picture, so that a phone offers its camera, and HEIC where the type is unknown."""
    pictures = ["image/*", ".heic", ".heif"] if set(PICTURES) & set(kinds) else []
    return ",".join(pictures + [f".{kind}" for kind in kinds if kind not in PICTURES])


class CheckedFileField(forms.FileField):
    """One file of some kinds, as a CheckedFile; None where none was sent."""

    def __init__(self, kinds: tuple[str, ...], **kwargs):
        kwargs.setdefault("help_text", f"{kinds_words(kinds)};{limits_words(kinds)}。")
        super().__init__(allow_empty_file=True, **kwargs)  # an empty one has a sentence with its name
        self.kinds = kinds
        self.error_messages["required"] = "请选一个文件。"
        self.widget.attrs["accept"] = accepted(kinds)

    def clean(self, data, initial=None) -> CheckedFile | None:
        upload = super().clean(data, initial)
        return check_file(upload, self.kinds) if upload else None


class FilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class CheckedFilesField(CheckedFileField):
    """Up to `most` files of some kinds, as a list of CheckedFile; every fault is told at once.

    Once cleaned, `sound` are those that could be taken, also where others could not.
    """

    widget = FilesInput

    def __init__(self, kinds: tuple[str, ...], most: int, **kwargs):
        help_text = f"{kinds_words(kinds)},一次选好,最多 {most} 个;{limits_words(kinds)}。照片里的拍摄地点会去掉。"
        super().__init__(kinds, help_text=help_text, required=False, **kwargs)
        self.most = most
        self.sound: list[CheckedFile] = []

    def clean(self, data, initial=None) -> list[CheckedFile]:
        uploads = [upload for upload in data or [] if upload]
        if self.required and not uploads:
            raise ValidationError("请至少附一个文件。", code="required")
        if len(uploads) > self.most:
            raise ValidationError(f"最多 {self.most} 个文件,您选了 {len(uploads)} 个。请去掉几个。")
        self.sound, faults = [], []
        for upload in uploads:
            try:
                self.sound.append(super().clean(upload, initial))
            except ValidationError as fault:
                faults += fault.messages
        if faults:
            raise ValidationError(faults)
        return self.sound
