"""The whole way in a real browser: from the roster to the boards."""

import datetime
import re
from io import BytesIO

import pytest
from openpyxl import Workbook, load_workbook
from playwright.sync_api import expect

from scoring.engine import Period

pytestmark = pytest.mark.browser

TODAY = datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=8))).date()
PERIOD = Period.containing(TODAY)
ROSTER = (
    ("编号", "姓名", "性别", "出生日期", "人员类别", "入党日期", "所在支部"),
    ("HP002", "王志强", "男", "1968-04-02", "正式党员", "1990-07-01", "和平社区第一党支部"),
    ("HP003", "刘淑芬", "女", "1971-11-20", "正式党员", "1995-07-01", "和平社区第一党支部"),
    ("HP004", "单玉梅", "女", "1959-03-08", "正式党员", "1984-07-01", "和平社区第一党支部"),
)


def workbook(rows) -> dict:
    """An upload of these rows as an xlsx file."""
    book = Workbook()
    for row in rows:
        book.active.append(row)
    stream = BytesIO()
    book.save(stream)
    return {
        "name": "名册.xlsx",
        "mimeType": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "buffer": stream.getvalue(),
    }


def test_half_year_from_the_roster_to_the_boards(page, site, sign_in_as, picture):
    import_the_roster(page, site, sign_in_as, picture)
    mark_attendance(page, site, picture)
    enter_dues(page, site, picture)
    declare_a_merit(page, site, picture)
    approve_the_merit(page, site, sign_in_as, picture)
    hold_the_appraisal(page, site, sign_in_as, picture)
    run_the_round(page, site, sign_in_as, picture)
    read_the_ledger(page, site, sign_in_as, picture)
    open_the_boards(page, site, sign_in_as, picture)


def import_the_roster(page, site, sign_in_as, picture):
    picture_of_signing_in(page, site, picture)
    sign_in_as("shuji")
    picture("home-secretary")
    page.goto(f"{site}/members/")
    page.get_by_role("link", name="导入名册").first.click()
    page.locator("input[type=file]").set_input_files(workbook([*ROSTER, ("HP005", "坏", "男", "1970-02-30")]))
    page.get_by_role("button", name="上传并核对").click()
    expect(page.get_by_text("1970-02-30").first).to_be_visible()
    picture("import-refused")
    page.goto(f"{site}/members/")
    expect(page.get_by_text("王志强")).not_to_be_visible()
    page.get_by_role("link", name="导入名册").first.click()
    page.locator("input[type=file]").set_input_files(workbook(ROSTER))
    page.get_by_role("button", name="上传并核对").click()
    picture("import-preview")
    page.get_by_role("button", name="写入名册").click()
    expect(page.get_by_text("已导入:新增 3 人")).to_be_visible()
    page.goto(f"{site}/members/")
    expect(page.get_by_text("单玉梅")).to_be_visible()
    picture("roster")
    page.get_by_role("link", name="王志强").click()
    picture("record")


def picture_of_signing_in(page, site, picture):
    page.goto(site)
    expect(page).to_have_url(re.compile("/sign-in/"))
    picture("sign-in")


def mark_attendance(page, site, picture):
    page.goto(f"{site}/activities/add/")
    page.get_by_label("名称").fill("主题党日")
    page.get_by_label("类别").select_option(label="主题党日")
    page.get_by_label("日期").fill(TODAY.isoformat())
    picture("activity-add")
    page.get_by_role("button", name="登记").click()
    expect(page.locator(".grid-tools")).to_be_visible()  # its script runs
    page.get_by_role("row", name="张建国").get_by_text("迟到").click()
    page.get_by_role("row", name="刘淑芬").get_by_text("缺席").click()
    expect(page.get_by_role("row", name="张建国").get_by_text("迟到每次扣 4 分")).to_be_visible()
    picture("attendance")
    page.get_by_role("button", name="其余 2 人照此登记").click()
    expect(page.get_by_role("link", name="完成")).to_be_visible()
    expect(page.locator("#save-state")).to_have_text(re.compile("^已保存"))


def enter_dues(page, site, picture):
    page.goto(f"{site}/dues/?month={TODAY:%Y-%m}")
    for name in ("张建国", "王志强", "刘淑芬", "单玉梅"):
        page.get_by_role("row", name=name).locator("input[type=text]").first.fill("10")
    picture("dues")
    page.get_by_role("button", name="全部今日缴清").click()
    expect(page.get_by_text("要登记 4 人、4 笔,共 40.00 元")).to_be_visible()
    page.get_by_role("button", name="确认登记").click()
    expect(page.get_by_role("heading", name="党费收据")).to_be_visible()
    page.goto(f"{site}/dues/?month={TODAY:%Y-%m}")
    expect(page.get_by_text("该缴的都已缴清")).to_be_visible()


def declare_a_merit(page, site, picture):
    page.goto(f"{site}/entries/")
    page.get_by_role("link", name="登记加分或扣分").click()
    picture("clauses")
    page.get_by_role("link", name="选参加公益事业").click()
    page.get_by_label("党员").select_option(label="张建国")
    page.get_by_label("事由").fill("社区义诊,坐诊半天")
    picture("entry-add")
    page.get_by_role("button", name="下一步:核对").click()
    expect(page.get_by_text("+5 分", exact=True)).to_be_visible()
    picture("entry-check")
    page.get_by_role("button", name="保存并报批").click()
    expect(page.get_by_text("待街道审批").first).to_be_visible()
    picture("entry")


def approve_the_merit(page, site, sign_in_as, picture):
    sign_in_as("zhenggong")
    picture("home-staff")
    page.goto(f"{site}/entries/")
    picture("entries")
    page.get_by_role("link", name="参加公益事业").click()
    picture("entry-decide")
    page.get_by_role("button", name="通过", exact=True).click()
    expect(page.get_by_text("等您审的都办完了。")).to_be_visible()


def hold_the_appraisal(page, site, sign_in_as, picture):
    page.goto(f"{site}/appraisals/?period={PERIOD.code}")
    picture("appraisals")
    page.get_by_role("link", name="准备和平社区第一党支部的评议").click()
    for group in ("班子成员", "党员、居民代表", "联户代表"):
        page.get_by_label(f"{group}:另有几人不记名").fill("5")
    picture("appraisal-set-up")
    page.get_by_role("button", name="保存名单").click()
    expect(page.get_by_text("名单已保存。")).to_be_visible()
    page.get_by_role("button", name="开始评议").click()
    expect(page.get_by_text("评议已经开始,名单不能再改。")).to_be_visible()
    address = page.url
    for group in ("committee", "members_residents", "household_reps"):
        page.goto(f"{address}{group}/roster/")
        page.get_by_label("不记名的领纸质票(人)").fill("5")
        page.get_by_role("button", name="保存登记").click()
        expect(page.get_by_text("登记已保存")).to_be_visible()
        enter_a_tally(page, f"{address}{group}/tally/", picture if group == "committee" else None)
        expect(page.get_by_text("第一次录入已保存,请另一个人再录一次。")).to_be_visible()
    sign_in_as("zongzhi")
    for group in ("committee", "members_residents", "household_reps"):
        enter_a_tally(page, f"{address}{group}/tally/", None)
        expect(page.get_by_text("第二次录入和第一次一致,计票单已核对。")).to_be_visible()
    page.get_by_role("link", name="结束评议").click()
    picture("appraisal-close")
    page.get_by_role("button", name="确认结束").click()
    expect(page.get_by_text("评议已经结束,结果已经算出。")).to_be_visible()
    expect(page.get_by_role("row", name="张建国").get_by_text("95.00").last).to_be_visible()
    picture("appraisal-results")


def enter_a_tally(page, address, picture):
    """Five ballots each; with a picture, first one that is refused."""
    page.goto(address)
    page.get_by_label("收回票数").fill("5")
    for name, score in (("张建国", "95"), ("王志强", "85"), ("刘淑芬", "50"), ("单玉梅", "90")):
        page.get_by_label(f"{name} {score}", exact=True).fill("9" if picture and name == "张建国" else "5")
    page.get_by_role("button", name="保存计票").click()
    if picture:
        expect(page.get_by_text("张建国一行共 9 票,超过了收回的 5 张。请核对计票单。")).to_be_visible()
        picture("tally-refused")
        page.get_by_label("张建国 95", exact=True).fill("5")
        picture("tally")
        page.get_by_role("button", name="保存计票").click()


def run_the_round(page, site, sign_in_as, picture):
    sign_in_as("zhenggong")
    page.goto(f"{site}/rounds/")
    page.get_by_label("组织").select_option(label="和平街道党工委")
    page.get_by_label("周期").select_option(PERIOD.code)
    picture("rounds")
    page.get_by_role("button", name="开始考核").click()
    picture("round-open")
    page.get_by_role("button", name="试算").click()
    page.get_by_role("heading", name="结果").wait_for(timeout=15_000)
    expect(page.get_by_role("row", name="张建国").get_by_text("优秀")).to_be_visible()
    picture("round-computed")


def read_the_ledger(page, site, sign_in_as, picture):
    sign_in_as("dangyuan")
    picture("home-member")
    page.get_by_role("link", name="看每一分从哪里来").click()
    expect(page.get_by_text("100.60").first).to_be_visible()  # (100 − 4) × 60% + 95 × 40% + 5
    expect(page.get_by_text("社区义诊,坐诊半天")).to_be_visible()
    page.get_by_text("条款原文").first.click()
    picture("ledger")
    page.goto(f"{site}/members/")
    expect(page.get_by_role("heading", name="不归您办理")).to_be_visible()


def open_the_boards(page, site, sign_in_as, picture):
    sign_in_as("zhenggong")
    page.goto(f"{site}/boards/")
    picture("boards")
    page.get_by_role("link", name="光荣榜").first.click()
    expect(page.get_by_role("row", name="张建国").get_by_text("100.60")).to_be_visible()
    picture("board-honor")
    with page.expect_download() as download:
        page.get_by_role("link", name="下载表格").click()
    sheet = load_workbook(BytesIO(download.value.path().read_bytes())).active
    assert [cell.value for cell in sheet[3]][:3] == ["和平社区第一党支部", "张建国", 100.6]
    page.get_by_role("link", name="看警示榜").click()
    expect(page.get_by_text("刘**")).to_be_visible()
    expect(page.get_by_text("刘淑芬")).not_to_be_visible()
    picture("board-warning")
