"""What the home page asks for of the facts that only some schemes take."""

import datetime

import pytest
from django.utils import timezone

from members.models import MigrantReport, Role, VisitMonth
from reports.everyday import REPORTS, VISITS, facts_of
from reports.tasks import tasks_of
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
        ("登记 12 月走访", "张建国还没有登记"),
        ("登记第四季度流动党员汇报", "马外出还没有汇报"),
    ]
    assert asked(people.staff) == asked(people.outsider) == []


def test_nothing_is_asked_once_it_is_recorded(people, annual):
    visited(people.zhang, NOVEMBER)
    visited(people.zhang, DECEMBER)
    MigrantReport.objects.create(member=annual, quarter="2026Q4", reported_on=DAY)
    assert asked(people.secretary) == []


def test_reports_are_asked_in_the_last_weeks_of_the_quarter(people, annual, on):
    on(datetime.date(2026, 12, 9))
    assert asked(people.secretary) == []
    on(datetime.date(2026, 12, 10))
    assert len(asked(people.secretary)) == 1


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
    assert asked(both)[0] == ("登记 12 月走访", "张建国还没有登记")


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
