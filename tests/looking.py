"""Looking at pages in a real browser: pictures of them, and what is wrong with them."""

from pathlib import Path

from axe_playwright_python.sync_playwright import Axe

SCREENS = Path(__file__).resolve().parent.parent / "var" / "screens"
SIZES = ((1280, 800), (360, 740))


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
        picture = SCREENS / f"{name}-{width}.png"
        picture.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=picture, full_page=True)
        found += [f"{name} at {width} px: {fault}" for fault in faults_on(page)]
    page.set_viewport_size({"width": SIZES[0][0], "height": SIZES[0][1]})
    return found
