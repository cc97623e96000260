"""One period's sheet: lines → items → parts → total → grade, one row a member."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, reduce
from operator import add

import polars as pl

from scoring.engine.conditions import Arrears, Condition, EntryCount, GradeIs, Times, asked_for
from scoring.engine.elements import Grade, Part, Verdict
from scoring.engine.errors import FactsError
from scoring.engine.lines import all_lines, compiled
from scoring.engine.numbers import CENT, WEIGHT, divided, plain, rounded, weighed
from scoring.engine.people import simplified_items, unknown_groups, unknown_layers
from scoring.engine.scheme import Scheme
from scoring.engine.tables import Tables


@dataclass(frozen=True)
class Sheet:
    """`wide` has one row a scored member: figures as `figure:<code>`, the grade, earlier grades, entry counts.

    items and lines are as computed: every item of every member, and the lines before zeroing and limits.
    """

    wide: pl.DataFrame
    items: pl.DataFrame
    lines: pl.DataFrame
    appraisal: pl.DataFrame
    missing: pl.DataFrame  # member, code; some twice


def figure(code: str) -> pl.Expr:
    return pl.col(f"figure:{code}")


def period_sheet(scheme: Scheme, tables: Tables) -> Sheet:
    """The sheet of every member in `tables`, up to the grade."""
    lines = all_lines(scheme, tables)
    items = _items(scheme, tables, lines)
    appraisal, missing = _appraisal(scheme, tables)
    wide = counted(tables, scheme.outcome.conditions).join(_sums(scheme, items), on="member", how="left")
    if scheme.groups:
        wide = wide.join(_appraised(appraisal), on="member", how="left")
    wide = wide.with_columns(_figures(scheme))
    wide = judged(wide, banded(scheme.bands), scheme.outcome.verdicts, figure("total").is_not_null())
    missing = pl.concat([missing, _missing(scheme, tables, items)])
    return Sheet(wide, items, lines, appraisal, missing)


def counted(tables: Tables, conditions: list[Condition]) -> pl.DataFrame:
    """One row a member with what was counted: attendance, months unpaid, entries, arrears, earlier grades."""
    figures = ("required", "attended", "excused", "unpaid_months")
    entries, times = asked_for(conditions, EntryCount), asked_for(conditions, Times)
    arrears, grades = asked_for(conditions, Arrears), asked_for(conditions, GradeIs)
    frames = [
        tables.counts,
        tables.unpaid_months,
        *([_previous_grades(tables)] if "previous" in grades else []),
        *_entry_counts(tables, entries),
        *_earlier_grades(tables, times),
        *(
            tables.arrears(asked.months).select("member", pl.lit(True).alias(column))
            for column, asked in arrears.items()
        ),
    ]
    wide = tables.people.select("member", "organization", "standing", "layer")
    for frame in frames:
        wide = wide.join(frame, on="member", how="left")
    return wide.with_columns(
        pl.col(*figures, *entries, *times).fill_null(0),
        *([pl.col("previous").fill_null("")] if "previous" in grades else []),
        *(pl.col(column).fill_null(False) for column in arrears),
        tables.rate.alias("figure:attendance_rate"),
    ).rename({name: f"figure:{name}" for name in figures})


def _entry_counts(tables: Tables, counts: dict[str, EntryCount]) -> list[pl.DataFrame]:
    if not counts:
        return []
    happened = tables.facts.entries.filter(
        pl.col("approved") & ~pl.col("reversed") & (pl.col("date") <= tables.period.ends_on)
    ).with_columns(within=tables.within("date"))
    return [happened.group_by("member").agg(count.counts.sum().alias(column) for column, count in counts.items())]


def _earlier_grades(tables: Tables, times: dict[str, Times]) -> list[pl.DataFrame]:
    """How often each grade was given in earlier periods of the same length."""
    if not times:
        return []
    code = tables.period.code
    before = tables.facts.history.filter((pl.col("period").str.len_chars() == len(code)) & (pl.col("period") < code))
    return [
        before.filter(pl.col("grade") == asked.grade).group_by("member").agg(pl.len().cast(pl.Int64).alias(column))
        for column, asked in times.items()
    ]


def _previous_grades(tables: Tables) -> pl.DataFrame:
    """member, previous: the grade of the period just before, where it is on record."""
    return tables.facts.history.filter(pl.col("period") == tables.period.previous.code).select(
        "member", previous="grade"
    )


def _items(scheme: Scheme, tables: Tables, lines: pl.DataFrame) -> pl.DataFrame:
    """Every item of every member: member, item, part, full, start, left (start plus events), what the limits change
    (floored, capped), value; null while it is not known."""
    rules = compiled(scheme)
    events = pl.col("kind") == "event"
    sums = lines.group_by("member", "item").agg(
        events=pl.col("value").sum(), zero=pl.col("zero").any(), known=events.any()
    )
    items = (
        tables.people.select("member", "layer")
        .join(rules.items, on="layer", how="inner", nulls_equal=True)
        .join(sums, on=["member", "item"], how="left", maintain_order="left")
    )
    left = pl.col("start") + pl.col("events").fill_null(0)
    zeroed = pl.when("zero").then(pl.min_horizontal(left, 0)).otherwise(left)
    floor = pl.max_horizontal(zeroed, "floor")
    final = pl.min_horizontal(floor, "cap")
    unknown = (pl.col("needs_line") & ~pl.col("known").fill_null(False)) | pl.col("unsure")
    if scheme.simplified:
        unsure = simplified_items(scheme, tables.people, rules.item).filter(pl.col("simplified").is_null())
        items = items.join(unsure.with_columns(lost=True), on=["member", "item"], how="left")
        unknown = unknown | pl.col("lost").fill_null(False)
    items = items.with_columns(
        left=left,
        floored=floor - zeroed,
        capped=final - floor,
        value=pl.when(~unknown).then(final),
    )
    if scheme.assessed:
        _refuse_too_high(items)
    return items


def _refuse_too_high(items: pl.DataFrame) -> None:
    """A score that people give is at most the item's full marks."""
    bad = items.filter(pl.col("assessed") & (pl.col("value") > pl.col("full")))
    if bad.height:
        raise FactsError(
            f"党员 {row['member']} 的「{row['item']}」评分 {plain(row['value'])},最多 {plain(row['full'])} 分。"
            for row in bad.sort("member", "item").iter_rows(named=True)
        )


def _missing(scheme: Scheme, tables: Tables, items: pl.DataFrame) -> pl.DataFrame:
    """member, code: items without a score, and facts without which layer or group is not known."""
    frames = [unknown_layers(scheme, tables.people)]
    if scheme.assessed:
        unscored = items.filter(pl.col("assessed") & ~pl.col("known").fill_null(False))
        frames.append(unscored.select("member", code=pl.col("item").cast(pl.String)))
    if scheme.simplified:
        frames.append(unknown_groups(scheme, tables.people, compiled(scheme).item))
    return pl.concat(frames)


def _sums(scheme: Scheme, items: pl.DataFrame) -> pl.DataFrame:
    """The sum of every such part, null where one of its items is not known; `earned:` where a part has a cap."""
    return items.group_by("member").agg(_earned(scheme))


@lru_cache(maxsize=64)
def _earned(scheme: Scheme) -> list[pl.Expr]:
    made = []
    for part in scheme.parts:
        if part.kind == "sum":
            values = pl.col("value").filter(pl.col("part") == part.code)
            earned = pl.when(~values.is_null().any()).then(values.sum())
            made += [earned.alias(f"earned:{part.code}"), _limited(part, earned).alias(f"figure:{part.code}")]
    return made


def _limited(part: Part, earned: pl.Expr) -> pl.Expr:
    shown = -earned if part.negated else earned
    return shown if part.cap is None else pl.when(shown > part.cap).then(part.cap).otherwise(shown)


@lru_cache(maxsize=64)
def _figures(scheme: Scheme) -> list[pl.Expr]:
    """How every part comes from the sums and from the parts before it, and the total from the parts."""
    made: dict[str, pl.Expr] = {}
    for part in scheme.parts:
        if part.kind == "weighted":
            made[part.code] = weighed(made[part.of], part.weight)
        elif part.kind == "shortfall":
            made[part.code] = pl.max_horizontal(part.start - made[part.of], pl.lit(0, pl.Int64))
        elif part.kind == "appraisal":
            made[part.code] = pl.col("appraised")
        else:
            made[part.code] = figure(part.code)
    made["total"] = reduce(add, (made[code] for code in scheme.total.of)) - sum(
        (made[code] for code in scheme.total.minus), pl.lit(0, pl.Int64)
    )
    return [expression.alias(f"figure:{code}") for code, expression in made.items()]


def _appraisal(scheme: Scheme, tables: Tables) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Mean and share of every group, null without ballots; and what is missing: member, code."""
    groups = pl.DataFrame(
        [(group.code, group.weight_parts) for group in scheme.groups],
        schema={"group": pl.String, "weight": pl.Int64},
        orient="row",
    )
    ballots = tables.facts.ballots.filter((pl.col("period") == tables.period.code) & (pl.col("count") > 0))
    unknown = set(ballots.get_column("group").unique()) - {group.code for group in scheme.groups}
    if unknown:
        raise FactsError([f"方案没有「{group}」这个评议组。" for group in sorted(unknown)])
    mean = divided(pl.col("sum"), pl.col("ballots") * CENT) * CENT
    cast = ballots.group_by("member", "group").agg(
        ballots=pl.col("count").sum(), sum=(pl.col("score") * pl.col("count")).sum()
    )
    appraisal = (
        tables.facts.members.select("member")
        .join(groups, how="cross")
        .join(cast, on=["member", "group"], how="left", maintain_order="left")
        .select(
            "member",
            "group",
            pl.col("ballots").fill_null(0),
            mean.alias("mean"),
            "weight",
            value=mean * pl.col("weight") // WEIGHT,
        )
    )
    missing = appraisal.filter(pl.col("mean").is_null()).select("member", code=pl.lit("appraisal.") + pl.col("group"))
    return appraisal, missing


def _appraised(appraisal: pl.DataFrame) -> pl.DataFrame:
    """The appraisal of every member whose groups all have ballots."""
    missing = pl.col("mean").is_null().any()
    return appraisal.group_by("member").agg(appraised=pl.when(~missing).then(rounded(pl.col("value").sum())))


def banded(bands: tuple[Grade, ...]) -> pl.Expr:
    """The grade by the total; null without one, and below every band."""
    total = figure("total")
    expression = pl.lit(None, pl.String)
    for grade in reversed(bands):
        reached = total.is_not_null() if grade.at_least_micro is None else total >= grade.at_least_micro
        expression = pl.when(reached).then(pl.lit(grade.code)).otherwise(expression)
    return expression


def judged(wide: pl.DataFrame, grade: pl.Expr, verdicts: tuple[Verdict, ...], settled: pl.Expr) -> pl.DataFrame:
    """`wide` with the grade, or what verdicts set whatever the points, and `verdict`, the index of the first that did.

    settled: members who have a result; the others wait for what is missing.
    """
    index, total = pl.lit(None, pl.Int64), figure("total")
    for number, verdict in reversed(list(enumerate(verdicts))):
        holds = verdict.when.expression & settled
        index = pl.when(holds).then(pl.lit(number, pl.Int64)).otherwise(index)
        grade = pl.when(holds).then(pl.lit(verdict.grade)).otherwise(grade)
        if verdict.total_micro is not None:
            total = pl.when(holds & total.is_not_null()).then(verdict.total_micro).otherwise(total)
    return wide.with_columns(total.alias("figure:total"), grade=grade, verdict=index)
