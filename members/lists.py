"""Lists: a head that sorts, as many rows a page as one likes, and all that is shown as a workbook."""

import datetime
from decimal import Decimal

import django_tables2 as tables
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from members.cookies import remember
from members.exports import as_download, write

SIZES = (20, 50, 100, 200)  # rows a page
USUAL_SIZE = 50
MOST_EXPORTED = 5_000  # rows; up to 4 s of processor time, for the widest list (12 columns)


class Figures(tables.Column):
    """A column of figures, which stand to the right."""

    is_figures = True


class ListTable(tables.Table):
    """What the head of a list shows and sorts by, and what its workbook holds; the page's template writes the rows.

    A subclass names the list (`title`) and declares the columns. One with visible=False is in the workbook alone, one
    with exclude_from_export=True on the page alone. Unless asked otherwise, rows come in the order they were given in.
    """

    title: str

    def __init__(self, rows: QuerySet, request: HttpRequest):
        super().__init__(rows, order_by=request.GET.getlist("sort"))
        self.sizes, self.size = SIZES, size_of(request)
        self.page = Paginator(self.rows_in_order, self.size).get_page(request.GET.get("page"))

    @property
    def rows_in_order(self) -> QuerySet:
        """All rows, in the order of the page."""
        return self.data.data

    def workbook(self) -> bytes:
        """All rows as an .xlsx, in the order of the page."""
        head, *rows = self.as_values()
        return write(head, ([in_cell(value) for value in row] for row in rows), self.title)


def size_of(request: HttpRequest) -> int:
    """Rows a page: as asked for, else as the browser remembers, else the usual number."""
    for wanted in (request.GET.get("rows"), request.COOKIES.get("rows")):
        if wanted in map(str, SIZES):
            return int(wanted)
    return USUAL_SIZE


def in_cell(value) -> str | int | Decimal:
    """A value as a workbook holds it: figures as such, anything else in words."""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, int | Decimal):
        return value
    if isinstance(value, datetime.datetime):
        return f"{timezone.localtime(value):%Y-%m-%d %H:%M}"
    return "" if value is None else str(value)


def is_export(request: HttpRequest) -> bool:
    return request.GET.get("export") == "xlsx"


def list_page(request: HttpRequest, template: str, table: ListTable, context: dict) -> HttpResponse:
    """The page of a list with `table` and `page`, or with `?export=xlsx` its workbook; remembers the rows a page."""
    if is_export(request):
        return exported(request, table)
    response = render(request, template, context | {"table": table, "page": table.page})
    if "rows" in request.GET:
        remember(response, "rows", str(table.size))
    return response


def exported(request: HttpRequest, table: ListTable) -> HttpResponse:
    count = table.page.paginator.count
    if count > MOST_EXPORTED:
        messages.error(request, f"一次最多导出 {MOST_EXPORTED} 行,现在有 {count} 行。请先按条件查找,缩小范围再导出。")
        kept = request.GET.copy()
        del kept["export"]
        return redirect(f"{request.path}?{kept.urlencode()}")
    return as_download(table.workbook(), f"{table.title} {timezone.localdate()}")
