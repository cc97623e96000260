"""A scheme as the engine and its readers see it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

from scoring.engine.articles import Article
from scoring.engine.blocks import Attendance, EntryRule, Visits
from scoring.engine.blocks.entries import EntryHead, level_choices, level_words
from scoring.engine.elements import (
    AlertRule,
    Based,
    Board,
    Consequence,
    Grade,
    Group,
    Item,
    Outcome,
    Part,
    Ranking,
    Review,
    Simplification,
    Total,
    YearView,
)
from scoring.engine.errors import SchemeError, SettingsError
from scoring.engine.people import Layer, People
from scoring.engine.vocabulary import EXCUSED, STATUSES

if TYPE_CHECKING:
    from scoring.engine.coverage import Covered, Covers
    from scoring.engine.period import Period
    from scoring.engine.settings import Setting


@dataclass(frozen=True)
class EntryItem:
    """An entry code as a form shows it."""

    code: str
    title: str
    sign: str  # merit | fault | record | direct; what is noted for an assessor is a record
    article: str
    article_title: str
    needs: frozenset[str]
    levels: tuple[tuple[str, str, Decimal], ...]
    words: str
    approval: str
    office: str | None
    sensitive: bool
    item: str | None  # the item of the sheet that it belongs to
    level_words: Mapping[str, str] = field(default_factory=dict)  # level → 优秀 书记或者主任 15 分、无职党员 10 分
    optional: frozenset[str] = frozenset()  # columns that may be left empty: award
    zeroes: bool = False

    @property
    def needs_evidence(self) -> bool:
        """True where one entry decides the verdict or leaves nothing of an item."""
        return self.sign == "direct" or self.zeroes


@dataclass(frozen=True)
class PlainEntry(Based):
    """An entry that belongs to no item: a verdict that people declare, or a record that is counted."""

    head: EntryHead
    sign: str
    words: str


@dataclass(frozen=True, eq=False)
class Scheme:
    """A scheme that was loaded without a fault."""

    code: str
    title: str
    cycle: str
    post: str | None  # the post whose holders it is about; None: everybody
    items: tuple[Item, ...]
    parts: tuple[Part, ...]
    total: Total
    groups: tuple[Group, ...]
    grades: tuple[Grade, ...]
    bands: tuple[Grade, ...]  # the grades that go by points, highest first; none until they are set
    people: Mapping[str, People]
    layers: tuple[Layer, ...]
    ranking: Ranking | None
    simplification: Simplification | None
    review: Review | None
    plain_entries: tuple[PlainEntry, ...]
    outcome: Outcome
    year: YearView | None
    alerts: tuple[AlertRule, ...]
    settings: Mapping[str, Setting]
    readings: Mapping[str, str]
    articles: Mapping[str, Article]
    background: Mapping[str, str]  # article that nothing is computed from → why
    covers: Covers
    digest: str
    sources: tuple[str, str, str] = field(repr=False, compare=False)  # definition, text, file

    @property
    def consequences(self) -> tuple[Consequence, ...]:
        return self.outcome.consequences

    @property
    def lists(self) -> tuple[Board, ...]:
        return self.outcome.lists

    def outcome_for(self, period: Period) -> Outcome:
        """What figures lead to in a period: the year view's for the year of a half-year scheme."""
        return self.year.outcome if self.year and period.cycle != self.cycle else self.outcome

    def parts_for(self, period: Period) -> tuple[Part, ...]:
        """The figures that a period's sheet shows, likewise."""
        return self.year.figures if self.year and period.cycle != self.cycle else self.parts

    @cached_property
    def assessed(self) -> tuple[Item, ...]:
        """The items that people score."""
        return tuple(item for item in self.items if item.is_assessed)

    @property
    def takes_visits(self) -> bool:
        """True if it counts households visited."""
        return any(isinstance(rule, Visits) for item in self.items for rule in item.rules)

    @property
    def ranks_by_layer(self) -> bool:
        return self.ranking is not None and self.ranking.within == "layer"

    @property
    def simplified(self) -> Mapping[str, tuple[str, ...]]:
        """Group of members → codes of the items that keep their full marks."""
        return self.simplification.items if self.simplification else {}

    @cached_property
    def _configured(self) -> dict[str, Scheme]:
        return {}

    def configured(self, settings: Mapping[str, Any] | None) -> Scheme:
        """This scheme with a unit's own values. Raises SettingsError listing every value that is refused."""
        if not settings:
            return self
        key = json.dumps(settings, sort_keys=True, default=str)
        if key not in self._configured:
            from scoring.engine.loader import parse_scheme

            try:
                self._configured[key] = parse_scheme(*self.sources, settings=settings)
            except SchemeError as error:  # each value is allowed, but they do not fit together
                raise SettingsError(fault.text for fault in error.faults) from error
        return self._configured[key]

    @cached_property
    def coverage(self) -> tuple[Covered, ...]:
        """Every line of the source that says something: its articles, and what is computed from them."""
        from scoring.engine.coverage import coverage

        return coverage(self)

    @cached_property
    def entry_rules(self) -> dict[str, tuple[Item, int, EntryRule]]:
        """Item, index within the item, and rule of every entry code that an item uses."""
        return {
            rule.head.code: (item, index, rule)
            for item in self.items
            for index, rule in enumerate(item.rules)
            if isinstance(rule, EntryRule)
        }

    @cached_property
    def entry_titles(self) -> dict[str, str]:
        titles = {code: rule.head.title for code, (_, _, rule) in self.entry_rules.items()}
        return titles | {entry.head.code: entry.head.title for entry in self.plain_entries}

    @cached_property
    def entry_items(self) -> tuple[EntryItem, ...]:
        """Every entry code in the order of the definition, for a clause picker."""
        return tuple(self._ruled(item, rule) for item, _, rule in self.entry_rules.values()) + tuple(
            EntryItem(needs=frozenset(), levels=(), item=None, **self._described(entry)) for entry in self.plain_entries
        )

    def _ruled(self, item: Item, rule: EntryRule) -> EntryItem:
        return EntryItem(
            needs=rule.needs,
            levels=tuple(level_choices(rule)),
            item=item.code,
            level_words=level_words(rule),
            optional=frozenset({rule.once_of} if rule.once_of else ()),
            zeroes=rule.zeroes,
            **self._described(rule),
        )

    def _described(self, entry: EntryRule | PlainEntry) -> dict[str, Any]:
        head = entry.head
        return {
            "code": head.code,
            "title": head.title,
            "sign": entry.sign,
            "article": entry.article,
            "article_title": self.articles[entry.article].heading,
            "words": entry.words,
            "approval": head.approval,
            "office": head.office,
            "sensitive": head.sensitive,
        }

    def attendance_words(self, status: str) -> str | None:
        """What an attendance record of `status` means for the member, as a sentence; None when nothing follows."""
        found = [
            f"{words}(「{item.title}」)。"
            for item in self.items
            for rule in item.rules
            if isinstance(rule, Attendance) and (words := rule.words_for(status))
        ]
        if not found and status in EXCUSED:
            return f"{STATUSES[status]}不扣分,不计入应到次数。"
        return "".join(found) or None
