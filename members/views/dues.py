import datetime
from collections import Counter
from decimal import Decimal

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.views.decorators.http import require_http_methods, require_safe

from members import permissions, services
from members.arrears import arrears_of
from members.dates import first_of, month_name, months_of_quarter, quarter_name, quarter_of
from members.dues_cells import cells_of, kept_elsewhere, payers
from members.exports import as_download
from members.forms.dues import DuesRow, PaymentForm
from members.forms.filters import DuesFilter
from members.grid_exports import dues_book, receipt_book
from members.lists import is_export
from members.models import DuesMonth, DuesPayment, DuesReceipt, Member, Organization, User
from members.services.dues import PAYMENT_GONE, RecordedDues, partly_paid, why_receipt_stays, yuan
from members.views import dues_check
from members.views.grids import chosen_place

MEMBERS_A_PAGE = 80  # up to ten fields a row, and Django takes a thousand fields at once
NAMED = 3  # in the message after saving


def dues_rows(page: Page, month: datetime.date, reader: User, data=None) -> list[DuesRow]:
    """A row for each member of the page, with the other months of the quarter and the arrears of earlier ones."""
    members, quarter = list(page), months_of_quarter(quarter_of(month))
    cells = cells_of(members, quarter, reader)
    arrears = arrears_of(members, min(first_of(month, 1), timezone.localdate()))
    return [
        DuesRow(
            data,
            cell=cells[member.pk, month],
            others=[cells[member.pk, other] for other in quarter if other != month],
            arrears=arrears.get(member.pk),
        )
        for member in members
    ]


@require_http_methods(["GET", "HEAD", "POST"])
def dues(request: HttpRequest) -> HttpResponse:
    """What every member of an organisation owes and has paid for a month."""
    form = DuesFilter(request.GET, user=request.user)
    month, organization, can_record = chosen_place(request, form, permissions.can_record_dues)
    if organization is None:
        return render(request, "members/dues/dues.html", {"form": form, "month_name": month_name(month)})
    members = payers(organization, month)
    if is_export(request):
        book = dues_book(list(members), month, timezone.localdate(), request.user, can_record)
        return as_download(book, f"{organization} {month_name(month)}党费")
    page = Paginator(members, MEMBERS_A_PAGE).get_page(request.GET.get("page"))
    rows = dues_rows(page, month, request.user, request.POST or None)
    errors, clashes, status = [], [], 200
    if request.method == "POST" and "back" not in request.POST:
        answer, errors, clashes = save(request, organization, month, rows, members)
        if answer:
            return answer
        status = 400 if errors else 409
        if clashes:
            rows = dues_rows(page, month, request.user)
            show_clashes(rows, clashes, month)
    context = {
        "form": form,
        "month_name": month_name(month),
        "organization": organization,
        "page": page,
        "rows": rows,
        "errors": errors,
        "clashes": clashes,
        "shown": {row.member.pk for row in rows},
        "returned": "back" in request.POST,
        "can_record": can_record,
        "unpaid": members.owing_dues(month).count(),
        "quarter_name": quarter_name(quarter_of(month)),
        "receipts": dues_check.receipts_of(organization),
    }
    return render(request, "members/dues/dues.html", context, status=status)


def save(
    request: HttpRequest,
    organization: Organization,
    month: datetime.date,
    rows: list[DuesRow],
    members: QuerySet[Member],
) -> tuple[HttpResponse | None, list[str], list[services.DuesClash]]:
    """The page to go on to once the rows that were sent are stored, or before it the one to check what sets all.

    Or else the sentences why nothing was stored, or the clashes. members: of all pages.
    """
    sent, pay_today = [row for row in rows if row.is_bound], "pay_today" in request.POST
    try:
        if pay_today and dues_check.is_confirmed(request):
            lines = dues_check.confirmed_lines(request, organization, members)
        elif errors := [fault for row in sent for fault in row.faults]:
            return None, errors, []
        else:
            lines = [line for row in sent for line in row.lines(pay_today)]
            if pay_today and (page := check_all(request, organization, month, lines, sent, members)):
                return page, [], []
        done = services.record_dues(organization, lines, actor=request.user)
    except ValidationError as error:
        return None, error.messages, []
    if pay_today and done.receipt and not done.clashes:
        return dues_check.to_receipt(request, done), [], []
    say_what_was_saved(request, month, lines, done)
    if done.clashes:
        return None, [], done.clashes
    return redirect(request.get_full_path()), [], []


def check_all(
    request: HttpRequest,
    organization: Organization,
    month: datetime.date,
    lines: list[services.DuesLine],
    sent: list[DuesRow],
    members: QuerySet[Member],
) -> HttpResponse | None:
    """The page to check before the month is paid for everybody; None if nobody is left to pay for.

    Whose row was not sent stands on another page of the grid: such a month is paid as it is on record, and its line
    is added to the lines.
    """
    everybody = list(members)
    written = {row.member.pk for row in sent}
    others = [member for member in everybody if member.pk not in written]
    cells = list(cells_of(others, [month], request.user).values())
    today = timezone.localdate()
    lines += [cell.pay(cell.rest, today) for cell in cells if cell.pays_with_all]
    left_out = {row.member.pk: row.left_out for row in sent} | {cell.member.pk: cell.left_out for cell in cells}
    title = f"{month_name(month)}党费全部今日缴清"
    return dues_check.check_page(request, organization, lines, everybody, left_out, title)


def say_what_was_saved(
    request: HttpRequest, month: datetime.date, lines: list[services.DuesLine], done: RecordedDues
) -> None:
    """The message after a save: what was written, the receipt's number, and who still owes part of what was paid."""
    if not done.changed and not done.paying:
        if not done.clashes:
            messages.info(request, "没有改动。")
        return
    still = owing_words(partly_paid(month, [line.member for line in lines if line.amount_yuan is not None]))
    counts = (("应缴", len(done.changed)), ("缴纳", len(done.paying)))
    saved = ",".join(f"{what} {count} 笔" for what, count in counts if count)
    number = format_html(",收据 {}", dues_check.receipt_link(done.receipt)) if done.receipt else ""
    undo = "记错了,点收据号可以把这次登记全部撤销。" if done.receipt else ""
    messages.success(request, format_html("已保存:{}{}。{}{}", saved, number, still, undo))


def owing_words(owing: list[tuple[Member, Decimal]]) -> str:
    """Who still owes part, by name as far as a line goes."""
    if not owing:
        return ""
    named = "、".join(f"{member}还欠 {yuan(rest)} 元" for member, rest in owing[:NAMED])
    return f"{named}{f',另有 {len(owing) - NAMED} 人也没有缴清' if len(owing) > NAMED else ''}。"


def show_clashes(rows: list[DuesRow], clashes: list[services.DuesClash], month: datetime.date) -> None:
    """Let the rows in dispute keep what the user wrote, beside what the other one saved."""
    by_member = {clash.member: clash for clash in clashes if clash.line.month == month}
    for row in rows:
        row.clash = by_member.get(row.member)
        if row.clash:
            line = row.clash.line
            for field in ("due_yuan", "excused", "excuse", "excused_by", "amount_yuan", "paid_on", "payer"):
                row.initial[field] = getattr(line, field)


@require_http_methods(["GET", "HEAD", "POST"])
def edit_payment(request: HttpRequest, pk: int) -> HttpResponse:
    """Correct a payment."""
    payments = DuesPayment.objects.visible_to(request.user).select_related("dues_month__member")
    payment = get_object_or_404(payments, pk=pk)
    owed = payment.dues_month
    back = month_page(request, owed)
    form = PaymentForm(request.POST or None, instance=payment)
    if form.is_valid():
        try:
            services.correct_payment(form.save(commit=False), actor=request.user)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, "已更正。")
            return redirect(back)
    context = {"form": form, "payment": payment, "member": owed.member, "month_name": month_name(owed.month)}
    return render(request, "members/dues/payment.html", context | {"back": back})


def month_page(request: HttpRequest, owed: DuesMonth) -> str:
    """The address of the list of a member's month: the one that the user came from, or else the present branch's.

    Raises PermissionDenied for who does not record the member's dues.
    """
    current = owed.member.memberships.in_office().select_related("organization").first()
    if current is None or not permissions.can_record_dues(request.user, current.organization):
        raise PermissionDenied
    organization = request.GET.get("organization", current.organization_id)
    return reverse("members:dues", query={"month": f"{owed.month:%Y-%m}", "organization": organization})


@require_http_methods(["GET", "HEAD", "POST"])
def withdraw_payment(request: HttpRequest, month_pk: int, pk: int) -> HttpResponse:
    """A look at what would go, then back to the list of the month, without a payment that was never made."""
    months = DuesMonth.objects.visible_to(request.user).with_paid().select_related("member")
    owed = get_object_or_404(months, pk=month_pk)
    back = month_page(request, owed)
    payment = owed.payments.select_related("receipt", "recorded_by").filter(pk=pk).first()
    if payment is None:
        messages.info(request, PAYMENT_GONE)
        return redirect(back)
    try:
        if request.method != "POST":
            services.require_members_open([owed.member], payment.paid_on)
            context = {"payment": payment, "owed": owed, "month_name": month_name(owed.month), "back": back}
            context["left"] = owed.paid_yuan - payment.amount_yuan
            return render(request, "members/dues/withdraw_payment.html", context)
        services.withdraw_payment(payment, actor=request.user)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, "这笔缴纳已撤销。")
    return redirect(back)


@require_safe
def dues_receipt(request: HttpRequest, pk: int) -> HttpResponse:
    """What was paid under one number."""
    receipts = DuesReceipt.objects.visible_to(request.user).select_related("organization", "recorded_by")
    receipt = get_object_or_404(receipts, pk=pk)
    context = paid_under(receipt)
    payments = context["payments"]
    if is_export(request):
        book = receipt_book(payments, context["members"], context["total"])
        return as_download(book, f"党费收据 {receipt.number}")
    month = month_of_list(payments) if receipt.file_digest and payments else first_of(timezone.localdate())
    owing = set(payers(receipt.organization, month).owing_dues(month).values_list("pk", flat=True))
    context |= {
        "month": month,
        "unpaid": len(owing),
        "not_paid_here": len(owing - {payment.dues_month.member_id for payment in payments}),
        "can_record": permissions.can_record_dues(request.user, receipt.organization),
        "elsewhere": kept_elsewhere([payment.dues_month.member for payment in payments], request.user),
        "why_it_stays": why_receipt_stays(receipt, request.user),
    }
    return render(request, "members/dues/receipt.html", context)


def month_of_list(payments: list[DuesPayment]) -> datetime.date:
    """The month that most payments of a bank's list are for, of several the latest; those in advance count as of this."""
    counts = Counter(min(payment.dues_month.month, first_of(timezone.localdate())) for payment in payments)
    return max(counts, key=lambda month: (counts[month], month))


def paid_under(receipt: DuesReceipt) -> dict:
    """The payments of a receipt as its pages show them, with whose and how much they are together."""
    payments = receipt.payments.select_related("dues_month__member")
    payments = list(payments.order_by("dues_month__member__number", "dues_month__month"))
    return {
        "receipt": receipt,
        "payments": payments,
        "total": sum((payment.amount_yuan for payment in payments), Decimal(0)),
        "members": len({payment.dues_month.member_id for payment in payments}),
    }


@require_http_methods(["GET", "HEAD", "POST"])
def withdraw_receipt(request: HttpRequest, pk: int) -> HttpResponse:
    """Show, then take back, all that was recorded under one number, by whoever recorded it."""
    receipts = DuesReceipt.objects.visible_to(request.user).select_related("organization", "recorded_by")
    receipt = get_object_or_404(receipts, pk=pk)
    if not permissions.can_record_dues(request.user, receipt.organization) or receipt.recorded_by != request.user:
        raise PermissionDenied
    if request.method != "POST":
        context = paid_under(receipt) | {"why_it_stays": why_receipt_stays(receipt, request.user)}
        return render(request, "members/dues/withdraw_receipt.html", context)
    try:
        payments = services.withdraw_receipt(receipt, actor=request.user)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        total = sum(payment.amount_yuan for payment in payments)
        messages.success(request, f"已撤销这次登记:缴纳 {len(payments)} 笔,共 {total:.2f} 元。应缴数没有变。")
    return redirect("members:dues_receipt", pk)
