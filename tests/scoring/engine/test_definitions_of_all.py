"""Bad definitions of the annual schemes keep their messages: a change to a shipped one, the faulty line, the sentence."""

import json
from contextlib import suppress
from random import Random

import pytest
import yaml

from scoring.engine import SchemeError, parse_scheme
from tests.scoring.engine.helpers import CODES, SCHEMES, shipped

KEYS = "amount_tiers、arrears、assessed、attendance、dues_months、dues_tiers、each、given、layer_base、level、noted、visits、zero"
GRADES = "basically_qualified、excellent、qualified、unqualified"

# scheme, old, new, the snippet on whose line the fault is, the message
BAD = [
    (
        "street-annual",
        "{block: visits, points: -2}",
        "{block: calls, points: -2}",
        "{block: calls",
        f"「block」没有「calls」这个值,可用:{KEYS}。",
    ),
    (
        "street-annual",
        "{block: visits, points: -2}",
        "{block: visits, points: 0}",
        "{block: visits",
        "每户计 0 分的规则没有作用,请写分值或删去这条。",
    ),
    (
        "street-annual",
        "{block: dues_months, late: -1, short: -5}",
        "{block: dues_months}",
        "{block: dues_months}",
        "按月计党费至少要写一种:on_time(按期足额)、late(未按期足额)、short(不足额)。",
    ),
    (
        "street-annual",
        "{block: arrears, months: 3,",
        "{block: arrears, months: 0,",
        "{block: arrears",
        "「months」至少为 1,现在是 0。",
    ),
    (
        "street-annual",
        "- {at_least: 10000, points: 10}",
        "- {at_least: 1000, points: 10}",
        "        tiers:",
        "金额档次要从高到低,1000 元应小于它前面的 1000 元。",
    ),
    (
        "street-annual",
        "part: base\n    full: 40",
        "part: base\n    full: 30",
        "- {code: base, title",
        "「基础积分」写的满分是 80,各项合计是 70,请改成一致。",
    ),
    (
        "village-inspector",
        "{block: assessed, office: discipline",
        "{block: assessed, office: police",
        "office: police",
        "「office」没有「police」这个值,可用:discipline。",
    ),
    ("street-annual", "weight: 1.00", "weight: 0.90", "  groups:", "评议组的权重合计 90%,应为 100%。"),
    (
        "street-annual",
        "at_least: 60, article",
        "at_least: 100, article",
        'at_least: 100, article: "11.2", source: [277], reading: R10}\n  - {code: basic',
        "等次重叠:「合格」从 100 分起,应低于上一等的 100 分。",
    ),
    (
        "street-annual",
        "title: 基本合格, by_points: false,",
        "title: 基本合格, by_points: false, at_least: 50,",
        "by_points: false",
        "「基本合格」不按分数评定,请删去「at_least」,或删去「by_points: false」。",
    ),
    (
        "street-annual",
        "grades: [excellent, qualified, basically_qualified, unqualified]",
        "grades: [excellent, qualified, good, unqualified]",
        "settings:",
        f"设定「grades」的「good」不是一个等次,可用:{GRADES}。",
    ),
    (
        "street-annual",
        "who: migrant\n",
        "who: traveller\n",
        "who: traveller",
        "「who」没有「traveller」这个值,可用:migrant。",
    ),
    (
        "street-annual",
        "missed: unqualified",
        "missed: failed",
        "missed: failed",
        f"「missed」没有「failed」这个值,可用:{GRADES}。",
    ),
    (
        "street-annual",
        "when: {arrears: 6}",
        "when: {arrears: six}",
        "when: {arrears",
        "「arrears」要写成数,现在是「six」。",
    ),
    (
        "street-annual",
        "when: {mobility: [migrant]}",
        "when: {mobility: [tourist]}",
        "when: {mobility",
        "「mobility」里没有「tourist」这个值,可用:abroad、migrant、resident。",
    ),
    (
        "street-annual",
        "when: {mobility: [migrant]}",
        "when: {grade: excellent}",
        "when: {grade: excellent}}",
        "条件要写明一种,可用:all、any、category、figure、mobility、not、position、status。",
    ),
    (
        "street-annual",
        "title: 等次分数线, grades: [excellent",
        "title: 等次分数线, marks: [excellent",
        "marks: [excellent",
        "设定没有「marks」这个键,可用:code、grades、kind、title。",
    ),
    (
        "street-annual",
        "kind: bands",
        "kind: colours",
        "kind: colours",
        "「kind」没有「colours」这个值,可用:bands、items、number。",
    ),
    (
        "street-annual",
        "covers: {from: 199, to: 285",
        "covers: {from: 199, to: 287",
        "covers:",
        "原文第 287 行没有条文写明出处;请补进条文的 source,只是标题的写进「headings」。",
    ),
    (
        "street-annual",
        "covers: {from: 199, to: 285",
        "covers: {from: 199, to: 19",
        "covers:",
        "出处从 199 行到 19 行,「to」不能小于「from」。",
    ),
    ("street-annual", "covers: {from: 199, to: 285, every: 2}\n", "", "scheme:", "方案定义缺少「covers」,请补上。"),
    (
        "street-annual",
        'title: 参加组织生活\n    part: base\n    full: 40\n    floor: 0\n    article: "5.1"\n    source: [213]',
        'title: 参加组织生活\n    part: base\n    full: 40\n    floor: 0\n    article: "5.1"\n    source: [215]',
        "- code: base.org_life",
        "出处第 215 行不在条文「5.1」的出处里,请核对两处的 source。",
    ),
    (
        "street-annual",
        '["1", "13"]',
        '["1"]',
        "background:",
        "条文「13 第十三条 工作要求」没有规则引用;不参与计算的条文请列入「background」,并写明理由。",
    ),
    (
        "street-annual",
        '{articles: ["1", "13"], reason: "说明宗旨和要求,不涉及计分。"}',
        '{articles: ["1", "13"]}',
        '{articles: ["1", "13"]}',
        "不参与计算的条文缺少「reason」,请补上。",
    ),
    (
        "street-annual",
        '{articles: ["1", "13"]',
        '{articles: ["1", "13", "3"]',
        '{articles: ["2.1"',
        "条文「3」写了两次,请删去一个。",
    ),
    (
        "town-layered",
        "points: {heads: 10, team: 20, younger: 30, elderly: 40}",
        "points: {heads: 10, team: 20, younger: 30}",
        "{block: layer_base",
        "各层次的基础分要与层次一致,不一致的:elderly。",
    ),
    (
        "town-layered",
        "points: {both_posts: 15, heads: 10, team: 5}",
        "points: {both: 15, heads: 10, team: 5}",
        "points: {both:",
        "按人群的分值没有「both」,可用:both_posts、elderly、heads、migrant、ordinary、team、younger。",
    ),
    (
        "town-layered",
        "points: {ordinary: 2}",
        "points: {ordinary: 0}",
        "points: {ordinary: 0}",
        "每次计 0 分的规则没有作用,请写分值或删去这条。",
    ),
    (
        "town-layered",
        "who: team, title: 第二层次",
        "who: heads, title: 第二层次",
        "title: 第二层次",
        "层次「heads」写了两次,请删去一个。",
    ),
    (
        "town-layered",
        "{code: migrant,",
        "{code: team,",
        "{code: team, title: 流动党员",
        "人群「team」写了两次,请删去一个。",
    ),
    (
        "town-layered",
        "latest: half",
        "latest: quarter",
        "latest: quarter",
        "「latest」没有「quarter」这个值,可用:half。",
    ),
    (
        "town-layered",
        "{figure: age, below: 60}",
        "{figure: height, below: 60}",
        "{figure: height",
        "「figure」没有「height」这个值,可用:age。",
    ),
    (
        "town-layered",
        "{times: unqualified, exactly: 1}",
        "{times: failed, exactly: 1}",
        "{times: failed",
        f"「times」没有「failed」这个值,可用:{GRADES}。",
    ),
    (
        "town-layered",
        "{times: unqualified, exactly: 1}",
        "{times: unqualified}",
        "{times: unqualified}",
        "条件缺少「at_least」,请补上。",
    ),
    (
        "town-layered",
        "when: {entries: [veto.1]}",
        "when: {times: unqualified, at_least: 2}",
        'when: {times: unqualified, at_least: 2}, article: "7.1"',
        "直接定等的条件不能用它自己要定的等次。",
    ),
    (
        "town-layered",
        "minus: [penalties]",
        "minus: [fines]",
        "minus: [fines]",
        "「minus」里没有「fines」这个值,可用:base、credits、penalties。",
    ),
    (
        "town-layered",
        "kinds: [labour]",
        "kinds: [work]",
        "kinds: [work]",
        "「kinds」里没有「work」这个值,可用:branch_meeting、committee_meeting、congress、group_meeting、labour、org_life_meeting、party_lecture、study、theme_day。",
    ),
    (
        "town-layered",
        "rank: {within: layer",
        "rank: {within: street",
        "rank:",
        "「within」没有「street」这个值,可用:layer、organization。",
    ),
    (
        "department-categories",
        "layers: [c]",
        "layers: [c, x]",
        "layers: [c, x]",
        "「layers」里没有「x」这个值,可用:a、b、c、d。",
    ),
    (
        "department-categories",
        "full: {a: 90, b: 90, c: 90, d: 60}",
        "full: {a: 90, b: 90, c: 90}",
        "- code: category.other",
        "「其他分类项目」按层次写满分,缺少:d。",
    ),
    (
        "department-categories",
        "full: {a: 90, b: 90, c: 90, d: 60}",
        "full: {a: 90, b: 90, c: 90, d: 70}",
        "- {code: category, title",
        "「分类积分」写的满分是 100,各项合计(按「D 类(退休党员)」)是 110,请改成一致。",
    ),
    (
        "department-categories",
        "    part: common\n    full: 60\n",
        "    part: common\n",
        "- code: common.other",
        "「其他共项」由人打分,要写明满分「full」。",
    ),
    (
        "department-categories",
        "once: award\n        entry: honor",
        "once: medal\n        entry: honor",
        "once: medal",
        "「once」没有「medal」这个值,可用:award。",
    ),
    (
        "department-categories",
        "when: {category: [a]}",
        "when: {category: [e]}",
        "when: {category: [e]}",
        "「category」里没有「e」这个值,可用:a、b、c、d。",
    ),
    (
        "department-categories",
        "title: 优秀, article",
        "title: 优秀, at_least: 180, article",
        "title: 合格, article",
        "只有最后一个等次可以不写「at_least」。",
    ),
    (
        "school-four-standards",
        "points: {minus: study_missed}",
        "points: {minus: simplified}",
        "{minus: simplified}",
        "设定「simplified」不是数,不能写成 minus。",
    ),
    ("school-four-standards", "points: {minus: study_missed}", "points: {minus: studies}", "{minus: studies}", None),
    (
        "school-four-standards",
        "items: {setting: simplified}",
        "items: {elderly: [base.role]}",
        "items: {elderly",
        "「items」只能写成 {setting: …},由单位设定。",
    ),
    (
        "school-four-standards",
        "total: 0, when: {entries: [veto.1]}",
        "total: none, when: {entries: [veto.1]}",
        "total: none",
        "「total」要写成数,现在是「none」。",
    ),
    (
        "school-four-standards",
        "default: 0.20, least",
        "default: 0.30, least",
        "total: {of",
        "总分写的满分是 100,各部分合计是 110(权重要合计 100%),请改成一致。",
    ),
    (
        "village-inspector",
        "full: 15",
        "full: 14",
        "- {code: supervision, title",
        "「监督职责」写的满分是 40,各项合计是 39,请改成一致。",
    ),
    ("village-inspector", "reading: R27}", "reading: R99}", "reading: R99", None),
]


@pytest.mark.parametrize(("code", "old", "new", "snippet", "message"), BAD)
def test_bad_definition_is_refused_with_its_line(code, old, new, snippet, message):
    definition, text = ((SCHEMES / code / name).read_text("utf-8") for name in ("definition.yaml", "text.md"))
    assert old in definition
    changed = definition.replace(old, new, 1)
    with pytest.raises(SchemeError) as error:
        parse_scheme(changed, text)
    found = [(fault.line, fault.text) for fault in error.value.faults]
    line = changed[: changed.index(snippet)].count("\n") + 1
    if message:
        assert (line, message) in found
    else:
        assert line in [at for at, _ in found]


ODD = [None, {}, [], "zzz", -1, 10**30, True, [[1]], {"a": 1}, {"setting": [1]}, {"minus": "grades"}, "", 0.0000001]


def places(data, path=()):
    pairs = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in pairs:
        yield (*path, key)
        yield from places(value, (*path, key))


@pytest.mark.parametrize("code", [code for code in CODES if code != "community-half-year"])
def test_odd_values_anywhere_are_faults_and_never_crashes(code):
    random = Random(code)
    data = yaml.safe_load((SCHEMES / code / "definition.yaml").read_text("utf-8"))
    text = (SCHEMES / code / "text.md").read_text("utf-8")
    for path in random.sample(list(places(data)), 40):
        changed = json.loads(json.dumps(data))
        holder = changed
        for key in path[:-1]:
            holder = holder[key]
        holder[path[-1]] = random.choice(ODD)
        with suppress(SchemeError):
            parse_scheme(yaml.safe_dump(changed, allow_unicode=True), text)


@pytest.mark.parametrize("code", CODES)
def test_every_claim_gone_is_a_fault(code):
    """Without its background list a scheme has articles that nothing claims."""
    definition, text = ((SCHEMES / code / name).read_text("utf-8") for name in ("definition.yaml", "text.md"))
    with pytest.raises(SchemeError) as error:
        parse_scheme(definition[: definition.index("background:")], text)
    unclaimed = {fault.text.split(" ")[0].removeprefix("条文「") for fault in error.value.faults}
    assert unclaimed == set(shipped(code).background)
