"""The branch's month and quarter in a real browser, and the ledger on paper."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

PAGE = re.compile(rb"/Type\s*/Page[^s]")


def pages_on_paper(page) -> int:
    return len(PAGE.findall(page.pdf(prefer_css_page_size=True)))


def large_type(page, site) -> None:
    page.context.add_cookies([{"name": "large", "value": "on", "url": site}])


def open_month(page, site, branch: str, month: str) -> None:
    page.goto(f"{site}/months/?month={month}")
    page.get_by_role("row", name=re.compile(branch)).get_by_role("link").first.click()


def test_month_is_questioned_confirmed_and_read_out(page, site, sign_in_as, picture):
    sign_in_as("yueshuji")
    open_month(page, site, "月亮社区党支部", "2025-03")
    expect(page.get_by_text("迟到").first).to_be_visible()
    picture("month")
    page.get_by_role("link", name="提问题").first.click()
    page.get_by_label("问题").fill("本人说准时到了,请查签到表。")
    picture("month-ask")
    page.get_by_role("button", name="提出").click()
    expect(page.get_by_text("还有 1 个问题没有核对清楚")).to_be_visible()
    page.get_by_role("link", name="答复").click()
    page.get_by_label("核对的结果").fill("查过签到表,确实迟到。")
    picture("month-settle")
    page.get_by_role("button", name="答复").click()
    page.get_by_role("button", name="确认 3 月").click()
    expect(page.get_by_text("已经确认,记录没有再变动。")).to_be_visible()
    picture("month-confirmed")
    page.get_by_role("link", name="主题党日宣读单").click()
    expect(page.get_by_role("heading", name="2025 年 3 月积分宣读单")).to_be_visible()
    picture("month-sheet")
    assert pages_on_paper(page) == 1


def test_quarter_is_hung_up_and_objected_to(page, site, sign_in_as, picture):
    sign_in_as("yueshuji")
    page.goto(f"{site}/months/?month=2025-03")
    page.get_by_role("link", name="还没有公示").click()
    picture("quarter-preview")
    page.get_by_role("link", name="公示", exact=True).click()
    picture("quarter-publish")
    page.get_by_role("button", name="确认公示").click()
    expect(page.get_by_text(re.compile("公示单已公示"))).to_be_visible()
    picture("quarter")
    assert pages_on_paper(page) == 1
    sign_in_as("yuedangyuan")
    page.goto(f"{site}/boards/")
    page.get_by_role("link", name="看2025 年第一季度公示单").click()
    page.get_by_role("link", name="提出异议").click()
    page.get_by_label("哪里不对").fill("三月我准时到会。")
    picture("quarter-object")
    page.get_by_role("button", name="提出").click()
    expect(page.get_by_text("三月我准时到会。")).to_be_visible()


@pytest.mark.parametrize("large", [False, True])
def test_ledger_stays_on_one_sheet(page, site, sign_in_as, picture, large):
    sign_in_as("yuedangyuan")
    if large:
        large_type(page, site)
    page.goto(f"{site}/ledger/?period=2025H1")
    expect(page.get_by_role("heading", name="每一分从哪里来")).to_be_visible()
    picture(f"ledger-long{'-large' * large}")
    assert pages_on_paper(page) == 1
