"""What a unit may set, and the sentence for everything that it may not."""

from decimal import Decimal

import pytest

from scoring.engine import SettingsError
from tests.scoring.engine.helpers import shipped

BANDS = [{"grade": "excellent", "at_least": 80}, {"grade": "qualified", "at_least": "40.5"}, {"grade": "unqualified"}]
REFUSED = [
    ("town-layered", "grades", [], "「等次分数线」要写成列表,从高到低,如 [{grade: excellent, at_least: 90}]。"),
    (
        "town-layered",
        "grades",
        {"excellent": 90},
        "「等次分数线」要写成列表,从高到低,如 [{grade: excellent, at_least: 90}]。",
    ),
    ("town-layered", "grades", ["excellent"], "「等次分数线」第 1 项只能写 grade 和 at_least。"),
    ("town-layered", "grades", [{"grade": "excellent", "least": 1}], "「等次分数线」第 1 项只能写 grade 和 at_least。"),
    (
        "town-layered",
        "grades",
        [{"grade": "superb", "at_least": 90}],
        "「等次分数线」第 1 项没有「superb」这个等次,可用:excellent、qualified、basically_qualified、unqualified。",
    ),
    (
        "town-layered",
        "grades",
        [{"grade": "excellent"}, {"grade": "qualified", "at_least": 1}],
        "「等次分数线」第 1 项缺少「at_least」,只有最后一项可以不写。",
    ),
    (
        "town-layered",
        "grades",
        [{"grade": "excellent", "at_least": "many"}],
        "「等次分数线」第 1 项的「at_least」要写成数,最多两位小数,现在是「many」。",
    ),
    (
        "department-categories",
        "grades",
        [{"grade": "excellent", "at_least": 1.005}],
        "「等次分数线」第 1 项的「at_least」要写成数,最多两位小数,现在是「1.005」。",
    ),
    (
        "street-annual",
        "grades",
        [{"grade": "excellent", "at_least": 60}, {"grade": "qualified", "at_least": 60}],
        "「等次分数线」要从高到低,60 应小于它前面的 60。",
    ),
    (
        "school-four-standards",
        "grades",
        [{"grade": "excellent", "at_least": 60}, {"grade": "excellent", "at_least": 50}],
        "「等次分数线」里「excellent」写了两次,请删去一个。",
    ),
    (
        "school-four-standards",
        "simplified",
        ["base.role"],
        "「简化的项目」要写成「人群: [项目]」,人群可用:elderly、migrant。",
    ),
    (
        "school-four-standards",
        "simplified",
        {"young": ["base.role"]},
        "「简化的项目」没有「young」这个人群,可用:elderly、migrant。",
    ),
    (
        "school-four-standards",
        "simplified",
        {"elderly": "base.role"},
        "「简化的项目」的「elderly」要写成项目的列表,可用:base.politics、base.discipline、base.morality、base.role。",
    ),
    (
        "school-four-standards",
        "simplified",
        {"elderly": ["bonus.lead"]},
        "「简化的项目」的「elderly」里没有「bonus.lead」这个项目,"
        "可用:base.politics、base.discipline、base.morality、base.role。",
    ),
    (
        "school-four-standards",
        "simplified",
        {"elderly": ["base.role", "base.role"]},
        "「简化的项目」的「elderly」里「base.role」写了两次,请删去一个。",
    ),
    ("school-four-standards", "absent", 0, "「无故缺席或者找人替会每次扣分」要是 0.01 到 100 的数,现在是「0」。"),
    ("village-inspector", "grades", BANDS, "方案没有「grades」这项设定,可用:(无)。"),
    ("school-four-standards", "politics_full", 21, "总分写的满分是 100,各部分合计是 101(权重要合计 100%),请改成一致。"),
]


@pytest.mark.parametrize(("code", "key", "value", "sentence"), REFUSED)
def test_a_value_that_is_refused_says_what_is_allowed(code, key, value, sentence):
    with pytest.raises(SettingsError) as error:
        shipped(code).configured({key: value})
    assert error.value.problems == (sentence,)


def test_every_refused_value_is_listed():
    with pytest.raises(SettingsError) as error:
        shipped("school-four-standards").configured({"absent": 0, "late": -1, "colour": 1})
    assert len(error.value.problems) == 3


def test_bands_take_numbers_and_text_and_may_end_open():
    scheme = shipped("town-layered").configured({"grades": BANDS})
    assert [band.at_least for band in scheme.bands] == [80, Decimal("40.5"), None]
    assert shipped("town-layered").configured({"grades": BANDS}) is scheme


def test_what_a_unit_sets_shows_in_the_words():
    scheme = shipped("school-four-standards").configured({"absent": 3, "appraisal_weight": 0.3, "politics_full": 10})
    assert "无故缺席、找人替会每次扣 3 分" in scheme.items[1].rules[0].words
    assert next(part.percent for part in scheme.parts if part.percent) == "30%"


@pytest.mark.parametrize("code", ["school-four-standards", "town-layered"])
def test_settings_have_words_for_a_form(code):
    for setting in shipped(code).settings.values():
        assert setting.words.startswith(setting.title)
