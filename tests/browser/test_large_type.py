"""Large type, and text twice as large: wide tables scroll in a region of their own, the page does not; no day is cut."""

import re
from collections.abc import Iterator

import pytest

from tests.browser.conftest import environment_of_a_site
from tests.serving import served, sign_in

pytestmark = pytest.mark.browser

PASSWORD = "zhibujifen2026"
MAIN = re.compile(r"/((activities|members|dues|visits|entries|ledger|months|quarters|rounds|appraisals|measures)/.*)?$")
FURTHER = "main table a[href^='/'], main .tasks a[href^='/'], main .tabs a[href^='/']"

PHONE = 360  # px
# Opens what is folded; each field for a day that has less room than it asks for.
CUT = """() => {
    document.querySelectorAll("details").forEach(each => { each.open = true; });
    return [...document.querySelectorAll("input:is([type=date], [type=datetime-local], [type=month])")].flatMap(field => {
        const given = field.getBoundingClientRect().width;
        field.style.cssText = "width: max-content; min-width: 0; max-width: none; flex: none";
        const asked = field.getBoundingClientRect().width;
        field.style.cssText = "";
        return given && given < asked ? [`${field.name}: ${given} px of ${asked}`] : [];
    });
}"""


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> Iterator[str]:
    """The address of a served site with the demo street: every page has something on it."""
    with (
        environment_of_a_site(tmp_path_factory.mktemp("demo")) as environment,
        served(environment, "manage.py", "load_demo") as address,
    ):
        yield address


@pytest.mark.parametrize("account", ["shuji", "jiguan", "zongzhi", "dangyuan"])
def test_no_page_is_wider_than_the_screen_in_large_type(page, demo, account):
    sign_in(page, demo, account, PASSWORD)
    found = {path: too_wide(page) for path in main_pages(page, demo)}
    assert len(found) > 8
    assert {path: faults for path, faults in found.items() if faults} == {}


def main_pages(page, site: str) -> Iterator[str]:
    """Opens each page of the navigation on members and their points, and of every page the first of each kind it leads to."""
    page.goto(site)
    paths, kinds = (
        [*links(page, ".site-header a[href^='/']"), "/dues/half-year/", "/visits/", "/visits/half-year/"],
        set(),
    )
    while paths:
        path = paths.pop(0)
        kind = "".join("0" if letter.isdigit() else letter for letter in path.partition("?")[0])
        if kind in kinds or "export" in path or not MAIN.match(kind):
            continue
        kinds.add(kind)
        page.goto(f"{site}{path}")
        yield path
        paths += links(page, FURTHER)


def links(page, selector: str) -> list[str]:
    return page.eval_on_selector_all(selector, "all => all.map(a => a.getAttribute('href'))")


def too_wide(page) -> list[str]:
    """How wide the page is in large type on a phone, and with text twice as large on a screen, where it is too wide.

    On the phone also the fields for days that are narrower than what the browser writes into them.
    """
    found = []
    for width, script in (
        (PHONE, "document.documentElement.classList.add('large')"),
        (1280, "document.documentElement.style.fontSize = '32px'"),
    ):
        page.set_viewport_size({"width": width, "height": 800})
        page.evaluate(f"document.documentElement.className = ''; document.documentElement.style = ''; {script}")
        wide = page.evaluate("document.documentElement.scrollWidth")
        if wide > width:
            found.append(f"{wide} px wide on a screen of {width} px")
        if width == PHONE:
            found += page.evaluate(CUT)
    return found
