"""The unit's own regulation at an adoption: attach it, point the scheme's articles at its own, take it down."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from scoring import adoption_services as services
from scoring.documents import DocumentError, document_of, with_unit_words
from scoring.forms_adoptions import DocumentForm, MappingForm
from scoring.models import Adoption, UnitDocument
from scoring.permissions import can_edit_settings
from scoring.views.adoptions import adoption_or_404, adoption_to_edit, require_edit


@require_http_methods(["GET", "HEAD", "POST"])
def document(request: HttpRequest, pk: int) -> HttpResponse:
    """The unit's own regulation beside the scheme's articles; POST attaches a file where there is none yet."""
    shown = adoption_or_404(request, pk)
    form = DocumentForm(request.POST or None, request.FILES or None)
    if request.method == "POST":
        require_edit(request, shown)
        if document_of(shown):
            messages.warning(request, "这里已经附有文件,没有上传。要换,请先看清换了以后的变化。")
            return redirect("scoring:replace_document", pk=pk)
        if _attach(request, shown, form):
            return redirect("scoring:document", pk=pk)
    return _document_page(request, shown, form)


@require_http_methods(["GET", "HEAD", "POST"])
def replace_document(request: HttpRequest, pk: int) -> HttpResponse:
    """What another file takes the place of, and the form that uploads it."""
    shown, former = _document_to_edit(request, pk)
    form = DocumentForm(request.POST or None, request.FILES or None, initial={"title": former.title})
    if request.method == "POST" and _attach(request, shown, form):
        return redirect("scoring:document", pk=pk)
    context = {"adoption": shown, "document": former, "form": form}
    return render(request, "scoring/adoptions/document_replace.html", context, status=400 if form.errors else 200)


def _attach(request: HttpRequest, shown: Adoption, form: DocumentForm) -> bool:
    """Whether the form's file was attached; if not, the form says why."""
    if not form.is_valid():
        return False
    title, file = form.cleaned_data["title"], form.cleaned_data["file"]
    try:
        attached = services.attach_document(shown, title, file, actor=request.user)
    except DocumentError as error:
        form.add_error("file", str(error))
        return False
    messages.success(
        request,
        f"已读出 {len(attached.articles)} 条。请核对下面的对应关系并保存,保存以后才显示本单位的条文。",
    )
    return True


@require_POST
def map_document(request: HttpRequest, pk: int) -> HttpResponse:
    """Point the scheme's articles at those of the unit's document."""
    shown, attached = _document_to_edit(request, pk)
    form = MappingForm(request.POST, scheme=shown.version.scheme, document=attached)
    if not form.is_valid():
        return _document_page(request, shown, DocumentForm(), mapping=form)
    services.map_articles(attached, form.mapping, actor=request.user)
    messages.success(request, f"已保存:{len(form.mapping)} 条显示本单位的条文,其余显示示范文本。")
    return redirect("scoring:document", pk=pk)


@require_http_methods(["GET", "HEAD", "POST"])
def remove_document(request: HttpRequest, pk: int) -> HttpResponse:
    """What goes with the document, and with POST the document itself; the model text is shown again."""
    shown, attached = _document_to_edit(request, pk)
    if request.method != "POST":
        context = {"adoption": shown, "document": attached}
        return render(request, "scoring/adoptions/document_remove.html", context)
    services.remove_document(shown)
    messages.success(request, "已取下本单位的文件,改为显示示范文本。")
    return redirect("scoring:document", pk=pk)


@require_safe
def document_file(request: HttpRequest, pk: int) -> HttpResponse:
    """The file as it was uploaded."""
    attached = document_of(adoption_or_404(request, pk))
    if attached is None:
        raise Http404
    kind = attached.file.name.rpartition(".")[2]
    try:
        with attached.file.open("rb") as file:
            response = HttpResponse(file.read(), content_type="application/octet-stream")
    except FileNotFoundError as error:
        raise Http404 from error
    response["Content-Disposition"] = content_disposition_header(
        as_attachment=True, filename=f"{attached.title}.{kind}"
    )
    return response


def _document_page(
    request: HttpRequest, shown: Adoption, form: DocumentForm, mapping: MappingForm | None = None
) -> HttpResponse:
    attached = document_of(shown)
    may_edit = can_edit_settings(request.user, shown.organization)
    if attached and may_edit and mapping is None:
        mapping = MappingForm(scheme=shown.version.scheme, document=attached)
    context = {
        "adoption": shown,
        "document": attached,
        "form": form,
        "mapping": mapping,
        "scheme": with_unit_words(shown.version.scheme, attached),
        "may_edit": may_edit,
    }
    faulty = form.errors or (mapping and mapping.errors)
    return render(request, "scoring/adoptions/document.html", context, status=400 if faulty else 200)


def _document_to_edit(request: HttpRequest, pk: int) -> tuple[Adoption, UnitDocument]:
    """A visible adoption whose values the user sets, with its document; 404 without one."""
    shown = adoption_to_edit(request, pk)
    attached = document_of(shown)
    if attached is None:
        raise Http404
    return shown, attached
