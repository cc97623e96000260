import datetime
from collections import defaultdict
from collections.abc import Iterable

from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from members import permissions, services
from members.dates import quarter_days, quarter_name, quarter_of, quarters_of
from members.exports import as_download
from members.forms.filters import YearFilter
from members.forms.migrants import ReportRow
from members.grid_exports import reports_book
from members.lists import is_export
from members.models import Member, MigrantReport, Mobility, Organization
from members.services.periods import closed_sentence
from members.stays import NOT_HERE, Stays
from members.views.grids import chosen_place, taken_grid

MEMBERS_A_PAGE = 100
NOT_AWAY = "不是流动党员"


def days_of(quarter: str) -> tuple[datetime.date, datetime.date]:
    """The first day of a quarter and the last one, or today where that has not come."""
    today = timezone.localdate()
    first, last = quarter_days(quarter)
    return min(first, today), min(last, today)


def migrants(organization: Organization, *quarters: str) -> QuerySet[Member]:
    """Members who belong there and are away on some day of the quarters; and others there who reported for one."""
    days = days_of(quarters[0])[0], days_of(quarters[-1])[1]
    away = Member.objects.being_during(Mobility.MIGRANT, organization, *days)
    reported = Member.objects.during(organization, *days).filter(migrant_reports__quarter__in=quarters)
    return Member.objects.filter(Q(pk__in=away.values("pk")) | Q(pk__in=reported.values("pk"))).without_numbers()


def report_rows(
    members: Iterable[Member],
    year: int,
    absent: dict[int, dict[str, str]],
    open_quarters: Iterable[str] = (),
    data=None,
) -> list[ReportRow]:
    """A row for each of the members. absent: as `absences`."""
    members, quarters, saved = list(members), quarters_of(year), defaultdict(dict)
    for report in MigrantReport.objects.filter(member__in=members, quarter__in=quarters):
        saved[report.member_id][report.quarter] = report.reported_on
    return [
        ReportRow(
            data,
            member=member,
            saved=saved[member.pk],
            quarters=quarters,
            absent=absent[member.pk],
            open_quarters=open_quarters,
        )
        for member in members
    ]


def absences(organization: Organization, members: list[Member], year: int) -> dict[int, dict[str, str]]:
    """By member id, why they are not asked to report for quarters that have begun, by quarter; empty if they are."""
    quarters = [quarter for quarter in quarters_of(year) if quarter_days(quarter)[0] <= timezone.localdate()]
    stays = Stays(organization, members, datetime.date(year, 1, 1), datetime.date(year, 12, 31))
    absent = defaultdict(dict)
    for quarter in quarters:
        asked = set(migrants(organization, quarter).values_list("pk", flat=True))
        for member in members:
            if member.pk not in asked:
                absent[member.pk][quarter] = NOT_AWAY if stays.have(member, *days_of(quarter)) else NOT_HERE
    return absent


def quarter_heads(organization: Organization, year: int) -> list[dict]:
    """Of each quarter of the year: code, name, whether it has begun, and why it can no longer be changed."""
    today = timezone.localdate()
    return [
        {
            "code": quarter,
            "name": quarter_name(quarter),
            "begun": quarter_days(quarter)[0] <= today,
            "settled": closed_sentence(organization, quarter_days(quarter)[1]),
        }
        for quarter in quarters_of(year)
    ]


@require_http_methods(["GET", "HEAD", "POST"])
def migrant_reports(request: HttpRequest) -> HttpResponse:
    """On which day each member who is away reported, quarter by quarter of a year."""
    form = YearFilter(request.GET, user=request.user)
    year, organization, can_record = chosen_place(request, form, permissions.can_record_reports)
    if organization is None:
        return render(request, "members/migrants/reports.html", {"form": form, "year": year})
    members = list(migrants(organization, *quarters_of(year)))
    absent = absences(organization, members, year)
    if is_export(request):
        book = reports_book(report_rows(members, year, absent), year)
        return as_download(book, f"{organization} {year} 年流动党员汇报")
    heads = quarter_heads(organization, year)
    open_quarters = {head["code"] for head in heads if can_record and head["begun"] and not head["settled"]}
    page = Paginator(members, MEMBERS_A_PAGE).get_page(request.GET.get("page"))
    grid = taken_grid(
        request,
        lambda data: report_rows(page, year, absent, open_quarters, data),
        lambda sent: services.record_reports(organization, [row.line for row in sent], actor=request.user),
        show_clashes,
        "处汇报",
    )
    if grid.saved:
        return redirect(request.get_full_path())
    context = {
        "form": form,
        "year": year,
        "organization": organization,
        "page": page,
        "heads": heads,
        "rows": grid.rows,
        "errors": grid.errors,
        "clashes": grid.clashes,
        "settled": next((head["name"] for head in reversed(heads) if head["settled"]), ""),
        "editable": bool(open_quarters) or bool(grid.errors),
        "reported": reported(members, absent, heads),
        "present": next(
            (head for head in heads if head["code"] in open_quarters & {quarter_of(timezone.localdate())}), None
        ),
    }
    return render(request, "members/migrants/reports.html", context, status=grid.status)


def reported(members: list[Member], absent: dict[int, dict[str, str]], heads: list[dict]) -> list[dict]:
    """For each quarter how many of the members are asked to report, and how many of them have; None before it begins.

    absent: as `absences`.
    """
    reports = MigrantReport.objects.filter(member__in=members, quarter__in=[head["code"] for head in heads])
    done = set(reports.values_list("member", "quarter"))

    def counted(quarter: str) -> dict[str, int]:
        asked = [member.pk for member in members if quarter not in absent[member.pk]]
        return {"asked": len(asked), "count": sum((pk, quarter) in done for pk in asked)}

    return [head | (counted(head["code"]) if head["begun"] else {"count": None}) for head in heads]


def show_clashes(rows: list[ReportRow], clashes: list[services.ReportClash]) -> None:
    """Let the cells in dispute keep the day that the user wrote."""
    by_pk = {row.member.pk: row for row in rows}
    for clash in clashes:
        row = by_pk[clash.member.pk]
        row.clash = True
        row.initial[clash.quarter] = clash.wanted
