"""A page for what cannot be done because a stored scheme cannot be read."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from config.errors import error_page
from scoring.errors import UnreadableVersionError


class UnreadableVersionMiddleware:
    """Pages that need a version which this release of the product cannot read say so, and what to do."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, UnreadableVersionError):
            return None
        text = f"{exception.version}是以前存下的,现在的系统读不出来,这件事暂时办不了。请联系街道,改为采用另一版。"
        return error_page(request, 409, "方案读不出来", text)
