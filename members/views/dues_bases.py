import datetime

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Page, Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from members import permissions, services
from members.dates import month_name
from members.dues_cells import payers
from members.forms.dues_bases import BASE_FIELDS, BaseRow, SameForm, filled
from members.forms.filters import BasesFilter
from members.models import DuesMonth
from members.services.dues_bases import Bases

MEMBERS_A_PAGE = 100


def base_rows(page: Page, month: datetime.date, data=None) -> list[BaseRow]:
    """A row for each member of the page, with the base in force in the month."""
    members = list(page)
    bases = Bases(members, month)
    return [BaseRow(data, member=member, month=month, base=bases.of(member.pk, month)) for member in members]


@require_http_methods(["GET", "HEAD", "POST"])
def dues_bases(request: HttpRequest) -> HttpResponse:
    """What the dues of every member of an organisation go by, from a month on. It shows their pay."""
    if not permissions.can_keep_dues_bases(request.user):
        raise PermissionDenied
    form = BasesFilter(request.GET, user=request.user)
    month, organization = form.chosen()
    if organization is None:
        if request.method == "POST":
            raise Http404
        return render(request, "members/dues/bases.html", {"form": form, "month_name": month_name(month)})
    page = Paginator(payers(organization, month), MEMBERS_A_PAGE).get_page(request.GET.get("page"))
    rows = base_rows(page, month, request.POST or None)
    errors, clashes, status, filled_in = [], [], 200, []
    if "fill" in request.POST:
        data, filled_in = filled(request.POST, rows)
        rows = base_rows(page, month, data)
        errors = [fault for row in rows if row.is_bound for fault in row.faults]
        status = 400 if errors else 200
    elif request.method == "POST":
        sent = [row for row in rows if row.is_bound]
        errors = [fault for row in sent for fault in row.faults]
        status = 400 if errors else 409
        if not errors:
            lines = [row.line for row in sent if row.cleaned_data["kind"]]
            written, clashes = services.record_bases(month, lines, actor=request.user)
            if written or not clashes:
                say_what_was_saved(request, month, written)
            if not clashes:
                return redirect(request.get_full_path())
            rows = base_rows(page, month)
            show_clashes(rows, clashes)
    context = {
        "form": form,
        "month": month,
        "month_name": month_name(month),
        "organization": organization,
        "page": page,
        "rows": rows,
        "same": SameForm(request.POST if "fill" in request.POST else None),
        "filled_in": filled_in,
        "unknown": sum(row.is_unknown for row in rows),
        "errors": errors,
        "clashes": clashes,
    }
    return render(request, "members/dues/bases.html", context, status=status)


def say_what_was_saved(request: HttpRequest, month: datetime.date, written: list) -> None:
    """The message after a save: how many, from when on, and which months keep what was recorded before."""
    if not written:
        messages.info(request, "没有改动。")
        return
    due = {base.member_id: base.due_yuan for base in written}
    recorded = DuesMonth.objects.filter(member__in=due, month__gte=month).values_list("member_id", "due_yuan")
    kept = sum(amount != due[member] for member, amount in recorded)
    tail = f"已经登记的 {kept} 个月应缴数没有跟着改,要改的请到党费页改。" if kept else ""
    messages.success(
        request, f"已核定 {len(written)} 人,{month_name(month)}起按核定的数算应缴。{tail}下一步:到党费页登记缴纳。"
    )


def show_clashes(rows: list[BaseRow], clashes: list[services.BaseClash]) -> None:
    """Let the rows in dispute keep what the user wrote, beside what the other one saved."""
    by_member = {clash.line.member: clash for clash in clashes}
    for row in rows:
        row.clash = by_member.get(row.member)
        if row.clash:
            for field in BASE_FIELDS:
                row.initial[field] = getattr(row.clash.line, field)
