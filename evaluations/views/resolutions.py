"""Votes of meetings: pick the matter, put the vote down, check the answers, read the receipt."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.forms import model_to_dict
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from evaluations import services
from evaluations.forms_resolutions import EXAMPLES, MeetingRuleForm, MinutesForm, ResolutionForm, places_of
from evaluations.models.resolutions import (
    ABOUT_A_MEMBER,
    USUAL,
    MeetingKind,
    MeetingRule,
    Purpose,
    Resolution,
    rule_words,
)
from evaluations.permissions import (
    can_correct_resolution,
    can_read_minutes,
    can_record_resolutions,
    can_set_meeting_rules,
)
from evaluations.tables import ResolutionTable
from members.lists import list_page
from members.models import Organization, Role
from members.numbers import whole
from members.querysets import READING_ROLES, paths_of
from members.uploads import file_response
from scoring.forms import add_errors
from scoring.models import Entry

PREFILLED = ("organization", "member")  # what another page may ask for by the address


@require_safe
def resolutions(request: HttpRequest) -> HttpResponse:
    """Votes that the user may read, the latest first."""
    if not (request.user.member_id or paths_of(request.user, READING_ROLES)):
        raise PermissionDenied
    purpose = request.GET.get("purpose", "")
    found = Resolution.objects.visible_to(request.user)
    if purpose in Purpose.values:
        found = found.filter(purpose=purpose)
    found = found.select_related("organization", "member", "replacement")
    context = {
        "purpose": purpose,
        "purposes": Purpose.choices,
        "may_record": can_record_resolutions(request.user),
        "may_set_rules": bool(paths_of(request.user, (Role.STREET_STAFF,))),
    }
    return list_page(request, "evaluations/resolutions.html", ResolutionTable(found, request), context)


@require_safe
def add_resolution(request: HttpRequest) -> HttpResponse:
    """What was voted on, to pick from."""
    context = {"purposes": [(purpose, EXAMPLES[purpose]) for purpose in _purposes(request)]}
    return render(request, "evaluations/resolution_purposes.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def record_resolution(request: HttpRequest, purpose: str) -> HttpResponse:
    """Three steps on one address: the vote, a look at what it comes to with the minutes, then it is on record."""
    if purpose not in _purposes(request):
        raise Http404
    replaced, step = _replaced(request), request.POST.get("step", "")
    form = ResolutionForm(
        request.POST or None,
        user=request.user,
        purpose=Purpose(purpose),
        instance=Resolution(replaces=replaced),
        initial=_initial(request, replaced),
    )
    if not form.is_valid() or step == "form":
        return _form_page(request, form, replaced)
    resolution = form.save(commit=False)
    minutes = MinutesForm(
        request.POST if step == "save" else None,
        request.FILES if step == "save" else None,
        required=purpose in ABOUT_A_MEMBER,
    )
    try:
        services.check_resolution(resolution, actor=request.user)
        if minutes.is_valid():
            services.record_resolution(resolution, minutes.cleaned_data["minutes"], actor=request.user)
    except ValidationError as error:
        add_errors(form, error)
        return _form_page(request, form, replaced)
    if resolution.pk:
        messages.success(request, f"已登记{resolution}。")
        return redirect("evaluations:resolution", pk=resolution.pk)
    context = {
        "resolution": resolution,
        "kept": [(name, request.POST.get(name, "")) for name in form.fields],
        "form": minutes,
        "replaced": replaced,
    }
    return render(request, "evaluations/resolution_check.html", context, status=400 if minutes.errors else 200)


@require_safe
def resolution_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One vote: its number, what it came to and why, and what happens next."""
    shown = _resolution_or_404(request, pk)
    later = Resolution.objects.filter(replaces=shown).first()
    context = {
        "resolution": shown,
        "later": later,
        "entry": Entry.objects.visible_to(request.user).filter(pk=shown.entry_id).first(),
        "may_read_minutes": bool(shown.minutes) and can_read_minutes(request.user, shown),
        "may_correct": later is None and can_correct_resolution(request.user, shown),
    }
    return render(request, "evaluations/resolution.html", context)


@require_safe
def minutes_file(request: HttpRequest, pk: int) -> HttpResponse:
    """The minutes as they were handed in."""
    shown = _resolution_or_404(request, pk)
    if not can_read_minutes(request.user, shown):
        raise PermissionDenied
    if not shown.minutes:
        raise Http404
    return file_response(shown.minutes, f"会议记录-{shown.pk}")


# Rules ------------------------------------------------------------------------------------------


@require_safe
def meeting_rules(request: HttpRequest) -> HttpResponse:
    """When votes are valid and carried in the user's organisations, by kind of meeting."""
    places = Organization.objects.filter(path__in=paths_of(request.user, (Role.STREET_STAFF,)))
    if not places:
        raise PermissionDenied
    rules = [(place, [(kind, _rule_in_force(place, kind)) for kind in MeetingKind]) for place in places]
    return render(request, "evaluations/meeting_rules.html", {"places": rules})


def _rule_in_force(place: Organization, kind: str) -> dict:
    rule = MeetingRule.objects.in_force(place, kind)
    return {"rule": rule, "words": rule_words(rule or USUAL)}


@require_http_methods(["GET", "HEAD", "POST"])
def meeting_rule(request: HttpRequest, pk: int, kind: str) -> HttpResponse:
    """The rule of one organisation for one kind of meeting, to be set anew, with those before it."""
    place = get_object_or_404(Organization.objects.visible_to(request.user), pk=pk)
    if not can_set_meeting_rules(request.user, place):
        raise PermissionDenied
    if kind not in MeetingKind.values:
        raise Http404
    now = _rule_in_force(place, kind)
    form = MeetingRuleForm(
        request.POST or None,
        instance=MeetingRule(organization=place, kind=kind),
        initial=model_to_dict(now["rule"] or MeetingRule(**vars(USUAL))),
    )
    if request.method == "POST" and form.is_valid():
        services.set_rule(form.save(commit=False), actor=request.user)
        messages.success(request, "已设定,以后登记的表决按新的规则算;登记过的不变。")
        return redirect("evaluations:meeting_rules")
    earlier = MeetingRule.objects.filter(organization=place, kind=kind).select_related("set_by")
    context = {"place": place, "kind": MeetingKind(kind), "now": now, "form": form, "earlier": earlier}
    return render(request, "evaluations/meeting_rule.html", context, status=400 if form.errors else 200)


def _form_page(request: HttpRequest, form: ResolutionForm, replaced: Resolution | None) -> HttpResponse:
    context = {"form": form, "purpose": Purpose(form.instance.purpose), "replaced": replaced}
    return render(request, "evaluations/resolution_form.html", context, status=400 if form.errors else 200)


def _purposes(request: HttpRequest) -> list[Purpose]:
    """What the user may put down votes on; 403 for who records none."""
    if not can_record_resolutions(request.user):
        raise PermissionDenied
    return services.purposes_of(places_of(request.user).branches())


def _replaced(request: HttpRequest) -> Resolution | None:
    """The resolution to put right (`?replaces=`): 404 if it is not in sight, 403 if it is not the user's to correct."""
    if "replaces" not in request.GET:
        return None
    replaced = _resolution_or_404(request, whole(request.GET["replaces"]))
    if not can_correct_resolution(request.user, replaced):
        raise PermissionDenied
    return replaced


def _initial(request: HttpRequest, replaced: Resolution | None) -> dict:
    if replaced:
        return model_to_dict(replaced)
    return {name: request.GET[name] for name in PREFILLED if name in request.GET}


def _resolution_or_404(request: HttpRequest, pk: int) -> Resolution:
    seen = Resolution.objects.visible_to(request.user)
    return get_object_or_404(seen.select_related("organization", "member", "recorded_by", "replaces"), pk=pk)
