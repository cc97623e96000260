import datetime

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Page, Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from members import permissions, services
from members.arrears import arrears_of
from members.dates import half_name, months_of_half, quarter_of
from members.dues_cells import cells_of, payers
from members.forms.dues_half import HalfCell, HalfForm, HalfQuarter, HalfRow
from members.forms.filters import HalfFilter
from members.models import Organization
from members.services.periods import settled_upto

MEMBERS_A_PAGE = 100  # up to nine fields a row, and Django takes a thousand fields at once


def half_rows(page: Page, months: list[datetime.date], organization: Organization) -> list[HalfRow]:
    """A row for each member of the page."""
    members, today, settled = list(page), timezone.localdate(), settled_upto(organization)
    cells, arrears = cells_of(members, months), arrears_of(members, today)
    rows = []
    for member in members:
        quarters = [
            HalfQuarter(quarter_of(three[0]), [HalfCell(cells[member.pk, month], today, settled) for month in three])
            for three in (months[:3], months[3:])
        ]
        rows.append(HalfRow(member, quarters, arrears.get(member.pk)))
    return rows


@require_http_methods(["GET", "HEAD", "POST"])
def dues_half(request: HttpRequest) -> HttpResponse:
    """Every member's dues of a half-year; what is ticked is paid in full."""
    if not permissions.can_read_records(request.user):
        raise PermissionDenied
    filters = HalfFilter(request.GET, user=request.user)
    half, organization = filters.chosen()
    if organization is None:
        if request.method == "POST":
            raise Http404
        return render(request, "members/dues/half.html", {"filters": filters, "half_name": half_name(half)})
    can_record = permissions.can_record_dues(request.user, organization)
    if request.method == "POST" and not can_record:
        raise PermissionDenied
    months = months_of_half(half)
    members = payers(organization, months[-1])
    page = Paginator(members, MEMBERS_A_PAGE).get_page(request.GET.get("page"))
    rows = half_rows(page, months, organization)
    form = HalfForm(request.POST or None, first=months[0])
    errors, clashes, status = [], [], 200
    if request.method == "POST":
        done, errors = pay(request, organization, rows, form)
        if done:
            clashes = done.clashes
            if not clashes:
                return redirect(request.get_full_path())
            status, rows = 409, half_rows(page, months, organization)
    context = {
        "filters": filters,
        "form": form,
        "half_name": half_name(half),
        "organization": organization,
        "page": page,
        "months": months,
        "rows": rows,
        "errors": errors,
        "clashes": clashes,
        "disputed": {clash.member.pk for clash in clashes},
        "can_record": can_record,
        "owing": sum(bool(row.arrears) for row in rows),
        "unrecorded": sum(any(cell.state == "unrecorded" for cell in row.cells) for row in rows),
    }
    return render(request, "members/dues/half.html", context, status=status)


def pay(
    request: HttpRequest, organization: Organization, rows: list[HalfRow], form: HalfForm
) -> tuple[services.RecordedDues | None, list[str]]:
    """Record what was ticked; gives back what it came to, or the sentences why nothing was stored."""
    everything, lines, errors = "pay_all" in request.POST, [], []
    for row in rows:
        row.tick(request.POST)
    if form.is_valid():
        for row in rows:
            seen = request.POST.get(f"seen-{row.member.pk}")
            if seen is not None:
                try:
                    lines += row.lines(seen, **form.cleaned_data, everything=everything)
                except ValidationError as error:
                    errors += error.messages
    else:
        errors = [fault for faults in form.errors.values() for fault in faults]
    if not lines and not errors and not everything:
        errors = ["还没有勾选。请先勾选已经缴的月份,再保存。"]
    if errors:
        return None, errors
    try:
        done = services.record_dues(organization, lines, actor=request.user)
    except ValidationError as error:
        return None, error.messages
    if done.payments:
        messages.success(
            request,
            f"已登记缴纳 {done.payments} 笔,共 {done.amount_yuan:.2f} 元,收据 {done.receipt}。"
            "记错了,点那一格的金额可以更正或撤销。",
        )
    elif not done.clashes:
        messages.info(request, "没有改动:到这个月为止,都已经登记。")
    return done, []
