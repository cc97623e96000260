"""Every page of the table in a browser, as each role that sees something else there: without barriers, and nothing too wide.

Of the pages that only a posted form leads to, those of the grids and those to check something on are looked at here, the
others where the browser tests take their pictures.
"""

import mimetypes
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders

from tests.access.checked import checked_pages
from tests.access.posted import posted_pages
from tests.access.visits import PAGES, visits
from tests.looking import look_at

SITE = "http://localhost"  # a trusted origin for browsers


@pytest.mark.browser
@pytest.mark.parametrize("app", sorted({row.address.partition(":")[0] for row in PAGES}))
def test_pages_have_no_barriers(app, browser, visitors, objects):
    """Axe-core finds nothing, the console stays empty and no page is wider than the screen, at 1280 and 360 px."""
    faults = []
    pages = [row for row in PAGES if row.address.partition(":")[0] == app]
    for name, path, response in visits(visitors, objects, pages):
        faults += faults_of(browser, response, path, name)
    assert not faults, "\n".join(faults)


@pytest.mark.browser
def test_refused_and_checked_forms_have_no_barriers(browser, visitors, objects, people, places):
    faults = []
    checked = list(checked_pages(visitors, objects, people, places))
    for name, path, response in [*checked, *posted_pages(visitors["secretary"], people)]:
        faults += faults_of(browser, response, path, name)
    assert not faults, "\n".join(faults)


def faults_of(browser, response, path: str, name: str) -> list[str]:
    """What is wrong with a page in the browser, which is handed the response and style sheets as if from a server."""
    document = {"status": response.status_code, "headers": dict(response.headers), "body": response.content}
    page, said = browser.new_page(locale="zh-CN"), []
    page.on("console", lambda message: message.type == "error" and said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.route("**/*", lambda route: route.fulfill(**served(route.request)))
    page.route(f"{SITE}{path}", lambda route: route.fulfill(**document))
    page.goto(f"{SITE}{path}")
    found = look_at(page, f"pages/{name}")
    page.close()
    if response.status_code >= 400:
        said = [line for line in said if f"a status of {response.status_code}" not in line]  # what the page is about
    return found + [f"{name}: {line}" for line in said]


def served(request) -> dict:
    """A file of the site's own; for whatever else the page asks, nothing new."""
    path = request.url.removeprefix(f"{SITE}/static/")
    if path == request.url:
        return {"status": 204}
    file = Path(finders.find(path))
    return {"body": file.read_bytes(), "content_type": mimetypes.guess_type(file.name)[0]}
