from datetime import date

import polars as pl
import pytest

from scoring.engine import Facts, FactsError
from tests.scoring.engine.helpers import attended, ballots, day, entry, facts, month

MEMBER = {"member": 1}
DUE = {"member": 1, "month": month("2025-01"), "due": 1000}


def problems(**frames) -> tuple[str, ...]:
    with pytest.raises(FactsError) as error:
        Facts.build(**{"members": [MEMBER]} | frames)
    return error.value.problems


BAD = [
    (
        {"visits": [{"member": 1, "month": day("2025-01-02"), "assigned": 1, "visited": 0}]},
        "「visits」:月份要写成当月 1 日。",
    ),
    (
        {"visits": [{"member": 1, "month": month("2025-01"), "assigned": -1, "visited": 0}]},
        "「visits」:户数为负数或太大。",
    ),
    ({"visits": [{"member": 1, "month": month("2025-01"), "assigned": 1}]}, "「visits」缺少「visited」列。"),
    ({"reports": [{"member": 1, "quarter": "2025Q5"}]}, "「reports」:季度要写成 2025Q1。"),
    ({"reports": [{"member": 1, "quarter": "2025Q1"}] * 2}, "「reports」:同一季度写了两次。"),
    (
        {"assessments": [{"member": 1, "item": "x", "date": day("2025-01-01"), "score": -1}]},
        "「assessments」:评分为负数或太大。",
    ),
    (
        {"assessments": [{"member": 2, "item": "x", "date": day("2025-01-01"), "score": 1}]},
        "「assessments」:有的记录不属于所给的党员。",
    ),
    ({"members": [MEMBER, MEMBER]}, "「members」:党员重复。"),
    (
        {"members": [MEMBER | {"status": "retired"}]},
        "「members」:党员身份不在 full、probationary、activist 之中。",
    ),
    ({"members": [MEMBER | {"mobility": "away"}]}, "「members」:流动情况不在 resident、migrant、abroad 之中。"),
    ({"members": [MEMBER | {"category": "z"}]}, "「members」:类别不在 a、b、c、d 之中。"),
    ({"attendance": [MEMBER | attended("2025-01-01", "early")]}, "「attendance」:「status」为空或不是可用的值。"),
    (
        {"attendance": [MEMBER | attended("2025-01-01", "late", "lunch")]},
        "「attendance」:「kind」为空或不是可用的值。",
    ),
    (
        {"attendance": [{"member": 2} | attended("2025-01-01", "late")]},
        "「attendance」:有的记录不属于所给的党员。",
    ),
    ({"attendance": [{"member": 1, "date": day("2025-01-01")}]}, "「attendance」缺少「kind、status」列。"),
    ({"dues": [DUE, DUE]}, "「dues」:同一个月写了两次。"),
    ({"dues": [DUE | {"month": day("2025-01-02")}]}, "「dues」:月份要写成当月 1 日。"),
    ({"dues": [DUE | {"due": -1}]}, "「dues」:应交数额为负数或太大。"),
    (
        {"payments": [{"member": 1, "month": month("2025-01"), "amount": 5, "paid_on": day("2025-01-01")}]},
        "「payments」:有的月份没有应交记录。",
    ),
    (
        {
            "dues": [DUE],
            "payments": [{"member": 1, "month": month("2025-01"), "amount": -5, "paid_on": day("2025-01-01")}],
        },
        "「payments」:交纳数额为负数或太大。",
    ),
    ({"entries": [MEMBER | entry("bonus.activity", quantity=0)]}, "「entries」:次数要在 1 到 1000000 之间。"),
    ({"entries": [MEMBER | entry("bonus.activity", points=-1)]}, "「entries」:分值为负数或太大。"),
    ({"entries": [MEMBER | entry("bonus.activity", amount=-1)]}, "「entries」:金额为负数或太大。"),
    ({"entries": [MEMBER | {"item": "bonus.activity", "date": None}]}, "「entries」:「date」为空或不是可用的值。"),
    ({"ballots": ballots(1, 101)}, "「ballots」:评议分不在 0 到 100 之间。"),
    ({"ballots": [ballots(1)[0] | {"count": -1}]}, "「ballots」:票数为负数或太大。"),
    (
        {"history": [MEMBER | {"period": "2024H2", "grade": grade} for grade in ("qualified", "unqualified")]},
        "「history」:同一期写了两次。",
    ),
    ({"organizations": [{"organization": 0, "size": -1}]}, "「organizations」:组织人数为负数。"),
    ({"visitors": []}, "没有「visitors」这张事实表。"),
    ({"entries": [MEMBER | entry("bonus.activity") | {"colour": "red"}]}, "「entries」没有「colour」列。"),
]


@pytest.mark.parametrize(("frames", "message"), BAD)
def test_impossible_facts_are_refused(frames, message):
    assert message in problems(**frames)


def test_every_problem_is_listed():
    assert problems(dues=[DUE, DUE], ballots=ballots(2, 101)) == (
        "「dues」:同一个月写了两次。",
        "「ballots」:评议分不在 0 到 100 之间。",
        "「ballots」:有的记录不属于所给的党员。",
    )


@pytest.mark.parametrize("value", [1.5, "ten", date(2025, 1, 1), 2**70])
def test_values_of_a_wrong_type_are_refused(value):
    assert problems(dues=[DUE | {"due": value}])[0].startswith("「dues」有一个值的类型不对:")


def test_frames_of_floats_are_refused():
    frame = pl.DataFrame({"member": [1], "month": [month("2025-01")], "due": [10.5]})
    assert problems(dues=frame) == ("「dues」的「due」是小数;金额用分,分值用百万分之一分,都写整数。",)


def test_frames_are_cast_to_the_schema():
    frame = pl.DataFrame({"member": [1], "item": ["bonus.activity"], "date": [day("2025-01-01")]})
    built = Facts.build(members=pl.DataFrame({"member": pl.Series([1], dtype=pl.Int32)}), entries=frame)
    assert dict(built.entries.schema) == Facts.SCHEMAS["entries"]
    assert built.entries.row(0, named=True)["approved"] is True
    assert built.members.row(0, named=True)["status"] == "full"


def test_empty_facts_have_every_frame():
    assert all(getattr(Facts.empty(), name).height == 0 for name in Facts.SCHEMAS)


def test_only_keeps_the_facts_of_some_members():
    both = Facts.build(members=[{"member": 1}, {"member": 2}], ballots=ballots(1) + ballots(2))
    kept = both.only(both.members.filter(pl.col("member") == 2))
    assert kept.ballots.get_column("member").unique().to_list() == [2]
    assert facts().ballots.height == 3
