"""Checking in: a code on the secretary's screen that changes every half minute, and the phone that reads it."""

import segno
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.request import split_domain_port
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_http_methods, require_safe

from config.errors import error_page
from members import services
from members.checking_in import code_of, read_code, scanned_at, ticket_for
from members.models import Activity, AttendanceStatus, Member
from members.services.attendance import require_expected
from members.services.periods import closed_sentence
from members.views.activities import activity_to_record

LATEST = 5  # names under the code
OWN_MACHINE = ("localhost", "127.0.0.1", "[::1]")
EXPIRED = "这个码已经过期,它每 30 秒换一次。请对着屏幕再扫一次。"
ARRIVED = (AttendanceStatus.PRESENT, AttendanceStatus.LATE)


@require_safe
def screen(request: HttpRequest, pk: int) -> HttpResponse:
    """The page to put on the wall."""
    event = activity_to_record(request, pk)
    why_not = closed_sentence(event.organization, event.date)
    if event.date != timezone.localdate():
        why_not = f"这次活动在 {event.date:%Y-%m-%d},只能当天扫码签到。"
    context = {"activity": event, "why_not": why_not}
    if not why_not:
        context |= code_context(request, event)
    return render(request, "members/activities/check_in_screen.html", context)


@require_safe
def code(request: HttpRequest, pk: int) -> HttpResponse:
    """The code of this moment and who has arrived, for htmx."""
    event = activity_to_record(request, pk)
    return render(request, "members/activities/_check_in_code.html", code_context(request, event))


def code_context(request: HttpRequest, event: Activity) -> dict:
    address = request.build_absolute_uri(reverse("members:check_in", args=[code_of(event)]))
    square = segno.make_qr(address, error="m").svg_inline(border=3, omitsize=True, svgclass="qr", lineclass=None)
    arrived = event.attendances.filter(status__in=ARRIVED)
    return {
        "activity": event,
        "only_here": split_domain_port(request.get_host())[0] in OWN_MACHINE,
        "square": mark_safe(square),  # noqa: S308  made here, of our own address
        "arrived": arrived.count(),
        "listed": Member.objects.expected_at(event).count(),
        "latest": arrived.select_related("member").order_by("-recorded_at", "-pk")[:LATEST],
    }


@require_http_methods(["GET", "HEAD", "POST"])
def check_in(request: HttpRequest, code: str) -> HttpResponse:
    """What the phone shows that read the code: one button, then what was put down."""
    scan = read_code(code)
    if scan is None:
        raise Http404
    member = request.user.member
    found = Activity.objects.expecting(member) if member else Activity.objects.none()
    event = found.select_related("organization").filter(pk=scan.activity_pk).first()
    if event is None:
        return error_page(request, 404, "不能签到", "这次活动的名单里没有您。您到了会,请告诉书记,由书记登记。")
    mark = event.attendances.filter(member=member).first()
    now = timezone.localtime()
    sentence, status = "", 200
    try:
        if mark is None and request.method == "POST":
            at = scanned_at(request.POST.get("ticket", ""), event, request.user) or (now if scan.is_fresh else None)
            if at is None:
                raise ValidationError(EXPIRED)
            services.check_in(event, member, at, actor=request.user)
            return redirect("members:check_in", code)
        if mark is None:
            require_expected(event, member, now)
            if not scan.is_fresh:
                raise ValidationError(EXPIRED)
    except ValidationError as error:
        sentence, status = " ".join(error.messages), 409
    context = {
        "activity": event,
        "mark": mark,
        "has_arrived": mark is not None and mark.status in ARRIVED,
        "sentence": sentence,
        "ticket": "" if mark or sentence else ticket_for(event, request.user),
    }
    return render(request, "members/activities/check_in.html", context, status=status)
