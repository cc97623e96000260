"""What the browser remembers of how somebody likes the pages: large type, rows a page."""

from django.conf import settings
from django.http import HttpResponse

YEAR = 365 * 24 * 60 * 60  # seconds


def remember(response: HttpResponse, name: str, value: str) -> None:
    """Let the browser keep a wish for a year. Nothing about anybody."""
    response.set_cookie(name, value, max_age=YEAR, samesite="Lax", httponly=True, secure=settings.TLS)
