"""The democratic appraisal in a real browser: by slip on a phone, and on paper with two clerks."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

PHONE = {"width": 360, "height": 740}


def test_appraisal_from_the_slip_to_the_result(page, site, sign_in_as, picture):
    address = set_up(page, site, sign_in_as, "2024H1", {"班子成员": "1", "党员、居民代表": "1", "联户代表": "2"})
    codes = [
        print_slips(page, address, group, picture) for group in ("committee", "members_residents", "household_reps")
    ]
    hand_out(page, address, {"committee": ("0", "1"), "members_residents": ("0", "1"), "household_reps": ("1", "1")})
    tally_paper(page, sign_in_as, address, "household_reps", picture)
    page.context.clear_cookies()
    page.set_viewport_size(PHONE)
    for number, slip in enumerate(codes):
        vote_by_slip(page, slip, picture if number == 0 else None)
    refused_twice(page, codes[0])
    page.set_viewport_size({"width": 1280, "height": 800})
    sign_in_as("zhenggong")
    page.goto(address)
    expect(page.get_by_role("row", name=re.compile("联户代表")).get_by_role("cell").nth(1)).to_have_text("2")
    picture("appraisal-open")
    page.get_by_role("link", name="结束评议").click()
    page.get_by_role("button", name="确认结束").click()
    expect(page.get_by_text("评议已经结束,结果已经算出。")).to_be_visible()
    result = page.get_by_role("row", name=re.compile("张建国"))
    expect(result.get_by_text("95.00").first).to_be_visible()
    expect(result.get_by_text("92.50").first).to_be_visible()  # (95 + 90) / 2 in the group with paper
    expect(result.get_by_role("cell").last).to_have_text("94.25")
    picture("appraisal-closed")
    own_result(page, site, sign_in_as, address, picture)


def set_up(page, site, sign_in_as, period: str, people: dict[str, str]) -> str:
    """The address of an open appraisal of Zhang alone, with so many unnamed people in each group."""
    sign_in_as("zhenggong")
    page.goto(f"{site}/organizations/")
    branch = page.get_by_role("link", name="和平社区第一党支部").get_attribute("href").strip("/").split("/")[-1]
    page.goto(f"{site}/appraisals/set-up/{branch}/{period}/")
    group = page.get_by_label("张建国 在哪组投票")
    group.select_option(label="不投票")
    page.get_by_label("网上评议开始").fill("2020-01-01T08:00")
    for title, number in people.items():
        page.get_by_label(f"{title}:另有几人不记名").fill(number)
    page.get_by_role("button", name="保存名单").click()
    expect(page.get_by_text("名单已保存。")).to_be_visible()
    page.get_by_role("button", name="开始评议").click()
    expect(page.get_by_text("评议已经开始,名单不能再改。")).to_be_visible()
    return page.url


def print_slips(page, address: str, group: str, picture) -> str:
    """The address that the one slip of a group shows as a square."""
    page.goto(f"{address}{group}/slips/")
    page.get_by_label("印几张").fill("1")
    page.get_by_role("button", name="生成评议码").click()
    slip = page.locator(".slip code")
    expect(slip).to_have_text(re.compile(r"^[0-9A-Z]{4}(-[0-9A-Z]{4}){3}$"))
    if group == "committee":
        picture("slips")
    return slip.get_attribute("data-address")


def hand_out(page, address: str, taken: dict[str, tuple[str, str]]) -> None:
    for group, (paper, slips) in taken.items():
        page.goto(f"{address}{group}/roster/")
        page.get_by_label("不记名的领纸质票(人)").fill(paper)
        page.get_by_label("不记名的领评议码(人)").fill(slips)
        page.get_by_role("button", name="保存登记").click()
        expect(page.get_by_text("登记已保存")).to_be_visible()


def tally_paper(page, sign_in_as, address: str, group: str, picture) -> None:
    """One ballot, entered by the street, then wrongly and rightly by the general branch."""
    page.goto(f"{address}{group}/tally/")
    fill_tally(page, "90")
    expect(page.get_by_text("第一次录入已保存,请另一个人再录一次。")).to_be_visible()
    sign_in_as("zongzhi")
    page.goto(f"{address}{group}/tally/")
    fill_tally(page, "85")
    expect(page.get_by_text("张建国 90 分:第一次 1 票,这次 0 票。")).to_be_visible()
    picture("tally-differs")
    page.get_by_label("张建国 85", exact=True).fill("")
    fill_tally(page, "90")
    expect(page.get_by_text("第二次录入和第一次一致,计票单已核对。")).to_be_visible()


def fill_tally(page, score: str) -> None:
    page.get_by_label("收回票数").fill("1")
    page.get_by_label(f"张建国 {score}", exact=True).fill("1")
    page.get_by_role("button", name="保存计票").click()


def vote_by_slip(page, address: str, picture) -> None:
    """From the square on the slip to the receipt, on a phone."""
    page.goto("about:blank")
    page.goto(address)
    expect(page.get_by_role("heading", name="评议票")).to_be_visible()
    assert "#" not in page.url
    page.get_by_role("button", name="下一步:核对").click()
    expect(page.get_by_text("还有 1 人没有选")).to_be_visible()
    page.get_by_text("优秀 95 分").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    if picture:
        picture("ballot")
        page.set_viewport_size(PHONE)
    page.get_by_role("button", name="下一步:核对").click()
    expect(page.get_by_role("heading", name="请核对")).to_be_visible()
    expect(page.get_by_text("优秀 95 分")).to_be_visible()
    page.wait_for_load_state()  # its script runs
    page.get_by_role("button", name="提交评议票").dblclick()
    expect(page.get_by_role("heading", name="参与已登记")).to_be_visible()
    expect(page.get_by_text("95")).to_have_count(0)


def refused_twice(page, address: str) -> None:
    page.goto("about:blank")
    page.goto(address)
    expect(page.get_by_text("这个评议码不能用").first).to_be_visible()


def own_result(page, site, sign_in_as, address: str, picture) -> None:
    sign_in_as("dangyuan")
    page.goto(f"{site}/appraisals/")
    page.get_by_role("link", name=re.compile("看.*2024 年上半年")).click()
    expect(page.get_by_role("row", name=re.compile("张建国")).get_by_role("cell").last).to_have_text("94.25")
    picture("appraisal-own")


def test_code_can_be_typed_without_javascript(browser, page, site, sign_in_as):
    address = set_up(page, site, sign_in_as, "2023H1", {"班子成员": "1", "党员、居民代表": "1", "联户代表": "1"})
    slip = print_slips(page, address, "household_reps", lambda name: None)
    plain = browser.new_context(java_script_enabled=False, viewport=PHONE, locale="zh-CN")
    phone = plain.new_page()
    phone.set_default_timeout(15_000)
    phone.goto(slip)
    phone.get_by_label("评议码").fill(slip.rpartition("#")[2].lower().replace("-", " "))
    phone.get_by_role("button", name="打开评议票").click()
    phone.get_by_text("不了解,不评", exact=True).click()
    phone.get_by_role("button", name="下一步:核对").click()
    phone.get_by_role("button", name="提交评议票").click()
    expect(phone.get_by_role("heading", name="参与已登记")).to_be_visible()
    plain.close()
