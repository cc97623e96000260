"""Worked cases of a unit: written in a form, run, kept, sent out and taken in as a file."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from members.models import Organization
from members.numbers import whole
from scoring import permissions, schemes_services
from scoring.engine.cases import CaseFilesError
from scoring.forms_cases import CaseForms, fits_form
from scoring.forms_schemes import ImportCasesForm
from scoring.in_use import version_to_show
from scoring.models import SchemeVersion, WorkedCase
from scoring.unit_settings import differing
from scoring.worked_cases import answer, joined, run_case, run_document

CASES_A_PAGE = 30


@require_safe
def cases(request: HttpRequest, code: str) -> HttpResponse:
    """The worked cases of a scheme that the user sees, each run under the version that is in use there."""
    version = _version_or_404(request, code)
    found = WorkedCase.objects.visible_to(request.user).filter(code=code).select_related("organization")
    page = Paginator(found.order_by("organization__path", "name"), CASES_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "version": version,
        "page": page,
        "rows": [(case, run_case(version, case.document)) for case in page],
        "may_write_cases": permissions.can_write_cases(request.user),
        "units": Organization.objects.for_roles(request.user, *permissions.CASE_ROLES)
        .filter(worked_cases__isnull=False)
        .distinct(),
    }
    return render(request, "scoring/schemes/cases.html", context)


@require_safe
def case_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One worked case: its facts, and the answer beside what is expected."""
    case = _case_or_404(request, pk)
    version = _version_or_404(request, case.code)
    run = run_case(version, case.document)
    may_edit = permissions.can_edit_cases(request.user, case.organization)
    context = {
        "case": case,
        "version": version,
        "run": run,
        "answer": answer(run),
        "settings": differing(version.scheme, run.outcome.case.settings) if run.outcome else [],
        "may_edit": may_edit,
        "may_edit_in_form": may_edit and fits_form(case, version.scheme, request.user),
    }
    return render(request, "scoring/schemes/case.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def add_case(request: HttpRequest, code: str) -> HttpResponse:
    """A new case of one person."""
    version = _version_or_404(request, code)
    if not permissions.can_write_cases(request.user):
        raise PermissionDenied
    return _case_form(request, version, None)


@require_http_methods(["GET", "HEAD", "POST"])
def edit_case(request: HttpRequest, pk: int) -> HttpResponse:
    """The form of a case; one that a form cannot hold is changed in its file."""
    case = _own_case(request, pk)
    version = _version_or_404(request, case.code)
    if not fits_form(case, version.scheme, request.user):
        messages.warning(request, "这个算例不止一人,或者与现行规则不合,请导出文件修改后重新导入。")
        return redirect("scoring:case", pk=pk)
    return _case_form(request, version, case)


@require_POST
def delete_case(request: HttpRequest, pk: int) -> HttpResponse:
    case = _own_case(request, pk)
    case.delete()
    messages.success(request, f"已删去算例 {case.name}。")
    return redirect("scoring:cases", code=case.code)


@require_http_methods(["GET", "HEAD", "POST"])
def import_cases(request: HttpRequest) -> HttpResponse:
    """Cases of a unit from a file: all of them, or none where the file has a fault."""
    if not permissions.can_write_cases(request.user):
        raise PermissionDenied
    form = ImportCasesForm(request.POST or None, request.FILES or None, user=request.user)
    faults = ()
    if request.method == "POST" and form.is_valid():
        name, text = form.cleaned_data["file"]
        organization = form.cleaned_data["organization"]
        try:
            stored, replaced = schemes_services.import_cases(text, name, organization, actor=request.user)
        except CaseFilesError as error:
            faults = error.faults
        else:
            messages.success(request, f"已导入:新增 {len(stored) - replaced} 个,更换 {replaced} 个。")
            return redirect("scoring:cases", code=stored[0].code)
    context = {"form": form, "faults": faults}
    return render(request, "scoring/schemes/import_cases.html", context, status=400 if form.errors or faults else 200)


@require_safe
def export_cases(request: HttpRequest) -> HttpResponse:
    """All cases of a unit (`?organization=`) in one file."""
    if not permissions.can_write_cases(request.user):
        raise PermissionDenied
    units = Organization.objects.for_roles(request.user, *permissions.CASE_ROLES)
    chosen = request.GET.get("organization", "")
    unit = get_object_or_404(units, pk=whole(chosen)) if chosen else units.first()
    documents = WorkedCase.objects.filter(organization=unit).values_list("document", flat=True)
    response = HttpResponse(joined(documents), content_type="application/yaml; charset=utf-8")
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=f"{unit} 算例.yaml")
    return response


def _version_or_404(request: HttpRequest, code: str) -> SchemeVersion:
    if not permissions.can_read_schemes(request.user):
        raise PermissionDenied
    version = version_to_show(request.user, code)
    if version is None:
        raise Http404
    return version


def _case_or_404(request: HttpRequest, pk: int) -> WorkedCase:
    seen = WorkedCase.objects.visible_to(request.user).select_related("organization", "created_by")
    return get_object_or_404(seen, pk=pk)


def _own_case(request: HttpRequest, pk: int) -> WorkedCase:
    case = _case_or_404(request, pk)
    if not permissions.can_edit_cases(request.user, case.organization):
        raise PermissionDenied
    return case


def _case_form(request: HttpRequest, version: SchemeVersion, case: WorkedCase | None) -> HttpResponse:
    """Ask, run, show the answer, keep: `save` keeps what holds, `keep` also what differs."""
    posted = request.POST if request.method == "POST" else None
    asked = request.POST.get("action", "save")
    more = asked.partition("more:")[2]
    forms = CaseForms(version.scheme, request.user, data=posted, case=case, more=more)
    run = None
    if posted is not None and not forms.quiet and forms.is_valid():
        document = forms.document()
        run = run_document(version.scheme, document)
        forms.place(run.faults)
        if asked == "keep" or (asked == "save" and run.holds):
            saved = _save_case(forms, document, version, case, request)
            if saved:
                messages.success(request, f"已保存算例 {saved.name}。")
                return redirect("scoring:case", pk=saved.pk)
    refused = posted is not None and not forms.quiet and forms.errors()
    context = {"forms": forms, "version": version, "case": case, "run": run, "answer": answer(run) if run else []}
    return render(request, "scoring/schemes/case_form.html", context, status=400 if refused else 200)


def _save_case(forms: CaseForms, document: str, version: SchemeVersion, case: WorkedCase | None, request: HttpRequest):
    """The stored case, or None after noting why it is refused."""
    case = case or WorkedCase(
        code=version.code,
        organization=forms.person.cleaned_data["organization"],
        name=forms.name,
        created_by=request.user,
    )
    case.document = document
    try:
        case.full_clean()
    except ValidationError as error:
        forms.person.add_error(None, error.messages)
        return None
    case.save()
    return case
