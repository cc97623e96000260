import datetime
from collections.abc import Iterable

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.html import format_html
from django.views.decorators.http import require_http_methods

from members import permissions, services
from members.arrears import arrears_of
from members.dates import half_name, half_of, months_of_half, quarter_of
from members.dues_cells import cells_of, payers
from members.exports import as_download
from members.forms.dues_half import HalfCell, HalfForm, HalfQuarter, HalfRow
from members.forms.filters import HalfFilter
from members.grid_exports import dues_half_book
from members.lists import is_export
from members.models import Member, Organization, User
from members.services.periods import settled_upto
from members.stays import Stays, day_of
from members.views import dues_check

MEMBERS_A_PAGE = 100  # up to nine fields a row, and Django takes a thousand fields at once


def half_rows(
    members: Iterable[Member], months: list[datetime.date], organization: Organization, reader: User
) -> list[HalfRow]:
    """A row for each of the members."""
    members, today, settled = list(members), timezone.localdate(), settled_upto(organization)
    cells, arrears = cells_of(members, months, reader), arrears_of(members, today)
    stays = Stays(organization, members, day_of(months[0]), day_of(months[-1]))

    def cell_of(member: Member, month: datetime.date) -> HalfCell:
        return HalfCell(cells[member.pk, month], today, settled, stays.have(member, day_of(month)))

    rows = []
    for member in members:
        quarters = [
            HalfQuarter(quarter_of(three[0]), [cell_of(member, month) for month in three])
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
        return render(request, "members/dues/half.html", {"form": filters, "half_name": half_name(half)})
    can_record = permissions.can_record_dues(request.user, organization)
    if request.method == "POST" and not can_record:
        raise PermissionDenied
    months = months_of_half(half)
    members = payers(organization, *months)
    if is_export(request):
        book = dues_half_book(half_rows(members, months, organization, request.user), months, can_record)
        return as_download(book, f"{organization} {half_name(half)}党费")
    page = Paginator(members, MEMBERS_A_PAGE).get_page(request.GET.get("page"))
    rows = half_rows(page, months, organization, request.user)
    form = HalfForm(request.POST or None, first=months[0])
    errors, clashes, status = [], [], 200
    if request.method == "POST":
        answer, errors, clashes = pay(request, organization, months, rows, form, members)
        if answer:
            return answer
        if clashes:
            status, rows = 409, half_rows(page, months, organization, request.user)
        elif errors:
            status = 400
    context = {
        "form": filters,
        "pay_form": form,
        "half_name": half_name(half),
        "organization": organization,
        "page": page,
        "months": months,
        "rows": rows,
        "errors": errors,
        "clashes": clashes,
        "shown": {row.member.pk for row in rows},
        "disputed": {clash.member.pk for clash in clashes},
        "returned": "back" in request.POST,
        "can_record": can_record,
        "receipts": dues_check.receipts_of(organization),
        "owing": sum(bool(row.arrears) for row in rows),
        "unrecorded": sum(any(cell.state == "unrecorded" for cell in row.cells) for row in rows),
    }
    return render(request, "members/dues/half.html", context, status=status)


def pay(
    request: HttpRequest,
    organization: Organization,
    months: list[datetime.date],
    rows: list[HalfRow],
    form: HalfForm,
    members: QuerySet[Member],
) -> tuple[HttpResponse | None, list[str], list[services.DuesClash]]:
    """The page to go on to once what was ticked is stored, or before it the one to check what sets all.

    Or else the sentences why nothing was stored, or the clashes. members: of all pages.
    """
    everything, confirmed, lines, errors = "pay_all" in request.POST, dues_check.is_confirmed(request), [], []
    for row in rows:
        row.tick(request.POST)
    if "back" in request.POST:
        return None, [], []
    if everything and confirmed:
        pass  # the check page has sent the lines
    elif form.is_valid():
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
        return None, errors, []
    try:
        if everything and confirmed:
            lines = dues_check.confirmed_lines(request, organization, members)
        elif everything and (page := check_all(request, organization, months, lines, rows, form, members)):
            return page, [], []
        done = services.record_dues(organization, lines, actor=request.user)
    except ValidationError as error:
        return None, error.messages, []
    if everything and done.receipt and not done.clashes:
        return dues_check.to_receipt(request, done), [], []
    say_what_was_paid(request, done)
    if done.clashes:
        return None, [], done.clashes
    return redirect(request.get_full_path()), [], []


def check_all(
    request: HttpRequest,
    organization: Organization,
    months: list[datetime.date],
    lines: list[services.DuesLine],
    rows: list[HalfRow],
    form: HalfForm,
    members: QuerySet[Member],
) -> HttpResponse | None:
    """The page to check before everything is paid; None if nothing is left to pay.

    Who stands on another page of the grid is paid for as is on record; these lines are added to the lines.
    """
    everybody = list(members)
    shown = {row.member.pk for row in rows}
    others = half_rows([member for member in everybody if member.pk not in shown], months, organization, request.user)
    for row in others:
        lines += row.lines(row.seen, **form.cleaned_data, everything=True)
    left_out = {row.member.pk: row.left_out for row in (*rows, *others)}
    earlier = {row.member.pk: row.arrears.before(months[0]).words for row in (*rows, *others) if row.arrears}
    title = f"{half_name(half_of(months[0]))},到这个月为止全部缴清"
    return dues_check.check_page(request, organization, lines, everybody, left_out, title, earlier)


def say_what_was_paid(request: HttpRequest, done: services.RecordedDues) -> None:
    if done.receipt:
        saved = f"已登记缴纳 {len(done.paying)} 笔,共 {done.amount_yuan:.2f} 元,收据 "
        after = "。记错了,点那一格的金额更正那一笔,点收据号可以把这次登记全部撤销。"
        messages.success(request, format_html("{}{}{}", saved, dues_check.receipt_link(done.receipt), after))
    elif not done.clashes:
        messages.info(request, "没有改动:到这个月为止,都已经登记。")
