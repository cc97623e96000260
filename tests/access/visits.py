"""What of the table's addresses there is to look at."""

from collections.abc import Iterator

from django.urls import reverse

from tests.access.table import ROLES, Row, rows

PAGES = [row for row in rows() if row.method == "GET"]


def visits(objects, pages: list[Row]) -> Iterator[tuple[str, str, str]]:
    """Name, role and path of every address: the first object that the first role to have it is shown."""
    seen = set()
    for row in pages:
        role = next((role for role in ROLES if "y" in row.cells[role]), None)
        if role is None or (row.address, row.of) in seen:
            continue
        seen.add((row.address, row.of))
        arguments, query = objects(row.of, role)[row.cells[role].index("y")] if row.of else ({}, {})
        name = f"{row.address}-{row.of}".strip("-").replace(":", "-")
        yield name, role, reverse(row.address, kwargs=arguments, query=query)


def is_page(response) -> bool:
    """A whole page: no file, and no part that htmx puts into one."""
    return "text/html" in response["Content-Type"] and response.content.lstrip().startswith(b"<!doctype html>")
