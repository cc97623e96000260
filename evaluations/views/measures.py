"""Measures: the list, one with its steps, and the way from the proposal to the end."""

import datetime

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Case, F, IntegerField, Prefetch, Q, Value, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from evaluations import permissions, services
from evaluations.forms_measures import DismissalForm, StepForm
from evaluations.models import Measure, MeasureStep
from evaluations.models.measures import clock_words
from evaluations.services.measures import what_ends, why_not_now, why_undecided
from evaluations.tables import MeasureTable, period_words
from members.dates import day_name
from members.lists import list_page
from members.models import Member, Role
from members.querysets import READING_ROLES, paths_of
from scoring.engine import Period
from scoring.forms import add_errors

SOON = datetime.timedelta(days=7)
DUE = {"late": "已超期", "soon": "七天内到期"}
FORM_METHODS = ["GET", "HEAD", "POST"]


@require_safe
def measures(request: HttpRequest) -> HttpResponse:
    """Measures that the user may see: those under way by deadline, then proposals, then what is over."""
    if not (request.user.member_id or paths_of(request.user, READING_ROLES)):
        raise PermissionDenied
    chosen = {name: request.GET.get(name, "").strip() for name in ("state", "due", "q")}
    found = _filtered(Measure.objects.visible_to(request.user).with_next_step(), chosen)
    found = found.select_related("member", "organization", "round")
    rank = Case(
        *(When(state=state, then=Value(place)) for place, state in enumerate(("running", "proposed"))),
        default=Value(2),
        output_field=IntegerField(),
    )
    listed = found.order_by(rank, F("next_due_on").asc(nulls_last=True), "-round__period", "-pk")
    table = MeasureTable(listed, request)
    context = {
        "rows": [(measure, period_words(measure.round), _clock(measure)) for measure in table.page],
        "chosen": chosen,
        "states": Measure.State.choices,
        "due": DUE.items(),
        "only_own": not paths_of(request.user, READING_ROLES),
        "keeps_templates": bool(paths_of(request.user, (Role.STREET_STAFF,))),
    }
    return list_page(request, "evaluations/measures.html", table, context)


def _filtered(found, chosen: dict[str, str]):
    today = timezone.localdate()
    if chosen["state"] in Measure.State.values:
        found = found.filter(state=chosen["state"])
    if chosen["due"] == "late":
        found = found.filter(next_due_on__lt=today)
    elif chosen["due"] == "soon":
        found = found.filter(next_due_on__range=(today, today + SOON))
    if chosen["q"]:
        found = found.filter(Q(member__in=Member.objects.search(chosen["q"])))
    return found


def _clock(measure: Measure) -> tuple[str, bool]:
    """The words of the next step's deadline, and whether it is past."""
    due_on = measure.next_due_on
    return clock_words(due_on), due_on is not None and due_on < timezone.localdate()


@require_safe
def measure_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One measure: why, its steps with dates, and the next step's button for whose turn it is."""
    measure = _measure_or_404(request, pk)
    user, step = request.user, measure.next_step
    others = Measure.objects.visible_to(user).filter(member=measure.member_id, state=Measure.State.RUNNING)
    context = {
        "measure": measure,
        "period": Period.parse(measure.round.period),
        "steps": measure.steps.all() if measure.opened_at else measure.rules.steps_under(measure.round.scheme),
        "next": step,
        "own": user.member_id == measure.member_id,
        "others": others.exclude(pk=measure.pk),
        "follows": measure.follows and Measure.objects.visible_to(user).filter(pk=measure.follows_id).first(),
        "followed_by": Measure.objects.visible_to(user).filter(follows=measure),
        "may_take": step is not None and _is_due(step) and permissions.can_take_step(user, step),
        **_decisions(request, measure),
    }
    return render(request, "evaluations/measure.html", context)


def _is_due(step: MeasureStep) -> bool:
    """True for what may be done now: a term only once it has run out."""
    return step.kind != "term" or step.due_on <= timezone.localdate()


def _decisions(request: HttpRequest, measure: Measure) -> dict:
    """What the user may decide about the measure as it stands."""
    settled, user = measure.round.takes_measures, request.user
    proposed = measure.state == Measure.State.PROPOSED
    return {
        "may_accept": proposed and settled and permissions.can_decide_measure(user, measure),
        "may_stop": settled
        and measure.state in (Measure.State.PROPOSED, Measure.State.RUNNING)
        and permissions.can_stop_measure(user, measure),
        "waits_for_round": proposed and not settled,
    }


@require_http_methods(FORM_METHODS)
def accept_measure(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what is going to be done, then begin."""
    measure = _measure_or_404(request, pk)
    if not permissions.can_decide_measure(request.user, measure):
        raise PermissionDenied
    if measure.state != Measure.State.PROPOSED:
        messages.info(request, f"这一项已经是「{measure.get_state_display()}」,没有再办一次。")
        return redirect("evaluations:measure", pk=pk)
    refusal, error = why_undecided(measure, Measure.State.PROPOSED), ""
    if request.method == "POST" and not refusal:
        try:
            services.accept_measure(measure, actor=request.user)
        except ValidationError as refused:
            error = " ".join(refused.messages)
        else:
            messages.success(request, f"已开始办理:{measure}。下一步见下面。")
            return redirect("evaluations:measure", pk=pk)
    context = {
        "measure": measure,
        "steps": measure.rules.steps_under(measure.round.scheme),
        "refusal": refusal,
        "error": error,
    }
    return render(request, "evaluations/measure_accept.html", context, status=_status(request))


@require_http_methods(FORM_METHODS)
def dismiss_measure(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask why, then dismiss the proposal or stop the measure."""
    measure = _measure_or_404(request, pk)
    if not permissions.can_stop_measure(request.user, measure):
        raise PermissionDenied
    form = DismissalForm(_sent(request))
    refusal = why_undecided(measure, Measure.State.PROPOSED, Measure.State.RUNNING)
    if request.method == "POST" and not refusal and form.is_valid():
        try:
            services.dismiss_measure(measure, reason=form.cleaned_data["reason"], actor=request.user)
        except ValidationError as error:
            add_errors(form, error)
        else:
            messages.success(request, "已登记为不予办理,理由留在这里。")
            return redirect("evaluations:measure", pk=pk)
    context = {"measure": measure, "form": form, "refusal": refusal}
    return render(request, "evaluations/measure_dismiss.html", context, status=_status(request))


@require_http_methods(FORM_METHODS)
def measure_step(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """Fill in a step, look it through, then keep it: it cannot be taken back."""
    measure = _measure_or_404(request, pk)
    step = get_object_or_404(measure.steps.all(), number=number)
    step.measure = measure
    if not permissions.can_take_step(request.user, step):
        raise PermissionDenied
    if step.done_on is not None:
        messages.info(request, f"「{step.title}」已经登记过,没有再登记一次。")
        return redirect("evaluations:measure", pk=pk)
    if refusal := why_not_now(step, request.user):
        context = {"measure": measure, "step": step, "refusal": refusal}
        return render(request, "evaluations/measure_step.html", context, status=_status(request))
    form = StepForm(_sent(request), step=step, user=request.user)
    confirmed = "confirmed" in request.POST
    context = {"measure": measure, "step": step, "form": form}
    if request.method == "POST" and form.is_valid():
        try:
            if confirmed:
                services.complete_step(step, form.done, actor=request.user)
            else:
                services.check_step(step, form.done, actor=request.user)
        except ValidationError as error:
            add_errors(form, error)
        else:
            if confirmed:
                messages.success(request, f"已登记:{step.title}。{_what_next(measure)}")
                return redirect("evaluations:measure", pk=pk)
            if "back" not in request.POST:
                context |= {"answers": form.answers(), "ends": what_ends(step, form.done.day)}
                return render(request, "evaluations/measure_check.html", context)
    return render(request, "evaluations/measure_step.html", context, status=400 if form.errors else 200)


def _sent(request: HttpRequest):
    """What was sent, be it nothing; None where the page is only asked for."""
    return request.POST if request.method == "POST" else None


def _status(request: HttpRequest) -> int:
    """Of a page that is shown again: what was sent has been refused."""
    return 400 if request.method == "POST" else 200


def _what_next(measure: Measure) -> str:
    """What follows now, for the receipt."""
    now = Measure.objects.get(pk=measure.pk)
    if now.state == Measure.State.DONE:
        return "这一项已经办结。"
    step = now.next_step
    return f"下一步:{step.title},{day_name(step.due_on)}以前。"


def _measure_or_404(request: HttpRequest, pk: int) -> Measure:
    seen = Measure.objects.visible_to(request.user).prefetch_related(
        Prefetch("steps", MeasureStep.objects.select_related("done_by", "resolution"))
    )
    return get_object_or_404(
        seen.select_related("round", "member", "organization", "follows", "opened_by", "ended_by"), pk=pk
    )
