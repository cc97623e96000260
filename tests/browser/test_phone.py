"""What a secretary and a member do on a phone of 360 px, by touch."""

import datetime
import re

import pytest
from playwright.sync_api import expect

from tests.browser.hall import names
from tests.factories import PASSWORD
from tests.serving import sign_in

pytestmark = pytest.mark.browser

PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "locale": "zh-CN"}
TODAY = datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=8))).date()


@pytest.fixture
def phone(browser, site):
    """A function that gives a phone's browser, signed in as one of the street's people."""
    contexts = []

    def signed_in(username):
        contexts.append(browser.new_context(**PHONE))
        page = contexts[-1].new_page()
        page.set_default_timeout(15_000)
        sign_in(page, site, username, PASSWORD)
        return page

    yield signed_in
    for context in contexts:
        context.close()


def expect_to_fit(page):
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["viewport"]["width"]


def test_two_people_are_marked_in_the_attendance_grid(phone, site, in_the_site):
    in_the_site("tests.browser.hall")
    page = phone("hcshuji")
    page.goto(f"{site}/activities/")
    page.get_by_role("link", name="手机", exact=True).tap()
    expect(page.locator(".grid-tools")).to_be_visible()  # its script runs
    late, ill = names()[1], names()[2]
    for name, status in ((late, "迟到"), (ill, "病假")):
        page.get_by_role("row", name=name).get_by_text(status, exact=True).tap()
    expect(page.locator("#save-state")).to_have_text(re.compile(r"^已保存 \d\d:\d\d$"))
    expect_to_fit(page)
    page.reload()
    expect(page.get_by_role("row", name=late).get_by_label("迟到")).to_be_checked()
    expect(page.get_by_role("row", name=ill).get_by_label("病假")).to_be_checked()
    expect(page.locator("[data-unentered] b")).to_have_text("58")


def test_one_members_dues_are_paid(phone, site):
    page = phone("cqshuji")
    following = (TODAY.replace(day=1) + datetime.timedelta(31)).strftime("%Y-%m")  # others pay this month
    page.goto(f"{site}/dues/?month={following}")
    page.locator("input[name$='-full']").first.tap()
    expect_to_fit(page)
    page.get_by_role("button", name="保存", exact=True).tap()
    expect(page.get_by_text("缴纳 1 笔,收据")).to_be_visible()
    page.locator(".receipts a").first.tap()
    page.get_by_role("link", name="撤销这次登记").tap()
    page.get_by_role("button", name="撤销 1 笔缴纳").tap()
    expect(page.get_by_text("已撤销这次登记:缴纳 1 笔")).to_be_visible()
    expect_to_fit(page)


def test_member_is_found_in_the_roster_and_the_record_opened(phone, site):
    page = phone("shuji")
    page.goto(f"{site}/members/")
    page.get_by_label("找人").fill("zjg")
    page.get_by_role("button", name="查找").tap()
    expect(page).to_have_url(re.compile("q=zjg"))
    page.get_by_role("link", name="张建国", exact=True).first.tap()
    expect(page.get_by_role("heading", name="张建国", level=1)).to_be_visible()
    expect_to_fit(page)


def test_ledger_is_opened_and_a_clause_unfolded(phone, site):
    page = phone("yuedangyuan")
    page.goto(f"{site}/ledger/?period=2025H1")
    clause = page.locator("main details:has(summary)").filter(has_text="第").first
    clause.locator("summary").first.tap()
    expect(clause).to_have_attribute("open", "")
    expect_to_fit(page)


def test_month_is_confirmed(phone, site):
    page = phone("yueshuji")
    page.goto(f"{site}/months/?month=2025-02")
    page.get_by_role("row", name=re.compile("月亮社区党支部")).get_by_role("link").first.tap()
    expect(page.get_by_role("button", name="确认 2 月")).to_be_visible()
    expect_to_fit(page)
    page.get_by_role("button", name="确认 2 月").tap()
    expect(page.get_by_text("主题党日宣读单")).to_be_visible()
    expect_to_fit(page)
