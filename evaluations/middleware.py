"""A page for what the database refuses because it is settled."""

from collections.abc import Callable

from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse

from config.errors import error_page
from evaluations.freeze import sentence_of


class FrozenMiddleware:
    """A write that one of the triggers refused says so in its sentence; nothing of it was stored."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        sentence = sentence_of(exception) if isinstance(exception, IntegrityError) else ""
        return error_page(request, 409, "没有保存", sentence) if sentence else None
