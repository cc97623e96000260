"""Members who are reviewed, not scored: by the quarters of the period in which they reported."""

from __future__ import annotations

from functools import reduce
from operator import and_, or_

import polars as pl

from scoring.engine.scheme import Scheme
from scoring.engine.sheet import counted, judged
from scoring.engine.tables import Tables


def reviewed(scheme: Scheme, tables: Tables) -> pl.DataFrame:
    """One row a member of `tables`, without figures of a sheet; the grade follows from the reports and the verdicts."""
    review, quarters = scheme.review, tables.period.quarters
    reports = tables.facts.reports.filter(pl.col("quarter").is_in(quarters))
    reported = reports.group_by("member").agg(reported=pl.col("quarter").unique().sort())
    wide = counted(tables, scheme.outcome.conditions).join(reported, on="member", how="left")
    wide = wide.with_columns(pl.col("reported").fill_null(pl.lit([], pl.List(pl.String))))
    missed = [~pl.col("reported").list.contains(quarter) for quarter in quarters]
    runs = [reduce(and_, missed[start : start + review.quarters]) for start in range(len(missed) - review.quarters + 1)]
    failed = reduce(or_, runs, pl.lit(False))
    grade = pl.when(failed).then(pl.lit(review.missed)).otherwise(pl.lit(review.otherwise))
    wide = wide.with_columns(pl.lit(None, pl.Int64).alias("figure:total"))
    wide = judged(wide, grade, scheme.outcome.verdicts, pl.lit(True))
    return wide.with_columns(status=pl.lit("reviewed"), missing=pl.lit([], pl.List(pl.String)))
