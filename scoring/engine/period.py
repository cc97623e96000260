"""The span of time that a sheet covers: a half-year or a year."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

PATTERN = re.compile(r"(19\d\d|2\d\d\d)(?:H([12]))?")
TITLES = {None: "年", 1: "年上半年", 2: "年下半年"}


@dataclass(frozen=True, order=True)
class Period:
    """A half (half = 1 or 2) of a year, or the whole of it (half = None)."""

    year: int
    half: int | None = None

    @classmethod
    def parse(cls, code: str) -> Period:
        """The period written as 2025H1, 2025H2 or 2025; ValueError for anything else."""
        match = PATTERN.fullmatch(code)
        if match is None:
            raise ValueError(f"期间「{code}」写法不对,应写成 2025H1、2025H2 或 2025。")
        return cls(int(match[1]), match[2] and int(match[2]))

    @classmethod
    def containing(cls, day: date, cycle: str = "half_year") -> Period:
        """The half-year or year (`cycle` "half_year" or "year") in which `day` lies."""
        if cycle not in ("half_year", "year"):
            raise ValueError(f"考核周期「{cycle}」不认识,应为 half_year 或 year。")
        return cls(day.year, None if cycle == "year" else 1 if day.month <= 6 else 2)

    @property
    def code(self) -> str:
        return f"{self.year}" if self.half is None else f"{self.year}H{self.half}"

    @property
    def title(self) -> str:
        return f"{self.year} {TITLES[self.half]}"

    @property
    def cycle(self) -> str:
        return "year" if self.half is None else "half_year"

    @property
    def starts_on(self) -> date:
        return date(self.year, 7 if self.half == 2 else 1, 1)

    @property
    def ends_on(self) -> date:
        return date(self.year, 6, 30) if self.half == 1 else date(self.year, 12, 31)

    @property
    def months(self) -> list[date]:
        """The first day of every month of the period."""
        return [date(self.year, month, 1) for month in range(self.starts_on.month, self.ends_on.month + 1)]

    @property
    def quarters(self) -> list[str]:
        """The quarters of the period, as 2025Q1."""
        first = (self.starts_on.month + 2) // 3
        return [f"{self.year}Q{first + number}" for number in range(len(self.months) // 3)]

    @property
    def halves(self) -> tuple[Period, ...]:
        """Both halves of a year; a half-year itself."""
        return (Period(self.year, 1), Period(self.year, 2)) if self.half is None else (self,)

    @property
    def previous(self) -> Period:
        """The period of the same length just before."""
        if self.half == 2:
            return Period(self.year, 1)
        return Period(self.year - 1, self.half and 2)

    def __str__(self) -> str:
        return self.code
