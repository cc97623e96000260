"""Who belonged to an organisation when: for grids of several months or quarters, whose members come and go."""

import datetime
from collections import defaultdict

from django.utils import timezone

from members.dates import last_of
from members.models import Member, Membership, Organization

NOT_HERE = "不在本支部"


def day_of(month: datetime.date) -> datetime.date:
    """The day by which a month's dues and visits are asked for: its last one, or today while it runs or is to come."""
    return min(last_of(month), timezone.localdate())


class Stays:
    """When members belonged to an organisation or one below it, between two days; read by one query."""

    def __init__(self, organization: Organization, members: list[Member], first: datetime.date, last: datetime.date):
        self.spans = defaultdict(list)
        there = Membership.objects.during(first, last).filter(organization__path__startswith=organization.path)
        for member, since, until in there.filter(member__in=members).values_list("member", "starts_on", "ends_on"):
            self.spans[member].append((since, until or datetime.date.max))

    def have(self, member: Member, first: datetime.date, last: datetime.date | None = None) -> bool:
        """True if the member belonged there on some day from the first to the last; without a last, on that day."""
        return any(since <= (last or first) and first <= until for since, until in self.spans[member.pk])
