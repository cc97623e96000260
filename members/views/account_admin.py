"""Accounts and their roles, for the administrator: an account is opened, given roles, locked; never deleted."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Prefetch, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from members import permissions
from members.forms.account_admin import AccountFilter, NewAccountForm, RoleForm
from members.lists import list_page
from members.models import RoleAssignment, User
from members.querysets import accounts_kept_by
from members.services import accounts as services
from members.tables import AccountTable


@require_safe
def accounts(request: HttpRequest) -> HttpResponse:
    if not permissions.can_keep_accounts(request.user):
        raise PermissionDenied
    form = AccountFilter(request.GET)
    search = form.cleaned_data["q"].strip() if form.is_valid() else ""
    found = accounts_kept_by(request.user).filter(Q(name__icontains=search) | Q(username__icontains=search))
    today = RoleAssignment.objects.in_office().select_related("organization").order_by("organization__path", "role")
    found = found.prefetch_related(Prefetch("role_assignments", today, to_attr="roles_now"))
    table = AccountTable(found.order_by("name", "pk"), request)
    return list_page(request, "members/accounts/accounts.html", table, {"form": form})


@require_http_methods(["GET", "HEAD", "POST"])
def add_account(request: HttpRequest) -> HttpResponse:
    """The form of a new account; after it the first password, this once."""
    if not permissions.can_keep_accounts(request.user):
        raise PermissionDenied
    form = NewAccountForm(request.POST or None, user=request.user)
    if form.is_valid():
        role, organization = form.cleaned_data["role"], form.cleaned_data["organization"]
        account = form.account()
        try:
            password = services.add_account(account, role, organization)
        except ValidationError as error:
            form.add_error(None, " ".join(error.messages))
        else:
            return _password(request, account, password)
    return render(request, "members/accounts/add.html", {"form": form})


@require_safe
def account(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, _account_or_404(request, pk))


@require_POST
def grant_role(request: HttpRequest, pk: int) -> HttpResponse:
    user = _other_account(request, pk)
    form = RoleForm(request.POST, user=request.user)
    if form.is_valid():
        try:
            role = services.grant_role(user, form.cleaned_data["role"], form.cleaned_data["organization"])
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, f"已加岗位:{role}。")
            return redirect("members:account", pk)
    return _page(request, user, form)


@require_POST
def end_role(request: HttpRequest, pk: int, role_pk: int) -> HttpResponse:
    user = _other_account(request, pk)
    role = get_object_or_404(user.role_assignments.in_office().select_related("organization", "user"), pk=role_pk)
    services.end_role(role, actor=request.user)
    messages.success(request, f"已结束岗位:{role}。")
    return redirect("members:account", pk)


@require_POST
def reset_password(request: HttpRequest, pk: int) -> HttpResponse:
    user = _other_account(request, pk)
    return _password(request, user, services.reset_password(user, actor=request.user))


@require_POST
def switch_account(request: HttpRequest, pk: int) -> HttpResponse:
    """Lock the account, or with `on` open it again."""
    user, on = _other_account(request, pk), "on" in request.POST
    services.switch_account(user, on=on, actor=request.user)
    messages.success(request, f"{user}的账号{'已恢复,可以登录' if on else '已停用,不能再登录'}。")
    return redirect("members:account", pk)


def _account_or_404(request: HttpRequest, pk: int) -> User:
    return get_object_or_404(accounts_kept_by(request.user), pk=pk)


def _other_account(request: HttpRequest, pk: int) -> User:
    """An account that the administrator keeps; 403 for the own one."""
    user = _account_or_404(request, pk)
    if user.pk == request.user.pk:
        raise PermissionDenied
    return user


def _page(request: HttpRequest, user: User, form: RoleForm | None = None) -> HttpResponse:
    roles = user.role_assignments.select_related("organization").order_by("-starts_on", "-pk")
    today = timezone.localdate()
    context = {
        "account": user,
        "roles": roles.on(today),
        "ended": roles.filter(ends_on__lt=today),
        "own": user.pk == request.user.pk,
        "form": form or RoleForm(user=request.user),
    }
    return render(request, "members/accounts/account.html", context, status=400 if form else 200)


def _password(request: HttpRequest, user: User, password: str) -> HttpResponse:
    """The first password on a page that is shown once; nothing keeps it."""
    return render(request, "members/accounts/password.html", {"account": user, "password": password})
