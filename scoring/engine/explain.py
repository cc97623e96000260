"""One member's results put into words. Nothing is computed here: every figure is read from the results."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import polars as pl

from scoring.engine.blocks import Attendance, EntryRule
from scoring.engine.blocks.base import Rule
from scoring.engine.conditions import Compare, EntryCount
from scoring.engine.decide import Decided, as_met, thresholds
from scoring.engine.elements import Based, Item, Part
from scoring.engine.membersheet import (
    Clause,
    GroupSheet,
    ItemSheet,
    LineSheet,
    MemberSheet,
    OutlookSheet,
    PartSheet,
    Proposal,
    Suggestion,
    Term,
)
from scoring.engine.numbers import plain, points, signed
from scoring.engine.people import FACT_TITLES
from scoring.engine.period import Period
from scoring.engine.results import Results
from scoring.engine.scheme import Scheme
from scoring.engine.vocabulary import ATTENDED, RESULT_STATUSES
from scoring.engine.wording import (
    attendance_words,
    cap_words,
    effect_words,
    grade_words,
    label,
    reported_words,
    sum_words,
    threshold_words,
)


def explain(scheme: Scheme, results: Results, member: int) -> MemberSheet:
    """The sheet of `member`, worded. `scheme` with the settings that the results were made with.

    Raises KeyError when the results do not hold the member.
    """
    return Explainer(scheme, results, member).sheet()


def lines_by_member(scheme: Scheme, results: Results) -> dict[int, list[LineSheet]]:
    """The worded lines of everybody in the results, those that do not count too: what `explain` shows, without the sums."""
    found: dict[int, list[LineSheet]] = {}
    for row in results.lines.iter_rows(named=True):
        found.setdefault(row["member"], []).append(_line_sheet(scheme, row))
    return found


class Explainer:
    """Looks up one member in the results and words what is there."""

    def __init__(self, scheme: Scheme, results: Results, member: int) -> None:
        self.scheme, self.results, self.member = scheme, results, member
        self.in_year = results.period.cycle != scheme.cycle
        self.outcome, self.parts = scheme.outcome_for(results.period), scheme.parts_for(results.period)
        found = self._rows(results.members)
        if not found:
            raise KeyError(member)
        self.row = found[0]
        parts = self._rows(results.parts)
        self.values: dict[str, int] = {row["part"]: row["value"] for row in parts}
        self.earned: dict[str, int | None] = {row["part"]: row["earned"] for row in parts}
        self.reviewed = self.row["status"] == "reviewed"
        figures = [row for row in self._rows(results.figures) if row["period"] == results.period.code]
        self.figures: dict[str, Any] | None = figures[0] if figures else None

    def _rows(self, frame: pl.DataFrame) -> list[dict[str, Any]]:
        return frame.filter(pl.col("member") == self.member).to_dicts()

    def sheet(self) -> MemberSheet:
        lines = [_line_sheet(self.scheme, row) for row in self._rows(self.results.lines)]
        items = self._items([line for line in lines if line.kind != "not_counted"])
        grade = next((grade for grade in self.scheme.grades if grade.code == self.row["grade"]), None)
        return MemberSheet(
            member=self.member,
            period=self.results.period.title,
            status=self.row["status"],
            status_title=RESULT_STATUSES[self.row["status"]],
            missing=tuple(self._missing(code) for code in self.row["missing"]),
            total=points(self.row["total"]),
            grade=self.row["grade"],
            grade_title=grade and grade.title,
            grade_words=grade and grade.words,
            verdict=self._verdict(),
            total_is_set=self._total_is_set,
            rank=self.row["rank"],
            formula=() if self.reviewed else self._formula(),
            formula_words=self._formula_words(),
            parts=tuple(self._part(part, items) for part in self.parts) if self.figures and not self.reviewed else (),
            items=items,
            appraisal=self._groups(),
            not_counted=tuple(line for line in lines if line.kind == "not_counted"),
            attendance=self.figures and attendance_words(self.figures),
            lists=self._led_to("list", self.row["lists"]),
            consequences=self._led_to("consequence", self.row["consequences"]),
            alerts=tuple(
                self._proposal(alert.code, alert.title, alert.words, alert)
                for alert in self.scheme.alerts
                if alert.code in self.row["alerts"]
            ),
            outlook=self._outlook(),
            layer=self._layer(),
            review=self._review(),
            suggestions=self._suggestions(),
        )

    def _clause(self, article: str) -> Clause:
        return _clause_of(self.scheme, article)

    def _reading(self, based: Based | Rule) -> str | None:
        return self.scheme.readings.get(based.reading) if based.reading else None

    def _items(self, lines: list[LineSheet]) -> tuple[ItemSheet, ...]:
        items = {item.code: item for item in self.scheme.items}
        return tuple(
            self._item(items[row["item"]], row, tuple(line for line in lines if line.item == row["item"]))
            for row in self._rows(self.results.items)
        )

    def _item(self, item: Item, row: dict[str, Any], lines: tuple[LineSheet, ...]) -> ItemSheet:
        return ItemSheet(
            code=item.code,
            title=item.title,
            part=item.part,
            full=points(row["full"]),
            start=points(row["start"]),
            value=points(row["value"]),
            lines=lines,
            notes=self._notes(item, lines),
            rules=tuple(rule.words for rule in item.rules),
            clause=self._clause(item.article),
            reading=self._reading(item),
            sum_words=_item_sum(points(row["start"]), lines, points(row["value"])),
        )

    def _notes(self, item: Item, lines: tuple[LineSheet, ...]) -> tuple[str, ...]:
        """其余 9 次到会, or 没有扣分记录"""
        rule = next((rule for rule in item.rules if isinstance(rule, Attendance) and rule.deducts), None)
        if rule is None:
            return () if lines or item.needs_line or item.full is None else ("没有扣分记录",)
        if self.figures["required"] == 0:
            return ("本期没有应到的活动",)
        lined = self.results.lines.filter(
            (pl.col("member") == self.member)
            & (pl.col("item") == item.code)
            & (pl.col("kind") == "event")
            & pl.col("status").is_in(list(ATTENDED))
        ).height
        rest = self.figures["attended"] - lined
        return (f"{'其余 ' if lines else ''}{rest} 次到会",) if rest else ()

    def _part(self, part: Part, items: tuple[ItemSheet, ...]) -> PartSheet:
        return PartSheet(
            code=part.code,
            title=part.title,
            kind=part.kind,
            full=points(part.full_micro),
            value=points(self.values.get(part.code)),
            items=tuple(item for item in items if item.part == part.code),
            clause=self._clause(part.article),
            reading=self._reading(part),
            notes=self._part_notes(part),
            sum_words=self._part_sum(part, [item.value for item in items if item.part == part.code]),
        )

    def _part_sum(self, part: Part, values: list[Decimal]) -> str:
        """13 + 10 + 20 = 43; of an appraisal 94.50 × 30% + 92 × 70% = 92.75."""
        value = points(self.values.get(part.code))
        if value is None:
            return ""
        if part.kind == "appraisal":
            means = [f"{plain(group.mean)} × {group.percent}" for group in self._groups()]
            return f"{' + '.join(means)} = {plain(value)}"
        if part.kind != "sum":
            return ""
        terms = [-one for one in values] if part.negated else values
        return sum_words([one for one in terms if one], sum(terms, Decimal(0)))

    def _part_notes(self, part: Part) -> tuple[str, ...]:
        """各项合计 13 分,最多计 10 分"""
        value, earned = self.values.get(part.code), self.earned.get(part.code)
        if value is None or earned is None or abs(earned) == value:
            return ()
        return (f"各项合计 {plain(abs(earned))} 分,最多计 {plain(part.cap)} 分",)

    def _formula(self) -> tuple[Term, ...]:
        """The terms of the total; in the year view the totals of the halves, of which it is the mean."""
        if not self.figures:
            return ()
        by_code = {part.code: part for part in self.parts}
        total = self.scheme.total
        codes = [part.code for part in self.parts if part.of == "total"] if self.in_year else [*total.of, *total.minus]
        terms = []
        for code in codes:
            part, result = by_code[code], points(self.values.get(code))
            made = by_code[part.of] if part.kind == "weighted" else part
            sign = "−" if code in total.minus else "+"
            terms.append(Term(code, made.title, points(self.values.get(made.code)), part.percent, result, sign))
        return tuple(terms)

    def _formula_words(self) -> str | None:
        """日常考核 91 × 60% = 54.60 + 民主评议 93.10 × 40% = 37.24 + 加分 5 = 96.84"""
        if self.row["total"] is None:
            return None
        total, terms = plain(self.row["total"]), self._formula()
        if self.in_year:
            sums = " + ".join(f"{term.title} {plain(term.value)}" for term in terms)
            return f"({sums})÷ {len(terms)} = {total}"
        sums = _term_words(terms[0]) + "".join(f" {term.sign} {_term_words(term)}" for term in terms[1:])
        if self._total_is_set:
            return f"{sums};按「{self.outcome.verdicts[self.row['verdict']].words}」总分计 {total}"
        return f"{sums} = {total}"

    @property
    def _total_is_set(self) -> bool:
        index = self.row["verdict"]
        return index is not None and self.outcome.verdicts[index].total_micro is not None

    def _groups(self) -> tuple[GroupSheet, ...]:
        groups = {group.code: group for group in self.scheme.groups}
        return tuple(
            GroupSheet(
                code=row["group"],
                title=groups[row["group"]].title,
                ballots=row["ballots"],
                mean=points(row["mean"]),
                percent=f"{plain(groups[row['group']].weight * 100)}%",
                reading=self._reading(groups[row["group"]]),
            )
            for row in self._rows(self.results.appraisal)
        )

    def _verdict(self) -> Proposal | None:
        index = self.row["verdict"]
        if index is None:
            return None
        verdict = self.outcome.verdicts[index]
        title = next(grade.title for grade in self.scheme.grades if grade.code == verdict.grade)
        counts = [part for part in verdict.when.walk() if isinstance(part, EntryCount)]
        met = self._as_met("verdict", verdict)
        found = self._proposal(verdict.grade, title, met.words, met)
        return replace(found, sensitive=found.sensitive or any(map(self._any_sensitive, counts)))

    def _proposal(self, code: str, title: str, words: str, part: Based) -> Proposal:
        also = tuple(self._clause(article) for article in part.basis.also)
        clause = self._clause(part.article)
        return Proposal(code, title, words, clause, also, self._reading(part), clause.neutral)

    def _as_met(self, kind: str, part: Decided) -> Decided:
        return as_met(part, kind, self.outcome, self.row["grounds"])

    def _led_to(self, kind: str, codes: list[str]) -> tuple[Proposal, ...]:
        """What the member's figures led to, by the alternatives that they met."""
        found = []
        for part in self.outcome.by_kind[kind]:
            titles = {part.code: part.title}
            if getattr(part, "quota", None):
                titles[part.quota.tie] = part.quota.tie_title
            wanted = [code for code in titles if code in codes]
            met = self._as_met(kind, part) if wanted else part
            found += [self._proposal(code, titles[code], met.words, met) for code in wanted]
        return tuple(found)

    def _outlook(self) -> tuple[OutlookSheet, ...]:
        """What points lost lead to, the nearest first; the other thresholds; the grades; the limits of merits."""
        rows = self._rows(self.results.outlook)
        found = [self._threshold(row) for row in rows if row["kind"] != "grade"]
        found.sort(key=lambda one: not one[0])
        grades = {grade.code: grade for grade in self.scheme.grades}
        return (
            *(sheet for _, sheet in found),
            *(
                self._line_ahead("grade", grades[row["code"]], grade_words(row, grades[row["code"]].title))
                for row in rows
                if row["kind"] == "grade"
            ),
            *self._caps(),
        )

    def _threshold(self, row: dict[str, Any]) -> tuple[bool, OutlookSheet]:
        """Whether it comes nearer with every point lost, and the line."""
        part = self.outcome.by_kind[row["kind"]][row["of"]]
        condition = thresholds(part)[row["met"]]
        titles = {grade.code: grade.title for grade in self.scheme.grades}
        title = titles[part.grade] if row["kind"] == "verdict" else part.title
        loses = isinstance(condition, Compare) and condition.figure.falls_short
        sensitive = isinstance(condition, EntryCount) and self._any_sensitive(condition)
        return loses, self._line_ahead(row["kind"], part, threshold_words(row, title, condition), sensitive)

    def _line_ahead(self, kind: str, based: Any, text: str, sensitive: bool = False) -> OutlookSheet:
        clause = self._clause(based.article)
        return OutlookSheet(kind, based.code, text, clause, sensitive or clause.neutral)

    def _caps(self) -> list[OutlookSheet]:
        """How much more the merits that have a limit may still bring."""
        earned = {row["item"]: row["value"] for row in self._rows(self.results.items)}
        limited = [(item, earned.get(item.code)) for item in self.scheme.items]
        limited += [(part, self.values.get(part.code)) for part in self.parts]
        return [
            self._line_ahead("cap", one, cap_words(one.title, value, one.cap))
            for one, value in limited
            if one.cap and value
        ]

    def _any_sensitive(self, condition: EntryCount) -> bool:
        return any(item.sensitive for item in self.scheme.entry_items if item.code in condition.codes)

    def _layer(self) -> Proposal | None:
        """The layer and why: 第三层次, 未满 60 周岁的无职党员."""
        layer = next((layer for layer in self.scheme.layers if layer.code == self.row["layer"]), None)
        return layer and self._proposal(layer.code, layer.title, layer.people.title, layer)

    def _review(self) -> Proposal | None:
        if not self.reviewed:
            return None
        review, reported = self.scheme.review, self.figures["reported"]
        return self._proposal("review", "年审", f"{reported_words(reported)};{review.words}", review)

    def _suggestions(self) -> tuple[Suggestion, ...]:
        items = {item.code: item for item in self.scheme.items}
        return tuple(
            Suggestion(
                row["item"],
                items[row["item"]].title,
                points(row["full"]),
                points(row["noted"]),
                points(row["suggested"]),
            )
            for row in self._rows(self.results.suggestions)
        )

    def _missing(self, code: str) -> str:
        """班子成员还没有评议票。"""
        half, _, rest = code.rpartition(":")
        prefix = f"{Period.parse(half).title}:" if half else ""
        return prefix + self._missing_words(rest)

    def _missing_words(self, code: str) -> str:
        groups = {f"appraisal.{group.code}": group.title for group in self.scheme.groups}
        items = {item.code: item.title for item in self.scheme.items}
        if code in groups:
            return f"{groups[code]}还没有评议票。"
        return f"「{items[code]}」还没有评分。" if code in items else f"{FACT_TITLES.get(code, code)}没有登记。"


def _clause_of(scheme: Scheme, article: str) -> Clause:
    found = scheme.articles[article]
    return Clause(found.id, found.heading, found.text, found.neutral)


def _line_sheet(scheme: Scheme, row: dict[str, Any]) -> LineSheet:
    item = next(item for item in scheme.items if item.code == row["item"])
    rule = None if row["rule"] is None else item.rules[row["rule"]]
    clause = _clause_of(scheme, item.article if rule is None else rule.article)
    return LineSheet(
        item=item.code,
        item_title=item.title,
        kind=row["kind"],
        ref=row["ref"],
        date=row["date"],
        month=row["month"],
        activity=row["activity"],
        code=row["code"],
        label=label(row, item, rule),
        text=effect_words(row, rule),
        value=points(row["value"]),
        effect=signed(row["value"]) if row["value"] else "",
        reason=row["reason"],
        clause=clause,
        sensitive=clause.neutral or (isinstance(rule, EntryRule) and rule.head.sensitive),
    )


def _item_sum(start: Decimal, lines: tuple[LineSheet, ...], value: Decimal | None) -> str:
    """20 − 3 − 4 = 13: the start and every line that changes something; empty while the value is not known."""
    if value is None:
        return ""
    return sum_words([term for term in (start, *(line.value for line in lines)) if term], value)


def _term_words(term: Term) -> str:
    if term.percent is None:
        return f"{term.title} {plain(term.value)}"
    return f"{term.title} {plain(term.value)} × {term.percent} = {plain(term.result)}"
