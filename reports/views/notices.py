"""Written notices: downloaded from a measure or a ledger; and the templates that a street may replace."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from evaluations.models import Appeal, Measure, Result
from members.models import Member, Organization
from reports import notices
from reports.forms import NoticeTemplateForm
from reports.models import NoticeTemplate
from reports.permissions import can_keep_templates, can_see_sensitive, template_places
from scoring.engine import Period
from scoring.forms import add_errors


@require_safe
def measure_notice(request: HttpRequest, pk: int) -> HttpResponse:
    """The notice that goes with a measure under way."""
    seen = Measure.objects.visible_to(request.user).filter(opened_at__isnull=False).prefetch_related("steps")
    measure = get_object_or_404(seen.select_related("round__organization", "member", "organization"), pk=pk)
    if not measure.rules.notice:
        raise Http404
    title = notices.KINDS[measure.rules.notice].title
    return _docx(notices.measure_notice(measure), f"{measure.member}{title}")


@require_safe
def result_notice(request: HttpRequest, pk: int, period: str, scheme: str) -> HttpResponse:
    """The notice of a member's final result; for the person concerned and those who decide such matters."""
    member = get_object_or_404(Member.objects.on_record_for(request.user), pk=pk)
    if not can_see_sensitive(request.user, member):
        raise PermissionDenied
    found = Result.objects.filter(member=member, round__period=period, round__scheme=scheme).order_by("-pk")
    found = found.select_related("round__organization", "member", "branch__organization", "branch__version")
    result = next((one for one in found if one.round.takes_measures), None)
    if result is None:
        raise Http404
    return _docx(notices.result_notice(result), f"{member}{Period.parse(result.round.period).title}考核结果通知书")


@require_safe
def appeal_notice(request: HttpRequest, pk: int) -> HttpResponse:
    """The written reply to an appeal or objection, once it is decided."""
    seen = Appeal.objects.visible_to(request.user).filter(state__in=Appeal.DECIDED)
    appeal = get_object_or_404(seen.select_related("round__organization", "member", "organization"), pk=pk)
    return _docx(notices.appeal_notice(appeal), f"{appeal.member}异议答复书")


def _docx(content: bytes, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type=notices.DOCX)
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=f"{name}.docx")
    return response


# Templates --------------------------------------------------------------------------------------


@require_safe
def notice_templates(request: HttpRequest) -> HttpResponse:
    """Every kind of notice of the user's organisations, and whether it has a template of its own."""
    places = list(template_places(request.user))
    if not places:
        raise PermissionDenied
    own = {(one.organization_id, one.kind): one for one in NoticeTemplate.objects.filter(organization__in=places)}
    groups = [(place, [(kind, own.get((place.pk, kind.code))) for kind in notices.KINDS.values()]) for place in places]
    return render(request, "reports/notice_templates.html", {"groups": groups})


@require_http_methods(["GET", "HEAD", "POST"])
def notice_template(request: HttpRequest, pk: int, kind: str) -> HttpResponse:
    """The fields of one kind, the template in use, and the form that replaces it."""
    place, kind = _place_and_kind(request, pk, kind)
    form = NoticeTemplateForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            notices.keep_template(place, kind, form.cleaned_data["file"], actor=request.user)
        except ValidationError as error:
            add_errors(form, error)
        else:
            messages.success(request, f"已换成本单位的{kind.title}模板,以后下载的通知书都用它。")
            return redirect("reports:notice_template", pk=pk, kind=kind.code)
    own = NoticeTemplate.objects.filter(organization=place, kind=kind.code).select_related("uploaded_by").first()
    context = {"place": place, "kind": kind, "fields": kind.fields.items(), "own": own, "form": form}
    return render(request, "reports/notice_template.html", context, status=400 if form.errors else 200)


@require_safe
def template_file(request: HttpRequest, pk: int, kind: str) -> HttpResponse:
    """The template in use, to be changed in Word and uploaded again."""
    place, kind = _place_and_kind(request, pk, kind)
    own = notices.template_of(place, kind.code)
    return _docx(bytes(own.content) if own else notices.shipped_template(kind.code), f"{kind.title}模板")


@require_POST
def drop_template(request: HttpRequest, pk: int, kind: str) -> HttpResponse:
    """Back to the product's template."""
    place, kind = _place_and_kind(request, pk, kind)
    notices.drop_template(place, kind)
    messages.success(request, f"{kind.title}已恢复原来的模板。")
    return redirect("reports:notice_template", pk=pk, kind=kind.code)


def _place_and_kind(request: HttpRequest, pk: int, kind: str) -> tuple[Organization, notices.NoticeKind]:
    """The organisation, if the user sees it (else 404) and keeps its templates (else 403), and a kind that there is."""
    place = get_object_or_404(Organization.objects.visible_to(request.user), pk=pk)
    if not can_keep_templates(request.user, place):
        raise PermissionDenied
    if kind not in notices.KINDS:
        raise Http404
    return place, notices.KINDS[kind]
