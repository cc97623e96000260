"""One member's sheet as a page shows it: every figure with where it comes from, in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True)
class Clause:
    """The article that something rests on. A neutral one is shown without its matter to those who need not know."""

    id: str
    heading: str  # 第四条第一款 参加组织活动
    text: str
    neutral: bool

    @property
    def number(self) -> str:
        """第四条第一款"""
        return self.heading.partition(" ")[0]


@dataclass(frozen=True)
class LineSheet:
    """One record: its label unless the caller has a better one for `ref`, what it is, and its effect."""

    item: str
    item_title: str
    kind: str  # event | zeroing | floor | cap | not_counted
    ref: int | None
    date: date | None
    month: date | None
    activity: str | None  # kind of activity, for attendance
    code: str | None  # entry code, for entries
    label: str  # 3 月 5 日 主题党日 / 2 月党费 / 4 月 20 日 参加公益事业
    text: str  # 迟到 / 3 月 12 日缴清,迟 12 天 / 本项不得分; may be empty
    value: Decimal
    effect: str  # −4, +5; empty when it changes nothing
    reason: str | None  # code, where it does not count
    clause: Clause
    sensitive: bool


@dataclass(frozen=True)
class ItemSheet:
    """One item: full marks (None for credits), its lines, notes, and value = start + the lines' values."""

    code: str
    title: str
    part: str
    full: Decimal | None
    start: Decimal  # the full marks, or 0 for what is assessed or earned
    value: Decimal
    lines: tuple[LineSheet, ...]
    notes: tuple[str, ...]  # 其余 9 次到会 / 没有扣分记录
    rules: tuple[str, ...]
    clause: Clause
    reading: str | None
    sum_words: str = ""  # 20 − 3 − 4 = 13; empty where there is nothing to add up


@dataclass(frozen=True)
class PartSheet:
    """One part of the total; value None while it is not known."""

    code: str
    title: str
    kind: str
    full: Decimal | None
    value: Decimal | None
    items: tuple[ItemSheet, ...]
    clause: Clause
    reading: str | None
    notes: tuple[str, ...] = ()  # 各项合计 13 分,最多计 10 分
    sum_words: str = ""  # 13 + 10 + 20 = 43; 94.50 × 30% + 92 × 70% = 92.75


@dataclass(frozen=True)
class GroupSheet:
    """One appraisal group: its mean and share."""

    code: str
    title: str
    ballots: int
    mean: Decimal | None
    percent: str
    reading: str | None


@dataclass(frozen=True)
class Term:
    """One term of the formula: 日常考核 91 × 60% = 54.60; without percent the value is the result."""

    code: str
    title: str
    value: Decimal | None
    percent: str | None
    result: Decimal | None
    sign: str = "+"  # − where the term is taken away


@dataclass(frozen=True)
class Suggestion:
    """What the period's notes suggest for an assessed item: its full marks less what was noted."""

    item: str
    title: str
    full: Decimal
    noted: Decimal
    suggested: Decimal


@dataclass(frozen=True)
class Proposal:
    """A consequence, list or alert, with the rule that it follows from."""

    code: str
    title: str
    words: str
    clause: Clause
    also: tuple[Clause, ...]  # further articles, where the rule gathers several
    reading: str | None
    sensitive: bool = False  # its words name a matter that not everybody is to read


@dataclass(frozen=True)
class OutlookSheet:
    """How far it is to a threshold, in words, and the clause that has it."""

    kind: str  # grade | consequence | list | verdict | cap
    code: str
    text: str
    clause: Clause
    sensitive: bool


@dataclass(frozen=True)
class MemberSheet:
    """Everything that a member's ledger shows for one period."""

    member: int
    period: str
    status: str
    status_title: str
    missing: tuple[str, ...]
    total: Decimal | None
    grade: str | None
    grade_title: str | None
    grade_words: str | None  # 优秀(90 分及以上)
    verdict: Proposal | None  # why the grade holds whatever the points
    total_is_set: bool  # by the verdict: the total is not the sum of the formula's terms
    rank: int | None
    formula: tuple[Term, ...]
    formula_words: str | None
    parts: tuple[PartSheet, ...]
    items: tuple[ItemSheet, ...]
    appraisal: tuple[GroupSheet, ...]
    not_counted: tuple[LineSheet, ...]
    attendance: str | None  # 应到 10 次,到会 9 次,参加率 90%
    lists: tuple[Proposal, ...]
    consequences: tuple[Proposal, ...]
    alerts: tuple[Proposal, ...]
    outlook: tuple[OutlookSheet, ...]
    layer: Proposal | None = None  # the layer the member belongs to, and why
    review: Proposal | None = None  # for a member who is reviewed, not scored: the quarters reported
    suggestions: tuple[Suggestion, ...] = ()  # for the assessor
