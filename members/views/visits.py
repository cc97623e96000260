import datetime
from collections import defaultdict
from collections.abc import Iterable

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from members import permissions, services
from members.dates import half_name, last_of, month_name, months_of_half
from members.exports import as_download
from members.forms.filters import HalfFilter, MonthFilter
from members.forms.grid import GridRow
from members.forms.visits import VisitHalfRow, VisitRow
from members.grid_exports import visits_book
from members.lists import is_export
from members.models import Member, Mobility, Organization, VisitMonth
from members.services.periods import closed_sentence, settled_upto
from members.stays import NOT_HERE, Stays, day_of
from members.views.grids import chosen_place, taken_grid

MEMBERS_A_PAGE = 100
HALF_A_PAGE = 100
NAMED = 5  # in the message after saving
NOT_AT_HOME = "不在家"


def visitors(organization: Organization, month: datetime.date) -> QuerySet[Member]:
    """Members who may keep contact with households there: those who belong on the month's last day, or today.

    Who is away or abroad visits nobody; such a member is listed where the month is on record.
    """
    day = day_of(month)
    recorded = Exists(VisitMonth.objects.filter(member=OuterRef("pk"), month=month))
    members = Member.objects.of(organization, day).with_states(day)
    return members.filter(Q(mobility_then=Mobility.RESIDENT) | recorded).without_numbers()


def visitors_during(organization: Organization, months: list[datetime.date]) -> QuerySet[Member]:
    """Members who belong there and are at home on some day of the months; and others there with one on record."""
    days = day_of(months[0]), day_of(months[-1])
    recorded = Member.objects.during(organization, *days).filter(visit_months__month__in=months)
    at_home = Member.objects.being_during(Mobility.RESIDENT, organization, *days)
    return Member.objects.filter(Q(pk__in=at_home.values("pk")) | Q(pk__in=recorded.values("pk"))).without_numbers()


def visit_rows(members: Iterable[Member], month: datetime.date, data=None) -> list[VisitRow]:
    """A row for each of the members; households are proposed from the last month on record before."""
    members = list(members)
    known = VisitMonth.objects.filter(member__in=members, month=month)
    saved, before = {visits.member_id: visits for visits in known}, last_households(members, month)
    visit_all = bool(data) and "visit_all" in data
    return [
        VisitRow(
            data,
            member=member,
            month=month,
            saved=saved.get(member.pk),
            proposed=before.get(member.pk),
            visit_all=visit_all,
        )
        for member in members
    ]


def last_households(members: list[Member], month: datetime.date) -> dict[int, int]:
    """By member how many households the last month on record before a month has; without those who had none."""
    earlier = VisitMonth.objects.filter(member=OuterRef("member"), month__lt=month).order_by("-month")
    last = VisitMonth.objects.filter(member__in=members, pk=Subquery(earlier.values("pk")[:1]), assigned__gt=0)
    return dict(last.values_list("member", "assigned"))


@require_http_methods(["GET", "HEAD", "POST"])
def visits(request: HttpRequest) -> HttpResponse:
    """How many households each member of an organisation was to visit in a month, and did."""
    form = MonthFilter(request.GET, user=request.user)
    month, organization, can_record = chosen_place(request, form, permissions.can_record_visits)
    if organization is None:
        return render(request, "members/visits/visits.html", {"form": form, "month_name": month_name(month)})
    members = visitors(organization, month)
    if is_export(request):
        book = visits_book(half_rows(organization, members, [month]), [month])
        return as_download(book, f"{organization} {month_name(month)}走访")
    page = Paginator(members, MEMBERS_A_PAGE).get_page(request.GET.get("page"))
    visit_all = "visit_all" in request.POST

    def record(sent: list[VisitRow]) -> tuple[int, list[services.VisitClash]]:
        lines = [row.line for row in sent]
        if visit_all:
            others = visit_rows(not_sent(members, sent), month)
            lines += [line for row in others if (line := row.all_visited)]
        return services.record_visits(organization, lines, actor=request.user)

    grid = taken_grid(
        request,
        lambda data: visit_rows(page, month, data),
        record,
        show_clashes,
        "人的走访",
    )
    if grid.saved:
        if visit_all:
            say_who_is_left(request, organization, month)
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
        "shown": {row.member.pk for row in grid.rows},
        "settled": settled,
        "editable": can_record and (not settled or request.method == "POST"),
    }
    return render(request, "members/visits/visits.html", context, status=grid.status)


def not_sent(members: QuerySet[Member], sent: list[GridRow]) -> list[Member]:
    """Those of the members whose rows were not sent: they stand on other pages of the grid."""
    written = {row.member.pk for row in sent}
    return [member for member in members if member.pk not in written]


def say_who_is_left(request: HttpRequest, organization: Organization, month: datetime.date) -> None:
    """After all that is known was put down as visited: whose households nobody knows, of all pages."""
    recorded = Exists(VisitMonth.objects.filter(member=OuterRef("pk"), month=month))
    left = list(visitors(organization, month).exclude(recorded))
    if left:
        names = "、".join(str(member) for member in left[:NAMED]) + ("等" if len(left) > NAMED else "")
        messages.info(request, f"还有 {len(left)} 人没有登记,不知道联系几户:{names}。有联系户的请填上户数。")


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
    members = visitors_during(organization, months)
    if is_export(request):
        book = visits_book(half_rows(organization, members, months), months)
        return as_download(book, f"{organization} {half_name(half)}走访")
    page = Paginator(members, HALF_A_PAGE).get_page(request.GET.get("page"))
    chosen = request.POST.get("visit_all", "")
    all_of = next((month for month in open_months if f"{month:%Y-%m}" == chosen), None)

    def record(sent: list[VisitHalfRow]) -> tuple[int, list[services.VisitClash]]:
        lines = [line for row in sent for line in row.lines]
        if all_of:
            others = half_rows(organization, not_sent(members, sent), months, open_months)
            lines += [line for row in others if (line := row.all_visited(all_of))]
        return services.record_visits(organization, lines, actor=request.user)

    grid = taken_grid(
        request,
        lambda data: half_rows(organization, page, months, open_months, data, all_of if data else None),
        record,
        show_half_clashes,
        "处走访",
    )
    if grid.saved:
        if all_of:
            say_who_is_left(request, organization, all_of)
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
        "shown": {row.member.pk for row in grid.rows},
        "settled": closed_sentence(organization, months[0]),
        "editable": bool(open_months) or bool(grid.errors),
    }
    return render(request, "members/visits/half.html", context, status=grid.status)


def half_rows(
    organization: Organization,
    members: Iterable[Member],
    months: list[datetime.date],
    open_months: Iterable[datetime.date] = (),
    data=None,
    all_of: datetime.date | None = None,
) -> list[VisitHalfRow]:
    """A row for each of the members; households are taken over from month to month.

    all_of: the month in which all count as visited where nothing was written.
    """
    members = list(members)
    saved, before = defaultdict(dict), last_households(members, months[0])
    for visits in VisitMonth.objects.filter(member__in=members, month__in=months):
        saved[visits.member_id][visits.month] = visits
    absent = absences(organization, members, months)
    return [
        VisitHalfRow(
            data,
            member=member,
            saved=saved[member.pk],
            months=months,
            absent=absent[member.pk],
            open_months=open_months,
            before=before.get(member.pk),
            all_of=all_of,
        )
        for member in members
    ]


def absences(
    organization: Organization, members: list[Member], months: list[datetime.date]
) -> dict[int, dict[datetime.date, str]]:
    """By member id, why they are not asked to visit anybody, by month; empty if they are, or may be in one to come."""
    stays = Stays(organization, members, day_of(months[0]), day_of(months[-1]))
    ids, absent = [member.pk for member in members], defaultdict(dict)
    for month in months:
        asked = set(ids)
        if month <= timezone.localdate():
            asked &= set(visitors(organization, month).filter(pk__in=ids).values_list("pk", flat=True))
        for member in members:
            if not stays.have(member, day_of(month)):
                absent[member.pk][month] = NOT_HERE
            elif member.pk not in asked:
                absent[member.pk][month] = NOT_AT_HOME
    return absent


def show_half_clashes(rows: list[VisitHalfRow], clashes: list[services.VisitClash]) -> None:
    """Let the cells in dispute keep what the user wrote."""
    by_pk = {row.member.pk: row for row in rows}
    for clash in clashes:
        row = by_pk.get(clash.line.member.pk)
        if row is None:  # of another page
            continue
        row.clash = True
        row.initial[f"{clash.line.month:%Y-%m}"] = f"{clash.line.visited}/{clash.line.assigned}"
