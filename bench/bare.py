"""A page to compare with: one query and a table of 50 rows in Django alone, without the product's middleware."""

from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpResponse
from django.template import Context, Engine
from django.test import override_settings
from django.urls import path

from members.models import Member

ROWS = 50
TABLE = Engine().from_string(
    "<!doctype html><title>Members</title><table>{% for row in rows %}"
    "<tr><td>{{ row.number }}</td><td>{{ row.name }}</td><td>{{ row.gender }}</td><td>{{ row.born }}</td></tr>"
    "{% endfor %}</table>"
)


def table(request):
    rows = Member.objects.only("number", "name", "gender", "born")[:ROWS]
    return HttpResponse(TABLE.render(Context({"rows": rows})))


urlpatterns = [path("", table)]


def own_urls(get_response):
    """The one middleware: it leads to this page instead of the product's."""

    def middleware(request):
        request.urlconf = __name__
        return get_response(request)

    return middleware


def application() -> WSGIHandler:
    with override_settings(MIDDLEWARE=[f"{__name__}.own_urls"]):
        return WSGIHandler()
