"""Forms of voting: the ballot and its code, and on paper the slips, the roster of who takes part, and the tally sheet."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from django import forms

from evaluations.appraisals import appraised
from evaluations.forms_appraisals import MOST_PEOPLE
from evaluations.models import Appraisal, AppraisalGroup, Voter
from evaluations.services import Mark
from evaluations.services.appraisals import SCORES
from evaluations.services.ballots import MOST_CODES
from members.forms.files import CheckedFileField
from members.forms.page import PageForm
from members.models import Member
from members.numbers import whole
from members.uploads import PICTURES, limits_words

NOT_APPRAISED = "none"


class CodeForm(PageForm):
    """The code of a slip, as it was typed or read from its square."""

    code = forms.CharField(
        label="评议码",
        max_length=60,
        error_messages={"required": "请填纸条上的评议码。", "max_length": "评议码只有 16 个字符,请核对纸条。"},
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false", "data-code": ""}
        ),
        help_text="16 个字母和数字,不分大小写,短横线可以不填。",
    )


class Ballot:
    """A ballot as it is filled in: one row a candidate, and in each a choice.

    own: the id of the voter's own member record, whose row is left out.
    """

    def __init__(self, appraisal: Appraisal, data: Mapping[str, str], *, own: int | None = None):
        self.members = [member for member in appraised(appraisal) if member.pk != own]
        self.words = {score: f"{word} {score} 分".strip() for score, word in appraisal.choices}
        self.words[NOT_APPRAISED] = "不了解,不评"
        self.chosen = {
            member: choice for member in self.members if (choice := data.get(f"answer-{member.pk}")) in self.words
        }

    @property
    def unanswered(self) -> list[Member]:
        return [member for member in self.members if member not in self.chosen]

    @property
    def answers(self) -> dict[int, Decimal | None]:
        """For each member id the score, or None."""
        return {
            member.pk: None if choice == NOT_APPRAISED else Decimal(choice) for member, choice in self.chosen.items()
        }

    def rows(self) -> list[dict]:
        """For the template: each member with the choices, and the one that was made."""
        return [
            {
                "member": member,
                "name": f"answer-{member.pk}",
                "value": self.chosen.get(member, ""),
                "word": self.words.get(self.chosen.get(member), ""),
                "choices": self.words.items(),
            }
            for member in self.members
        ]


class SlipsForm(PageForm):
    """How many slips are printed. `batch` is how often some were made before."""

    number = forms.IntegerField(
        label="印几张",
        min_value=1,
        max_value=MOST_CODES,
        error_messages={
            "required": "请填要印几张。",
            "invalid": "张数要填整数。",
            "min_value": "至少印 1 张。",
            "max_value": f"一次最多印 {MOST_CODES} 张。",
        },
    )
    batch = forms.IntegerField(widget=forms.HiddenInput)


class PhotoForm(PageForm):
    file = CheckedFileField(
        PICTURES,
        label="计票单照片",
        help_text=f"签过名的计票单;{limits_words(PICTURES)}。照片里的拍摄地点等信息会去掉。",
    )


class RosterGrid:
    """Who takes part how: one row a voter, and how many of the unnamed took paper or a slip.

    Of every value the page also sends what it showed when it was opened, so that two people do not undo each other.
    """

    NAMES = {"unnamed_paper": "不记名的领纸质票", "unnamed_slips": "不记名的领评议码"}

    def __init__(self, group: AppraisalGroup, data: Mapping[str, str] | None = None):
        self.group, self.data = group, data
        self.voters = list(group.voters.all())
        self.errors: list[str] = []
        self.marks: list[Mark] = []
        self.numbers: dict[str, tuple[int, int]] = {}
        if data is not None:
            self._check()

    def _check(self) -> None:
        ways = set(Voter.Way.values) - {Voter.Way.ONLINE}
        for voter in self.voters:
            wanted = self.data.get(f"way-{voter.pk}")
            if wanted is None:  # voted online: the row has nothing to choose
                continue
            if wanted not in ways:
                self.errors.append(f"{voter}的参加方式不对,请重新选。")
            else:
                self.marks.append(Mark(voter.pk, self.data.get(f"shown-{voter.pk}", wanted), wanted))
        for name, label in self.NAMES.items():
            stored = getattr(self.group, name)
            text = self.data.get(name, str(stored)).strip() or "0"
            shown, number = whole(self.data.get(f"shown-{name}", "")), whole(text)
            if number is None or number > MOST_PEOPLE:
                self.errors.append(f"「{label}」要填 0 到 {MOST_PEOPLE} 之间的整数。")
            else:
                self.numbers[name] = (stored if shown is None else shown, number)

    def rows(self) -> list[dict]:
        """For the template: each voter with the choices, and what is chosen."""
        choices = [
            (Voter.Way.NONE.value, "没有领"),
            (Voter.Way.PAPER.value, "纸质票"),
            (Voter.Way.SLIP.value, "评议码"),
        ]
        return [
            {
                "voter": voter,
                "name": f"way-{voter.pk}",
                "shown": f"shown-{voter.pk}",
                "value": (self.data or {}).get(f"way-{voter.pk}", voter.way),
                "choices": choices,
                "online": voter.way == Voter.Way.ONLINE,
            }
            for voter in self.voters
        ]

    def number_rows(self) -> list[dict]:
        return [
            {"name": name, "label": label, "shown": getattr(self.group, name),
             "value": (self.data or {}).get(name, getattr(self.group, name))}
            for name, label in self.NAMES.items()
        ]  # fmt: skip


COLUMNS = (*(str(score) for score in SCORES), "", "", "")
MOST_BALLOTS = 9999


@dataclass
class TallyGrid:
    """The tally sheet of one group: members down, scores across, in each cell the number of ballots.

    `cells` keeps what was typed, so that a refused sheet comes back as it was; `errors` are sentences.
    """

    members: list[Member]
    returned: str = ""
    scores: list[str] = field(default_factory=lambda: list(COLUMNS))
    cells: dict[tuple[int, int], str] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    bad: set[tuple[int, int]] = field(default_factory=set)
    ballots_returned: int = 0
    counts: dict[int, dict[Decimal, int]] = field(default_factory=dict)

    @classmethod
    def stored(cls, members: list[Member], returned: int | None, counts: Mapping[int, Mapping[Decimal, int]]):
        """The sheet of what is stored, with a column for every score in use."""
        used = {score for scores in counts.values() for score in scores}
        usual = {Decimal(score) for score in COLUMNS if score}
        columns = sorted(usual | used, reverse=True)
        grid = cls(members, "" if returned is None else str(returned), [f"{score.normalize():f}" for score in columns])
        grid.scores += [""] * max(0, len(COLUMNS) - len(columns))
        for member, scores in counts.items():
            for score, count in scores.items():
                grid.cells[member, columns.index(score)] = str(count)
        return grid

    @classmethod
    def posted(cls, members: list[Member], data: Mapping[str, str]):
        """The sheet as typed, checked; without errors `ballots_returned` and `counts` are set."""
        columns = sum(1 for key in data if key.startswith("score-"))
        grid = cls(members, data.get("returned", "").strip(), [])
        grid.scores = [data.get(f"score-{column}", "").strip() for column in range(min(columns, 40))]
        for member in members:
            for column in range(len(grid.scores)):
                grid.cells[member.pk, column] = data.get(f"count-{member.pk}-{column}", "").strip()
        grid._check()
        return grid

    def _check(self) -> None:
        scores = self._checked_scores()
        returned = whole(self.returned)
        if not returned or returned > MOST_BALLOTS:
            self.errors.append(f"「收回票数」要填 1 到 {MOST_BALLOTS} 之间的整数。")
        else:
            self.ballots_returned = returned
        for member in self.members:
            row = {}
            for column, score in enumerate(scores):
                count = self._checked_count(member, column, score)
                if count:
                    row[score] = count
            self.counts[member.pk] = row
            cast = sum(row.values())
            if self.ballots_returned and cast > self.ballots_returned:
                self.errors.append(
                    f"{member.name}一行共 {cast} 票,超过了收回的 {self.ballots_returned} 张。请核对计票单。"
                )

        if not self.errors and not any(self.counts.values()):
            self.errors.append("还没有填一张票。请在每个人的一行里,填打各个分数的票数。")

    def short(self) -> str:
        """Members with fewer ballots than came back, with how many: 张建国 2 张. Empty when there is none."""
        cast = [(member, sum(self.counts[member.pk].values())) for member in self.members]
        return "、".join(f"{member.name} {count} 张" for member, count in cast if count < self.ballots_returned)

    def _checked_scores(self) -> list[Decimal | None]:
        scores: list[Decimal | None] = []
        for column, text in enumerate(self.scores, 1):
            score = None
            if text:
                try:
                    score = Decimal(text)
                except InvalidOperation:
                    self.errors.append(f"第 {column} 列的分数「{text}」不是数字。")
                else:
                    if not score.is_finite() or not 0 <= score <= 100 or score != score.quantize(Decimal("0.01")):
                        self.errors.append(f"第 {column} 列的分数「{text}」不对:应在 0 到 100 之间,最多两位小数。")
                        score = None
                    elif score in scores:
                        self.errors.append(f"分数「{text}」写了两列,请合并。")
            scores.append(score)
        return scores

    def _checked_count(self, member: Member, column: int, score: Decimal | None) -> int:
        text = self.cells[member.pk, column]
        if not text:
            return 0
        count = whole(text)
        if count is None or count > MOST_BALLOTS:
            self.bad.add((member.pk, column))
            self.errors.append(f"{member.name}一行的「{text}」不是票数,应填整数。")
            return 0
        if score is None:
            if count and not self.scores[column]:  # a wrong score has its own sentence
                self.bad.add((member.pk, column))
                self.errors.append(f"{member.name}一行在第 {column + 1} 列填了 {text} 票,但这一列还没有写分数。")
            return 0
        return count

    def rows(self) -> list[dict]:
        """For the template: each member with the cells of the row."""
        return [
            {
                "member": member,
                "cells": [
                    {
                        "name": f"count-{member.pk}-{column}",
                        "value": self.cells.get((member.pk, column), ""),
                        "label": f"{member.name} {score or f'第 {column + 1} 列'}",
                        "bad": (member.pk, column) in self.bad,
                    }
                    for column, score in enumerate(self.scores)
                ],
            }
            for member in self.members
        ]
