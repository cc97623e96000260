"""Voting: as a member who is signed in, or with the code of a slip. What was chosen is never in an address or a log,
in the session or in a message."""

from collections.abc import Callable

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_safe

from evaluations import services
from evaluations.forms_ballots import Ballot, CodeForm
from evaluations.models import Appraisal, AppraisalGroup, Voter
from evaluations.services.ballots import require_voting, taken_part
from evaluations.views.appraisals import visible_appraisal


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def ballot(request: HttpRequest, pk: int) -> HttpResponse:
    """The ballot of a member on the roster."""
    appraisal = visible_appraisal(request, pk)
    voter = find_voter(request, appraisal)
    voter.group.appraisal = appraisal
    try:
        require_voting(voter.group)
        if refusal := taken_part(voter):
            raise ValidationError(refusal)
    except ValidationError as error:
        return refused(request, appraisal, error)
    paper = Ballot(appraisal, request.POST, own=voter.member_id)
    return take(request, voter.group, paper, lambda: services.vote_as_member(voter, paper.answers))


def find_voter(request: HttpRequest, appraisal: Appraisal) -> Voter:
    """The user's row on the roster; 403 without one."""
    rows = Voter.objects.filter(group__appraisal=appraisal, member=request.user.member_id or 0)
    voter = rows.select_related("group").first()
    if voter is None:
        raise PermissionDenied
    return voter


@login_not_required
@sensitive_post_parameters()
@sensitive_variables("code")
@require_http_methods(["GET", "HEAD", "POST"])
def vote(request: HttpRequest) -> HttpResponse:
    """The ballot for the code of a slip. It is sent with every step and kept nowhere.

    The address on the slip carries the code behind a #, which browsers do not send: it gets into no log. Nobody is
    locked out for wrong codes: of 80 random bits none is guessed, and a meeting room shares one address.
    """
    form = CodeForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return render(request, "evaluations/ballot_code.html", {"form": form}, status=400 if form.errors else 200)
    code = form.cleaned_data["code"]
    try:
        group = services.group_of_code(code)
    except ValidationError as error:
        form.add_error("code", error)
        return render(request, "evaluations/ballot_code.html", {"form": form}, status=400)
    try:
        require_voting(group)
    except ValidationError as error:
        return refused(request, group.appraisal, error)
    paper = Ballot(group.appraisal, request.POST)
    return take(request, group, paper, lambda: services.vote_by_code(code, paper.answers), code=code)


def take(
    request: HttpRequest, group: AppraisalGroup, paper: Ballot, cast: Callable[[], None], *, code: str = ""
) -> HttpResponse:
    """Three steps: the ballot, the check of the answers, and the vote, after which nothing is shown again.

    The button that was pressed says which: `check`, `change` (back to the ballot) or `cast`.
    """
    context = {"appraisal": group.appraisal, "group": group, "paper": paper, "code": code}
    checked = "check" in request.POST or "cast" in request.POST
    if not checked:
        return render(request, "evaluations/ballot.html", context)
    if paper.unanswered:
        return render(request, "evaluations/ballot.html", context | {"unanswered": paper.unanswered}, status=400)
    if "cast" not in request.POST:
        return render(request, "evaluations/ballot_check.html", context)
    try:
        cast()
    except ValidationError as error:
        return refused(request, group.appraisal, error)
    return redirect("evaluations:vote_done")


def refused(request: HttpRequest, appraisal: Appraisal, error: ValidationError) -> HttpResponse:
    """Why there is no vote."""
    context = {"appraisal": appraisal, "sentences": error.messages}
    return render(request, "evaluations/ballot_refused.html", context, status=400)


@login_not_required
@require_safe
def vote_done(request: HttpRequest) -> HttpResponse:
    """That the vote is in; not what was voted."""
    return render(request, "evaluations/ballot_done.html", {"now": timezone.now()})
