"""Months by the calendar."""

import datetime

import pytest

from members.dates import months_later


@pytest.mark.parametrize(
    ("day", "months", "end"),
    [
        (datetime.date(2025, 8, 31), 6, datetime.date(2026, 2, 28)),
        (datetime.date(2025, 8, 29), 6, datetime.date(2026, 2, 28)),
        (datetime.date(2023, 8, 31), 6, datetime.date(2024, 2, 29)),
        (datetime.date(2025, 12, 31), 12, datetime.date(2026, 12, 31)),
        (datetime.date(2025, 6, 15), 6, datetime.date(2025, 12, 15)),
    ],
)
def test_months_are_counted_by_the_calendar(day, months, end):
    assert months_later(day, months) == end
