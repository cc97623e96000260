"""From a definition to its conditions, with every fault noted at its line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scoring.engine.conditions import (
    OPERATORS,
    Arrears,
    Compare,
    Condition,
    EntryCount,
    FactIs,
    Figure,
    GradeIs,
    HasConsequence,
    Joined,
    Not,
    PositionIs,
    StatusIs,
    Times,
)
from scoring.engine.node import Node, listed
from scoring.engine.vocabulary import CATEGORIES, MEMBER_STATUSES, MOBILITIES, POSITIONS

AGE = {"age": Figure("年龄", " 周岁", 1)}


@dataclass(frozen=True)
class Names:
    """What conditions may speak of at one place of a definition."""

    figures: Mapping[str, Figure]
    grades: Mapping[str, str]
    grade_columns: Mapping[str, str]  # word used in `in` → what a reader is told
    entries: Mapping[str, str]
    consequences: Mapping[str, str]


ABOUT_PEOPLE = Names(AGE, {}, {}, {}, {})


def read_condition(node: Node, names: Names) -> Condition | None:
    """The condition written in `node`, or None after noting its faults."""
    readers = PEOPLE_READERS if names is ABOUT_PEOPLE else OUTCOME_READERS
    kinds = [key for key in readers if key in node.data]
    if len(kinds) != 1:
        node.faults.add(node.line, f"条件要写明一种,可用:{listed(readers)}。")
        return None
    condition = readers[kinds[0]](node, names, kinds[0])
    node.close()
    return condition


def _joined(node: Node, names: Names, key: str) -> Condition | None:
    children = node.children(key, "条件")
    # Which of several articles a rule rests on may depend on which of its alternatives holds.
    cites = key == "any" and names is not ABOUT_PEOPLE
    articles = tuple(child.text("article", "") or "" for child in children) if cites else ()
    conditions = tuple(read_condition(child, names) for child in children)
    if not conditions:
        node.fault(key, f"「{key}」下面至少要有一个条件。")
    return None if not conditions or None in conditions else Joined(key == "all", conditions, articles)


def _not(node: Node, names: Names, key: str) -> Condition | None:
    child = node.child(key, "条件")
    condition = child and read_condition(child, names)
    return Not(condition) if condition else None


def _compare(node: Node, names: Names, key: str) -> Condition | None:
    code = node.choice(key, names.figures)
    operators = [word for word in OPERATORS if word in node.data]
    if len(operators) != 1:
        node.faults.add(node.line, f"比较要写明一种,可用:{listed(OPERATORS)}。")
        return None
    operator = operators[0]
    figure = names.figures.get(code, Figure(""))
    threshold = node.number(operator, figure.scale)
    if figure.absent_is_false and operator in ("above", "at_most"):
        node.fault(operator, f"{figure.title}只能用 at_least 或 below 比较。")
        return None
    return Compare(code, figure, operator, threshold) if code and threshold is not None else None


def _grade(node: Node, names: Names, key: str) -> Condition | None:
    grade = node.choice(key, names.grades)
    column = node.choice("in", names.grade_columns, "grade")
    return GradeIs(grade, names.grades[grade], column, names.grade_columns[column]) if grade and column else None


def _status(node: Node, names: Names, key: str) -> Condition | None:
    status = node.choice(key, MEMBER_STATUSES)
    return StatusIs(status) if status else None


def _entries(node: Node, names: Names, key: str) -> Condition | None:
    codes = node.names(key, names.entries)
    at_least, ever = node.whole("at_least", least=1, default=1), node.flag("ever")
    if not codes or at_least is None:
        return None
    return EntryCount(codes, tuple(names.entries[code] for code in codes), at_least, ever)


def _consequence(node: Node, names: Names, key: str) -> Condition | None:
    code = node.choice(key, names.consequences)
    return HasConsequence(code, names.consequences[code]) if code else None


def _position(node: Node, names: Names, key: str) -> Condition | None:
    positions = node.names(key, POSITIONS)
    return PositionIs(positions) if positions else None


def _fact(node: Node, names: Names, key: str) -> Condition | None:
    allowed = {"mobility": MOBILITIES, "category": CATEGORIES}[key]
    values = node.names(key, allowed)
    return FactIs(key, values, tuple(allowed[value] for value in values)) if values else None


def _arrears(node: Node, names: Names, key: str) -> Condition | None:
    months = node.whole(key, least=1)
    return Arrears(months) if months else None


def _times(node: Node, names: Names, key: str) -> Condition | None:
    grade = node.choice(key, names.grades)
    exactly = node.has("exactly")
    number = node.whole("exactly" if exactly else "at_least", least=1)
    return Times(grade, names.grades[grade], number, exactly) if grade and number else None


JOINING = {"any": _joined, "all": _joined, "not": _not, "figure": _compare, "status": _status}
PEOPLE_READERS = JOINING | {"position": _position, "mobility": _fact, "category": _fact}
OUTCOME_READERS = JOINING | {
    "grade": _grade,
    "entries": _entries,
    "consequence": _consequence,
    "arrears": _arrears,
    "times": _times,
}
