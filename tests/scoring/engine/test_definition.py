"""Bad definitions keep their messages: each row changes the shipped definition and names the fault and its line."""

import json
from contextlib import suppress
from decimal import Decimal
from random import Random

import pytest
import yaml

from scoring.engine import SchemeError, SettingsError, load_scheme, parse_scheme
from tests.scoring.engine.helpers import SCHEMES, community

FOLDER = SCHEMES / "community-half-year"
DEFINITION = (FOLDER / "definition.yaml").read_text("utf-8")
TEXT = (FOLDER / "text.md").read_text("utf-8")


def faults(definition: str, text: str = TEXT) -> list[tuple[int, str]]:
    with pytest.raises(SchemeError) as error:
        parse_scheme(definition, text)
    return [(fault.line, fault.text) for fault in error.value.faults]


def line_of(snippet: str, definition: str) -> int:
    return definition[: definition.index(snippet)].count("\n") + 1


# old, new, the snippet on whose line the fault is, the message
BAD = [
    (
        "{block: each, entry: bonus.emergency",
        "{block: every, entry: bonus.emergency",
        "{block: every",
        "「block」没有「every」这个值,可用:amount_tiers、arrears、assessed、attendance、dues_months、dues_tiers、each、given、"
        "layer_base、level、noted、visits、zero。",
    ),
    (
        "entry: bonus.emergency, title: 参加突发事件应急, points: 10}",
        "entry: bonus.emergency, title: 参加突发事件应急, points: 10, cap: 5}",
        "cap: 5",
        "规则没有「cap」这个键,可用:also、approval、article、block、entry、office、points、reading、sensitive、source、"
        "title、unit。",
    ),
    (
        "entry: bonus.emergency, title: 参加突发事件应急, points: 10}",
        "entry: bonus.emergency, title: 参加突发事件应急, points: 0}",
        "points: 0}",
        "每次计 0 分的规则没有作用,请写分值或删去这条。",
    ),
    (
        "entry: bonus.emergency, title: 参加突发事件应急, points: 10}",
        "entry: bonus.emergency, title: 参加突发事件应急, points: 0.005}",
        "points: 0.005}",
        "「points」的数 0.005 太大或小数位太多。",
    ),
    (
        "entry: bonus.emergency, title: 参加突发事件应急, points: 10}",
        "entry: bonus.emergency, title: 参加突发事件应急, points: ten}",
        "points: ten}",
        "「points」要写成数,现在是「ten」。",
    ),
    (
        "{block: each, entry: bonus.public_good",
        "{block: each, entry: bonus.emergency",
        "{block: each, entry: bonus.emergency, title: 参加公益事业",
        "记分条目「bonus.emergency」用了两次,一个条目只能有一条规则。",
    ),
    (
        "each: {proxy: -10,",
        "each: {substitute: -10,",
        "each: {substitute",
        "没有「substitute」这个考勤状态,可用:absent、late、left_early、not_required、official_leave、personal_leave、"
        "present、proxy、sick_leave。",
    ),
    (
        "- {from: 31, to: 59, points: -5}",
        "- {from: 33, to: 59, points: -5}",
        "- {from: 33",
        "党费档次有空档:迟交 31–32 天没有规定,请把「from」改为 31。",
    ),
    (
        "- {from: 31, to: 59, points: -5}",
        "- {from: 30, to: 59, points: -5}",
        "- {from: 30",
        "党费档次重叠:30–30 天有两种规定,请把「from」改为 31。",
    ),
    (
        "- {from: 60, zero: true}",
        "- {from: 60, to: 90, zero: true}",
        "- {from: 60",
        "最后一档不能有「to」,否则更迟的没有规定。",
    ),
    (
        "- {from: 31, to: 59, points: -5}",
        "- {from: 59, to: 31, points: -5}",
        "- {from: 59",
        "这一档从 59 天到 31 天,「to」不能小于「from」。",
    ),
    (
        'full: 20\n    article: "4.3"',
        'full: 25\n    article: "4.3"',
        "- {code: daily, title",
        "「日常考核」写的满分是 100,各项合计是 105,请改成一致。",
    ),
    (
        "weight: 0.60",
        "weight: 0.70",
        "total: {of",
        "总分写的满分是 100,各部分合计是 110(权重要合计 100%),请改成一致。",
    ),
    ('weight: 0.40, article: "5"', 'weight: 0.45, article: "5"', "  groups:", "评议组的权重合计 105%,应为 100%。"),
    ("weight: 0.60", "weight: 1.60", "weight: 1.60", "「weight」是权重,应大于 0、不大于 1,如 0.60。"),
    (
        "- {code: household_reps,",
        "- {code: committee,",
        "- {code: committee, title: 联户代表",
        "评议组「committee」写了两次,请删去一个。",
    ),
    (
        "make: weighted, of: daily,",
        "make: weighted, of: bonus,",
        "of: bonus",
        "「of」没有「bonus」这个值,可用:daily。",
    ),
    (
        "title: 社会公德\n    part: daily",
        "title: 社会公德\n    part: everyday",
        "- code: daily.morality",
        "项目「daily.morality」归入的「everyday」不是求和的部分,可用:bonus、daily。",
    ),
    (
        "title: 合格, at_least: 60",
        "title: 合格, at_least: 95",
        "at_least: 95",
        "等次重叠:「合格」从 95 分起,应低于上一等的 90 分。",
    ),
    (
        "title: 不合格, article",
        "title: 不合格, at_least: 10, article",
        "title: 不合格, at_least: 10",
        "等次有空档:低于 10 分没有等次,最后一等请不写「at_least」。",
    ),
    (
        "title: 合格, at_least: 60",
        "title: 合格",
        "title: 合格",
        "只有最后一个等次可以不写「at_least」。",
    ),
    (
        "when: {figure: deduction, at_least: 30}",
        "when: {figure: minus, at_least: 30}",
        "figure: minus",
        "「figure」没有「minus」这个值,可用:appraisal、appraisal_weighted、attendance_rate、attended、bonus、daily、"
        "daily_weighted、deduction、required、total、unpaid_months。",
    ),
    (
        "when: {figure: deduction, at_least: 30}",
        "when: {figure: deduction, more_than: 30}",
        "more_than",
        "比较要写明一种,可用:above、at_least、at_most、below。",
    ),
    (
        "{figure: attendance_rate, below: 50, article",
        "{figure: attendance_rate, at_most: 50, article",
        "at_most: 50",
        "活动参加率只能用 at_least 或 below 比较。",
    ),
    (
        'below: 50, article: "10.8"',
        'below: 50, article: "10.7"',
        "- code: criticism",
        "条件里写的条文「10.7」不是这条规则的,请写进它的 article 或 also,可用:10.1、10.8。",
    ),
    (
        "when: {figure: deduction, at_least: 30}",
        "when: {points: 30}",
        "when: {points: 30}",
        "条件要写明一种,可用:all、any、arrears、consequence、entries、figure、grade、not、status、times。",
    ),
    (
        "when: {entries: [direct.obstruct]}",
        "when: {entries: [direct.nothing]}",
        "direct.nothing",
        None,
    ),
    (
        "when: {entries: [direct.obstruct]}",
        "when: {grade: excellent}",
        'when: {grade: excellent}, article: "10.6"',
        "直接定等的条件不能用它自己要定的等次。",
    ),
    (
        "{grade: unqualified, in: previous}",
        "{grade: unqualified, in: h1}",
        "in: h1",
        "「in」没有「h1」这个值,可用:grade、previous。",
    ),
    (
        "{consequence: five_leads_candidate}",
        "{consequence: five_leads}",
        "consequence: five_leads}",
        "「consequence」没有「five_leads」这个值,可用:cancel_probationary、five_leads_candidate、persuade_withdrawal、"
        "rectification。",
    ),
    (
        "quota: {percent: {setting: five_leads_percent}, at_least: 1, tie",
        "quota: {at_least: 1, tie",
        "quota: {at_least",
        "名额缺少「percent」,请补上。",
    ),
    (
        "percent: {setting: five_leads_percent}",
        "percent: {setting: leads_percent}",
        "leads_percent}",
        "没有声明「leads_percent」这项设定,可用:five_leads_percent。",
    ),
    (
        "default: 10, least: 1, most: 100",
        "default: 10, least: 20, most: 100",
        "default: 10",
        "默认值 10 不在 20 到 100 之间。",
    ),
    (
        'title: 突发事件应急\n    part: bonus\n    article: "6.1"',
        'title: 突发事件应急\n    part: bonus\n    article: "6.9"',
        "- code: bonus.emergency",
        "条文里没有「6.9」,请改成已有的编号,或在条文里补上这一条。",
    ),
    (
        'also: ["10.8"]',
        'also: ["10.9"]',
        "- code: criticism",
        "条文里没有「10.9」,请改成已有的编号,或在条文里补上这一条。",
    ),
    (
        "reading: R6",
        "reading: R66",
        "- code: honor",
        "没有声明读法「R66」,可用:R1、R15、R2、R3、R4、R5、R6、R7、R8;新的读法写进「readings」。",
    ),
    (
        "    reading: R6\n",
        "",
        "readings:",
        "读法「R6」没有规则用到,请在相应规则写 reading: R6,或删去它。",
    ),
    (
        '["1", "15"]',
        '["1"]',
        "background:",
        "条文「15 第十五条 工作要求」没有规则引用;不参与计算的条文请列入「background」,并写明理由。",
    ),
    (
        '["1", "15"]',
        '["1", "16"]',
        '["1", "16"]',
        None,
    ),
    (
        '- {code: six_months_life, article: "10.5", source: [157]}\n',
        "",
        "alerts:",
        "每个方案都要有全部预警,缺少:six_months_life。",
    ),
    ("cycle: half_year", "cycle: quarter", "cycle: quarter", "「cycle」没有「quarter」这个值,可用:half_year、year。"),
    (
        "    source: [89]\n",
        "",
        "- code: daily.duties_key",
        "项目要写明出处「source」,如 source: [83]。",
    ),
    ("title: 社区党员量化管理办法\n", "", "scheme:", "方案定义缺少「title」,请补上。"),
    (
        "total: {of: [daily_weighted,",
        "total: {of: [daily_points,",
        "total:",
        None,
    ),
    (
        "- {code: warning, title: 警示榜,",
        "- {code: shame, title: 警示榜,",
        "- {code: shame",
        "「code」没有「shame」这个值,可用:honor、warning。",
    ),
    (
        "office: discipline, sensitive: true}\n      - {block: zero, entry: discipline.severe",
        "office: police, sensitive: true}\n      - {block: zero, entry: discipline.severe",
        "office: police",
        "「office」没有「police」这个值,可用:discipline、meeting。",
    ),
    (
        "title: 违反社区其他制度和政策, sign: minus, office: discipline,",
        "title: 违反社区其他制度和政策, sign: minus, office: meeting,",
        "office: meeting, sensitive: true}",
        "「遵守纪律」的「违反社区其他制度和政策」由会议表决(office: meeting),分值要写明,不能另填级别、分数或金额。",
    ),
]


@pytest.mark.parametrize(("old", "new", "snippet", "message"), BAD)
def test_bad_definition_is_refused_with_its_line(old, new, snippet, message):
    assert old in DEFINITION
    definition = DEFINITION.replace(old, new, 1)
    found = faults(definition)
    if snippet and message:
        assert (line_of(snippet, definition), message) in found
    elif snippet:
        assert line_of(snippet, definition) in [line for line, _ in found]


def test_every_fault_is_listed_at_once_with_file_and_line():
    definition = DEFINITION.replace("cycle: half_year", "cycle: quarter", 1).replace("reading: R8", "reading: R88", 1)
    with pytest.raises(SchemeError) as error:
        parse_scheme(definition, TEXT, "mine.yaml")
    assert str(error.value).splitlines() == [
        "mine.yaml:4: 「cycle」没有「quarter」这个值,可用:half_year、year。",
        "mine.yaml:7: 读法「R8」没有规则用到,请在相应规则写 reading: R8,或删去它。",
        f"mine.yaml:{line_of('- code: five_leads_candidate', DEFINITION)}: 没有声明读法「R88」,"
        "可用:R1、R15、R2、R3、R4、R5、R6、R7、R8;新的读法写进「readings」。",
    ]


def test_text_with_a_repeated_article_is_refused():
    text = TEXT.replace("{#2 ", "{#1 ", 1)
    assert (line_of("### 第二条", text), "条文编号「1」用了两次,请改一个。") in faults(DEFINITION, text)


def test_text_without_articles_is_refused():
    assert (1, "没有找到条文,标题要写成「### 第一条 名称 {#1 source=69}」。") in faults(DEFINITION, "")


@pytest.mark.parametrize("text", ["", "- 1", "a: [", "a: 1\na: 2", "--- 1\n--- 2", "? [1]\n: 2", "&a [*a]"])
def test_what_is_no_definition_is_refused(text):
    assert faults(text)


ODD = [None, {}, [], "zzz", -1, 10**30, True, [[1]], {"a": 1}, {"setting": [1]}, {"setting": "no"}, "", 0.0000001]


def places(data, path=()):
    """The path to every value in `data`."""
    pairs = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in pairs:
        yield (*path, key)
        yield from places(value, (*path, key))


@pytest.mark.parametrize("seed", range(8))
def test_odd_values_anywhere_are_faults_and_never_crashes(seed):
    random = Random(seed)
    for path in random.sample(list(places(yaml.safe_load(DEFINITION))), 12):
        data = json.loads(json.dumps(yaml.safe_load(DEFINITION)))
        holder = data
        for key in path[:-1]:
            holder = holder[key]
        holder[path[-1]] = random.choice(ODD)
        with suppress(SchemeError):
            parse_scheme(yaml.safe_dump(data, allow_unicode=True), TEXT)


def test_shipped_scheme_shows_what_it_is():
    scheme = community()
    assert (scheme.code, scheme.title, scheme.cycle) == ("community-half-year", "社区党员量化管理办法", "half_year")
    assert sum(item.full or 0 for item in scheme.items) == 100
    assert [group.weight for group in scheme.groups] == [Decimal("0.3"), Decimal("0.4"), Decimal("0.3")]
    assert [(grade.code, grade.at_least) for grade in scheme.grades] == [
        ("excellent", 90),
        ("qualified", 60),
        ("unqualified", None),
    ]
    assert scheme.articles["4.4"].neutral
    assert scheme.articles["10.1"].source == (147, 148, 149)
    assert scheme.articles["4.1"].heading == "第四条第一款 参加组织活动"


def test_entry_items_tell_a_form_what_to_ask():
    items = {item.code: item for item in community().entry_items}
    honor, severe, building = (items[code] for code in ("bonus.honor", "discipline.severe", "record.illegal_building"))
    assert (honor.sign, honor.needs, honor.levels[0]) == (
        "merit",
        {"quantity", "level"},
        ("national", "国家级", Decimal("25.00")),
    )
    assert (severe.sign, severe.office, severe.sensitive, severe.words) == (
        "fault",
        "discipline",
        True,
        "有一次,本项不得分",
    )
    assert (building.sign, building.item, building.article_title) == ("record", None, "第十二条第四款 建房情况")
    assert {item.approval for item in items.values()} == {"street"}
    assert {item.code for item in items.values() if item.office} == {
        "discipline.misconduct",
        "discipline.severe",
        "discipline.petition",
        "discipline.family_planning",
        "discipline.other",
        "direct.sanction",
        "direct.assembly",
    }
    assert items["direct.assembly"].office == "meeting"


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("personal_leave", "事假每次扣 3 分(「参加组织活动」)。"),
        ("proxy", "找人替会每次扣 10 分(「参加组织活动」)。"),
        ("sick_leave", "病假不扣分,不计入应到次数。"),
        ("present", None),
        ("not_required", None),
    ],
)
def test_attendance_words_hint_at_the_effect(status, words):
    assert community().attendance_words(status) == words


def test_digest_follows_definition_and_text():
    assert load_scheme(FOLDER).digest == community().digest
    assert parse_scheme(DEFINITION + "\n", TEXT).digest != community().digest
    assert parse_scheme(DEFINITION, TEXT + "\n").digest != community().digest


def test_settings_change_the_scheme_and_its_words():
    scheme = community().configured({"five_leads_percent": 25})
    assert scheme.year.outcome.consequences[0].quota.percent == 2500
    assert "25%" in scheme.year.outcome.consequences[0].words
    assert community().configured({"five_leads_percent": 25}) is scheme
    assert community().configured({}) is community()


@pytest.mark.parametrize("value", [0, 101, "many", None, True, 10.001, [], float("nan"), 10**30])
def test_settings_out_of_their_limits_are_refused(value):
    with pytest.raises(SettingsError) as error:
        community().configured({"five_leads_percent": value})
    assert error.value.problems == (f"「“五带头”推荐名额占人数的百分比」要是 1 到 100 的数,现在是「{value}」。",)
