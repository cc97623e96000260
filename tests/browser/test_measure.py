"""A measure in a real browser: from the proposal to the end, with the notice and what the member reads."""

import datetime
import io
import re

import pytest
from docx import Document
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

TODAY = datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=8))).date()


def test_measure_from_the_proposal_to_the_end(page, site, sign_in_as, picture):
    sign_in_as("shuji")
    page.get_by_role("link", name="决定考核引出的事项:去决定").click()
    picture("measures")
    page.get_by_role("link", name="张建国 · 通报批评").click()
    expect(page.get_by_text("第十条第一款").first).to_be_visible()
    picture("measure-proposed")
    address = page.url
    page.get_by_role("link", name="决定办理").click()
    expect(page.get_by_role("heading", name="对张建国办理「通报批评」?")).to_be_visible()
    page.get_by_role("button", name="决定办理").click()
    expect(page.get_by_text("已开始办理:张建国 通报批评。")).to_be_visible()
    hear_the_person(page, picture)
    read_as_the_member(page, site, sign_in_as, picture)
    sign_in_as("shuji")
    page.goto(address)
    hand_over_the_notice(page)
    take_step(page, "在社区范围内通报")
    expect(page.get_by_text("这一项已经办结。")).to_be_visible()
    expect(page.get_by_text("已办结", exact=True)).to_be_visible()
    picture("measure-done")


def hear_the_person(page, picture):
    page.get_by_role("link", name="登记:听取本人意见").click()
    page.get_by_role("button", name="核对").click()
    expect(page.get_by_role("heading", name=re.compile("处要改"))).to_be_visible()
    page.get_by_label("本人的意见").fill("本人认可,愿意改进")
    picture("measure-step")
    page.get_by_role("button", name="核对").click()
    expect(page.get_by_role("heading", name="核对:听取本人意见")).to_be_visible()
    picture("measure-check")
    page.get_by_role("button", name="确认登记").click()
    expect(page.get_by_text("已登记:听取本人意见。")).to_be_visible()


def read_as_the_member(page, site, sign_in_as, picture):
    sign_in_as("dangyuan")
    page.get_by_role("link", name="与您有关:通报批评:看一看").click()
    expect(page.get_by_text("通报以前会听取您的意见")).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("登记:"))).to_have_count(0)
    picture("measure-member")


def hand_over_the_notice(page):
    with page.expect_download() as download:
        page.get_by_role("link", name="下载通知书").click()
    words = [paragraph.text for paragraph in Document(io.BytesIO(download.value.path().read_bytes())).paragraphs]
    assert "张建国同志:" in words
    assert f"{TODAY.year} 年 {TODAY.month} 月 {TODAY.day} 日" in words
    take_step(page, "送达通报批评通知书")
    expect(page.get_by_text("已登记:送达通报批评通知书。")).to_be_visible()


def take_step(page, title):
    page.get_by_role("link", name=f"登记:{title}").click()
    page.get_by_role("button", name="核对").click()
    page.get_by_role("button", name="确认登记").click()
