"""Conditions as a clerk would say them, nested and denied ones included."""

import pytest

from scoring.engine.readings import SCHEMES, shipped_schemes
from tests.scoring.engine.helpers import shipped

CODES = list(shipped_schemes())


def words(code: str, consequence: str, *, year: bool = False) -> str:
    scheme = shipped(code)
    outcome = scheme.year.outcome if year else scheme.outcome
    return next(one.words for one in outcome.consequences if one.code == consequence)


@pytest.mark.parametrize(
    ("code", "consequence", "said"),
    [
        ("community-half-year", "criticism", "扣分达到 20 分,或者活动参加率低于 50%"),
        ("community-half-year", "rectification", "本期定为不合格,并且不是预备党员"),
        (
            "community-half-year",
            "withdrawal_procedure",
            "期内有应到的活动,并且一次也没有到会;或者没有交党费的月份达到 6 个月",
        ),
        (
            "community-half-year",
            "persuade_withdrawal",
            "本期定为不合格,并且上一期定为不合格;或者累计有 2 条及以上「违章建筑」的记录",
        ),
        ("street-annual", "delay_conversion", "是预备党员,并且(总分低于 80 分,或者本期定为不合格)"),
        ("street-annual", "return_from_education", "上一期定为不合格,并且本期没有定为不合格"),
        ("town-layered", "persuade_withdrawal", "本期定为不合格,并且连同本期是第 3 次或者更多次不合格"),
    ],
)
def test_consequence_is_said_as_a_clerk_would(code, consequence, said):
    assert words(code, consequence) == said


def test_denied_list_is_one_row_of_conditions():
    honor = next(board for board in shipped("community-half-year").outcome.lists if board.code == "honor")
    assert honor.words == (
        "本期定为优秀,民主评议达到 60 分,不符合「通报批评」的条件,不符合「书面检查」的条件,并且本期没有定为不合格"
    )


@pytest.mark.parametrize("code", CODES)
def test_no_condition_speaks_like_a_machine(code):
    scheme = shipped(code)
    outcomes = [scheme.outcome, *([scheme.year.outcome] if scheme.year else [])]
    for outcome in outcomes:
        for said in (part.words for part in (*outcome.verdicts, *outcome.consequences, *outcome.lists)):
            assert "不属于" not in said
            assert "不不" not in said
            assert said.count("并且") + said.count("或者") <= 4


@pytest.mark.parametrize("code", CODES)
def test_every_condition_can_be_denied_and_back(code):
    for condition in shipped(code).outcome.conditions:
        for part in condition.walk():
            assert part.denied != part.words


@pytest.mark.parametrize("code", CODES)
def test_readings_speak_of_the_original_not_of_the_text_beside_them(code):
    """The text beside a reading has settled the matter: to say that 原文 leaves it open would contradict it."""
    assert (SCHEMES / code).is_dir()
    for said in shipped(code).readings.values():
        assert "原文" not in said
        assert "本系统" not in said
