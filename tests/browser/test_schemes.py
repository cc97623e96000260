"""Schemes in a real browser: adopted with a unit's own bands, tried, used; a draft held back by a worked case."""

import datetime
import re

import pytest
from playwright.sync_api import expect

from tests.looking import keep_picture

pytestmark = pytest.mark.browser

YEAR = datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=8))).year
BRANCH = "友谊社区党支部"
CASE = """\
case: study-missed
scheme: school-four-standards
period: "2025"
members:
  党员甲: {entries: [{item: politics.study_missed, date: 2025-03-05}]}
expect:
  党员甲: {items: {base.politics: 18}}
"""


def test_scheme_adopted_with_bands_of_ones_own(page, site, sign_in_as, picture):
    sign_in_as("zhenggong")
    say_what_is_adopted(page, site, picture)
    leave_a_gap_in_the_bands(page, picture)
    mend_the_bands(page)
    try_them_on_the_settled_year(page)
    adopt(page, picture)
    compute_the_year(page, site)


def say_what_is_adopted(page, site, picture):
    page.goto(f"{site}/adoptions/")
    picture("adoptions")
    page.get_by_role("link", name="采用方案", exact=True).click()
    expect(page.get_by_role("heading", name="采用方案")).to_be_visible()
    choose_terms(page)
    picture("adopt")
    page.get_by_role("button", name="下一步").click()
    expect(page.get_by_role("heading", name="本单位的设定")).to_be_visible()


def choose_terms(page):
    version = page.get_by_label("方案").locator("option", has_text="城关镇").get_attribute("value")
    place = page.get_by_label("组织").locator("option", has_text=BRANCH).get_attribute("value")
    page.get_by_label("组织").select_option(place)
    page.get_by_label("方案").select_option(version)
    page.get_by_label("从哪一天起").select_option(f"{YEAR}-01-01")


def leave_a_gap_in_the_bands(page, picture):
    page.get_by_label("第 1 等", exact=True).select_option(label="优秀")
    page.get_by_label("第 1 等从多少分起").fill("30")
    page.get_by_label("第 2 等", exact=True).select_option(label="合格")
    page.get_by_label("第 2 等从多少分起").fill("20")
    page.get_by_role("button", name="下一步").click()
    expect(page.get_by_text("等次有空档:低于 20 分没有等次。").first).to_be_visible()
    expect(page.get_by_label("第 2 等从多少分起")).to_have_value("20")
    picture("bands-refused")


def mend_the_bands(page):
    page.get_by_label("第 3 等", exact=True).select_option(label="不合格")
    page.get_by_label("第 3 等从多少分起").fill("")


def try_them_on_the_settled_year(page):
    """The trial opens beside the form, which keeps what was typed."""
    with page.expect_popup() as opened:
        page.get_by_role("button", name="拿上期试一试").click()
    trial = opened.value
    expect(trial.get_by_text("共 2 人,其中 2 人")).to_be_visible()
    expect(trial.get_by_role("row", name="林小友").get_by_text("优秀")).to_be_visible()
    keep_picture(trial, "trial-1280")
    trial.close()
    expect(page.get_by_label("第 2 等从多少分起")).to_have_value("20")


def adopt(page, picture):
    page.get_by_role("button", name="下一步").click()
    expect(page.get_by_role("heading", name="核对")).to_be_visible()
    picture("adopt-check")
    page.get_by_role("button", name="采用", exact=True).click()
    expect(page.get_by_text(f"已办好:{BRANCH}从 {YEAR}-01-01 起采用")).to_be_visible()
    expect(page.get_by_role("row", name="等次分数线").get_by_text("改过")).to_be_visible()
    picture("adoption")


def compute_the_year(page, site):
    page.goto(f"{site}/rounds/")
    page.get_by_label("组织").select_option(label=BRANCH)
    page.get_by_label("方案").select_option("town-layered")
    page.get_by_label("周期").select_option(f"{YEAR}")
    page.get_by_role("button", name="开始考核").click()
    expect(page.get_by_role("heading", name=f"{YEAR} 年考核")).to_be_visible()
    page.get_by_role("button", name="试算").click()
    expect(page.get_by_role("heading", name="结果", exact=True)).to_be_visible()
    expect(page.get_by_role("row", name="林小友").get_by_text("优秀")).to_be_visible()
    page.get_by_role("link", name="光荣榜").click()
    expect(page.get_by_role("row", name="林小友")).to_be_visible()


def test_draft_is_released_once_its_case_holds(page, site, sign_in_as, picture):
    sign_in_as("zhenggong")
    page.goto(f"{site}/schemes/cases/import/")
    page.get_by_label("算例文件").set_input_files(
        {"name": "算例.yaml", "mimeType": "application/yaml", "buffer": CASE.encode()}
    )
    page.get_by_role("button", name="导入").click()
    expect(page.get_by_text("已导入:新增 1 个")).to_be_visible()
    page.goto(f"{site}/schemes/school-four-standards/")
    picture("scheme")
    page.get_by_role("link", name="起草新一版").click()
    change(page, "学习每缺一次扣分, default: 2,", "学习每缺一次扣分, default: 3,")
    picture("draft")
    page.get_by_role("link", name="检查并发布").click()
    expect(page.get_by_text("应为 18,算得 17")).to_be_visible()
    expect(page.get_by_role("button", name="确认发布")).to_have_count(0)
    picture("release-refused")
    page.get_by_role("link", name="修改草稿").click()
    change(page, "学习每缺一次扣分, default: 3,", "学习每缺一次扣分, default: 2,")
    page.get_by_role("link", name="修改草稿").click()
    change(page, "事假每次扣分, default: 1,", "事假每次扣分, default: 1.5,")
    page.get_by_role("link", name="检查并发布").click()
    expect(page.get_by_text("1 个算例全部相符。")).to_be_visible()
    page.get_by_role("link", name=re.compile("看看与第 1 版有什么不同")).click()
    expect(page.get_by_text("事假每次扣分").first).to_be_visible()
    picture("compare")
    page.go_back()
    page.get_by_role("button", name="确认发布").click()
    expect(page.get_by_text("已发布")).not_to_have_count(0)
    expect(page.get_by_text("各单位可以采用。")).to_be_visible()


def change(page, old: str, new: str) -> None:
    """Put other words into the definition and keep the draft."""
    source = page.get_by_label("规则 definition.yaml")
    expect(source).to_be_visible()
    written = source.input_value()
    assert old in written
    source.fill(written.replace(old, new))
    page.get_by_role("button", name="保存草稿").click()
    expect(page.get_by_text("草稿已保存。")).to_be_visible()
