import datetime
from collections import defaultdict

from django.core.paginator import Page, Paginator
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from members import permissions, services
from members.dates import first_of, half_name, last_of, month_name, months_of_half
from members.exports import as_download
from members.forms.filters import HalfFilter, MonthFilter
from members.forms.visits import VisitHalfRow, VisitRow
from members.grid_exports import visits_book
from members.lists import is_export
from members.models import Member, Mobility, Organization, VisitMonth
from members.services.periods import closed_sentence, settled_upto
from members.views.grids import chosen_place, taken_grid

MEMBERS_A_PAGE = 100
HALF_A_PAGE = 100


def visitors(organization: Organization, months: list[datetime.date]) -> QuerySet[Member]:
    """Members who may keep contact with households there: those who belong on the last month's last day, or today.

    Who is away or abroad visits nobody; such a member is listed where a month is on record.
    """
    day = min(last_of(months[-1]), timezone.localdate())
    recorded = Exists(VisitMonth.objects.filter(member=OuterRef("pk"), month__in=months))
    members = Member.objects.of(organization, day).with_states(day)
    return members.filter(Q(mobility_then=Mobility.RESIDENT) | recorded).without_numbers()


def visit_rows(page: Page, month: datetime.date, data=None) -> list[VisitRow]:
    """A row for each member of the page; households are proposed from the month before."""
    members, before = list(page), first_of(month, -1)
    known = VisitMonth.objects.filter(member__in=members, month__in=[before, month])
    by_key = {(visits.member_id, visits.month): visits for visits in known}
    visit_all = bool(data) and "visit_all" in data
    rows = []
    for member in members:
        earlier = by_key.get((member.pk, before))
        proposed = earlier.assigned if earlier and earlier.assigned else None
        saved = by_key.get((member.pk, month))
        rows.append(VisitRow(data, member=member, month=month, saved=saved, proposed=proposed, visit_all=visit_all))
    return rows


@require_http_methods(["GET", "HEAD", "POST"])
def visits(request: HttpRequest) -> HttpResponse:
    """How many households each member of an organisation was to visit in a month, and did."""
    form = MonthFilter(request.GET, user=request.user)
    month, organization, can_record = chosen_place(request, form, permissions.can_record_visits)
    if organization is None:
        return render(request, "members/visits/visits.html", {"form": form, "month_name": month_name(month)})
    members = visitors(organization, [month])
    if is_export(request):
        return as_download(visits_book(list(members), [month]), f"{organization} {month_name(month)}走访")
    page = Paginator(members, MEMBERS_A_PAGE).get_page(request.GET.get("page"))
    grid = taken_grid(
        request,
        lambda data: visit_rows(page, month, data),
        lambda sent: services.record_visits(organization, [row.line for row in sent], actor=request.user),
        show_clashes,
        "人的走访",
    )
    if grid.saved:
        return redirect(request.get_full_path())
    settled = closed_sentence(organization, last_of(month))
    context = {
        "form": form,
        "month_name": month_name(month),
        "organization": organization,
        "page": page,
        "rows": grid.rows,
        "totals": totals(members, month),
        "errors": grid.errors,
        "clashes": grid.clashes,
        "settled": settled,
        "editable": can_record and (not settled or request.method == "POST"),
    }
    return render(request, "members/visits/visits.html", context, status=grid.status)


def totals(members: QuerySet[Member], month: datetime.date) -> dict:
    """How many members have a record of the month, their households, and how many of these were visited."""
    recorded = VisitMonth.objects.filter(month=month, member__in=members.values("pk"))
    return recorded.aggregate(members=Count("pk"), assigned=Sum("assigned"), visited=Sum("visited"))


def show_clashes(rows: list[VisitRow], clashes: list[services.VisitClash]) -> None:
    """Let the rows in dispute keep what the user wrote, beside what the other one saved."""
    by_member = {clash.line.member: clash for clash in clashes}
    for row in rows:
        row.clash = by_member.get(row.member)
        if row.clash:
            row.initial["assigned"], row.initial["visited"] = row.clash.line.assigned, row.clash.line.visited


@require_http_methods(["GET", "HEAD", "POST"])
def visits_half(request: HttpRequest) -> HttpResponse:
    """How many households each member of an organisation visited, month by month of a half-year."""
    form = HalfFilter(request.GET, user=request.user)
    half, organization, can_record = chosen_place(request, form, permissions.can_record_visits)
    if organization is None:
        return render(request, "members/visits/half.html", {"form": form, "half_name": half_name(half)})
    months, settled, today = months_of_half(half), settled_upto(organization), timezone.localdate()
    open_months = {month for month in months if can_record and month <= today and not (settled and month <= settled)}
    members = visitors(organization, months)
    if is_export(request):
        return as_download(visits_book(list(members), months), f"{organization} {half_name(half)}走访")
    page = Paginator(members, HALF_A_PAGE).get_page(request.GET.get("page"))
    grid = taken_grid(
        request,
        lambda data: half_rows(page, months, open_months, data),
        lambda sent: services.record_visits(
            organization, [line for row in sent for line in row.lines], actor=request.user
        ),
        show_half_clashes,
        "处走访",
    )
    if grid.saved:
        return redirect(request.get_full_path())
    context = {
        "form": form,
        "half_name": half_name(half),
        "organization": organization,
        "page": page,
        "months": months,
        "open_months": sorted(open_months, reverse=True),
        "rows": grid.rows,
        "errors": grid.errors,
        "clashes": grid.clashes,
        "settled": closed_sentence(organization, months[0]),
        "editable": bool(open_months) or bool(grid.errors),
    }
    return render(request, "members/visits/half.html", context, status=grid.status)


def half_rows(
    page: Page, months: list[datetime.date], open_months: set[datetime.date], data=None
) -> list[VisitHalfRow]:
    """A row for each member of the page; households are taken over from month to month."""
    members, before = list(page), first_of(months[0], -1)
    saved = defaultdict(dict)
    for visits in VisitMonth.objects.filter(member__in=members, month__in=[before, *months]):
        saved[visits.member_id][visits.month] = visits
    chosen = data.get("visit_all", "") if data else ""
    rows = []
    for member in members:
        earlier = saved[member.pk].pop(before, None)
        rows.append(
            VisitHalfRow(
                data,
                member=member,
                saved=saved[member.pk],
                months=months,
                open_months=open_months,
                before=earlier.assigned or None if earlier else None,
                all_of=next((month for month in open_months if f"{month:%Y-%m}" == chosen), None),
            )
        )
    return rows


def show_half_clashes(rows: list[VisitHalfRow], clashes: list[services.VisitClash]) -> None:
    """Let the cells in dispute keep what the user wrote."""
    by_pk = {row.member.pk: row for row in rows}
    for clash in clashes:
        row = by_pk[clash.line.member.pk]
        row.clash = True
        row.initial[f"{clash.line.month:%Y-%m}"] = f"{clash.line.visited}/{clash.line.assigned}"
