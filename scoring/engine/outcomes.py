"""Reading grades, verdicts, consequences, lists, alerts and the year view of a definition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise

from scoring.engine.blocks import Basis
from scoring.engine.conditionreader import Names, read_condition
from scoring.engine.conditions import COUNTED, Condition, Figure, GradeIs, Times
from scoring.engine.elements import (
    AlertRule,
    Board,
    Consequence,
    Grade,
    Outcome,
    Part,
    Quota,
    Review,
    Verdict,
    YearView,
)
from scoring.engine.node import Node, listed
from scoring.engine.numbers import micro, plain
from scoring.engine.people import People
from scoring.engine.vocabulary import ALERTS

LISTS = ("honor", "warning")
HALVES = {"h1": "上半年", "h2": "下半年"}


def read_grades(root: Node) -> tuple[tuple[Grade, ...], tuple[Grade, ...]]:
    """Every grade, and those that go by points: bands, highest first, without gap or overlap.

    With `bands` a unit may set the bands itself; then the definition may leave all of them out. A grade with
    `by_points: false` has no band until a unit gives it one.
    """
    grades: list[Grade] = []
    by_points: list[Grade] = []
    for node in root.children("grades", "等次"):
        code, title, at_least = node.text("code"), node.text("title"), node.points("at_least", None)
        banded, basis = node.flag("by_points", default=True), Basis.read(node)
        node.close()
        if not banded and at_least is not None:
            node.fault("at_least", f"「{title}」不按分数评定,请删去「at_least」,或删去「by_points: false」。")
        if None in (code, title):
            continue
        if code in {grade.code for grade in grades}:
            node.fault("code", f"等次「{code}」写了两次,请删去一个。")
            continue
        grades.append(Grade(basis, code, title, at_least))
        if banded:
            by_points.append(grades[-1])
    chosen, open_ended = root.value("bands", None), "bands" in root.data
    if chosen is not None and not (isinstance(chosen, list) and all(isinstance(band, tuple) for band in chosen)):
        root.fault("bands", "「bands」只能写成 {setting: 设定的代码},由单位自己定分数线。")
    elif chosen is not None:
        return _with_bands(tuple(grades), chosen)
    if open_ended and all(grade.at_least_micro is None for grade in grades):
        return tuple(grades), ()
    _check_bands(root, by_points)
    return tuple(grades), tuple(by_points)


def _check_bands(root: Node, grades: list[Grade]) -> None:
    for higher, lower in pairwise(grades):
        limits = higher.at_least_micro, lower.at_least_micro
        if limits[0] is None:
            root.faults.add(higher.basis.line, "只有最后一个等次可以不写「at_least」。")
        elif limits[1] is not None and limits[1] >= limits[0]:
            root.faults.add(
                lower.basis.line,
                f"等次重叠:「{lower.title}」从 {plain(limits[1])} 分起,应低于上一等的 {plain(limits[0])} 分。",
            )
    if grades and grades[-1].at_least_micro is not None:
        lowest = plain(grades[-1].at_least_micro)
        root.faults.add(grades[-1].basis.line, f"等次有空档:低于 {lowest} 分没有等次,最后一等请不写「at_least」。")


def _with_bands(grades: tuple[Grade, ...], chosen: list) -> tuple[tuple[Grade, ...], tuple[Grade, ...]]:
    """The grades with the limits that a unit has chosen: those it names, in its order, and then the others."""
    by_code = {grade.code: grade for grade in grades}
    bands = tuple(
        replace(by_code[code], at_least_micro=None if limit is None else micro(limit))
        for code, limit in chosen
        if code in by_code  # another code is noted as a fault of the definition
    )
    named = {band.code for band in bands}
    return (*bands, *(replace(grade, at_least_micro=None) for grade in grades if grade.code not in named)), bands


def figures_of(parts: tuple[Part, ...]) -> dict[str, Figure]:
    """The figures of a sheet that conditions may compare."""
    made = {part.code: Figure(part.title, falls_short=part.kind == "shortfall") for part in parts}
    return COUNTED | made | {"total": Figure("总分")}


def read_outcome(root: Node, parts: tuple[Part, ...], grades: tuple[Grade, ...], entries: Mapping[str, str]) -> Outcome:
    """Verdicts, consequences and lists of one period's sheet."""
    columns = {"grade": "本期", "previous": "上一期"}
    return _outcome(root, figures_of(parts), grades, columns, entries)


def read_year(
    root: Node, parts: tuple[Part, ...], grades: tuple[Grade, ...], entries: Mapping[str, str]
) -> YearView | None:
    """The year view of a half-year scheme."""
    node = root.child("year", "年度")
    if node is None:
        return None
    by_code = {part.code: part.title for part in parts} | {"total": "总分"}
    basis, wanted = Basis.read(node), node.names("figures", by_code)
    figures = tuple(
        Part(basis, f"{half}_{code}", f"{title}{by_code[code]}", "half", of=code)
        for half, title in HALVES.items()
        for code in wanted
    )
    columns = {"grade": "年度"} | HALVES
    outcome = _outcome(node, figures_of(figures), grades, columns, entries)
    node.close()
    return YearView(basis, figures, outcome)


def _outcome(node: Node, figures, grades, columns, entries) -> Outcome:
    names = Names(figures, {grade.code: grade.title for grade in grades}, columns, entries, {})
    verdicts = [_verdict(child, names) for child in node.children("verdicts", "直接定等", ())]
    consequences: dict[str, Consequence] = {}
    for child in node.children("consequences", "结果运用", ()):
        titles = {code: found.title for code, found in consequences.items()}
        consequence = _consequence(child, Names(figures, names.grades, columns, entries, titles))
        if consequence and consequence.code in consequences:
            child.fault("code", f"结果「{consequence.code}」写了两次,请删去一个。")
        elif consequence:
            consequences[consequence.code] = consequence
    titles = {code: found.title for code, found in consequences.items()}
    names = Names(figures, names.grades, columns, entries, titles)
    lists = [_board(child, names) for child in node.children("lists", "榜单", ())]
    return Outcome(
        tuple(verdict for verdict in verdicts if verdict),
        tuple(consequences.values()),
        tuple(board for board in lists if board),
    )


def _when(node: Node, names: Names) -> Condition | None:
    child = node.child("when", "条件")
    return child and read_condition(child, names)


def _verdict(node: Node, names: Names) -> Verdict | None:
    grade, when, basis = node.choice("grade", names.grades), _when(node, names), Basis.read(node)
    total = node.points("total", None)
    node.close()
    if when and any(
        isinstance(part, Times) or (isinstance(part, GradeIs) and part.column == "grade") for part in when.walk()
    ):
        node.fault("when", "直接定等的条件不能用它自己要定的等次。")
    return Verdict(basis, grade, when, total) if grade and when else None


def _consequence(node: Node, names: Names) -> Consequence | None:
    code, title, when, basis = node.text("code"), node.text("title"), _when(node, names), Basis.read(node)
    quota = _quota(Node(node.value("quota"), node.line_of("quota"), node.faults, "名额")) if node.has("quota") else None
    when_over = node.flag("when_over")
    node.close()
    return Consequence(basis, code, title, when, quota, when_over) if code and title and when else None


def _quota(node: Node) -> Quota | None:
    percent, least = node.number("percent", 100), node.whole("at_least", default=0)
    tie, title = node.text("tie"), node.text("tie_title")
    node.close()
    if percent is not None and not 0 < percent <= 10_000:
        node.fault("percent", "名额的比例要大于 0、不大于 100。")
        return None
    return None if None in (percent, least, tie, title) else Quota(percent, least, tie, title)


def _board(node: Node, names: Names) -> Board | None:
    code, title = node.choice("code", LISTS), node.text("title")
    when, basis = _when(node, names), Basis.read(node)
    node.close()
    return Board(basis, code, title, when) if code and title and when else None


def read_review(root: Node, people: Mapping[str, People], grades: tuple[Grade, ...]) -> Review | None:
    """How members are reviewed who are not scored."""
    node = root.child("review", "年审")
    if node is None:
        return None
    codes = {grade.code for grade in grades}
    who, quarters = node.choice("who", people), node.whole("quarters", least=1)
    missed, otherwise, basis = node.choice("missed", codes), node.choice("otherwise", codes), Basis.read(node)
    node.close()
    return (
        None if None in (who, quarters, missed, otherwise) else Review(basis, people[who], quarters, missed, otherwise)
    )


def read_alerts(root: Node) -> tuple[AlertRule, ...]:
    """The alerts; every scheme names all of them, each with its article."""
    rules = []
    for node in root.children("alerts", "预警"):
        code, basis = node.choice("code", ALERTS), Basis.read(node)
        node.close()
        if code:
            rules.append(AlertRule(basis, code, *ALERTS[code]))
    missing = set(ALERTS) - {rule.code for rule in rules}
    if missing:
        root.fault("alerts", f"每个方案都要有全部预警,缺少:{listed(missing)}。")
    return tuple(rules)
