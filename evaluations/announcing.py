"""What is read out of a confirmed month at the theme day: merits by name, everything else by clause and in numbers."""

from dataclasses import dataclass
from decimal import Decimal

from evaluations.monthly import MonthLine
from members.exports import Sheet
from members.models import Member


@dataclass(frozen=True)
class Merit:
    """Somebody's merit."""

    member: Member
    line: MonthLine

    @property
    def deed(self) -> str:
        return f"{self.line.title},{self.line.note}" if self.line.note else self.line.title


@dataclass(frozen=True)
class Lost:
    """Points lost under one clause, without names; under an article that is sensitive only how many records there are."""

    item: str
    number: str
    people: int | None
    times: int
    points: Decimal | None


@dataclass(frozen=True)
class Announcement:
    """Who is named with what he or she did, and what was lost without names."""

    merits: list[Merit]
    lost: list[Lost]

    @property
    def sheets(self) -> list[Sheet]:
        """As it stands in a workbook."""
        merits = [[one.member.name, one.deed, one.line.number, one.line.points] for one in self.merits]
        lost = [[one.item, one.number, one.people or "—", one.times, one.points or "—"] for one in self.lost]
        return [
            Sheet("加分", ["党员", "事迹", "条款", "加分"], merits),
            Sheet("扣分", ["项目", "条款", "人数", "次数", "共扣"], lost),
        ]


def announcement_of(lines: list[MonthLine]) -> Announcement:
    """The lines of a month as they may be read out; those that do not count are not."""
    counted = [line for line in lines if line.points]
    open_ = [line for line in counted if not line.is_sensitive]
    earned = [line for line in open_ if line.points > 0 and line.entry]
    members = Member.objects.without_numbers().in_bulk({line.member for line in earned})
    hidden: dict[str, int] = {}
    for line in counted:
        if line.is_sensitive:
            hidden[line.number] = hidden.get(line.number, 0) + 1
    unsaid = [Lost("按条款办理", number, None, times, None) for number, times in sorted(hidden.items())]
    return Announcement([Merit(members[line.member], line) for line in earned], _lost(open_) + unsaid)


def _lost(lines: list[MonthLine]) -> list[Lost]:
    by_clause: dict[tuple[str, str], list[MonthLine]] = {}
    for line in lines:
        if line.points < 0:
            by_clause.setdefault((line.item, line.number), []).append(line)
    return [
        Lost(item, number, len({line.member for line in found}), len(found), -sum(line.points for line in found))
        for (item, number), found in by_clause.items()
    ]
