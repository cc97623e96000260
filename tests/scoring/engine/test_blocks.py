"""Each block as a table: facts of one member, and the lines that they make under a small scheme of its own."""

import polars as pl
import pytest

from scoring.engine import Facts, FactsError, Period, parse_scheme, score
from tests.scoring.engine.helpers import attended, day, entry, month

TEXT = "### 第一条 全部 {#1 source=1}\n一切。\n"
DEFINITION = """\
scheme: small
title: 小方案
cycle: year
covers: {{from: 1, to: 1}}
people:
  - {{code: head, title: 书记, when: {{position: [secretary]}}}}
  - {{code: away, title: 流动党员, when: {{mobility: [migrant]}}}}
  - {{code: young, title: 未满 60 周岁, when: {{figure: age, below: 60}}}}
  - {{code: old, title: 年满 60 周岁, when: {{figure: age, at_least: 60}}}}
layers:
  - {{who: young, title: 一层, article: "1", source: [1]}}
  - {{who: old, title: 二层, article: "1", source: [1]}}
items:
  - {{code: item, title: 项目, part: part, article: "1", source: [1], {marks}rules: [{rule}]}}
parts: [{{code: part, title: 部分, make: sum, article: "1", source: [1]}}]
total: {{of: [part], article: "1", source: [1]}}
grades: [{{code: good, title: 好, article: "1", source: [1]}}]
alerts: [{{code: six_months_dues, article: "1", source: [1]}}, {{code: six_months_life, article: "1", source: [1]}}]
"""
YEAR = Period.parse("2025")
LIMITS = "full: 10, floor: 0, "


def scored(rule: str, marks: str = "", member: dict | None = None, **frames):
    scheme = parse_scheme(DEFINITION.format(rule=rule, marks=marks), TEXT)
    rows = {name: [{"member": 1} | row for row in given] for name, given in frames.items()}
    person = {"member": 1, "born": day("1990-01-01")} | (member or {})
    return score(scheme, Facts.build(members=[person], **rows), YEAR)


def lines(*args, **given) -> list[tuple]:
    """kind, value in points and reason of every line."""
    frame = scored(*args, **given).lines
    return [
        (kind, value // 1_000_000, reason) for kind, value, reason in frame.select("kind", "value", "reason").rows()
    ]


def due(code: str, amount: int = 1000, **more) -> dict:
    return {"month": month(code), "due": amount} | more


def paid(code: str, on: str, amount: int = 1000) -> dict:
    return {"month": month(code), "amount": amount, "paid_on": day(on)}


DUES = [
    ([paid("2025-01", "2025-01-31")], ["on_time"]),
    ([paid("2025-01", "2025-02-01")], ["late"]),
    ([paid("2025-01", "2025-01-31", 999)], ["late", "short"]),
    ([paid("2025-01", "2025-01-31", 999), paid("2025-01", "2025-02-01", 1)], ["late"]),
    ([paid("2025-01", "2025-12-31", 1)], ["late", "short"]),
    ([paid("2025-01", "2026-01-01")], ["late"]),
    ([], ["late"]),
    ([paid("2025-01", "2024-11-30")], ["on_time"]),
]


@pytest.mark.parametrize(("payments", "how"), DUES)
def test_dues_months(payments, how):
    worth = {"on_time": 1, "late": -2, "short": -5}
    found = lines("{block: dues_months, on_time: 1, late: -2, short: -5}", dues=[due("2025-01")], payments=payments)
    assert found == [("event", sum(worth[word] for word in how), None)]


@pytest.mark.parametrize(
    ("owed", "expected"),
    [
        ([due("2025-01", excused=True)], [("not_counted", 0, "excused")]),
        ([due("2025-01", 0)], []),
        ([due("2024-12"), due("2026-01")], []),
    ],
)
def test_dues_months_leave_out_what_is_not_owed(owed, expected):
    assert lines("{block: dues_months, on_time: 1, late: -2}", dues=owed) == expected


ARREARS = [
    (["2025-01", "2025-02"], [], None),
    (["2025-01", "2025-02", "2025-03"], [], "2025-03"),
    (["2024-11", "2024-12", "2025-01"], [], "2025-01"),
    (["2024-10", "2024-11", "2024-12"], [paid("2024-10", "2025-01-31")], None),
    (["2024-10", "2024-11", "2024-12", "2025-01"], [], "2025-01"),
    (["2025-01", "2025-02", "2025-03"], [paid("2025-01", "2025-03-31", 1)], None),
    (["2025-01", "2025-02", "2025-03"], [paid("2025-01", "2025-04-01", 1)], "2025-03"),
    (["2025-01", "2025-03", "2025-04"], [], None),
    (["2025-10", "2025-11", "2025-12"], [], "2025-12"),
    (["2025-11", "2025-12", "2026-01"], [], None),
]


@pytest.mark.parametrize(("months", "payments", "reached"), ARREARS)
def test_arrears(months, payments, reached):
    found = scored("{block: arrears, months: 3}", LIMITS, dues=[due(code) for code in months], payments=payments)
    rows = found.lines.select("kind", "month", "value", "quantity").rows()
    assert rows == ([("zeroing", month(reached), -10_000_000, 3)] if reached else [])


@pytest.mark.parametrize(
    ("assigned", "visited", "on", "expected"),
    [
        (5, 5, "2025-01", []),
        (5, 3, "2025-12", [-4]),
        (3, 5, "2025-01", []),
        (5, 0, "2024-12", []),
        (5, 0, "2026-01", []),
    ],
)
def test_visits(assigned, visited, on, expected):
    given = [{"month": month(on), "assigned": assigned, "visited": visited}]
    assert lines("{block: visits, points: -2}", LIMITS, visits=given) == [("event", value, None) for value in expected]


@pytest.mark.parametrize(
    ("kind", "status", "expected"),
    [
        ("study", "present", [("event", 2, None)]),
        ("labour", "present", []),
        ("study", "absent", []),
        ("study", "sick_leave", []),
    ],
)
def test_attendance_of_some_kinds(kind, status, expected):
    rule = "{block: attendance, except: [labour], each: {present: 2}}"
    assert lines(rule, attendance=[attended("2025-01-01", status, kind)]) == expected


LEVELS = (
    "{block: level, entry: it, title: 考核, latest: half, levels: [{code: a, title: 好, points: {head: 15, young: 10}}, "
    "{code: b, title: 差, points: 0}]}"
)
LATEST = [
    ([("2025-01-01", "H1", "a")], {}, [("event", 10, None)]),
    ([("2025-01-01", "H1", "a")], {"positions": ["secretary"]}, [("event", 15, None)]),
    ([("2025-01-01", "H1", "a")], {"born": day("1950-01-01")}, [("not_counted", 0, "not_for")]),
    ([("2025-01-01", "H1", "a"), ("2025-01-02", "H1", "b")], {}, [("not_counted", 0, "replaced"), ("event", 0, None)]),
    ([("2025-01-02", "H1", "b"), ("2025-01-01", "H1", "a")], {}, [("not_counted", 0, "replaced"), ("event", 0, None)]),
    ([("2025-01-01", "H1", "b"), ("2025-01-01", "H1", "a")], {}, [("event", 10, None), ("not_counted", 0, "replaced")]),
    ([("2025-01-01", "H1", "a"), ("2025-01-01", "H2", "a")], {}, [("event", 10, None), ("event", 10, None)]),
    ([("2026-01-01", "H1", "a")], {}, [("not_counted", 0, "outside_period")]),
]


@pytest.mark.parametrize(("given", "member", "expected"), LATEST)
def test_the_latest_of_a_half_counts(given, member, expected):
    entries = [entry("it", on, ref=n, half=half, level=level) for n, (on, half, level) in enumerate(given)]
    assert sorted(map(str, lines(LEVELS, member=member, entries=entries))) == sorted(map(str, expected))


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({"level": "a"}, "没有写明上半年(H1)还是下半年(H2)。"),
        ({"level": "c", "half": "H1"}, "没有可用的级别。"),
        ({"half": "H1"}, "没有可用的级别。"),
    ],
)
def test_an_assessment_must_say_its_half_and_level(fault, message):
    with pytest.raises(FactsError) as error:
        scored(LEVELS, entries=[entry("it", **fault)])
    assert error.value.problems == (f"党员 1 在 2025-03-01 的「it」{message}",)


AWARDS = "{block: level, entry: it, title: 表彰, once: award, levels: [{code: a, title: 一, points: 5}, {code: b, title: 二, points: 3}]}"


@pytest.mark.parametrize(
    ("given", "counted"),
    [
        ([("a", "x", 1), ("b", "x", 1)], [0]),
        ([("b", "x", 1), ("a", "x", 1)], [1]),
        ([("b", "x", 1), ("b", "x", 1)], [0]),
        ([("b", "x", 2), ("a", "x", 1)], [0]),
        ([("b", "x", 1), ("a", "y", 1)], [0, 1]),
        ([("b", None, 1), ("b", None, 1)], [0, 1]),
        ([("b", "", 1), ("b", "", 1)], [0, 1]),
    ],
)
def test_of_an_award_the_highest_counts(given, counted):
    entries = [
        entry("it", ref=n, level=level, award=award, quantity=many) for n, (level, award, many) in enumerate(given)
    ]
    found = scored(AWARDS, entries=entries).lines
    assert sorted(found.filter(pl.col("kind") == "event").get_column("ref")) == counted
    assert set(found.filter(pl.col("kind") != "event").get_column("reason")) <= {"lower_award"}


TIERS = (
    "{block: amount_tiers, entry: it, title: 捐款, tiers: [{at_least: 10000, points: 10}, {at_least: 1000, points: 5}]}"
)


@pytest.mark.parametrize(
    ("amounts", "expected"),
    [([99_999], 0), ([99_999, 1], 5), ([100_000], 5), ([999_999], 5), ([1_000_000], 10), ([0], 0)],
)
def test_tier_by_amount(amounts, expected):
    results = scored(TIERS, entries=[entry("it", amount=amount, ref=n) for n, amount in enumerate(amounts)])
    assert results.lines.get_column("value").sum() == expected * 1_000_000
    assert results.lines.filter(pl.col("date").is_not_null()).height == len(amounts)


def test_an_amount_must_be_named():
    with pytest.raises(FactsError, match="没有写明金额"):
        scored(TIERS, entries=[entry("it")])


def assessed(on: str, score: float, **more) -> dict:
    return {"item": "item", "date": day(on), "score": int(score * 1_000_000)} | more


@pytest.mark.parametrize(
    ("given", "value", "reasons"),
    [
        ([], None, []),
        ([assessed("2025-01-01", 0)], 0, [None]),
        ([assessed("2025-01-01", 9.995)], 10, [None]),
        ([assessed("2025-01-02", 3, ref=1), assessed("2025-01-01", 4, ref=2)], 3, ["replaced", None]),
        ([assessed("2025-01-02", 3, ref=1), assessed("2025-01-02", 4, ref=2)], 4, [None, "replaced"]),
        ([assessed("2025-01-02", 3), assessed("2025-01-02", 4)], 4, [None, "replaced"]),
        ([assessed("2024-12-31", 3)], None, []),
        ([assessed("2026-01-01", 3)], None, ["outside_period"]),
        ([assessed("2025-12-31", 2), assessed("2026-01-01", 3)], 2, [None, "outside_period"]),
    ],
)
def test_assessed(given, value, reasons):
    results = scored("{block: assessed}", "full: 10, ", assessments=given)
    assert results.items.get_column("value").to_list() == ([] if value is None else [value * 1_000_000])
    assert sorted(results.lines.get_column("reason").to_list(), key=str) == sorted(reasons, key=str)
    assert results.members.get_column("missing").to_list() == [["item"] if value is None else []]


def test_a_score_over_the_full_marks_is_refused():
    with pytest.raises(FactsError, match=r"党员 1 的「item」评分 10\.01,最多 10 分。"):
        scored("{block: assessed}", "full: 10, ", assessments=[assessed("2025-01-01", 10.01)])


def test_only_assessed_items_take_scores():
    with pytest.raises(FactsError, match=r"「item」不是由人打分的项目,可用:\(无\)。"):
        scored("{block: visits, points: -2}", LIMITS, assessments=[assessed("2025-01-01", 1)])


def test_what_is_noted_only_suggests():
    rule = "{block: assessed}, {block: noted, entry: it, title: 记录}"
    notes = [entry("it", points=n * 1_000_000) for n in (3, 4)] + [entry("it", points=9_000_000, approved=False)]
    results = scored(rule, "full: 10, ", entries=notes)
    assert results.suggestions.rows() == [(1, "item", 10_000_000, 7_000_000, 3_000_000)]
    assert results.items.is_empty()
    over = scored(rule, "full: 10, ", entries=[entry("it", points=99_000_000)], assessments=[assessed("2025-01-01", 9)])
    assert over.suggestions.get_column("suggested").to_list() == [0]
    assert over.items.get_column("value").to_list() == [9_000_000]


@pytest.mark.parametrize(
    ("member", "value"),
    [({}, 30), ({"born": day("1965-01-01")}, 40), ({"born": day("1965-01-02")}, 30), ({"born": None}, None)],
)
def test_layer_base(member, value):
    results = scored("{block: layer_base, points: {young: 30, old: 40}}", member=member)
    assert results.items.get_column("value").to_list() == ([] if value is None else [value * 1_000_000])
    assert results.members.get_column("missing").to_list() == [[] if value else ["born"]]


EACH = "{block: each, entry: it, title: 事, points: %s}"


@pytest.mark.parametrize(
    ("points", "member", "expected"),
    [
        ("5", {}, [("event", 10, None)]),
        ("{head: 7, away: 5}", {"positions": ["secretary"], "mobility": "migrant"}, [("event", 14, None)]),
        ("{away: 5, head: 7}", {"positions": ["secretary"], "mobility": "migrant"}, [("event", 10, None)]),
        ("{head: 7, away: 5}", {"positions": ["director"]}, [("not_counted", 0, "not_for")]),
        ("{head: 7, away: 5}", {"positions": None}, [("not_counted", 0, "not_for")]),
    ],
)
def test_points_by_group(points, member, expected):
    assert lines(EACH % points, member=member, entries=[entry("it", quantity=2)]) == expected


@pytest.mark.parametrize(
    ("marks", "points", "expected"),
    [
        ("full: 10, floor: 0, ", -7, [("event", -14, None), ("floor", 4, None)]),
        ("full: 10, floor: -2, ", -7, [("event", -14, None), ("floor", 2, None)]),
        ("full: 10, ", -7, [("event", -14, None)]),
        ("cap: 10, ", 7, [("event", 14, None), ("cap", -4, None)]),
        ("cap: 14, ", 7, [("event", 14, None)]),
    ],
)
def test_floors_and_caps_are_lines(marks, points, expected):
    assert lines(EACH % points, marks, entries=[entry("it", quantity=2)]) == expected
