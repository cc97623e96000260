"""What the home page asks for of the facts that only some schemes take."""

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from members.models import ClosedPeriod, MigrantReport, MobilityChange, Role, VisitMonth
from members.permissions import RECORD_ROLES
from reports.everyday import REPORTS, VISITS, facts_of
from reports.tasks import records, tasks_of
from scoring.models import Adoption, SchemeVersion
from scoring.services import install_schemes
from tests import factories as make

DAY = datetime.date(2026, 12, 20)
NOVEMBER, DECEMBER = datetime.date(2026, 11, 1), datetime.date(2026, 12, 1)


@pytest.fixture
def on(monkeypatch):
    """A function that makes a day today."""
    return lambda day: monkeypatch.setattr(timezone, "localdate", lambda *args: day)


@pytest.fixture
def annual(places, people, on):
    """20 December under the street's annual scheme, with a member who is away."""
    on(DAY)
    version = next(version for version in install_schemes() if version.code == "street-annual")
    Adoption.objects.create(organization=places.street, version=version, starts_on=make.LONG_AGO)
    return make.member("马外出", places.branch, mobility="migrant")


def asked(user):
    """Titles and details of the tasks on visits and reports."""
    return [(task.title, task.detail) for task in tasks_of(user) if "走访" in task.title or "汇报" in task.title]


def visited(member, month):
    VisitMonth.objects.create(member=member, month=month, assigned=2, visited=2)


def test_schemes_say_which_facts_they_take(db):
    found = {version.code: facts_of(version) for version in install_schemes()}
    assert found.pop("street-annual") == {VISITS, REPORTS}
    assert set(map(frozenset, found.values())) == {frozenset()}


def test_version_that_cannot_be_read_takes_nothing(db):
    assert facts_of(SchemeVersion(code="x", definition="title: [", text="")) == set()


def test_secretary_is_asked_for_visits_and_reports(people, annual):
    visited(people.zhang, NOVEMBER)
    visited(people.wang, NOVEMBER)
    visited(people.wang, DECEMBER)
    assert asked(people.secretary) == [
        ("登记走访:12 月", "张建国还没有登记"),
        ("登记流动党员汇报:第四季度", "马外出还没有汇报"),
    ]
    assert asked(people.staff) == [
        ("开始登记走访:12 月", "和平社区第二党支部还没有登记过,先填谁联系几户;没有联系户的填 0")
    ]  # it has no secretary
    assert asked(people.outsider) == []


def test_nothing_is_asked_once_it_is_recorded(people, annual):
    visited(people.zhang, NOVEMBER)
    visited(people.zhang, DECEMBER)
    MigrantReport.objects.create(member=annual, quarter="2026Q4", reported_on=DAY)
    assert asked(people.secretary) == []


def test_reports_are_asked_in_the_last_weeks_of_the_quarter(people, annual, on):
    visited(people.zhang, DECEMBER)
    on(datetime.date(2026, 12, 9))
    assert asked(people.secretary) == []
    on(datetime.date(2026, 12, 10))
    assert len(asked(people.secretary)) == 1


def task_of(user, word):
    return next((task for task in tasks_of(user) if word in task.title), None)


def test_month_that_was_left_out_is_asked_for_again(people, places, annual):
    """In one task, to the oldest: October of Zhang and Wang's, who then has had no households."""
    visited(people.zhang, datetime.date(2026, 9, 1))
    visited(people.zhang, NOVEMBER)
    visited(people.wang, datetime.date(2026, 9, 1))
    VisitMonth.objects.create(member=people.wang, month=NOVEMBER, assigned=0, visited=0)
    task = task_of(people.secretary, "走访")
    assert (task.count, task.title, task.detail) == (2, "登记走访:10 月起有 2 个月", "张建国、王志强还没有登记")
    assert task.url == f"{reverse('members:visits')}?month=2026-10&organization={places.branch.pk}"
    for person, month in ((people.zhang, 10), (people.wang, 10), (people.zhang, 12)):
        visited(person, datetime.date(2026, month, 1))
    assert task_of(people.secretary, "走访") is None


def test_branch_with_nobody_on_record_is_asked_to_begin(people, places, annual):
    task = task_of(people.secretary, "走访")
    assert (task.count, task.title) == (1, "开始登记走访:12 月")
    assert task.url == f"{reverse('members:visits')}?month=2026-12&organization={places.branch.pk}"
    visited(people.zhang, DECEMBER)
    assert task_of(people.secretary, "走访") is None


def test_visits_are_not_asked_of_who_is_away_nor_of_months_elsewhere(people, places, annual):
    visited(people.zhang, datetime.date(2026, 9, 1))
    visited(people.wang, datetime.date(2026, 9, 1))
    people.zhang.mobility = "migrant"
    people.zhang.save()
    people.wang.memberships.update(starts_on=datetime.date(2026, 11, 9))
    assert task_of(people.secretary, "走访").detail == "王志强还没有登记"
    assert task_of(people.secretary, "走访").title == "登记走访:11 月起有 2 个月"


def test_visits_of_the_last_year_are_asked_until_it_is_settled(people, places, annual, on):
    on(datetime.date(2027, 1, 8))
    visited(people.zhang, NOVEMBER)
    assert task_of(people.secretary, "走访").title == "登记走访:2026 年 12 月起有 2 个月"
    days = {"starts_on": datetime.date(2026, 1, 1), "ends_on": datetime.date(2026, 12, 31)}
    ClosedPeriod.objects.create(organization=places.street, title="2026 年", **days)
    assert task_of(people.secretary, "走访").title == "登记走访:1 月"


def test_reports_of_a_quarter_that_is_over_are_asked_until_it_is_settled(people, places, annual, on):
    """Since the branch's first activity, in August."""
    make.activity(places.branch, people.secretary, datetime.date(2026, 8, 5))
    on(datetime.date(2027, 1, 1))
    task = task_of(people.secretary, "汇报")
    assert (task.count, task.title) == (1, "登记流动党员汇报:2026 年第三季度起有 2 个季度")
    assert task.url == f"{reverse('members:migrant_reports')}?year=2026&organization={places.branch.pk}"
    MigrantReport.objects.create(member=annual, quarter="2026Q3", reported_on=DAY)
    assert task_of(people.secretary, "汇报").title == "登记流动党员汇报:2026 年第四季度"
    days = {"starts_on": datetime.date(2026, 1, 1), "ends_on": datetime.date(2026, 12, 31)}
    ClosedPeriod.objects.create(organization=places.street, title="2026 年", **days)
    assert task_of(people.secretary, "汇报") is None


def test_reports_are_asked_of_quarters_at_whose_end_one_was_away(people, places, annual, on):
    make.activity(places.branch, people.secretary, datetime.date(2026, 2, 5))
    MobilityChange.objects.create(
        member=annual, starts_on=datetime.date(2026, 7, 1), before="resident", after="migrant"
    )
    assert task_of(people.secretary, "汇报").title == "登记流动党员汇报:第三季度起有 2 个季度"


def test_visits_and_reports_take_the_same_queries(people, places, annual, django_assert_num_queries):
    make.activity(places.branch, people.secretary, datetime.date(2026, 2, 5))
    visited(people.zhang, datetime.date(2026, 9, 1))
    user = make.user("赵两支", Role.BRANCH_SECRETARY, places.community)

    def ask():
        branches = records.branches_of(user, RECORD_ROLES)
        return records.visits(branches) + records.reports(branches)

    assert ask()
    with CaptureQueriesContext(connection) as few:
        assert len(ask()) == 3  # the sibling has nobody on record
    for number in range(3):
        branch = make.organization(f"新支部{number}", "branch", places.community)
        make.member(f"外出{number}", branch, mobility="migrant")
        visited(make.member(f"新人{number}", branch), datetime.date(2026, 5, 1))
    with django_assert_num_queries(len(few)):
        assert sum(task.count for task in ask()) == 9


def test_nothing_is_asked_that_the_scheme_does_not_take(people, places, annual):
    version = SchemeVersion.objects.get(code="community-half-year")
    Adoption.objects.create(organization=places.branch, version=version, starts_on=make.LONG_AGO)
    visited(people.zhang, NOVEMBER)
    assert asked(people.secretary) == []


def test_secretary_of_two_branches_is_asked_where_the_scheme_takes_it(people, places, annual):
    version = SchemeVersion.objects.get(code="community-half-year")
    Adoption.objects.create(organization=places.sibling, version=version, starts_on=make.LONG_AGO)
    both = make.user("赵两支", Role.BRANCH_SECRETARY, places.community)
    visited(people.zhang, NOVEMBER)
    visited(people.liu, NOVEMBER)
    assert asked(both)[0] == ("登记走访:12 月", "张建国还没有登记")


@pytest.mark.parametrize(
    ("joined", "until", "reminded"),
    [
        (DAY.replace(year=DAY.year - 1), None, True),
        (DAY.replace(year=DAY.year - 1) + datetime.timedelta(1), None, False),
        (DAY.replace(year=DAY.year - 2), DAY, True),
        (DAY.replace(year=DAY.year - 2), DAY + datetime.timedelta(1), False),
    ],
)
def test_secretary_is_reminded_of_probation_that_is_over(people, places, on, joined, until, reminded):
    on(DAY)
    make.member("夏", places.branch, status="probationary", joined_on=joined, probation_until=until)
    found = [task.detail for task in tasks_of(people.secretary) if task.title == "讨论预备党员转正"]
    assert found == (["夏预备期已满"] if reminded else [])
    assert not [task for task in tasks_of(people.outsider) if task.title == "讨论预备党员转正"]
