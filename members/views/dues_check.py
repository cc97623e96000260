"""The page between setting all as paid and recording it, and the receipts that a save leads to."""

import datetime
from collections import defaultdict
from decimal import Decimal

from django.contrib import messages
from django.core import signing
from django.core.exceptions import ValidationError
from django.db.models import Count, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import format_html

from members import services
from members.models import DuesReceipt, Member, Organization
from members.services.dues import DuesLine

RECEIPTS_SHOWN = 5
NOT_THE_GRIDS = {"csrfmiddlewaretoken", "confirm", "plan"}
PLAN_LOST = "核对页已经过期,没有写入任何数据。请再按一次「全部缴清」,核对以后确认。"


def is_confirmed(request: HttpRequest) -> bool:
    """True if what a check page has shown is to be recorded."""
    return "confirm" in request.POST and "plan" in request.POST


def check_page(
    request: HttpRequest,
    organization: Organization,
    lines: list[DuesLine],
    members: list[Member],
    left_out: dict[int, str],
    title: str,
    earlier: dict[int, str] | None = None,
) -> HttpResponse | None:
    """The page that names whom these lines pay for, which months and how much.

    The lines go along with it, sealed, so that nothing is recorded but what it shows; and so does what was sent, for
    the way back. members: everybody of the organisation, of all pages of the grid. left_out: why, by member id. earlier: what
    they owe of months before those of the grid, likewise.
    None where the lines pay nothing, so that there is nothing to check. Raises ValidationError as recording them would.
    """
    plan = services.check_dues(organization, lines, actor=request.user)
    if not plan.paying:
        return None
    paid = defaultdict(list)
    for line in plan.paying:
        paid[line.member].append(line)
    order = {member.pk: place for place, member in enumerate(members)}
    disputed = {clash.member for clash in plan.clashes} - paid.keys()
    unpaid = [(member, words) for member in members if (words := left_out.get(member.pk))]
    context = {
        "organization": organization,
        "title": title,
        "plan": plan,
        "everybody": len(members),
        "people": [
            (member, paid[member], sum(line.amount_yuan for line in paid[member]))
            for member in sorted(paid, key=lambda member: order[member.pk])
        ],
        "months": sorted({line.month for line in plan.paying}),
        "left_out": unpaid,
        "earlier": [(member, words) for member in members if (words := (earlier or {}).get(member.pk))],
        "nothing_left": len(members) - len(paid.keys() | disputed | {member for member, _ in unpaid}),
        "sent": [
            *((name, value) for name, values in request.POST.lists() for value in values if name not in NOT_THE_GRIDS),
            ("plan", sealed(lines, organization)),
        ],
    }
    return render(request, "members/dues/check.html", context)


def sealed(lines: list[DuesLine], organization: Organization) -> str:
    """The lines as a page can carry them: one field however many, and not to be changed on the way."""
    rows = [
        (
            line.member.pk,
            line.month.isoformat(),
            line.seen,
            None if line.due_yuan is None else str(line.due_yuan),
            line.excused,
            line.excuse,
            line.excused_by,
            None if line.amount_yuan is None else str(line.amount_yuan),
            line.paid_on and line.paid_on.isoformat(),
            line.payer,
        )
        for line in lines
    ]
    return signing.dumps(rows, salt=f"dues-{organization.pk}", compress=True)


def confirmed_lines(request: HttpRequest, organization: Organization, members: QuerySet[Member]) -> list[DuesLine]:
    """The lines that the check page has shown, with the states and the amounts that it showed.

    members: who belongs to the grid now. Raises ValidationError if the lines are not what was sealed, or somebody of
    them has left.
    """
    try:
        rows = signing.loads(request.POST["plan"], salt=f"dues-{organization.pk}")
    except signing.BadSignature:
        raise ValidationError(PLAN_LOST) from None
    people = members.in_bulk([row[0] for row in rows])
    if gone := {row[0] for row in rows} - people.keys():
        raise ValidationError(f"核对以后名单变了,有 {len(gone)} 人不在了,没有写入任何数据。请再核对一次。")
    day = datetime.date.fromisoformat
    return [
        DuesLine(
            people[pk],
            day(month),
            seen,
            due and Decimal(due),
            excused,
            excuse,
            excused_by,
            amount and Decimal(amount),
            paid_on and day(paid_on),
            payer,
        )
        for pk, month, seen, due, excused, excuse, excused_by, amount, paid_on, payer in rows
    ]


def receipts_of(organization: Organization) -> QuerySet[DuesReceipt]:
    """The latest receipts of an organisation, with how many payments each has and how much."""
    receipts = DuesReceipt.objects.filter(organization=organization).select_related("recorded_by")
    return receipts.annotate(count=Count("payments"), total=Sum("payments__amount_yuan")).order_by("-pk")[
        :RECEIPTS_SHOWN
    ]


def receipt_link(receipt: DuesReceipt) -> str:
    return format_html('<a class="num" href="{}">{}</a>', reverse("members:dues_receipt", args=[receipt.pk]), receipt)


def to_receipt(request: HttpRequest, done: services.RecordedDues) -> HttpResponse:
    """On to the receipt of a lot that was checked, where it can be taken back."""
    messages.success(request, f"已登记缴纳 {len(done.paying)} 笔,共 {done.amount_yuan:.2f} 元。")
    return redirect("members:dues_receipt", done.receipt.pk)
