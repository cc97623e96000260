"""The standard of 2008 for Party dues: a share of the whole monthly pay after tax, by what the pay comes to."""

from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")
# Up to which pay how many percent; the share of a bracket is of the whole pay, not of what lies in it.
BRACKETS: dict[str, tuple[tuple[Decimal, Decimal], ...]] = {
    "employed": (
        (Decimal(3000), Decimal("0.5")),
        (Decimal(5000), Decimal(1)),
        (Decimal(10000), Decimal("1.5")),
        (Decimal("Infinity"), Decimal(2)),
    ),
    "retired": ((Decimal(5000), Decimal("0.5")), (Decimal("Infinity"), Decimal(1))),
}
FARMER_LEAST, FARMER_MOST = Decimal("0.20"), Decimal("1.00")
RELIEF = Decimal("0.20")  # students, laid-off members, those on relief


def percent(kind: str, pay: Decimal) -> Decimal:
    """How many percent of the pay are due."""
    return next(rate for most, rate in BRACKETS[kind] if pay <= most)


def due(kind: str, pay: Decimal) -> Decimal:
    """What is due of a monthly pay, rounded half up to a cent."""
    return (pay * percent(kind, pay) / 100).quantize(CENT, ROUND_HALF_UP)


def plain(amount: Decimal) -> str:
    """An amount with thousands separated, without cents where there are none: 3,800."""
    return f"{amount:,.2f}".removesuffix(".00")
