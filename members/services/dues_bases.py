"""What members' dues go by (党费核定): read for many members at once, and written."""

import datetime
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction

from members.dates import month_name
from members.models import DuesBase, FactChange, FactKind, Member, User


@dataclass
class BaseLine:
    """One member's row of the bases page, as sent.

    seen: key of the base that was in force when the page was opened; 0 for none.
    """

    member: Member
    seen: int
    kind: str
    pay_yuan: Decimal | None = None
    fixed_yuan: Decimal | None = None

    def base(self, month: datetime.date) -> DuesBase:
        """The base from a month on, not stored."""
        pay = "" if self.pay_yuan is None else f"{self.pay_yuan:.2f}"
        return DuesBase(member=self.member, month=month, kind=self.kind, pay=pay, fixed_yuan=self.fixed_yuan)


@dataclass
class BaseClash:
    """A base that somebody else put down while the page was open."""

    line: BaseLine
    saved: DuesBase


class Bases:
    """What some members' dues go by, read at once: `bases.of(member_id, month)`."""

    def __init__(self, members: list[Member], upto: datetime.date):
        self.by_member = DuesBase.objects.by_member(members, upto)

    def of(self, member_id: int, month: datetime.date) -> DuesBase | None:
        """The base in force in a month; None where nobody has decided it."""
        known = [base for base in self.by_member.get(member_id, []) if base.month <= month]
        return known[-1] if known else None


def same(base: DuesBase | None, other: DuesBase | None) -> bool:
    """True if both come to the same: kind, pay and fixed amount."""
    return _content(base) == _content(other)


def _content(base: DuesBase | None) -> tuple | None:
    return base and (base.kind, base.pay_yuan, base.fixed_yuan)


@transaction.atomic
def record_bases(month: datetime.date, lines: list[BaseLine], *, actor: User) -> tuple[list[DuesBase], list[BaseClash]]:
    """Put down what members' dues go by from a month on; gives back what was written, and the clashes.

    Months on record keep what is due for them. A row that nobody touched, or that says what is in force, is not written.
    """
    members = [line.member for line in lines]
    ids = [member.pk for member in members]
    list(Member.objects.select_for_update().filter(pk__in=ids).order_by("pk").values_list("pk", flat=True))
    bases = Bases(members, month)
    written, disputed = [], []
    for line in lines:
        now, wanted = bases.of(line.member.pk, month), line.base(month)
        if same(now, wanted):
            continue
        if now and line.seen != now.pk:
            disputed.append((line, now))
        else:
            wanted.recorded_by = actor
            written.append((wanted, now))
    DuesBase.objects.bulk_create(base for base, _ in written)
    FactChange.objects.bulk_create(base_change(base, before, actor) for base, before in written)
    return [base for base, _ in written], clashes_of(disputed)


def clashes_of(disputed: list[tuple[BaseLine, DuesBase]]) -> list[BaseClash]:
    """The disputed rows, each with the base that somebody else put down and who it was."""
    if not disputed:
        return []
    saved = DuesBase.objects.select_related("recorded_by").in_bulk([now.pk for _, now in disputed])
    return [BaseClash(line, saved[now.pk]) for line, now in disputed]


def base_change(base: DuesBase, before: DuesBase | None, actor: User) -> FactChange:
    """The change for the history: the pay is personal, so only that it was decided anew."""
    return FactChange(
        member=base.member,
        kind=FactKind.DUES,
        key=f"base:{base.month:%Y-%m}",
        title=f"{month_name(base.month)}起党费核定",
        old=f"已核定({before.get_kind_display()})" if before else "",
        new=f"{'重新' if before else ''}核定({base.get_kind_display()})",
        changed_by=actor,
    )
