from collections import Counter

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from members import exports, permissions
from members.forms.imports import UploadForm
from members.forms.roster import RosterFilter
from members.lists import exported
from members.services import imports, keeping
from members.views.roster import roster_table
from members.workbooks import ROSTER_LIMIT, WorkbookError, read_upload

ROWS_A_PAGE = 100
FAULTS_SHOWN = 100  # on top of the page; the rows have all of those that were looked at
SAME_SHOWN = 300  # folded below the rows that the import changes
KEPT = "roster_import"
KINDS = {"fault": "有错", "new": "新增", "changed": "更新", "same": "没有变化"}


@require_safe
def export_members(request: HttpRequest) -> HttpResponse:
    """The rows that the roster shows, in its order, as an .xlsx; of who has left it only what the list shows."""
    if not permissions.can_read_records(request.user):
        raise PermissionDenied
    form = RosterFilter(request.GET, user=request.user)
    table = roster_table(request, form, form.members())
    if form.asks_for_departed:
        return exported(request, table)
    return exports.as_download(
        exports.roster_workbook(table.rows_in_order, request.user), f"党员名册 {timezone.localdate()}"
    )


@require_safe
def import_template(request: HttpRequest) -> HttpResponse:
    if not permissions.can_import_members(request.user):
        raise PermissionDenied
    return exports.as_download(exports.template_workbook(), "党员名册模板")


def import_context(upload: imports.Upload, kind: str, page: str | None) -> dict:
    """What the preview shows: how many rows there are of each kind, and a page of those of one kind.

    Without a kind, rows that change nothing are not among the others: they are folded below.
    """
    counts = Counter(row.kind for row in upload.rows)
    same = [row for row in upload.rows if row.kind == "same" and not kind]
    rows = [row for row in upload.rows if (row.kind == kind if kind else row.kind != "same")]
    faults = [f"第 {row.number} 行{fault}" for row in upload.rows for fault in row.faults]
    return {
        "counts": {each: counts[each] for each in KINDS},
        "kinds": [(each, label, counts[each]) for each, label in KINDS.items() if counts[each]],
        "kind": kind,
        "total": len(upload.rows) + upload.unread,
        "read": len(upload.rows),
        "unread": upload.unread,
        "page": Paginator(rows, ROWS_A_PAGE).get_page(page),
        "same": same[:SAME_SHOWN],
        "more_same": max(0, len(same) - SAME_SHOWN),
        "faults": faults[:FAULTS_SHOWN],
        "more_faults": max(0, len(faults) - FAULTS_SHOWN),
        "unused": upload.unused,
        "promised": upload.promised,
        "can_write": not faults and counts["new"] + counts["changed"] > 0,
    }


@require_http_methods(["GET", "HEAD", "POST"])
def import_members(request: HttpRequest) -> HttpResponse:
    """Takes a file and keeps it for the preview; one that cannot be read is refused here."""
    if not permissions.can_import_members(request.user):
        raise PermissionDenied
    form = UploadForm(request.POST or None, request.FILES or None)
    if form.is_valid():
        try:
            sheet = read_upload(form.cleaned_data["file"], ROSTER_LIMIT)
            upload = imports.checked_upload(sheet, actor=request.user)
        except WorkbookError as error:
            form.add_error("file", str(error))
        else:
            request.session[KEPT] = imports.keep_upload(upload, actor=request.user)
            return redirect("members:preview_import")
    return render(request, "members/roster/import.html", {"form": form, "most": ROSTER_LIMIT})


@require_http_methods(["GET", "HEAD", "POST"])
def preview_import(request: HttpRequest) -> HttpResponse:
    """What the kept file would change; with POST it is written, all or nothing."""
    if not permissions.can_import_members(request.user):
        raise PermissionDenied
    token = request.session.get(KEPT, "")
    upload = imports.kept_upload(token, actor=request.user)
    if upload is None:
        messages.error(request, "上传的文件已经过期,没有写入任何数据。请重新上传。")
        return redirect("members:import_members")
    if request.method == "POST" and not upload.is_faulty:
        try:
            imports.import_roster(upload.sheet, request.POST.get("promised", ""), actor=request.user)
        except imports.RosterChangedError:
            messages.warning(request, "您核对的时候名册有变动,还没有写入任何数据。请按下面的新结果再核对一次。")
            upload = imports.checked_upload(upload.sheet, actor=request.user)
            imports.keep_upload(upload, actor=request.user, token=token)
        else:
            keeping.drop(token)
            del request.session[KEPT]
            counts = Counter(row.kind for row in upload.rows)
            messages.success(
                request, f"已导入:新增 {counts['new']} 人,更新 {counts['changed']} 人,{counts['same']} 人没有变化。"
            )
            return redirect("members:roster")
    kind = request.GET.get("kind", "")
    context = import_context(upload, kind if kind in KINDS else "", request.GET.get("page"))
    return render(request, "members/roster/preview.html", context)
