"""Dues, visits and reports of a branch of sixty, by keyboard, and a bank's list."""

import time

import pytest
from playwright.sync_api import expect

from tests.browser.test_half_year import TODAY, workbook

pytestmark = pytest.mark.browser

THREE_MINUTES = 180  # for a month of sixty members


@pytest.fixture
def secretary(page, sign_in_as):
    sign_in_as("cqshuji")
    return page


def test_all_paid_today_is_checked_and_taken_back(secretary, site, picture):
    page = secretary
    page.goto(f"{site}/dues/?month={TODAY:%Y-%m}")
    page.get_by_role("button", name="全部今日缴清").click()
    expect(page.get_by_text("要登记 60 人、60 笔")).to_be_visible()
    expect(page.get_by_text("不在下面的 2 人")).to_be_visible()
    picture("dues-check")
    page.get_by_role("button", name="返回修改").click()
    expect(page.get_by_text("还有 62 人没有缴清")).to_be_visible()
    page.get_by_role("button", name="全部今日缴清").click()
    page.get_by_role("button", name="确认登记").click()
    expect(page.get_by_text("已登记缴纳 60 笔")).to_be_visible()
    picture("dues-receipt-all")
    page.get_by_role("link", name="撤销这次登记").click()
    picture("dues-receipt-withdraw")
    page.get_by_role("button", name="撤销 60 笔缴纳").click()
    expect(page.get_by_text("已撤销这次登记:缴纳 60 笔")).to_be_visible()
    expect(page.get_by_text("这张收据上的缴纳已经全部撤销")).to_be_visible()


def test_dues_of_sixty_members_by_keyboard(secretary, site, picture):
    page, started = secretary, time.monotonic()
    page.goto(f"{site}/dues/?month={TODAY:%Y-%m}")
    expect(page.get_by_text("还有 62 人没有缴清")).to_be_visible()
    expect(page.locator("[data-keys]")).to_be_visible()
    picture("dues-month")
    page.get_by_label("党员甲1 缴清").focus()
    for _ in range(59):
        page.keyboard.press("Space")
        page.keyboard.press("Enter")
    page.keyboard.press("Space")
    expect(page.get_by_label("党员癸6 缴清")).to_be_focused()
    page.get_by_role("button", name="保存", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("缴纳 60 笔,收据")).to_be_visible()
    expect(page.get_by_text("还有 2 人没有缴清")).to_be_visible()
    assert time.monotonic() - started < THREE_MINUTES
    page.get_by_role("heading", name="最近的收据").scroll_into_view_if_needed()
    page.locator(".receipts a").first.click()
    expect(page.get_by_role("heading", name="党费收据")).to_be_visible()
    expect(page.get_by_text("60 人,60 笔")).to_be_visible()
    picture("dues-receipt")


def test_enter_goes_down_and_saves_at_the_end(secretary, site):
    page = secretary
    page.goto(f"{site}/dues/bases/")
    last = page.get_by_label("马远航 税后工资")
    page.get_by_label("江外出 税后工资").focus()
    page.keyboard.press("ArrowDown")
    expect(last).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="保存", exact=True)).to_be_focused()
    page.get_by_label("党员甲1 税后工资").focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_label("党员甲1 类别")).to_be_focused()
    page.keyboard.press("ArrowRight")  # a list's own arrows stay its own
    expect(page.get_by_label("党员甲1 类别")).to_be_focused()


def test_bases_half_year_and_bank_list(secretary, site, picture):
    page = secretary
    page.goto(f"{site}/dues/bases/")
    for name, kind, pay in (("马远航", "在职", "3800"), ("江外出", "学生、下岗、领取救济", "")):
        page.get_by_label(f"{name} 类别").select_option(label=kind)
        page.get_by_label(f"{name} 税后工资").fill(pay)
    page.get_by_role("button", name="保存", exact=True).click()
    expect(page.get_by_text("已核定 2 人")).to_be_visible()
    expect(page.get_by_text("3,800 元 × 1% = 38.00 元").first).to_be_visible()
    picture("dues-bases")
    pay_in_the_half_year_grid(page, site, picture)
    import_a_bank_list(page, site, picture)


def pay_in_the_half_year_grid(page, site, picture):
    page.goto(f"{site}/dues/half-year/")
    box = page.get_by_label(f"马远航 {TODAY.month} 月缴清,38.00 元")
    box.check()
    expect(page.get_by_text("已勾选 1 个月,共 38.00 元")).to_be_visible()
    page.get_by_label("代缴人").fill("马小丽")
    picture("dues-half")
    page.get_by_role("button", name="勾选的缴清").click()
    expect(page.get_by_text("已登记缴纳 1 笔,共 38.00 元")).to_be_visible()
    expect(page.get_by_text("马小丽代").first).to_be_visible()


def import_a_bank_list(page, site, picture):
    head, row = ("户名", "交易金额", "交易日期", "摘要"), ("江外出", "0.20", TODAY.isoformat(), "党费")
    page.goto(f"{site}/dues/import/")
    page.locator("input[type=file]").set_input_files(workbook([head, row, ("没有的人", "5", TODAY.isoformat(), "")]))
    page.get_by_role("button", name="上传并核对").click()
    expect(page.get_by_text("本支部没有叫没有的人的党员").first).to_be_visible()
    picture("bank-refused")
    for turn in ("first", "again"):
        page.goto(f"{site}/dues/import/")
        page.locator("input[type=file]").set_input_files(workbook([head, row]))
        page.get_by_role("button", name="上传并核对").click()
        if turn == "first":
            expect(page.get_by_text("没有用到的列:摘要。")).to_be_visible()
            picture("bank-preview")
            page.get_by_role("button", name="登记这些缴纳").click()
            expect(page.get_by_text("已登记缴纳 1 笔,共 0.20 元。")).to_be_visible()
    expect(page.get_by_text("这份名单已经由秦书记")).to_be_visible()
    picture("bank-again")


def test_visits_and_reports(secretary, site, picture):
    page = secretary
    page.goto(f"{site}/visits/half-year/?half={TODAY.year}H{1 if TODAY.month < 7 else 2}")
    page.get_by_label(f"党员甲1 {TODAY.month} 月走访户数").fill("2/3")
    page.keyboard.press("Enter")
    expect(page.get_by_label(f"党员乙1 {TODAY.month} 月走访户数")).to_be_focused()
    picture("visits-half")
    page.get_by_role("button", name=f"{TODAY.month} 月其余的全部走访到").click()
    expect(page.get_by_text("已保存 5 处走访。")).to_be_visible()
    page.goto(f"{site}/members/migrant-reports/")
    page.get_by_label("马远航今天汇报").check()
    picture("migrant-reports")
    page.get_by_role("button", name="保存", exact=True).click()
    expect(page.get_by_text("已保存 1 处汇报。")).to_be_visible()
    expect(page.get_by_text("1 / 2 人")).to_be_visible()
