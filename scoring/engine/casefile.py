"""Reading case files: YAML documents of facts and the answer expected, checked line by line."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from scoring.engine.casefacts import FACT_READERS, CaseNode, MemberContext, Score
from scoring.engine.errors import Fault, SettingsError
from scoring.engine.facts import Facts
from scoring.engine.marks import MarkError, read_documents
from scoring.engine.node import Faults, listed
from scoring.engine.numbers import plain
from scoring.engine.outcomes import LISTS
from scoring.engine.people import persons
from scoring.engine.period import Period
from scoring.engine.scheme import Scheme
from scoring.engine.settings import settings_problems
from scoring.engine.vocabulary import ALERTS, CATEGORIES, MEMBER_STATUSES, MOBILITIES, POSITIONS, RESULT_STATUSES

ORGANIZATION = 1


@dataclass(frozen=True)
class Case:
    """One case: member ids in order (member n of the facts is ids[n − 1]), rows of facts, and what is expected."""

    name: str
    file: str
    line: int
    scheme: Scheme
    period: Period
    settings: dict[str, Any]
    ids: tuple[str, ...]
    rows: dict[str, list[dict[str, Any]]]
    expect: dict[str, dict[str, Any]] | None


def read_cases(text: str, file: str, find: Callable[[str], Scheme | None], shipped: list[str], faults: Faults):
    """The cases in `text`. find: the scheme of a code; faults: where everything that breaks the format is noted."""
    cases = []
    try:
        for line, data in read_documents(text):
            if data is None:
                continue
            before = len(faults.found)
            case = _case(CaseNode(data, line, faults, "案例"), file, find, shipped)
            if case and len(faults.found) == before:
                cases.append(case)
    except MarkError as error:
        faults.found.append(error.fault(file))
    return cases


def refuse_repeated(cases: list[Case]) -> list[Fault]:
    """A fault for every case whose name was used before in the run."""
    seen: dict[str, Case] = {}
    faults = []
    for case in cases:
        if case.name in seen:
            first = seen[case.name]
            faults.append(
                Fault(case.file, case.line, f"案例「{case.name}」的名称已用在 {first.file}:{first.line},请换一个。")
            )
        seen.setdefault(case.name, case)
    return faults


def _case(node: CaseNode, file: str, find: Callable[[str], Scheme | None], shipped: list[str]) -> Case | None:
    name, code, written = node.name("case"), node.name("scheme"), node.name("period")
    scheme = find(code) if code else None
    if code and scheme is None:
        node.fault("scheme", f"没有「{code}」这个方案,可用:{listed(shipped)}。")
    period = _period(node, written, scheme)
    settings, size = node.value("settings", {}), _size(node)
    members = node.child("members", "党员")
    expected = node.child("expect", "预期结果") if node.has("expect") else None
    node.read.add("expect")
    if scheme is None:
        node.read.update(("settings", "members", "expect"))
        node.close()
        return None
    settings, scheme = _settings(node, settings, scheme)
    ids, rows = _members(members, scheme, size, period) if members else ((), {})
    expect = _expected(expected, ids, scheme, period) if expected and period else None
    node.close()
    if not name or period is None:
        return None
    return Case(name, file, node.line_of("case"), scheme, period, settings, ids, rows, expect)


def _period(node: CaseNode, written: str | None, scheme: Scheme | None) -> Period | None:
    if written is None:
        return None
    try:
        period = Period.parse(written)
    except ValueError as error:
        node.fault("period", str(error))
        return None
    if scheme and scheme.cycle == "year" and period.half:
        node.fault("period", f"《{scheme.title}》按年度考核,期间要写成年份,如 {period.year}。")
        return None
    return period


def _size(node: CaseNode) -> int | None:
    if not node.has("organization"):
        node.read.add("organization")
        return None
    organization = node.child("organization", "组织")
    size = organization.whole("size", least=1, default=None)
    organization.close()
    return size


def _settings(node: CaseNode, settings: Any, scheme: Scheme) -> tuple[dict[str, Any], Scheme]:
    """The settings, and the scheme with them; without them where they are refused."""
    if not isinstance(settings, dict):
        node.fault("settings", "「settings」要写成一组「键: 值」。")
        return {}, scheme
    lines = getattr(settings, "lines", {})
    refused = settings_problems(scheme.settings, settings)
    for key, problem in refused:
        node.faults.add(lines.get(key, node.line), problem)
    if refused:
        return {}, scheme
    try:
        return dict(settings), scheme.configured(settings)
    except SettingsError as error:  # each is allowed, but they do not fit together
        for problem in error.problems:
            node.fault("settings", problem)
        return {}, scheme


def _members(
    node: CaseNode, scheme: Scheme, size: int | None, period: Period | None
) -> tuple[tuple[str, ...], dict[str, list[dict]]]:
    ids: list[str] = []
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    scores: list[Score] = []
    before = len(node.faults.found)
    for key, value in node.data.items():
        if not isinstance(key, str | int | Decimal) or isinstance(key, bool):
            node.fault(key, f"党员编号「{key}」要写成文字,请加引号。")
        if str(key) in ids:
            node.fault(key, f"党员「{key}」写了两次,请改一个。")
        ids.append(str(key))
        data = value if value is not None else type(node.data)()
        if value is None:
            data.line, data.lines = node.line_of(key), {}
        context = MemberContext(scheme, len(ids), rows, scores)
        _member(CaseNode(data, node.line_of(key), node.faults, f"党员「{key}」"), context)
    if not ids:
        node.faults.add(node.line, "至少要有一名党员。")
    if size is not None:
        rows["organizations"].append({"organization": ORGANIZATION, "size": size})
    if period and len(node.faults.found) == before:
        _refuse_too_high(scores, scheme, rows["members"], period, node.faults)
    return tuple(ids), rows


def _refuse_too_high(
    scores: list[Score], scheme: Scheme, members: list[dict[str, Any]], period: Period, faults: Faults
) -> None:
    """A fault for every score above what the item can give to members of the layer."""
    items = {item.code: item for item in scheme.items if item.fulls}
    if not any(score.item in items for score in scores):
        return
    people = persons(scheme, Facts.build(members=members).members, period)
    layers = dict(people.select("member", "layer").iter_rows())
    for score in scores:
        full = items[score.item].full_for(layers[score.member]) if score.item in items else None
        if full is not None and score.micro > full:
            said = f"「score」应在 0 到 {plain(full)} 之间,现在是 {plain(score.micro)}。"
            faults.add(score.line, said)


def _member(node: CaseNode, context: MemberContext) -> None:
    context.add(
        "members",
        organization=ORGANIZATION,
        status=node.choice("status", MEMBER_STATUSES, "full"),
        mobility=node.choice("mobility", MOBILITIES, "resident"),
        exempt=node.flag("exempt"),
        born=node.date("born", None),
        positions=list(node.names("positions", POSITIONS, ())),
        category=node.choice("category", CATEGORIES, None),
    )
    for key, read in FACT_READERS.items():
        if node.has(key):
            read(node, context)
        node.read.add(key)
    node.close()


def _expected(node: CaseNode, ids: tuple[str, ...], scheme: Scheme, period: Period) -> dict[str, dict[str, Any]]:
    found = {}
    for key in node.data:
        if str(key) not in ids:
            node.fault(key, f"预期里的党员「{key}」不在案例里,可用:{listed(ids)}。")
            continue
        found[str(key)] = _answer(
            CaseNode(node.data[key], node.line_of(key), node.faults, f"「{key}」的预期"), scheme, period
        )
    return found


def _answer(node: CaseNode, scheme: Scheme, period: Period) -> dict[str, Any]:
    """The fields named, in the form of a result: figures as Decimal, lists sorted."""
    parts, outcome = scheme.parts_for(period), scheme.outcome_for(period)
    readers: dict[str, Callable[[str], Any]] = {
        "status": lambda key: node.choice(key, RESULT_STATUSES),
        "missing": lambda key: sorted(node.names(key)),
        "items": lambda key: node.figures(key, {item.code for item in scheme.items}),
        "parts": lambda key: node.figures(key, {part.code for part in parts}),
        "total": node.figure,
        "grade": lambda key: node.choice(key, {grade.code for grade in scheme.grades}),
        "rank": lambda key: node.whole(key, least=1),
        "lists": lambda key: sorted(node.names(key, LISTS)),
        "consequences": lambda key: sorted(node.names(key, outcome.titles)),
        "alerts": lambda key: sorted(node.names(key, ALERTS)),
    }
    answer = {}
    for key, read in readers.items():
        node.read.add(key)
        if key in node.data:
            empty = node.data[key] is None and key in ("total", "grade", "rank")
            answer[key] = None if empty else read(key)
    node.close()
    return answer
