"""Kinds of measures (结果运用) and their steps: data in measures.yaml, read and checked once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType

from members.models import Role
from scoring.engine import Fault, SchemeError
from scoring.engine.marks import MarkError, read_documents
from scoring.engine.node import Faults, Node
from scoring.engine.vocabulary import ALERTS

FILE = Path(__file__).with_name("measures.yaml")
STEPS = ("notify", "hear", "meeting", "approval", "term", "reassess", "transfer", "act", "depart")
OFFICES = (Role.BRANCH_SECRETARY, Role.GENERAL_BRANCH, Role.STREET_STAFF, Role.DISCIPLINE_OFFICE)
NOTICES = ("criticism", "rectification")
PURPOSES = ("verdict", "withdrawal", "expulsion", "probation")
# Nobody leaves the Party by a result: these take the members' meeting and the committee above.
BY_MEETING_AND_ABOVE = ("withdrawal", "expulsion")
LONGEST_TERM = 12  # months
OTHER = "other"


@dataclass(frozen=True)
class Outcome:
    """What may come of a step; `opens` is the kind that is then proposed, with `ends` later steps fall away."""

    title: str
    opens: str = ""
    ends: bool = False


@dataclass(frozen=True)
class StepRule:
    """One step of a kind: what, by whom, within how long after the step before."""

    kind: str
    title: str
    role: str = ""
    days: int = 0
    months: int = 0
    purpose: str = ""
    to: str = ""
    scheme: str = ""
    outcomes: Mapping[str, Outcome] = field(default_factory=lambda: MappingProxyType({}))

    def get_role_display(self) -> str:
        """The role in words, as a stored step says it."""
        return Role(self.role).label if self.role else ""


@dataclass(frozen=True)
class MeasureKind:
    """A kind of measure with its steps in order."""

    code: str
    title: str
    office: str
    sensitive: bool
    told: str
    notice: str
    steps: tuple[StepRule, ...]

    def steps_under(self, scheme: str) -> list[StepRule]:
        """The steps that are taken under a scheme."""
        return [step for step in self.steps if step.scheme in ("", scheme)]


@dataclass(frozen=True)
class MeasureKinds:
    """All kinds, and which consequence or alert leads to which."""

    kinds: Mapping[str, MeasureKind]
    consequences: Mapping[tuple[str, str], str]  # scheme, code → kind
    alerts: Mapping[str, str]

    def of(self, scheme: str, code: str) -> MeasureKind:
        """The kind that a consequence or an alert leads to; `other` for what a unit's own scheme adds."""
        return self.kinds[self.consequences.get((scheme, code)) or self.alerts.get(code) or OTHER]

    def codes(self, **wanted) -> list[str]:
        """Codes of the kinds with these attributes: codes(sensitive=True)."""
        return [
            kind.code
            for kind in self.kinds.values()
            if all(getattr(kind, name) == value for name, value in wanted.items())
        ]


@cache
def measure_kinds() -> MeasureKinds:
    """The kinds that the product ships with."""
    return read_kinds(FILE.read_text(encoding="utf-8"))


def read_kinds(text: str) -> MeasureKinds:
    """The kinds that a YAML text describes. Raises SchemeError with every fault and its line."""
    faults = Faults(FILE.name)
    try:
        ((line, data),) = read_documents(text)
    except MarkError as error:
        raise SchemeError([error.fault(FILE.name)]) from error
    except ValueError as error:
        raise SchemeError([Fault(FILE.name, 1, "要写成一个 YAML 文档。")]) from error
    root = Node(data, line, faults, "结果运用")
    kinds = _kinds(root)
    known = {kind.code for kind in kinds}
    if OTHER not in known:
        root.fault("kinds", f"「kinds」缺少「{OTHER}」:单位自己的方案里新加的处理用它。")
    consequences = {
        (scheme, code): kind for scheme, mapping in _mappings(root) for code, kind in _leads(mapping, known).items()
    }
    alerts = root.child("alerts", "提醒")
    leads = _leads(alerts, known) if alerts else {}
    for code in (*(set(ALERTS) - set(leads)), *(set(leads) - set(ALERTS))):
        root.fault("alerts", f"「alerts」里应有且只有 {'、'.join(sorted(ALERTS))},「{code}」不对。")
    root.close()
    if faults.found:
        raise SchemeError(faults.found)
    return MeasureKinds({kind.code: kind for kind in kinds}, consequences, leads)


def _kinds(root: Node) -> list[MeasureKind]:
    parent = root.child("kinds", "措施")
    if parent is None:
        return []
    found = []
    for code in parent.data:
        node = parent.child(code, f"措施「{code}」")
        if node is not None:
            found.append(_kind(code, node, parent.data))
    return found


def _kind(code: str, node: Node, known: Mapping) -> MeasureKind:
    steps = [_step(child, known) for child in node.children("steps", "步骤")]
    if not steps:
        node.fault("steps", f"{node.what}至少要有一步。")
    _check_departure(node, steps)
    kind = MeasureKind(
        code,
        node.text("title"),
        node.choice("office", OFFICES),
        node.flag("sensitive", default=True),
        node.text("told"),
        node.choice("notice", NOTICES, ""),
        tuple(steps),
    )
    node.close()
    return kind


def _step(node: Node, known: Mapping) -> StepRule:
    kind, title = node.choice("kind", STEPS), node.text("title")
    scheme, outcomes = node.text("scheme", ""), _outcomes(node, known)
    role, days, months, purpose, to = "", 0, 0, "", ""
    if kind == "term":
        months = node.whole("months", least=1) or 0
        if months > LONGEST_TERM:
            node.fault("months", f"期限最长 {LONGEST_TERM} 个月,现在是 {months} 个月。")
    else:
        role, days = node.choice("role", OFFICES), node.whole("days", least=1)
    if kind == "meeting":
        purpose = node.choice("purpose", PURPOSES)
    if kind == "transfer":
        to = node.choice("to", ("education", "origin"))
    if kind == "reassess" and not outcomes:
        node.fault("outcomes", "复评要写明可能的结果「outcomes」。")
    node.close()
    return StepRule(kind, title, role, days, months, purpose, to, scheme, MappingProxyType(outcomes))


def _outcomes(node: Node, known: Mapping) -> dict[str, Outcome]:
    if not node.has("outcomes"):
        return {}
    parent, found = node.child("outcomes", "结果"), {}
    for code in parent.data:
        child = parent.child(code, f"结果「{code}」")
        found[code] = Outcome(child.text("title"), child.choice("opens", known, ""), child.flag("ends", default=False))
        child.close()
    return found


def _check_departure(node: Node, steps: list[StepRule]) -> None:
    """Withdrawal and expulsion: heard first, then the meeting, then the committee above; the roster last."""
    course = [step.kind for step in steps]
    departs = any(step.purpose in BY_MEETING_AND_ABOVE for step in steps)
    if departs and [kind for kind in course if kind in ("hear", "meeting", "approval")] != [
        "hear",
        "meeting",
        "approval",
    ]:
        node.fault("steps", f"{node.what}要先听取本人意见,再由党员大会表决,再报上级批准。")
    if "depart" in course[:-1] or (departs and course[-1] != "depart"):
        node.fault("steps", f"{node.what}的最后一步要是移出名册「depart」,在别的步骤以后。")


def _mappings(root: Node) -> list[tuple[str, Node]]:
    parent = root.child("from", "来源")
    if parent is None:
        return []
    nodes = [(scheme, parent.child(scheme, f"方案「{scheme}」")) for scheme in parent.data]
    return [(scheme, node) for scheme, node in nodes if node is not None]


def _leads(node: Node, known: set[str]) -> dict[str, str]:
    return {code: node.choice(code, known) for code in node.data}
