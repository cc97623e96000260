"""Points for each attendance record, by its status."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from scoring.engine.blocks.base import Basis, Rule, Titles, day_words, each_words
from scoring.engine.node import Node, listed
from scoring.engine.vocabulary import EXCUSED, KINDS, STATUSES

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Attendance(Rule):
    """So many points for each record of a status (millionths, negative where it deducts), of some kinds of activity."""

    name: ClassVar[str] = "attendance"
    each: Mapping[str, int]
    kinds: tuple[str, ...]

    @classmethod
    def read(cls, node: Node, basis: Basis, people: Titles) -> Attendance | None:
        each, kinds = node.child("each", "按考勤计分的「each」"), _kinds(node)
        if each is None:
            return None
        for status in each.data:
            if status not in STATUSES:
                each.fault(status, f"没有「{status}」这个考勤状态,可用:{listed(STATUSES)}。")
            elif status in (*EXCUSED, "not_required") and each.points(status, 0) == 0:
                each.fault(status, f"「{status}」本来就不计分,请删去。")
        values = {status: each.points(status) for status in each.data if status in STATUSES}
        return None if None in values.values() else cls(basis, values, kinds)

    @property
    def deducts(self) -> bool:
        return any(value < 0 for value in self.each.values())

    @property
    def words(self) -> str:
        """迟到、早退每次扣 4 分;无故缺席每次扣 5 分"""
        by_points: dict[int, list[str]] = {}
        for status, value in self.each.items():
            by_points.setdefault(value, []).append(STATUSES[status])
        said = ";".join(f"{'、'.join(names)}{each_words(value)}" for value, names in by_points.items())
        return said if len(self.kinds) == len(KINDS) else f"{self._kinds_words}:{said}"

    @property
    def _kinds_words(self) -> str:
        left = [title for kind, title in KINDS.items() if kind not in self.kinds]
        if len(left) < len(self.kinds):
            return f"除{'、'.join(left)}以外的活动"
        return "、".join(KINDS[kind] for kind in self.kinds)

    def words_for(self, status: str) -> str | None:
        """What one record of `status` does, or None."""
        if status not in self.each:
            return None
        which = "" if len(self.kinds) == len(KINDS) else f"{self._kinds_words}:"
        return f"{which}{STATUSES[status]}{each_words(self.each[status])}"

    def label(self, line: dict[str, Any]) -> str:
        return f"{day_words(line['date'])} {KINDS[line['activity']]}"

    def text(self, line: dict[str, Any]) -> str:
        return STATUSES[line["status"]]

    def excused(self, line: dict[str, Any]) -> str:
        return f"{STATUSES[line['status']]},不扣分,不计入应到次数。"


def _kinds(node: Node) -> tuple[str, ...]:
    """The kinds of activity named in `kinds`, or all but those in `except`, or all."""
    if node.has("kinds"):
        return node.names("kinds", KINDS)
    left = node.names("except", KINDS, ())
    return tuple(kind for kind in KINDS if kind not in left)
