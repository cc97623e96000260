"""The elements of a scheme: items, parts, grades, consequences …, each with the article that it rests on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from scoring.engine.blocks import Assessed, LayerBase, Rule
from scoring.engine.blocks.base import Based
from scoring.engine.conditions import Condition
from scoring.engine.numbers import plain, points
from scoring.engine.people import People


@dataclass(frozen=True)
class Item(Based):
    """A line of the sheet. One with full marks is always shown, others when they are not zero.

    It starts from its full marks, or from nothing where it is assessed or has none. Where the full marks differ by
    layer, `fulls` has them and `full_micro` is empty. layers: those that the item is for; empty: all.
    floor, cap: millionths that the item does not leave.
    """

    code: str
    title: str
    part: str
    full_micro: int | None
    rules: tuple[Rule, ...]
    fulls: Mapping[str, int] = field(default_factory=dict)
    layers: tuple[str, ...] = ()
    floor: int | None = None
    cap: int | None = None

    @property
    def full(self) -> Decimal | None:
        return points(self.full_micro)

    @property
    def is_assessed(self) -> bool:
        return any(isinstance(rule, Assessed) for rule in self.rules)

    @property
    def office(self) -> str | None:
        """The office that assesses the item; None: those who lead the member's branch."""
        return next((rule.office for rule in self.rules if isinstance(rule, Assessed)), None)

    @property
    def needs_line(self) -> bool:
        """True if nothing is known of the item before there is a line for it."""
        return any(isinstance(rule, Assessed | LayerBase) for rule in self.rules)

    @property
    def depends_on_layer(self) -> bool:
        return bool(self.layers or self.fulls) or any(isinstance(rule, LayerBase) for rule in self.rules)

    def full_for(self, layer: str | None) -> int | None:
        return self.fulls.get(layer) if self.fulls else self.full_micro

    def start_for(self, layer: str | None) -> int:
        return 0 if self.is_assessed else self.full_for(layer) or 0


@dataclass(frozen=True)
class Part(Based):
    """A figure made of items or of other parts: kind "sum", "weighted", "appraisal" or "shortfall".

    of: the part weighted, or fallen short; weight: parts of ten thousand; start: millionths that it falls short of;
    cap: millionths that a sum does not exceed; negated: a sum of what is taken away, shown as a positive number.
    """

    code: str
    title: str
    kind: str
    of: str | None = None
    weight: int | None = None
    start: int | None = None
    full_micro: int | None = None
    cap: int | None = None
    negated: bool = False

    @property
    def percent(self) -> str | None:
        """60%"""
        return None if self.weight is None else f"{plain(Decimal(self.weight) / 100)}%"


@dataclass(frozen=True)
class Total(Based):
    """The total: the sum of some parts, less others."""

    of: tuple[str, ...]
    minus: tuple[str, ...] = ()


@dataclass(frozen=True)
class Group(Based):
    """A group of people who appraise; its mean counts by `weight` parts of ten thousand."""

    code: str
    title: str
    weight_parts: int

    @property
    def weight(self) -> Decimal:
        return Decimal(self.weight_parts) / 10_000


@dataclass(frozen=True)
class Grade(Based):
    """A grade from `at_least` points on; None has no lower limit."""

    code: str
    title: str
    at_least_micro: int | None

    @property
    def at_least(self) -> Decimal | None:
        return points(self.at_least_micro)

    @property
    def words(self) -> str:
        """优秀(90 分及以上)"""
        return self.title if self.at_least_micro is None else f"{self.title}({plain(self.at_least_micro)} 分及以上)"


@dataclass(frozen=True)
class Verdict(Based):
    """A grade that holds whatever the points, once its condition is met; with `total_micro` it sets the total too."""

    grade: str
    when: Condition
    total_micro: int | None = None

    @property
    def code(self) -> str:
        return self.grade

    @property
    def words(self) -> str:
        return self.when.words


@dataclass(frozen=True)
class Quota:
    """A share of the organisation, at least `least` people; those tied across its edge get `tie` instead."""

    percent: int  # parts of ten thousand
    least: int
    tie: str
    tie_title: str


@dataclass(frozen=True)
class Consequence(Based):
    """What would follow: a proposal that people decide.

    when_over: it speaks of the whole period, so while that still runs nothing follows.
    """

    code: str
    title: str
    when: Condition
    quota: Quota | None = None
    when_over: bool = False

    @property
    def words(self) -> str:
        if self.quota is None:
            return self.when.words
        share = plain(Decimal(self.quota.percent) / 100)
        return f"{self.when.words};按得分从高到低,不超过本组织人数的 {share}%(至少 {self.quota.least} 人)"


@dataclass(frozen=True)
class Board(Based):
    """A list on which members are shown: honor or warning."""

    code: str
    title: str
    when: Condition

    @property
    def words(self) -> str:
        return self.when.words


@dataclass(frozen=True)
class Review(Based):
    """Members who are reviewed, not scored: by the quarters in which they reported."""

    who: People
    quarters: int  # missed in a row
    missed: str  # the grade then
    otherwise: str

    @property
    def words(self) -> str:
        return f"{self.who.title}只作年审:期内连续 {self.quarters} 个季度没有汇报的不通过"


@dataclass(frozen=True)
class Ranking(Based):
    """Among whom members are ranked: those of their organization, or of their layer within it."""

    within: str

    @property
    def words(self) -> str:
        return "在同一组织的同一层次内排名" if self.within == "layer" else "在同一组织内排名"


@dataclass(frozen=True)
class Simplification(Based):
    """The items that keep their full marks for a group of members."""

    items: Mapping[str, tuple[str, ...]]

    @property
    def words(self) -> str:
        return "对单位选定的人群,简化的项目保持满分"


@dataclass(frozen=True, eq=False)
class Outcome:
    """How figures become grade, consequences and lists; the half-year and the year view have one each."""

    verdicts: tuple[Verdict, ...]
    consequences: tuple[Consequence, ...]
    lists: tuple[Board, ...]

    @property
    def by_kind(self) -> dict[str, tuple[Consequence | Board | Verdict, ...]]:
        """Whatever a figure may lead to."""
        return {"consequence": self.consequences, "list": self.lists, "verdict": self.verdicts}

    @property
    def has_quota(self) -> bool:
        """True where something is only for a share of the branch, so that its size counts."""
        return any(consequence.quota for consequence in self.consequences)

    @property
    def conditions(self) -> list[Condition]:
        return [part.when for part in (*self.verdicts, *self.consequences, *self.lists)]

    @property
    def titles(self) -> dict[str, str]:
        """Title of every consequence that may be proposed, ties at a quota's edge included."""
        titles = {consequence.code: consequence.title for consequence in self.consequences}
        return titles | {c.quota.tie: c.quota.tie_title for c in self.consequences if c.quota}


@dataclass(frozen=True)
class YearView(Based):
    """The year of a half-year scheme: the mean of the totals, and these figures of each half."""

    figures: tuple[Part, ...]
    outcome: Outcome


@dataclass(frozen=True)
class AlertRule(Based):
    """An alert that calls for a human decision."""

    code: str
    title: str
    words: str
