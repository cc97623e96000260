"""A scheme in words: what the product makes of each article, and what differs between two versions."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from itertools import groupby
from typing import Any

from scoring.engine import Scheme, plain
from scoring.engine.articles import Article
from scoring.engine.blocks import Basis, EntryRule, Rule
from scoring.engine.coverage import Covered, CoveredArticle
from scoring.engine.elements import Grade, Item, Outcome, Part
from scoring.engine.settings import BandsSetting, ItemsSetting, Setting

SIGNS = {"merit": "加分", "fault": "扣分", "direct": "登记", "record": "记录"}
RULES = {"attendance": "按考勤", "dues_tiers": "按党费"}
PIECES = re.compile(r"[^。;\uff1b,\uff0c\n]*[。;\uff1b,\uff0c\n]|[^。;\uff1b,\uff0c\n]+")  # clauses of a sentence


@dataclass(frozen=True)
class Line:
    """One thing that is computed. key: the same in every version of the scheme; words may be empty (a mere heading)."""

    key: str
    kind: str
    title: str
    words: str
    article: str = ""
    also: tuple[str, ...] = ()
    source: tuple[int, ...] = ()
    reading: str | None = None
    sentence: str = ""


@dataclass(frozen=True)
class Clause:
    """An article beside what is computed from it. by_people: nothing is; reason: why, where the definition says it."""

    article: Article
    lines: tuple[Line, ...]
    by_people: bool
    reason: str
    depth: int


def clauses(scheme: Scheme) -> list[Clause]:
    """Every article of the text in its order."""
    by_article: dict[str, list[Line]] = {}
    for line in lines(scheme):
        by_article.setdefault(line.article, []).append(line)
        words = line.words or (line.article and f"怎样计分见{scheme.articles[line.article].heading}")
        for article in line.also:
            by_article.setdefault(article, []).append(replace(line, words=words))
    return [
        Clause(
            article,
            _said_once(line for line in by_article.get(article.id, ()) if line.words or line.reading),
            article.id in scheme.background,
            scheme.background.get(article.id, ""),
            article.id.count("."),
        )
        for article in scheme.articles.values()
    ]


def _said_once(lines: Iterable[Line]) -> tuple[Line, ...]:
    """The lines of an article, of which only the first that rests on a reading carries its sentence."""
    seen: set[str | None] = set()
    found = []
    for line in lines:
        found.append(replace(line, sentence="") if line.reading in seen else line)
        seen.add(line.reading)
    return tuple(found)


def coverage(scheme: Scheme) -> list[tuple[str, tuple[CoveredArticle, ...]]]:
    """Lines of the source (83–89) with the articles that say them again; neighbours of the same articles together."""
    rows = groupby(scheme.coverage, lambda covered: [said.article.id for said in covered.articles])
    return [(_span(found), found[0].articles) for found in (list(same) for _, same in rows)]


def _span(found: list[Covered]) -> str:
    first, last = found[0].line, found[-1].line
    return f"{first}" if first == last else f"{first}–{last}"


# The lines of a scheme ------------------------------------------------------------------------


def lines(scheme: Scheme) -> list[Line]:
    """Everything that the scheme computes, in the order of its definition; what rests on no article comes last."""
    return [_with_sentence(line, scheme) for line in _lines(scheme)]


def _with_sentence(line: Line, scheme: Scheme) -> Line:
    return replace(line, sentence=scheme.readings.get(line.reading, "")) if line.reading else line


def _lines(scheme: Scheme) -> Iterator[Line]:
    layers = {code: people.title for code, people in scheme.people.items()}
    layers |= {layer.code: layer.title for layer in scheme.layers}
    for item in scheme.items:
        words = _item_words(item, layers) or _elsewhere(item, scheme)
        yield _line(f"item:{item.code}", "项目", item.title, words, item.basis)
        yield from _rules(item)
    for entry in scheme.plain_entries:
        words = f"{entry.words};{_approval(entry.head)}"
        yield _line(f"entry:{entry.head.code}", SIGNS[entry.sign], entry.head.title, words, entry.basis)
    for group in scheme.groups:
        yield _line(f"group:{group.code}", "评议组", group.title, f"占 {plain(group.weight * 100)}%", group.basis)
    titles = {part.code: part.title for part in scheme.parts}
    for part in scheme.parts:
        yield _line(f"part:{part.code}", "小计", part.title, _part_words(part, scheme.items, titles), part.basis)
    if scheme.total:
        sums = " + ".join(titles[code] for code in scheme.total.of)
        words = " − ".join([sums, *(titles[code] for code in scheme.total.minus)])
        yield _line("total", "总分", "总分", words, scheme.total.basis)
    for grade in scheme.grades:
        yield _line(f"grade:{grade.code}", "等次", grade.title, _grade_words(grade, scheme), grade.basis)
    for layer in scheme.layers:
        yield _line(f"layer:{layer.code}", "层次", layer.title, layer.people.title, layer.basis)
    yield from _outcome(scheme.outcome, scheme, "")
    for kind, found in (("年审", scheme.review), ("排名", scheme.ranking), ("简化", scheme.simplification)):
        if found:
            yield _line(kind, kind, kind, found.words, found.basis)
    if scheme.year:
        yield _line("year", "年度", "年度总分", "上、下半年总分的平均数", scheme.year.basis)
        yield from _outcome(scheme.year.outcome, scheme, "年度")
    for alert in scheme.alerts:
        yield _line(f"alert:{alert.code}", "提醒", alert.title, alert.words, alert.basis)
    for setting in scheme.settings.values():
        yield Line(f"setting:{setting.code}", "单位可设", setting.title, _setting_words(setting, scheme))
    for code, sentence in scheme.readings.items():
        yield Line(f"reading:{code}", "读法", code, sentence)


def _line(key: str, kind: str, title: str, words: str, basis: Basis) -> Line:
    return Line(key, kind, title, words, basis.article, basis.also, basis.source, basis.reading)


def _rules(item: Item) -> Iterator[Line]:
    seen: Counter[str] = Counter()
    for rule in item.rules:
        if isinstance(rule, EntryRule):
            words = f"{rule.words};{_approval(rule.head)}"
            yield _line(f"entry:{rule.head.code}", SIGNS[rule.sign], rule.head.title, words, rule.basis)
        else:
            seen[rule.name] += 1
            yield _line(f"rule:{item.code}:{rule.name}:{seen[rule.name]}", *_plain_rule(rule, item), rule.basis)


def _plain_rule(rule: Rule, item: Item) -> tuple[str, str, str]:
    return RULES.get(rule.name, "规则"), item.title, rule.words


def _approval(head: Any) -> str:
    """由街道纪工委批准"""
    if head.approval == "branch":
        return "由支部批准"
    if head.office == "meeting":
        return "经党员大会表决,由街道批准"
    return "由街道纪工委批准" if head.office == "discipline" else "由街道批准"


def _item_words(item: Item, layers: dict[str, str]) -> str:
    said = [] if item.full_micro is None else [f"满分 {plain(item.full_micro)} 分"]
    said += [f"{layers[code]}满分 {plain(full)} 分" for code, full in item.fulls.items()]
    if item.layers:
        said.append(f"只用于{'、'.join(layers[code] for code in item.layers)}")
    return ";".join([*said, *_limits(item.floor, item.cap)])


def _elsewhere(item: Item, scheme: Scheme) -> str:
    """Where the item's rules stand, if that is another article."""
    places = {
        rule.article: scheme.articles[rule.article].heading for rule in item.rules if rule.article != item.article
    }
    return f"怎样计分见{'、'.join(places.values())}" if places else ""


def _limits(floor: int | None, cap: int | None) -> list[str]:
    low = [] if floor is None else [f"最低 {plain(floor)} 分"]
    return low if cap is None else [*low, f"最高 {plain(cap)} 分"]


def _setting_words(setting: Setting, scheme: Scheme) -> str:
    if isinstance(setting, BandsSetting):
        return f"从高到低,各等次从多少分起。等次有:{'、'.join(grade.title for grade in scheme.grades)}"
    if isinstance(setting, ItemsSetting):
        groups = "、".join(scheme.people[code].title for code in setting.groups)
        items = "、".join(item.title for item in scheme.items if item.code in setting.items)
        return f"可以对{groups}保持满分的项目:{items}"
    least, most, own = map(plain, (setting.least, setting.most, setting.default))
    return f"不改就按 {own};可以定在 {least} 到 {most} 之间"


def _grade_words(grade: Grade, scheme: Scheme) -> str:
    if grade.at_least_micro is not None:
        return f"{plain(grade.at_least_micro)} 分及以上"
    return "其余" if grade in scheme.bands else "分数线由单位设定" if not scheme.bands else "不按分数评定"


def _part_words(part: Part, items: tuple[Item, ...], titles: dict[str, str]) -> str:
    if part.kind == "weighted":
        words = f"{titles[part.of]} × {part.percent}"
    elif part.kind == "shortfall":
        words = f"{plain(part.start)} 减去{titles[part.of]},不小于 0"
    elif part.kind == "appraisal":
        words = "各评议组的平均分按比例合计"
    else:
        words = f"{'、'.join(item.title for item in items if item.part == part.code)}相加"
    full = [] if part.full_micro is None else [f"满分 {plain(part.full_micro)} 分"]
    return ";".join([words, *full, *_limits(None, part.cap)])


def _outcome(outcome: Outcome, scheme: Scheme, span: str) -> Iterator[Line]:
    grades = {grade.code: grade.title for grade in scheme.grades}
    prefix = "year:" if span else ""
    seen: Counter[str] = Counter()
    for verdict in outcome.verdicts:
        key = f"{prefix}verdict:{verdict.grade}:{verdict.article}"
        seen[key] += 1
        total = verdict.total_micro
        words = verdict.words if total is None else f"{verdict.words};总分定为 {plain(total)} 分"
        title = f"{span}直接定为{grades[verdict.grade]}"
        yield _line(f"{key}:{seen[key]}", "直接定等", title, words, verdict.basis)
    for consequence in outcome.consequences:
        title = f"{span}{consequence.title}"
        yield _line(f"{prefix}consequence:{consequence.code}", "建议", title, consequence.words, consequence.basis)
    for board in outcome.lists:
        yield _line(f"{prefix}list:{board.code}", "榜单", f"{span}{board.title}", board.words, board.basis)


# Two versions ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class RuleChange:
    """A line that is new (no before), gone (no after) or other than it was."""

    before: Line | None
    after: Line | None

    @property
    def kind(self) -> str:
        return (self.after or self.before).kind

    @property
    def title(self) -> str:
        return (self.after or self.before).title

    @property
    def state(self) -> str:
        return "新增" if self.before is None else "删去" if self.after is None else "改动"


@dataclass(frozen=True)
class ArticleChange:
    """An article that differs. text: pieces of both texts as (state, words), state one of "", "删去", "新增"."""

    heading: str
    state: str
    text: list[tuple[str, str]] = field(default_factory=list)
    rules: list[RuleChange] = field(default_factory=list)


def changes(old: Scheme, new: Scheme) -> list[ArticleChange]:
    """What differs, article by article in the new order, then articles that are gone, then what rests on none."""
    rules = _rule_changes(old, new)
    found = []
    for code in [*new.articles, *(code for code in old.articles if code not in new.articles)]:
        before, after = old.articles.get(code), new.articles.get(code)
        text = _text_change(before, after)
        if text or rules.get(code):
            state = "新增" if before is None else "删去" if after is None else "改动"
            found.append(ArticleChange((after or before).heading, state, text, rules.pop(code, [])))
    rest = [change for changed in rules.values() for change in changed]
    return [*found, ArticleChange("单位可设的值和读法", "改动", rules=rest)] if rest else found


def _rule_changes(old: Scheme, new: Scheme) -> dict[str, list[RuleChange]]:
    """Lines that differ, by the article that they rest on (now, or before if they are gone)."""
    before, after = ({line.key: line for line in lines(scheme)} for scheme in (old, new))
    found: dict[str, list[RuleChange]] = {}
    for key in [*after, *(key for key in before if key not in after)]:
        was, now = before.get(key), after.get(key)
        if was is None or now is None or _said(was) != _said(now):
            found.setdefault((now or was).article, []).append(RuleChange(was, now))
    return found


def _said(line: Line) -> tuple:
    return line.title, line.words, line.article, line.also, line.reading


def _text_change(before: Article | None, after: Article | None) -> list[tuple[str, str]]:
    old, new = (f"{one.heading}\n{one.text}" if one else "" for one in (before, after))
    if old == new:
        return []
    first, second = PIECES.findall(old), PIECES.findall(new)
    found = []
    for kind, i, j, k, end in SequenceMatcher(a=first, b=second).get_opcodes():
        if kind == "equal":
            found.append(("", "".join(first[i:j])))
        else:
            found += [(state, words) for state, words in (("删去", first[i:j]), ("新增", second[k:end])) if words]
    return [(state, "".join(words)) for state, words in found]
