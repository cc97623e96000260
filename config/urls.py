"""The addresses of the site."""

from django.urls import include, path

urlpatterns = [
    path("", include("reports.urls")),
    path("", include("members.urls")),
    path("", include("scoring.urls")),
    path("", include("evaluations.urls")),
]

handler400 = "config.errors.bad_request"
handler403 = "config.errors.forbidden"
handler404 = "config.errors.not_found"
handler500 = "config.errors.server_error"
