"""What workbooks hold that a page has answered with."""

import io

from django.http import HttpResponse
from openpyxl import load_workbook


def sheets_of(response: HttpResponse) -> dict[str, list[list]]:
    """The rows of each sheet by its title, the head first."""
    book = load_workbook(io.BytesIO(response.content))
    return {sheet.title: [list(row) for row in sheet.iter_rows(values_only=True)] for sheet in book}


def rows_of(response: HttpResponse) -> list[list]:
    """The rows of the first sheet, the head first."""
    return next(iter(sheets_of(response).values()))
