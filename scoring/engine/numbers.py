"""Exact points: integers of a millionth of a point inside, two decimals where a figure is shown.

Rounding is half up, ties away from zero (−0.005 becomes −0.01), at the place where a figure is published.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import polars as pl

POINT = 1_000_000
CENT = POINT // 100
WEIGHT = 10_000  # a weight is held in parts of ten thousand


def micro(value: Decimal | int) -> int:
    """Millionths of a point in `value`; a seventh decimal is rounded half up."""
    return int((Decimal(value) * POINT).to_integral_value(ROUND_HALF_UP))


def points(value: int | None) -> Decimal | None:
    """`value`, in millionths, as points with two decimals; None stays None."""
    if value is None:
        return None
    return (Decimal(value) / POINT).quantize(Decimal("0.01"), ROUND_HALF_UP)


def plain(value: int | Decimal) -> str:
    """`value` as a reader writes it: 4, 93.10, −2 (the sign is a true minus). An int is in millionths."""
    number = points(value) if isinstance(value, int) else value.quantize(Decimal("0.01"), ROUND_HALF_UP)
    digits = f"{abs(number):.2f}".removesuffix(".00")
    return f"−{digits}" if number < 0 else digits


def signed(value: int | Decimal) -> str:
    """`value` with its sign, also when it adds: +5, −4, 0."""
    return f"+{plain(value)}" if value > 0 else plain(value)


def divided(numerator: pl.Expr, denominator: pl.Expr | int) -> pl.Expr:
    """Whole-number quotient, half up with ties away from zero; the denominator is positive."""
    return numerator.sign() * ((numerator.abs() * 2 + denominator) // (denominator * 2))


def rounded(value: pl.Expr) -> pl.Expr:
    """Millionths rounded to two decimals of a point."""
    return divided(value, CENT) * CENT


def weighed(value: pl.Expr, weight: int) -> pl.Expr:
    """`value` times `weight` parts of ten thousand, rounded to two decimals of a point."""
    return divided(value * weight, WEIGHT * CENT) * CENT
