"""What the case format cannot say: payments in instalments, the lines themselves, organisations, refusals."""

import polars as pl
import pytest

from scoring.engine import Facts, FactsError, Period, results_rows, score
from tests.scoring.engine.helpers import (
    H1,
    YEAR,
    answer,
    attended,
    ballots,
    community,
    day,
    entry,
    facts,
    month,
    results,
)


def lines(item: str, **given) -> list[tuple]:
    frame = results(**given).lines.filter(pl.col("item") == item)
    return frame.select("kind", "ref", "quantity", "value", "worth", "reason").rows()


PAID = [
    ([(400, "2025-01-10"), (600, "2025-01-31")], 10, None),
    ([(400, "2025-01-10"), (600, "2025-02-01")], 8, 1),
    ([(400, "2025-01-10"), (500, "2025-02-01"), (100, "2025-03-31")], 5, 59),
    ([(999, "2025-01-10"), (1, "2025-07-01")], 0, 150),
    ([(600, "2025-02-10"), (600, "2025-02-20"), (600, "2025-05-20")], 8, 20),
    ([(500, "2025-02-10"), (500, "2025-02-10")], 8, 10),
    ([(0, "2025-01-10")], 0, 150),
]


@pytest.mark.parametrize(("paid", "value", "days"), PAID)
def test_a_month_is_paid_on_the_day_the_sum_reaches_what_was_due(paid, value, days):
    given = {
        "dues": [{"month": month("2025-01"), "due": 1000}],
        "payments": [{"month": month("2025-01"), "amount": sum_, "paid_on": day(on)} for sum_, on in paid],
    }
    assert answer(**given)["items"]["daily.dues"] == f"{value}.00"
    found = results(**given).lines.filter(pl.col("item") == "daily.dues").get_column("days").to_list()
    assert found == ([] if days is None else [days])


def test_lines_of_entries_tell_why_they_do_not_count():
    given = {
        "entries": [
            entry("morality.poor", "2025-02-01", ref=1, quantity=2),
            entry("morality.poor", "2025-02-02", ref=2, approved=False),
            entry("morality.poor", "2025-02-03", ref=3, reversed=True),
            entry("morality.poor", "2025-07-01", ref=4),
            entry("morality.poor", "2024-12-31", ref=5),
            entry("morality.poor", "2025-02-04", ref=6, reversed=True, approved=False),
        ]
    }
    five = 5_000_000
    assert lines("daily.morality", **given) == [
        ("event", 1, 2, -2 * five, -2 * five, None),
        ("not_counted", 2, 1, 0, -five, "not_approved"),
        ("not_counted", 3, 1, 0, -five, "reversed"),
        ("not_counted", 6, 1, 0, -five, "reversed"),
        ("not_counted", 4, 1, 0, -five, "outside_period"),
    ]


def test_the_first_zeroing_takes_what_the_events_left():
    given = {
        "entries": [
            entry("discipline.severe", "2025-03-02", ref=2),
            entry("discipline.petition", "2025-03-01", ref=1),
            entry("discipline.misconduct", "2025-04-01", ref=3),
            entry("discipline.severe", "2025-02-01", ref=4, approved=False),
        ]
    }
    assert [row[:2] + row[3:4] for row in lines("daily.discipline", **given)] == [
        ("not_counted", 4, 0),
        ("zeroing", 1, -10_000_000),
        ("zeroing", 2, 0),
        ("event", 3, -10_000_000),
    ]


def test_points_given_may_be_missing_until_they_are_approved():
    waiting = {"entries": [entry("bonus.example", ref=1, approved=False)]}
    assert lines("bonus.example", **waiting) == [("not_counted", 1, 1, 0, None, "not_approved")]
    with pytest.raises(FactsError) as error:
        results(entries=[entry("bonus.example"), entry("bonus.honor", level="town")])
    assert error.value.problems == (
        "党员 1 在 2025-03-01 的「bonus.example」没有写明分值。",
        "党员 1 在 2025-03-01 的「bonus.honor」没有可用的级别。",
    )


def test_excused_records_and_months_are_lines_that_do_not_count():
    given = {
        "attendance": [attended("2025-02-01", "sick_leave", ref=7), attended("2025-02-02", "not_required")],
        "dues": [{"month": month("2025-01"), "due": 1000, "excused": True}],
    }
    assert [row[0] + row[5] for row in lines("daily.activities", **given)] == ["not_countedexcused"]
    assert [row[0] + row[5] for row in lines("daily.dues", **given)] == ["not_countedexcused"]


def test_ballots_are_counters():
    counters = [
        {"member": 1, "period": "2025H1", "group": "committee", "score": 90_000_000, "count": 3},
        {"member": 1, "period": "2025H1", "group": "committee", "score": 80_000_000, "count": 1},
        {"member": 1, "period": "2025H1", "group": "committee", "score": 0, "count": 0},
        *ballots(1, 80)[1:],
    ]
    found = results(ballots=counters).appraisal.rows()
    assert found == [
        (1, "committee", 4, 87_500_000, 3_000, 26_250_000),
        (1, "members_residents", 1, 80_000_000, 4_000, 32_000_000),
        (1, "household_reps", 1, 80_000_000, 3_000, 24_000_000),
    ]


def test_rank_and_quota_go_by_organization():
    both = [f"2025{half}" for half in ("H1", "H2")]
    built = Facts.build(
        members=[{"member": n, "organization": n // 10} for n in (10, 11, 20, 21)],
        organizations=[{"organization": 1, "size": 20}],
        ballots=[row for n in (10, 11, 20, 21) for code in both for row in ballots(n, 100 - n % 10, code)],
    )
    rows = {row["member"]: row for row in results_rows(score(community(), built, YEAR))}
    assert {n: row["rank"] for n, row in rows.items()} == {10: 1, 11: 2, 20: 1, 21: 2}
    assert [n for n, row in rows.items() if row["lists"] == ["honor"]] == [10, 11, 20]


def test_exempt_members_have_no_sheet_but_alerts():
    six = [{"month": month(f"2025-0{n}"), "due": 500} for n in range(1, 7)]
    found = answer(member={"exempt": True}, dues=six, attendance=[attended("2025-01-01", "absent")])
    assert (found["status"], found["items"], found["parts"], found["consequences"]) == ("exempt", {}, {}, [])
    assert found["alerts"] == ["six_months_dues", "six_months_life"]


def test_exempt_members_leave_the_others_as_they_are():
    rows = [{"member": 1}, {"member": 2, "exempt": True}, {"member": 3, "mobility": "abroad"}]
    built = Facts.build(members=rows, ballots=ballots(1) + ballots(2, 100))
    found = results_rows(score(community(), built, H1))
    assert [(row["status"], row["rank"]) for row in found] == [("scored", 1), ("exempt", None), ("exempt", None)]


@pytest.mark.parametrize("period", ["2025H1", "2025"])
def test_no_members_give_empty_results(period):
    found = score(community(), Facts.empty(), Period.parse(period))
    assert results_rows(found) == []


@pytest.mark.parametrize("period", ["2025H1", "2025"])
def test_what_the_scheme_does_not_know_is_refused(period):
    with pytest.raises(FactsError, match=r"方案没有「bonus\.gift」这个记分条目"):
        score(community(), facts(entries=[entry("bonus.gift")]), Period.parse(period))
    stray = [{"period": "2025H1", "group": "neighbours", "score": 0}]
    with pytest.raises(FactsError, match="方案没有「neighbours」这个评议组"):
        score(community(), facts(ballots=stray), Period.parse(period))


def test_outlook_names_the_next_grade_and_every_threshold_ahead():
    frame = results(entries=[entry("duties_key.unfinished"), entry("morality.poor")]).outlook
    assert frame.select("kind", "code", "distance").rows() == [
        ("consequence", "criticism", 5_000_000),
        ("consequence", "self_criticism", 15_000_000),
        ("consequence", "assembly_verdict", 25_000_000),
        ("grade", "qualified", -23_000_000),
        ("grade", "excellent", 7_000_000),
        ("list", "warning", 20_000_000),
    ]


def test_outlook_is_silent_on_grades_that_a_verdict_set():
    frame = results(entries=[entry("direct.obstruct")]).outlook
    assert frame.filter(pl.col("kind") == "grade").is_empty()


def test_figures_of_a_year_come_with_those_of_its_halves():
    given = [attended("2025-01-01", "late"), attended("2025-08-01", "absent"), attended("2025-08-02", "sick_leave")]
    frame = results(YEAR, attendance=given).figures
    assert frame.select("period", "required", "attended", "excused", "rate").rows() == [
        ("2025", 2, 1, 1, 50_000_000),
        ("2025H1", 1, 1, 0, 100_000_000),
        ("2025H2", 1, 0, 1, 0),
    ]
