"""What the pages with grids do alike."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest

from members.forms.filters import SpanFilter
from members.forms.grid import GridRow
from members.models import Organization, User
from members.permissions import can_read_records


@dataclass
class Grid:
    """The rows of a grid as the page shows them, after what was sent has been stored or refused."""

    rows: list[GridRow]
    errors: list[str] = field(default_factory=list)
    clashes: list = field(default_factory=list)
    saved: bool = False

    @property
    def status(self) -> int:
        return 409 if self.clashes else 400 if self.errors else 200


def chosen_place(
    request: HttpRequest, form: SpanFilter, may_record: Callable[[User, Organization], bool]
) -> tuple[Any, Organization | None, bool]:
    """What the filter chose, its organisation, and whether the user records there.

    Raises PermissionDenied for who reads no records, or sends some without recording; Http404 for sent ones without
    an organisation.
    """
    if not can_read_records(request.user):
        raise PermissionDenied
    span, organization = form.chosen()
    can_record = organization is not None and may_record(request.user, organization)
    if request.method == "POST" and organization is None:
        raise Http404
    if request.method == "POST" and not can_record:
        raise PermissionDenied
    return span, organization, can_record


def taken_grid(
    request: HttpRequest,
    rows_of: Callable[..., list[GridRow]],
    record: Callable[[list[GridRow]], tuple[int, list]],
    show_clashes: Callable[[list[GridRow], list], None],
    unit: str,
) -> Grid:
    """The grid, its rows recorded where some were sent.

    rows_of: the rows, with what was sent or as they are stored. record: writes the checked rows, and gives back how
    many it wrote (in `unit`) and the clashes. show_clashes: lets rows in dispute keep what the user wrote.
    """
    rows = rows_of(request.POST or None)
    if request.method != "POST":
        return Grid(rows)
    errors, clashes = _save_rows(request, rows, record, unit)
    if clashes:
        rows = rows_of(None)
        show_clashes(rows, clashes)
    return Grid(rows, errors, clashes, saved=not errors and not clashes)


def _save_rows(
    request: HttpRequest, rows: list[GridRow], record: Callable[[list[GridRow]], tuple[int, list]], unit: str
) -> tuple[list[str], list]:
    """Record the rows that were sent; gives back the sentences why nothing was stored, and the clashes.

    record: writes the checked rows, and gives back how many it wrote (in `unit`) and the clashes.
    """
    sent = [row for row in rows if row.is_bound]
    errors = [fault for row in sent for fault in row.faults]
    if errors:
        return errors, []
    try:
        written, clashes = record(sent)
    except ValidationError as error:
        return error.messages, []
    if written:
        messages.success(request, f"已保存 {written} {unit}。")
    elif not clashes:
        messages.info(request, "没有改动。")
    return [], clashes
