"""A column of attendance pasted from a spreadsheet."""

import re

from django import forms
from django.core.exceptions import ValidationError

from members.forms.activities import AttendanceRow
from members.models import AttendanceStatus as Status

LONGEST = 50_000  # characters; a thousand rows of a few columns
TOLD = 12  # faults that are named; the rest are counted
# How secretaries write it. What is not here is asked about, never guessed.
WORDS = {
    Status.PRESENT: "到会 到 已到 出席 参加 参会 签到 已签到 出勤 正常 √ ✓ ✔ v",
    Status.LATE: "迟到 迟 晚到",
    Status.LEFT_EARLY: "早退 早走",
    Status.PERSONAL_LEAVE: "事假 请假 请事假 因私请假",
    Status.SICK_LEAVE: "病假 病 请病假 因病请假",
    Status.OFFICIAL_LEAVE: "公假 公差 公出 出差 因公 因公请假 请公假",
    Status.ABSENT: "缺席 缺 缺勤 旷会 未到 没到 没来 无故缺席 × ✗ ✘ x",
    Status.PROXY: "替会 代会 代开 替",
    Status.NOT_REQUIRED: "不要求 免 免予考核 免考核 不用参加 不需参加 不参加考勤",
}
MEANING = {word: status for status, words in WORDS.items() for word in words.split()} | {
    status.label: status for status in Status
}
HEADS = {"姓名", "名字", "党员", "党员姓名", "情况", "考勤", "考勤情况", "出勤情况", "状态", "到会情况", "签到情况"}


def plain(text: str) -> str:
    """Without blanks and case, as words and names are compared."""
    return "".join(text.split()).lower()


class PasteForm(forms.Form):
    """The pasted text against the rows of the grid. Valid, it has `marks` to store and `changes` to show."""

    text = forms.CharField(
        label="从表格复制来的内容",
        max_length=LONGEST,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 12, "spellcheck": "false", "class": "form-control"}),
        error_messages={"required": "还没有粘贴内容。", "max_length": "内容太长,一次最多粘贴五万字。"},
    )

    revision = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)

    def __init__(self, *args, rows: list[AttendanceRow], **kwargs):
        super().__init__(*args, **kwargs)
        self.rows, self.marks, self.changes, self.faults = rows, {}, [], []
        self.latest = max((row.saved.revision for row in rows if row.saved), default=0)

    @property
    def vocabulary(self) -> list[tuple[str, list[str]]]:
        """Each status with the other words that mean it."""
        return [
            (status.label, [word for word in words.split() if word != status.label]) for status, words in WORDS.items()
        ]

    def clean_text(self) -> str:
        text = self.cleaned_data["text"].replace("\x00", "")
        lines = [split(line) for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
        while lines and not any(lines[-1]):
            lines.pop()
        read = list(enumerate(lines, 1))
        if read and is_head(read[0][1]):
            read.pop(0)
        if not read:
            raise ValidationError("没有读到考勤情况,请复制表格里的一列再粘贴。")
        alone = all(sum(map(bool, cells)) <= 1 for _, cells in read)
        self.found = self.by_order(read) if alone else self.by_name(read)
        if self.faults:
            more = [f"另外还有 {len(self.faults) - TOLD} 处。"] if len(self.faults) > TOLD else []
            raise ValidationError([*self.faults[:TOLD], *more])
        return text

    def clean(self):
        """What would change, and what to store: a cell that somebody changed since the preview counts as not seen."""
        super().clean()
        if "text" not in self.cleaned_data:
            return
        seen = self.cleaned_data.get("revision")
        seen = self.latest if seen is None else seen
        for row, status in self.found.items():
            was = row.saved.status if row.saved else ""
            if was != status:
                self.changes.append({"row": row, "new": Status(status)})
            self.marks[row.member] = (was if row.saved and row.saved.revision <= seen else "", status)

    def by_order(self, read: list[tuple[int, list[str]]]) -> dict[AttendanceRow, str]:
        """Statuses for the members in the order of the grid."""
        if len(read) == len(self.rows) + 1 and plain("".join(read[0][1])) in ("签到", "出勤"):
            read = read[1:]
        if len(read) != len(self.rows):
            raise ValidationError(
                f"粘贴了 {len(read)} 行,名单有 {len(self.rows)} 人,对不上。只有一列时要和名单人数、顺序一样;"
                "人数不同的,请把姓名列一起复制。"
            )
        found = {}
        for row, (number, cells) in zip(self.rows, read, strict=True):
            word = next(filter(None, cells), "")
            if word and (status := self.meaning(number, row, word)):
                found[row] = status
        return found

    def by_name(self, read: list[tuple[int, list[str]]]) -> dict[AttendanceRow, str]:
        """Statuses for the members who are named, by name or number, in any columns."""
        known: dict[str, list[AttendanceRow]] = {}
        for row in self.rows:
            for key in {plain(row.member.name), plain(row.member.number)}:
                known.setdefault(key, []).append(row)
        found, seen = {}, {}
        for number, cells in read:
            if not any(cells):
                continue
            row = self.whose(number, cells, known)
            if row is None:
                continue
            if row in seen:
                self.faults.append(f"第 {number} 行:{row.member}在第 {seen[row]} 行已经有了,请只留一行。")
                continue
            seen[row] = number
            rest = [cell for cell in cells if cell and plain(cell) not in known and not cell.isdecimal()]
            words = [cell for cell in rest if plain(cell) in MEANING] or rest[:1]
            statuses = {self.meaning(number, row, word) for word in words}
            if len(statuses) > 1:
                self.faults.append(f"第 {number} 行({row.member}):有两种情况「{'」「'.join(words)}」,请只留一种。")
            elif statuses != {None} and statuses:
                found[row] = statuses.pop()
        return found

    def whose(self, number: int, cells: list[str], known: dict[str, list[AttendanceRow]]) -> AttendanceRow | None:
        """The member that a line names."""
        named = [known[plain(cell)] for cell in cells if plain(cell) in known]
        for rows in named:
            if len(rows) == 1:
                return rows[0]
        if named:
            self.faults.append(
                f"第 {number} 行:名单里有 {len(named[0])} 个「{named[0][0].member}」,请把编号列一起复制。"
            )
        else:
            name = next((cell for cell in cells if cell and not cell.isdecimal()), cells[0])
            self.faults.append(f"第 {number} 行:名单里没有「{name[:20]}」,请核对姓名。")
        return None

    def meaning(self, number: int, row: AttendanceRow, word: str) -> str | None:
        status = MEANING.get(plain(word))
        if status is None:
            self.faults.append(f"第 {number} 行({row.member}):不认识「{word[:20]}」。请改成到会、迟到、事假这样的词。")
        return status


def split(line: str) -> list[str]:
    """The cells of a line, by tabs; of a line that was typed, by blanks or commas."""
    cells = line.split("\t") if "\t" in line else re.split(r"[,,、;;]|\s+", line.strip())
    return [cell.strip() for cell in cells]


def is_head(cells: list[str]) -> bool:
    return any(plain(cell) in HEADS for cell in cells)
