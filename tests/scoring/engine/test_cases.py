import json
from decimal import Decimal
from itertools import pairwise
from textwrap import dedent, indent
from time import monotonic

import pytest
from django.core.management import call_command

from scoring.engine import Facts, score
from scoring.engine.cases import CaseFilesError, run_cases
from tests.scoring.engine.helpers import CASES, CODES
from tests.scoring.engine.sums import check_frames, check_words

OUTCOMES = run_cases([CASES])
CASE = """\
case: one
scheme: community-half-year
period: 2025H1
members:
  zhang:
    attendance:
      - {date: 2025-01-08, kind: study, status: late}
    appraisal: {2025H1: {committee: [90], members_residents: [90], household_reps: [90]}}
"""


@pytest.mark.parametrize("outcome", OUTCOMES, ids=[outcome.case.name for outcome in OUTCOMES])
def test_case_holds(outcome):
    assert outcome.differences == ()


@pytest.mark.parametrize("outcome", OUTCOMES, ids=[outcome.case.name for outcome in OUTCOMES])
def test_every_sheet_of_a_case_adds_up(outcome):
    case = outcome.case
    scheme = case.scheme.configured(case.settings)
    results = score(scheme, Facts.build(**case.rows), case.period)
    if case.period.cycle == scheme.cycle:
        check_frames(scheme, results)
    check_words(scheme, results, list(range(1, len(case.ids) + 1)))


@pytest.fixture
def write(tmp_path):
    def write(text: str, name: str = "a.yaml"):
        path = tmp_path / name
        path.write_text(text, "utf-8")
        return path

    return write


def run(*args) -> int:
    try:
        call_command("score_cases", *map(str, args))
    except SystemExit as stop:
        return stop.code
    return 0


def test_score_cases_says_nothing_is_wrong(write, capsys):
    path = write(CASE + "expect: {zhang: {total: 93.60, items: {daily.activities: 16}}}\n")
    assert run(path) == 0
    assert capsys.readouterr().out == "one: 相符\n共 1 个案例,1 个相符,0 个不符。\n"


def test_score_cases_lists_every_difference(write, capsys):
    path = write(CASE + "expect: {zhang: {total: 90, items: {daily.activities: 20, daily.dues: 10}, lists: []}}\n")
    assert run(path) == 1
    assert capsys.readouterr().out.splitlines() == [
        "one: 不符",
        "  one · zhang · items.daily.activities: expected 20 got 16",
        "  one · zhang · total: expected 90 got 93.6",
        "  one · zhang · lists: expected [] got [honor]",
        "共 1 个案例,0 个相符,1 个不符。",
    ]


def test_score_cases_writes_json(write, capsys):
    assert run(write(CASE), "--json") == 0
    assert json.loads(capsys.readouterr().out) == [
        {
            "case": "one",
            "scheme": "community-half-year",
            "period": "2025H1",
            "members": {
                "zhang": {
                    "status": "scored",
                    "missing": [],
                    "items": {
                        "daily.activities": 16,
                        "daily.duties_basic": 10,
                        "daily.duties_key": 20,
                        "daily.discipline": 20,
                        "daily.dues": 10,
                        "daily.family": 10,
                        "daily.morality": 10,
                    },
                    "parts": {
                        "daily": 96,
                        "daily_weighted": 57.6,
                        "appraisal": 90,
                        "appraisal_weighted": 36,
                        "bonus": 0,
                        "deduction": 4,
                    },
                    "total": 93.6,
                    "grade": "excellent",
                    "rank": 1,
                    "lists": ["honor"],
                    "consequences": [],
                    "alerts": [],
                }
            },
        }
    ]


def test_score_cases_reads_folders_in_order(write, tmp_path, capsys):
    write(CASE.replace("case: one", "case: second"), "b.yaml")
    write(CASE + "---\n" + CASE.replace("case: one", "case: third"), "a.yaml")
    assert run(tmp_path) == 0
    assert [line.split(":")[0] for line in capsys.readouterr().out.splitlines()[:-1]] == ["one", "third", "second"]


def test_score_cases_scores_nothing_when_a_document_is_broken(write, capsys):
    path = write(CASE + "---\n" + CASE.replace("status: late", "status: early").replace("case: one", "case: two"))
    assert run(path) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err == (
        f"{path}:16: 「status」没有「early」这个值,可用:absent、late、left_early、not_required、official_leave、"
        "personal_leave、present、proxy、sick_leave。\n"
    )


def test_a_date_may_stand_in_quotes(write):
    path = write(CASE.replace("2025-01-08", '"2025-01-08"') + "expect: {zhang: {items: {daily.activities: 16}}}\n")
    assert run_cases([path])[0].differences == ()


def faults(path) -> list[str]:
    with pytest.raises(CaseFilesError) as error:
        run_cases([path])
    return [str(fault).removeprefix(f"{path}:") for fault in error.value.faults]


MEMBER = "case: one\nscheme: community-half-year\nperiod: 2025H1\nmembers:\n  zhang:\n"
BAD_FACTS = [
    ("attendance: [{date: 2025-02-30, kind: study, status: late}]", "「date」的日期 2025-02-30 不存在。"),
    ('attendance: [{date: "2025-02-30", kind: study, status: late}]', "「date」的日期 2025-02-30 不存在。"),
    (
        "attendance: [{date: 2025-2-3, kind: study, status: late}]",
        "「date」的日期 2025-2-3 写法不对,应写成 2025-01-08 这样。",
    ),
    ("attendance: [{date: 2025-02-03, kind: study}]", "考勤缺少「status」,请补上。"),
    (
        "attendance: [{on: 2025-02-03, date: 2025-02-03, kind: study, status: late}]",
        "考勤没有「True」这个键,可用:date、kind、status。",
    ),
    (
        "attendance: [{date: 2025-02-03, kind: lunch, status: late}]",
        "「kind」没有「lunch」这个值,可用:branch_meeting、committee_meeting、congress、group_meeting、labour、"
        "org_life_meeting、party_lecture、study、theme_day。",
    ),
    ("attendance: {date: 2025-02-03}", "「attendance」要写成列表。"),
    ("attendance: [late]", "考勤要写成一组「键: 值」。"),
    ("dues: [{month: 2025-13, due: 5}]", "「month」的月份 2025-13 不存在。"),
    ("dues: [{month: 2025-1, due: 5}]", "「month」的月份 2025-1 写法不对,应写成 2025-01 这样。"),
    ("dues: [{month: 2025-01, due: -5}]", "「due」不能小于 0,现在是 -5。"),
    ("dues: [{month: 2025-01, due: five}]", "「due」要写成数,现在是「five」。"),
    ("dues: [{month: 2025-01, due: 5.001}]", "「due」的数 5.001 太大或小数位太多。"),
    ("dues: [{month: 2025-01, due: 5, paid: 5}]", "「paid」和「paid_on」要么都写,要么都不写(没有交)。"),
    ("dues: [{month: 2025-01, due: 5}, {month: 2025-01, due: 5}]", "2025-01 的党费写了两次,请合成一条。"),
    ("dues: [{month: 2025-01, due: 5, excused: 1}]", "「excused」只能写 true 或 false。"),
    ("visits: [{month: 2025-01, assigned: -1, visited: 0}]", "「assigned」至少为 0,现在是 -1。"),
    ("entries: [{item: bonus.activity, date: 2025-01-01, quantity: 0}]", "「quantity」至少为 1,现在是 0。"),
    ("entries: [{item: bonus.activity, date: 2025-01-01, quantity: 1.5}]", "「quantity」的数 1.5 太大或小数位太多。"),
    ("entries: [{item: bonus.activity, date: 2025-01-01, quantity: true}]", "「quantity」要写成数,现在是「True」。"),
    (
        "entries: [{item: bonus.honor, date: 2025-01-01, level: town}]",
        "「level」没有「town」这个值,可用:district、municipal、national、provincial、street。",
    ),
    ("entries: [{item: bonus.honor, date: 2025-01-01}]", "记分缺少「level」,请补上。"),
    (
        "entries: [{item: bonus.activity, date: 2025-01-01, level: street}]",
        "「bonus.activity」不分级别,请删去「level」。",
    ),
    ("entries: [{item: bonus.example, date: 2025-01-01}]", "「bonus.example」要写明分值「points」。"),
    ("entries: [{item: bonus.example, date: 2025-01-01, points: -1}]", "「points」不能小于 0,现在是 -1。"),
    ("entries: [{item: bonus.activity, date: 2025-01-01, half: H3}]", "「half」没有「H3」这个值,可用:H1、H2。"),
    (
        "assessments: [{item: supervision.plan, date: 2025-01-01, score: 1}]",
        "「item」没有「supervision.plan」这个值,可用:(无)。",
    ),
    ("reports: [2025Q5]", "季度「2025Q5」写法不对,应写成 2025Q1。"),
    ("reports: [2025Q1, 2025Q1]", "季度「2025Q1」写了两次,请删去一个。"),
    ("appraisal: {2025H1: {committee: [101]}}", "评议分「101」应是 0 到 100 的数。"),
    ("appraisal: {2025H1: {committee: [-0.1]}}", "评议分「-0.1」应是 0 到 100 的数。"),
    (
        "appraisal: {2025H1: {members: [90]}}",
        "各组评议票没有「members」这个键,可用:committee、household_reps、members_residents。",
    ),
    (
        "appraisal: {2025: {committee: [90]}}",
        "《社区党员量化管理办法》的评议按期间写半年,如 2025H1,现在是「2025」。",
    ),
    (
        "appraisal: {2025H3: {committee: [90]}}",
        "期间「2025H3」写法不对,应写成 2025H1、2025H2 或 2025。",
    ),
    (
        "history: [{period: 2024H2, grade: good}]",
        "「grade」没有「good」这个值,可用:excellent、qualified、unqualified。",
    ),
    (
        "history: [{period: 2024H2, grade: qualified}, {period: 2024H2, grade: unqualified}]",
        "2024H2 的等次写了两次,请删去一个。",
    ),
    ("status: retired", "「status」没有「retired」这个值,可用:activist、full、probationary。"),
    ("mobility: away", "「mobility」没有「away」这个值,可用:abroad、migrant、resident。"),
    ("exempt: maybe", "「exempt」只能写 true 或 false。"),
    ("born: 1968-02-30", "「born」的日期 1968-02-30 不存在。"),
    (
        "positions: [chair]",
        "「positions」里没有「chair」这个值,可用:committee_member、deputy_director、deputy_secretary、director、"
        "neighbourhood_member、secretary。",
    ),
    ("category: z", "「category」没有「z」这个值,可用:a、b、c、d。"),
    (
        "dews: []",
        "党员「zhang」没有「dews」这个键,可用:appraisal、assessments、attendance、born、category、dues、entries、"
        "exempt、history、mobility、positions、reports、status、visits。",
    ),
]


@pytest.mark.parametrize(("fact", "message"), BAD_FACTS)
def test_bad_fact_is_refused_with_its_line(write, fact, message):
    assert faults(write(f"{MEMBER}    {fact}\n")) == [f"6: {message}"]


BAD_FACTS_OF_ALL = [
    (
        "village-inspector",
        "assessments: [{item: supervision.plan, date: 2025-01-01, score: 3.01}]",
        "「score」应在 0 到 3 之间,现在是 3.01。",
    ),
    (
        "village-inspector",
        "assessments: [{item: supervision.plan, date: 2025-01-01, score: -1}]",
        "「score」应在 0 到 3 之间,现在是 -1。",
    ),
    ("village-inspector", "assessments: [{item: supervision.plan, date: 2025-01-01}]", "评分缺少「score」,请补上。"),
    (
        "department-categories",
        "assessments: [{item: common.dues, date: 2025-01-01, score: 1}]",
        "「item」没有「common.dues」这个值,可用:category.other、common.other。",
    ),
    ("street-annual", "entries: [{item: donation, date: 2025-01-01}]", "「donation」要写明金额「amount」。"),
    (
        "street-annual",
        "entries: [{item: donation, date: 2025-01-01, amount: 0.001}]",
        "「amount」的数 0.001 太大或小数位太多。",
    ),
    ("street-annual", "visits: [{month: 2025-01, visited: 0}]", "走访缺少「assigned」,请补上。"),
    (
        "town-layered",
        "entries: [{item: role.assessment, date: 2025-01-01, level: excellent}]",
        "「role.assessment」要写明上半年还是下半年「half」。",
    ),
    (
        "town-layered",
        "entries: [{item: role.assessment, date: 2025-01-01, half: H1}]",
        "记分缺少「level」,请补上。",
    ),
    (
        "street-annual",
        "appraisal: {2025H1: {members: [90]}}",
        "《街道党员积分管理办法》的评议按期间写年份,如 2025,现在是「2025H1」。",
    ),
]


@pytest.mark.parametrize(("scheme", "fact", "message"), BAD_FACTS_OF_ALL)
def test_bad_fact_of_another_scheme_is_refused_with_its_line(write, scheme, fact, message):
    head = MEMBER.replace("community-half-year", scheme).replace("2025H1", "2025")
    assert faults(write(f"{head}    {fact}\n")) == [f"6: {message}"]


def test_a_score_over_the_marks_of_the_category_is_refused(write):
    fact = "category: d\n    assessments: [{item: category.other, date: 2025-01-01, score: 61}]"
    head = MEMBER.replace("community-half-year", "department-categories").replace("2025H1", "2025")
    assert faults(write(f"{head}    {fact}\n")) == ["7: 「score」应在 0 到 60 之间,现在是 61。"]


def test_settings_are_refused_where_they_stand(write):
    text = MEMBER.replace("community-half-year", "school-four-standards").replace("2025H1", "2025")
    text = text.replace("members:", "settings:\n  absent: 2\n  grades: [{grade: top, at_least: 1}]\nmembers:")
    assert faults(write(text)) == [
        "6: 「等次分数线」第 1 项没有「top」这个等次,可用:excellent、qualified、basically_qualified、unqualified。"
    ]
    text = text.replace("grades: [{grade: top, at_least: 1}]", "politics_full: 30")
    assert faults(write(text)) == ["4: 总分写的满分是 100,各部分合计是 110(权重要合计 100%),请改成一致。"]


def test_an_annual_scheme_refuses_half_a_year(write):
    text = MEMBER.replace("community-half-year", "street-annual") + "    {}\n"
    assert faults(write(text)) == ["3: 《街道党员积分管理办法》按年度考核,期间要写成年份,如 2025。"]


BAD_DOCUMENTS = [
    (CASE.replace("period: 2025H1", "period: 2025H3"), "3: 期间「2025H3」写法不对,应写成 2025H1、2025H2 或 2025。"),
    (CASE.replace("case: one\n", ""), "1: 案例缺少「case」,请补上。"),
    (
        CASE + "answer: {}\n",
        "9: 案例没有「answer」这个键,可用:case、expect、members、organization、period、scheme、settings。",
    ),
    (CASE + "organization: {size: 0}\n", "9: 「size」至少为 1,现在是 0。"),
    (CASE + "settings: {grade: 1}\n", "9: 方案没有「grade」这项设定,可用:five_leads_percent。"),
    (
        CASE + "settings: {five_leads_percent: 0}\n",
        "9: 「“五带头”推荐名额占人数的百分比」要是 1 到 100 的数,现在是「0」。",
    ),
    (CASE + "expect: {li: {total: 1}}\n", "9: 预期里的党员「li」不在案例里,可用:zhang。"),
    (
        CASE + "expect: {zhang: {sum: 1}}\n",
        "9: 「zhang」的预期没有「sum」这个键,可用:alerts、consequences、grade、items、lists、missing、parts、rank、"
        "status、total。",
    ),
    (
        CASE + "expect: {zhang: {grade: good}}\n",
        "9: 「grade」没有「good」这个值,可用:excellent、qualified、unqualified。",
    ),
    (CASE + "expect: {zhang: {total: many}}\n", "9: 「total」要写成数,现在是「many」。"),
    (CASE + "case: two\n", "9: 「case」写了两次,请删去一个。"),
    (CASE + "---\n" + CASE, "10: 案例「one」的名称已用在 {path}:1,请换一个。"),
    ("case: [\n", "2: 第 1 列不是正确的 YAML:这里缺一个值,或者括号、逗号多了、少了。"),
    (CASE.replace("case: one", "case: ''"), "1: 「case」是空的,请写上。"),
    (CASE.replace("community-half-year", "' '"), "2: 「scheme」是空的,请写上。"),
    (f"case: one\nperiod: {'[' * 100_000}\n", "2: 嵌套超过 40 层,请改成平常的写法。"),
    (
        "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
        + "".join(f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]\n" for old, new in pairwise("abcdefghij")),
        "7: 别名展开后超过 3000000 项,请直接写出内容,或分成几个文件。",
    ),
    ("- 1\n- 2\n", "1: 案例要写成一组「键: 值」。"),
    (MEMBER.replace("  zhang:\n", "  {}\n"), "5: 至少要有一名党员。"),
]


@pytest.mark.parametrize(("text", "message"), BAD_DOCUMENTS)
def test_bad_document_is_refused_with_its_line(write, text, message):
    path = write(text)
    assert message.format(path=path) in faults(path)


def test_unknown_scheme_names_those_that_ship(write):
    path = write(CASE.replace("community-half-year", "city-wide"))
    assert faults(path)[0].startswith("2: 没有「city-wide」这个方案,可用:")
    assert "community-half-year" in faults(path)[0]


def test_every_fault_of_a_run_is_listed(write, tmp_path):
    write(CASE.replace("status: late", "status: early").replace("kind: study", "kind: lunch"), "a.yaml")
    write("case: [\n", "b.yaml")
    with pytest.raises(CaseFilesError) as error:
        run_cases([tmp_path, tmp_path / "nowhere"])
    assert [(fault.file.rpartition("/")[2], fault.line) for fault in error.value.faults] == [
        ("nowhere", 1),
        ("a.yaml", 7),
        ("a.yaml", 7),
        ("b.yaml", 2),
    ]


@pytest.mark.parametrize("code", [code for code in CODES if code != "community-half-year"])
def test_six_hundred_members_of_any_scheme_take_seconds(write, code):
    member = dedent("""\
      m{n}:
        born: 1970-05-05
        category: c
        attendance:
          - {{date: 2025-01-08, kind: study, status: late}}
          - {{date: 2025-02-08, kind: labour, status: absent}}
        dues:
          - {{month: 2025-01, due: 5, paid: 5, paid_on: 2025-02-01}}
    """)
    head = f"case: many\nscheme: {code}\nperiod: 2025\nmembers:\n"
    path = write(head + "".join(indent(member.format(n=n), "  ") for n in range(600)))
    started = monotonic()
    assert len(run_cases([path])[0].members) == 600
    assert monotonic() - started < 10


def test_six_hundred_members_with_anchors_take_seconds(write):
    member = dedent("""\
      m{n}:
        <<: *base
        attendance:
          - {{date: 2025-01-08, kind: study, status: late}}
          - {{date: 2025-02-08, kind: study, status: absent}}
    """)
    head = (
        "case: many\nscheme: community-half-year\nperiod: 2025H1\nmembers:\n"
        "  m0: &base {appraisal: {2025H1: {committee: [90], members_residents: [90], household_reps: [90]}}}\n"
    )
    path = write(head + "".join("  " + member.format(n=n).replace("\n", "\n  ").rstrip(" ") for n in range(1, 600)))
    members = run_cases([path])[0].members
    assert [members[key]["total"] for key in ("m0", "m1", "m599")] == [
        Decimal(96),
        Decimal("90.6"),
        Decimal("90.6"),
    ]
