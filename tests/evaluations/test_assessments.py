"""Scores that people give (考评): the list, the sheets, who gives them, and what they come to."""

import datetime
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from evaluations import services
from evaluations.models import Assessment, Round
from evaluations.services.assessments import Score
from members.models import ClosedPeriod, Role
from scoring.engine import Period
from scoring.models import Adoption
from scoring.services import install_schemes
from tests import factories as make
from tests.evaluations.conftest import hold

pytestmark = pytest.mark.django_db
YEAR = Period.parse("2025")
VILLAGE, DEPARTMENT = "village-inspector", "department-categories"


@pytest.fixture
def department(places, people):
    """Everybody is scored by category; Zhang is an ordinary member, Wang retired."""
    version = next(version for version in install_schemes() if version.code == DEPARTMENT)
    Adoption.objects.create(organization=places.street, version=version, starts_on=make.LONG_AGO)
    for person, category in ((people.zhang, "c"), (people.wang, "d")):
        person.category = category
        person.save()
    return version


def sheet(person, code=VILLAGE, period="2025"):
    return reverse("evaluations:assess_member", args=[period, code, person.pk])


def filled(person, item="supervision.plan", score="2.5", remark="", seen="", **more):
    key = f"{person.pk}-{item}"
    return {f"score-{key}": score, f"remark-{key}": remark, f"seen-{key}": seen, **more}


def give(person, item, score, by, code=VILLAGE, full=3, on=datetime.date(2025, 12, 20), **fields):
    role = fields.pop("role", "discipline_office")
    return Assessment.objects.create(
        member=person,
        scheme=code,
        period="2025",
        item=item,
        score=Decimal(score),
        full=Decimal(full),
        role=role,
        assessed_by=by,
        assessed_on=on,
        **fields,
    )


def test_sheet_has_every_item_with_clause_and_full_marks(sign_in, people, village):
    page = sign_in(people.discipline).get(sheet(people.zhang))
    cells = page.context["form"].cells
    assert [(cell.line.item.code, cell.line.full) for cell in cells][:2] == [
        ("supervision.plan", Decimal(3)),
        ("supervision.campaigns", Decimal(15)),
    ]
    assert len(cells) == 13
    assert "第四条第一款" in page.content.decode()


def test_half_marks_are_stored_with_who_when_and_why(sign_in, people, village):
    client = sign_in(people.discipline)
    response = client.post(sheet(people.zhang), filled(people.zhang, score="2.5", remark="计划迟交"), follow=True)
    one = Assessment.objects.get()
    assert (one.member, one.item, one.score, one.full) == (people.zhang, "supervision.plan", Decimal("2.5"), 3)
    assert (one.assessed_by, one.role, one.remark) == (people.discipline, Role.DISCIPLINE_OFFICE, "计划迟交")
    assert "已保存张建国的 1 项打分" in response.content.decode()
    assert "已打分 1 项,共 13 项" in response.content.decode()


@pytest.mark.parametrize(
    ("score", "remark", "sentence"),
    [
        ("3.5", "", "得分 3.5 超过了满分 3。"),
        ("-1", "", "得分不能小于 0。"),
        ("2.3", "", "得分 2.3 不对,只能打整分或者半分,如 7 或 7.5。"),
        ("好", "", "「好」不是分数。"),
        ("NaN", "", "「NaN」不是分数。"),
        ("1e99", "", "「1e99」不是分数。"),
        ("", "迟交", "写了说明,还没有填得分。"),
        ("2", "长" * 201, "说明最多 200 个字,现在是 201 个。"),
    ],
)
def test_bad_score_is_refused_at_its_cell_and_nothing_stored(sign_in, people, village, score, remark, sentence):
    data = filled(people.zhang, score=score, remark=remark) | filled(people.zhang, "supervision.funds", "8")
    response = sign_in(people.discipline).post(sheet(people.zhang), data)
    assert response.status_code == 400
    cell = response.context["form"].cells[0]
    assert (cell.fault, cell.score, cell.remark) == (sentence, score, remark)
    assert not Assessment.objects.exists()


def test_empty_sheet_says_that_nothing_was_given(sign_in, people, village):
    response = sign_in(people.discipline).post(sheet(people.zhang), {})
    assert "没有新的打分" in response.content.decode()


def test_latest_counts_and_earlier_ones_are_shown(sign_in, people, village):
    first = give(people.zhang, "supervision.plan", "1", people.discipline, remark="没有计划")
    client = sign_in(people.discipline)
    client.post(sheet(people.zhang), filled(people.zhang, score="3", seen=str(first.pk)))
    page = client.get(sheet(people.zhang))
    line = page.context["form"].cells[0].line
    assert (line.latest.score, [one.score for one in line.earlier]) == (3, [1])
    assert "没有计划" in page.content.decode()


def test_untouched_scores_are_not_stored_again(sign_in, people, village):
    first = give(people.zhang, "supervision.plan", "2.5", people.discipline)
    data = filled(people.zhang, seen=str(first.pk)) | filled(people.zhang, "supervision.funds", "8")
    sign_in(people.discipline).post(sheet(people.zhang), data)
    assert list(Assessment.objects.values_list("item", flat=True)) == ["supervision.plan", "supervision.funds"]


def test_score_given_meanwhile_is_not_overwritten_unseen(sign_in, people, village):
    give(people.zhang, "supervision.plan", "1", people.discipline)
    client = sign_in(people.discipline)
    response = client.post(sheet(people.zhang), filled(people.zhang, score="3"))
    cell = response.context["form"].cells[0]
    assert cell.fault == "纪工委 郑纪检刚刚打了 1 分。要改成您的,请再按一次保存。"
    client.post(sheet(people.zhang), filled(people.zhang, score="3", seen=cell.seen))
    assert [one.score for one in Assessment.objects.all()] == [1, 3]


def test_service_refuses_a_score_given_meanwhile(people, places, village):
    give(people.zhang, "supervision.plan", "1", people.discipline)
    score = Score(
        people.zhang, "supervision.plan", "工作计划", Decimal(3), Decimal(2), "", Role.DISCIPLINE_OFFICE, None
    )
    with pytest.raises(ValidationError, match="刚刚打了 1 分"):
        services.record_assessments(places.branch, VILLAGE, YEAR, [score], actor=people.discipline)


def test_given_score_is_not_emptied(sign_in, people, village):
    one = give(people.zhang, "supervision.plan", "1", people.discipline)
    response = sign_in(people.discipline).post(sheet(people.zhang), filled(people.zhang, score="", seen=str(one.pk)))
    assert response.context["form"].cells[0].fault == "已经打过分,不能清空;要改请填新的分数。"


def test_assessments_are_only_appended(people, village):
    one = give(people.zhang, "supervision.plan", "1", people.discipline)
    for change in (one.save, one.delete, Assessment.objects.all().delete, lambda: Assessment.objects.update(score=3)):
        with pytest.raises(TypeError, match="only appended"):
            change()


def test_noted_deductions_suggest_a_score(sign_in, people, village):
    fields = {"version": village, "note": "公开栏没有更新", "status": "approved", "declared_by": people.discipline}
    day = datetime.date(2025, 4, 3)
    make.entry(people.zhang, "supervision.plan", points=Decimal("0.5"), date=day, **fields)
    make.entry(people.zhang, "supervision.plan", points=Decimal(1), date=day, **fields | {"status": "declared"})
    page = sign_in(people.discipline).get(sheet(people.zhang))
    line = page.context["form"].cells[0].line
    assert (line.noted, line.suggested) == (Decimal("0.5"), Decimal("2.5"))
    assert "4 月 3 日 扣 0.5 分:公开栏没有更新" in page.content.decode()


def test_next_leads_to_whoever_waits_and_then_to_the_list(sign_in, people, village):
    client = sign_in(people.discipline)
    response = client.post(sheet(people.zhang), filled(people.zhang, next="1"))
    assert response.url == sheet(people.liu)
    for item in village.scheme.items:
        give(people.zhang, item.code, "1", people.discipline, full=item.full)
    response = client.post(sheet(people.liu), filled(people.liu, next="1"))
    assert response.url == f"{reverse('evaluations:assessments')}?scheme={VILLAGE}&period=2025"


# Who ------------------------------------------------------------------------------------------


def test_leaders_do_not_assess_what_the_office_does(sign_in, people, village):
    assert sign_in(people.secretary).get(sheet(people.zhang)).status_code == 403
    assert sign_in(people.staff).get(sheet(people.zhang)).status_code == 403
    assert sign_in(people.outsider).get(sheet(people.zhang)).status_code == 404


def test_secretary_assesses_what_is_left_to_the_leaders(sign_in, people, department):
    client = sign_in(people.secretary)
    page = client.get(sheet(people.zhang, DEPARTMENT))
    assert [(cell.line.item.code, cell.line.full) for cell in page.context["form"].cells] == [
        ("common.other", 60),
        ("category.other", 90),
    ]
    client.post(sheet(people.zhang, DEPARTMENT), filled(people.zhang, "category.other", "85.5"))
    assert Assessment.objects.get().role == Role.BRANCH_SECRETARY
    assert sign_in(people.discipline).get(sheet(people.zhang, DEPARTMENT)).status_code == 403


def test_nobody_assesses_themselves(sign_in, people, places, department):
    people.secretary.member = people.wang
    people.secretary.save()
    client = sign_in(people.secretary)
    assert client.get(sheet(people.wang, DEPARTMENT)).status_code == 403
    branch = client.get(reverse("evaluations:assess_branch", args=["2025", DEPARTMENT, places.branch.pk]))
    assert [person for person, _ in branch.context["form"].people] == [people.zhang]
    listed = client.get(reverse("evaluations:assessments"), {"period": "2025"})
    assert [row.member for row, _, _ in listed.context["rows"]] == [people.zhang]


def test_only_holders_of_the_post_are_assessed(sign_in, people, places, village):
    client = sign_in(people.discipline)
    assert client.get(sheet(people.wang)).status_code == 403
    listed = client.get(reverse("evaluations:assessments"), {"period": "2025"})
    assert [row.member for row, _, _ in listed.context["rows"]] == [people.zhang, people.liu]


def test_exempt_and_settled_abroad_are_not_on_the_list(sign_in, people, department):
    people.zhang.mobility = "abroad"
    people.zhang.save()
    people.wang.exemptions.create(reason="年高体弱", starts_on=make.LONG_AGO)
    listed = sign_in(people.secretary).get(reverse("evaluations:assessments"), {"period": "2025"})
    assert listed.context["rows"] == []


def test_branch_sheet_stores_several_people_together(sign_in, people, places, department):
    url = reverse("evaluations:assess_branch", args=["2025", DEPARTMENT, places.branch.pk])
    client = sign_in(people.secretary)
    data = filled(people.zhang, "common.other", "55") | filled(people.wang, "common.other", "61")
    refused = client.post(url, data)
    assert "得分 61 超过了满分 60。" in refused.content.decode()
    assert not Assessment.objects.exists()
    client.post(url, filled(people.zhang, "common.other", "55") | filled(people.wang, "common.other", "60"))
    assert Assessment.objects.count() == 2


def test_year_that_has_not_begun_is_not_there(sign_in, people, village):
    assert sign_in(people.discipline).get(sheet(people.zhang, period="2999")).status_code == 404
    assert sign_in(people.discipline).get(sheet(people.zhang, period="2025H1")).status_code == 404
    assert sign_in(people.discipline).get(sheet(people.zhang, code="community-half-year")).status_code == 404


# Closed rounds --------------------------------------------------------------------------------


def test_closed_round_refuses(sign_in, people, places, village):
    Round.objects.create(organization=places.street, period="2025", scheme=VILLAGE, status="closed")
    response = sign_in(people.discipline).post(sheet(people.zhang), filled(people.zhang))
    assert "和平社区第一党支部的2025 年考核已经办结,不能再打分。" in response.content.decode()
    assert not Assessment.objects.exists()


def test_closed_half_year_of_another_scheme_does_not_matter(sign_in, people, places, village):
    """The year's scores are given in January, when the second half-year's round may be closed already."""
    days = {"starts_on": datetime.date(2025, 7, 1), "ends_on": datetime.date(2025, 12, 31)}
    ClosedPeriod.objects.create(organization=places.street, title="2025 年下半年", **days)
    Round.objects.create(organization=places.street, period="2025H2", scheme="community-half-year", status="closed")
    sign_in(people.discipline).post(sheet(people.zhang), filled(people.zhang))
    assert Assessment.objects.count() == 1


# Home -----------------------------------------------------------------------------------------


def waiting(client):
    return [(task.count, task.title) for task in client.get(reverse("home")).context["tasks"] if "考评" in task.title]


@pytest.mark.parametrize(
    ("today", "status", "asked"),
    [
        (datetime.date(2025, 11, 1), None, []),
        (datetime.date(2025, 12, 15), None, [(2, "待考评")]),
        (datetime.date(2025, 12, 15), "closed", []),
        (datetime.date(2026, 2, 1), None, []),
        (datetime.date(2026, 2, 1), "open", [(2, "待考评")]),
        (datetime.date(2026, 2, 1), "closed", []),
    ],
)
def test_home_asks_in_the_last_weeks_and_until_the_close(
    sign_in, people, places, village, monkeypatch, today, status, asked
):
    monkeypatch.setattr("django.utils.timezone.localdate", lambda *args: today)
    if status:
        Round.objects.create(organization=places.street, period="2025", scheme=VILLAGE, status=status)
    assert waiting(sign_in(people.discipline)) == asked
    assert waiting(sign_in(people.secretary)) == []


def test_home_asks_no_more_for_who_is_assessed(sign_in, people, village, monkeypatch):
    monkeypatch.setattr("django.utils.timezone.localdate", lambda *args: datetime.date(2025, 12, 15))
    for item in village.scheme.items:
        give(people.zhang, item.code, 1, people.discipline, full=item.full)
    assert waiting(sign_in(people.discipline)) == [(1, "待考评")]


# What they come to ------------------------------------------------------------------------------


def compute(places, code):
    round_ = services.open_round(places.street, YEAR, code)
    services.request_computation(round_)
    return {result.member.name: result for result in round_.results.select_related("member")}


@pytest.mark.django_db(transaction=True)
def test_all_scores_make_a_result_and_one_missing_none(people, places, village):
    for item in village.scheme.items:
        give(people.zhang, item.code, item.full, people.discipline, full=item.full)
        if item.code != "reporting.annual":
            give(people.liu, item.code, item.full, people.discipline, full=item.full)
    results = compute(places, VILLAGE)
    assert sorted(results) == ["刘淑芬", "张建国"]
    zhang, liu = results["张建国"], results["刘淑芬"]
    assert (zhang.total, zhang.grade, zhang.on_honor_board) == (100, "excellent", True)
    assert (liu.status, liu.total, liu.sheet["missing"]) == ("incomplete", None, ["reporting.annual"])


@pytest.mark.django_db(transaction=True)
def test_score_given_in_the_next_year_counts_for_its_own(people, places, village):
    for item in village.scheme.items:
        give(people.zhang, item.code, 0, people.discipline, full=item.full, on=datetime.date(2025, 12, 1))
    give(people.zhang, "supervision.plan", "2", people.discipline, on=datetime.date(2026, 1, 9))
    assert compute(places, VILLAGE)["张建国"].total == 2


@pytest.mark.django_db(transaction=True)
def test_score_out_of_other_full_marks_waits_for_a_new_one(sign_in, people, places, department):
    """Zhang was assessed as an ordinary member, out of 90; then he retired, and the item is worth 60."""
    fields = {"code": DEPARTMENT, "role": Role.BRANCH_SECRETARY}
    give(people.zhang, "common.other", 60, people.secretary, full=60, **fields)
    give(people.zhang, "category.other", 85, people.secretary, full=90, **fields)
    people.zhang.category = "d"
    people.zhang.save()
    assert compute(places, DEPARTMENT)["张建国"].sheet["missing"] == ["category.other"]
    page = sign_in(people.secretary).get(sheet(people.zhang, DEPARTMENT)).content.decode()
    assert "按满分 90 分打的 85 分不再适用,请重新打分。" in page


# Queries ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("more", [0, 2])
def test_list_takes_the_same_queries(sign_in, people, places, village, django_assert_num_queries, more):
    for number in range(more):
        hold(make.member(f"新人{number}", places.branch))
    client = sign_in(people.discipline)
    client.get(reverse("evaluations:assessments"))
    with django_assert_num_queries(LIST_QUERIES):
        client.get(reverse("evaluations:assessments"), {"period": "2025"})


@pytest.mark.parametrize("more", [0, 2])
def test_branch_sheet_takes_the_same_queries(sign_in, people, places, department, django_assert_num_queries, more):
    for number in range(more):
        one = make.member(f"新人{number}", places.branch, category="c")
        give(one, "common.other", 50, people.secretary, code=DEPARTMENT, full=60)
    url = reverse("evaluations:assess_branch", args=["2025", DEPARTMENT, places.branch.pk])
    client = sign_in(people.secretary)
    client.get(url)
    with django_assert_num_queries(SHEET_QUERIES):
        client.get(url)


LIST_QUERIES, SHEET_QUERIES = 12, 20
