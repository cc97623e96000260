"""The facts that are scored: small frames keyed by `member`, checked once at the border."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, ClassVar

import polars as pl

from scoring.engine.errors import FactsError
from scoring.engine.numbers import POINT
from scoring.engine.vocabulary import CATEGORIES, KINDS, MEMBER_STATUSES, MOBILITIES, STATUSES

MOST = 1_000_000  # of anything counted in one record; keeps sums far inside 64 bits

Kind = pl.Enum(list(KINDS))
Status = pl.Enum(list(STATUSES))
Frame = pl.DataFrame | Iterable[Mapping[str, Any]]


@dataclass(frozen=True)
class Facts:
    """Frames of facts. Events may lie before the period (alerts, lifetime counts) or after it (they do not count).

    Amounts are in fen, points and scores in millionths. `ref` names the caller's record and comes back in the lines.
    Several payments of a month add up; a month is paid on the day on which their sum reaches what was due.
    `ballots` are counters: `count` ballots of `score` for the member in a group. `visits` are households of a month,
    `reports` the quarters (2025Q1) in which a member who is away reported. Where the order of two records of one day
    decides, the lower `ref` came first; without refs the order of the rows.
    `as_of`: the day up to which a period that still runs is known; dues that fall due later are not yet looked at.
    """

    members: pl.DataFrame
    organizations: pl.DataFrame
    attendance: pl.DataFrame
    dues: pl.DataFrame
    payments: pl.DataFrame
    entries: pl.DataFrame
    ballots: pl.DataFrame
    history: pl.DataFrame
    visits: pl.DataFrame
    assessments: pl.DataFrame
    reports: pl.DataFrame
    as_of: date | None = None

    SCHEMAS: ClassVar[dict[str, dict[str, pl.DataType]]] = {
        "members": {
            "member": pl.Int64,
            "organization": pl.Int64,
            "status": pl.String,
            "mobility": pl.String,
            "exempt": pl.Boolean,
            "born": pl.Date,
            "positions": pl.List(pl.String),
            "category": pl.String,
        },
        "organizations": {"organization": pl.Int64, "size": pl.Int64},
        "attendance": {"member": pl.Int64, "date": pl.Date, "kind": Kind, "status": Status, "ref": pl.Int64},
        "dues": {"member": pl.Int64, "month": pl.Date, "due": pl.Int64, "excused": pl.Boolean},
        "payments": {"member": pl.Int64, "month": pl.Date, "amount": pl.Int64, "paid_on": pl.Date},
        "entries": {
            "member": pl.Int64,
            "ref": pl.Int64,
            "item": pl.String,
            "date": pl.Date,
            "quantity": pl.Int64,
            "level": pl.String,
            "points": pl.Int64,
            "amount": pl.Int64,
            "half": pl.String,
            "award": pl.String,
            "approved": pl.Boolean,
            "reversed": pl.Boolean,
        },
        "ballots": {"member": pl.Int64, "period": pl.String, "group": pl.String, "score": pl.Int64, "count": pl.Int64},
        "history": {"member": pl.Int64, "period": pl.String, "grade": pl.String},
        "visits": {"member": pl.Int64, "month": pl.Date, "assigned": pl.Int64, "visited": pl.Int64},
        "assessments": {
            "member": pl.Int64,
            "ref": pl.Int64,
            "item": pl.String,
            "date": pl.Date,
            "score": pl.Int64,
        },
        "reports": {"member": pl.Int64, "quarter": pl.String},
    }
    DEFAULTS: ClassVar[dict[str, dict[str, Any]]] = {
        "members": {"organization": 0, "status": "full", "mobility": "resident", "exempt": False},
        "dues": {"excused": False},
        "entries": {"quantity": 1, "approved": True, "reversed": False},
        "ballots": {"count": 1},
    }
    OPTIONAL: ClassVar[dict[str, tuple[str, ...]]] = {
        "members": ("born", "positions", "category"),
        "attendance": ("ref",),
        "entries": ("ref", "level", "points", "amount", "half", "award"),
        "assessments": ("ref",),
    }

    @classmethod
    def empty(cls) -> Facts:
        return cls.build()

    @classmethod
    def build(cls, as_of: date | None = None, **frames: Frame) -> Facts:
        """Facts from frames or lists of rows; columns left out get their default or null.

        Raises FactsError listing every frame that holds something impossible: an unknown member or word, a member or
        a month given twice, a negative amount, a quantity below 1, a score over 100.
        """
        unknown = frames.keys() - cls.SCHEMAS.keys()
        if unknown:
            raise FactsError([f"没有「{'、'.join(sorted(unknown))}」这张事实表。"])
        built = {name: _frame(name, frames.get(name)) for name in cls.SCHEMAS}
        problems = [problem for name in cls.SCHEMAS for problem in _problems(name, built)]
        if problems:
            raise FactsError(problems)
        return cls(**built, as_of=as_of)

    def only(self, members: pl.DataFrame) -> Facts:
        """The facts of `members` (a frame with a `member` column)."""
        keys = members.select("member")
        kept = {
            name: getattr(self, name).join(keys, on="member", how="semi")
            for name in self.SCHEMAS
            if name not in ("members", "organizations")
        }
        return Facts(members=members, organizations=self.organizations, **kept, as_of=self.as_of)


def _frame(name: str, data: Frame | None) -> pl.DataFrame:
    """`data` with exactly the columns of the schema, in its types."""
    schema = Facts.SCHEMAS[name]
    if data is None:
        return pl.DataFrame(schema=schema)
    if not isinstance(data, pl.DataFrame):
        data = _from_rows(name, [dict(row) for row in data])
    _refuse_columns(name, set(data.columns))
    if data.is_empty():
        return pl.DataFrame(schema=schema)
    defaults = Facts.DEFAULTS.get(name, {})
    casts = []
    for column, kind in schema.items():
        if column not in data.columns:
            casts.append(pl.lit(defaults.get(column), kind).alias(column))
            continue
        expression = pl.col(column)
        if data.schema[column].is_float():
            raise FactsError([f"「{name}」的「{column}」是小数;金额用分,分值用百万分之一分,都写整数。"])
        if data.schema[column] != kind:
            expression = expression.cast(kind, strict=not isinstance(kind, pl.Enum))
        casts.append(expression.fill_null(defaults[column]) if column in defaults else expression)
    try:
        return data.select(casts)
    except pl.exceptions.PolarsError as error:
        raise FactsError([f"「{name}」有一列的类型不对:{error}"]) from error


def _from_rows(name: str, rows: list[dict[str, Any]]) -> pl.DataFrame:
    schema = Facts.SCHEMAS[name]
    _refuse_columns(name, {key for row in rows for key in row} | (set(_required(name)) if not rows else set()))
    columns = [column for column in schema if any(column in row for row in rows)] or list(schema)
    try:
        return pl.DataFrame(
            [
                pl.Series(column, [row.get(column) for row in rows], _read_as(schema[column]), strict=True)
                for column in columns
            ]
        )
    except (pl.exceptions.PolarsError, TypeError, OverflowError) as error:
        raise FactsError([f"「{name}」有一个值的类型不对:{error}"]) from error


def _read_as(kind: pl.DataType) -> pl.DataType:
    """Words of a closed list are read as text first, so that an unknown one gets a sentence of its own."""
    return pl.String if isinstance(kind, pl.Enum) else kind


def _required(name: str) -> list[str]:
    loose = {*Facts.DEFAULTS.get(name, {}), *Facts.OPTIONAL.get(name, ())}
    return [column for column in Facts.SCHEMAS[name] if column not in loose]


def _refuse_columns(name: str, columns: set[str]) -> None:
    extra, missing = columns - Facts.SCHEMAS[name].keys(), set(_required(name)) - columns
    if extra or missing:
        parts = [f"没有「{'、'.join(sorted(extra))}」列"] if extra else []
        parts += [f"缺少「{'、'.join(sorted(missing))}」列"] if missing else []
        raise FactsError([f"「{name}」{','.join(parts)}。"])


@cache
def _checks(name: str) -> list[pl.Expr]:
    """Whether there is any of what may not be, each named as it is said."""
    needed = [column for column in Facts.SCHEMAS[name] if column not in Facts.OPTIONAL.get(name, ())]
    checks = {f"「{column}」为空或不是可用的值": pl.col(column).is_null() for column in needed} | _own_checks(name)
    return [expression.any().alias(text) for text, expression in checks.items()]


def _own_checks(name: str) -> dict[str, pl.Expr]:
    column = pl.col
    return {
        "members": {
            "党员重复": column("member").is_duplicated(),
            f"党员身份不在 {'、'.join(MEMBER_STATUSES)} 之中": ~column("status").is_in(list(MEMBER_STATUSES)),
            f"流动情况不在 {'、'.join(MOBILITIES)} 之中": ~column("mobility").is_in(list(MOBILITIES)),
            f"类别不在 {'、'.join(CATEGORIES)} 之中": ~column("category").is_in(list(CATEGORIES)),
        },
        "organizations": {
            "组织重复": column("organization").is_duplicated(),
            "组织人数为负数": column("size") < 0,
        },
        "attendance": {},
        "dues": {
            "同一个月写了两次": pl.struct("member", "month").is_duplicated(),
            "月份要写成当月 1 日": column("month").dt.day() != 1,
            "应交数额为负数或太大": ~column("due").is_between(0, MOST * 100),
        },
        "payments": {
            "月份要写成当月 1 日": column("month").dt.day() != 1,
            "交纳数额为负数或太大": ~column("amount").is_between(0, MOST * 100),
        },
        "entries": {
            "次数要在 1 到 1000000 之间": ~column("quantity").is_between(1, MOST),
            "分值为负数或太大": ~column("points").is_between(0, MOST * POINT),
            "金额为负数或太大": ~column("amount").is_between(0, 1000 * MOST * 100),
        },
        "ballots": {
            "评议分不在 0 到 100 之间": ~column("score").is_between(0, 100 * POINT),
            "票数为负数或太大": ~column("count").is_between(0, MOST),
        },
        "history": {"同一期写了两次": pl.struct("member", "period").is_duplicated()},
        "visits": {
            "同一个月写了两次": pl.struct("member", "month").is_duplicated(),
            "月份要写成当月 1 日": column("month").dt.day() != 1,
            "户数为负数或太大": ~(column("assigned").is_between(0, MOST) & column("visited").is_between(0, MOST)),
        },
        "assessments": {"评分为负数或太大": ~column("score").is_between(0, MOST * POINT)},
        "reports": {
            "同一季度写了两次": pl.struct("member", "quarter").is_duplicated(),
            "季度要写成 2025Q1": ~column("quarter").str.contains(r"^\d{4}Q[1-4]$"),
        },
    }[name]


def _problems(name: str, frames: dict[str, pl.DataFrame]) -> list[str]:
    """A sentence for each kind of fault in frame `name`."""
    frame = frames[name]
    if frame.is_empty():
        return []
    found = frame.select(_checks(name)).row(0, named=True)
    problems = [f"「{name}」:{text}。" for text, bad in found.items() if bad]
    if name not in ("members", "organizations") and frame.join(frames["members"], on="member", how="anti").height:
        problems.append(f"「{name}」:有的记录不属于所给的党员。")
    if name == "payments" and frame.join(frames["dues"], on=["member", "month"], how="anti").height:
        problems.append("「payments」:有的月份没有应交记录。")
    return problems
