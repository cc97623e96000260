from decimal import Decimal

import pytest

from scoring.engine import explain
from scoring.engine.wording import sum_words
from tests.scoring.engine.helpers import H1, YEAR, attended, ballots, community, day, entry, month, results

# Six leaves of eleven times cost 18 points, and leave less than half.
AWAY = [attended(f"2025-04-{n:02}", "personal_leave" if n <= 6 else "present") for n in range(1, 12)]


def sheet(period=H1, **given):
    return explain(community(), results(period, **given), 1)


@pytest.fixture
def zhang():
    """A member with something of every kind: the sheet of the mock-up, and what does not count."""
    groups = ("committee", "members_residents", "household_reps")
    scores = (94_500_000, 92_000_000, 93_170_000)
    return sheet(
        attendance=[
            attended("2025-03-05", "late", "theme_day", ref=11),
            attended("2025-05-12", "personal_leave", ref=12),
            *[attended(f"2025-04-{n:02}", "present") for n in range(1, 10)],
            attended("2025-06-01", "official_leave", "congress"),
        ],
        dues=[{"month": month("2025-02"), "due": 1000}, {"month": month("2025-03"), "due": 1000, "excused": True}],
        payments=[{"month": month("2025-02"), "amount": 1000, "paid_on": day("2025-03-12")}],
        entries=[
            entry("bonus.public_good", "2025-04-20", ref=21),
            entry("bonus.emergency", "2025-06-03", ref=22, approved=False),
            entry("bonus.emergency", "2025-06-04", reversed=True),
            entry("bonus.honor", "2025-07-04", level="district"),
            entry("discipline.severe", "2025-06-05", approved=False),
            entry("bonus.example", "2025-06-06", approved=False),
        ],
        ballots=[
            {"period": "2025H1", "group": group, "score": score} for group, score in zip(groups, scores, strict=True)
        ],
    )


def test_formula_adds_up_on_a_pocket_calculator(zhang):
    assert zhang.formula_words == "日常考核 91 × 60% = 54.60 + 民主评议 93.10 × 40% = 37.24 + 加分 5 = 96.84"
    assert sum(term.result for term in zhang.formula) == zhang.total == Decimal("96.84")
    assert (zhang.grade_title, zhang.grade_words, zhang.rank) == ("优秀", "优秀(90 分及以上)", 1)


def test_lines_are_worded(zhang):
    items = {item.code: item for item in zhang.items}
    assert [(line.label, line.text, line.effect) for line in items["daily.activities"].lines] == [
        ("3 月 5 日 主题党日", "迟到", "−4"),
        ("5 月 12 日 集中学习", "事假", "−3"),
    ]
    assert items["daily.activities"].notes == ("其余 9 次到会",)
    assert [(line.label, line.text, line.effect) for line in items["daily.dues"].lines] == [
        ("2 月党费", "3 月 12 日缴清,迟 12 天", "−2")
    ]
    assert items["daily.family"].notes == ("没有扣分记录",)
    assert [(line.ref, line.label, line.effect) for line in items["bonus.public_good"].lines] == [
        (21, "4 月 20 日 参加公益事业", "+5")
    ]
    assert items["daily.dues"].reading == community().readings["R3"]
    assert items["daily.activities"].clause.heading == "第四条第一款 参加组织活动"


def test_what_does_not_count_says_why(zhang):
    assert [(line.label, line.text) for line in zhang.not_counted] == [
        ("6 月 1 日 党员代表会", "公假,不扣分,不计入应到次数。"),
        ("6 月 5 日 违纪行为影响恶劣", "还没有批准,批准后本项不得分。"),
        ("3 月党费", "经批准,本月不计。"),
        ("6 月 3 日 参加突发事件应急", "还没有批准,批准后加 10 分。"),
        ("6 月 4 日 参加突发事件应急", "已冲正,不计入。"),
        ("7 月 4 日 获得单项荣誉称号", "日期在本期之后,不计入本期。"),
        ("6 月 6 日 发挥模范带头作用或经验被推广", "还没有批准,批准后按核定的分值计分。"),
    ]
    assert [line.sensitive for line in zhang.not_counted] == [False, True, False, False, False, False, False]


def test_outlook_speaks(zhang):
    assert [line.text for line in zhang.outlook] == [
        "已扣 9 分,再扣 11 分就到「通报批评」线(扣满 20 分)。",
        "已扣 9 分,再扣 21 分就到「书面检查」线(扣满 30 分)。",
        "已扣 9 分,再扣 31 分就到「提请党员大会讨论」线(扣满 40 分)。",
        "活动参加率现在是 90.91%,低于 50%,就到「通报批评」线。",
        "民主评议现在是 93.10 分,低于 60 分,就到「警示榜」线。",
        "比优秀线(90 分)高 6.84 分。",
    ]
    assert [line.clause.id for line in zhang.outlook] == ["10.1", "10.2", "10.3", "10.1", "11.4", "7"]


def test_records_and_months_that_add_up_are_in_sight_once_they_have_begun():
    unpaid = {"dues": [{"month": month("2025-06"), "due": 1000}], "entries": [entry("record.illegal_building")]}
    texts = [line.text for line in sheet(**unpaid).outlook]
    assert "没有交党费的月份现在有 1 个月,满 6 个月就到「按党章规定的程序处理」线。" in texts
    assert "「违章建筑」已有 1 条记录,满 2 条就到「劝其退党」线。" in texts
    assert not [line.text for line in sheet().outlook if "没有交党费" in line.text or "违章" in line.text]


def test_what_is_reached_is_no_longer_ahead():
    found = sheet(entries=[entry("duties_key.unfinished", quantity=2)])
    assert not [line.text for line in found.outlook if "通报批评" in line.text]


def test_standing_exactly_on_a_limit_is_said():
    found = sheet(entries=[entry("bonus.emergency")], ballots=ballots(1, 50))
    assert [line.text for line in found.outlook if line.kind == "grade"] == ["正好在优秀线(90 分)上。"]


def test_appraisal_and_attendance_are_shown(zhang):
    assert [(group.title, group.mean, group.percent) for group in zhang.appraisal] == [
        ("班子成员", Decimal("94.50"), "30%"),
        ("党员、居民代表", Decimal("92.00"), "40%"),
        ("联户代表", Decimal("93.17"), "30%"),
    ]
    assert zhang.attendance == "应到 11 次,到会 10 次,参加率 90.91%"


def test_next_grade_is_named():
    found = sheet(entries=[entry("duties_key.unfinished", quantity=2)])
    assert [line.text for line in found.outlook if line.kind == "grade"] == [
        "比合格线(60 分)高 20 分。",
        "再得 10 分可达到优秀线(90 分)。",
    ]
    assert [proposal.title for proposal in found.lists] == ["警示榜"]


@pytest.mark.parametrize(
    ("facts", "words", "articles"),
    [
        ({"entries": [entry("duties_key.unfinished", quantity=2)]}, "扣分达到 20 分", ["10.1"]),
        ({"attendance": AWAY}, "活动参加率低于 50%", ["10.8"]),
        (
            {"attendance": AWAY, "entries": [entry("duties_key.unfinished", quantity=2)]},
            "扣分达到 20 分,或者活动参加率低于 50%",
            ["10.1", "10.8"],
        ),
    ],
)
def test_proposal_names_only_what_was_met(facts, words, articles):
    proposal = next(one for one in sheet(**facts).consequences if one.code == "criticism")
    assert (proposal.words, [clause.id for clause in (proposal.clause, *proposal.also)]) == (words, articles)


def test_zeroing_and_quantities_are_worded():
    found = sheet(
        entries=[entry("family.breach"), entry("morality.poor", quantity=2), entry("bonus.honor", level="street")],
        dues=[{"month": month("2025-01"), "due": 1000}],
    )
    worded = {item.code: [(line.text, line.effect) for line in item.lines] for item in found.items if item.lines}
    assert worded == {
        "daily.dues": [("没有缴清,已迟 150 天,本项不得分", "−10")],
        "daily.family": [("本项不得分", "−10")],
        "daily.morality": [("2 次", "−10")],
        "bonus.honor": [("街道级", "+5")],
    }


def test_a_grade_set_by_a_verdict_says_by_which_clause():
    verdict = sheet(entries=[entry("direct.sanction")]).verdict
    assert (verdict.title, verdict.clause.id, verdict.clause.neutral) == ("不合格", "10.7", True)
    assert verdict.words == "期内有「受党纪处分」的记录"


def test_incomplete_says_what_is_missing():
    found = sheet(ballots=ballots(1)[:1])
    assert (found.status_title, found.total, found.formula_words) == ("资料不全", None, None)
    assert found.missing == ("联户代表还没有评议票。", "党员、居民代表还没有评议票。")
    assert {part.code: part.value for part in found.parts}["appraisal"] is None


def test_year_shows_the_mean_of_its_halves():
    found = sheet(YEAR, ballots=ballots(1, 90) + ballots(1, 80, "2025H2"))
    assert found.formula_words == "(上半年总分 96 + 下半年总分 92)÷ 2 = 94"
    assert found.items == ()
    missing = sheet(YEAR, ballots=ballots(1, 90)).missing
    assert missing[0] == "2025 年下半年:班子成员还没有评议票。"


def test_exempt_members_have_an_empty_sheet():
    found = sheet(member={"exempt": True})
    assert (found.status_title, found.items, found.parts, found.formula, found.attendance) == (
        "免予考核",
        (),
        (),
        (),
        None,
    )


def test_nothing_to_attend_is_said():
    activities = sheet().items[0]
    assert activities.notes == ("本期没有应到的活动",)
    assert sheet().attendance == "本期没有应到的活动"


def test_explain_knows_only_members_of_the_results():
    with pytest.raises(KeyError):
        explain(community(), results(), 2)


@pytest.mark.parametrize(
    ("terms", "total", "written"),
    [
        ([20, -3, -4], 13, "20 − 3 − 4 = 13"),
        ([20, *[-5] * 19], -75, "20 − 5 × 19 = −75"),
        ([5, 5, 5, "0.5"], "15.5", "5 × 3 + 0.50 = 15.50"),
        ([-2, -2], -4, "−2 − 2 = −4"),
        ([20], 20, ""),
    ],
)
def test_sums_are_written_as_one_keys_them_in(terms, total, written):
    assert sum_words([Decimal(term) for term in terms], Decimal(total)) == written
