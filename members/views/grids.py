"""What the pages with grids do alike."""

from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from members.forms.grid import GridRow


def save_rows(
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
