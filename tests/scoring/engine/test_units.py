"""Numbers, periods, marked YAML and conditions, as tables."""

from datetime import date
from decimal import Decimal

import polars as pl
import pytest

from scoring.engine import Period, plain, points, signed
from scoring.engine.conditions import COUNTED, Compare, Figure, Joined, Not
from scoring.engine.marks import MarkError, read_documents
from scoring.engine.numbers import divided, micro, rounded, weighed


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, None), (0, "0.00"), (93_095_000, "93.10"), (93_094_999, "93.09"), (-5_000, "-0.01"), (-4_999, "0.00")],
)
def test_points_are_rounded_half_up_away_from_zero(value, expected):
    assert points(value) == (expected and Decimal(expected))


@pytest.mark.parametrize(
    ("value", "expected"),
    [(4_000_000, "4"), (93_100_000, "93.10"), (-2_000_000, "−2"), (0, "0"), (-1_000, "0"), (Decimal("0.125"), "0.13")],
)
def test_plain_writes_what_a_reader_reads(value, expected):
    assert plain(value) == expected


def test_signed_shows_what_adds():
    assert [signed(value) for value in (5_000_000, -4_500_000, 0)] == ["+5", "−4.50", "0"]


def test_micro_is_exact():
    assert micro(Decimal("82.504")) == 82_504_000


@pytest.mark.parametrize(
    ("numerator", "denominator", "expected"),
    [(5, 2, 3), (-5, 2, -3), (4, 3, 1), (-4, 3, -1), (0, 7, 0), (None, 2, None), (10**15 + 1, 2, 5 * 10**14 + 1)],
)
def test_divided_rounds_half_away_from_zero(numerator, denominator, expected):
    frame = pl.DataFrame({"n": [numerator]}, schema={"n": pl.Int64})
    assert frame.select(divided(pl.col("n"), denominator)).item() == expected


def test_rounded_and_weighed_give_whole_cents():
    frame = pl.DataFrame({"v": [82_505_000, -82_505_000, 82_504_999, 91_000_000]})
    assert frame.select(rounded(pl.col("v"))).to_series().to_list() == [82_510_000, -82_510_000, 82_500_000, 91_000_000]
    assert frame.select(weighed(pl.col("v"), 4_000)).to_series().to_list()[3] == 36_400_000


@pytest.mark.parametrize(
    ("code", "first", "last", "previous", "title", "months"),
    [
        ("2025H1", date(2025, 1, 1), date(2025, 6, 30), "2024H2", "2025 年上半年", 6),
        ("2025H2", date(2025, 7, 1), date(2025, 12, 31), "2025H1", "2025 年下半年", 6),
        ("2025", date(2025, 1, 1), date(2025, 12, 31), "2024", "2025 年", 12),
    ],
)
def test_period_knows_its_span(code, first, last, previous, title, months):
    period = Period.parse(code)
    assert (period.code, period.starts_on, period.ends_on) == (code, first, last)
    assert (period.previous.code, period.title, len(period.months)) == (previous, title, months)
    assert period.months[0] == first


def test_year_has_two_halves():
    assert [half.code for half in Period.parse("2025").halves] == ["2025H1", "2025H2"]
    assert Period.parse("2025H2").halves == (Period.parse("2025H2"),)


@pytest.mark.parametrize("code", ["", "25H1", "2025H3", "2025h1", "2025Q1", " 2025", "2025H1\n", "1825"])
def test_period_refuses_what_it_cannot_read(code):
    with pytest.raises(ValueError, match="写法不对,应写成 2025H1、2025H2 或 2025"):
        Period.parse(code)


@pytest.mark.parametrize(
    ("day", "cycle", "code"),
    [("2025-06-30", "half_year", "2025H1"), ("2025-07-01", "half_year", "2025H2"), ("2025-07-01", "year", "2025")],
)
def test_period_containing_a_day(day, cycle, code):
    assert Period.containing(date.fromisoformat(day), cycle).code == code


def test_period_containing_refuses_another_cycle():
    with pytest.raises(ValueError, match="考核周期「month」不认识"):
        Period.containing(date(2025, 1, 1), "month")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.1", Decimal("0.1")),
        ("93.10", Decimal("93.10")),
        ("12", 12),
        ("-3", -3),
        ("010", "010"),
        ("1:30", "1:30"),
        (".inf", ".inf"),
        ("2025-01-08", date(2025, 1, 8)),
        ("2025-02-30", "2025-02-30"),
        ("2025-01-08 10:00:00", "2025-01-08 10:00:00"),
        ("99999999999999999999", "99999999999999999999"),
        ("!!python/name:os.system x", None),
    ],
)
def test_yaml_values_are_exact_or_text(text, value):
    if value is None:
        with pytest.raises(MarkError):
            list(read_documents(f"a: {text}"))
        return
    [(_, data)] = read_documents(f"a: {text}")
    assert data["a"] == value
    assert type(data["a"]) is type(value)


def test_yaml_keeps_lines_through_documents_and_merges():
    documents = list(read_documents("a: &x\n  b: 1\n---\na: &x {b: 1}\nc:\n  <<: *x\n  d: [1,\n    2]\n"))
    assert [line for line, _ in documents] == [1, 4]
    data = documents[1][1]
    assert (data["c"]["b"], data["c"].lines["b"], data["c"].lines["d"]) == (1, 4, 7)
    assert data["c"]["d"].lines == [7, 8]


UNKNOWN, NO_RATE = Figure("总分"), COUNTED["attendance_rate"]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (Compare("x", UNKNOWN, "at_least", 5), None),
        (Compare("known", UNKNOWN, "at_least", 5), True),
        (Compare("known", UNKNOWN, "above", 5), False),
        (Compare("known", UNKNOWN, "at_most", 5), True),
        (Compare("known", UNKNOWN, "below", 5), False),
        (Compare("x", NO_RATE, "below", 5), False),
        (Joined(False, (Compare("x", UNKNOWN, "below", 5), Compare("known", UNKNOWN, "at_least", 5))), True),
        (Joined(False, (Compare("x", UNKNOWN, "below", 5), Compare("known", UNKNOWN, "below", 5))), None),
        (Joined(True, (Compare("x", UNKNOWN, "below", 5), Compare("known", UNKNOWN, "below", 5))), False),
        (Joined(True, (Compare("x", UNKNOWN, "below", 5), Compare("known", UNKNOWN, "at_least", 5))), None),
        (Not(Compare("x", UNKNOWN, "below", 5)), None),
        (Not(Compare("known", UNKNOWN, "below", 5)), True),
    ],
)
def test_conditions_know_that_they_do_not_know(condition, expected):
    wide = pl.DataFrame(
        {"figure:x": [None], "figure:known": [5]}, schema={"figure:x": pl.Int64, "figure:known": pl.Int64}
    )
    assert wide.select(condition.expression).item() is expected
