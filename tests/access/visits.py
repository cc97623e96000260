"""What of the table's addresses there is to look at."""

import re
from collections.abc import Iterator

from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from tests.access.table import ROLES, Row, rows

PAGES = [row for row in rows() if row.method == "GET"]
START_TAG = re.compile(r"<(\w+)([^>]*)>")
CLASS = re.compile(r'class="([^"]*)"')
ALIKE = 1  # kinds of element by which pages may differ and are looked at once all the same


def visits(visitors: dict[str, Client], objects, pages: list[Row]) -> Iterator[tuple[str, str, HttpResponse]]:
    """Name, path and answer of every page: of each address, with the first object that a role has there.

    As the first role to have the page, and as each that sees more than a kind of element that those before did not: a
    form where others only read, rows where others have none.
    """
    seen = set()
    for row in pages:
        if (row.address, row.of) in seen:
            continue
        name = f"{row.address}-{row.of}".strip("-").replace(":", "-")
        answers = {}
        for role in ROLES:
            if "y" in row.cells[role]:
                seen.add((row.address, row.of))
                arguments, query = objects(row.of, role)[row.cells[role].index("y")] if row.of else ({}, {})
                path = reverse(row.address, kwargs=arguments, query=query)
                response = visitors[role].get(path, follow=True)
                if is_page(response) and not (answers and response.redirect_chain):
                    answers[role] = path, response, kinds_of(response)
        known = set()
        while answers:
            role = max(answers, key=lambda role: len(answers[role][2] - known)) if known else next(iter(answers))
            path, response, kinds = answers.pop(role)
            if known and len(kinds - known) <= ALIKE:
                break
            yield f"{name}-{role}" if known else name, path, response
            known |= kinds


def kinds_of(response: HttpResponse) -> set[tuple[str, str]]:
    """The kinds of element below the navigation: each a tag with its classes."""
    main = response.content.decode().partition("<main")[2]
    return {(tag, (CLASS.search(rest) or [""])[0]) for tag, rest in START_TAG.findall(main)}


def is_page(response) -> bool:
    """A whole page: no file, and no part that htmx puts into one."""
    return "text/html" in response["Content-Type"] and response.content.lstrip().startswith(b"<!doctype html>")
