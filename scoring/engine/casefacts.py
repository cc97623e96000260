"""Reading the facts of one member of a case, each record checked where it stands."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from scoring.engine.node import REQUIRED, Node
from scoring.engine.numbers import POINT, plain
from scoring.engine.period import Period
from scoring.engine.scheme import Scheme
from scoring.engine.vocabulary import HALVES, KINDS, STATUSES

DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
MONTH = re.compile(r"(\d{4})-(\d{2})")
QUARTER = re.compile(r"\d{4}Q[1-4]")
CENTS = 100


class CaseNode(Node):
    """A mapping of a case: dates, months and figures beside what every node reads."""

    def name(self, key: str) -> str | None:
        """A text that says something."""
        value = self.text(key)
        if value is None or value.strip():
            return value
        self.fault(key, f"「{key}」是空的,请写上。")
        return None

    def date(self, key: str, default: Any = REQUIRED) -> date | None:
        """A day, with or without quotes."""
        value = self.value(key, default)
        if value is None or isinstance(value, date):
            return value
        if isinstance(value, str) and DAY.fullmatch(value):
            with suppress(ValueError):
                return date.fromisoformat(value)
        problem = "不存在" if DAY.fullmatch(str(value)) else "写法不对,应写成 2025-01-08 这样"
        self.fault(key, f"「{key}」的日期 {value} {problem}。")
        return None

    def month(self, key: str) -> date | None:
        value = self.value(key)
        match = MONTH.fullmatch(str(value))
        if match and 1 <= int(match[2]) <= 12 and int(match[1]) >= 1900:
            return date(int(match[1]), int(match[2]), 1)
        if value is not None:
            problem = "不存在" if match else "写法不对,应写成 2025-01 这样"
            self.fault(key, f"「{key}」的月份 {value} {problem}。")
        return None

    def amount(self, key: str, unit: int, most: int | None = None, default: Any = REQUIRED) -> int | None:
        """A number of 0 or more, in whole `1/unit`; `most` is in units too."""
        value = self.number(key, unit, default)
        if value is not None and not 0 <= value <= (value if most is None else most):
            limits = "不能小于 0" if most is None else f"应在 0 到 {plain(Decimal(most) / unit)} 之间"
            self.fault(key, f"「{key}」{limits},现在是 {self.data[key]}。")
            return None
        return value

    def figure(self, key: str) -> Decimal | None:
        value = self.value(key)
        if isinstance(value, int | Decimal) and not isinstance(value, bool):
            return Decimal(value)
        self.fault(key, f"「{key}」要写成数,现在是「{value}」。")
        return None

    def figures(self, key: str, allowed: set[str]) -> dict[str, Decimal | None]:
        """Figures by code, every code one of `allowed`."""
        node = self.child(key, f"「{key}」")
        if node is None:
            return {}
        found = {code: node.figure(code) for code in node.data if code in allowed}
        node.read.update(allowed)
        node.close()
        return found

    def period(self, key: str) -> Period | None:
        written = self.text(key)
        try:
            return Period.parse(written) if written else None
        except ValueError as error:
            self.fault(key, str(error))
            return None


@dataclass(frozen=True)
class Score:
    """A score that was read, to be held against the full marks once the member's layer is known."""

    member: int
    item: str
    micro: int
    line: int


@dataclass(frozen=True)
class MemberContext:
    """Whose facts are read, under which scheme, and where the rows and the scores go."""

    scheme: Scheme
    member: int
    rows: dict[str, list[dict[str, Any]]]
    scores: list[Score]

    def add(self, frame: str, **row: Any) -> None:
        self.rows[frame].append({"member": self.member, **row})


def _attendance(node: CaseNode, context: MemberContext) -> None:
    for record in node.children("attendance", "考勤"):
        row = {
            "date": record.date("date"),
            "kind": record.choice("kind", KINDS),
            "status": record.choice("status", STATUSES),
        }
        record.close()
        context.add("attendance", **row)


def _dues(node: CaseNode, context: MemberContext) -> None:
    seen: set[date] = set()
    for record in node.children("dues", "党费"):
        month, due = record.month("month"), record.amount("due", CENTS)
        paid, paid_on = record.amount("paid", CENTS, default=None), record.date("paid_on", None)
        excused = record.flag("excused")
        record.close()
        if (paid is None or paid == 0) != (paid_on is None) and record.has("paid") != record.has("paid_on"):
            record.faults.add(record.line, "「paid」和「paid_on」要么都写,要么都不写(没有交)。")
        if month in seen:
            record.fault("month", f"{record.data['month']} 的党费写了两次,请合成一条。")
        if month is None or due is None:
            continue
        seen.add(month)
        context.add("dues", month=month, due=due, excused=excused)
        if paid and paid_on:
            context.add("payments", month=month, amount=paid, paid_on=paid_on)


def _visits(node: CaseNode, context: MemberContext) -> None:
    seen: set[date] = set()
    for record in node.children("visits", "走访"):
        month, assigned, visited = record.month("month"), record.whole("assigned"), record.whole("visited")
        record.close()
        if month in seen:
            record.fault("month", f"{record.data['month']} 的走访写了两次,请合成一条。")
        seen.add(month)
        context.add("visits", month=month, assigned=assigned, visited=visited)


def _entries(node: CaseNode, context: MemberContext) -> None:
    for number, record in enumerate(node.children("entries", "记分")):
        row = {
            "ref": number,
            "item": record.choice("item", context.scheme.entry_titles),
            "date": record.date("date"),
            "quantity": record.whole("quantity", least=1, default=1),
            "points": record.amount("points", POINT, default=None),
            "amount": record.amount("amount", CENTS, default=None),
            "half": record.choice("half", HALVES, None),
            "award": record.text("award", None),
            "approved": record.flag("approved", default=True),
            "reversed": record.flag("reversed"),
            "level": _level(record, context.scheme),
        }
        record.close()
        context.add("entries", **row)


def _level(record: CaseNode, scheme: Scheme) -> str | None:
    """The level of the entry; required where its rule goes by level, refused where it does not."""
    found = scheme.entry_rules.get(str(record.data.get("item")))
    if found is None:
        return record.text("level", None)
    rule = found[2]
    for key, what in {"points": "分值", "amount": "金额", "half": "上半年还是下半年"}.items():
        if key in rule.needs and not record.has(key):
            record.faults.add(record.line, f"「{rule.head.code}」要写明{what}「{key}」。")
    if "level" in rule.needs:
        return record.choice("level", [level.code for level in rule.levels])
    if record.has("level"):
        record.fault("level", f"「{rule.head.code}」不分级别,请删去「level」。")
    record.read.add("level")
    return None


def _assessments(node: CaseNode, context: MemberContext) -> None:
    full = {
        item.code: max([item.full_micro or 0, *item.fulls.values()])
        for item in context.scheme.items
        if item.is_assessed
    }
    for number, record in enumerate(node.children("assessments", "评分")):
        item = record.choice("item", full)
        row = {
            "ref": number,
            "item": item,
            "date": record.date("date"),
            "score": record.amount("score", POINT, full.get(item)),
        }
        record.close()
        context.add("assessments", **row)
        if row["score"] is not None:
            context.scores.append(Score(context.member, item, row["score"], record.line_of("score")))


def _reports(node: CaseNode, context: MemberContext) -> None:
    seen: set[str] = set()
    for line, value in node.elements("reports"):
        if not QUARTER.fullmatch(str(value)):
            node.faults.add(line, f"季度「{value}」写法不对,应写成 2025Q1。")
        elif value in seen:
            node.faults.add(line, f"季度「{value}」写了两次,请删去一个。")
        else:
            context.add("reports", quarter=str(value))
        seen.add(str(value))


def _appraisal(node: CaseNode, context: MemberContext) -> None:
    periods = node.child("appraisal", "评议")
    groups = [group.code for group in context.scheme.groups]
    for key in periods.data if periods else ():
        code = _appraisal_period(periods, key, context.scheme)
        if periods.data[key] is None:
            continue
        ballots = CaseNode(periods.data[key], periods.line_of(key), node.faults, "各组评议票")
        for group in groups:
            for line, value in ballots.elements(group, ()):
                _ballot(node, context, code, group, line, value)
        ballots.read.update(groups)
        ballots.close()


def _appraisal_period(node: CaseNode, key: Any, scheme: Scheme) -> str:
    try:
        period = Period.parse(str(key))
    except ValueError as error:
        node.fault(key, str(error))
        return str(key)
    if period.cycle != scheme.cycle:
        wanted = "半年,如 2025H1" if scheme.cycle == "half_year" else "年份,如 2025"
        node.fault(key, f"《{scheme.title}》的评议按期间写{wanted},现在是「{key}」。")
    return period.code


def _ballot(node: CaseNode, context: MemberContext, period: str, group: str, line: int, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or not 0 <= value <= 100:
        node.faults.add(line, f"评议分「{value}」应是 0 到 100 的数。")
        return
    score = Decimal(value) * POINT
    if score != int(score):
        node.faults.add(line, f"评议分 {value} 的小数位太多,最多六位。")
        return
    context.add("ballots", period=period, group=group, score=int(score))


def _history(node: CaseNode, context: MemberContext) -> None:
    grades = [grade.code for grade in context.scheme.grades]
    seen: set[str] = set()
    for record in node.children("history", "以往等次"):
        period, grade = record.period("period"), record.choice("grade", grades)
        record.close()
        if period is None or grade is None:
            continue
        if period.code in seen:
            record.fault("period", f"{period.code} 的等次写了两次,请删去一个。")
            continue
        seen.add(period.code)
        context.add("history", period=period.code, grade=grade)


FACT_READERS: dict[str, Callable[[CaseNode, MemberContext], None]] = {
    "attendance": _attendance,
    "dues": _dues,
    "visits": _visits,
    "entries": _entries,
    "assessments": _assessments,
    "reports": _reports,
    "appraisal": _appraisal,
    "history": _history,
}
