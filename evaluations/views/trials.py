"""Trials on screen: choose what to try on which round, then see who would change."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from evaluations.forms_trials import TrialForm
from evaluations.models import Trial
from evaluations.trials import board_titles, last_round, start_trial, workbook
from members.exports import as_download
from members.models import Role, User
from members.querysets import paths_of
from scoring.engine import Period
from scoring.forms_adoptions import AdoptForm, SettingsForm, StartForm, open_starts
from scoring.models import Adoption
from scoring.unit_settings import differing
from scoring.views import adoptions as adoption_pages

ROWS_A_PAGE = 50


@require_http_methods(["GET", "HEAD", "POST"])
def trials(request: HttpRequest) -> HttpResponse:
    """The street's trials, and the form of a new one."""
    if not paths_of(request.user, (Role.STREET_STAFF,)):
        raise PermissionDenied
    form = TrialForm(request.POST or None, user=request.user, initial=request.GET.dict())
    if request.method == "POST" and form.is_valid():
        wanted = form.cleaned_data
        settings = wanted["adoption"].settings if wanted["adoption"] else {}
        place = wanted["adoption"].organization if wanted["adoption"] else None
        try:
            trial = start_trial(wanted["round"], wanted["version"], settings, organization=place, actor=request.user)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return _begun(request, trial)
    found = Trial.objects.visible_to(request.user).select_related("round__organization", "version", "created_by")
    page = Paginator(found.defer("outcome", "version__definition", "version__text"), ROWS_A_PAGE).get_page(
        request.GET.get("page")
    )
    rows = [(trial, Period.parse(trial.round.period).title) for trial in page]
    context = {"form": form, "rows": rows, "page": page}
    return render(request, "evaluations/trials.html", context, status=400 if form.errors else 200)


@require_POST
def try_settings(request: HttpRequest, pk: int) -> HttpResponse:
    """A trial of a unit's settings as they are typed, on its last round; nothing else is stored."""
    current = adoption_pages.adoption_to_edit(request, pk)
    form = SettingsForm(
        request.POST, scheme=current.version.scheme, values=current.settings, prefix=adoption_pages.SETTINGS
    )
    if form.is_valid() and (trial := _tried(current, form, request.user)):
        return _begun(request, trial)
    start = StartForm(request.POST, periods=open_starts(current))
    return adoption_pages.settings_page(request, current, form, start)


@require_POST
def try_adoption(request: HttpRequest) -> HttpResponse:
    """A trial of what is about to be adopted, with its settings as typed, on the organisation's last round."""
    if not paths_of(request.user, (Role.STREET_STAFF,)):
        raise PermissionDenied
    terms = AdoptForm(request.POST, user=request.user)
    if not terms.is_valid():
        return adoption_pages.terms_page(request, terms)
    planned = terms.adoption()
    form = SettingsForm(request.POST, scheme=planned.version.scheme, values={}, prefix=adoption_pages.SETTINGS)
    if form.is_valid() and (trial := _tried(planned, form, request.user)):
        return _begun(request, trial)
    return adoption_pages.planned_settings_page(request, planned, form)


def _tried(adoption: Adoption, form: SettingsForm, user: User) -> Trial | None:
    """The trial of the adoption with the form's settings; None after noting on the form why there can be none."""
    try:
        round_, place = last_round(adoption), adoption.organization
        return start_trial(round_, adoption.version, form.values, organization=place, actor=user)
    except ValidationError as error:
        form.add_error(None, error)
        return None


def _begun(request: HttpRequest, trial: Trial) -> HttpResponse:
    messages.success(request, "已经开始试用,不会改动任何记录和结果。")
    return redirect("evaluations:trial", pk=trial.pk)


@require_safe
def trial(request: HttpRequest, pk: int) -> HttpResponse:
    """One trial: while it runs, a page that asks again; then the chart and the table."""
    seen = Trial.objects.visible_to(request.user).select_related("round__organization", "version", "organization")
    found = get_object_or_404(seen, pk=pk)
    place, today = found.organization, timezone.localdate()
    page = Paginator(found.outcome.get("changes", []), ROWS_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "trial": found,
        "rows": [(row, [board_titles(codes) for codes in row["lists"]]) for row in page],
        "period": Period.parse(found.round.period),
        "page": page,
        "bars": bars_of(found.outcome),
        "settings": [] if found.version.faults else differing(found.version.scheme, found.settings),
        "adoption": Adoption.objects.in_force(place, today) if place else None,
        "for_street": bool(paths_of(request.user, (Role.STREET_STAFF,))),
    }
    return render(request, "evaluations/trial.html", context)


def bars_of(outcome: dict) -> list[dict]:
    """For each grade how many before and after, with the widths of their bars in per cent of the longest."""
    grades = outcome.get("grades", [])
    most = max((count for grade in grades for count in grade[2:]), default=0) or 1
    return [
        {
            "title": title,
            "before": before,
            "after": after,
            "before_width": f"{before * 70 / most:.1f}%",
            "after_width": f"{after * 70 / most:.1f}%",
        }
        for _, title, before, after in grades
    ]


@require_safe
def export_trial(request: HttpRequest, pk: int) -> HttpResponse:
    """The changes as an xlsx file."""
    found = get_object_or_404(Trial.objects.visible_to(request.user), pk=pk)
    if found.state != Trial.State.DONE:
        raise Http404
    return as_download(workbook(found), f"试用结果-{found.pk}")
