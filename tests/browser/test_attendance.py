"""The attendance grid in a real browser: by keyboard, by two people, on a line that breaks."""

import re
import time
import unicodedata
from io import BytesIO
from pathlib import Path
from urllib.parse import urljoin

import pytest
from django.core.signing import Signer
from PIL import Image
from playwright.sync_api import expect
from pypdf import PdfReader

from tests.browser.hall import PEOPLE, names
from tests.factories import PASSWORD
from tests.looking import keep_picture

pytestmark = pytest.mark.browser


@pytest.fixture
def hall(in_the_site, site):
    in_the_site("tests.browser.hall")
    return site


@pytest.fixture
def open_grid(hall, sign_in_as, page):
    """A function that opens the grid of one of the activities as its secretary."""

    def opened(title, username="hcshuji"):
        sign_in_as(username)
        page.goto(f"{hall}/activities/")
        page.get_by_role("link", name=title, exact=True).click()
        expect(page.get_by_role("heading", name=f"{title} · 考勤")).to_be_visible()
        expect_ready(page)
        return page

    return opened


def expect_ready(page):
    """The grid's script runs: it shows its tools."""
    expect(page.locator(".grid-tools")).to_be_visible()


def row(page, name):
    return page.get_by_role("row", name=name)


def stored(page) -> dict[str, str]:
    """Statuses on record by name, as the server tells them."""
    address = urljoin(page.url, page.locator("#attendance").get_attribute("data-cells"))
    cells = page.request.get(address, params={"since": "0"}).json()["cells"]
    found = page.locator("#attendance tbody tr")
    by_pk = found.evaluate_all("rows => rows.map((tr) => [tr.dataset.member, tr.querySelector('th').textContent])")
    name_of = {int(pk): name.strip() for pk, name in by_pk}
    return {name_of[cell["member"]]: cell["status"] for cell in cells}


def expect_saved(page):
    expect(page.locator("#save-state")).to_have_text(re.compile(r"^已保存 \d\d:\d\d$"))


def test_sixty_members_and_six_exceptions_by_keyboard_alone(open_grid, picture):
    page = open_grid("按键")
    pressed = []

    def press(*keys):
        for key in keys:
            pressed.append(key)
            page.keyboard.press(key)

    expect(page.get_by_role("button", name=f"{PEOPLE} 人照此登记")).to_be_visible()
    expect(page.locator(".key-item").first).to_have_text("1 D 到会")
    assert stored(page) == {}
    press("ArrowDown", *["ArrowDown"] * 4, "2", "Enter", "Enter", "q")  # 5 late, 7 absent, by number and by initial
    press("PageDown", "PageDown", "ArrowUp", "5")  # 26 sick
    press("/", "q", "y", "l", "Enter", "g")  # 52 on duty: 钱玉兰, found by initials
    press("PageUp", "PageUp", "t")  # 32 somebody came instead
    press("Home", "3", "4", "Control+z")  # the first left early; a slip of the finger is undone
    expect_saved(page)
    picture("attendance-keys")
    press("Control+Enter")
    expect(page.get_by_role("link", name="完成")).to_be_visible()
    expect_saved(page)
    exceptions = {4: "late", 6: "absent", 25: "sick_leave", 51: "official_leave", 31: "proxy", 0: "left_early"}
    expected = {name: exceptions.get(index, "present") for index, name in enumerate(names())}
    assert stored(page) == expected
    assert len(pressed) <= 27  # of them two for a slip of the finger, undone
    picture("attendance-complete")
    page.reload()
    assert stored(page) == expected
    expect(row(page, "赵建国").get_by_label("早退")).to_be_checked()


def test_totals_are_of_all_pages_after_a_cell_too(open_grid, in_the_site):
    in_the_site("tests.browser.crowd")
    page = open_grid("人多", username="rdshuji")
    late, absent, rest = (
        page.locator(f".totals {name} b") for name in ("[data-total=late]", "[data-total=absent]", "[data-unentered]")
    )
    expect(page.locator(".totals")).to_contain_text("各页已登记")
    expect(page.locator("#confirm")).to_have_text("200 人照此登记")
    expect(rest).to_have_text("202")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("7")
    expect_saved(page)
    for found, count in ((late, "1"), (absent, "1"), (rest, "201")):
        expect(found).to_have_text(count)
    page.get_by_role("link", name="第 2 页").first.click()
    expect(page.locator("#attendance tbody tr")).to_have_count(3)
    for found, count in ((late, "1"), (absent, "1"), (rest, "201")):
        expect(found).to_have_text(count)


def test_status_pressed_before_the_grid_is_entered_is_not_lost_in_silence(open_grid):
    page = open_grid("第一键")
    page.keyboard.press("2")
    expect(page.locator("#found")).to_have_text("现在到了赵建国,再按一次才登记")
    expect(row(page, "赵建国").get_by_label("迟到")).not_to_be_checked()
    page.keyboard.press("2")
    expect_saved(page)
    assert stored(page) == {"赵建国": "late"}


def test_setting_all_leaves_the_excused_and_asks_about_the_rest(open_grid, picture):
    page = open_grid("读屏")
    first, second, third = names()[:3]
    row(page, first).get_by_text("病假").click()
    row(page, second).get_by_text("不要求").click()
    row(page, third).get_by_text("缺席").click()
    expect_saved(page)
    page.get_by_role("button", name="全部设为到会").click()
    expect(page.locator("#found")).to_have_text("没有登记过的都设为到会了,请假和不要求的 2 人没有动")
    expect_saved(page)
    found = stored(page)
    assert [found[name] for name in names()[:4]] == ["sick_leave", "not_required", "absent", "present"]
    assert len(found) == PEOPLE
    expect(page.locator("#spared")).to_contain_text("缺席 1 人没有动。")
    picture("attendance-spared")
    page.get_by_role("button", name="不改").click()
    expect(page.locator("#spared")).to_be_hidden()
    page.reload()  # what is on record from an earlier visit is asked about in the same way
    page.get_by_role("button", name="全部设为到会").click()
    page.get_by_role("button", name="把 1 人的缺席也改成到会").click()
    expect(page.locator("#found")).to_have_text("已把 1 人改成到会")
    expect_saved(page)
    assert stored(page)[third] == "present"
    page.get_by_role("button", name="撤销").click()
    expect(row(page, third).get_by_label("缺席")).to_be_checked()
    expect_saved(page)
    assert stored(page)[third] == "absent"
    # The grid is one stop of the Tab key, and each row is a group with the member's name.
    assert page.locator("#attendance tbody input[type=radio][tabindex='0']").count() == 9
    expect(page.get_by_role("radiogroup", name=first)).to_have_count(1)


def test_lost_connection_and_reload_lose_nothing(open_grid, picture):
    page = open_grid("断线")
    first, second = names()[:2]
    cells = re.compile(r"/cells/")
    page.route(cells, lambda route: route.abort())
    row(page, first).get_by_text("迟到").click()
    expect(page.locator("#save-state")).to_have_text("有 1 格还没有保存,正在重试")
    row(page, second).get_by_text("缺席").click()
    expect(page.locator("#save-state")).to_have_text("有 2 格还没有保存,正在重试")
    expect(row(page, first)).to_contain_text("还没有保存,正在重试")
    picture("attendance-offline")
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.reload()
    assert asked == ["beforeunload"]
    expect(row(page, first).get_by_label("迟到")).to_be_checked()
    expect(page.locator("#save-state")).to_have_text("有 2 格还没有保存,正在重试")
    page.unroute(cells)
    expect_saved(page)
    assert stored(page) == {first: "late", second: "absent"}


def test_answer_that_never_came_is_asked_for_again(open_grid):
    page = open_grid("断线")
    name = names()[10]
    lost = []

    def store_but_lose_the_answer(route):
        if route.request.method == "POST" and not lost:
            lost.append(route.fetch().status)
            route.abort()
        else:
            route.continue_()

    page.route(re.compile(r"/cells/"), store_but_lose_the_answer)
    row(page, name).get_by_text("迟到").click()
    expect(page.locator("#save-state")).to_have_text("有 1 格还没有保存,正在重试")
    row(page, name).get_by_text("事假").click()  # a second thought before the answer is there
    expect_saved(page)
    assert (lost, stored(page)[name]) == ([200], "personal_leave")


def test_two_people_merge_and_a_clash_shows_both(open_grid, hall, browser, browser_context_args, picture):
    page = open_grid("两个人")
    context = browser.new_context(**browser_context_args)
    other = context.new_page()
    sign_in(other, hall, "hczuzhang")
    other.goto(page.url)
    expect_ready(other)
    for one in (page, other):  # neither asks by itself what the other one did
        one.route(re.compile(r"/cells/\?since="), lambda route: route.abort())
    first, second, third = names()[:3]
    row(other, first).get_by_text("迟到").click()
    row(other, third).get_by_text("缺席").click()
    expect_saved(other)
    row(page, second).get_by_text("病假").click()
    expect_saved(page)
    expect(row(page, first).get_by_label("迟到")).to_be_checked()  # came with the answer
    expect(row(page, first)).to_contain_text("王组长")
    row(other, second).get_by_text("公假").click()  # not seen yet that it is sick leave
    alert = other.get_by_role("alert")
    expect(alert).to_contain_text(re.compile(rf"{second}:李书记 \d\d:\d\d 登记为「病假」,您选的是「公假」"))
    assert stored(page)[second] == "sick_leave"
    keep_picture(other, "attendance-clash", full_page=False)
    other.get_by_role("button", name="改成「公假」").click()
    expect_saved(other)
    assert stored(page) == {first: "late", second: "official_leave", third: "absent"}
    row(page, second).get_by_text("替会").click()
    page.get_by_role("button", name="保留「公假」").click()
    expect(row(page, second).get_by_label("公假")).to_be_checked()
    assert stored(page)[second] == "official_leave"
    context.close()


def sign_in(page, site, username):
    page.goto(f"{site}/sign-in/")
    page.get_by_label("账号").fill(username)
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("button", name="退出")).to_be_attached()


def test_session_that_ran_out_is_told_and_taken_up_again(open_grid, hall):
    page = open_grid("过期")
    name = names()[0]
    page.context.clear_cookies()
    row(page, name).get_by_text("迟到").click()
    expect(page.locator("#save-state")).to_contain_text("登录已过期,有 1 格还没有保存,记在这台电脑上。")
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="请重新登录,再回到这一页").click()
    # Somebody else's sign-in takes nothing over.
    sign_in(opened.value, hall, "hczuzhang")
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    expect(page.locator("#save-state")).to_contain_text("现在登录的是另一个账号")
    page.context.clear_cookies()
    sign_in(opened.value, hall, "hcshuji")
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    expect_saved(page)
    assert stored(page) == {name: "late"}


def test_refused_cell_says_why_and_goes_back(open_grid, in_the_site, picture):
    page = open_grid("办结", "hcshuji2")
    in_the_site("tests.browser.settled")  # while the page is open
    row(page, "许志远").get_by_text("迟到").click()
    expect(row(page, "许志远").locator(".state")).to_contain_text(
        re.compile("没有改成「迟到」:.*那次考核已经办结,记录不能再改")
    )
    expect(page.locator("#save-state")).to_contain_text("没有保存:")
    expect(row(page, "许志远").get_by_label("到会")).to_be_checked()
    picture("attendance-refused")
    page.reload()
    expect(page.get_by_text("那次考核已经办结,记录不能再改")).to_be_visible()
    expect(row(page, "许志远")).to_contain_text("没有登记")


def test_column_pasted_into_the_grid_is_shown_first(open_grid, picture):
    page = open_grid("粘贴")
    words = ["√"] * (PEOPLE - 2) + ["病假", "×"]
    give = "(text) => { const data = new DataTransfer(); data.setData('text/plain', text);" \
        " document.body.dispatchEvent(new ClipboardEvent('paste', {clipboardData: data, bubbles: true, cancelable: true})) }"  # fmt: skip
    page.evaluate(give, "\n".join(words))
    expect(page.get_by_role("heading", name=f"核对:会改 {PEOPLE} 人")).to_be_visible()
    picture("attendance-paste")
    page.get_by_role("button", name=f"写入 {PEOPLE} 人的考勤").click()
    expect(page.get_by_text(f"已按粘贴的内容保存 {PEOPLE} 人的考勤。")).to_be_visible()
    found = stored(page)
    assert [found[name] for name in (names()[0], *names()[-2:])] == ["present", "sick_leave", "absent"]


def test_page_without_scripts_is_a_form(hall, browser, browser_context_args):
    context = browser.new_context(**browser_context_args, java_script_enabled=False)
    page = context.new_page()
    sign_in(page, hall, "hcshuji")
    page.goto(f"{hall}/activities/")
    page.get_by_role("link", name="没有脚本", exact=True).click()
    row(page, names()[3]).get_by_text("迟到").click()
    page.get_by_role("button", name="保存考勤").click()
    expect(page.get_by_text(f"已保存 {PEOPLE} 人的考勤。")).to_be_visible()
    expect(row(page, names()[3]).get_by_label("迟到")).to_be_checked()
    expect(page.get_by_text("未登记")).to_have_count(1)  # the sentence above the grid is gone, the hidden count stays
    context.close()


def test_sheet_for_sixty_names_prints_on_a4(open_grid, page):
    open_grid("按键")
    page.get_by_role("link", name="签到表").click()
    expect(page.get_by_role("heading", name="签到表", exact=True)).to_be_visible()
    sheet = PdfReader(BytesIO(page.pdf(prefer_css_page_size=True)))
    texts = [unicodedata.normalize("NFKC", "".join(one.extract_text().split())) for one in sheet.pages]
    width, height = (round(float(side) / 72 * 25.4) for side in sheet.pages[0].mediabox[2:])
    assert (width, height) == (210, 297)
    assert len(texts) == 3
    assert all("签名" in text and "按键签到表" in text for text in texts)
    assert [name for text in texts for name in names() if name in text] == names()
    assert "主持人" in texts[-1]
    assert "返回考勤" not in texts[0]


def test_member_scans_the_code_on_the_wall(open_grid, hall, environment, page, picture):
    open_grid("扫码")
    number = re.search(r"/activities/(\d+)/", page.url)[1]
    page.get_by_role("link", name="扫码签到").click()
    expect(page.get_by_role("img", name="签到二维码,每 30 秒换一次")).to_be_visible()
    expect(page.get_by_text(f"人已到会,名单 {PEOPLE} 人")).to_be_visible()
    assert page.locator(".check-in .square").bounding_box()["width"] > 440
    for part in (".check-in .qr", ".check-in ol", ".check-in .total"):
        expect(page.locator(part)).to_be_in_viewport(ratio=1)
    with page.expect_response(re.compile("/check-in/code/"), timeout=30_000):
        picture("check-in-screen")
    # The code as the wall shows it: no camera here, so it is made with the site's own key.
    key = (Path(environment["DATA_DIR"]) / "secret_key").read_text()
    code = Signer(key=key, salt="members.check-in", sep="~").sign(f"{number}-{int(time.time()) // 30}")
    phone = page.context.browser.new_context(viewport={"width": 360, "height": 740}, locale="zh-CN")
    member = phone.new_page()
    member.goto(f"{hall}/check-in/{code}/")
    member.get_by_label("账号").fill("hcdangyuan")
    member.get_by_label("密码").fill(PASSWORD)
    member.get_by_role("button", name="登录").click()
    member.get_by_role("button", name="签到").click()
    expect(member.get_by_text("赵建国,您已签到:到会")).to_be_visible()
    keep_picture(member, "check-in-done-360", full_page=False)
    assert member.evaluate("document.documentElement.scrollWidth") <= 360
    expect(page.get_by_text("最近到会:赵建国(扫码签到)")).to_be_visible()
    phone.close()


def test_minutes_are_written_and_put_right(open_grid, picture):
    page = open_grid("记录")
    page.get_by_role("link", name="写会议记录").click()
    picture("minutes-form")
    page.get_by_label("记录", exact=False).first.fill("主持人:钱秀芝\n议题:清雪\n讨论和决定:周六上午,带铁锹。")
    held = BytesIO()
    Image.new("RGB", (300, 400), "ivory").save(held, "PNG")
    paper = {"name": "记录本.png", "mimeType": "image/png", "buffer": held.getvalue()}
    page.get_by_label("附件").set_input_files(paper)
    page.get_by_role("button", name="保存记录").click()
    expect(page.get_by_text("会议记录已保存。")).to_be_visible()
    page.get_by_role("link", name="修改记录").click()
    page.get_by_label("记录", exact=False).first.fill("主持人:钱秀芝\n议题:清雪\n讨论和决定:改在周日上午。")
    page.get_by_role("button", name="保存记录").click()
    expect(page.get_by_text("改在周日上午。")).to_be_visible()
    page.get_by_text("以前写的 1 次").click()
    expect(page.get_by_text("周六上午,带铁锹。")).to_be_visible()
    picture("minutes")


def test_leave_from_the_request_to_the_grid(hall, sign_in_as, page, picture, in_the_site):
    in_the_site("tests.browser.coming")
    sign_in_as("hcdangyuan")
    picture("home-member-upcoming")
    page.get_by_role("link", name="我的请假").click()
    page.get_by_role("link", name="半月后的党课:请假").click()
    page.get_by_label("公假").check()
    page.get_by_label("事由").fill("出差")
    picture("leave-ask")
    page.get_by_role("button", name="提交请假").click()
    expect(page.get_by_text("已申请「半月后的党课」请公假")).to_be_visible()
    sign_in_as("hcshuji")
    page.get_by_role("link", name="请假待批:去批").click()
    picture("leave-decide")
    page.get_by_role("button", name="准假", exact=True).click()
    expect(page.get_by_text("赵建国「半月后的党课」已准假,考勤里写为公假。")).to_be_visible()
    picture("leave-list")
    sign_in_as("hcdangyuan")
    page.get_by_role("link", name="我的请假").click()
    expect(page.get_by_role("row", name="半月后的党课")).to_contain_text("已准假")
