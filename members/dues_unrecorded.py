"""Months of dues that nobody has recorded: no sum shows them, and nobody is in arrears with them."""

import datetime
from collections import defaultdict
from collections.abc import Iterable

from django.utils import timezone

from members.dates import last_of
from members.models import DuesMonth, Member, Membership, MemberStatus, Mobility, Organization
from members.querysets import at_or_below, lineage, mobility_on, status_on


def unrecorded_dues(
    places: Iterable[Organization], months: Iterable[datetime.date]
) -> dict[tuple[int, datetime.date], list[Member]]:
    """By organisation id and month: who pays dues there for the month and has nothing of it on record, by number.

    Where nobody is missing there is no key. Those who pay are the ones that `payers` gives, without who has settled
    abroad. Three queries, however many places and months.
    """
    places = list(places)
    days = {month: min(last_of(month), timezone.localdate()) for month in months}
    by_path = {place.path: place.pk for place in places}
    if not days or not by_path:
        return {}
    waiting = _without_record(places, days)
    found = defaultdict(list)
    for member in _with_states(waiting, days):
        for path, month in waiting[member.pk]:
            if _pays(member, month):
                for place in by_path.keys() & lineage(path):
                    found[by_path[place], month].append(member)
    return dict(found)


def _without_record(
    places: list[Organization], days: dict[datetime.date, datetime.date]
) -> dict[int, list[tuple[str, datetime.date]]]:
    """By member id: where the member belonged on the day of a month that is not on record, and the month."""
    there = Membership.objects.during(min(days.values()), max(days.values()))
    there = there.filter(at_or_below(places, "organization__path"))
    recorded = DuesMonth.objects.filter(month__in=days, member__in=there.values("member"))
    recorded = set(recorded.values_list("member", "month"))
    waiting = defaultdict(list)
    for path, member, first, last in there.values_list("organization__path", "member", "starts_on", "ends_on"):
        for month, day in days.items():
            if first <= day <= (last or day) and (member, month) not in recorded:
                waiting[member].append((path, month))
    return waiting


def _with_states(ids: Iterable[int], days: dict[datetime.date, datetime.date]) -> Iterable[Member]:
    """The members by number, with what they were on the day of each month."""
    members = Member.objects.filter(pk__in=list(ids)).without_numbers().order_by("number")
    states = {f"status_{month:%Y%m}": status_on(day) for month, day in days.items()}
    return members.annotate(**states, **{f"mobility_{month:%Y%m}": mobility_on(day) for month, day in days.items()})


def _pays(member: Member, month: datetime.date) -> bool:
    status, mobility = (getattr(member, f"{state}_{month:%Y%m}") for state in ("status", "mobility"))
    return status != MemberStatus.ACTIVIST and mobility != Mobility.ABROAD
