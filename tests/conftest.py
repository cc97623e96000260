"""The same few people and places in every test."""

import datetime
import sqlite3
import time
from contextlib import closing
from types import SimpleNamespace

import pytest
from django.db import connection, connections
from django.db.backends.sqlite3.base import DatabaseOperations
from django.utils import timezone

from evaluations import services, triggers
from members.middleware import SEEN, STARTED
from members.models import Role
from scoring.engine import Period
from scoring.models import Adoption, SchemeVersion
from scoring.services import install_schemes
from tests import factories as make

pytest_plugins = ["tests.plugin"]


@pytest.fixture(scope="session", autouse=True)
def _flush_in_spite_of_the_freeze():
    """SQLite empties tables row by row, which the triggers refuse; after the flush they are put back."""
    flush = DatabaseOperations.execute_sql_flush

    def without_triggers(operations, statements):
        triggers.remove()
        flush(operations, statements)

    DatabaseOperations.execute_sql_flush = without_triggers
    yield
    DatabaseOperations.execute_sql_flush = flush


def make_places() -> SimpleNamespace:
    """A street with two communities and three branches, and a branch of another street."""
    street = make.organization("和平街道党工委", "committee")
    community = make.organization("和平社区党总支", "general_branch", street)
    branch = make.organization("和平社区第一党支部", "branch", community)
    sibling = make.organization("和平社区第二党支部", "branch", community)
    other_community = make.organization("友谊社区党总支", "general_branch", street)
    cousin = make.organization("友谊社区党支部", "branch", other_community)
    other_street = make.organization("东风街道党工委", "committee")
    foreign = make.organization("东风社区党支部", "branch", other_street)
    return SimpleNamespace(**locals())


def make_people(places: SimpleNamespace) -> SimpleNamespace:
    """Accounts of every role around `places.branch`, members of three branches, and an outsider."""
    zhang = make.member("张建国", places.branch)
    wang = make.member("王志强", places.branch)
    liu = make.member("刘淑芬", places.sibling)
    sun = make.member("孙东风", places.foreign)
    secretary = make.user("李秀英", Role.BRANCH_SECRETARY, places.branch)
    leader = make.user("赵德胜", Role.GROUP_LEADER, places.branch)
    general = make.user("周总支", Role.GENERAL_BRANCH, places.community)
    staff = make.user("陈政工", Role.STREET_STAFF, places.street)
    other_staff = make.user("何政工", Role.STREET_STAFF, places.street)
    discipline = make.user("郑纪检", Role.DISCIPLINE_OFFICE, places.street)
    auditor = make.user("吴审计", Role.AUDITOR, places.street)
    administrator = make.user("冯管理", Role.ADMINISTRATOR, places.street)
    outsider = make.user("外人", Role.BRANCH_SECRETARY, places.foreign)
    member = make.member_user(zhang, places.branch)
    return SimpleNamespace(**{key: value for key, value in locals().items() if key != "places"})


def adopt(places: SimpleNamespace) -> SchemeVersion:
    """The shipped scheme, adopted by the street long ago."""
    version = next(version for version in install_schemes() if version.code == "community-half-year")
    Adoption.objects.create(organization=places.street, version=version, starts_on=make.LONG_AGO)
    return version


@pytest.fixture
def places(db) -> SimpleNamespace:
    return make_places()


@pytest.fixture
def people(places) -> SimpleNamespace:
    return make_people(places)


@pytest.fixture
def adopted(places) -> SchemeVersion:
    return adopt(places)


@pytest.fixture
def sign_in(client):
    """A function that gives back the test client signed in as a user."""

    def as_user(user):
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        session = client.session
        session[STARTED] = session[SEEN] = int(time.time())  # a page asked for just before: the next one writes nothing
        session.save()
        return client

    return as_user


@pytest.fixture
def half(adopted, places, people):
    """Zhang's first half of 2025: late once, January's dues twelve days late, all groups give 90."""
    period = Period.parse("2025H1")
    event = make.activity(places.branch, people.secretary, datetime.date(2025, 3, 5), "theme_day", "三月主题党日")
    make.attendance(event, people.zhang, "late", people.secretary)
    make.attendance(event, people.wang, "present", people.secretary)
    make.dues(people.zhang, datetime.date(2025, 1, 1), people.secretary, 10, 10, datetime.date(2025, 2, 12))
    make.closed_appraisal(places.branch, period.code, {people.zhang: {90: 2}})
    return SimpleNamespace(period=period, round=services.open_round(places.street, period, adopted.code), event=event)


@pytest.fixture
def opened(adopted, places, people):
    """The open appraisal of Zhang and Wang: Wang on the committee, Zhang and a resident, three household representatives."""
    now = timezone.now()
    appraisal = services.set_up_appraisal(
        places.branch,
        Period.parse("2025H1"),
        now - datetime.timedelta(hours=1),
        now + datetime.timedelta(days=1),
        [people.zhang, people.wang],
        {
            "committee": services.Electorate([people.wang]),
            "members_residents": services.Electorate([people.zhang], ["居民甲"]),
            "household_reps": services.Electorate(head_count=3),
        },
    )
    return services.open_appraisal(appraisal)


@pytest.fixture
def shared_database(transactional_db, tmp_path):
    """A database that threads may write to together: the tests' SQLite lives in memory, this one in a file."""
    if connection.vendor != "sqlite":
        yield None
        return
    memory, settings = connections["default"], connections.settings["default"]
    memory.ensure_connection()
    path = tmp_path / "shared.sqlite3"
    with closing(sqlite3.connect(path)) as copy:
        memory.connection.backup(copy)
    connections.settings["default"] = {**settings, "NAME": str(path)}
    connections["default"] = connections.create_connection("default")
    yield path
    connections["default"].close()
    connections.settings["default"], connections["default"] = settings, memory
