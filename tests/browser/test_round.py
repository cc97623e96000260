"""A round of two branches in a real browser, from the computation to the closing, by everybody whose turn it is."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def test_round_goes_its_whole_course(page, site, sign_in_as, picture, in_the_site):
    address = open_the_round(page, site, sign_in_as, picture)
    review(page, address, sign_in_as, picture)
    publish(page, address, sign_in_as, picture)
    read_the_sheet(page, site, sign_in_as, picture)
    appeal(page, site, sign_in_as)
    uphold(page, site, sign_in_as, picture)
    review_again(page, address, sign_in_as)
    publish(page, address, sign_in_as, picture)
    read_what_was_corrected(page, address, sign_in_as)
    in_the_site("tests.browser.window")
    approve_and_close(page, address, sign_in_as, picture)
    reopen(page, address, sign_in_as, picture)


def open_the_round(page, site, sign_in_as, picture) -> str:
    """The street's staff computes the finished half-year of the new street."""
    sign_in_as("kezhang")
    page.goto(f"{site}/rounds/")
    page.get_by_role("link", name=re.compile("年[上下]半年")).first.click()
    page.get_by_role("button", name="试算", exact=True).click()
    expect(page.get_by_role("heading", name="结果")).to_be_visible(timeout=60_000)  # the worker may just be starting
    expect(page.get_by_text("还有 2 个支部没有审核")).to_be_visible()
    picture("course-computed")
    return page.url.split("?")[0]


def review(page, address, sign_in_as, picture):
    for secretary, branch in (("jia", "新村第一党支部"), ("yi", "新村第二党支部")):
        sign_in_as(secretary)
        page.goto(address)
        page.get_by_role("link", name=f"审核{branch}").click()
        expect(page.get_by_role("heading", name="先核对")).to_be_visible()
        picture(f"course-review-{secretary}")
        page.get_by_role("button", name="确认审核").click()
        expect(page.get_by_text(f"{branch}已审核")).to_be_visible()


def publish(page, address, sign_in_as, picture):
    sign_in_as("kezhang")
    page.goto(address)
    page.get_by_role("link", name="公示……", exact=True).click()
    picture("course-publish")
    page.get_by_role("button", name="确认公示").click()
    expect(page.get_by_text("党员从现在起看得到结果")).to_be_visible()
    picture("course-published")


def read_the_sheet(page, site, sign_in_as, picture):
    sign_in_as("kezhang")
    page.goto(f"{site}/rounds/")
    page.get_by_role("link", name=re.compile("年[上下]半年")).first.click()
    page.get_by_role("link", name="看新村第一党支部的公示单").click()
    expect(page.get_by_role("row", name="甲一")).to_be_visible()
    picture("course-sheet")


def appeal(page, site, sign_in_as):
    """A member of the second branch appeals against a late mark."""
    sign_in_as("yiyi")
    page.goto(f"{site}/ledger/")
    expect(page.get_by_text("93.60").first).to_be_visible()
    late = page.locator(".ev").filter(has_text=re.compile("主题党日.*迟到"))
    late.get_by_role("link", name="对这一条有异议").click()
    page.get_by_label("理由").fill("我准时到会,签到表上有我的签名。")
    page.get_by_role("button", name="提出").click()
    expect(page.get_by_text(re.compile("已登记第 .* 号申辩"))).to_be_visible()


def uphold(page, site, sign_in_as, picture):
    sign_in_as("keyuan")
    page.goto(f"{site}/appeals/")
    page.get_by_role("link", name=re.compile("号申辩")).click()
    page.get_by_role("button", name="由我核对").click()
    page.get_by_label("成立,更正").check()
    page.get_by_label("理由").fill("查签到表,准时到会。")
    page.get_by_label("成立的:考勤应该是").select_option(label="到会")
    page.get_by_role("button", name="下一步:核对").click()
    page.get_by_role("button", name="核对无误,决定").click()
    expect(page.get_by_text(re.compile("号申辩已经决定:成立。"))).to_be_visible()
    picture("course-upheld")


def review_again(page, address, sign_in_as):
    """Only the branch whose results have changed is asked again."""
    sign_in_as("jia")
    page.goto(address)
    expect(page.get_by_role("heading", name="结果")).to_be_visible()
    expect(page.get_by_role("link", name="审核新村第一党支部")).to_have_count(0)
    sign_in_as("yi")
    page.goto(address)
    expect(page.get_by_text("乙一:总分 93.60 → 96.00").first).to_be_visible()
    page.get_by_role("link", name="审核新村第二党支部").click()
    page.get_by_role("button", name="确认审核").click()
    expect(page.get_by_text("新村第二党支部已审核")).to_be_visible()


def read_what_was_corrected(page, address, sign_in_as):
    sign_in_as("yi")
    page.goto(address)
    expect(page.get_by_text("96.00").first).to_be_visible()
    sign_in_as("jia")
    page.goto(address)
    expect(page.get_by_text("93.60").first).to_be_visible()


def approve_and_close(page, address, sign_in_as, picture):
    sign_in_as("keyuan")
    page.goto(address)
    page.get_by_role("link", name="审批……").click()
    picture("course-approve")
    page.get_by_role("button", name="确认审批").click()
    expect(page.get_by_text("已审批(第")).to_be_visible()
    page.get_by_role("link", name="办结……").click()
    picture("course-close")
    page.get_by_role("button", name="确认办结").click()
    expect(page.get_by_text("考核已经办结(第")).to_be_visible()
    picture("course-closed")


def reopen(page, address, sign_in_as, picture):
    sign_in_as("kezhang")
    page.goto(address)
    page.get_by_role("link", name="重新打开……").click()
    page.get_by_label("理由").fill("漏登记一次活动")
    page.get_by_role("button", name="提出申请").click()
    expect(page.get_by_text("申请已提出")).to_be_visible()
    sign_in_as("keyuan")
    page.goto(address)
    page.get_by_role("link", name="答复重新打开的申请……").click()
    picture("course-reopen")
    page.get_by_role("button", name="同意,重新打开").click()
    expect(page.get_by_text("考核已经重新打开")).to_be_visible()
