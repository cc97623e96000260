"""Headers of a page, a page behind sign-in, an error and a static file; and what TLS adds."""

import pytest
from django.conf import settings
from django.test import Client

CSP = {
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
}


@pytest.fixture
def browser(settings):
    settings.WHITENOISE_USE_FINDERS = settings.WHITENOISE_AUTOREFRESH = True
    return Client(raise_request_exception=False)


@pytest.fixture
def signed_in(browser, people):
    browser.force_login(people.secretary, backend="django.contrib.auth.backends.ModelBackend")
    return browser


ADDRESSES = {
    "sign-in": "/sign-in/",
    "page": "/password/",
    "not found": "/no/such/page/",
    "broken": "/fail/broken/",
    "static": "/static/css/tokens.css",
    "bootstrap": "/static/bootstrap/css/bootstrap.min.css",
    "htmx": "/static/django_htmx/htmx-2.min.js",
}


@pytest.mark.urls("tests.config.urls")
@pytest.mark.parametrize("address", ADDRESSES.values(), ids=ADDRESSES.keys())
def test_every_answer_is_guarded(signed_in, address):
    headers = signed_in.get(address).headers
    assert set(headers["Content-Security-Policy"].split("; ")) == CSP
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert "Access-Control-Allow-Origin" not in headers
    assert "Strict-Transport-Security" not in headers


@pytest.mark.urls("tests.config.urls")
@pytest.mark.parametrize("address", ["/sign-in/", "/password/", "/no/such/page/", "/fail/broken/", "/fail/refused/"])
def test_browser_keeps_no_page(signed_in, address):
    assert signed_in.get(address)["Cache-Control"] == "no-store"


def test_browser_keeps_no_redirect_to_sign_in(browser, db):
    assert browser.get("/password/")["Cache-Control"] == "no-store"


def test_static_files_may_be_kept(browser):
    response = browser.get("/static/css/tokens.css")
    assert response.status_code == 200
    assert "no-store" not in response["Cache-Control"]


def test_over_tls_browsers_are_told_to_stay(settings, db):
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_HSTS_SECONDS = 31536000
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    browser = Client()
    assert browser.get("/sign-in/").url == "https://testserver/sign-in/"
    hsts = browser.get("/sign-in/", secure=True)["Strict-Transport-Security"]
    assert hsts == "max-age=31536000; includeSubDomains"


def test_cookies_are_closed_to_scripts_and_other_sites(signed_in):
    cookies = signed_in.get("/password/").cookies
    assert {name for name in cookies if not cookies[name]["httponly"]} == set()
    assert {cookies[name]["samesite"] for name in cookies} == {"Lax"}
    assert settings.SESSION_COOKIE_AGE == 30 * 60


@pytest.mark.parametrize("address", ["/sign-in/", "/password/", "/no/such/page/"])
def test_pages_carry_no_inline_script_or_style(signed_in, address):
    body = signed_in.get(address).content.decode()
    assert "<style" not in body
    assert " style=" not in body
    assert "<script>" not in body
    assert " onclick=" not in body
