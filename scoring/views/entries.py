"""Entries: the list, one of them with its course, withdrawing and taking back."""

import datetime
from dataclasses import dataclass

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Case, IntegerField, Value, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from members.lists import list_page
from members.models import User
from members.querysets import READING_ROLES, paths_of
from members.uploads import file_response
from scoring import permissions, services
from scoring.clauses import articles_of
from scoring.forms import AnswerForm, DecisionForm, EntryFilter, FirstCheckForm, ReversalForm, add_errors
from scoring.models import Decision, Entry, EntryStatus, Evidence, Question
from scoring.reviewing import Filters, can_review_somewhere, clauses_in
from scoring.tables import EntryTable


@require_safe
def entries(request: HttpRequest) -> HttpResponse:
    """Entries that the user may see, waiting ones first."""
    if not (request.user.member_id or paths_of(request.user, READING_ROLES)):
        raise PermissionDenied
    only_own = not paths_of(request.user, READING_ROLES)
    visible = Entry.objects.visible_to(request.user).lines()
    form = EntryFilter(request.GET, user=request.user, clauses=clauses_in(visible), only_own=only_own)
    found = form.apply(visible).with_state().with_branch()
    waiting = Case(
        When(status="reviewed", then=Value(0)),
        When(status="declared", then=Value(1)),
        default=Value(2),
        output_field=IntegerField(),
    )
    found = found.select_related("member", "declared_by", "reversal").prefetch_related("version")
    table = EntryTable(found.order_by(waiting, "-date", "-pk"), request)
    if only_own:
        table.columns.hide("branch_name")
    context = {
        "form": form,
        "may_declare": permissions.can_declare_anything(request.user),
        "may_review": can_review_somewhere(request.user),
        "only_own": only_own,
    }
    return list_page(request, "scoring/entries.html", table, context)


@require_safe
def entry_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One entry beside its clause, with its course so far and the next step for whom it falls to."""
    return entry_page(request, entry_or_404(request, pk))


@require_safe
def evidence_file(request: HttpRequest, pk: int, evidence_pk: int) -> HttpResponse:
    """A file handed in with the entry: a picture as such, anything else to be downloaded."""
    shown = get_object_or_404(entry_or_404(request, pk).evidence, pk=evidence_pk)
    return file_response(shown.file, shown.name)


@require_http_methods(["GET", "HEAD", "POST"])
def withdraw_entry(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then back to the entry, now withdrawn by whoever declared it."""
    entry = entry_or_404(request, pk)
    if not permissions.can_withdraw(request.user, entry):
        raise PermissionDenied
    if request.method != "POST":
        context = {"entry": entry, "files": entry.evidence.count()}
        return render(request, "scoring/withdraw.html", context)
    try:
        services.withdraw_entry(entry, actor=request.user)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, "已撤回,不再送审。写错的,按「照这条再报」,改好再提交。")
    return redirect("scoring:entry", pk=pk)


def reverse_entry(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask why, then take an approved entry back."""
    entry = entry_or_404(request, pk)
    if not permissions.can_reverse(request.user, entry):
        raise PermissionDenied
    form = ReversalForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.reverse_entry(entry, reason=form.cleaned_data["reason"], actor=request.user)
        except ValidationError as error:
            add_errors(form, error)
        else:
            messages.success(request, "已冲正。原记录保留在台账里,不再计分。")
            return redirect("scoring:entry", pk=pk)
    context = {"entry": entry, "form": form}
    return render(request, "scoring/reverse.html", context, status=400 if form.errors else 200)


def entry_page(
    request: HttpRequest,
    entry: Entry,
    *,
    decision: DecisionForm | None = None,
    answer: AnswerForm | None = None,
    first_check: FirstCheckForm | None = None,
) -> HttpResponse:
    """The entry's page; with a form that was refused, in its place."""
    waits = entry.is_pending and not entry.is_left_over
    step = _step_of(entry, request.user) if waits else ""
    questions = list(entry.questions.select_related("asked_by", "answer__answered_by"))
    asked = next((one for one in questions if not hasattr(one, "answer")), None) if waits else None
    evidence = list(entry.evidence.all())
    may_answer = asked is not None and permissions.can_answer(request.user, entry)
    may_check = waits and permissions.can_check_first(request.user, entry)
    check_form = first_check or (FirstCheckForm() if may_check else None)
    context = {
        "entry": entry,
        "article": articles_of([entry])[entry.pk],
        "level": entry.level_words,
        "evidence": evidence,
        "course": course_of(entry, questions, evidence),
        "form": decision or DecisionForm(),
        "answer_form": answer or (AnswerForm(initial={"question": asked.pk}) if may_answer else None),
        "check_form": check_form,
        "asked": asked,
        "step": step,
        "following": Filters.read(request.GET).next_after(entry, request.user) if step else None,
        "may_answer": may_answer,
        "may_withdraw": waits and permissions.can_withdraw(request.user, entry),
        "may_declare_again": not entry.is_settled and permissions.can_declare_again(request.user, entry),
        "may_reverse": permissions.can_reverse(request.user, entry),
        "waits_for": "" if step or may_answer or check_form else _waits_for(entry, request.user, asked),
    }
    refused = any(form.errors for form in (decision, answer, first_check) if form)
    return render(request, "scoring/entry.html", context, status=400 if refused else 200)


def _step_of(entry: Entry, user: User) -> str:
    """The step that the user is to decide; empty where it is not the user's turn."""
    if permissions.can_review(user, entry):
        return entry.step_words(Decision.Step.BRANCH)
    return entry.step_words(Decision.Step.STREET) if permissions.can_approve(user, entry) else ""


@dataclass(frozen=True)
class Happening:
    """One point of an entry's course."""

    at: datetime.datetime
    who: User
    what: str
    words: str = ""
    files: tuple[Evidence, ...] = ()


def course_of(entry: Entry, questions: list[Question], evidence: list[Evidence]) -> list[Happening]:
    """What was done with the entry and with those that it replaces, in the order in which it happened."""
    declared = "更正后登记" if entry.replaces_id else "代报" if entry.proxy_words else "登记"
    found = [Happening(entry.declared_at, entry.declared_by, declared)]
    for earlier in entry.replaced:
        words = f"原来的第 {earlier.pk} 号记录"
        found.append(Happening(earlier.declared_at, earlier.declared_by, "登记", words))
        found += [
            Happening(one.decided_at, one.decided_by, str(one), one.reason)
            for one in earlier.decisions.select_related("decided_by")
        ]
    for question in questions:
        found.append(Happening(question.asked_at, question.asked_by, str(question), question.text))
        if answer := getattr(question, "answer", None):
            files = tuple(file for file in evidence if file.answer_id == answer.pk)
            found.append(Happening(answer.answered_at, answer.answered_by, "答复", answer.text, files))
    if check := getattr(entry, "first_check", None):
        found.append(Happening(check.checked_at, check.checked_by, str(check), check.text))
    for decision in entry.decisions.select_related("decided_by"):
        found.append(Happening(decision.decided_at, decision.decided_by, str(decision), decision.reason))
    if reversal := Entry.objects.filter(reverses=entry).select_related("declared_by").first():
        words = f"{reversal.note}(第 {reversal.pk} 号记录)"
        found.append(Happening(reversal.declared_at, reversal.declared_by, "更正作废(冲正)", words))
    return sorted(found, key=lambda one: one.at)


def _waits_for(entry: Entry, user: User, asked: Question | None) -> str:
    """Who acts next, and why the reader does not; empty once it is decided."""
    if not entry.is_pending:
        return ""
    if entry.is_left_over:
        return (
            "这一条所在的考核周期已经办结,办结时还没有审完。现在不再审,也不计分。街道重新打开那次考核以后,才能接着审。"
        )
    if asked:
        return f"正在等{entry.declared_by.name}答复问询。"
    if entry.declared_by_id == user.pk and permissions.paths_of(user, permissions.STREET_ROLES):
        return "这条是您登记的,要由另一位同事审批。"
    office = "支部书记审核" if entry.status == EntryStatus.DECLARED else "街道政工科审批"
    if entry.status == EntryStatus.REVIEWED and entry.rule.office == "discipline":
        office = "街道纪工委或政工科审批" if entry.rule.sign == "direct" else "街道纪工委审批"
    return f"正在等{office}。"


def entry_or_404(request: HttpRequest, pk: int) -> Entry:
    seen = Entry.objects.visible_to(request.user).lines().with_state()
    seen = seen.select_related("member", "declared_by", "first_check__checked_by").prefetch_related("version")
    return get_object_or_404(seen, pk=pk)
