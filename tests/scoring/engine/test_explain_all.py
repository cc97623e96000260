"""The sheets of the annual schemes in words: limits, layers, formulas, and why something does not count."""

import pytest

from scoring.engine import Facts, Period, explain, score
from tests.scoring.engine.helpers import attended, day, entry, month, shipped

YEAR = Period.parse("2025")
POINT = 1_000_000


def sheet(code: str, member: dict | None = None, settings: dict | None = None, **frames):
    scheme = shipped(code).configured(settings)
    rows = {name: [{"member": 1} | row for row in given] for name, given in frames.items()}
    person = {"member": 1, "born": day("1990-01-01")} | (member or {})
    return explain(scheme, score(scheme, Facts.build(members=[person], **rows), YEAR), 1)


def worded(found) -> dict[str, list[tuple[str, str, str]]]:
    return {
        item.code: [(line.label, line.text, line.effect) for line in item.lines] for item in found.items if item.lines
    }


def ballots(*scores: int) -> list[dict]:
    return [{"period": "2025", "group": "members", "score": score * POINT} for score in scores]


def refused(found) -> list[tuple[str, str]]:
    return [(line.label, line.text) for line in found.not_counted]


def test_street_lines_and_formula():
    found = sheet(
        "street-annual",
        ballots=ballots(91, 92, 94),
        attendance=[attended("2025-03-05", "sick_leave"), attended("2025-03-06", "present")],
        visits=[{"month": month("2025-02"), "assigned": 5, "visited": 3}],
        dues=[
            {"month": month("2025-01"), "due": 1000},
            {"month": month("2025-02"), "due": 1000},
            {"month": month("2025-03"), "due": 1000},
            {"month": month("2025-05"), "due": 1000},
        ],
        payments=[
            {"month": month("2025-03"), "amount": 1000, "paid_on": day("2025-04-10")},
            {"month": month("2025-05"), "amount": 600, "paid_on": day("2025-05-10")},
        ],
        entries=[
            entry("volunteer.charity", quantity=12),
            entry("donation", "2025-05-01", amount=60_000),
            entry("donation", "2025-06-01", amount=40_000),
            entry("donation", "2025-06-02", amount=40_000, approved=False),
        ],
    )
    assert worded(found) == {
        "base.org_life": [("3 月 5 日 集中学习", "病假", "−1")],
        "base.dues": [
            ("1 月党费", "期末仍未交纳", "−1"),
            ("2 月党费", "期末仍未交纳", "−1"),
            ("3 月党费", "4 月 10 日缴清,迟 10 天", "−1"),
            ("到 3 月底", "连续 3 个月没有交纳党费,本项不得分", "−1"),
            ("5 月党费", "没有按期交纳,期末仍不足额", "−6"),
        ],
        "base.contact": [("2 月走访", "应走访 5 户,未走访 2 户", "−4")],
        "volunteer.charity": [
            ("3 月 1 日 参加帮困献爱心活动", "12 次", "+12"),
            ("本项最高 10 分", "超出的部分不计", "−2"),
        ],
        "donation": [
            ("5 月 1 日 公益捐助", "600 元,计入累计", ""),
            ("6 月 1 日 公益捐助", "400 元,计入累计", ""),
            ("本期累计 1000 元", "达到 1000 元", "+5"),
        ],
    }
    assert refused(found) == [("6 月 2 日 公益捐助", "还没有批准,批准后计入累计金额。")]
    assert found.formula_words == "基础积分 65 + 民主评议 92.33 × 20% = 18.47 + 贡献加分 15 = 98.47"
    assert found.items[0].notes == ("其余 1 次到会",)
    assert [(line.text, line.clause.id) for line in found.outlook] == [
        ("比合格线(60 分)高 38.47 分。", "11.2"),
        ("再得 1.53 分可达到优秀线(100 分)。", "11.2"),
        ("帮困献爱心已经到最高 10 分,再多也不加。", "7.1"),
    ]


def test_a_probationary_member_sees_the_line_of_the_delay():
    found = sheet("street-annual", {"status": "probationary"}, ballots=ballots(100))
    assert found.outlook[0].text == "总分现在是 100 分,低于 80 分,就到「延期转正」线。"
    assert not [line for line in sheet("street-annual", ballots=ballots(100)).outlook if line.kind == "consequence"]


def test_floor_is_a_line():
    found = sheet("street-annual", entries=[entry("role.obstruct", quantity=2)])
    assert worded(found)["base.role"] == [
        ("3 月 1 日 不支持或者妨碍支部工作", "2 次", "−20"),
        ("本项最低 0 分", "低于的部分不再扣", "+10"),
    ]
    assert found.missing == ("班子成员和全体党员还没有评议票。",)


@pytest.mark.parametrize(
    ("reports", "grade", "words"),
    [
        ([], "不合格", "本期没有汇报;"),
        (["2025Q1", "2025Q3"], "合格", "第一季度、第三季度作了汇报;"),
    ],
)
def test_a_review_says_what_was_reported(reports, grade, words):
    found = sheet("street-annual", {"mobility": "migrant"}, reports=[{"quarter": quarter} for quarter in reports])
    assert (found.status_title, found.grade_title, found.total, found.parts) == ("只审查、不计分", grade, None, ())
    assert found.review.words.startswith(words)
    assert found.review.clause.id == "10.4"


def test_town_says_which_layer_and_what_does_not_apply():
    found = sheet(
        "town-layered",
        {"positions": ["committee_member"]},
        entries=[
            entry("role.duty_shift"),
            entry("role.org_award"),
            entry("role.assessment", "2025-06-01", ref=1, half="H1", level="qualified"),
            entry("role.assessment", "2025-06-02", ref=2, half="H1", level="excellent"),
            entry("penalty.extravagance"),
        ],
        attendance=[attended("2025-02-02", "late", "labour"), attended("2025-02-03", "official_leave")],
    )
    assert (found.layer.title, found.layer.words, found.layer.clause.id) == ("第二层次", "副书记、委员、副主任", "2.2")
    assert worded(found) == {
        "base": [("副书记、委员、副主任", "", "+20")],
        "basic.labour": [("2 月 2 日 义务劳动", "迟到", "+4")],
        "role.assessment": [("6 月 2 日 半年考核评议", "优秀", "+10")],
        "role.org_award": [("3 月 1 日 社区党组织和“两委”受到表彰", "", "+5")],
        "penalty.extravagance": [("3 月 1 日 红白喜事大操大办", "", "−10")],
    }
    assert refused(found) == [
        ("6 月 1 日 半年考核评议", "后来又评了一次,以最后一次为准,这一次不计。"),
        ("3 月 1 日 到党群服务中心值班", "这一条不适用于本人的职务、层次或类别,不计分。"),
    ]
    assert found.formula_words == "基础分 20 + 加分 19 − 扣分 10 = 29"
    assert [term.sign for term in found.formula] == ["+", "+", "−"]
    assert found.grade_title is None


def test_a_missing_birthday_is_named():
    assert sheet("town-layered", {"born": None}).missing == ("出生日期没有登记。",)
    assert sheet("department-categories").missing == (
        "党员类别没有登记。",
        "「其他分类项目」还没有评分。",
        "「其他共项」还没有评分。",
    )


def test_department_says_which_honour_counts():
    scores = [{"item": item, "date": day("2025-12-01"), "score": score * POINT} for item, score in
              (("common.other", 58), ("category.other", 88))]  # fmt: skip
    found = sheet(
        "department-categories",
        {"category": "a"},
        assessments=[{"item": "common.other", "date": day("2025-11-01"), "score": 0}, *scores],
        entries=[
            entry("honor", ref=1, level="district", award="x"),
            entry("prize", ref=2, level="first", award="x"),
            entry("discipline.breach", ref=3),
        ],
    )
    assert worded(found)["common.other"] == [("12 月 1 日 考评打分", "得 58 分", "+58")]
    assert worded(found)["prize"] == [("3 月 1 日 团体活动获奖", "一等奖", "+5")]
    assert refused(found) == [
        ("11 月 1 日 考评打分", "后来又评了一次,以最后一次为准,这一次不计。"),
        ("3 月 1 日 无故迟到早退或者不按规定请销假", "这一条不适用于本人的职务、层次或类别,不计分。"),
        ("3 月 1 日 受到表彰", "同一奖项按最高的一项计分,这一项不再计。"),
    ]
    assert found.formula_words == "共项积分 98 + 分类积分 98 + 加分 5 = 201"
    assert found.layer.title == "A 类(领导班子成员)"


def test_school_simplifies_limits_and_vetoes():
    found = sheet(
        "school-four-standards",
        {"born": day("1950-01-01")},
        {"simplified": {"elderly": ["base.discipline"]}},
        ballots=ballots(90),
        attendance=[attended("2025-03-01", "absent"), attended("2025-03-02", "present")],
        entries=[entry("bonus.lead", quantity=4), entry("bonus.honor"), entry("veto.4")],
    )
    assert refused(found) == [("3 月 1 日 集中学习", "本项对本人简化,保持满分,这一条不计。")]
    bonus = next(part for part in found.parts if part.code == "bonus")
    assert (bonus.value, bonus.notes) == (10, ("各项合计 13 分,最多计 10 分",))
    assert [line.text for line in found.outlook] == ["加分项目已经到最高 10 分,再多也不加。"]
    assert found.total == 0
    assert found.formula_words == (
        "基础项目 80 + 民主测评 90 × 20% = 18 + 加分项目 10;按「期内有「一票否决的第四种情形」的记录」总分计 0"
    )
    assert (found.verdict.title, found.verdict.clause.id) == ("不合格", "11.4")


def test_village_suggests_a_score():
    found = sheet("village-inspector", entries=[entry("supervision.plan", points=2 * POINT)])
    [plan] = [one for one in found.suggestions if one.noted]
    assert (plan.title, plan.full, plan.noted, plan.suggested) == ("工作计划", 3, 2, 1)
    assert refused(found) == [("3 月 1 日 工作计划的日常记录", "平时记下 2 分,供考评人参考,不直接计分。")]
    assert found.missing[0] == "「协助廉政建设」还没有评分。"
    assert found.items == ()
