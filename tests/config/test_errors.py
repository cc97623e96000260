"""Error pages: a sentence, a way home, and nothing needed that may itself have failed."""

import pytest
from django.db import OperationalError
from django.test import Client

pytestmark = pytest.mark.urls("tests.config.urls")


@pytest.fixture
def browser():
    """A client that sees the page where a test would see the exception."""
    return Client(raise_request_exception=False)


@pytest.mark.parametrize(
    ("address", "status", "title", "advice"),
    [
        ("/fail/garbled/", 400, "请求不完整", "请返回上一页,重新填写后再提交。"),
        ("/fail/refused/", 403, "不归您办理", "请联系街道管理员核对您的岗位。"),
        ("/no/such/page/", 404, "没有找到", "请从首页重新进入。"),
        ("/fail/broken/", 500, "系统出了问题", "请告诉管理员出错的时间。"),
        ("/fail/database/", 503, "系统暂时不能用", "请过几分钟再试"),
        ("/fail/disk/", 503, "系统暂时不能用", "服务器的磁盘满了或不能写,刚才的操作没有保存。"),
    ],
)
def test_error_says_what_to_do(browser, db, address, status, title, advice):
    response = browser.get(address)
    body = response.content.decode()
    assert response.status_code == status
    assert response["Cache-Control"] == "no-store"
    assert f"<h1>{title}</h1>" in body
    assert advice in body
    assert '<a class="btn btn-primary" href="/">回首页</a>' in body


def test_error_names_who_is_signed_in(browser, people):
    browser.force_login(people.secretary, backend="django.contrib.auth.backends.ModelBackend")
    assert "李秀英 · 支部书记 · 和平社区第一党支部" in browser.get("/no/such/page/").content.decode()


@pytest.mark.parametrize(("fault", "status"), [("broken", 500), ("database", 503)])
def test_page_of_a_failure_asks_nothing_of_the_database(browser, fault, status):
    # No database fixture: a query would fail the test.
    assert browser.get(f"/fail/{fault}/").status_code == status


def test_stopped_database_is_503_while_the_user_is_looked_up(browser, people, monkeypatch):
    browser.force_login(people.secretary, backend="django.contrib.auth.backends.ModelBackend")

    def stopped(*args, **kwargs):
        raise OperationalError("connection refused")

    monkeypatch.setattr("django.contrib.sessions.backends.db.SessionStore.load", stopped)
    response = browser.get("/password/")
    assert response.status_code == 503
    assert response["Cache-Control"] == "no-store"
    assert response["Retry-After"] == "120"


def test_expired_form_says_so(db):
    browser = Client(enforce_csrf_checks=True)
    response = browser.post("/sign-in/", {})
    assert response.status_code == 403
    assert response["Cache-Control"] == "no-store"
    assert "<h1>页面已过期</h1>" in response.content.decode()


@pytest.mark.parametrize("method", ["get", "put", "delete"])
def test_address_opened_the_wrong_way_says_so(browser, people, method):
    browser.force_login(people.secretary, backend="django.contrib.auth.backends.ModelBackend")
    response = getattr(browser, method)("/sign-out/")
    assert (response.status_code, response["Allow"], response["Cache-Control"]) == (405, "POST", "no-store")
    assert "<h1>这一页不能这样打开</h1>" in response.content.decode()
    assert "李秀英 · 支部书记" in response.content.decode()


@pytest.mark.parametrize(
    "address", ["/rounds/?q=%00", "/rounds/?%00=1", f"/rounds/1/review/{'9' * 19}/", "/no%00where/"]
)
@pytest.mark.urls("config.urls")
def test_address_that_nobody_was_given_is_not_found(browser, people, address):
    browser.force_login(people.staff, backend="django.contrib.auth.backends.ModelBackend")
    assert browser.get(address).status_code == 404


def test_unknown_host_is_refused(browser, db):
    assert browser.get("/sign-in/", headers={"host": "example.org"}).status_code == 400
