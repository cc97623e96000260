"""Appeals: raised from the ledger or put down for somebody, reviewed and decided; the list with its clocks."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Case, F, IntegerField, Value, When
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from evaluations import permissions
from evaluations.appealing import course_of, dues_words, handled_by, month_of, ref_of, subjects_of, window_closed
from evaluations.forms_appeals import AppealForm, DecisionForm, ObjectionForm, decision_form
from evaluations.models import Appeal, Result, Round
from evaluations.services import appeals as services
from evaluations.tables import AppealTable, period_words
from members.dates import day_name
from members.lists import list_page
from members.models import Member
from members.numbers import whole
from members.querysets import READING_ROLES, in_subtrees, paths_of
from members.uploads import file_response
from scoring.engine import Period
from scoring.forms import add_errors
from scoring.models import Entry

MOST_FOUND = 20  # people named by a search
FORM_METHODS = ["GET", "HEAD", "POST"]


@require_safe
def appeals(request: HttpRequest) -> HttpResponse:
    """Appeals that the user may see: the undecided ones by deadline, then the latest decided."""
    if not (request.user.member_id or paths_of(request.user, READING_ROLES)):
        raise PermissionDenied
    state = request.GET.get("state", "")
    found = Appeal.objects.visible_to(request.user)
    if state == "late":
        found = found.undecided().filter(due_on__lt=timezone.localdate())
    elif state in Appeal.State.values:
        found = found.filter(state=state)
    undecided = Case(When(state__in=Appeal.OPEN, then=Value(0)), default=Value(1), output_field=IntegerField())
    due_on = Case(When(state__in=Appeal.OPEN, then=F("due_on")))
    listed = found.select_related("member", "organization", "reviewer", "round")
    listed = listed.order_by(undecided, due_on, "-raised_at", "-pk")
    table = AppealTable(listed, request)
    context = {
        "rows": [(appeal, period_words(appeal.round)) for appeal in table.page],
        "state": state,
        "states": [*Appeal.State.choices, ("late", "已超期")],
        "only_own": not paths_of(request.user, READING_ROLES),
    }
    return list_page(request, "evaluations/appeals.html", table, context)


# Raising ----------------------------------------------------------------------------------------


@require_http_methods(FORM_METHODS)
def raise_appeal(request: HttpRequest, pk: int) -> HttpResponse:
    """The signed-in member's appeal on a line of the own result (`?about=`)."""
    result = get_object_or_404(_results(pk), member=request.user.member_id or 0)
    return _raise(request, result, AppealForm, "evaluations/appeal_form.html")


@require_http_methods(FORM_METHODS)
def record_objection(request: HttpRequest, pk: int) -> HttpResponse:
    """What somebody says against a result: whose (`?q=`, `?member=`), then what it is."""
    round_ = get_object_or_404(Round.objects.visible_to(request.user).select_related("organization"), pk=pk)
    results = _results(pk).filter(
        in_subtrees(paths_of(request.user, permissions.LEADING_ROLES), "branch__organization__path")
    )
    if not paths_of(request.user, permissions.LEADING_ROLES) or not results.exists():
        raise PermissionDenied
    results = results.exclude(member=request.user.member_id or 0)
    if "member" in request.GET:
        result = get_object_or_404(results, member=whole(request.GET["member"]))
        return _raise(request, result, ObjectionForm, "evaluations/appeal_objection.html")
    search = request.GET.get("q", "").strip()
    found = results.filter(member__in=Member.objects.search(search)).order_by("member__number") if search else []
    context = {
        "round": round_,
        "period": Period.parse(round_.period),
        "search": search,
        "found": found[:MOST_FOUND],
    }
    return render(request, "evaluations/appeal_whose.html", context)


def _results(pk: int):
    return Result.objects.filter(round=pk).select_related(
        "round__organization", "branch__organization", "branch__version", "member"
    )


def _raise(request: HttpRequest, result: Result, form_class: type[AppealForm], template: str) -> HttpResponse:
    """The form, or why nothing can be raised; after it the new appeal's page."""
    context = {
        "result": result,
        "period": Period.parse(result.round.period),
        "closed": window_closed(result.round, result.branch.organization),
    }
    if context["closed"]:
        status = 400 if request.method == "POST" else 200
        return render(request, "evaluations/appeal_closed.html", context, status=status)
    try:
        subjects = subjects_of(result)
    except ValidationError as error:
        context["closed"] = " ".join(error.messages)
        return render(request, "evaluations/appeal_closed.html", context)
    about = request.GET.get("about", "")
    form = form_class(
        request.POST or None,
        request.FILES or None,
        subjects=subjects.values(),
        initial={"key": about if about in subjects else "result"},
    )
    if request.method == "POST" and form.is_valid():
        try:
            appeal = services.raise_appeal(result, actor=request.user, **form.cleaned_data)
        except ValidationError as error:
            add_errors(form, error)
        else:
            messages.success(request, f"已登记{appeal}。{day_name(appeal.due_on)}以前答复。")
            return redirect("evaluations:appeal", pk=appeal.pk)
    context |= {"form": form, "chosen": subjects.get(about)}
    return render(request, template, context, status=400 if form.errors else 200)


# One appeal -------------------------------------------------------------------------------------


@require_safe
def appeal_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One appeal: the line, its clause, what was said, the course, and the next step for whose turn it is."""
    appeal, user = _appeal_or_404(request, pk), request.user
    may_review = appeal.is_open and permissions.can_review_appeal(user, appeal)
    handled = may_review and user.pk in handled_by(appeal)
    mine = appeal.reviewer_id == user.pk
    context = {
        **_shown(request, appeal),
        "course": course_of(appeal, may_see_objector=permissions.can_see_objector(user, appeal)),
        "may_take": may_review and not handled and not mine,
        "may_decide": may_review and not handled and mine,
        "handled": handled,
        "may_withdraw": appeal.is_open and appeal.raised_by_id == user.pk,
        "own": user.member_id == appeal.member_id,
        "new_entry": Entry.objects.visible_to(user).lines().filter(pk=appeal.follow_up_entry_id or 0).first(),
    }
    return render(request, "evaluations/appeal.html", context)


def _shown(request: HttpRequest, appeal: Appeal) -> dict:
    """What both the appeal's page and that of the decision show of it."""
    may_see = permissions.can_see_objector(request.user, appeal)
    entry = None
    if appeal.about == Appeal.About.ENTRY:
        entry = Entry.objects.visible_to(request.user).filter(pk=ref_of(appeal)).first()
    may_review = permissions.can_review_appeal(request.user, appeal)
    dues = may_review and appeal.about == Appeal.About.DUES
    return {
        "appeal": appeal,
        "period": Period.parse(appeal.round.period),
        "may_see_objector": may_see,
        "files": appeal.files.all() if may_see else [],
        "entry": entry,
        "evidence": entry.evidence.all() if entry else [],
        "now": dues_words(appeal.member_id, month_of(appeal)) if dues else "",
    }


@require_POST
def take_appeal(request: HttpRequest, pk: int) -> HttpResponse:
    """On to the decision; back to the appeal with a sentence where the user may not review it."""
    appeal = _appeal_or_404(request, pk)
    if not permissions.can_review_appeal(request.user, appeal):
        raise PermissionDenied
    try:
        services.take_appeal(appeal, actor=request.user)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("evaluations:appeal", pk=pk)
    return redirect("evaluations:decide_appeal", pk=pk)


@require_POST
def withdraw_appeal(request: HttpRequest, pk: int) -> HttpResponse:
    """Back to the appeal, taken back by whoever raised it."""
    appeal = _appeal_or_404(request, pk)
    if appeal.raised_by_id != request.user.pk:
        raise PermissionDenied
    try:
        services.withdraw_appeal(appeal, actor=request.user)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, "已撤回。公示期内还可以再提。")
    return redirect("evaluations:appeal", pk=pk)


@require_http_methods(FORM_METHODS)
def decide_appeal(request: HttpRequest, pk: int) -> HttpResponse:
    """Three steps on one address: the decision, a look at what it leads to, then it holds."""
    appeal = _appeal_or_404(request, pk)
    if not permissions.can_review_appeal(request.user, appeal):
        raise PermissionDenied
    if not appeal.is_open or appeal.reviewer_id != request.user.pk:
        words = (
            f"{appeal}已经是「{appeal.state_words}」,没有再办一次。" if not appeal.is_open else "请先点「由我核对」。"
        )
        messages.info(request, words)
        return redirect("evaluations:appeal", pk=pk)
    step = request.POST.get("step", "")
    form = decision_form(appeal)(request.POST or None, appeal=appeal, user=request.user)
    if not form.is_valid() or step == "form":
        return _decision_page(request, appeal, form)
    decide = services.decide_appeal if step == "save" else services.try_decision
    try:
        decided = decide(
            appeal,
            upheld=form.upheld,
            reasons=form.cleaned_data["reasons"],
            correction=form.correction if form.upheld else None,
            actor=request.user,
        )
    except ValidationError as error:
        add_errors(form, error)
        return _decision_page(request, appeal, form)
    if step == "save":
        messages.success(request, f"{appeal}已经决定:{decided.state_words}。")
        return redirect("evaluations:appeal", pk=pk)
    context = {"appeal": appeal, "decided": decided, "upheld": form.upheld, "kept": _kept(request)}
    return render(request, "evaluations/appeal_check.html", context)


def _kept(request: HttpRequest) -> list[tuple[str, str]]:
    return [(name, value) for name, value in request.POST.items() if name not in ("csrfmiddlewaretoken", "step")]


def _decision_page(request: HttpRequest, appeal: Appeal, form: DecisionForm) -> HttpResponse:
    figures = getattr(form, "figures", None)
    context = {**_shown(request, appeal), "form": form, "figures": figures}
    faulty = form.errors or (figures is not None and figures.errors)
    return render(request, "evaluations/appeal_decide.html", context, status=400 if faulty else 200)


@require_safe
def appeal_file(request: HttpRequest, pk: int, file_pk: int) -> HttpResponse:
    """A file handed in with the appeal."""
    appeal = _appeal_or_404(request, pk)
    if not permissions.can_see_objector(request.user, appeal):
        raise Http404
    shown = get_object_or_404(appeal.files, pk=file_pk)
    return file_response(shown.file, shown.name)


def _appeal_or_404(request: HttpRequest, pk: int) -> Appeal:
    seen = Appeal.objects.visible_to(request.user)
    return get_object_or_404(
        seen.select_related("round", "member", "organization", "raised_by", "reviewer", "follow_up_entry"), pk=pk
    )
