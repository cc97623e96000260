"""From the sheet to what follows: consequences, lists, rank, alerts, and how far away each threshold is."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import zip_longest
from typing import TypeVar

import polars as pl

from scoring.engine.conditions import Compare, Condition, EntryCount
from scoring.engine.elements import Board, Consequence, Grade, Outcome, Quota, Verdict
from scoring.engine.facts import Facts
from scoring.engine.numbers import POINT
from scoring.engine.scheme import Scheme
from scoring.engine.sheet import figure
from scoring.engine.tables import MONTHS_OF_ALERT, Tables

CODES = pl.List(pl.String)
Decided = TypeVar("Decided", Verdict, Consequence, Board)


def decided(wide: pl.DataFrame, scheme: Scheme, outcome: Outcome, facts: Facts) -> pl.DataFrame:
    """`wide` with a Boolean column a consequence and a list, the rank, and the lists of codes."""
    for consequence in outcome.consequences:
        column = f"consequence:{consequence.code}"
        too_early = consequence.when_over and facts.as_of is not None
        when = pl.lit(False) if too_early else consequence.when.expression
        wide = wide.with_columns(when.alias(column))
        if consequence.quota:
            wide = _within_quota(wide, column, consequence.quota, facts)
    wide = wide.with_columns(board.when.expression.alias(f"list:{board.code}") for board in outcome.lists)
    within = ["organization", "layer"] if scheme.ranks_by_layer else ["organization"]
    return wide.with_columns(
        *_codes(outcome), rank=figure("total").rank("min", descending=True).over(within).cast(pl.Int64)
    )


@lru_cache(maxsize=128)
def _codes(outcome: Outcome) -> tuple[pl.Expr, ...]:
    """What holds, as lists of codes: `consequences`, `lists` and `grounds`. Worked out once."""
    known = pl.col("status").is_in(["scored", "reviewed"])
    lists = chosen_codes("list", [board.code for board in outcome.lists])
    return (
        chosen_codes("consequence", list(outcome.titles)).alias("consequences"),
        pl.when(known).then(lists).otherwise(pl.lit([], CODES)).alias("lists"),
        _grounds(outcome).alias("grounds"),
    )


def _grounds(outcome: Outcome) -> pl.Expr:
    """Which alternatives led to what holds: "consequence:0:1" is the second one of the first consequence."""
    found = []
    for kind, parts in outcome.by_kind.items():
        for index, part in enumerate(parts):
            led = pl.col("verdict") == index if kind == "verdict" else pl.col(f"{kind}:{part.code}")
            found += [
                pl.when(led & condition.expression).then(pl.lit(f"{kind}:{index}:{place}"))
                for place, (condition, _) in enumerate(part.when.alternatives())
            ]
    return pl.concat_list(found).list.drop_nulls() if found else pl.lit([], CODES)


def as_met(part: Decided, kind: str, outcome: Outcome, grounds: Collection[str]) -> Decided:
    """The part as a member met it: with the alternatives of its condition that held, and the articles that they name.

    grounds: those of the member's result. A part without alternatives, or not met, is given back as it is.
    """
    index = outcome.by_kind[kind].index(part)
    held = {
        condition: article
        for place, (condition, article) in enumerate(part.when.alternatives())
        if f"{kind}:{index}:{place}" in grounds
    }
    if not held:
        return part
    article, *also = tuple(dict.fromkeys(filter(None, held.values()))) or (part.article, *part.basis.also)
    basis = replace(part.basis, article=article, also=tuple(also))
    return replace(part, when=part.when.narrowed(held), basis=basis)


def chosen_codes(prefix: str, codes: list[str]) -> pl.Expr:
    """The codes whose column is true, sorted; unknown is not true."""
    if not codes:
        return pl.lit([], CODES)
    return pl.concat_list(
        pl.when(pl.col(f"{prefix}:{code}")).then(pl.lit(code)).otherwise(pl.lit(None, pl.String))
        for code in sorted(codes)
    ).list.drop_nulls()


def _within_quota(wide: pl.DataFrame, column: str, quota: Quota, facts: Facts) -> pl.DataFrame:
    """`wide` where `column` keeps the highest of each organisation, and those tied across the edge get the tie."""
    sizes = (
        facts.members.group_by("organization")
        .agg(found=pl.len().cast(pl.Int64))
        .join(facts.organizations, on="organization", how="left")
        .select("organization", size=pl.coalesce("size", "found"))
    )
    eligible = pl.when(column).then(figure("total"))
    places = pl.max_horizontal(pl.col("size") * quota.percent // 10_000, pl.lit(quota.least, pl.Int64))
    best, worst = (eligible.rank(method, descending=True).over("organization") for method in ("min", "max"))
    ranked = wide.join(sizes, on="organization", how="left", maintain_order="left").with_columns(
        places=places, best=best, worst=worst
    )
    return ranked.with_columns(
        (pl.col("worst") <= pl.col("places")).alias(column),
        ((pl.col("best") <= pl.col("places")) & (pl.col("worst") > pl.col("places"))).alias(f"consequence:{quota.tie}"),
    ).drop("size", "places", "best", "worst")


def alerts(scheme: Scheme, tables: Tables) -> pl.DataFrame:
    """member, alerts: the codes of what calls for a human look, for every member with any."""
    found = {"six_months_dues": tables.arrears(MONTHS_OF_ALERT).select("member"), "six_months_life": tables.inactive}
    frames = [
        found[rule.code].select("member", alert=pl.lit(rule.code)) for rule in scheme.alerts if found[rule.code].height
    ]
    if not frames:
        return pl.DataFrame(schema={"member": pl.Int64, "alerts": CODES})
    return pl.concat(frames).group_by("member").agg(alerts=pl.col("alert").sort())


OUTLOOK = {
    "member": pl.Int64,
    "kind": pl.String,  # grade | consequence | list | verdict
    "code": pl.String,
    "of": pl.Int64,  # index among the outcome's consequences, lists or verdicts
    "met": pl.Int64,  # index among the comparisons of its condition, as `thresholds` gives them
    "value": pl.Int64,
    "threshold": pl.Int64,
    "distance": pl.Int64,
}


@dataclass(frozen=True)
class Ahead:
    """A threshold: for whom it is in sight, where they stand, and what it leads to."""

    near: pl.Expr
    value: pl.Expr
    threshold: int
    kind: str
    code: str
    of: int | None = None
    met: int | None = None


def outlook(wide: pl.DataFrame, scheme: Scheme, outcome: Outcome) -> pl.DataFrame:
    """Distance to the next grade, what is to spare above the grade's floor, and distance to every threshold that
    would lead to a consequence, onto a list or to a verdict, if it alone were crossed.
    """
    near, values, labels = _in_sight(scheme, outcome)
    if labels.is_empty():
        return pl.DataFrame(schema=OUTLOOK)
    scored = wide.filter(pl.col("status") != "reviewed")
    distance = pl.col("threshold") - pl.col("value")
    return (
        scored.select("member", **near)
        .unpivot(index="member", variable_name="place", value_name="near")
        .with_columns(scored.select(**values).unpivot().get_column("value"))
        .filter("near")
        .join(labels, on="place", how="inner")
        # A grade's limit that is reached is a distance below zero.
        .with_columns(distance=pl.when(pl.col("kind") == "grade").then(distance).otherwise(distance.abs()))
        .select(*OUTLOOK)
        .sort("member", "kind", "distance", "code", "of", "met")
    )


@lru_cache(maxsize=128)
def _in_sight(scheme: Scheme, outcome: Outcome) -> tuple[dict[str, pl.Expr], dict[str, pl.Expr], pl.DataFrame]:
    """By place whether each threshold is in sight, where one stands, and as a look-up table what it leads to."""
    ahead = {str(place): one for place, one in enumerate([*_grades_ahead(scheme.bands), *_ahead(outcome)])}
    labels = pl.DataFrame(
        [(place, one.kind, one.code, one.of, one.met, one.threshold) for place, one in ahead.items()],
        schema={"place": pl.String} | {name: OUTLOOK[name] for name in ("kind", "code", "of", "met", "threshold")},
        orient="row",
    )
    near = {place: one.near for place, one in ahead.items()}
    values = {place: one.value.cast(pl.Int64) for place, one in ahead.items()}
    return near, values, labels


def _ahead(outcome: Outcome) -> Iterator[Ahead]:
    for kind, parts in outcome.by_kind.items():
        for index, part in enumerate(parts):
            unmet = ~part.when.expression
            for place, condition in enumerate(thresholds(part)):
                value, begun = _standing(condition)
                near = part.when.supposing(condition) & unmet & begun
                threshold = condition.at_least if isinstance(condition, EntryCount) else condition.threshold
                yield Ahead(near, value, threshold, kind, part.code, index, place)


def thresholds(part: Verdict | Consequence | Board) -> list[Compare | EntryCount]:
    """The comparisons of its condition that one comes nearer to step by step: points lost, a figure sinking, months
    and records adding up. Nobody is told how near a place of a quota is, which depends on the others.
    """
    if getattr(part, "quota", None):
        return []
    return [condition for condition in part.when.walk() if isinstance(condition, EntryCount) or _is_step(condition)]


def _is_step(condition: Condition) -> bool:
    if not isinstance(condition, Compare):
        return False
    counted = condition.figure.scale != POINT
    return condition.operator == ("at_least" if counted or condition.figure.falls_short else "below")


def _standing(condition: Compare | EntryCount) -> tuple[pl.Expr, pl.Expr]:
    """Where a member stands, and whether there is anything yet: what adds up one by one is not near before it begins."""
    if isinstance(condition, EntryCount):
        return pl.col(condition.column), pl.col(condition.column) > 0
    value = figure(condition.code)
    return value, value.is_not_null() if condition.figure.scale == POINT else value > 0


def _grades_ahead(bands: tuple[Grade, ...]) -> Iterator[Ahead]:
    """The limit of a grade, for those who have it or stand just below it; a verdict's grade has none."""
    for grade, below in zip_longest(bands, bands[1:]):
        if grade.at_least_micro is None:
            continue
        under = pl.col("grade") == below.code if below else pl.col("grade").is_null() & figure("total").is_not_null()
        near = ((pl.col("grade") == grade.code) | under).fill_null(False) & pl.col("verdict").is_null()
        yield Ahead(near, figure("total"), grade.at_least_micro, "grade", grade.code)
