"""Writes of the households that members visit (联系户走访)."""

import datetime
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from members.dates import last_of, month_name
from members.models import FactChange, FactKind, Member, Organization, User, VisitMonth
from members.services.periods import require_writable


@dataclass
class VisitLine:
    """One member's month, as sent.

    seen: `visit_state` of it when the page was opened. assigned None: nothing is to be recorded.
    """

    member: Member
    month: datetime.date
    seen: str
    assigned: int | None
    visited: int | None

    @property
    def key(self) -> tuple[int, datetime.date]:
        return self.member.pk, self.month

    @property
    def wanted(self) -> str:
        return "" if self.assigned is None else f"{self.assigned}|{self.visited}"


@dataclass
class VisitClash:
    """A month that somebody else changed while the page was open."""

    line: VisitLine
    saved: VisitMonth
    recorded_by: User | None


def visit_state(visits: VisitMonth | None) -> str:
    """What is on record of a month, in a form that two moments can be compared by."""
    return f"{visits.assigned}|{visits.visited}" if visits else ""


def in_words(state: str) -> str:
    """A month's state as people read it in the change history."""
    if not state:
        return ""
    assigned, visited = state.split("|")
    return f"联系 {assigned} 户,走访 {visited} 户"


@transaction.atomic
def record_visits(organization: Organization, lines: list[VisitLine], *, actor: User) -> tuple[int, list[VisitClash]]:
    """Store visits of one month or several; gives back how many were written, and the clashes, which were not.

    Raises ValidationError if a month is settled or has not begun.
    """
    ids, months = {line.member.pk for line in lines}, {line.month for line in lines}
    for month in sorted(months):
        if month > timezone.localdate():
            raise ValidationError(f"{month_name(month)}还没有到,请到那个月再登记走访。")
    list(Member.objects.select_for_update().filter(pk__in=ids).order_by("pk").values_list("pk", flat=True))
    on_record = VisitMonth.objects.filter(month__in=months, member__in=ids)
    saved = {(visits.member_id, visits.month): visits for visits in on_record}
    changed, disputed = [], []
    for line in lines:
        now = visit_state(saved.get(line.key))
        if line.wanted in (line.seen, now):
            continue
        if now in ("", line.seen):
            changed.append((line, now))
        else:
            disputed.append(line)
    require_writable(organization, [(line.member, last_of(line.month)) for line, _ in changed])
    write_visits(changed, actor)
    writers = last_writers(disputed)
    clashes = [
        VisitClash(line, saved[line.key], writers.get((line.member.pk, month_key(line.month)))) for line in disputed
    ]
    return len(changed), clashes


def last_writers(lines: list[VisitLine]) -> dict[tuple[int, str], User]:
    """Who wrote last, by member id and key of the month."""
    if not lines:
        return {}
    changes = FactChange.objects.filter(
        kind=FactKind.VISITS,
        key__in={month_key(line.month) for line in lines},
        member__in=[line.member.pk for line in lines],
    )
    rows = changes.select_related("changed_by").order_by("pk")
    return {(change.member_id, change.key): change.changed_by for change in rows}


def month_key(month: datetime.date) -> str:
    return f"month:{month:%Y-%m}"


def write_visits(changed: list[tuple[VisitLine, str]], actor: User) -> None:
    """Write months, each with its state until now, and their history, in two statements."""
    VisitMonth.objects.bulk_create(
        [
            VisitMonth(member=line.member, month=line.month, assigned=line.assigned, visited=line.visited)
            for line, _ in changed
        ],
        update_conflicts=True,
        unique_fields=["member", "month"],
        update_fields=["assigned", "visited"],
    )
    FactChange.objects.bulk_create(
        FactChange(
            member=line.member,
            kind=FactKind.VISITS,
            key=month_key(line.month),
            title=f"{month_name(line.month)}联系户走访",
            old=in_words(old),
            new=in_words(line.wanted),
            changed_by=actor,
        )
        for line, old in changed
    )
