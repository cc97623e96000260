"""Lines of entries: what each is worth to its member, and which of several counts."""

from __future__ import annotations

from functools import cache, lru_cache

import polars as pl

from scoring.engine.blocks import EntryRule
from scoring.engine.errors import FactsError
from scoring.engine.numbers import rounded
from scoring.engine.people import of_profile
from scoring.engine.scheme import Scheme
from scoring.engine.tables import Tables

KEPT = (
    "member",
    "item",
    "rule",
    "ref",
    "date",
    "code",
    "level",
    "quantity",
    "amount",
    "half",
    "worth",
    "reason",
)


def entry_lines(scheme: Scheme, rules: pl.DataFrame, tables: Tables) -> pl.DataFrame:
    """Lines of the entries of the period, and of those dated after it, which do not count yet.

    Entries before the period belong to an earlier sheet. An entry of a record or verdict has no item and no line.
    rules: the scheme's `entry_rules`.
    """
    profiles = tables.people.select("member", "profile")
    found = sorted(profiles.get_column("profile").unique())
    lines = (
        tables.facts.entries.with_row_index("row")
        .filter(pl.col("date") >= tables.period.starts_on)
        .rename({"item": "code"})
        .join(rules, on="code", how="inner")
        .join(profiles, on="member", how="left")
        .with_columns(level=pl.when("by_level").then("level"))
        .join(
            _prices(scheme, tuple(found)),
            on=["profile", "code", "level"],
            how="left",
            nulls_equal=True,
        )
        .with_columns(reason=_reason(tables), worth=_worth())
    )
    lines = _only_one(lines)
    _refuse_unpriced(lines)
    counts = pl.col("reason").is_null()
    return lines.select(
        *KEPT,
        kind=pl.when(counts).then(pl.lit("event")).otherwise(pl.lit("not_counted")),
        value=pl.when(counts & ~pl.col("zero")).then("worth").when(~counts).then(0),
        zero=pl.col("zero") & counts,
    )


def entry_rules(scheme: Scheme, item: pl.DataType) -> pl.DataFrame:
    """What the rule of each entry code asks for and does, as a look-up table."""
    rows = [
        (
            code,
            owner.code,
            index,
            rule.given_sign,
            bool(rule.levels),
            rule.zeroes,
            rule.counts,
            rule.latest_of is not None,
            rule.once_of is not None,
            "quantity" in rule.needs,
            "amount" in rule.needs,
        )
        for code, (owner, index, rule) in scheme.entry_rules.items()
    ]
    schema = {
        "code": pl.String,
        "item": item,
        "rule": pl.Int64,
        "sign": pl.Int64,
        "by_level": pl.Boolean,
        "zero": pl.Boolean,
        "counts": pl.Boolean,
        "latest": pl.Boolean,
        "once": pl.Boolean,
        "times": pl.Boolean,
        "summed": pl.Boolean,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


@lru_cache(maxsize=256)
def _prices(scheme: Scheme, profiles: tuple[int, ...]) -> pl.DataFrame:
    """What one entry is worth by profile, code and level; for_them is false where it is nothing to such a member."""
    rules: list[EntryRule] = [rule for _, _, rule in scheme.entry_rules.values()]
    rows = [
        (profile, rule.head.code, level, price, price is not None)
        for profile in profiles
        for rule in rules
        for level, price in rule.prices(of_profile(scheme, profile))
    ]
    schema = {
        "profile": pl.Int64,
        "code": pl.String,
        "level": pl.String,
        "price": pl.Int64,
        "for_them": pl.Boolean,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def _reason(tables: Tables) -> pl.Expr:
    """Why an entry does not count, the plainest reason first; null where it does."""
    return (
        pl.when("reversed")
        .then(pl.lit("reversed"))
        .when(pl.col("date") > tables.period.ends_on)
        .then(pl.lit("outside_period"))
        .when(~pl.col("approved"))
        .then(pl.lit("not_approved"))
        .when(~pl.col("counts"))
        .then(pl.lit("noted"))
        .when(~pl.col("for_them"))
        .then(pl.lit("not_for"))
    )


@cache
def _worth() -> pl.Expr:
    given = rounded(pl.col("points")) * pl.col("sign")
    many = pl.col("price") * pl.when("times").then("quantity").otherwise(1)
    return pl.when(pl.col("sign").is_null()).then(many).otherwise(given)


def _only_one(lines: pl.DataFrame) -> pl.DataFrame:
    """`lines` where of several for one half only the latest counts, and of several for one award only the highest."""
    counts = pl.col("reason").is_null()
    rivals = {
        "replaced": ("latest", counts, ["member", "code", "half"], ["date", "ref", "row"], True),
        "lower_award": (
            "once",
            counts & (pl.col("award").fill_null("") != ""),
            ["member", "award"],
            ["loss", "ref", "row"],
            False,
        ),
    }
    for reason, (rule, which, same, order, last) in rivals.items():
        if not lines.get_column(rule).any():
            continue
        several = (
            lines.filter(pl.col(rule) & which).with_columns(loss=-pl.col("worth")).sort(order, nulls_last=not last)
        )
        keep = pl.struct(same).is_last_distinct() if last else pl.struct(same).is_first_distinct()
        beaten = several.filter(~keep).select("row", beaten=pl.lit(reason))
        if beaten.height:
            lines = lines.join(beaten, on="row", how="left", maintain_order="left").with_columns(
                reason=pl.coalesce("reason", "beaten")
            )
            lines = lines.drop("beaten")
    return lines


def _refuse_unpriced(lines: pl.DataFrame) -> None:
    """An entry that counts must say what it is worth."""
    bad = lines.filter(pl.col("reason").is_null() & _lacks().is_not_null())
    if bad.height:
        raise FactsError(
            f"党员 {row['member']} 在 {row['date']} 的「{row['code']}」{row['lacks']}"
            for row in bad.with_columns(lacks=_lacks()).sort("member", "date", "row").iter_rows(named=True)
        )


@cache
def _lacks() -> pl.Expr:
    """What an entry that counts does not say; null where it says all."""
    return (
        pl.when(pl.col("by_level") & pl.col("for_them").is_null())
        .then(pl.lit("没有可用的级别。"))
        .when(pl.col("worth").is_null() & ~pl.col("zero"))
        .then(pl.lit("没有写明分值。"))
        .when(pl.col("summed") & pl.col("amount").is_null())
        .then(pl.lit("没有写明金额。"))
        .when(pl.col("latest") & ~pl.col("half").is_in(["H1", "H2"]).fill_null(False))
        .then(pl.lit("没有写明上半年(H1)还是下半年(H2)。"))
    )
