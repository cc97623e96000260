"""The six schemes as they ship: what they are, their readings, and that every line of their source is answered for."""

from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from scoring.engine import SchemeError, parse_scheme
from scoring.engine.cases import SCHEMES
from scoring.engine.readings import readings_page
from tests.scoring.engine.helpers import CODES, shipped

READINGS = Path(__file__).resolve().parents[3] / "docs" / "readings.md"
ENTRIES = {"fault", "merit", "record", "direct"}


def test_all_six_ship():
    assert CODES == [
        "community-half-year",
        "department-categories",
        "school-four-standards",
        "street-annual",
        "town-layered",
        "village-inspector",
    ]


def test_the_page_of_readings_is_that_of_the_definitions():
    assert READINGS.read_text("utf-8") == readings_page(map(shipped, CODES))


def test_every_reading_of_the_specification_is_there():
    found = {code for scheme in map(shipped, CODES) for code in scheme.readings}
    assert {f"R{number}" for number in range(1, 16)} <= found


@pytest.mark.parametrize("code", CODES)
def test_every_line_of_the_source_leads_to_an_article(code):
    scheme = shipped(code)
    assert [covered.line for covered in scheme.coverage] == list(scheme.covers.lines)
    for covered in scheme.coverage:
        assert covered.articles, covered.line
        assert any(one.claims or one.background or one.inner for one in covered.articles), covered.line


@pytest.mark.parametrize("code", CODES)
def test_every_article_is_computed_or_says_why_not(code):
    scheme = shipped(code)
    by_id = {one.article.id: one for covered in scheme.coverage for one in covered.articles}
    for one in by_id.values():
        assert bool(one.claims) != bool(one.background) or one.inner, one.article.heading


@pytest.mark.parametrize("code", CODES)
def test_sensitive_articles_make_sensitive_entries(code):
    scheme = shipped(code)
    for item in scheme.entry_items:
        assert item.sensitive or not scheme.articles[item.article].neutral, item.code


@pytest.mark.parametrize("code", CODES)
def test_every_entry_code_has_words_for_a_form(code):
    for item in shipped(code).entry_items:
        assert item.title
        assert item.words
        assert item.sign in ENTRIES
        assert item.needs <= {"quantity", "points", "level", "amount", "half"}
        assert bool(item.levels) == ("level" in item.needs)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (
            "village-inspector",
            {"supervision": 40, "assistance": 10, "publicity": 20, "collection": 20, "reporting": 10},
        ),
        ("street-annual", {"base": 80}),
        ("school-four-standards", {"base": 80}),
        ("community-half-year", {"daily": 100}),
    ],
)
def test_full_marks_of_the_parts(code, expected):
    fulls = Counter()
    for item in shipped(code).items:
        fulls[item.part] += item.full or 0
    assert {part: full for part, full in fulls.items() if full} == expected


@pytest.mark.parametrize("layer", ["a", "b", "c", "d"])
def test_each_category_of_the_department_has_a_hundred(layer):
    items = [item for item in shipped("department-categories").items if not item.layers or layer in item.layers]
    for part in ("common", "category"):
        assert sum(item.full_for(layer) or 0 for item in items if item.part == part) == 100_000_000


@pytest.mark.parametrize(
    ("code", "bands"),
    [
        (
            "village-inspector",
            [("excellent", 90), ("competent", 80), ("basically_competent", 60), ("incompetent", None)],
        ),
        ("street-annual", [("excellent", 100), ("qualified", 60), ("unqualified", None)]),
        (
            "school-four-standards",
            [("excellent", 90), ("qualified", 75), ("basically_qualified", 60), ("unqualified", None)],
        ),
        ("town-layered", []),
        ("department-categories", []),
    ],
)
def test_bands_to_begin_with(code, bands):
    assert [(grade.code, grade.at_least) for grade in shipped(code).bands] == bands


def test_bands_that_a_unit_sets_come_first_among_the_grades():
    scheme = shipped("town-layered").configured({"grades": [{"grade": "qualified", "at_least": 40.5}]})
    assert [(grade.code, grade.at_least) for grade in scheme.bands] == [("qualified", Decimal("40.5"))]
    assert scheme.grades[0].code == "qualified"
    assert {grade.code for grade in scheme.grades} == {grade.code for grade in shipped("town-layered").grades}


@pytest.mark.parametrize(
    ("code", "status", "words"),
    [
        ("street-annual", "sick_leave", "病假每次扣 1 分(「参加组织生活」)。"),
        ("street-annual", "official_leave", "公假不扣分,不计入应到次数。"),
        ("town-layered", "late", "除义务劳动以外的活动:迟到每次加 2 分(「会议和学习」)。义务劳动:迟到每次加 4 分"),
        ("department-categories", "proxy", "找人替会每次扣 2 分(「参加组织生活」)。找人替会每次扣 5 分"),
    ],
)
def test_attendance_words(code, status, words):
    assert shipped(code).attendance_words(status).startswith(words)


def test_the_office_of_discipline_declares_what_is_noted():
    items = shipped("village-inspector").entry_items
    assert {(item.sign, item.office) for item in items} == {("record", "discipline")}
    assert len(items) == 13


def test_a_form_learns_what_a_level_is_worth_to_whom():
    items = {item.code: item for item in shipped("town-layered").entry_items}
    assert items["role.assessment"].levels[0] == ("excellent", "优秀", Decimal("15.00"))
    assert items["role.assessment"].level_words["excellent"] == (
        "优秀(书记或者主任 15 分;副书记、委员、副主任 10 分;无职党员 10 分)"
    )
    assert items["role.assessment"].needs == {"level", "half"}
    honor = {item.code: item for item in shipped("department-categories").entry_items}["honor"]
    assert (honor.optional, honor.needs) == ({"award"}, {"level", "quantity"})


@pytest.mark.parametrize("written", ["[a, b]", "5", "{grade: a}"])
def test_bands_that_are_no_setting_are_a_fault(written):
    definition = (SCHEMES / "street-annual" / "definition.yaml").read_text(encoding="utf-8")
    text = (SCHEMES / "street-annual" / "text.md").read_text(encoding="utf-8")
    with pytest.raises(SchemeError) as refused:
        parse_scheme(definition.replace("bands: {setting: grades}", f"bands: {written}"), text)
    assert "「bands」只能写成" in str(refused.value)
