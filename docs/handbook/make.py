"""Takes the pictures of the handbook and of the README from the demo street, in a real browser (`make handbook`).

With names of pictures (`make handbook ARGS="ledger-360 queue"`) it takes only these. The demo and its accounts are the
same every time; only the dates differ. Add a picture by a row in the table, then look at it.
"""

import io
import os
import sys
import tempfile
from dataclasses import dataclass

from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.plugin import chromium
from tests.serving import ROOT, served, sign_in

DOCS = ROOT / "docs"
COLOURS = 64
PASSWORD = "zhibujifen2026"  # noqa: S105  as load_demo prints it
README = "../../images/"  # where the README's two pictures are, seen from the handbook's


@dataclass(frozen=True)
class Picture:
    """What is seen at an address after some steps.

    A step is the words of what is clicked ("row / words" within a row), or (label, text) of a field that is filled in.
    The picture shows the element `crop`, as far as it fits on the screen. What steps save, later pictures show, too.
    """

    name: str
    account: str  # empty: nobody is signed in
    at: str
    steps: tuple[str | tuple[str, str], ...] = ()
    width: int = 1280
    height: int = 760
    crop: str = "main"


PICTURES = (
    # For everybody
    Picture("sign-in", "", "/sign-in/", crop="main > .narrow"),
    Picture("header", "shuji", "/", crop=".site-header"),
    Picture("home", "shuji", "/"),
    # Member
    Picture("home-360", "dangyuan", "/", width=360),
    Picture("ledger", "dangyuan", "/ledger/", height=860),
    Picture("ledger-360", "dangyuan", "/ledger/", width=360),
    Picture("declare-find-360", "dangyuan", "/entries/add/?for=me", (("找条款", "gy"), "查找"), width=360),
    Picture("leave-360", "dangyuan", "/leave/", ("请假",), width=360),
    Picture("ballot-360", "dangyuan3", "/appraisals/", ("去评议",), width=360),
    Picture("appeal-360", "dangyuan4", "/ledger/", ("对这一条有异议",), width=360),
    # Branch secretary
    Picture("activity-add", "shuji", "/activities/add/", crop="main > .middle"),
    Picture(
        "attendance",
        "shuji",
        "/activities/",
        ("第四季度党课", "姜书豪 / 迟到", "邱长河 / 事假", "田秀云 / 到会"),
        height=860,
    ),
    Picture(
        "attendance-paste",
        "shuji",
        "/activities/",
        ("第四季度党课", "从表格粘贴", ("从表格复制来的内容", "缪诗雨\t请假\n贺玉兰\t迟到\n夏锦程\t病假"), "核对"),
        crop="main > .middle",
    ),
    Picture("sign-in-sheet", "shuji", "/activities/", ("第四季度党课", "签到表"), height=520, crop=".sign-in-paper"),
    Picture("dues-bases", "shuji", "/dues/bases/"),
    Picture("dues-month", "shuji", "/dues/", height=900),
    Picture("dues-half", "shuji", "/dues/half-year/"),
    Picture("visits", "jiguan", "/visits/half-year/"),
    Picture("declare-find", "shuji", "/entries/add/", (("找条款", "gongyi"), "查找")),
    Picture("entry", "shuji", "/entries/review/", ("从第一条开始审",), height=900),
    Picture("month", "shuji", "/", ("去审核",), height=860),
    Picture("objection", "jiguan", "/rounds/4/", ("看和平街道机关党支部的公示单",), height=860),
    Picture("transfer", "shuji", "/members/", ("邱长河", "转移组织关系"), crop="main > .middle", height=960),
    Picture("import", "shuji", "/members/import/", crop="main > .middle"),
    # General branch
    Picture("months", "zongzhi", "/months/"),
    Picture("appraisal", "zongzhi", "/appraisals/", ("和平社区第二党支部",)),
    Picture("tally", "zongzhi", "/appraisals/", ("和平社区第二党支部", "计票")),
    # Street
    Picture("street-queue", "zhenggong", "/entries/review/"),
    Picture("round", "zhenggong", "/rounds/2/"),
    Picture("adoptions", "zhenggong", "/adoptions/"),
    Picture("scheme", "zhenggong", "/schemes/community-half-year/", height=1000),
    Picture("trial", "zhenggong", "/trials/"),
    Picture("board", "zhenggong", "/boards/", ("警示榜",)),
    Picture("measure", "zhenggong", "/measures/?state=running", ("通报批评",)),
    Picture("resolution", "zhenggong", "/resolutions/add/", crop="main > .middle", height=900),
    # Discipline office, auditor, administrator
    Picture("assess", "jiwei", "/assessments/", ("打分",), height=800),
    Picture("changes", "shenji", "/members/2/", height=960),
    Picture("account", "guanli", "/accounts/", ("俞嘉树",)),
    # README
    Picture(README + "attendance", "shuji", "/activities/", ("第四季度党课",), height=860),
    Picture(README + "ledger", "dangyuan", "/ledger/", height=860),
)


def main(names: list[str]) -> None:
    unknown = set(names) - {picture.name for picture in PICTURES}
    if unknown:
        sys.exit(f"no such picture: {', '.join(sorted(unknown))}")
    with (
        tempfile.TemporaryDirectory() as folder,
        served(environment(folder), "manage.py", "load_demo") as site,
        sync_playwright() as player,
    ):
        browser = player.chromium.launch(
            executable_path=chromium(), args=["--no-sandbox"], env={**os.environ, "LANGUAGE": "zh_CN"}
        )
        take_all(browser, site, [picture for picture in PICTURES if not names or picture.name in names])


def environment(folder: str) -> dict[str, str]:
    """That of a site on SQLite with its jobs in the web process, whatever is set outside."""
    outside = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
    return {**outside, "DJANGO_SETTINGS_MODULE": "config.settings", "DATA_DIR": folder}


def take_all(browser: Browser, site: str, pictures: list[Picture]) -> None:
    expect.set_options(timeout=60_000)
    signed_in: dict[str, dict] = {}  # cookies by account: a session each is enough
    for picture in pictures:
        context = browser.new_context(
            locale="zh-CN",
            viewport={"width": picture.width, "height": picture.height},
            storage_state=signed_in.get(picture.account),
        )
        context.set_default_timeout(60_000)
        page = context.new_page()
        if picture.account and picture.account not in signed_in:
            sign_in(page, site, picture.account, PASSWORD)
            signed_in[picture.account] = context.storage_state()
        try:
            take(page, site, picture)
        except Exception as error:
            raise RuntimeError(f"{picture.name}: at {page.url}") from error
        context.close()


def take(page: Page, site: str, picture: Picture) -> None:
    """Go there and keep the picture, in few colours."""
    page.goto(site + picture.at, wait_until="networkidle")
    for step in picture.steps:
        if isinstance(step, str):
            *rows, words = step.split(" / ")
            place = page.locator("main")
            for row in rows:
                place = place.locator("tr").filter(has_text=row).first
            place.locator("a, button, label, summary").filter(has_text=words).first.click()
        else:
            page.get_by_label(step[0]).fill(step[1])
        page.wait_for_load_state("networkidle")
    expect(page.get_by_text("正在保存")).to_have_count(0)
    shown = page.locator(picture.crop).first
    shown.evaluate("element => element.scrollIntoView({behavior: 'instant'})")
    page.mouse.move(0, 0)  # nothing lights up under it
    box = shown.bounding_box()
    around = 0 if picture.crop == "main" else 12
    left, top = max(box["x"] - around, 0), max(box["y"] - around, 0)
    right = min(box["x"] + box["width"] + around, picture.width)
    bottom = min(box["y"] + box["height"] + around, picture.height)
    clip = {"x": left, "y": top, "width": right - left, "height": bottom - top}
    keep(page.screenshot(clip=clip, animations="disabled"), picture.name)


def keep(screenshot: bytes, name: str) -> None:
    path = DOCS / "handbook" / "images" / f"{name}.png"
    path.parent.mkdir(exist_ok=True)
    image = Image.open(io.BytesIO(screenshot)).convert("RGB")
    image.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
    print(f"{path.resolve().relative_to(ROOT)}  {image.width} × {image.height}  {path.stat().st_size // 1024} KB")


if __name__ == "__main__":
    main(sys.argv[1:])
