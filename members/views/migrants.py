import datetime
from collections import defaultdict

from django.core.paginator import Page, Paginator
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
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
from members.views.grids import chosen_place, taken_grid

MEMBERS_A_PAGE = 100


def migrants(organization: Organization, year: int) -> QuerySet[Member]:
    """Members who are away and belong there on the year's last day, or today; and others who reported in the year."""
    day = min(datetime.date(year, 12, 31), timezone.localdate())
    reported = Exists(MigrantReport.objects.filter(member=OuterRef("pk"), quarter__in=quarters_of(year)))
    members = Member.objects.of(organization, day).with_states(day)
    return members.filter(Q(mobility_then=Mobility.MIGRANT) | reported).without_numbers()


def report_rows(page: Page, year: int, open_quarters: set[str], data=None) -> list[ReportRow]:
    """A row for each member of the page."""
    members, quarters, saved = list(page), quarters_of(year), defaultdict(dict)
    for report in MigrantReport.objects.filter(member__in=members, quarter__in=quarters):
        saved[report.member_id][report.quarter] = report.reported_on
    return [
        ReportRow(data, member=member, saved=saved[member.pk], quarters=quarters, open_quarters=open_quarters)
        for member in members
    ]


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
    members = migrants(organization, year)
    if is_export(request):
        return as_download(reports_book(list(members), year), f"{organization} {year} 年流动党员汇报")
    heads = quarter_heads(organization, year)
    open_quarters = {head["code"] for head in heads if can_record and head["begun"] and not head["settled"]}
    page = Paginator(members, MEMBERS_A_PAGE).get_page(request.GET.get("page"))
    grid = taken_grid(
        request,
        lambda data: report_rows(page, year, open_quarters, data),
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
        "reported": reported(migrants(organization, year), heads),
        "present": next(
            (head for head in heads if head["code"] in open_quarters & {quarter_of(timezone.localdate())}), None
        ),
    }
    return render(request, "members/migrants/reports.html", context, status=grid.status)


def reported(members: QuerySet[Member], heads: list[dict]) -> list[dict]:
    """For each quarter how many of the members have reported; None while it has not begun."""
    reports = MigrantReport.objects.filter(
        member__in=members.values("pk"), quarter__in=[head["code"] for head in heads]
    )
    counts = dict(reports.order_by().values_list("quarter").annotate(Count("pk")))
    return [head | {"count": counts.get(head["code"], 0) if head["begun"] else None} for head in heads]


def show_clashes(rows: list[ReportRow], clashes: list[services.ReportClash]) -> None:
    """Let the cells in dispute keep the day that the user wrote."""
    by_pk = {row.member.pk: row for row in rows}
    for clash in clashes:
        row = by_pk[clash.member.pk]
        row.clash = True
        row.initial[clash.quarter] = clash.wanted
