"""A roster in a real browser: imported after a look at every row, then somebody converted, gone away and transferred."""

import datetime

import pytest
from playwright.sync_api import expect

from members.dates import months_later

pytestmark = pytest.mark.browser

TODAY = datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=8))).date()
JOINED = TODAY - datetime.timedelta(400)
HEAD = "编号,姓名,性别,民族,出生年月,公民身份号码,人员类别,加入党组织日期,所在党组织,转入日期"
NOVICE = f"XF001,夏小雨,女,汉族,1999.5,,预备党员,{JOINED},学府第一党支部,2020-01-01"


def file(*rows: str) -> dict:
    return {"name": "名册.csv", "mimeType": "text/csv", "buffer": "\r\n".join([HEAD, *rows]).encode("gbk")}


def upload(page, *rows: str) -> None:
    page.get_by_label("文件").set_input_files(file(*rows))
    page.get_by_role("button", name="上传并核对").click()
    expect(page.get_by_role("heading", name="核对导入")).to_be_visible()


def test_roster_from_import_to_transfer(page, site, sign_in_as, picture):
    sign_in_as("xuefu")
    page.goto(f"{site}/members/")
    page.get_by_role("link", name="导入名册").first.click()
    picture("roster-import")
    import_with_preview(page, picture)
    page.get_by_label("找人").fill("xiaxiaoyu")
    page.get_by_role("button", name="查找").click()
    page.get_by_role("link", name="夏小雨").click()
    convert(page, picture)
    move_away_and_back(page, picture)
    transfer(page, picture)


def import_with_preview(page, picture):
    known = "XF002,秦正,男,汉族,1970-02-30,,正式党员,1995-07-01,学府第一党支部,2020-01-01"
    upload(page, NOVICE, known)
    expect(page.get_by_role("heading", name="有 2 行要改")).to_be_visible()
    expect(page.get_by_text("第 2 行「出生日期」:「1999.5」没有写日").first).to_be_visible()
    expect(page.get_by_role("button", name="写入名册")).to_have_count(0)
    picture("roster-preview-faults")
    page.get_by_role("link", name="重新上传").first.click()
    upload(page, NOVICE.replace("1999.5", "1999.5.6"), known.replace("02-30", "02-28"))
    expect(page.get_by_text("没有读的列:民族。")).to_be_visible()
    page.get_by_role("link", name="新增 2").click()
    expect(page.get_by_role("row").filter(has_text="夏小雨")).to_contain_text("自 2020-01-01 起在学府第一党支部")
    picture("roster-preview")
    page.get_by_role("button", name="写入名册").click()
    expect(page.get_by_text("已导入:新增 2 人,更新 0 人,0 人没有变化。")).to_be_visible()


def convert(page, picture):
    expect(page.get_by_text("预备期已满")).to_be_visible()
    picture("member-probation")
    page.get_by_role("link", name="登记转正").click()
    page.get_by_label("转为正式党员的日期").fill(str(JOINED))
    page.get_by_role("button", name="登记").click()
    sentence = f"夏小雨的预备期到 {months_later(JOINED, 12)},转正日期最早是这一天。"
    expect(page.get_by_text(sentence).first).to_be_visible()
    picture("member-convert")
    day = TODAY - datetime.timedelta(20)
    page.get_by_label("转为正式党员的日期").fill(str(day))
    page.get_by_role("button", name="登记").click()
    expect(page.get_by_text(f"夏小雨自 {day} 起是正式党员。")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="预备党员")).to_contain_text("钱政工")


def move_away_and_back(page, picture):
    page.get_by_role("link", name="登记流动情况").click()
    page.get_by_label("改为").select_option(label="流动")
    page.get_by_label("从哪天起").fill("2024-03-01")
    picture("member-mobility")
    page.get_by_role("button", name="登记").click()
    expect(page.get_by_text("2024-03-01 起,原来在家")).to_be_visible()
    page.get_by_role("link", name="撤销 2024-03-01 起流动").click()
    page.get_by_role("button", name="撤销这次变动").click()
    expect(page.get_by_text("已撤销夏小雨自 2024-03-01 起的变动。")).to_be_visible()


def transfer(page, picture):
    page.get_by_role("link", name="转移组织关系").click()
    expect(page.get_by_text("由周期最后一天所在的支部、按那天采用的方案算")).to_be_visible()
    page.get_by_label("转到").select_option(label="学府第二党支部")
    page.get_by_label("从哪天起").fill("2024-05-01")
    picture("member-transfer")
    page.get_by_role("button", name="下一步:核对").click()
    picture("member-transfer-check")
    page.get_by_role("button", name="确认转移").click()
    expect(page.get_by_text("夏小雨自 2024-05-01 起转到学府第二党支部。")).to_be_visible()
    expect(page.get_by_text("2020-01-01 转入,到 2024-04-30")).to_be_visible()
    picture("member-record")
