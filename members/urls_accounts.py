"""Addresses of signing in and of keeping accounts; included in `members.urls`."""

from django.urls import path

from members.views import account_admin, accounts

urlpatterns = [
    path("sign-in/", accounts.sign_in, name="sign_in"),
    path("sign-out/", accounts.sign_out, name="sign_out"),
    path("password/", accounts.change_password, name="change_password"),
    path("large-type/", accounts.large_type, name="large_type"),
    path("accounts/", account_admin.accounts, name="accounts"),
    path("accounts/add/", account_admin.add_account, name="add_account"),
    path("accounts/<int:pk>/", account_admin.account, name="account"),
    path("accounts/<int:pk>/roles/add/", account_admin.grant_role, name="grant_role"),
    path("accounts/<int:pk>/roles/<int:role_pk>/end/", account_admin.end_role, name="end_role"),
    path("accounts/<int:pk>/password/", account_admin.reset_password, name="reset_password"),
    path("accounts/<int:pk>/switch/", account_admin.switch_account, name="switch_account"),
]
