"""The help: the handbook's page of one's own role, and the others."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from reports.context_processors import leading
from reports.handbook import PAGES, help_page, page_of


@require_safe
def show_help(request: HttpRequest, page: str = "") -> HttpResponse:
    """A page of the handbook; without a name, that of the user's leading role."""
    role = leading(request.user)
    page = page or page_of(role.role if role else "")
    if page not in PAGES:
        raise Http404
    context = {"page": page, "title": PAGES[page], "pages": PAGES, "help": help_page(page)}
    return render(request, "reports/help.html", context)
