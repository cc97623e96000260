"""Taking back a transfer that was entered wrongly."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from evaluations import services
from members.views.roster import member_to_edit


@require_POST
def undo_transfer(request: HttpRequest, pk: int) -> HttpResponse:
    """Back to the member, whose last transfer is taken back or stays with a sentence why."""
    person, _ = member_to_edit(request, pk)
    try:
        former = services.undo_transfer(person, actor=request.user)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, f"已撤销这次转移,{person}仍在{former.organization}。")
    return redirect("members:member", pk)
