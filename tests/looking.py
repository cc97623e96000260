"""Looking at pages in a real browser: pictures of them, and what is wrong with them."""

from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Error

SCREENS = Path(__file__).resolve().parent.parent / "var" / "screens"
SIZES = ((1280, 800), (360, 740))


def keep_picture(page, name: str, full_page: bool = True) -> None:
    """Keep a picture of the page as var/screens/<name>.png."""
    picture = SCREENS / f"{name}.png"
    picture.parent.mkdir(parents=True, exist_ok=True)
    for tries_left in (2, 1, 0):
        try:
            page.screenshot(path=picture, full_page=full_page)
            return
        except Error as error:
            # Now and then Chromium refuses a picture that it takes when it is asked again.
            if "Unable to capture screenshot" not in error.message or not tries_left:
                raise
            page.wait_for_timeout(500)


def faults_on(page) -> list[str]:
    """What a page does wrong at its present width: too wide for the screen, or a barrier that axe-core knows."""
    width = page.viewport_size["width"]
    wide = page.evaluate("document.documentElement.scrollWidth")
    found = [f"{wide} px wide on a screen of {width} px"] if wide > width else []
    for rule in Axe().run(page).response["violations"]:
        targets = "; ".join(str(node["target"][0]) for node in rule["nodes"][:4])
        found.append(f"{rule['id']}: {rule['help']} ({targets})")
    return found


def look_at(page, name: str) -> list[str]:
    """Keep pictures of the page under var/screens, wide and narrow; what it does wrong at either width."""
    found = []
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        keep_picture(page, f"{name}-{width}")
        found += [f"{name} at {width} px: {fault}" for fault in faults_on(page)]
    page.set_viewport_size({"width": SIZES[0][0], "height": SIZES[0][1]})
    return found
