"""What is read out of a confirmed month at the theme day: merits by name, everything else by clause and in numbers."""

from dataclasses import dataclass
from decimal import Decimal

from evaluations.monthly import MonthLine
from members.models import Member


@dataclass(frozen=True)
class Merit:
    """Somebody's merit."""

    member: Member
    line: MonthLine


@dataclass(frozen=True)
class Lost:
    """Points lost under one clause, without names."""

    item: str
    number: str
    people: int
    times: int
    points: Decimal


@dataclass(frozen=True)
class Announcement:
    """sensitive: articles under which something was put down, by number alone, with how many records there are."""

    merits: list[Merit]
    lost: list[Lost]
    sensitive: list[tuple[str, int]]


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
    return Announcement([Merit(members[line.member], line) for line in earned], _lost(open_), sorted(hidden.items()))


def _lost(lines: list[MonthLine]) -> list[Lost]:
    by_clause: dict[tuple[str, str], list[MonthLine]] = {}
    for line in lines:
        if line.points < 0:
            by_clause.setdefault((line.item, line.number), []).append(line)
    return [
        Lost(item, number, len({line.member for line in found}), len(found), -sum(line.points for line in found))
        for (item, number), found in by_clause.items()
    ]
