"""Signing in and out, the password, and the size of type."""

from axes.helpers import get_cool_off
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, logout, update_session_auth_hash
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from config.errors import error_page
from members.cookies import remember
from members.forms.accounts import ChangePasswordForm, SignInForm


@login_not_required
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        return redirect(_next_page(request))
    form = SignInForm(request, data=request.POST or None)
    if request.method == "POST" and form.is_valid():
        login(request, form.get_user())
        return redirect(_next_page(request))
    return render(request, "members/accounts/sign_in.html", {"form": form, "next": _next_page(request, default="")})


def locked_out(request: HttpRequest, response: HttpResponse, credentials: dict) -> HttpResponse:
    """The answer of django-axes from the fifth failure on: when to try again. The same for names that do not exist."""
    failures = AccessAttempt.objects.filter(username=credentials["username"], ip_address=request.axes_ip_address)
    last = failures.order_by("-attempt_time").values_list("attempt_time", flat=True).first() or timezone.now()
    again = timezone.localtime(last + get_cool_off(request))
    text = f"这个账号连续 {settings.AXES_FAILURE_LIMIT} 次没有登录成功。请在 {again:%H:%M} 以后再试;忘记密码请找管理员重设。"
    return error_page(request, 429, "请稍后再登录", text)


@login_not_required  # a session that has run out can be left all the same
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    messages.success(request, "您已退出。")
    return redirect("members:sign_in")


@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def change_password(request: HttpRequest) -> HttpResponse:
    """A new password; the user's other sessions end with it."""
    form = ChangePasswordForm(request.user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        form.user.must_change_password = False
        form.save()
        update_session_auth_hash(request, form.user)
        messages.success(request, "密码已改。下次登录用新密码。")
        return redirect("home")
    return render(request, "members/accounts/change_password.html", {"form": form})


@login_not_required
@require_POST
def large_type(request: HttpRequest) -> HttpResponse:
    """Back to the page one was on, in large type or out of it; the browser remembers."""
    response = redirect(_next_page(request))
    large = "on" if request.POST.get("large") == "on" else "off"
    remember(response, "large", large)
    return response


def _next_page(request: HttpRequest, default: str = "/") -> str:
    """The page of this site that `next` names, or the default."""
    page = request.POST.get("next") or request.GET.get("next") or ""
    safe = url_has_allowed_host_and_scheme(page, {request.get_host()}, require_https=request.is_secure())
    return page if page and safe else default
