"""Worked cases of a unit: facts and the answer expected, as YAML; written from a form, run, and read back."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise
from typing import Any

from scoring.engine import Fault, Scheme
from scoring.engine.casefile import Case
from scoring.engine.cases import CaseFilesError, Outcome, compared, run_text
from scoring.engine.marks import MarkError, read_documents
from scoring.engine.vocabulary import RESULT_STATUSES
from scoring.models import SchemeVersion
from scoring.models.schemes import read_once
from scoring.yaml_limits import yaml_fault

PERSON = "党员甲"
FIELDS = {
    "status": "状态",
    "missing": "缺少的资料",
    "items": "项目",
    "parts": "小计",
    "total": "总分",
    "grade": "等次",
    "rank": "名次",
    "lists": "榜单",
    "consequences": "结果运用",
    "alerts": "提醒",
}
LISTS = {"honor": "光荣榜", "warning": "警示榜"}
BARE = re.compile(r"[A-Za-z一-鿿][\w.\-]*")
TAKEN = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}  # YAML 1.1 reads these as something else
FACTS = {"born": "出生日期", "category": "党员类型", "layer": "所属层次"}
HALVES = {"H1": "上半年", "H2": "下半年"}
NAME = re.compile(r"[^\s\x00-\x1f](?:[^\x00-\x1f]{0,58}[^\s\x00-\x1f])?")
BAD_NAME = "名称要写在一行里,1 到 60 个字,如:迟到两次。"
NEW_DOCUMENT = re.compile(r"^---(?=\s|$)", re.MULTILINE)


@dataclass(frozen=True)
class Row:
    """A field that the case expects, beside what came out; all in words."""

    member: str
    title: str
    expected: str
    got: str
    holds: bool

    def __str__(self) -> str:
        return f"{self.member} · {self.title}:应为 {self.expected},算得 {self.got}"


@dataclass(frozen=True)
class Run:
    """A worked case as scored. faults: why it could not be; then there are no rows."""

    outcome: Outcome | None
    rows: tuple[Row, ...]
    faults: tuple[Fault, ...]

    @property
    def wrong(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if not row.holds)

    @property
    def holds(self) -> bool:
        return not self.faults and not self.wrong


def run_case(version: SchemeVersion, document: str) -> Run:
    """The case scored under a version; the same run for the same texts."""
    return _run(version.definition, version.text, document)


@lru_cache(maxsize=512)
def _run(definition: str, text: str, document: str) -> Run:
    scheme, faults = read_once(definition, text)
    return Run(None, (), faults) if faults else run_document(scheme, document)


def run_document(scheme: Scheme, document: str, file: str = "算例") -> Run:
    """The one case in `document` scored under `scheme`."""
    try:
        outcomes = run_text(document, file, {scheme.code: scheme})
    except CaseFilesError as error:
        return Run(None, (), tuple(error.faults))
    if len(outcomes) != 1:
        return Run(None, (), (Fault(file, 1, f"应有一个算例,现在有 {len(outcomes)} 个。"),))
    outcome = outcomes[0]
    words = Words(outcome.case)
    rows = tuple(
        Row(member, words.title(name), words.say(name, wanted), words.say(name, got), wanted == got)
        for member, name, wanted, got in compared(outcome.case, outcome.members)
    )
    return Run(outcome, rows, ())


class Words:
    """What fields and values of an answer are called under the case's scheme."""

    def __init__(self, case: Case) -> None:
        scheme = case.scheme
        parts, outcome = scheme.parts_for(case.period), scheme.outcome_for(case.period)
        self.names: dict[str, Mapping[str, str]] = {
            "status": RESULT_STATUSES,
            "items": {item.code: item.title for item in scheme.items},
            "parts": {part.code: part.title for part in parts},
            "grade": {grade.code: grade.title for grade in scheme.grades},
            "lists": LISTS,
            "consequences": outcome.titles,
            "alerts": {alert.code: alert.title for alert in scheme.alerts},
        }
        self.lacks = {f"appraisal.{group.code}": f"{group.title}的评议票" for group in scheme.groups}
        self.lacks |= FACTS | {item.code: f"{item.title}的评分" for item in scheme.items}

    def _missing(self, code: str) -> str:
        """上半年班子成员的评议票 for 2025H1:appraisal.committee."""
        half, _, rest = code.rpartition(":")
        return f"{HALVES.get(half[-2:], '')}{self.lacks.get(rest, rest)}"

    def title(self, name: str) -> str:
        """参加组织活动 for items.daily.activities, 总分 for total."""
        field, _, code = name.partition(".")
        return self.names[field].get(code, code) if code else FIELDS[field]

    def say(self, name: str, value: Any) -> str:
        field, _, code = name.partition(".")
        if value is None:
            return "没有"
        if field == "missing":
            return "、".join(map(self._missing, value)) or "没有"
        if isinstance(value, list):
            return "、".join(self.names.get(field, {}).get(one, one) for one in value) or "没有"
        if isinstance(value, dict):
            return (
                "、".join(f"{self.title(f'{field}.{key}')} {figure(number)}" for key, number in value.items()) or "没有"
            )
        if isinstance(value, Decimal):
            return figure(value)
        return str(value) if code else self.names.get(field, {}).get(str(value), str(value))


def figure(number: Decimal) -> str:
    """54.60 → 54.6"""
    return f"{number.normalize():f}"


def answer(run: Run) -> list[tuple[str, list[tuple[str, str]]]]:
    """Each member of the case with the whole answer, field by field in words."""
    if run.outcome is None:
        return []
    words = Words(run.outcome.case)
    return [
        (member, [(FIELDS[name], words.say(name, row[name])) for name in FIELDS if row[name] or name == "total"])
        for member, row in run.outcome.members.items()
    ]


# Files of several cases -----------------------------------------------------------------------


def split_documents(text: str, file: str, schemes: dict[str, Scheme]) -> list[tuple[Case, str]]:
    """Every case of a file with its own text.

    Raises CaseFilesError with every fault: FILE:LINE and what is wrong.
    """
    if fault := yaml_fault(text, file):
        raise CaseFilesError([fault])
    outcomes = run_text(text, file, schemes)
    starts = [match.start() for match in NEW_DOCUMENT.finditer(text)]
    edges = [0, *starts, len(text)]
    pieces = [text[first:last].removeprefix("---").strip("\n") for first, last in pairwise(edges)]
    pieces = [piece + "\n" for piece in pieces if _says_something(piece)]
    if not outcomes:
        raise CaseFilesError([Fault(file, 1, "文件里没有算例。")])
    if len(pieces) != len(outcomes):
        raise CaseFilesError([Fault(file, 1, "算例之间要用单独一行的 --- 分开。")])
    return [(outcome.case, piece) for outcome, piece in zip(outcomes, pieces, strict=True)]


def names_settings(document: str) -> bool:
    """True if the case says itself under which settings it is scored."""
    try:
        return any(isinstance(data, Mapping) and "settings" in data for _, data in read_documents(document))
    except MarkError:
        return False


def _says_something(piece: str) -> bool:
    try:
        return any(data is not None for _, data in read_documents(piece))
    except MarkError:
        return True


def joined(documents: Iterable[str]) -> str:
    """One file of several cases."""
    return "---\n".join(document.rstrip("\n") + "\n" for document in documents)


# From a form and back -------------------------------------------------------------------------


def scalar(value: Any) -> str:
    """A value as YAML that reads back as it is."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return figure(value)
    if isinstance(value, int):
        return str(value)
    text = str(value)
    plain = BARE.fullmatch(text) and text.lower() not in TAKEN
    return text if plain or re.fullmatch(r"\d{4}(-\d{2}|[HQ]\d)?", text) else json.dumps(text, ensure_ascii=False)


def flow(value: Any) -> str:
    """A value on one line: {date: 2025-01-08, status: late}, [90, 95]."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(key)}: {flow(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(flow, value)) + "]"
    return scalar(value)


def written(case: Mapping[str, Any]) -> tuple[str, dict[int, tuple[str, int | None]]]:
    """The document of a case with one person, and for each of its lines the field, and row, that it came from.

    case: name, scheme, period, settings, organization, id; member (field → value, a list of rows, or a mapping); expect.
    """
    out: list[str] = []
    places: dict[int, tuple[str, int | None]] = {}

    def add(text: str, field: str, row: int | None = None) -> None:
        out.append(text)
        places[len(out)] = field, row

    add(f"case: {scalar(case['name'])}", "name")
    add(f"scheme: {scalar(case['scheme'])}", "scheme")
    add(f"period: {scalar(case['period'])}", "period")
    if case.get("settings") is not None:  # an empty one says: the scheme's own, whatever the unit sets
        add(f"settings: {flow(case['settings'])}", "settings")
    if case.get("organization"):
        add(f"organization: {flow(case['organization'])}", "organization")
    add("members:", "member")
    add(f"  {scalar(case['id'])}:", "member")
    for key, value in case["member"].items():
        if value in (None, "", [], {}):
            continue
        if isinstance(value, list) and isinstance(value[0], Mapping):
            add(f"    {key}:", key)
            for number, row in enumerate(value):
                add(f"      - {flow(row)}", key, number)
        else:
            add(f"    {key}: {flow(value)}", key)
    if case["expect"]:
        add("expect:", "expect")
        add(f"  {scalar(case['id'])}:", "expect")
        for key, value in case["expect"].items():
            add(f"    {key}: {flow(value)}", f"expect_{key}")
    return "\n".join(out) + "\n", places


def read_back(document: str) -> dict[str, Any] | None:
    """The case as `written` takes it; None where it is more than a form of one person can hold."""
    [(_, data)] = [pair for pair in read_documents(document) if pair[1] is not None]
    members = data["members"]
    if len(members) != 1:
        return None
    [(key, member)] = members.items()
    return {
        "name": str(data["case"]),
        "scheme": data["scheme"],
        "period": str(data["period"]),
        "settings": data.get("settings"),
        "organization": data.get("organization"),
        "id": str(key),
        "member": member or {},
        "expect": (data.get("expect") or {}).get(key) or {},
    }
