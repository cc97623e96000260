"""Arrears of dues in words."""

import datetime
from dataclasses import dataclass

from members.dates import first_of, month_name
from members.models import DuesMonth

REPORTED_AFTER = 6  # months in a row without dues are reported to the committee above
WARNED_FROM = 3
NAMED = 6  # months that a line names


@dataclass(frozen=True)
class Arrears:
    """Months that somebody has not paid in full, and how many of the latest in a row without paying anything."""

    months: tuple[datetime.date, ...] = ()
    streak: int = 0
    today: datetime.date | None = None

    def __bool__(self) -> bool:
        return bool(self.months)

    @property
    def count_words(self) -> str:
        return f"欠 {len(self.months)} 个月" if self.months else ""

    @property
    def words(self) -> str:
        """欠 2 个月:3 月、4 月; each year is named where it begins, that of today only after an earlier one."""
        if not self.months:
            return ""
        return f"{self.count_words}:{'、'.join(name for _, name in self.named)}{' 等' if self.are_more else ''}"

    @property
    def named(self) -> list[tuple[datetime.date, str]]:
        """The earliest months, and what each is called in the line."""
        shown = self.months[:NAMED]
        years = [self.today.year, *(month.year for month in shown)]
        return [
            (month, f"{month.month} 月" if month.year == before else month_name(month))
            for month, before in zip(shown, years, strict=False)
        ]

    @property
    def are_more(self) -> bool:
        return len(self.months) > NAMED

    def before(self, month: datetime.date) -> "Arrears":
        """Those of earlier months alone."""
        return Arrears(tuple(owed for owed in self.months if owed < month), 0, self.today)

    @property
    def warning(self) -> str:
        """What follows from so many months in a row; empty while they are few."""
        if self.streak >= REPORTED_AFTER:
            return f"已连续 {self.streak} 个月没有缴,要上报街道,由街道核实"
        if self.streak >= WARNED_FROM:
            return f"已连续 {self.streak} 个月没有缴,满 {REPORTED_AFTER} 个月要上报"
        return ""


def arrears_of(members, today: datetime.date) -> dict[int, Arrears]:
    """Arrears by member id, of months that are over; who has none is left out."""
    owing: dict[int, list[DuesMonth]] = {}
    for owed in DuesMonth.objects.overdue(today).filter(member__in=members).order_by("month"):
        if owed.paid_yuan < owed.due_yuan:
            owing.setdefault(owed.member_id, []).append(owed)
    return {
        member: Arrears(tuple(owed.month for owed in months), unpaid_streak(months, today), today)
        for member, months in owing.items()
    }


def unpaid_streak(months: list[DuesMonth], today: datetime.date) -> int:
    """How many months in a row, up to the last one that is over, nothing was paid of."""
    unpaid = {owed.month for owed in months if not owed.paid_yuan}
    count = 0
    while first_of(today, -count - 1) in unpaid:
        count += 1
    return count
