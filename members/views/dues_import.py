from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from members import permissions
from members.forms.filters import BasesFilter
from members.forms.imports import UploadForm
from members.models import Organization
from members.services import bank, keeping
from members.services.bank import BankPlan
from members.workbooks import Sheet, WorkbookError, read_upload

KEPT = "dues_import"
SHOWN = 300  # rows on the preview
NAMED = 10  # rows left out, in the message after it


def place_of(request: HttpRequest) -> tuple[BasesFilter, Organization | None]:
    """The filter, and the organisation whose dues are imported: one whose records the user keeps."""
    form = BasesFilter(request.GET, user=request.user)
    return form, form.chosen()[1]


@require_http_methods(["GET", "HEAD", "POST"])
def import_dues(request: HttpRequest) -> HttpResponse:
    """Takes a bank's list. A good one is kept for the preview; of a bad one nothing is."""
    if not permissions.can_keep_dues_bases(request.user):
        raise PermissionDenied
    filters, organization = place_of(request)
    if organization is None and request.method == "POST":
        raise Http404
    form = UploadForm(request.POST or None, request.FILES or None)
    preview = {}
    if form.is_valid():
        try:
            sheet = read_upload(form.cleaned_data["file"])
            plan = bank.check_list(sheet, organization)
        except WorkbookError as error:
            form.add_error("file", str(error))
        else:
            if not plan.faults:
                token = keeping.keep({"rows": sheet.rows}, actor=request.user)
                request.session[KEPT] = {"token": token, "organization": organization.pk}
                return redirect("members:preview_dues")
            preview = shown(plan)
    context = {"filters": filters, "form": form, "organization": organization, "can_record": True, **preview}
    return render(request, "members/dues/import.html", context)


def shown(plan: BankPlan) -> dict:
    """What the preview shows of a list: its rows by what they come to, as many as a page can hold."""
    kinds = {kind: plan.of_kind(kind) for kind in ("pay", "same", "open", "left", "fault")}
    return {
        "plan": plan,
        "counts": {kind: len(entries) for kind, entries in kinds.items()},
        "paying": kinds["pay"][:SHOWN],
        "same": kinds["same"][:SHOWN],
        "open": kinds["open"],
        "left": kinds["left"],
        "not_shown": max(0, len(kinds["pay"]) - SHOWN),
        "total": sum(line.amount_yuan for line in plan.lines),
        "people": len({entry.member for entry in kinds["pay"]}),
        "faults": plan.faults[:SHOWN],
    }


def named(rows: list[str]) -> str:
    """Rows that were left out, as far as a message goes."""
    return "、".join(rows[:NAMED]) + (f"等 {len(rows)} 行" if len(rows) > NAMED else "")


@require_http_methods(["GET", "HEAD", "POST"])
def preview_dues(request: HttpRequest) -> HttpResponse:
    """What the kept list would record; with POST this is recorded, or nothing."""
    if not permissions.can_keep_dues_bases(request.user):
        raise PermissionDenied
    kept = request.session.get(KEPT) or {"token": "", "organization": None}
    places = BasesFilter(request.GET, user=request.user).organizations(request.user)
    organization = places.filter(pk=kept["organization"]).first()
    content = keeping.kept(kept["token"], actor=request.user)
    if content is None or organization is None:
        messages.error(request, "上传的文件已经过期,没有写入任何数据。请重新上传。")
        return redirect("members:import_dues")
    sheet = Sheet([(number, row) for number, row in content["rows"]])
    errors = []
    if request.method == "POST":
        try:
            done, plan = bank.import_list(sheet, organization, request.POST.get("promised", ""), actor=request.user)
        except bank.ListChangedError:
            messages.warning(request, "您核对的时候党费有变动,还没有写入任何数据。请按下面的新结果再核对一次。")
        except ValidationError as error:
            errors = error.messages
        else:
            keeping.drop(kept["token"])
            del request.session[KEPT]
            messages.success(request, f"已登记缴纳 {len(done.paying)} 笔,共 {done.amount_yuan:.2f} 元。")
            if undecided := plan.of_kind("open"):
                rows = named([f"第 {entry.row.number} 行{entry.member}" for entry in undecided])
                messages.warning(request, f"没有登记:{rows}。党费核定以后,把同一份名单再传一次。")
            if gone := plan.of_kind("left"):
                rows = named([f"第 {entry.row.number} 行{entry.member}({entry.where})" for entry in gone])
                messages.warning(request, f"没有登记,人已经转出:{rows}。")
            return redirect("members:dues_receipt", done.receipt.pk)
    plan = bank.check_list(sheet, organization)
    context = {"organization": organization, "errors": errors, **shown(plan)}
    return render(request, "members/dues/preview.html", context)
