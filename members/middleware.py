"""Nothing behind sign-in is seen without it, kept by a browser, or open longer than allowed."""

import time

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.shortcuts import redirect, resolve_url
from django_htmx.http import HttpResponseClientRedirect

STARTED, SEEN = "signed_in_at", "seen_at"


class SignInMiddleware(LoginRequiredMiddleware):
    """Sends whoever is not signed in, or too long, to sign-in, and a first password to be changed.

    A view is open without sign-in only by Django's `login_not_required`.
    """

    def __call__(self, request):
        response = super().__call__(request)
        response["Cache-Control"] = "no-store"
        return response

    def process_view(self, request, view_func, view_args, view_kwargs):
        if request.user.is_authenticated:
            now = int(time.time())
            if now - request.session.get(SEEN, 0) >= settings.SESSION_REFRESH:
                request.session[SEEN] = now  # a change, so it is written with a new end
            if now - request.session.setdefault(STARTED, now) > settings.SESSION_LONGEST:
                logout(request)
                messages.info(request, "为了账号安全,登录满 8 小时会自动退出。请重新登录。")
        refused = super().process_view(request, view_func, view_args, view_kwargs)
        if refused or not getattr(view_func, "login_required", True):
            return refused
        page = "members:change_password"
        if request.user.must_change_password and request.resolver_match.view_name != page:
            return _go(request, resolve_url(page))
        return None

    def handle_no_permission(self, request, view_func):
        """To sign-in, and back afterwards; an address that only takes a form is no place to come back to."""
        if request.htmx:
            return HttpResponseClientRedirect(resolve_url(settings.LOGIN_URL))
        if request.method not in ("GET", "HEAD"):
            return redirect(settings.LOGIN_URL)
        return super().handle_no_permission(request, view_func)


def _go(request, url: str):
    return HttpResponseClientRedirect(url) if request.htmx else redirect(url)
