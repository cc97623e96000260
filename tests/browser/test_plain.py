"""A secretary's month in a browser that runs no scripts."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.test_half_year import TODAY
from tests.factories import PASSWORD
from tests.serving import sign_in

pytestmark = pytest.mark.browser


@pytest.fixture
def secretary(browser, site, in_the_site, browser_context_args):
    in_the_site("tests.browser.plain")
    context = browser.new_context(**browser_context_args, java_script_enabled=False)
    page = context.new_page()
    page.set_default_timeout(15_000)
    sign_in(page, site, "gjshuji", PASSWORD)
    yield page
    context.close()


def take_up(page, site, task: str) -> None:
    """Press the button of a task on the home page."""
    page.goto(site)
    page.get_by_role("link", name=re.compile(f"^{task}")).click()


def test_month_is_done_without_scripts(secretary, site):
    page = secretary
    take_up(page, site, f"登记 {TODAY.month} 月党费")
    page.get_by_role("button", name="全部今日缴清").click()
    expect(page.get_by_text("要登记 2 人、2 笔")).to_be_visible()
    page.get_by_role("button", name="确认登记").click()
    expect(page.get_by_text("已登记缴纳 2 笔")).to_be_visible()
    expect(page.get_by_text("打印", exact=True)).to_be_hidden()  # a button that would do nothing
    expect(page.locator("noscript span")).to_have_text("要打印,请按 Ctrl+P。")

    take_up(page, site, f"登记走访:{TODAY.month} 月")
    expect(page.get_by_label("沈文 联系户数")).to_have_value("3")
    page.get_by_label("沈文 走访户数").fill("2")
    page.get_by_role("button", name="保存", exact=True).click()
    expect(page.get_by_text("已保存 1 人的走访。")).to_be_visible()

    take_up(page, site, "请假待批")
    page.get_by_role("button", name="准假", exact=True).click()
    expect(page.get_by_text("沈文「下次学习」已准假")).to_be_visible()

    take_up(page, site, "审核申报")
    expect(page.get_by_text("清扫楼道")).to_be_visible()
    page.get_by_role("button", name="通过", exact=True).click()
    expect(page.get_by_text("等您审的都办完了。")).to_be_visible()

    take_up(page, site, "月审核")
    page.get_by_role("button", name=re.compile(r"^确认 \d+ 月$")).click()
    expect(page.get_by_text("已经确认,记录没有再变动。")).to_be_visible()

    page.goto(site)
    expect(page.get_by_role("link", name=re.compile(f"登记 {TODAY.month} 月党费|走访|请假待批|审核"))).to_have_count(0)
