"""Reviewing: first checks, the queue, one decision after the other, several approvals at once, asking and answering."""

from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from members.lists import exported, is_export
from members.numbers import whole
from scoring import permissions, review_services, services
from scoring.clauses import articles_of
from scoring.forms import AnswerForm, DecisionForm, FirstCheckForm, add_errors
from scoring.models import Entry, EntryStatus
from scoring.review_services import MOST_AT_ONCE
from scoring.reviewing import (
    Filters,
    branches_of,
    can_review_somewhere,
    clauses_in,
    look_reason,
    to_check_first,
    waiting_for,
)
from scoring.tables import QueueTable
from scoring.views.entries import entry_or_404, entry_page

DONE = {"approve": "已通过", "reject": "没有通过,本人会看到理由", "ask": "已问申报人,答复以后再到您这里"}


@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    """What waits for the user's decision, oldest first, by clause and branch; with what may be approved together.

    With `?all=1` all of these are ticked: what a box does where there is a script.
    """
    user = request.user
    if not can_review_somewhere(user):
        raise PermissionDenied
    if is_export(request):
        waiting = (
            Filters.read(request.GET).entries(user).with_branch().select_related("member", "declared_by", "reversal")
        )
        return exported(request, QueueTable(waiting.prefetch_related("version", "evidence"), request))
    filters = Filters.read(request.GET)
    found = filters.entries(user).with_branch()
    found = found.select_related("member", "declared_by").prefetch_related("version", "evidence")
    page = Paginator(found, MOST_AT_ONCE).get_page(request.GET.get("page"))
    mine = filters.whose == Filters.MINE
    unfiltered = Filters(whose=filters.whose).entries(user)
    rows = [(entry, look_reason(entry) if mine else "") for entry in page]
    context = {
        "page": page,
        "rows": rows,
        "mine": mine,
        "may_together": sum(not look for _, look in rows) if mine else 0,
        "all_ticked": request.GET.get("all") == "1",
        "filters": filters,
        "query": urlencode(filters.query),
        "whose": Filters.CHOICES,
        "clauses": clauses_in(unfiltered),
        "branches": branches_of(user),
    }
    return render(request, "scoring/queue.html", context)


def together(request: HttpRequest) -> HttpResponse:
    """Every entry that was ticked, by name, to be checked; then all of them approved, or none."""
    user = request.user
    if not can_review_somewhere(user):
        raise PermissionDenied
    back = f"{reverse('scoring:queue')}?{urlencode(Filters.read(request.GET).query)}"
    if request.method == "POST":
        return _approve(request, _seen(request), back)
    pks = [pk for text in request.GET.getlist("entry") if (pk := whole(text))]
    found = waiting_for(user).filter(pk__in=pks[: MOST_AT_ONCE + 1])
    rows = list(found.select_related("member", "declared_by").prefetch_related("version", "evidence"))
    chosen = [entry for entry in rows if not look_reason(entry)]
    if not chosen:
        messages.error(request, "没有勾选可以一起通过的记录。请先在列表里勾选。")
        return redirect(back)
    articles = articles_of(chosen)
    context = {
        "rows": [(entry, articles[entry.pk]) for entry in chosen],
        "left_out": len(set(pks)) - len(chosen),
        "back": back,
    }
    return render(request, "scoring/together.html", context)


def _approve(request: HttpRequest, seen: dict[int, str], back: str) -> HttpResponse:
    try:
        decisions = review_services.approve_together(seen, actor=request.user)
    except ValidationError as error:
        told = messages.info if error.messages == [review_services.DONE] else messages.error
        told(request, " ".join(error.messages))
    else:
        numbers = "、".join(f"第 {one.entry_id} 号" for one in decisions)
        messages.success(request, f"已通过 {len(decisions)} 条:{numbers}。")
    return redirect(back)


def _seen(request: HttpRequest) -> dict[int, str]:
    """Keys and statuses of the entries that the check page named: 12:declared."""
    pairs = (text.partition(":") for text in request.POST.getlist("seen")[: MOST_AT_ONCE + 1])
    return {pk: status for text, _, status in pairs if (pk := whole(text))}


def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Approve or refuse the entry's next step, or ask its author back; then on to the next in the queue."""
    entry = entry_or_404(request, pk)
    if request.method == "POST" and _decided_already(request, entry):
        messages.info(request, f"第 {pk} 号刚才已经办过,没有再办一次。")
        return _on(request, entry)
    if not (permissions.can_review(request.user, entry) or permissions.can_approve(request.user, entry)):
        raise PermissionDenied
    if request.method != "POST":
        return redirect("scoring:entry", pk=pk)
    form = DecisionForm(request.POST)
    if form.is_valid():
        try:
            _decide(request, entry, form.cleaned_data)
        except ValidationError as error:
            add_errors(form, error)
            entry = entry_or_404(request, pk)
        else:
            messages.success(request, f"第 {pk} 号:{_done(entry, form.cleaned_data['decision'])}。")
            return _on(request, entry)
    return entry_page(request, entry, decision=form)


def _done(entry: Entry, decision: str) -> str:
    """What was done, and after a branch's approval where the entry goes now."""
    entry.refresh_from_db(fields=["status"])
    if decision == "approve" and entry.status == EntryStatus.REVIEWED:
        return f"{DONE[decision]},交街道{'纪工委' if entry.rule.office == 'discipline' else ''}审批"
    return DONE[decision]


def _decide(request: HttpRequest, entry: Entry, data: dict) -> None:
    entry.status = data["status"]  # as the reviewer saw it: what it is now, the service looks up
    if data["decision"] == "ask":
        review_services.ask_back(entry, text=data["reason"], actor=request.user)
    else:
        approved = data["decision"] == "approve"
        services.decide_entry(entry, approved=approved, reason=data["reason"], actor=request.user)


def _decided_already(request: HttpRequest, entry: Entry) -> bool:
    """True for a second click: the user has taken the step that the page showed, or asked that very question."""
    step = services.STEPS.get(request.POST.get("status"))
    if step is None:
        return False
    if request.POST.get("decision") == "ask":
        text = request.POST.get("reason", "").strip()
        return entry.questions.filter(step=step, asked_by=request.user, text=text, answer=None).exists()
    return entry.decisions.filter(step=step, decided_by=request.user).exists()


def _on(request: HttpRequest, entry: Entry) -> HttpResponse:
    """To the next entry of the queue; to the queue where none is left."""
    filters = Filters.read(request.GET)
    following = filters.next_after(entry, request.user)
    if following is None:
        messages.success(request, "等您审的都办完了。")
    address = reverse("scoring:entry", args=[following.pk]) if following else reverse("scoring:queue")
    return redirect(f"{address}?{urlencode(filters.query)}" if filters.query else address)


def check_first(request: HttpRequest, pk: int) -> HttpResponse:
    """The group leader's finding about a declaration; then on to the next of the group, or home."""
    entry = entry_or_404(request, pk)
    if not permissions.leads_group_of(request.user, entry):
        raise PermissionDenied
    if request.method != "POST":
        return redirect("scoring:entry", pk=pk)
    if hasattr(entry, "first_check") and entry.first_check.checked_by == request.user:
        messages.info(request, f"第 {pk} 号您刚才已经初核过,没有再记一次。")
        return _to_next_check(request)
    form = FirstCheckForm(request.POST)
    if form.is_valid():
        data = form.cleaned_data
        try:
            check = review_services.check_first(
                entry, in_order=data["finding"] == "in_order", text=data["text"], actor=request.user
            )
        except ValidationError as error:
            add_errors(form, error)
        else:
            messages.success(request, f"第 {pk} 号:{check},已经记下,书记审核时会看到。")
            return _to_next_check(request)
    return entry_page(request, entry, first_check=form)


def _to_next_check(request: HttpRequest) -> HttpResponse:
    following = to_check_first(request.user).first()
    if following:
        return redirect("scoring:entry", pk=following.pk)
    messages.success(request, "本组等您初核的都核完了。")
    return redirect("home")


def answer(request: HttpRequest, pk: int) -> HttpResponse:
    """The author's answer to a question; the entry then waits for the reviewer again."""
    entry = entry_or_404(request, pk)
    if not permissions.can_answer(request.user, entry):
        raise PermissionDenied
    if request.method != "POST":
        return redirect("scoring:entry", pk=pk)
    form = AnswerForm(request.POST, request.FILES)
    if form.is_valid():
        data = form.cleaned_data
        try:
            review_services.answer_question(
                entry, question=data["question"], text=data["text"], files=data["files"], actor=request.user
            )
        except ValidationError as error:
            add_errors(form, error)
        else:
            messages.success(request, f"已答复,第 {pk} 号记录又在等审核。")
            return redirect("scoring:entry", pk=pk)
    return entry_page(request, entry, answer=form)
