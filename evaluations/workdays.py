"""Working days: the calendar of public holidays and of the weekends worked instead of them (调休), from a package.

The State Council announces each year's in the last months of the year before, and the package follows with a new
version. For a year that it does not know yet Monday to Friday are working days, and the pages say so.
"""

import datetime

from chinese_calendar import is_workday

MONDAY_TO_FRIDAY = 5


def is_known(year: int) -> bool:
    """True if the year's public holidays are in the installed calendar."""
    try:
        is_workday(datetime.date(year, 1, 1))
    except NotImplementedError:
        return False
    return True


def is_working_day(day: datetime.date) -> bool:
    """True for a day on which offices are open."""
    return is_workday(day) if is_known(day.year) else day.weekday() < MONDAY_TO_FRIDAY


def working_days_after(day: datetime.date, count: int) -> datetime.date:
    """The day so many working days later."""
    while count:
        day += datetime.timedelta(days=1)
        count -= is_working_day(day)
    return day


def calendar_note(first: datetime.date, last: datetime.date) -> str:
    """That public holidays between two days are not known yet, as a sentence; empty where they all are."""
    unknown = [year for year in range(first.year, last.year + 1) if not is_known(year)]
    if not unknown:
        return ""
    years = "、".join(map(str, unknown))
    return f"{years} 年的放假安排还没有收进系统,期限先按星期一到星期五算,没有扣除节假日。"
