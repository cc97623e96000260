"""The form of assessments: for each line a score and a remark, all saved together."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from evaluations.assessments import Line
from evaluations.models import Assessment
from evaluations.services.assessments import Score, score_fault
from evaluations.templatetags.figures import points

MOST_REMARK = 200
MOST = 10_000


@dataclass
class Cell:
    """One line with what is in its fields; `fault` is a sentence."""

    line: Line
    score: str = ""
    remark: str = ""
    seen: str = ""
    fault: str = ""

    @property
    def key(self) -> str:
        return f"{self.line.member.pk}-{self.line.item.code}"

    @property
    def name(self) -> str:
        """For the summary of errors: 张建国「工作计划」"""
        return f"{self.line.member}「{self.line.item.title}」"

    @classmethod
    def showing(cls, line: Line, given: Assessment | None) -> "Cell":
        """The cell as a page shows it where that is the latest score."""
        if given is None:
            return cls(line)
        score = points(given.score) if given.full == line.full else ""
        return cls(line, score, given.remark, str(given.pk))

    @classmethod
    def posted(cls, line: Line, data: Mapping[str, str]) -> "Cell":
        cell = cls(line)
        cell.score, cell.remark, cell.seen = (
            data.get(f"{name}-{cell.key}", "").strip() for name in ("score", "remark", "seen")
        )
        return cell


@dataclass
class AssessmentForm:
    """The cells of some lines; after `posted` without faults, `scores` are those that were changed."""

    cells: list[Cell]
    scores: list[Score] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)  # of the form as a whole

    @classmethod
    def stored(cls, lines: list[Line]) -> "AssessmentForm":
        return cls([Cell.showing(line, line.latest) for line in lines])

    @classmethod
    def posted(cls, lines: list[Line], data: Mapping[str, str]) -> "AssessmentForm":
        form = cls([Cell.posted(line, data) for line in lines])
        for cell in form.cells:
            form._check(cell)
        if not form.scores and not form.has_faults:
            form.faults.append("没有新的打分。请在「得分」一栏填分,再保存。")
        return form

    @property
    def has_faults(self) -> bool:
        return bool(self.faults or any(cell.fault for cell in self.cells))

    @property
    def takes_notes(self) -> bool:
        """True if deductions may be noted for an item, so that a score is suggested."""
        return any(cell.line.takes_notes for cell in self.cells)

    @property
    def people(self) -> list[tuple]:
        """Each member with the cells, in their order."""
        found: dict = {}
        for cell in self.cells:
            found.setdefault(cell.line.member, []).append(cell)
        return list(found.items())

    def _check(self, cell: Cell) -> None:
        """Note the cell's fault, or take its score if it differs from what the page showed when it was opened."""
        line, latest = cell.line, cell.line.latest
        seen = next((one for one in line.given if str(one.pk) == cell.seen), None)
        shown = Cell.showing(line, seen)
        if (cell.score, cell.remark) == (shown.score, shown.remark):
            return
        if latest and latest != seen:
            cell.fault = f"{latest.office}刚刚打了 {points(latest.score)} 分。要改成您的,请再按一次保存。"
            cell.seen = str(latest.pk)
            return
        value, cell.fault = _checked(cell, shown)
        if not cell.fault:
            self.scores.append(
                Score(
                    member=line.member,
                    item=line.item.code,
                    title=line.item.title,
                    full=line.full,
                    value=value,
                    remark=cell.remark,
                    role=line.role,
                    seen=seen.pk if seen else None,
                )
            )


def _checked(cell: Cell, shown: Cell) -> tuple[Decimal | None, str]:
    """The score, or a sentence why there is none."""
    if not cell.score:
        return None, "已经打过分,不能清空;要改请填新的分数。" if shown.score else "写了说明,还没有填得分。"
    if len(cell.remark) > MOST_REMARK:
        return None, f"说明最多 {MOST_REMARK} 个字,现在是 {len(cell.remark)} 个。"
    try:
        value = Decimal(cell.score)
    except InvalidOperation:
        return None, f"「{cell.score}」不是分数。"
    if not value.is_finite() or abs(value) > MOST:
        return None, f"「{cell.score}」不是分数。"
    return value, score_fault(value, cell.line.full)
