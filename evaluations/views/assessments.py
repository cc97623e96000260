"""Assessments (考评): who is still to be assessed, and the sheet of one member or a whole branch."""

from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from evaluations import services
from evaluations.assessments import Work, is_closed, lines_of, periods_of, schemes_to_assess
from evaluations.forms_assessments import AssessmentForm
from evaluations.permissions import can_assess_somewhere
from evaluations.views.appraisals import period_or_404
from members.models import Member, Organization
from members.querysets import READING_ROLES
from scoring.engine import Period
from scoring.models import Adoption

ROWS_A_PAGE = 50
ITEMS_TOGETHER = 4  # up to so many items of a member, a whole branch is assessed on one page


@require_safe
def assessments(request: HttpRequest) -> HttpResponse:
    """Whom the user assesses under a scheme for a period, and how many of their items have a score."""
    if not can_assess_somewhere(request.user):
        raise PermissionDenied
    versions = schemes_to_assess(request.user)
    code = request.GET.get("scheme") or next(iter(versions), "")
    if not versions:
        return render(request, "evaluations/assessments.html", {"versions": versions})
    if code not in versions:
        raise Http404
    periods = periods_of(versions[code].scheme.cycle)
    period = period_or_404(request.GET.get("period") or periods[0].code)
    work = Work.of(request.user, code, period)
    page = Paginator(work.memberships(), ROWS_A_PAGE).get_page(request.GET.get("page"))
    given = work.given([row.member_id for row in page])
    rows = [(row, given.get(row.member_id, 0), len(work.items_in(row.organization.path))) for row in page]
    few = max((len(work.items_in(branch.path)) for branch in work.branches), default=0) <= ITEMS_TOGETHER
    context = {
        "versions": versions,
        "version": versions[code],
        "period": period,
        "periods": periods,
        "page": page,
        "rows": rows,
        "together": list(work.branches) if few else [],
    }
    return render(request, "evaluations/assessments.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def assess_member(request: HttpRequest, period: str, code: str, pk: int) -> HttpResponse:
    """The sheet of one member."""
    when = period_or_404(period)
    member = get_object_or_404(Member.objects.on_record_for(request.user), pk=pk)
    membership = member.memberships.on(when.ends_on).select_related("organization").first()
    if membership is None:
        raise Http404
    lineage = Organization.objects.filter(path__in=membership.organization.lineage)
    branch = lineage.branches().order_by("-depth").first() or membership.organization
    return _sheet(request, branch, when, code, member)


@require_http_methods(["GET", "HEAD", "POST"])
def assess_branch(request: HttpRequest, period: str, code: str, pk: int) -> HttpResponse:
    """The sheet of everybody in a branch."""
    when = period_or_404(period)
    branch = get_object_or_404(Organization.objects.for_roles(request.user, *READING_ROLES).branches(), pk=pk)
    return _sheet(request, branch, when, code, None)


def _sheet(request: HttpRequest, branch: Organization, period: Period, code: str, member: Member | None):
    adoption = Adoption.objects.under_scheme([branch], code, period.ends_on).get(branch)
    if adoption is None or adoption.scheme.cycle != period.cycle or period.starts_on > timezone.localdate():
        raise Http404
    lines = lines_of(request.user, branch, period, adoption, member)
    if not lines:
        raise PermissionDenied
    form = AssessmentForm.posted(lines, request.POST) if request.method == "POST" else AssessmentForm.stored(lines)
    if request.method == "POST" and not form.has_faults:
        try:
            stored = services.record_assessments(branch, code, period, form.scores, actor=request.user)
        except ValidationError as error:
            form.faults += error.messages
        else:
            whose = f"{member}的" if member else ""
            messages.success(request, f"已保存{whose} {len(stored)} 项打分。")
            return redirect(_onwards(request, code, period, member))
    context = {
        "form": form,
        "member": member,
        "branch": branch,
        "period": period,
        "version": adoption.version,
        "closed": is_closed(branch, code, period),
        "list_url": _list_url(code, period),
    }
    return render(request, "evaluations/assess.html", context, status=400 if form.has_faults else 200)


def _list_url(code: str, period: Period) -> str:
    return f"{reverse('evaluations:assessments')}?{urlencode({'scheme': code, 'period': period.code})}"


def _onwards(request: HttpRequest, code: str, period: Period, member: Member | None) -> str:
    """The sheet of the next member who waits, where that is asked for and there is one; else the list."""
    if member and "next" in request.POST:
        waiting = [pk for pk in Work.of(request.user, code, period).waiting() if pk != member.pk]
        if waiting:
            return reverse("evaluations:assess_member", args=[period.code, code, waiting[0]])
    return _list_url(code, period)
