"""The page between setting all as paid and recording it, and the receipts that a save leads to."""

from collections import defaultdict
from collections.abc import Iterable

from django.contrib import messages
from django.db.models import Count, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import format_html

from members import services
from members.models import DuesReceipt, Organization
from members.services.dues import DuesLine

RECEIPTS_SHOWN = 5


def check_page(
    request: HttpRequest, organization: Organization, lines: list[DuesLine], rows: Iterable, title: str
) -> HttpResponse | None:
    """The page that names whom these lines pay for, which months and how much; what was sent goes along with it.

    None where they pay nothing, so that there is nothing to check. rows: those of the grid, which say whom it leaves out.
    Raises ValidationError as recording the lines would.
    """
    plan = services.check_dues(organization, lines, actor=request.user)
    if not plan.paying:
        return None
    paid = defaultdict(list)
    for line in plan.paying:
        paid[line.member].append(line)
    context = {
        "organization": organization,
        "title": title,
        "plan": plan,
        "people": [(member, each, sum(line.amount_yuan for line in each)) for member, each in paid.items()],
        "months": sorted({line.month for line in plan.paying}),
        "left_out": [(row.member, row.left_out) for row in rows if row.left_out],
        "sent": [
            (name, value) for name, values in request.POST.lists() for value in values if name != "csrfmiddlewaretoken"
        ],
    }
    return render(request, "members/dues/check.html", context)


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
