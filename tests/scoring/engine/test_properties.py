"""For any members: lines make items, items make parts, parts make the total; one alone is as one of many."""

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.engine import Facts, Period, results_rows, score
from scoring.engine.vocabulary import KINDS, STATUSES
from tests.scoring.engine.helpers import GROUPS, H1, community

days = st.integers(0, 540).map(lambda n: date(2024, 3, 1) + timedelta(days=n))
months = st.integers(0, 17).map(lambda n: date(2024 + (n + 2) // 12, (n + 2) % 12 + 1, 1))
entry_items = {item.code: item for item in community().entry_items}


@st.composite
def entries(draw):
    item = entry_items[draw(st.sampled_from(sorted(entry_items)))]
    return {
        "item": item.code,
        "date": draw(days),
        "quantity": draw(st.integers(1, 4)),
        "level": draw(st.sampled_from([level[0] for level in item.levels])) if item.levels else None,
        "points": draw(st.integers(0, 30_000_000)) if "points" in item.needs else None,
        "approved": draw(st.booleans()),
        "reversed": draw(st.sampled_from([False, False, True])),
    }


@st.composite
def people(draw):
    """Rows of facts of up to four members."""
    rows = {name: [] for name in ("members", "attendance", "dues", "payments", "entries", "ballots", "history")}
    for member in range(1, draw(st.integers(1, 4)) + 1):
        key = {"member": member}
        exempt = draw(st.sampled_from([False, False, False, True]))
        rows["members"].append(key | {"organization": member % 2, "exempt": exempt})
        for day in draw(st.lists(days, max_size=12)):
            kind, status = draw(st.sampled_from(list(KINDS))), draw(st.sampled_from(list(STATUSES)))
            rows["attendance"].append(key | {"date": day, "kind": kind, "status": status})
        for month in draw(st.lists(months, unique=True, max_size=12)):
            rows["dues"].append(key | {"month": month, "due": draw(st.integers(0, 20)), "excused": draw(st.booleans())})
            for late in draw(st.lists(st.integers(-40, 120), max_size=2)):
                paid = {"month": month, "amount": draw(st.integers(0, 15)), "paid_on": month + timedelta(days=late)}
                rows["payments"].append(key | paid)
        rows["entries"] += [key | row for row in draw(st.lists(entries(), max_size=8))]
        for group in draw(st.sampled_from([GROUPS, GROUPS, GROUPS[:2]])):
            for score_ in draw(st.lists(st.integers(0, 10_000), min_size=1, max_size=3)):
                rows["ballots"].append(key | {"period": "2025H1", "group": group, "score": score_ * 10_000})
    return rows


def cents(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.01"), ROUND_HALF_UP)


@settings(max_examples=60, deadline=None)
@given(people())
def test_every_figure_is_the_sum_of_what_is_shown(rows):
    results = score(community(), Facts.build(**rows), H1)
    items = {item.code: item for item in community().items}
    effects = results.lines.group_by("member", "item").agg(pl.col("value").sum()).rows_by_key(["member", "item"])
    for row in results_rows(results):
        figures = {code: Decimal(value) for code, value in row["items"].items()}
        for code, value in figures.items():
            [(effect,)] = effects.get((row["member"], code), [(0,)])
            assert value == (items[code].full or 0) + Decimal(effect) / 1_000_000
        parts = {code: Decimal(value) for code, value in row["parts"].items()}
        for part in ("daily", "bonus") if parts else ():
            assert parts[part] == sum(value for code, value in figures.items() if items[code].part == part)
        if row["status"] == "scored":
            assert parts["daily_weighted"] == cents(parts["daily"] * Decimal("0.6"))
            assert parts["appraisal_weighted"] == cents(parts["appraisal"] * Decimal("0.4"))
            assert parts["deduction"] == max(100 - parts["daily"], 0)
            assert Decimal(row["total"]) == parts["daily_weighted"] + parts["appraisal_weighted"] + parts["bonus"]


def alone(rows, member: int) -> dict:
    return {name: [row for row in frame if row["member"] == member] for name, frame in rows.items()}


@settings(max_examples=40, deadline=None)
@given(people(), st.sampled_from(["2025H1", "2025"]))
def test_one_alone_is_as_one_of_many(rows, code):
    period = Period.parse(code)
    together = results_rows(score(community(), Facts.build(**rows), period))
    for row in together:
        [single] = results_rows(score(community(), Facts.build(**alone(rows, row["member"])), period))
        assert single | {"rank": None} == row | {"rank": None}


@settings(max_examples=30, deadline=None)
@given(people(), st.randoms())
def test_the_order_of_facts_changes_nothing(rows, random):
    first = score(community(), Facts.build(**rows), H1)
    for frame in rows.values():
        random.shuffle(frame)
    second = score(community(), Facts.build(**rows), H1)
    assert results_rows(first) == results_rows(second)
    assert first.lines.equals(second.lines)
    assert first.outlook.equals(second.outlook)


def naive_alerts(rows: dict, last: date, months: int) -> set[str]:
    """The two alerts, month-end by month-end, as the text says them."""
    found = set()
    ends = [_month_end(last, back) for back in range(months)]
    for end in ends:
        window = [_month_end(end, back) for back in range(6)]
        records = [row for row in rows["attendance"] if row["date"] <= end]
        within = [row["status"] for row in records if row["date"] > _month_end(end, 6)]
        required = [status for status in within if status not in ("sick_leave", "official_leave", "not_required")]
        good = {"present", "late", "left_early", "sick_leave", "official_leave"} & set(within)
        if required and not good and min(row["date"] for row in records) <= window[-1]:
            found.add("six_months_life")
        if all(_unpaid(rows, month_end, end) for month_end in window):
            found.add("six_months_dues")
    return found


def _month_end(day: date, back: int) -> date:
    index = day.year * 12 + day.month - back
    return date(index // 12, index % 12 + 1, 1) - timedelta(days=1)


def _unpaid(rows: dict, month_end: date, by: date) -> bool:
    month = month_end.replace(day=1)
    owed = any(row["month"] == month and not row["excused"] and row["due"] for row in rows["dues"])
    paid = any(row["month"] == month and row["amount"] and row["paid_on"] <= by for row in rows["payments"])
    return owed and not paid


@settings(max_examples=150, deadline=None)
@given(people(), st.sampled_from([("2025H1", date(2025, 6, 30), 6), ("2025", date(2025, 12, 31), 12)]))
def test_alerts_are_those_found_month_by_month(rows, period):
    code, last, months = period
    for row in results_rows(score(community(), Facts.build(**rows), Period.parse(code))):
        assert set(row["alerts"]) == naive_alerts(alone(rows, row["member"]), last, months)
