"""The democratic appraisal from its setting up to its results."""

import datetime

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from evaluations import services
from evaluations.appraisals import (
    Turnout,
    candidates_of,
    exempt_words,
    results_head,
    results_of,
    turnouts,
    usual_electorates,
    voters_of,
)
from evaluations.appraising import appraising, periods_of
from evaluations.assessments import schemes_to_assess
from evaluations.forms_appraisals import CloseWithoutForm, ExtendForm, SetUpForm
from evaluations.models import Appraisal, AppraisalGroup, Voter
from evaluations.permissions import TALLY_ROLES, can_run_appraisal
from evaluations.services.appraisals import lacking_in_words, scheme_of, without_ballots
from evaluations.services.ballots import taken_part
from members.exports import as_download, write
from members.lists import is_export
from members.models import Member, Organization
from members.querysets import READING_ROLES, paths_of
from scoring.engine import Period

BRANCHES_A_PAGE = 50
USUAL_DAYS = datetime.timedelta(days=7)  # of voting online


def period_or_404(code: str) -> Period:
    try:
        return Period.parse(code)
    except ValueError as error:
        raise Http404 from error


def visible_appraisal(request: HttpRequest, pk: int) -> Appraisal:
    return get_object_or_404(Appraisal.objects.visible_to(request.user).select_related("organization"), pk=pk)


def appraisal_to_run(request: HttpRequest, pk: int) -> Appraisal:
    """A visible appraisal; 403 for who does not run it, or is appraised in it."""
    found = visible_appraisal(request, pk)
    if not may_run(request, found):
        raise PermissionDenied
    return found


def may_run(request: HttpRequest, appraisal: Appraisal) -> bool:
    if not can_run_appraisal(request.user, appraisal.organization):
        return False
    return not appraisal.candidates.filter(member=request.user.member_id).exists()


def group_to_run(request: HttpRequest, pk: int, code: str) -> AppraisalGroup:
    """A group of an appraisal that the user runs, once it is open."""
    appraisal = appraisal_to_run(request, pk)
    group = get_object_or_404(appraisal.groups, code=code)
    group.appraisal = appraisal
    return group


# The list ---------------------------------------------------------------------------------------


@require_safe
def appraisals(request: HttpRequest) -> HttpResponse:
    """Branches with their appraisal of a period, and those in which one takes part oneself."""
    user = request.user
    if not paths_of(user, READING_ROLES) and not user.member_id:
        raise PermissionDenied
    branches = list(Organization.objects.for_roles(user, *READING_ROLES).branches())
    periods = periods_of(branches)
    period = period_or_404(request.GET.get("period") or periods[0].code)
    page = Paginator(list(appraising(branches, period)), BRANCHES_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "rows": branch_rows(request, list(page), period),
        "own": own_appraisals(request),
        "period": period,
        "periods": periods,
        "reads_branches": bool(branches),
        "to_assess": bool(schemes_to_assess(user)),
    }
    return render(request, "evaluations/appraisals.html", context)


def branch_rows(request: HttpRequest, branches: list[Organization], period: Period) -> list[dict]:
    """Each branch with its appraisal of the period, and how many have taken part."""
    found = Appraisal.objects.filter(organization__in=branches, period=period.code).prefetch_related("groups")
    stored = {appraisal.organization_id: appraisal for appraisal in found}
    counted = turnouts(group for appraisal in stored.values() for group in appraisal.groups.all())
    running = paths_of(request.user, TALLY_ROLES)
    return [
        {
            "branch": branch,
            "appraisal": stored.get(branch.pk),
            "turnout": [one for one in counted if one.group.appraisal.organization_id == branch.pk],
            "may_set_up": any(branch.path.startswith(path) for path in running),
        }
        for branch in branches
    ]


def own_appraisals(request: HttpRequest) -> list[tuple[Appraisal, Voter | None]]:
    """Appraisals that are open or over in which the user votes or is appraised, with the roster's row."""
    member = request.user.member_id
    if not member:
        return []
    mine = Voter.objects.filter(member=member).select_related("group")
    by_appraisal = {voter.group.appraisal_id: voter for voter in mine}
    part = Appraisal.objects.with_part_for(member).exclude(status=Appraisal.Status.SETUP)
    return [(row, by_appraisal.get(row.pk)) for row in part.select_related("organization")[:6]]


# Setting up -------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def set_up_appraisal(request: HttpRequest, branch: int, period: str) -> HttpResponse:
    """Who is appraised, who votes where and when; until the appraisal is opened."""
    place = get_object_or_404(Organization.objects.for_roles(request.user, *READING_ROLES).branches(), pk=branch)
    if not can_run_appraisal(request.user, place):
        raise PermissionDenied
    when = period_or_404(period)
    scheme = scheme_or_404(place, when)
    appraisal = Appraisal.objects.filter(organization=place, period=when.code).first()
    if appraisal and appraisal.status != Appraisal.Status.SETUP:
        return redirect("evaluations:appraisal", appraisal.pk)
    members = voters_of(place, when)
    if request.user.member_id in {member.pk for member in candidates_of(place, when)}:
        raise PermissionDenied
    initial = stored_plan(appraisal) if appraisal else usual_plan(place, when, members, scheme.groups)
    exempt = exempt_words(members, when)
    form = SetUpForm(request.POST or None, members=members, groups=scheme.groups, exempt=exempt, initial=initial)
    if request.method == "POST" and form.is_valid():
        times = form.cleaned_data["opens_at"], form.cleaned_data["closes_at"]
        try:
            stored = services.set_up_appraisal(place, when, *times, form.candidates(), form.electorates())
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, "名单已保存。核对无误后,点「开始评议」。")
            return redirect("evaluations:appraisal", stored.pk)
    context = {"form": form, "branch": place, "period": when, "appraisal": appraisal}
    return render(request, "evaluations/appraisal_set_up.html", context, status=400 if form.errors else 200)


def scheme_or_404(branch: Organization, period: Period):
    """The branch's scheme, if it has an appraisal for such a period."""
    try:
        scheme = scheme_of(branch, period)
    except ValidationError as error:
        raise Http404 from error
    if scheme.cycle != period.cycle:
        raise Http404
    return scheme


def usual_plan(branch: Organization, period: Period, members: list[Member], groups) -> dict:
    """What the form begins with: everybody who is scored is appraised, online voting takes a week from tomorrow on."""
    opens_at = timezone.localtime().replace(hour=8, minute=0, second=0, microsecond=0) + datetime.timedelta(days=1)
    return SetUpForm.initial_of(
        candidates_of(branch, period),
        usual_electorates(members, groups, period),
        opens_at=opens_at,
        closes_at=opens_at + USUAL_DAYS,
    )


def stored_plan(appraisal: Appraisal) -> dict:
    """What was set up before."""
    electorates = {group.code: services.Electorate(head_count=group.head_count) for group in appraisal.groups.all()}
    for voter in Voter.objects.filter(group__appraisal=appraisal).select_related("group", "member"):
        electorate = electorates[voter.group.code]
        if voter.member:
            electorate.members.append(voter.member)
        else:
            electorate.names.append(voter.name)
    candidates = [row.member for row in appraisal.candidates.select_related("member")]
    return SetUpForm.initial_of(candidates, electorates, opens_at=appraisal.opens_at, closes_at=appraisal.closes_at)


# One appraisal ----------------------------------------------------------------------------------


@require_safe
def appraisal(request: HttpRequest, pk: int) -> HttpResponse:
    """One appraisal: how far it is, what there is to do, and once it is closed what came out.

    Everybody sees the results of those whose records they may read: a member the own one.
    """
    found = visible_appraisal(request, pk)
    came_out = results(request, found)
    if is_export(request) and came_out:
        head = results_head(group.group for group in came_out[0].groups)
        return as_download(write(head, [result.row for result in came_out], "评议结果"), f"{found}结果")
    user = request.user
    voter = Voter.objects.filter(group__appraisal=found, member=user.member_id).first() if user.member_id else None
    runs = may_run(request, found)
    context = {
        "appraisal": found,
        "turnout": turnouts(groups_of(found)) if runs or reads(request, found) else [],
        "candidates": found.candidates.count(),
        "may_run": runs,
        "voter": voter,
        "why_not": taken_part(voter) if voter else "",
        "voting": found.takes_votes_at(timezone.now()),
        "results": came_out,
        "lacking": without_ballots(list(found.groups.all())) if found.closed_without else {},
        "now": timezone.now(),
    }
    return render(request, "evaluations/appraisal.html", context)


def groups_of(appraisal: Appraisal):
    """The groups with their tally sheets and pictures."""
    return appraisal.groups.select_related("photo").prefetch_related("tallies")


def reads(request: HttpRequest, appraisal: Appraisal) -> bool:
    """True for those who read the branch's records, beyond the own."""
    paths = paths_of(request.user, READING_ROLES)
    return any(appraisal.organization.path.startswith(path) for path in paths)


def results(request: HttpRequest, appraisal: Appraisal) -> list:
    """Of a closed appraisal, for the members whose records the user may read."""
    if not appraisal.is_closed:
        return []
    candidates = appraisal.candidates.values("member")
    return results_of(appraisal, Member.objects.on_record_for(request.user).without_numbers().filter(pk__in=candidates))


@require_safe
def turnout(request: HttpRequest, pk: int) -> HttpResponse:
    """How many have taken part, for the page to refresh itself; when it is over the page loads anew."""
    found = visible_appraisal(request, pk)
    if not reads(request, found):
        raise PermissionDenied
    counted = turnouts(groups_of(found))
    context = {"appraisal": found, "turnout": counted, "may_run": may_run(request, found)}
    response = render(request, "evaluations/_turnout.html", context)
    if not found.is_open:
        response["HX-Refresh"] = "true"
    return response


@require_POST
def open_appraisal(request: HttpRequest, pk: int) -> HttpResponse:
    """Freezes the roster and opens the voting."""
    found = appraisal_to_run(request, pk)
    try:
        services.open_appraisal(found)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, "评议已经开始,名单不能再改。")
    return redirect("evaluations:appraisal", pk)


@require_http_methods(["GET", "HEAD", "POST"])
def extend_voting(request: HttpRequest, pk: int) -> HttpResponse:
    """A later end of the voting online."""
    found = appraisal_to_run(request, pk)
    if not found.is_open:
        return redirect("evaluations:appraisal", pk)
    form = ExtendForm(request.POST or None, initial={"closes_at": found.closes_at})
    if request.method == "POST" and form.is_valid():
        try:
            services.extend_voting(found, form.cleaned_data["closes_at"])
        except ValidationError as error:
            form.add_error("closes_at", error)
        else:
            messages.success(request, "网上评议的截止时间已经延长。")
            return redirect("evaluations:appraisal", pk)
    context = {"appraisal": found, "form": form}
    return render(request, "evaluations/appraisal_extend.html", context, status=400 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def close_appraisal(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask before closing, then close; refused while something does not reconcile.

    Where a group has no ballot for somebody, a tick and a reason are asked for.
    """
    found = appraisal_to_run(request, pk)
    if found.status == Appraisal.Status.SETUP or (found.is_closed and request.method != "POST"):
        return redirect("evaluations:appraisal", pk)
    groups = list(groups_of(found))
    lacking = without_ballots(groups)
    errors = [sentence for group in groups for sentence in services.reconcile(group)]
    data = request.POST if request.method == "POST" else None
    form = CloseWithoutForm(data) if lacking and not errors else None
    if request.method == "POST" and (form is None or form.is_valid()):
        try:
            services.close_appraisal(found, actor=request.user, without=form.cleaned_data["reason"] if form else "")
        except ValidationError as error:
            errors = error.messages
        else:
            messages.success(request, "评议已经结束,结果已经算出。")
            return redirect("evaluations:appraisal", pk)
    counted = turnouts(groups)
    context = {
        "appraisal": found,
        "turnout": counted,
        "errors": errors,
        "lacking": lacking_in_words(lacking),
        "form": form,
        "early": found.takes_votes_at(timezone.now()),
        "exposed": exposed(counted),
    }
    status = 400 if request.method == "POST" else 200
    return render(request, "evaluations/appraisal_close.html", context, status=status)


def exposed(counted: list[Turnout]) -> list[str]:
    """Groups where one ballot alone came in online: total less tally sheet is that ballot."""
    return [one.group.title for one in counted if one.online + one.by_code == 1 and one.paper]
