"""Settled periods: what is dated in one stays as it is, and so does what it looked back on."""

import datetime
from collections.abc import Iterable, Iterator

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max

from members.models import ClosedPeriod, Member, Membership, Organization
from members.querysets import lineage

WAYS_OUT = "请把更正记在现在的周期;一定要改的,先请街道重新打开那次考核。"


@transaction.atomic
def settle(top: Organization, branches: Iterable[Organization], title: str, days: tuple[datetime.date, ...]) -> None:
    """Make these branches, and no others at or below `top`, those that the days (first, last) are settled for.

    What is written is the fewest organisations that have these branches below them and no others, so that what a
    street holds for all its branches is settled with them.
    """
    first, last = days
    wanted = {place.pk: place for place in _cover(top, branches)}
    for place in wanted.values():
        ClosedPeriod.objects.get_or_create(organization=place, starts_on=first, ends_on=last, defaults={"title": title})
    there = ClosedPeriod.objects.filter(organization__path__startswith=top.path, starts_on=first, ends_on=last)
    there.exclude(organization__in=wanted).delete()


def _cover(top: Organization, branches: Iterable[Organization]) -> Iterator[Organization]:
    inside = {branch.pk for branch in branches}
    below = list(Organization.objects.under(top).order_by("path"))
    with_some = {path for place in below if place.pk in inside for path in place.lineage}
    with_others = {path for place in below if place.is_branch and place.pk not in inside for path in place.lineage}
    whole = with_some - with_others
    upmost = None
    for place in below:
        if upmost and place.path.startswith(upmost.path):
            continue
        if place.path in whole:
            upmost = place
            yield place


def require_open(organization: Organization, first: datetime.date, last: datetime.date | None = None) -> None:
    """Refuse a fact dated in a period that is settled for the organisation, or before one.

    last: for a fact that holds over days, the last of them.
    """
    refuse_closed(organization.lineage, first, last or first)


def require_day_open(organization: Organization, day: datetime.date) -> None:
    """Refuse what counts on its own day only, such as an entry, if that day is in a settled period."""
    covering = ClosedPeriod.objects.filter(
        organization__path__in=organization.lineage, starts_on__lte=day, ends_on__gte=day
    )
    if covering.exists():
        require_open(organization, day)


def settled_upto(organization: Organization) -> datetime.date | None:
    """The last day of what is settled for the organisation; None where nothing is."""
    periods = ClosedPeriod.objects.filter(organization__path__in=organization.lineage)
    return periods.aggregate(last=Max("ends_on"))["last"]


def closed_sentence(organization: Organization, day: datetime.date) -> str:
    """Why facts of a day stay as they are; empty if the day is not settled for the organisation."""
    try:
        require_open(organization, day)
    except ValidationError as error:
        return error.messages[0]
    return ""


def require_members_open(members: Iterable[Member], day: datetime.date) -> None:
    """Refuse a fact of members dated in a period that is settled for the branch they were in on that day."""
    paths = Membership.objects.on(day).filter(member__in=[member.pk for member in members])
    above = {part for path in paths.values_list("organization__path", flat=True) for part in lineage(path)}
    refuse_closed(sorted(above), day, day)


def require_writable(organization: Organization, facts: list[tuple[Member, datetime.date]]) -> None:
    """Refuse facts of members on days that are settled."""
    days = sorted({day for _, day in facts})
    if days:
        require_open(organization, days[0])  # what is settled is settled up to a day
    for day in days:
        require_members_open([member for member, on in facts if on == day], day)


def closed_periods_of(members: Iterable[Member]) -> dict[int, list[ClosedPeriod]]:
    """For each member the settled periods on whose last day a branch that they are closed for had the member."""
    found: dict[int, list[ClosedPeriod]] = {member.pk: [] for member in members}
    closed = list(ClosedPeriod.objects.select_related("organization").order_by("ends_on"))
    places = Membership.objects.filter(member__in=found) if closed else Membership.objects.none()
    for place in places.select_related("organization"):
        found[place.member_id] += [
            period
            for period in closed
            if place.starts_on <= period.ends_on <= (place.ends_on or datetime.date.max)
            and place.organization.path.startswith(period.organization.path)
        ]
    return found


def require_status_kept(before: Member, after: Member, closed: list[ClosedPeriod]) -> None:
    """Refuse other days of joining or conversion that change what the member was at the end of a settled period."""
    if (before.joined_on, before.converted_on) == (after.joined_on, after.converted_on):
        return
    for period in closed:
        if before.status_on(period.ends_on) != after.status_on(period.ends_on):
            field = "joined_on" if before.joined_on != after.joined_on else "converted_on"
            raise ValidationError({field: in_closed(period, period.ends_on)})


def require_not_settled(member: Member, day: datetime.date) -> None:
    """Refuse a change from a day on if a settled period that had the member then, or on its last day, ends later."""
    for period in closed_periods_of([member])[member.pk]:
        if period.ends_on >= day:
            raise ValidationError({"day": in_closed(period, max(day, period.starts_on))})
    require_members_open([member], day)


def in_closed(period: ClosedPeriod, day: datetime.date) -> str:
    return f"{day:%Y-%m-%d} 在 {period.title}考核之内,那次考核已经办结,记录不能再改。{WAYS_OUT}"


def refuse_closed(paths: list[str], first: datetime.date, last: datetime.date) -> None:
    """Refuse days up to the end of a settled period: a round looks back on the months before it (arrears, absence)."""
    period = ClosedPeriod.objects.filter(organization__path__in=paths, ends_on__gte=first).order_by("ends_on").first()
    if period is None:
        return
    if last < period.starts_on:
        raise ValidationError(
            f"{first:%Y-%m-%d} 在 {period.title}考核之前,那次考核已经办结,它看过的以前的记录也不能再改。{WAYS_OUT}"
        )
    raise ValidationError(in_closed(period, max(first, period.starts_on)))
