"""An appeal in a real browser: from the ledger's line to the corrected total."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

LATE = re.compile("主题党日.*迟到")


def test_appeal_from_the_ledger_to_the_corrected_total(page, site, sign_in_as, picture):
    raise_it(page, site, sign_in_as, picture)
    record_an_objection(page, site, sign_in_as, picture)
    take_and_uphold_it(page, sign_in_as, picture)
    read_the_decision(page, site, sign_in_as, picture)


def raise_it(page, site, sign_in_as, picture):
    sign_in_as("gmdangyuan")
    page.goto(f"{site}/ledger/")
    expect(page.get_by_text("93.60").first).to_be_visible()
    picture("appeal-ledger")
    page.locator(".ev").filter(has_text=LATE).get_by_role("link", name="对这一条有异议").click()
    expect(page.get_by_role("heading", name="对结果有异议")).to_be_visible()
    page.get_by_role("button", name="提出").click()
    expect(page.get_by_text("请写明理由:哪里不对,应该是怎样。").first).to_be_visible()
    page.get_by_label("理由").fill("我提前十分钟到会,签到表上有我的签名。")
    picture("appeal-form")
    page.get_by_role("button", name="提出").click()
    expect(page.get_by_text(re.compile("已登记第 .* 号申辩"))).to_be_visible()
    expect(page.get_by_text("等待受理")).to_be_visible()
    picture("appeal-raised")


def record_an_objection(page, site, sign_in_as, picture):
    sign_in_as("gmshuji")
    page.goto(f"{site}/rounds/")
    page.get_by_role("row", name=re.compile("光明街道")).get_by_role("link").click()
    page.get_by_role("link", name="看光明社区党支部的公示单").click()
    page.get_by_role("link", name="登记异议").click()
    page.get_by_label("党员").fill("周光明")
    page.get_by_role("button", name="查找").click()
    page.get_by_role("link", name="登记对周光明的异议").click()
    page.get_by_label("提出人姓名").fill("邻居甲")
    page.get_by_label("理由").fill("他上半年很少参加活动。")
    picture("appeal-objection")
    page.get_by_role("button", name="登记").click()
    expect(page.get_by_text(re.compile("已登记第 .* 号异议"))).to_be_visible()


def take_and_uphold_it(page, sign_in_as, picture):
    sign_in_as("gmzhenggong2")
    page.get_by_role("link", name=re.compile("核对申诉")).click()
    expect(page.get_by_role("heading", name="申诉", exact=True)).to_be_visible()
    picture("appeals")
    page.get_by_role("link", name=re.compile("号申辩")).click()
    picture("appeal-to-take")
    page.get_by_role("button", name="由我核对").click()
    expect(page.get_by_role("heading", name="写决定")).to_be_visible()
    page.get_by_label("成立,更正").check()
    page.get_by_label("理由").fill("查签到表,周光明准时到会。")
    page.get_by_label("成立的:考勤应该是").select_option(label="到会")
    picture("appeal-decide")
    page.get_by_role("button", name="下一步:核对").click()
    expect(page.get_by_text("由「迟到」改为「到会」")).to_be_visible()
    picture("appeal-check")
    page.get_by_role("button", name="核对无误,决定").click()
    expect(page.get_by_text(re.compile("号申辩已经决定:成立。"))).to_be_visible()
    picture("appeal-decided")


def read_the_decision(page, site, sign_in_as, picture):
    sign_in_as("gmdangyuan")
    page.goto(f"{site}/appeals/")
    expect(page.get_by_text("邻居甲")).to_have_count(0)
    page.get_by_role("link", name=re.compile("号申辩")).click()
    expect(page.get_by_text("查签到表,周光明准时到会。").first).to_be_visible()
    picture("appeal-read")
    page.goto(f"{site}/ledger/")
    expect(page.get_by_text("96.00").first).to_be_visible()
    expect(page.get_by_text("结果正在更正,重新公示以后可以提出。")).to_be_visible()
    expect(page.get_by_role("link", name="对这一条有异议")).to_have_count(0)
