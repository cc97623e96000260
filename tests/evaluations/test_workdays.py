"""Working days with China's public holidays and the weekends worked instead of them."""

import datetime

import pytest

from evaluations.workdays import calendar_note, is_known, is_working_day, working_days_after

day = datetime.date.fromisoformat


@pytest.mark.parametrize(
    ("first", "count", "last"),
    [
        ("2025-07-04", 1, "2025-07-07"),
        ("2025-09-30", 1, "2025-10-09"),  # National Day and the Mid-Autumn Festival
        ("2025-10-10", 1, "2025-10-11"),  # a Saturday worked instead of a holiday
        ("2026-09-30", 15, "2026-10-27"),  # 10 October, a Saturday, is worked
        ("2026-02-13", 1, "2026-02-14"),  # a Saturday worked before the Spring Festival
        ("2026-02-14", 1, "2026-02-24"),
    ],
)
def test_holidays_and_worked_weekends_count_as_they_are(first, count, last):
    assert working_days_after(day(first), count) == day(last)


def test_year_that_is_not_announced_yet_counts_monday_to_friday():
    assert not is_known(2099)
    assert [is_working_day(day(f"2099-10-0{number}")) for number in range(1, 8)] == [True] * 2 + [False] * 2 + [
        True
    ] * 3


@pytest.mark.parametrize(
    ("first", "last", "years"),
    [
        ("2025-03-01", "2025-12-31", ""),
        ("2025-12-30", "2099-01-02", "2098、2099 年的"),
        ("2099-01-01", "2099-02-01", "2099 年的"),
    ],
)
def test_page_says_where_holidays_are_not_known(first, last, years):
    note = calendar_note(day(first), day(last))
    assert (years in note and "没有扣除节假日" in note) if years else note == ""
