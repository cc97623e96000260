"""Months and quarters: their days and their names."""

import calendar
import datetime


def first_of(day: datetime.date, months: int = 0) -> datetime.date:
    """The first day of a day's month, some months later."""
    index = day.year * 12 + day.month - 1 + months
    return datetime.date(index // 12, index % 12 + 1, 1)


def months_between(first: datetime.date, last: datetime.date) -> list[datetime.date]:
    """The first days of the months from one day's to another's; none if that is earlier."""
    count = (last.year - first.year) * 12 + last.month - first.month + 1
    return [first_of(first, number) for number in range(count)]


def months_later(day: datetime.date, months: int) -> datetime.date:
    """The same day some months later, or the last one of a shorter month."""
    month = first_of(day, months)
    return min(month.replace(day=1) + datetime.timedelta(day.day - 1), last_of(month))


def months_from(first: datetime.date, last: datetime.date) -> list[datetime.date]:
    """The first days of the months from a day's to another's; none where that is earlier."""
    count = (last.year - first.year) * 12 + last.month - first.month + 1
    return [first_of(first, number) for number in range(count)]


def last_of(month: datetime.date) -> datetime.date:
    """The last day of a day's month."""
    return month.replace(day=calendar.monthrange(month.year, month.month)[1])


def day_name(day: datetime.date) -> str:
    """A day as sentences write it; tables and form fields have 2025-06-30."""
    return f"{day.year} 年 {day.month} 月 {day.day} 日"


def near_day_name(day: datetime.date, today: datetime.date) -> str:
    """A day as sentences write it, without the year where it is this one."""
    return f"{day.month} 月 {day.day} 日" if day.year == today.year else day_name(day)


def month_name(month: datetime.date) -> str:
    return f"{month.year} 年 {month.month} 月"


def near_month_name(month: datetime.date, today: datetime.date) -> str:
    """A month as sentences write it, without the year where it is this one."""
    return f"{month.month} 月" if month.year == today.year else month_name(month)


def quarters_of(year: int) -> list[str]:
    """Codes of a year's quarters: 2025Q1 …"""
    return [f"{year}Q{number}" for number in range(1, 5)]


def quarter_of(day: datetime.date) -> str:
    """The code of the quarter that a day lies in."""
    return f"{day.year}Q{(day.month + 2) // 3}"


def quarter_days(code: str) -> tuple[datetime.date, datetime.date]:
    """First and last day of a quarter given as `2025Q1`."""
    first = datetime.date(int(code[:4]), int(code[5]) * 3 - 2, 1)
    return first, last_of(first_of(first, 2))


def quarter_name(code: str) -> str:
    """`2025Q1` as people write it, without the year."""
    return f"第{'一二三四'[int(code[5]) - 1]}季度"


def near_quarter_name(code: str, today: datetime.date) -> str:
    """`2025Q1` as sentences write it, without the year where it is this one."""
    return quarter_name(code) if code[:4] == str(today.year) else f"{code[:4]} 年{quarter_name(code)}"


def months_of_quarter(code: str) -> list[datetime.date]:
    """The first days of a quarter's months."""
    first, _ = quarter_days(code)
    return [first_of(first, number) for number in range(3)]


def half_of(day: datetime.date) -> str:
    """The code of the half-year that a day lies in: 2025H1."""
    return f"{day.year}H{1 if day.month <= 6 else 2}"


def months_of_half(code: str) -> list[datetime.date]:
    """The first days of a half-year's months."""
    return [datetime.date(int(code[:4]), int(code[5]) * 6 - 5 + number, 1) for number in range(6)]


def half_name(code: str) -> str:
    """`2025H1` as people write it."""
    return f"{code[:4]} 年{'上下'[int(code[5]) - 1]}半年"
