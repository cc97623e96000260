"""The minutes of an activity: to be read and printed, and written by whoever keeps its attendance."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from members import permissions, services
from members.forms.minutes import HEADS, MinutesForm
from members.models import Activity, MinutesFile
from members.numbers import whole
from members.uploads import file_response


@require_http_methods(["GET", "HEAD", "POST"])
def minutes(request: HttpRequest, pk: int) -> HttpResponse:
    """What is written down of the activity, latest first; the form where there is nothing yet, or with ?edit."""
    visible = Activity.objects.visible_to(request.user).with_summary()
    event = get_object_or_404(visible.select_related("organization"), pk=pk)
    may_write = permissions.can_record_attendance(request.user, event.organization)
    if request.method == "POST" and not may_write:
        raise PermissionDenied
    may_write = may_write and event.date <= timezone.localdate()
    form = MinutesForm(request.POST, request.FILES) if request.method == "POST" else None
    if form and form.is_valid() and _write(request, event, form):
        return redirect("members:minutes", pk)
    latest, *earlier = [*event.minutes.select_related("written_by").order_by("-pk")] or [None]
    if form is None and may_write and (latest is None or "edit" in request.GET):
        form = MinutesForm(initial={"text": latest.text if latest else HEADS})
    context = {
        "activity": event,
        "latest": latest,
        "earlier": earlier,
        "files": MinutesFile.objects.filter(minutes__activity=event),
        "form": form,
        "may_write": may_write,
        "today": timezone.localdate(),
    }
    return render(request, "members/activities/minutes.html", context, status=400 if form and form.errors else 200)


def _write(request: HttpRequest, event: Activity, form: MinutesForm) -> bool:
    """True if it is stored; else the form says why not."""
    data = form.cleaned_data
    try:
        stored = services.write_minutes(
            event,
            text=data["text"],
            files=data["files"],
            seen=whole(request.POST.get("seen", "")) or 0,
            actor=request.user,
        )
    except ValidationError as error:
        form.add_error(None, error)
        return False
    messages.success(request, "会议记录已保存。" if stored else "没有改动。")
    return True


@require_safe
def minutes_file(request: HttpRequest, pk: int, file_pk: int) -> HttpResponse:
    """A paper of the minutes: a picture as such, anything else to be downloaded."""
    event = get_object_or_404(Activity.objects.visible_to(request.user), pk=pk)
    shown = get_object_or_404(MinutesFile.objects.filter(minutes__activity=event), pk=file_pk)
    return file_response(shown.file, shown.name)
