"""What one period's rules look at: attendance counts, months of dues, entries, cut to the period once."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

import polars as pl

from scoring.engine.facts import Facts
from scoring.engine.numbers import POINT, rounded
from scoring.engine.people import persons
from scoring.engine.period import Period
from scoring.engine.vocabulary import ATTENDED, EXCUSED, REQUIRED

if TYPE_CHECKING:
    from scoring.engine.scheme import Scheme

MONTHS_OF_ALERT = 6
IS_REQUIRED, IS_ATTENDED, IS_EXCUSED = (
    pl.col("status").is_in(list(statuses)) for statuses in (REQUIRED, ATTENDED, EXCUSED)
)


def month_number(column: str) -> pl.Expr:
    """Months since the year 0, so that neighbours differ by 1."""
    return pl.col(column).dt.year().cast(pl.Int64) * 12 + pl.col(column).dt.month().cast(pl.Int64)


class Tables:
    """The facts of some members as one period sees them; nothing after its last day is seen."""

    def __init__(self, scheme: Scheme, facts: Facts, period: Period) -> None:
        self.scheme, self.facts, self.period = scheme, facts, period
        self.first_month = period.starts_on.year * 12 + period.starts_on.month
        self.last_day = min(period.ends_on, facts.as_of or period.ends_on)
        after = self.last_day + timedelta(days=1)
        self.last_month = after.year * 12 + after.month - 1  # the last one that is over

    def within(self, column: str) -> pl.Expr:
        return pl.col(column).is_between(self.period.starts_on, self.period.ends_on)

    @cached_property
    def people(self) -> pl.DataFrame:
        """One row a member with the groups and the layer they belong to; see `people.persons`."""
        return persons(self.scheme, self.facts.members, self.period)

    @cached_property
    def counted_entries(self) -> pl.DataFrame:
        """The entries of the period that count."""
        return self.facts.entries.filter(pl.col("approved") & ~pl.col("reversed") & self.within("date"))

    @cached_property
    def visits(self) -> pl.DataFrame:
        """The months of the period with the households assigned and visited."""
        return self.facts.visits.filter(self.within("month"))

    @cached_property
    def assessments(self) -> pl.DataFrame:
        """Scores of the period and after it: the latest of the period counts, the others say why not (`reason`)."""
        latest = pl.struct("member", "item").is_last_distinct()
        later = pl.col("date") > self.period.ends_on
        reason = pl.when("later").then(pl.lit("outside_period")).when(~pl.col("latest")).then(pl.lit("replaced"))
        scores = self.facts.assessments.filter(pl.col("date") >= self.period.starts_on).with_row_index("row")
        ordered = scores.sort("date", "ref", "row", nulls_last=False).with_columns(later=later)
        counted, waiting = ordered.filter(~pl.col("later")), ordered.filter("later")
        return (
            pl.concat([counted.with_columns(latest=latest), waiting.with_columns(latest=pl.lit(False))])
            .with_columns(reason=reason, worth=rounded(pl.col("score")))
            .with_columns(
                kind=pl.when(pl.col("reason").is_null()).then(pl.lit("event")).otherwise(pl.lit("not_counted")),
                score=pl.when(pl.col("reason").is_null()).then("worth").otherwise(0),
            )
        )

    @cached_property
    def attendance(self) -> pl.DataFrame:
        """The records of the period."""
        return self.facts.attendance.filter(self.within("date"))

    @cached_property
    def counts(self) -> pl.DataFrame:
        """member, required, attended, excused: numbers of records in the period."""
        return self.attendance.group_by("member").agg(
            required=IS_REQUIRED.sum().cast(pl.Int64),
            attended=IS_ATTENDED.sum().cast(pl.Int64),
            excused=IS_EXCUSED.sum().cast(pl.Int64),
        )

    @cached_property
    def dues(self) -> pl.DataFrame:
        """Every month on record that is due by the last day known, or paid before, sorted by member and month.

        first_paid: day of the first payment, full_on: day on which all was paid; null where that had not happened
        by the period's last day. paid: fen paid by then. owed: something was due and not excused.
        """
        paid = (
            self.facts.payments.filter((pl.col("paid_on") <= self.period.ends_on) & (pl.col("amount") > 0))
            .sort("member", "month", "paid_on")
            .join(self.facts.dues, on=["member", "month"], how="inner")
            .group_by("member", "month", maintain_order=True)
            .agg(
                first_paid=pl.col("paid_on").min(),
                full_on=pl.col("paid_on").filter(pl.col("amount").cum_sum() >= pl.col("due")).min(),
                paid=pl.col("amount").sum(),
            )
        )
        return (
            self.facts.dues.join(paid, on=["member", "month"], how="left")
            .with_columns(
                number=month_number("month"),
                due_day=pl.col("month").dt.month_end(),
                owed=~pl.col("excused") & (pl.col("due") > 0),
                paid=pl.col("paid").fill_null(0),
            )
            .filter(
                pl.col("month") <= self.period.ends_on,
                (pl.col("due_day") <= self.last_day) | pl.col("full_on").is_not_null(),
            )
            .sort("member", "month")
        )

    @cached_property
    def dues_in_period(self) -> pl.DataFrame:
        """The months of the period that are owed, with `days` late and `paid_on`, the day all was paid."""
        return self.dues.filter((pl.col("number") >= self.first_month) & pl.col("owed")).with_columns(
            days=(pl.col("full_on").fill_null(self.last_day) - pl.col("due_day")).dt.total_days(),
            paid_on=pl.col("full_on"),
        )

    @cached_property
    def unpaid_months(self) -> pl.DataFrame:
        """member, unpaid_months: months of the period for which nothing was paid by its end."""
        return (
            self.dues_in_period.filter(pl.col("first_paid").is_null())
            .group_by("member")
            .agg(unpaid_months=pl.len().cast(pl.Int64))
        )

    def arrears(self, months: int) -> pl.DataFrame:
        """member, month: whose arrears streak reaches `months` at a month-end of the period, and the first such month."""
        day = pl.col("first_paid").dt.epoch("d")
        # Owed and never paid: later than any month-end; not owed: before any, which ends the streak.
        first = pl.when(~pl.col("owed")).then(0).otherwise(day.fill_null(10**7))
        back = months - 1
        return (
            self.dues.with_columns(earliest=first.rolling_min(months))
            .filter(
                (pl.col("number") >= self.first_month)
                & (pl.col("member").shift(back) == pl.col("member"))
                & (pl.col("number").shift(back) == pl.col("number") - back)
                & (pl.col("earliest") > pl.col("due_day").dt.epoch("d"))
            )
            .group_by("member")
            .agg(pl.col("month").min())
        )

    @cached_property
    def inactive(self) -> pl.DataFrame:
        """Members with six months of required activities, none attended and none excused (alert six_months_life).

        For a month i with a missed activity and nothing attended or excused, the windows ending in k are those with
        i ≤ k ≤ i + 5 that reach neither the good month before nor the one after, nor behind the records' beginning.
        """
        back = MONTHS_OF_ALERT - 1
        months = (
            self.facts.attendance.filter(pl.col("date") <= self.period.ends_on)
            .group_by("member", number=month_number("date"))
            .agg(good=pl.col("status").is_in([*ATTENDED, *EXCUSED]).any(), missed=IS_REQUIRED.any())
        )
        bad = pl.col("missed") & ~pl.col("good")
        if not months.select(bad.any()).item():
            return months.select("member").clear()
        months = (
            months.sort("member", "number")
            .with_columns(first=pl.col("number").min().over("member"))
            .with_columns(good_month=pl.when("good").then("number"))
            .with_columns(
                before=pl.col("good_month").forward_fill().over("member").fill_null(0),
                after=pl.col("good_month").backward_fill().over("member").fill_null(10**6),
            )
        )
        earliest = pl.max_horizontal(
            pl.col("number"), pl.col("before") + back + 1, pl.col("first") + back, pl.lit(self.first_month)
        )
        latest = pl.min_horizontal(pl.col("number") + back, pl.col("after") - 1, pl.lit(self.last_month))
        return months.filter(bad & (earliest <= latest)).select("member").unique()

    @cached_property
    def rate(self) -> pl.Expr:
        """Attendance rate in millionths of a percent, cut off; null when nothing was required."""
        return pl.when(pl.col("required") > 0).then(pl.col("attended") * 100 * POINT // pl.col("required"))
