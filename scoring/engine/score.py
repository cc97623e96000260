"""Scoring: facts in, results out; the same path for one member and for many, for a half-year and for a year."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from scoring.engine.decide import CODES, alerts, decided, outlook
from scoring.engine.elements import Part, YearView
from scoring.engine.errors import FactsError
from scoring.engine.facts import Facts
from scoring.engine.lines import LINE_COLUMNS, compiled, with_limits
from scoring.engine.node import listed
from scoring.engine.numbers import CENT, divided
from scoring.engine.period import Period
from scoring.engine.results import Results
from scoring.engine.review import reviewed
from scoring.engine.scheme import Scheme
from scoring.engine.sheet import Sheet, banded, counted, figure, judged, period_sheet
from scoring.engine.tables import Tables

ENGINE_VERSION = "3"

MEMBER_COLUMNS = (
    "member",
    "organization",
    "status",
    "missing",
    "total",
    "grade",
    "rank",
    "lists",
    "consequences",
    "grounds",
    "alerts",
    "verdict",
    "layer",
)


def score(scheme: Scheme, facts: Facts, period: Period, settings: Mapping[str, Any] | None = None) -> Results:
    """Results of every member in `facts` for `period`; a half-year scheme answers a year with its year view.

    Raises SettingsError for settings that the scheme refuses, and FactsError for entries, groups or a period that
    it does not know. Members who are exempt or settled abroad get no figures, only alerts.
    """
    scheme = scheme.configured(settings)
    _check(scheme, facts, period)
    everyone = Tables(scheme, facts, period)
    active = facts.members.filter(~pl.col("exempt") & (pl.col("mobility") != "abroad"))
    away = None
    if scheme.review:
        who = everyone.people.filter(pl.col(f"who:{scheme.review.who.code}").fill_null(False))
        away = Tables(scheme, facts.only(active.join(who, on="member", how="semi")), period)
        active = active.join(who, on="member", how="anti")
    scored = everyone if active.height == facts.members.height else Tables(scheme, facts.only(active), period)
    if period.cycle == scheme.cycle:
        return _period_results(scheme, scored, everyone, away)
    return _year_results(scheme, scheme.year, scored, everyone)


def _check(scheme: Scheme, facts: Facts, period: Period) -> None:
    if scheme.cycle == "year" and period.cycle != "year":
        raise FactsError([f"《{scheme.title}》按年度考核,期间要写成年份,现在是「{period.code}」。"])
    _refuse_strange(facts.assessments, {item.code for item in scheme.assessed}, "由人打分的项目")
    codes = facts.entries.get_column("item").unique()
    unknown = sorted(set(codes) - scheme.entry_titles.keys())
    if unknown:
        raise FactsError([f"方案没有「{code}」这个记分条目,可用:{listed(scheme.entry_titles)}。" for code in unknown])


def _refuse_strange(frame: pl.DataFrame, known: set[str], what: str) -> None:
    unknown = sorted(set(frame.get_column("item").unique()) - known)
    if unknown:
        raise FactsError([f"「{code}」不是{what},可用:{listed(known)}。" for code in unknown])


def _period_results(scheme: Scheme, tables: Tables, everyone: Tables, away: Tables | None) -> Results:
    sheet = period_sheet(scheme, tables)
    wide = _with_status(sheet.wide, sheet.missing)
    if away and away.facts.members.height:
        wide = pl.concat([wide, reviewed(scheme, away)], how="diagonal_relaxed")
    wide = decided(wide, scheme, scheme.outcome, everyone.facts)
    return Results(
        period=tables.period,
        members=_members(wide, alerts(scheme, everyone), everyone.facts),
        items=_shown(sheet.items),
        parts=_long(wide, scheme.parts),
        lines=with_limits(sheet.lines, sheet.items.filter(pl.col("value").is_not_null())),
        appraisal=sheet.appraisal.sort("member", maintain_order=True),
        figures=_figures(wide, tables.period),
        outlook=outlook(wide, scheme, scheme.outcome),
        suggestions=suggestions(scheme, sheet),
    )


def _year_results(scheme: Scheme, view: YearView, tables: Tables, everyone: Tables) -> Results:
    halves = {
        f"h{half.half}": period_sheet(scheme, Tables(scheme, tables.facts, half)) for half in tables.period.halves
    }
    wide = counted(tables, view.outcome.conditions)
    for name, sheet in halves.items():
        carried = [figure(part.of).alias(f"figure:{part.code}") for part in view.figures if part.code.startswith(name)]
        own = sheet.wide.select("member", *carried, pl.col("grade").alias(name), figure("total").alias(f"{name}:total"))
        wide = wide.join(own, on="member", how="left")
    total = divided(pl.col("h1:total") + pl.col("h2:total"), 2 * CENT) * CENT
    wide = wide.with_columns(total.alias("figure:total"))
    wide = judged(wide, banded(scheme.bands), view.outcome.verdicts, figure("total").is_not_null())
    wide = decided(_with_status(wide, _missing_of_halves(halves, tables.period)), scheme, view.outcome, everyone.facts)
    rules = compiled(scheme)
    first = halves["h1"]
    return Results(
        period=tables.period,
        members=_members(wide, alerts(scheme, everyone), everyone.facts),
        items=_shown(first.items.clear()),
        parts=_long(wide, view.figures),
        lines=rules.no_lines.select(*LINE_COLUMNS),
        appraisal=first.appraisal.clear(),
        figures=pl.concat(
            [_figures(wide, tables.period)]
            + [_figures(sheet.wide, half) for sheet, half in zip(halves.values(), tables.period.halves, strict=True)]
        ).sort("member", "period"),
        outlook=outlook(wide, scheme, view.outcome),
        suggestions=suggestions(scheme, first).clear(),
    )


def _shown(items: pl.DataFrame) -> pl.DataFrame:
    """The items of a sheet that are known: those with full marks, and the others that are not zero."""
    return (
        items.filter(pl.col("value").is_not_null() & (pl.col("full").is_not_null() | (pl.col("value") != 0)))
        .select("member", "item", "full", "start", "value")
        .sort("member", "item")
    )


def _missing_of_halves(halves: dict[str, Sheet], period: Period) -> pl.DataFrame:
    return pl.concat(
        sheet.missing.with_columns(code=pl.lit(f"{half.code}:") + pl.col("code"))
        for sheet, half in zip(halves.values(), period.halves, strict=True)
    )


def _with_status(wide: pl.DataFrame, missing: pl.DataFrame) -> pl.DataFrame:
    """`wide` with the sorted codes of what is missing, and the status that follows."""
    codes = missing.group_by("member").agg(missing=pl.col("code").unique().sort())
    return wide.join(codes, on="member", how="left", maintain_order="left").with_columns(
        status=pl.when(pl.col("missing").is_null()).then(pl.lit("scored")).otherwise(pl.lit("incomplete")),
        missing=pl.col("missing").fill_null([]),
    )


def _members(wide: pl.DataFrame, alerted: pl.DataFrame, facts: Facts) -> pl.DataFrame:
    """One row for every member, those without a sheet included."""
    elsewhere = ("organization", "alerts", "total")
    own = wide.select(*(column for column in MEMBER_COLUMNS if column not in elsewhere), total=figure("total"))
    return (
        facts.members.select("member", "organization")
        .join(own, on="member", how="left")
        .join(alerted, on="member", how="left")
        .with_columns(
            pl.col("status").fill_null("exempt"),
            pl.col("missing", "lists", "consequences", "grounds", "alerts").fill_null(pl.lit([], CODES)),
        )
        .select(MEMBER_COLUMNS)
        .sort("member")
    )


def _long(wide: pl.DataFrame, parts: tuple[Part, ...]) -> pl.DataFrame:
    """member, part, value, earned (before its cap) of the parts that are known, in the order of the scheme."""
    codes = [part.code for part in parts]
    unlimited = pl.lit(None, pl.Int64)
    return (
        wide.select(
            "member",
            part=pl.lit(codes, pl.List(pl.Enum(codes))),
            value=pl.concat_list(map(figure, codes)),
            earned=pl.concat_list(unlimited if part.cap is None else f"earned:{part.code}" for part in parts),
        )
        .explode("part", "value", "earned")
        .drop_nulls("value")
        .sort("member", "part")
    )


SUGGESTIONS = {"member": pl.Int64, "item": pl.String, "full": pl.Int64, "noted": pl.Int64, "suggested": pl.Int64}


def suggestions(scheme: Scheme, sheet: Sheet) -> pl.DataFrame:
    """member, item, full, noted, suggested: what the period's notes suggest for every assessed item."""
    if not scheme.assessed:
        return pl.DataFrame(schema=SUGGESTIONS | {"item": sheet.items.schema["item"]})
    noted = sheet.lines.filter(pl.col("reason") == "noted").group_by("member", "item").agg(noted=-pl.col("worth").sum())
    return (
        sheet.items.filter(pl.col("assessed") & pl.col("full").is_not_null())
        .join(noted, on=["member", "item"], how="left")
        .with_columns(pl.col("noted").fill_null(0))
        .select("member", "item", "full", "noted", suggested=pl.max_horizontal(pl.col("full") - pl.col("noted"), 0))
        .sort("member", "item")
    )


def _figures(wide: pl.DataFrame, period: Period) -> pl.DataFrame:
    return wide.select(
        "member",
        period=pl.lit(period.code),
        required=figure("required"),
        attended=figure("attended"),
        excused=figure("excused"),
        rate=figure("attendance_rate"),
        unpaid_months=figure("unpaid_months"),
        reported=pl.col("reported") if "reported" in wide.columns else pl.lit(None, CODES),
    ).sort("member")
