"""Which scheme holds where: adopt one, set what is left to the unit, end it again."""

from dataclasses import dataclass, field

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from members.models import Organization, OrganizationKind, Role
from members.querysets import READING_ROLES, paths_of
from scoring import adoption_effects
from scoring import adoption_services as services
from scoring.documents import document_of
from scoring.forms_adoptions import (
    AdoptForm,
    SettingsForm,
    StartForm,
    check_answers,
    end_starts,
    open_starts,
)
from scoring.models import Adoption
from scoring.permissions import can_adopt, can_edit_settings
from scoring.trying import near, why_untried
from scoring.unit_settings import SettingRow, differing, setting_rows

VIEWING_ROLES = (*READING_ROLES, Role.ADMINISTRATOR)
SETTINGS = "set"  # prefix of the fields of a unit's settings
SETTINGS_OF = "settings_of"  # the version that those fields were filled in for
NOT_KEPT = ("csrfmiddlewaretoken", "step", SETTINGS_OF)


@dataclass
class Row:
    """An organisation of the tree: what is in force there today, what begins there later."""

    place: Organization
    indent: int
    adoption: Adoption | None
    differing: list[SettingRow] = field(default_factory=list)
    special: list[Adoption] = field(default_factory=list)
    later: list[Adoption] = field(default_factory=list)

    @property
    def ending(self) -> list[Adoption]:
        """Its own adoptions that are to end."""
        own = (one for one in (self.adoption, *self.special) if one and one.organization_id == self.place.pk)
        return [one for one in own if one.ends_on]

    @property
    def is_own(self) -> bool:
        return self.adoption is not None and self.adoption.organization_id == self.place.pk


@require_safe
def adoptions(request: HttpRequest) -> HttpResponse:
    """The tree below the user's roles with the scheme in force at each place, its own or from above."""
    if not paths_of(request.user, VIEWING_ROLES):
        raise PermissionDenied
    places = Organization.objects.for_roles(request.user, *VIEWING_ROLES).exclude(kind=OrganizationKind.GROUP)
    context = {"rows": _tree(list(places)), "may_adopt": bool(paths_of(request.user, (Role.STREET_STAFF,)))}
    return render(request, "scoring/adoptions/adoptions.html", context)


def _tree(places: list[Organization]) -> list[Row]:
    today = timezone.localdate()
    paths = {path for place in places for path in place.lineage}
    found = Adoption.objects.filter(organization__path__in=paths).select_related("version", "organization")
    now: dict[str, dict[str, Adoption]] = {}  # position → path → adoption
    later: dict[str, list[Adoption]] = {}
    for adoption in found.order_by("starts_on"):
        if adoption.starts_on > today:
            later.setdefault(adoption.organization.path, []).append(adoption)
        elif adoption.has_ended:
            now.get(adoption.position, {}).pop(adoption.organization.path, None)
        else:
            now.setdefault(adoption.position, {})[adoption.organization.path] = adoption
    special = [position for position in now if position]
    rows = []
    for place in places:
        row = Row(
            place, place.depth - places[0].depth, _nearest(place, now.get("", {})), later=later.get(place.path, [])
        )
        row.special = [near for position in special if (near := _nearest(place, now[position]))]
        if row.adoption and not row.adoption.version.faults:
            row.differing = differing(row.adoption.version.scheme, row.adoption.settings)
        rows.append(row)
    return rows


def _nearest(place: Organization, by_path: dict[str, Adoption]) -> Adoption | None:
    return next((by_path[path] for path in reversed(place.lineage) if path in by_path), None)


@require_safe
def adoption(request: HttpRequest, pk: int) -> HttpResponse:
    """One adoption: the unit's settings, its document, and those before and after it."""
    shown = adoption_or_404(request, pk)
    same = Adoption.objects.filter(organization=shown.organization, position=shown.position)
    course = list(same.select_related("version", "adopted_by", "ended_by").order_by("-starts_on"))
    may_adopt = can_adopt(request.user, shown.organization)
    faults = shown.version.faults
    context = {
        "adoption": shown,
        "faults": faults,
        "rows": [] if faults else setting_rows(shown.version.scheme, shown.settings),
        "document": document_of(shown),
        "course": course,
        "may_adopt": may_adopt,
        "untried": "" if faults else _untried(shown),
        "may_edit": can_edit_settings(request.user, shown.organization) and not faults and not shown.has_ended,
        "may_withdraw": may_adopt and not shown.has_begun,
        "may_end": may_adopt and _can_end(shown) and course[0] == shown,
        "may_keep": may_adopt and shown.ends_on and not shown.has_ended and course[0] == shown,
    }
    return render(request, "scoring/adoptions/adoption.html", context)


def _can_end(shown: Adoption) -> bool:
    """True if there may be something to return to: above, or, for a position, nothing added."""
    return shown.has_begun and not shown.ends_on and bool(shown.position or shown.organization.depth > 1)


# Making ----------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def adopt(request: HttpRequest) -> HttpResponse:
    """Three steps on one address: what and where, the unit's settings, then a look at what changes."""
    if not paths_of(request.user, (Role.STREET_STAFF,)):
        raise PermissionDenied
    step = request.POST.get("step", "")
    initial = {name: request.GET[name] for name in ("organization", "version") if name in request.GET}
    terms = AdoptForm(request.POST or None, user=request.user, initial=initial)
    planned = _planned(terms) if terms.is_valid() else None
    if planned is None or step == "terms":
        return terms_page(request, terms)
    scheme, has_settings = planned.version.scheme, bool(planned.version.scheme.settings)
    if has_settings:
        sent = request.POST if step or _filled_in(request, planned) else None
        form = SettingsForm(sent, scheme=scheme, values=services.settings_to_keep(planned), prefix=SETTINGS)
        if step in ("", "settings") or not _settle(planned, form):
            return planned_settings_page(request, planned, form)
    if step != "confirm":
        return _check_page(request, planned, back="settings" if has_settings else "terms")
    try:
        stored = services.adopt_version(planned, actor=request.user)
    except ValidationError as error:  # somebody else was quicker, or a worked case fails
        check_answers(terms, error=error)
        return terms_page(request, terms)
    messages.success(request, f"已办好:{stored.organization}从 {stored.starts_on} 起采用{stored.version}。")
    return redirect("scoring:adoption", pk=stored.pk)


def _filled_in(request: HttpRequest, planned: Adoption) -> bool:
    """True if whoever went back to the first step had filled in the settings of this version."""
    return request.POST.get(SETTINGS_OF) == str(planned.version_id)


def terms_page(request: HttpRequest, terms: AdoptForm) -> HttpResponse:
    """The first step of adopting; settings that were filled in already go along."""
    kept = [(name, value) for name, value in _kept(request) if name.startswith(f"{SETTINGS}-")]
    context = {"form": terms, "kept": kept, "settings_of": request.POST.get(SETTINGS_OF, "")}
    return render(request, "scoring/adoptions/adopt.html", context, status=400 if terms.errors else 200)


def planned_settings_page(request: HttpRequest, planned: Adoption, form: SettingsForm) -> HttpResponse:
    """The second step of adopting."""
    kept = [(name, value) for name, value in _kept(request) if not name.startswith(f"{SETTINGS}-")]
    context = {
        "form": form,
        "adoption": planned,
        "untried": _untried(planned),
        "kept": kept,
        "settings_of": planned.version_id,
    }
    return render(request, "scoring/adoptions/adopt_settings.html", context, status=400 if form.errors else 200)


def _planned(terms: AdoptForm) -> Adoption | None:
    """The adoption that the form asks for, or None after noting on the form why it cannot be."""
    planned = terms.adoption()
    try:
        services.require_adoptable(planned)
    except ValidationError as error:
        check_answers(terms, error=error)
        return None
    return planned


def _settle(planned: Adoption, form: SettingsForm) -> bool:
    """Give the adoption the form's settings; False after noting on the form why it cannot have them."""
    if form.is_valid():
        planned.settings = form.values
        try:
            services.require_settings(planned)
        except ValidationError as error:
            check_answers(form, error=error)
    return not form.errors


@require_http_methods(["GET", "HEAD", "POST"])
def edit_settings(request: HttpRequest, pk: int) -> HttpResponse:
    """A unit's own values, from a period on; then a look at what changes."""
    current = adoption_to_edit(request, pk)
    step = request.POST.get("step", "")
    start = StartForm(request.POST or None, periods=open_starts(current))
    form = SettingsForm(request.POST or None, scheme=current.version.scheme, values=current.settings, prefix=SETTINGS)
    if request.method == "POST" and form.is_valid() and start.is_valid() and step != "settings":
        settings, day = form.values, start.cleaned_data["starts_on"]
        try:
            if settings == current.settings:
                raise ValidationError("设定没有改动。请先改,再核对。")
            planned = services.with_settings(current, settings, day)
            services.require_settings(planned)
            if step == "confirm":
                stored = services.change_settings(current, settings, day, actor=request.user)
                messages.success(request, f"已保存:新的设定从 {stored.starts_on} 起用。")
                return redirect("scoring:adoption", pk=stored.pk)
        except ValidationError as error:
            check_answers(form, start, error=error)
        else:
            return _check_page(request, planned, back="settings", current=current)
    return settings_page(request, current, form, start)


def settings_page(request: HttpRequest, current: Adoption, form: SettingsForm, start: StartForm) -> HttpResponse:
    """The form of a unit's own values."""
    context = {"adoption": current, "form": form, "start": start, "untried": _untried(current)}
    status = 400 if form.errors or start.errors else 200
    return render(request, "scoring/adoptions/settings.html", context, status=status)


def _check_page(request: HttpRequest, planned: Adoption, back: str, current: Adoption | None = None) -> HttpResponse:
    """What the adoption changes, before it is stored. current: the one whose settings change."""
    scheme = planned.version.scheme
    before = {row.setting.code: row.words for row in setting_rows(scheme, current.settings)} if current else {}
    rows = setting_rows(scheme, planned.settings)
    effect = adoption_effects.effect_of(planned)
    context = {
        "adoption": planned,
        "current": current,
        "untried": _untried(planned),
        "effect": effect,
        "cautions": [] if current else adoption_effects.cautions(planned, effect),
        "rows": [(row, before.get(row.setting.code, row.default)) for row in rows if _changes(row, before)],
        "kept": _kept(request),
        "settings_of": planned.version_id,
        "back": back,
    }
    return render(request, "scoring/adoptions/check.html", context)


def _untried(adoption: Adoption) -> str:
    """Why the adoption's scheme cannot be tried on an earlier round there; empty where it can."""
    return why_untried(adoption.version.scheme, near(adoption.organization))


def _changes(row: SettingRow, before: dict[str, str]) -> bool:
    return row.words != before[row.setting.code] if before else row.differs


def _kept(request: HttpRequest) -> list[tuple[str, str]]:
    """What was sent, for hidden fields of another step."""
    return [(name, value) for name, values in request.POST.lists() for value in values if name not in NOT_KEPT]


@require_POST
def withdraw_adoption(request: HttpRequest, pk: int) -> HttpResponse:
    """Take back an adoption that has not begun."""
    planned = adoption_or_404(request, pk)
    if not can_adopt(request.user, planned.organization):
        raise PermissionDenied
    try:
        services.withdraw_adoption(planned)
    except ValidationError as error:
        messages.error(request, error.messages[0])
        return redirect("scoring:adoption", pk=pk)
    messages.success(request, f"已撤回:{planned.organization}从 {planned.starts_on} 起不再改用{planned.version}。")
    return redirect("scoring:adoptions")


@require_http_methods(["GET", "HEAD", "POST"])
def end_adoption(request: HttpRequest, pk: int) -> HttpResponse:
    """Return to what the organisation above adopted, from a period on; then a look at what changes."""
    ending = adoption_or_404(request, pk)
    if not can_adopt(request.user, ending.organization):
        raise PermissionDenied
    step = request.POST.get("step", "")
    start = StartForm(request.POST or None, periods=end_starts(ending))
    if request.method == "POST" and step != "terms" and start.is_valid():
        day = start.cleaned_data["starts_on"]
        try:
            after = services.after_end(ending, day)
            if step == "confirm":
                services.end_adoption(ending, day, actor=request.user)
                messages.success(request, f"已办好:从 {day} 起,{_words_of_ending(after)}。")
                return redirect("scoring:adoption", pk=pk)
        except ValidationError as error:
            check_answers(start, error=error)
        else:
            context = {
                "ending": ending,
                "after": after,
                "effect": adoption_effects.effect_of(after),
                "kept": _kept(request),
            }
            return render(request, "scoring/adoptions/check_end.html", context)
    context = {"adoption": ending, "form": start}
    return render(request, "scoring/adoptions/end.html", context, status=400 if start.errors else 200)


def _words_of_ending(after: Adoption) -> str:
    if after.version_id is None:
        return f"{after.organization}不再另外考核{after.get_position_display()}"
    return f"{after.organization}按上级采用的{after.version}"


@require_POST
def keep_adoption(request: HttpRequest, pk: int) -> HttpResponse:
    """Take back the end of an adoption, which has not come."""
    kept = adoption_or_404(request, pk)
    if not can_adopt(request.user, kept.organization):
        raise PermissionDenied
    try:
        services.keep_adoption(kept)
    except ValidationError as error:
        messages.error(request, error.messages[0])
    else:
        messages.success(request, f"已撤回停用:{kept.organization}照旧采用{kept.version}。")
    return redirect("scoring:adoption", pk=pk)


# Finding ----------------------------------------------------------------------------------------


def adoption_or_404(request: HttpRequest, pk: int) -> Adoption:
    seen = Adoption.objects.visible_to(request.user).select_related("organization", "version", "adopted_by")
    return get_object_or_404(seen, pk=pk)


def adoption_to_edit(request: HttpRequest, pk: int) -> Adoption:
    """A visible adoption; 403 where the user does not set its values."""
    shown = adoption_or_404(request, pk)
    require_edit(request, shown)
    return shown


def require_edit(request: HttpRequest, shown: Adoption) -> None:
    if not can_edit_settings(request.user, shown.organization):
        raise PermissionDenied
