"""Rounds: opened, computed with a progress bar, and shown with their course."""

import datetime

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Count, F, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from evaluations import services
from evaluations.course import corrected, correction_steps, is_whole, reviews_waiting, stages_of, turn_of
from evaluations.distribution import bands_of
from evaluations.forms import RoundForm
from evaluations.models import COURSE, Result, Round, RoundBranch, Step
from evaluations.permissions import can_run_rounds
from evaluations.tables import ResultTable, RoundTable, period_words
from members.lists import list_page
from members.models import Role
from members.numbers import whole
from members.querysets import READING_ROLES, paths_of
from scoring.engine import Period


def rounds(request: HttpRequest) -> HttpResponse:
    """The rounds the user may see; the street's staff open a new one here."""
    if not paths_of(request.user, READING_ROLES):
        raise PermissionDenied
    may_open = bool(paths_of(request.user, (Role.STREET_STAFF,)))
    form = RoundForm(request.POST or None, user=request.user) if may_open else None
    if request.method == "POST":
        if not may_open:
            raise PermissionDenied
        if form.is_valid():
            try:
                wanted = form.cleaned_data
                round_ = services.open_round(
                    wanted["organization"], wanted["period"], wanted["scheme"], actor=request.user
                )
            except ValidationError as error:
                form.add_error(None, error)
            else:
                messages.success(request, f"{round_.organization}的考核已经开始。")
                return redirect("evaluations:round", pk=round_.pk)
    listed = Round.objects.visible_to(request.user).select_related("organization").annotate(people=Count("results"))
    table = RoundTable(listed.order_by(*Round._meta.ordering), request)
    rows = [(row, period_words(row)) for row in table.page]
    return list_page(request, "evaluations/rounds.html", table, {"rounds": rows, "form": form})


@require_safe
def round_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One round: its state, the branches' progress, and the results the user may see."""
    round_ = get_object_or_404(Round.objects.visible_to(request.user).select_related("organization"), pk=pk)
    results = round_.results.visible_to(request.user)
    chosen = {name: request.GET.get(name, "").strip() for name in ("branch", "status", "grade", "q")}
    shown = results.select_related("member", "branch__organization").prefetch_related("branch__version")
    if branch := whole(chosen["branch"]):
        shown = shown.filter(branch__organization=branch)
    if chosen["status"]:
        shown = shown.filter(status=chosen["status"])
    if chosen["grade"]:
        shown = shown.filter(grade=chosen["grade"])
    if chosen["q"]:
        shown = shown.filter(
            Q(member__name__icontains=chosen["q"]) | Q(member__initials__startswith=chosen["q"].lower())
        )
    by_rank = F("rank").asc(nulls_last=True)
    table = ResultTable(shown.order_by("branch__organization__path", by_rank, "member__number"), request)
    context = {
        "round": round_,
        "period": Period.parse(round_.period),
        "chosen": chosen,
        "summary": summary_of(round_, results),
        "bands": bands_of(shown.exclude(total=None).order_by().values_list("total").annotate(Count("pk"))),
        "branches": RoundBranch.objects.filter(round=round_, results__in=results)
        .select_related("organization")
        .distinct(),
        "statuses": Result.Status.choices,
        "may_run": can_run_rounds(request.user, round_.organization),
        "may_compute": round_.status in COURSE[Step.COMPUTE].before,
        "is_whole": is_whole(round_),
        **progress_of(round_),
        **course_of(request, round_, results),
    }
    return list_page(request, "evaluations/round.html", table, context)


def course_of(request: HttpRequest, round_: Round, results) -> dict:
    """The stages with who and when, whose turn it is, the own branches' parts, and what a correction has changed."""
    steps = list(round_.steps.select_related("done_by", "organization"))
    parts = list(
        RoundBranch.objects.filter(round=round_)
        .with_results()
        .select_related("organization")
        .prefetch_related("version")
    )
    seen = set(results.order_by().values_list("branch", flat=True).distinct())
    own = [part for part in parts if part.pk in seen]
    waiting = sum(not part.is_reviewed for part in parts)
    corrections = correction_steps(steps)
    return {
        "stages": stages_of(round_, steps, waiting, len(parts)),
        "steps": [step for step in steps if step.organization is None or step.organization_id in of_parts(own)],
        "parts": own,
        "to_review": reviews_waiting(request.user, round_),
        "turn": turn_of(round_, request.user),
        "corrections": [step for step in corrections if not step.organization or step.organization_id in of_parts(own)],
        "corrected": corrected(round_, own) if corrections else [],
    }


def of_parts(parts: list[RoundBranch]) -> set[int]:
    """Ids of the parts' organisations."""
    return {part.organization_id for part in parts}


def summary_of(round_: Round, results) -> dict:
    """How many results there are by status and by grade."""
    grade_titles = {}
    for branch in RoundBranch.objects.filter(round=round_, version__isnull=False).prefetch_related("version"):
        grade_titles |= branch.grade_titles
    by_status = dict(results.order_by().values_list("status").annotate(Count("pk")))
    by_grade = dict(results.order_by().exclude(grade=None).values_list("grade").annotate(Count("pk")))
    titles = dict(Result.Status.choices)
    return {
        "all": sum(by_status.values()),
        "statuses": [(code, titles[code], by_status[code]) for code in titles if code in by_status],
        "grades": [(code, grade_titles.get(code, code), count) for code, count in by_grade.items()],
        "incomplete": by_status.get(Result.Status.INCOMPLETE, 0),
    }


SOON = datetime.timedelta(seconds=10)  # by then a worker has begun, if there is one


def progress_of(round_: Round) -> dict:
    """How many branches are done, of how many, which were not computed, and whether nobody has begun for a while."""
    states = dict(RoundBranch.objects.filter(round=round_).order_by().values_list("state").annotate(Count("pk")))
    total, waiting = sum(states.values()), states.get(RoundBranch.State.WAITING, 0)
    failed = []
    if states.get(RoundBranch.State.FAILED):
        failed = RoundBranch.objects.filter(round=round_, state=RoundBranch.State.FAILED).select_related("organization")
    stalled = waiting and waiting == total and timezone.now() - round_.requested_at > SOON
    return {"total": total, "done": total - waiting, "running": waiting > 0, "stalled": stalled, "failed": failed}


@require_POST
def compute(request: HttpRequest, pk: int) -> HttpResponse:
    """Queue the computation of a round."""
    round_ = runnable(request, pk)
    try:
        services.request_computation(round_, actor=request.user)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect("evaluations:round", pk=pk)


@require_safe
def progress(request: HttpRequest, pk: int) -> HttpResponse:
    """The progress bar; when the work is done the page is asked to load anew."""
    round_ = get_object_or_404(Round.objects.visible_to(request.user), pk=pk)
    state = progress_of(round_)
    response = render(request, "evaluations/_progress.html", {"round": round_, **state})
    if not state["running"]:
        response["HX-Refresh"] = "true"
    return response


def runnable(request: HttpRequest, pk: int) -> Round:
    """The round, if the user sees it (else 404) and may run it (else 403)."""
    round_ = get_object_or_404(Round.objects.visible_to(request.user).select_related("organization"), pk=pk)
    if not can_run_rounds(request.user, round_.organization):
        raise PermissionDenied
    return round_
