"""The site with three pages more: one that breaks, one whose database is gone, one whose disk is full."""

import errno

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import BadRequest, PermissionDenied
from django.db import OperationalError
from django.urls import path

from config import urls
from config.urls import handler400, handler403, handler404, handler500

__all__ = ["handler400", "handler403", "handler404", "handler500"]

FAULTS = {
    "broken": ValueError("a bug"),
    "refused": PermissionDenied("no"),
    "garbled": BadRequest("half"),
    "database": OperationalError("connection refused"),
    "disk": OSError(errno.ENOSPC, "No space left on device"),
}


@login_not_required
def fail(request, fault):
    raise FAULTS[fault]


urlpatterns = [*urls.urlpatterns, path("fail/<str:fault>/", fail)]
