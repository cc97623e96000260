"""The steps of a round's course, each with its check page: review, publish, correct, approve, close, reopen."""

from collections.abc import Callable

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from evaluations import services
from evaluations.appealing import takes_appeals
from evaluations.course import corrected, correction_steps, reviews_waiting, titles_of
from evaluations.forms_rounds import CorrectionForm, ReasonForm
from evaluations.lookthrough import look_through
from evaluations.models import Result, Round, RoundBranch, Step
from evaluations.permissions import can_confirm_branch, can_record_objections
from evaluations.services.course import publisher_of, reopening_asked, why_not_now
from evaluations.views.rounds import runnable
from members.dates import day_name
from members.exports import as_download, write
from members.lists import is_export
from scoring.engine import Period
from scoring.forms import add_errors
from scoring.models import SchemeVersion


@require_http_methods(["GET", "HEAD", "POST"])
def review(request: HttpRequest, pk: int, branch: int) -> HttpResponse:
    """A branch looks through its part of the round, and confirms it."""
    round_ = get_object_or_404(Round.objects.visible_to(request.user).select_related("organization"), pk=pk)
    parts = RoundBranch.objects.filter(round=round_, organization=branch)
    seen = parts.filter(results__in=round_.results.visible_to(request.user)).distinct()
    part = get_object_or_404(seen.select_related("organization", "version"))
    if not can_confirm_branch(request.user, part.organization):
        raise PermissionDenied
    error = None
    if request.method == "POST":
        try:
            services.review_branch(round_, part.organization, actor=request.user)
        except ValidationError as refused:
            error = " ".join(refused.messages)
        else:
            return _reviewed(request, round_, part)
    context = {
        "part": part,
        "refusal": "" if part.is_reviewed else why_not_now(round_, Step.REVIEW, request.user),
        "results": part.results.select_related("member").order_by("member__number"),
        "titles": titles_of([part]),
    }
    return _check_page(request, round_, "review", [part], context, error)


def _reviewed(request: HttpRequest, round_: Round, part: RoundBranch) -> HttpResponse:
    """On to the next part that waits for the user, or back to the round."""
    messages.success(
        request, f"{part.organization}已审核{_receipt(round_, Step.REVIEW)}。各支部都审核以后,由街道公示。"
    )
    following = reviews_waiting(request.user, round_)
    if following:
        return redirect("evaluations:review", pk=round_.pk, branch=following[0].organization_id)
    return redirect("evaluations:round", pk=round_.pk)


@require_http_methods(["GET", "HEAD", "POST"])
def publish(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask before publishing, then publish."""
    return _take(request, pk, "publish", services.publish_round, _published, {"objection_days": window})


def window(round_: Round) -> int:
    """Days in which a publication may be objected to."""
    return settings.OBJECTION_DAYS


def _published(round_: Round) -> str:
    return (
        f"已公示{_receipt(round_, Step.PUBLISH)}。党员从现在起看得到结果;"
        f"公示到 {day_name(round_.objections_until)}为止,期满以后由另一位同事审批。"
    )


@require_http_methods(["GET", "HEAD", "POST"])
def approve(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask before approving, then approve."""
    return _take(request, pk, "approve", services.approve_round, _approved, {"publisher_of": publisher_of})


def _approved(round_: Round) -> str:
    return f"已审批{_receipt(round_, Step.APPROVE)}。结果已经审定,可以决定结果运用;下一步是办结。"


@require_http_methods(["GET", "HEAD", "POST"])
def close(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask before closing, then close."""
    return _take(request, pk, "close", services.close_round, _closed, {"earlier": unclosed_before})


def _closed(round_: Round) -> str:
    return f"考核已经办结{_receipt(round_, Step.CLOSE)},结果和这个周期的记录不再变动。"


def _take(
    request: HttpRequest,
    pk: int,
    name: str,
    service: Callable,
    done: Callable[[Round], str],
    more: dict[str, Callable[[Round], object]],
) -> HttpResponse:
    """The check page of a step that the street's staff takes; when it is taken, back to the round with a receipt."""
    round_ = runnable(request, pk)
    error = None
    if request.method == "POST":
        try:
            taken = service(round_, actor=request.user)
        except ValidationError as refused:
            error = " ".join(refused.messages)
        else:
            messages.success(request, done(taken))
            return redirect("evaluations:round", pk=pk)
    parts = RoundBranch.objects.filter(round=round_).with_results()
    parts = list(parts.select_related("organization").prefetch_related("version"))
    context = {key: find(round_) for key, find in more.items()}
    context["refusal"] = why_not_now(round_, Step(name), request.user)
    return _check_page(request, round_, name, parts, context, error)


def _check_page(
    request: HttpRequest, round_: Round, name: str, parts: list[RoundBranch], context: dict, error: str | None
) -> HttpResponse:
    context = context | {
        "round": round_,
        "period": Period.parse(round_.period),
        "checks": look_through(round_, parts),
        "corrections": correction_steps(round_.steps.select_related("done_by", "organization")),
        "corrected": corrected(round_, parts),
        "error": error,
    }
    return render(request, f"evaluations/{name}.html", context, status=400 if error else 200)


def _receipt(round_: Round, step: Step) -> str:
    """The number of a step that was just taken: (第 12 号)."""
    return f"(第 {round_.steps.filter(step=step).last().pk} 号)"


def unclosed_before(round_: Round) -> list[str]:
    """Rounds at, above or below the organisation that lose their facts by the closing, not closed themselves.

    They end no later; the year of a half-year scheme rests on its halves and needs no more facts.
    """
    period = Period.parse(round_.period)
    titles = dict(SchemeVersion.objects.released().order_by("number").values_list("code", "title"))
    others = Round.objects.around(round_.organization).exclude(status=Round.Status.CLOSED).exclude(pk=round_.pk)
    found = [(Period.parse(code), scheme) for code, scheme in others.values_list("period", "scheme").distinct()]
    before = [
        (other.ends_on, other.title, scheme)
        for other, scheme in found
        if other.ends_on < period.ends_on
        or (other.ends_on == period.ends_on and (scheme != round_.scheme or len(other.months) < len(period.months)))
    ]
    return [title if scheme == round_.scheme else f"{title}《{titles[scheme]}》" for _, title, scheme in sorted(before)]


@require_http_methods(["GET", "HEAD", "POST"])
def correct(request: HttpRequest, pk: int) -> HttpResponse:
    """Take published results back for correction, with the reason and the branches concerned."""
    round_ = runnable(request, pk)
    form = CorrectionForm(request.POST or None, round_=round_)

    def take(data: dict) -> str:
        services.reopen_for_correction(round_, data["branches"], data["reason"], request.user)
        return (
            f"已转入公示后更正{_receipt(round_, Step.CORRECT)},正在重新试算。算好以后,有变动的支部重新审核,再公示一次。"
        )

    return _with_reason(
        request, round_, "correct", form, take, {"refusal": why_not_now(round_, Step.CORRECT, request.user)}
    )


@require_http_methods(["GET", "HEAD", "POST"])
def reopen(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask to reopen a closed round, with the reason; or, as a second person, answer who asked."""
    round_ = runnable(request, pk)
    asked = reopening_asked(round_)
    form = None if asked else ReasonForm(request.POST or None)

    def take(data: dict) -> str:
        step = services.ask_to_reopen(round_, reason=data["reason"], actor=request.user)
        return f"申请已提出(第 {step.pk} 号)。由另一位同事确认以后,考核才重新打开。"

    def answer(data: dict) -> str:
        agreed = request.POST.get("answer") == "agree"
        services.answer_reopening(round_, agreed=agreed, actor=request.user)
        if not agreed:
            return "没有同意重新打开,考核仍是已办结。"
        return f"考核已经重新打开{_receipt(round_, Step.REOPEN)}。更正记录以后重新试算,再经审核、公示、审批、办结。"

    context = {
        "asked": asked,
        "refusal": why_not_now(round_, Step.REOPEN, request.user),
        "own": asked and asked.done_by == request.user,
    }
    return _with_reason(request, round_, "reopen", form, answer if asked else take, context)


def _with_reason(
    request: HttpRequest,
    round_: Round,
    name: str,
    form: forms.Form | None,
    take: Callable[[dict], str],
    context: dict,
) -> HttpResponse:
    """A step that needs a form, or an answer alone; when it is taken, back to the round with a receipt."""
    error = None
    if request.method == "POST" and (form is None or form.is_valid()):
        try:
            receipt = take(form.cleaned_data if form else {})
        except ValidationError as refused:
            if form is None:
                error = " ".join(refused.messages)
            else:
                add_errors(form, refused)
        else:
            messages.success(request, receipt)
            return redirect("evaluations:round", pk=round_.pk)
    refused = request.method == "POST"
    context |= {"round": round_, "period": Period.parse(round_.period), "form": form, "error": error}
    return render(request, f"evaluations/{name}.html", context, status=400 if refused else 200)


@require_safe
def publicity(request: HttpRequest, pk: int, branch: int) -> HttpResponse:
    """A branch's publicity sheet: everybody's result, in the order of the roster, and until when to object."""
    parts = RoundBranch.objects.published_for(request.user).filter(round=pk, organization=branch)
    part = parts.select_related("round__organization", "organization", "version").first()
    if part is None:
        raise Http404
    steps = part.round.steps.filter(organization=part.organization).select_related("done_by")
    results = list(part.results.select_related("member").order_by("member__number"))
    for result in results:
        result.branch = part
    rows = [_line(result) for result in results]
    period = Period.parse(part.round.period)
    if is_export(request):
        book = write(["编号", "姓名", "总分", "等次"], rows, "公示单")
        return as_download(book, f"{part.organization} {period.title}考核公示单")
    context = {
        "round": part.round,
        "part": part,
        "period": period,
        "rows": rows,
        "corrections": correction_steps(steps),
        "corrected": corrected(part.round, [part]),
        "takes_objections": takes_appeals(part.round) and can_record_objections(request.user, part.organization),
    }
    return render(request, "evaluations/publicity.html", context)


def _line(result: Result) -> tuple:
    """Number, name, total and grade, or why there is none, as they are made public."""
    total = "—" if result.total is None else result.total
    grade = result.grade_title if result.grade else result.get_status_display()
    return result.member.number, result.member.name, total, grade
