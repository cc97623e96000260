"""The branch's month and quarter in a real browser, and the ledger on paper."""

import io
import re
import unicodedata

import pytest
from playwright.sync_api import expect
from pypdf import PdfReader

from tests.browser.long_ledgers import ROWS
from tests.serving import run

pytestmark = pytest.mark.browser

SMALLEST_LETTER = """() => Math.min(...[...document.querySelectorAll(".ledger-page *")].filter((each) =>
    each.getClientRects().length && !each.closest("svg, .visually-hidden") &&
    [...each.childNodes].some((node) => node.nodeType === 3 && node.data.trim())
).map((each) => 0.75 * parseFloat(getComputedStyle(each).fontSize)
    * parseFloat(getComputedStyle(document.querySelector(".ledger-page")).zoom)))"""
PAGE = re.compile(rb"/Type\s*/Page[^s]")


def pages_on_paper(page) -> int:
    return len(PAGE.findall(page.pdf(prefer_css_page_size=True)))


def words_on_paper(page) -> list[str]:
    """The text of each sheet, without blanks; some characters come out of a PDF as radicals."""
    sheets = PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True))).pages
    return ["".join(unicodedata.normalize("NFKC", sheet.extract_text()).split()) for sheet in sheets]


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
    expect(page.get_by_role("button", name="打印")).to_be_visible()
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


@pytest.fixture(scope="module")
def long_ledgers(site, environment):
    run(environment, "-m", "tests.browser.long_ledgers")


@pytest.mark.parametrize(
    ("large", "sheets"), [(False, {10: 1, 40: 1, 60: 2, 120: 2}), (True, {10: 1, 40: 1, 60: 2, 120: 2})]
)
def test_long_ledger_shrinks_to_what_can_be_read_then_takes_further_sheets(
    page, site, sign_in_as, long_ledgers, large, sheets
):
    sign_in_as("cjshuji")
    if large:
        large_type(page, site)
    taken = {}
    for name, rows in ROWS.items():
        page.goto(f"{site}/members/?q={name}")
        number = page.get_by_role("link", name=name).first.get_attribute("href").strip("/").split("/")[-1]
        page.goto(f"{site}/ledger/{number}/?period=2025H1")
        words = words_on_paper(page)
        taken[rows] = len(words)
        for place, text in enumerate(words, 1):  # each sheet says whose it is, and which of how many
            assert "2025年上半年积分台账" in text
            assert name in text
            assert re.search(f"第{place}.,共{len(words)}.", text)
        page.emulate_media(media="print")
        assert page.evaluate(SMALLEST_LETTER) >= 7.5
        page.emulate_media(media="null")
    assert taken == sheets


LONG_BOARD = """() => {
    const row = "<tr><td>和平社区第一党支部</td><td>张建国</td><td class='n'>96.40</td></tr>";
    document.querySelector(".board .empty, .board table").outerHTML = `<table class="table-plain stack-phone">
        <thead><tr><th>支部</th><th>姓名</th><th class="n">总分</th></tr></thead>
        <tbody>${row.repeat(75)}</tbody></table>`;
}"""


def test_board_takes_fewer_sheets_of_a3_than_of_a4(page, site, sign_in_as):
    sign_in_as("zhenggong")
    page.goto(f"{site}/boards/")
    page.get_by_role("link", name="光荣榜").first.click()
    page.wait_for_load_state()
    page.evaluate(LONG_BOARD)  # as long as a street's
    sheets = {name: PdfReader(io.BytesIO(page.pdf(format=name))).pages for name in ("A4", "A3")}
    assert {name: len(pages) for name, pages in sheets.items()} == {"A4": 3, "A3": 2}
    assert round(sheets["A3"][0].mediabox.width / 72 * 25.4) == 297
