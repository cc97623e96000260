"""Dues as the pages show them: who pays, and what every member's month comes to."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from django.db.models import QuerySet

from members.dates import first_of
from members.models import DuesBase, DuesMonth, Member, MemberStatus, Mobility, Organization, User
from members.permissions import RECORD_ROLES, holds
from members.services.dues import DuesLine, dues_state, yuan
from members.services.dues_bases import Bases
from members.stays import day_of

NOT_ASKED = "出国(境)定居,不收"


@dataclass
class DuesCell:
    """A member's month: what is on record of it, and the due amount to start from where nothing is.

    member: as `payers` gives them, with their states.
    """

    member: Member
    month: datetime.date
    owed: DuesMonth | None
    base: DuesBase | None
    earlier: Decimal | None = None  # what was due the month before
    elsewhere: str = ""  # who corrects its payments, where it is not the reader: `kept_elsewhere`

    @property
    def is_asked(self) -> bool:
        """False while nothing is on record of a member who has settled abroad: nobody asks them for dues."""
        return self.owed is not None or self.member.mobility_then != Mobility.ABROAD

    @cached_property
    def proposed(self) -> Decimal | None:
        if self.base:
            return self.base.due_yuan
        return self.earlier if self.is_asked else None

    @cached_property
    def due(self) -> Decimal | None:
        return self.owed.due_yuan if self.owed else self.proposed

    @property
    def paid(self) -> Decimal:
        return self.owed.paid_yuan if self.owed else Decimal(0)

    @cached_property
    def rest(self) -> Decimal:
        """What is still to be paid; nothing of a month that is excused or whose due amount nobody knows."""
        if self.due is None or (self.owed and self.owed.excused):
            return Decimal(0)
        return max(self.due - self.paid, Decimal(0))

    @property
    def differs(self) -> bool:
        """True if the due amount on record is not what the base says."""
        return bool(self.owed and self.base and self.owed.due_yuan != self.proposed)

    @property
    def differs_words(self) -> str:
        return f"按核定应缴 {self.base.due_yuan} 元" if self.differs else ""

    @property
    def baseless_words(self) -> str:
        """Why the due amount goes by no base; empty where it does."""
        if self.base:
            return ""
        if not self.is_asked:
            return NOT_ASKED
        return f"还没有核定{',按上月' if self.earlier is not None and not self.owed else ''}"

    @property
    def left_out(self) -> str:
        """Why paying for everybody leaves the member out, in words; empty where it pays, or nothing is left to pay."""
        if not self.is_asked:
            return NOT_ASKED
        excused = bool(self.owed and self.owed.excused)
        return why_left_out(self.due, self.paid, self.rest, excused)

    @property
    def pays_with_all(self) -> bool:
        """True if paying for everybody pays the month: nothing of it is paid yet, and it is known what is due."""
        return bool(self.rest and not self.paid and self.is_asked)

    def pay(self, amount: Decimal, paid_on: datetime.date, payer: str = "", due: Decimal | None = None) -> DuesLine:
        """The line that pays an amount towards the month as it is on record. due: where nobody knows it yet."""
        owed = self.owed
        return DuesLine(
            self.member,
            self.month,
            dues_state(owed),
            self.due if self.due is not None else due,
            bool(owed and owed.excused),
            owed.excuse if owed else "",
            owed.excused_by if owed else "",
            amount,
            paid_on,
            payer,
        )


def why_left_out(due: Decimal | None, paid: Decimal, rest: Decimal, excused: bool) -> str:
    """Why paying for everybody leaves out a month of this kind, in words; empty if it does not."""
    if excused:
        return "经批准缓缴或免缴"
    if due is None:
        return "还没有核定"
    if paid and rest:
        return f"已缴 {yuan(paid)} 元,还欠 {yuan(rest)} 元"
    return "" if due or paid else "应缴 0 元"


def payers(organization: Organization, *months: datetime.date) -> QuerySet[Member]:
    """Members who owe dues there for a month: those who belong on its last day, or today while it runs.

    Of several months, in a row: those who do for one of them at least, with their states of the last.
    """
    days = [day_of(month) for month in months]
    members = Member.objects.of(organization, *days).with_states(days[-1])
    return members.exclude(status_then=MemberStatus.ACTIVIST).without_numbers()


def kept_elsewhere(members: Iterable[Member], user: User) -> dict[int, str]:
    """By member id, for members whose record the user does not keep (any more): who corrects their payments."""
    places = Member.objects.filter(pk__in=[member.pk for member in members]).with_branch()
    return {
        pk: f"现在在{name},要更正请找那里" if name else "已不在名册,不能更正"
        for pk, name, path in places.values_list("pk", "branch_name", "branch_path")
        if not (path and holds(user, path, RECORD_ROLES))
    }


def cells_of(
    members: list[Member], months: list[datetime.date], reader: User
) -> dict[tuple[int, datetime.date], DuesCell]:
    """The cells of members' months, by member id and month, in four queries. months: in a row, the earliest first.

    Where nobody has decided the base, the due amount of the month before is taken over.
    """
    before = first_of(months[0], -1)
    known = DuesMonth.objects.with_paid().filter(member__in=members, month__in=[before, *months])
    owed = {(each.member_id, each.month): each for each in known.prefetch_related("payments")}
    bases = Bases(members, months[-1])
    elsewhere = kept_elsewhere(members, reader)
    cells = {}
    for member in members:
        start = owed.get((member.pk, before))
        earlier = start.due_yuan if start else None
        for month in months:
            key = (member.pk, month)
            cells[key] = DuesCell(
                member, month, owed.get(key), bases.of(member.pk, month), earlier, elsewhere.get(member.pk, "")
            )
            earlier = cells[key].due
    return cells
