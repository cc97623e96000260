"""Signing in and out, the password, the time a session lasts, and the size of type."""

import datetime
import re
import time

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from members.middleware import SEEN, STARTED
from tests import factories as make

SIGN_IN = "/sign-in/"
GUESS = "a wrong passphrase"
WRONG = "账号或密码不对。请核对后再试;连续 5 次不对,要等 15 分钟。"


@pytest.fixture
def account(db):
    user = make.user("李秀英")
    user.username = "heping-branch"
    user.save()
    return user


def attempt(client, username, password=GUESS, **data):
    return client.post(SIGN_IN, {"username": username, "password": password, **data})


def text(response) -> str:
    return response.content.decode()


# Signing in -----------------------------------------------------------------------------------


def test_sign_in_leads_home(client, account):
    response = attempt(client, account.username, make.PASSWORD)
    assert (response.status_code, response.url) == (302, "/")
    assert client.session["_auth_user_id"] == str(account.pk)


def test_sign_in_leads_to_the_page_that_was_asked_for(client, account):
    page = reverse("members:change_password")
    refused = client.get(page)
    assert refused.url == f"{SIGN_IN}?next={page}"
    assert attempt(client, account.username, make.PASSWORD, next=page).url == page


@pytest.mark.parametrize(
    "elsewhere", ["https://example.org/", "//example.org/", "javascript:alert(1)", "/\\example.org"]
)
def test_sign_in_leads_to_no_other_site(client, account, elsewhere):
    assert attempt(client, account.username, make.PASSWORD, next=elsewhere).url == "/"


def test_sign_in_starts_a_new_session_key(client, account):
    session = client.session
    session["planted"] = True
    session.save()
    before = session.session_key
    client.cookies["sessionid"] = before
    attempt(client, account.username, make.PASSWORD)
    assert client.session.session_key != before
    assert not type(client.session)(before).load()


def test_wrong_name_and_wrong_password_are_answered_alike(client, account):
    gone = make.user("王志强", is_active=False)
    answers = [
        attempt(client, account.username),
        attempt(client, "nobody"),
        attempt(client, gone.username, make.PASSWORD),
    ]
    assert [WRONG in text(answer) for answer in answers] == [True] * 3
    names = (account.username, "nobody", gone.username)
    bodies = {
        re.sub(r'(csrfmiddlewaretoken" value=")\w+', r"\1", text(a).replace(n, ""))
        for a, n in zip(answers, names, strict=True)
    }
    assert len(bodies) == 1


@pytest.mark.parametrize("known", [True, False])
def test_a_password_is_hashed_for_unknown_names_too(client, account, known, settings, monkeypatch):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
    account.set_password(make.PASSWORD)
    account.save()
    hashed = []
    for method in ("encode", "verify"):
        real = getattr(Argon2PasswordHasher, method)
        monkeypatch.setattr(Argon2PasswordHasher, method, lambda *a, real=real, m=method: hashed.append(m) or real(*a))
    attempt(client, account.username if known else "nobody")
    assert len(hashed) == 1


def test_sign_in_asks_for_name_and_password(client, db):
    answer = text(attempt(client, "", ""))
    assert "有 2 处要改" in answer
    assert "请填写账号。" in answer
    assert "请填写密码。" in answer


def test_sign_in_page_leads_on_who_is_signed_in(sign_in, account):
    assert sign_in(account).get(SIGN_IN).url == "/"


# Too many failures ----------------------------------------------------------------------------


@pytest.mark.parametrize("known", [True, False])
def test_fifth_failure_locks_and_says_until_when(client, account, known):
    name = account.username if known else "nobody"
    first = [attempt(client, name).status_code for _ in range(4)]
    fifth = attempt(client, name)
    last = AccessAttempt.objects.latest("attempt_time").attempt_time
    again = timezone.localtime(last + datetime.timedelta(minutes=15))
    assert first == [200] * 4
    assert fifth.status_code == 429
    assert f"这个账号连续 5 次没有登录成功。请在 {again:%H:%M} 以后再试;忘记密码请找管理员重设。" in text(fifth)


def test_locked_account_refuses_the_right_password_for_fifteen_minutes(client, account):
    for _ in range(5):
        attempt(client, account.username)
    assert attempt(client, account.username, make.PASSWORD).status_code == 429

    minutes = datetime.timedelta(minutes=15, seconds=1)
    AccessAttempt.objects.update(attempt_time=timezone.now() - minutes)
    assert attempt(client, account.username, make.PASSWORD).status_code == 302


def test_trying_on_does_not_lock_longer(client, account):
    for _ in range(5):
        attempt(client, account.username)
    locked_at = AccessAttempt.objects.get().attempt_time
    attempt(client, account.username)
    assert AccessAttempt.objects.get().attempt_time == locked_at


def test_signing_in_forgets_earlier_failures(client, account):
    for _ in range(4):
        attempt(client, account.username)
    attempt(client, account.username, make.PASSWORD)
    assert AccessAttempt.objects.count() == 0


def test_failures_of_one_account_lock_no_other(client, account):
    for _ in range(5):
        attempt(client, "nobody")
    assert attempt(client, account.username, make.PASSWORD).status_code == 302


def test_no_password_is_kept_of_a_failure(client, account):
    attempt(client, account.username, "my secret passphrase")
    kept = AccessAttempt.objects.values().get()
    assert "secret" not in str(kept)


# How long a session lasts ---------------------------------------------------------------------


def test_eight_hours_after_sign_in_a_session_ends(sign_in, account):
    client = sign_in(account)
    client.get("/password/")
    session = client.session
    session[STARTED] = int(time.time()) - 8 * 60 * 60 - 1
    session.save()
    response = client.get("/password/", follow=True)
    assert response.redirect_chain == [(f"{SIGN_IN}?next=/password/", 302)]
    assert "登录满 8 小时会自动退出" in text(response)
    assert "_auth_user_id" not in client.session


def test_session_idle_for_thirty_minutes_ends(sign_in, account):
    client = sign_in(account)
    session = client.session
    del session[SEEN]
    session.save()
    client.get("/password/")
    assert client.session.get_expiry_age() == 30 * 60
    assert client.cookies["sessionid"]["max-age"] == ""  # and with the browser
    Session.objects.update(expire_date=timezone.now())
    assert client.get("/password/").url == f"{SIGN_IN}?next=/password/"


def test_request_puts_the_idle_end_off_but_not_more_than_once_a_minute(sign_in, account):
    client = sign_in(account)
    client.get("/password/")
    soon = timezone.now() + datetime.timedelta(minutes=5)
    Session.objects.update(expire_date=soon)
    client.get("/password/")
    assert Session.objects.get().expire_date == soon
    session = client.session
    session[SEEN] -= 60
    session.save()
    Session.objects.update(expire_date=soon)
    client.get("/password/")
    assert Session.objects.get().expire_date > timezone.now() + datetime.timedelta(minutes=29)


def test_account_switched_off_loses_access_with_the_next_request(sign_in, account):
    client = sign_in(account)
    assert client.get("/password/").status_code == 200
    account.is_active = False
    account.save()
    assert client.get("/password/").url == f"{SIGN_IN}?next=/password/"


def test_form_sent_too_late_leads_to_sign_in_without_a_way_back(client, db):
    assert client.post("/password/").url == SIGN_IN


def test_htmx_request_without_sign_in_leaves_the_whole_page(client, db):
    response = client.get("/password/", headers={"HX-Request": "true"})
    assert response["HX-Redirect"] == SIGN_IN


# Signing out ----------------------------------------------------------------------------------


def test_sign_out_ends_the_session(sign_in, account):
    client = sign_in(account)
    key = client.session.session_key
    response = client.post("/sign-out/", follow=True)
    assert response.redirect_chain == [(SIGN_IN, 302)]
    assert "您已退出。" in text(response)
    assert not type(client.session)(key).load()


def test_sign_out_takes_no_link(sign_in, account):
    assert sign_in(account).get("/sign-out/").status_code == 405


# The password ---------------------------------------------------------------------------------

NEW = "八月桂花遍地开 2026"


def change(client, old=make.PASSWORD, new=NEW, again=NEW):
    return client.post("/password/", {"old_password": old, "new_password1": new, "new_password2": again})


def test_first_password_is_changed_before_anything_else(client, account):
    account.must_change_password = True
    account.save()
    attempt(client, account.username, make.PASSWORD)
    assert client.get("/").url == "/password/"
    assert client.get("/", headers={"HX-Request": "true"})["HX-Redirect"] == "/password/"
    assert "您用的是临时密码" in text(client.get("/password/"))

    assert change(client).url == "/"
    account.refresh_from_db()
    assert not account.must_change_password
    assert account.check_password(NEW)


def test_first_password_does_not_hinder_signing_out(sign_in, account):
    account.must_change_password = True
    account.save()
    assert sign_in(account).post("/sign-out/").url == SIGN_IN


def test_changed_password_ends_other_sessions(sign_in, account):
    client, elsewhere = sign_in(account), Client()
    elsewhere.force_login(account, backend="django.contrib.auth.backends.ModelBackend")
    change(client)
    assert client.get("/password/").status_code == 200
    assert elsewhere.get("/password/").status_code == 302


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"old": "wrong"}, "现在的密码不对,请重新填写。"),
        ({"again": "something else 2026"}, "两次填写的新密码不一样,请重新填写。"),
        ({"new": "short 1", "again": "short 1"}, "密码太短。至少要 12 个字。"),
        ({"new": "password1234", "again": "password1234"}, "这个密码太常见,容易被猜到,请换一个。"),
        ({"new": "heping-branch1", "again": "heping-branch1"}, "密码和账号名太像,容易被猜到,请换一个。"),
        ({"new": "739182640571", "again": "739182640571"}, "密码不能全是数字。"),
        ({"old": ""}, "请填写现在的密码。"),
    ],
)
def test_bad_password_is_refused(sign_in, account, values, sentence):
    response = change(sign_in(account), **values)
    assert response.status_code == 200
    assert sentence in text(response)
    account.refresh_from_db()
    assert account.check_password(make.PASSWORD)


def test_fault_of_a_password_stands_at_the_new_password(sign_in, account):
    errors = change(sign_in(account), new="short 1", again="short 1").context["form"].errors
    assert list(errors) == ["new_password1"]


def test_present_password_is_not_taken_again(sign_in, account):
    response = change(sign_in(account), new=make.PASSWORD, again=make.PASSWORD)
    assert "新密码不能和现在的一样。" in text(response)


# The size of type -----------------------------------------------------------------------------


def test_large_type_is_remembered_and_taken_back(client, db):
    assert '<html lang="zh-CN">' in text(client.get(SIGN_IN))
    assert client.post("/large-type/", {"large": "on", "next": SIGN_IN}).url == SIGN_IN
    assert '<html lang="zh-CN" class="large">' in text(client.get(SIGN_IN))
    client.post("/large-type/", {"large": "off", "next": SIGN_IN})
    assert '<html lang="zh-CN">' in text(client.get(SIGN_IN))


def test_large_type_leads_to_no_other_site(client, db):
    assert client.post("/large-type/", {"large": "on", "next": "https://example.org/"}).url == "/"
