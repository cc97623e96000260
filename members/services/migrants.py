"""Writes of the reports that members who are away (流动党员) make every quarter."""

import datetime
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from members.dates import quarter_days, quarter_name
from members.models import FactChange, FactKind, Member, MigrantReport, Organization, User
from members.services.periods import require_members_open, require_open

Day = datetime.date | None


@dataclass
class ReportLine:
    """One member's row of the reports page: the day of each quarter's report that the page showed, and the one sent.

    wanted: of the quarters that were sent; None for no report.
    """

    member: Member
    seen: dict[str, Day]
    wanted: dict[str, Day]


@dataclass
class ReportClash:
    """A quarter that somebody else changed while the page was open."""

    member: Member
    quarter: str
    saved: Day
    wanted: Day
    recorded_by: User | None

    @property
    def quarter_name(self) -> str:
        return quarter_name(self.quarter)


@dataclass
class ReportChange:
    member: Member
    quarter: str
    old: Day
    new: Day


@transaction.atomic
def record_reports(
    organization: Organization, lines: list[ReportLine], *, actor: User
) -> tuple[int, list[ReportClash]]:
    """Store, correct and take back reports; gives back how many were written, and the clashes, which were not.

    Raises ValidationError if a quarter is settled or has not begun.
    """
    ids = [line.member.pk for line in lines]
    list(Member.objects.select_for_update().filter(pk__in=ids).order_by("pk").values_list("pk", flat=True))
    saved = {(report.member_id, report.quarter): report.reported_on for report in reports_of(lines)}
    changed, disputed = [], []
    for line in lines:
        for quarter, new in line.wanted.items():
            seen, now = line.seen.get(quarter), saved.get((line.member.pk, quarter))
            if new not in (seen, now):
                (changed if now == seen else disputed).append(ReportChange(line.member, quarter, now, new))
    for quarter in sorted({change.quarter for change in changed}):
        members = [change.member for change in changed if change.quarter == quarter]
        require_reportable(organization, quarter, members)
    write_reports(changed, actor)
    writers = last_writers(disputed)
    return len(changed), [
        ReportClash(
            each.member,
            each.quarter,
            each.old,
            each.new,
            writers.get((each.member.pk, quarter_key(each.quarter))),
        )
        for each in disputed
    ]


def reports_of(lines: list[ReportLine]):
    quarters = {quarter for line in lines for quarter in line.wanted}
    return MigrantReport.objects.filter(member__in=[line.member.pk for line in lines], quarter__in=quarters)


def require_reportable(organization: Organization, quarter: str, members: list[Member]) -> None:
    """Refuse reports for a quarter that has not begun or is settled."""
    first, last = quarter_days(quarter)
    if first > timezone.localdate():
        raise ValidationError(f"{first.year} 年{quarter_name(quarter)}还没有到,请到那个季度再登记汇报。")
    require_open(organization, last)
    require_members_open(members, last)


def quarter_key(quarter: str) -> str:
    return f"quarter:{quarter}"


def last_writers(disputed: list[ReportChange]) -> dict[tuple[int, str], User]:
    """Who wrote last, by member id and key of the quarter."""
    if not disputed:
        return {}
    changes = FactChange.objects.filter(
        kind=FactKind.REPORT,
        member__in=[each.member for each in disputed],
        key__in=[quarter_key(each.quarter) for each in disputed],
    )
    rows = changes.select_related("changed_by").order_by("pk")
    return {(change.member_id, change.key): change.changed_by for change in rows}


def write_reports(changed: list[ReportChange], actor: User) -> None:
    """Write the reports and their history, in a few statements."""
    MigrantReport.objects.bulk_create(
        [MigrantReport(member=each.member, quarter=each.quarter, reported_on=each.new) for each in changed if each.new],
        update_conflicts=True,
        unique_fields=["member", "quarter"],
        update_fields=["reported_on"],
    )
    for quarter in {each.quarter for each in changed if not each.new}:
        withdrawn = [each.member for each in changed if each.quarter == quarter and not each.new]
        MigrantReport.objects.filter(quarter=quarter, member__in=withdrawn).delete()
    FactChange.objects.bulk_create(report_change(each, actor) for each in changed)


def report_change(change: ReportChange, actor: User) -> FactChange:
    return FactChange(
        member=change.member,
        kind=FactKind.REPORT,
        key=quarter_key(change.quarter),
        title=f"{change.quarter[:4]} 年{quarter_name(change.quarter)}流动党员汇报",
        old=f"{change.old:%Y-%m-%d} 汇报" if change.old else "",
        new=f"{change.new:%Y-%m-%d} 汇报" if change.new else "登记有误,已撤销",
        changed_by=actor,
    )
