"""Declaring on a phone and reviewing at a desk, in a real browser."""

import io
import re

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.factories import PASSWORD
from tests.serving import sign_in

pytestmark = pytest.mark.browser

PHONE, DESK = {"width": 360, "height": 740}, {"width": 1280, "height": 800}


def photo_with_a_place() -> dict:
    exif = Image.Exif()
    exif[0x0112] = 6  # taken on its side
    exif.get_ifd(0x8825)[2] = (30.5, 0.0, 0.0)
    held = io.BytesIO()
    Image.new("RGB", (800, 400), "teal").save(held, "JPEG", exif=exif, comment=b"secret place")
    assert Image.open(io.BytesIO(held.getvalue())).getexif().get_ifd(0x8825)
    return {"name": "清雪.jpg", "mimeType": "image/jpeg", "buffer": held.getvalue()}


def test_from_the_phone_to_the_ledger(page, site, sign_in_as, picture):
    leave_a_draft(page, site, sign_in_as, picture)
    finish_and_send_it(page, site, picture)
    check_first(page, site, sign_in_as, picture)
    ask_back(page, site, sign_in_as, picture)
    answer(page, site, sign_in_as, picture)
    approve_together(page, site, sign_in_as, picture)


def change_to(page, sign_in_as, username):
    """Somebody else signs in once nothing of the page is under way: a late answer would bring the old session back."""
    page.wait_for_load_state("networkidle")
    sign_in_as(username)


def on_the_phone(page):
    page.set_viewport_size(PHONE)


def leave_a_draft(page, site, sign_in_as, picture):
    on_the_phone(page)
    change_to(page, sign_in_as, "smdangyuan")
    page.goto(f"{site}/entries/mine/")
    page.get_by_role("link", name="申报加分").click()
    expect(page.get_by_role("heading", name="加分", exact=True)).to_be_visible()
    page.get_by_label("找条款").press_sequentially("gongyishiye", delay=20)
    expect(page.get_by_text("提到「gongyishiye」的条款有")).to_be_visible()
    expect(page.get_by_role("link", name="选获得单项荣誉称号")).to_have_count(0)
    picture("declare-clauses")
    on_the_phone(page)
    page.get_by_role("link", name="选参加公益事业").click()
    page.get_by_label("证明材料").set_input_files(photo_with_a_place())
    page.get_by_role("button", name="存为草稿").click()
    expect(page.get_by_text("草稿已保存")).to_be_visible()
    picture("declare-drafts")
    page.goto(site)
    expect(page.get_by_role("link", name=re.compile("申报草稿"))).to_be_visible()


def finish_and_send_it(page, site, picture):
    on_the_phone(page)
    page.get_by_role("link", name=re.compile("申报草稿")).click()
    expect(page.get_by_role("link", name="清雪")).to_be_visible()
    stored = page.request.get(site + page.get_by_role("link", name="清雪").get_attribute("href"))
    drawn = Image.open(io.BytesIO(stored.body()))
    assert drawn.size == (400, 800)
    assert not drawn.getexif()
    assert b"secret" not in stored.body()
    page.get_by_label("事由").fill("小区清雪,两个上午")
    picture("declare-form")
    on_the_phone(page)
    page.get_by_role("button", name="下一步:核对").click()
    expect(page.get_by_text("+5 分", exact=True)).to_be_visible()
    picture("declare-check")
    page.get_by_role("button", name="提交申报").dblclick()
    expect(page.get_by_text("待支部审核").first).to_be_visible()
    page.goto(f"{site}/entries/mine/")
    expect(page.get_by_text("小区清雪,两个上午")).to_have_count(1)


def check_first(page, site, sign_in_as, picture):
    """The leader of the group, who sees its one declaration and not the branch's others."""
    on_the_phone(page)
    change_to(page, sign_in_as, "smzuzhang")
    page.goto(site)
    page.get_by_role("link", name=re.compile("初核本组的申报")).click()
    expect(page.get_by_role("heading", name=re.compile("许胜利"))).to_be_visible()
    page.get_by_role("button", name="有疑问").click()
    expect(page.get_by_text("有疑问的,请写明疑在哪里").first).to_be_visible()
    picture("first-check")
    on_the_phone(page)
    page.get_by_label("写给支部书记的话").fill("那两个上午我也在。")
    page.get_by_role("button", name="属实", exact=True).dblclick()
    expect(page.get_by_text("本组等您初核的都核完了。")).to_be_visible()


def ask_back(page, site, sign_in_as, picture):
    page.set_viewport_size(DESK)
    change_to(page, sign_in_as, "smshuji")
    page.goto(f"{site}/entries/review/")
    expect(page.get_by_text("党小组初核属实")).to_be_visible()
    picture("review-queue")
    page.get_by_role("row", name=re.compile("许胜利")).get_by_role("link").click()
    for title in ("条款", "证明材料"):
        expect(page.get_by_role("heading", name=title, exact=True)).to_be_in_viewport()
    expect(page.get_by_role("button", name="问申报人")).to_be_in_viewport(ratio=1)
    expect(page.get_by_text("党小组初核属实(冯小组):那两个上午我也在。")).to_be_visible()
    picture("review-entry")
    page.get_by_role("button", name="问申报人").click()
    expect(page.get_by_text("请写明要问什么,申报人会看到。").first).to_be_visible()
    page.get_by_label("写给申报人的话").fill("和谁一起清的?")
    page.get_by_role("button", name="问申报人").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("已问申报人").first).to_be_visible()


def answer(page, site, sign_in_as, picture):
    on_the_phone(page)
    change_to(page, sign_in_as, "smdangyuan")
    page.goto(site)
    page.get_by_role("link", name=re.compile("答复审核人的问题")).click()
    expect(page.get_by_text("和谁一起清的?").first).to_be_visible()
    page.get_by_label("答复", exact=False).first.fill("和楼长王阿姨一起。")
    picture("review-answer")
    page.get_by_role("button", name="答复").click()
    expect(page.get_by_text("又在等审核")).to_be_visible()


def approve_together(page, site, sign_in_as, picture):
    page.set_viewport_size(DESK)
    change_to(page, sign_in_as, "smshuji")
    page.goto(f"{site}/entries/review/")
    expect(page.get_by_text("问询过,要看答复")).to_be_visible()
    boxes = page.locator("input[name=entry]")
    expect(boxes).to_have_count(2)
    expect(page.get_by_role("link", name="勾选这一页可以一起通过的")).to_be_hidden()
    every = page.get_by_label("勾选这一页可以一起通过的 2 条")
    boxes.first.check()
    assert every.evaluate("box => box.indeterminate")
    every.check()
    for box in boxes.all():
        expect(box).to_be_checked()
    page.get_by_role("button", name="一起通过勾选的").click()
    expect(page.get_by_role("heading", name="一起通过 2 条?")).to_be_visible()
    picture("review-together")
    page.get_by_role("button", name="核对无误,全部通过").dblclick()
    expect(page.get_by_role("heading", name="审核加分和扣分")).to_be_visible()
    expect(page.get_by_role("checkbox")).to_have_count(0)
    page.get_by_role("link", name="从第一条开始审").click()
    expect(page.get_by_text("和楼长王阿姨一起。")).to_be_visible()
    page.get_by_role("button", name="通过", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("等您审的都办完了。")).to_be_visible()


def test_finding_and_declaring_without_javascript(browser, site):
    context = browser.new_context(java_script_enabled=False, locale="zh-CN", viewport=PHONE)
    page = context.new_page()
    page.set_default_timeout(15_000)
    sign_in(page, site, "smdangyuan", PASSWORD)
    page.goto(f"{site}/entries/add/")
    page.get_by_label("找条款").fill("rongyu")
    page.get_by_role("button", name="查找").click()
    page.get_by_role("link", name="选获得单项荣誉称号").click()
    page.get_by_label("级别").select_option(index=1)
    page.get_by_label("事由").fill("获评优秀志愿者")
    page.get_by_role("button", name="下一步:核对").click()
    expect(page.get_by_role("heading", name="批准以后")).to_be_visible()
    page.get_by_role("link", name="以后再交").click()
    expect(page.get_by_role("link", name="接着写获得单项荣誉称号")).to_be_visible()
    context.close()
