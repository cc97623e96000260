"""Taking back a transfer that was entered wrongly."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from evaluations import services
from members.permissions import can_undo_transfer
from members.views.roster import member_to_edit


@require_http_methods(["GET", "HEAD", "POST"])
def undo_transfer(request: HttpRequest, pk: int) -> HttpResponse:
    """A look at what it comes to, then back to the member, whose last transfer is taken back or stays with a sentence why."""
    person, _ = member_to_edit(request, pk)
    if request.method != "POST":
        if person.last_transfer and not can_undo_transfer(request.user, person):
            raise PermissionDenied
        former, current = person.last_transfer or (None, None)
        context = {"member": person, "former": former, "current": current}
        return render(request, "members/roster/undo_transfer.html", context)
    try:
        former = services.undo_transfer(person, actor=request.user)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, f"已撤销这次转移,{person}仍在{former.organization}。")
    return redirect("members:member", pk)
