"""Schemes: the rules beside their text, drafts, what differs between versions, release."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from members.models import Organization, Role
from members.numbers import whole
from members.querysets import READING_ROLES, paths_of
from scoring import outline, permissions, schemes_services
from scoring.engine import SchemeError
from scoring.engine.vocabulary import POSTS
from scoring.forms_schemes import DraftForm
from scoring.in_use import version_to_show, versions_in_use
from scoring.models import Adoption, SchemeVersion, WorkedCase
from scoring.querysets import around
from scoring.trying import why_untried
from scoring.worked_cases import run_case

CASES_SHOWN = 10


@require_safe
def schemes(request: HttpRequest) -> HttpResponse:
    """Every scheme: the version that the user's own branches use, the latest, how many units adopted it, its drafts.

    Before them what a secretary's own branch is scored under.
    """
    _guard(request)
    visible = SchemeVersion.objects.visible_to(request.user).order_by("title", "-number")
    adopted: dict[str, set[int]] = {}
    adoptions = Adoption.objects.filter(around(request.user))
    for code, unit in adoptions.values_list("version__code", "organization"):
        adopted.setdefault(code, set()).add(unit)
    used = versions_in_use(request.user)
    rows: dict[str, dict] = {}
    for version in visible.select_related("origin").defer("definition", "text"):
        row = rows.setdefault(
            version.code,
            {
                "latest": None,
                "drafts": [],
                "used": sorted(used.get(version.code, {}).items(), key=lambda pair: pair[0].number),
                "units": len(adopted.get(version.code, ())),
            },
        )
        if version.is_draft:
            row["drafts"].append(version)
        elif row["latest"] is None:
            row["latest"] = version
    context = {
        "rows": sorted((row for row in rows.values() if row["latest"]), key=lambda row: not row["used"]),
        "may_draft": permissions.can_draft_schemes(request.user),
        "sees_adoptions": bool(paths_of(request.user, (*READING_ROLES, "administrator"))),
        "own": Adoption.objects.counting_at(
            Organization.objects.for_roles(request.user, Role.BRANCH_SECRETARY).branches(), timezone.localdate()
        ),
    }
    return render(request, "scoring/schemes/schemes.html", context)


@require_safe
def scheme_detail(request: HttpRequest, code: str) -> HttpResponse:
    """The version of a scheme that the user's own branches use; where they use none, the latest released."""
    _guard(request)
    released = SchemeVersion.objects.released().filter(code=code).order_by("-number")
    return _version_page(request, version_to_show(request.user, code) or get_object_or_404(released[:1]))


@require_safe
def version_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One version, also an earlier one or a draft."""
    _guard(request)
    return _version_page(request, get_object_or_404(SchemeVersion.objects.visible_to(request.user), pk=pk))


@require_http_methods(["GET", "HEAD", "POST"])
def draft_version(request: HttpRequest, pk: int) -> HttpResponse:
    """A new draft that starts from a released version."""
    _guard(request)
    base = get_object_or_404(SchemeVersion.objects.released(), pk=pk)
    if not permissions.can_draft_schemes(request.user):
        raise PermissionDenied
    initial = {"definition": base.definition, "text": base.text}
    return _draft_page(
        request, base, DraftForm(request.POST or None, request.FILES or None, version=base, initial=initial)
    )


@require_http_methods(["GET", "HEAD", "POST"])
def edit_version(request: HttpRequest, pk: int) -> HttpResponse:
    """Go on with a draft."""
    _guard(request)
    draft = _draft_or_404(request, pk)
    initial = {"definition": draft.definition, "text": draft.text, "note": draft.note}
    return _draft_page(
        request, draft, DraftForm(request.POST or None, request.FILES or None, version=draft, initial=initial)
    )


@require_POST
def discard_version(request: HttpRequest, pk: int) -> HttpResponse:
    _guard(request)
    draft = _draft_or_404(request, pk)
    code = draft.code
    schemes_services.discard_draft(draft)
    messages.success(request, f"已删去{draft}的草稿。")
    return redirect("scoring:scheme", code=code)


@require_http_methods(["GET", "HEAD", "POST"])
def release_version(request: HttpRequest, pk: int) -> HttpResponse:
    """What release checks, and with POST the release; refused while anything fails."""
    _guard(request)
    draft = _draft_or_404(request, pk)
    if request.method == "POST":
        try:
            version = schemes_services.release_version(draft)
        except ValidationError as error:
            return render(
                request, "scoring/schemes/release.html", {"draft": draft, "problems": error.messages}, status=409
            )
        messages.success(request, f"已发布{version},各单位可以采用。")
        return redirect("scoring:version", pk=version.pk)
    context = {
        "draft": draft,
        "problems": schemes_services.refusals(draft),
        "case_count": WorkedCase.objects.filter(code=draft.code).count(),
        "before": SchemeVersion.objects.latest_of(draft.code),
    }
    return render(request, "scoring/schemes/release.html", context)


@require_safe
def compare_versions(request: HttpRequest, pk: int) -> HttpResponse:
    """What a version says otherwise than another one: by default than the one before it."""
    _guard(request)
    visible = SchemeVersion.objects.visible_to(request.user)
    version = get_object_or_404(visible, pk=pk)
    others = [
        other for other in visible.filter(code=version.code).order_by("-number").defer("definition", "text")
        if other.pk != version.pk
    ]  # fmt: skip
    chosen = request.GET.get("with", "")
    if chosen:
        other = get_object_or_404(visible, code=version.code, pk=whole(chosen))
    else:
        other = next((one for one in others if not one.is_draft and one.number < version.number), None)
    context = {"version": version, "other": other, "others": others}
    if other:
        try:
            context["changes"] = outline.changes(other.scheme, version.scheme)
        except SchemeError:
            context["broken"] = True
    return render(request, "scoring/schemes/compare.html", context)


def _guard(request: HttpRequest) -> None:
    if not permissions.can_read_schemes(request.user):
        raise PermissionDenied


def _draft_or_404(request: HttpRequest, pk: int) -> SchemeVersion:
    """A draft that the user may edit: street staff see those of their own street, nobody else sees one."""
    return get_object_or_404(SchemeVersion.objects.drafts().visible_to(request.user), pk=pk)


def _version_page(request: HttpRequest, version: SchemeVersion) -> HttpResponse:
    user = request.user
    may_draft = permissions.can_draft_schemes(user)
    used = versions_in_use(user).get(version.code, {})
    streets = Organization.objects.for_roles(user, Role.STREET_STAFF)
    checked = schemes_services.check_sources(version.definition, version.text, version.code)
    clauses = outline.clauses(checked.scheme) if checked.scheme else []
    cases = WorkedCase.objects.visible_to(user).filter(code=version.code).select_related("organization")
    shown = cases.order_by("organization__path", "name")[:CASES_SHOWN] if checked.scheme else []
    adoptions = Adoption.objects.filter(around(user), version__code=version.code)
    versions = SchemeVersion.objects.visible_to(user).filter(code=version.code).defer("definition", "text")
    context = {
        "version": version,
        "post": POSTS.get(checked.scheme.post, "") if checked.scheme else "",
        "faults": schemes_services.placed(checked.faults, version.definition, version.text),
        "clauses": clauses,
        "contents": [clause for clause in clauses if not clause.depth],
        "coverage": outline.coverage(checked.scheme) if checked.scheme else [],
        "others": [line for line in outline.lines(checked.scheme) if not line.article] if checked.scheme else [],
        "versions": versions.select_related("created_by", "origin").order_by("-number"),
        "used": used,
        "latest": SchemeVersion.objects.latest_of(version.code),
        "cases": [(case, run_case(version, case.document)) for case in shown],
        "case_count": cases.count(),
        "adoptions": adoptions.select_related("organization", "version").order_by("organization__path", "-starts_on"),
        "may_draft": may_draft,
        "untried": why_untried(checked.scheme, streets) if checked.scheme and may_draft else "",
        "may_write_cases": permissions.can_write_cases(user),
    }
    return render(request, "scoring/schemes/scheme.html", context)


def _draft_page(request: HttpRequest, version: SchemeVersion, form: DraftForm) -> HttpResponse:
    """The form of a draft: `version` is the draft, or the released version that a new one starts from."""
    checked, asked = None, request.POST.get("action", "save")
    if request.method == "POST" and form.is_valid():
        definition, text, note = (form.cleaned_data[name] for name in ("definition", "text", "note"))
        checked = schemes_services.check_sources(definition, text, version.code)
        if asked == "keep" or (asked == "save" and checked.scheme):
            try:
                if version.is_draft:
                    draft = schemes_services.edit_draft(version, definition, text, note)
                else:
                    draft = schemes_services.draft_version(version, definition, text, note, actor=request.user)
            except ValidationError as error:
                form.add_error(None, error)
            else:
                wrong = f"还有 {len(checked.faults)} 处错误,改好以后才能发布。" if checked.faults else ""
                messages.success(request, f"草稿已保存。{wrong}")
                return redirect("scoring:version", pk=draft.pk)
    refused = form.errors or (checked and checked.faults)
    context = {"version": version, "form": form, "checked": checked}
    if checked and checked.faults:
        context["faults"] = schemes_services.placed(checked.faults, definition, text)
    return render(request, "scoring/schemes/draft.html", context, status=400 if refused else 200)
