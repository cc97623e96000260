"""No page that is reached without naming a record asks the database more often where there is more to show."""

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from members.dates import first_of
from members.models import Activity, DuesMonth, Member, Membership
from scoring.models import Entry
from tests import factories as make
from tests.access.conftest import _of_person
from tests.access.table import addresses


def plain_pages() -> list[str]:
    """Names of the addresses that take no arguments."""
    names = []
    for name in addresses():
        try:
            reverse(name)
        except NoReverseMatch:
            continue
        names.append(name)
    return names


def asked(browser, url: str) -> list[str]:
    with CaptureQueriesContext(connection) as context:
        browser.get(url)
    return [query["sql"] for query in context]


def counts(browser) -> dict[str, int]:
    """How often each page that takes no arguments asks the database."""
    pages = [reverse(name) for name in plain_pages()]
    return {url: len(asked(browser, url)) for url in pages if browser.get(url).status_code == 200}


def fill(branch, version, by, numbers: range) -> None:
    """Members with dues and an entry each, and as many activities, all of this year."""
    day = timezone.localdate() - datetime.timedelta(1)
    people = [
        Member(number=f"Q{n}", name=f"石{n}", gender="f", born=datetime.date(1970, 1, 1), joined_on=make.LONG_AGO)
        for n in numbers
    ]
    for person in people:
        person.fill_derived()
    Member.objects.bulk_create(people)
    Membership.objects.bulk_create(
        Membership(member=person, organization=branch, starts_on=make.LONG_AGO) for person in people
    )
    month = first_of(day)
    DuesMonth.objects.bulk_create(
        DuesMonth(member=person, month=month, due_yuan=10, recorded_by=by) for person in people
    )
    Entry.objects.bulk_create(
        Entry(member=person, version=version, item="bonus.public_good", date=day, note="义诊", declared_by=by)
        for person in people
    )
    Activity.objects.bulk_create(
        Activity(organization=branch, kind="study", title=f"学习{n}", date=day, created_by=by) for n in numbers
    )


@pytest.mark.parametrize("role", ["secretary", "staff"])
def test_lists_ask_as_often_for_five_hundred_as_for_one(role, visitors, people, places, adopted):
    by = make.user("周再记")
    fill(places.branch, adopted, by, range(1))
    one = counts(visitors[role])
    fill(places.branch, adopted, by, range(1, 50))
    fifty = counts(visitors[role])
    fill(places.branch, adopted, by, range(50, 500))
    assert one == fifty == counts(visitors[role])


@pytest.mark.parametrize("role", ["secretary", "staff", "member"])
def test_pages_ask_as_often_for_three_as_for_one(role, visitors, objects, places, adopted):
    browser = visitors[role]
    pages = [reverse(name) for name in plain_pages()]
    pages = [url for url in pages if browser.get(url).status_code == 200]
    before = {url: asked(browser, url) for url in pages}
    by = make.user("周再记")
    for name in ("石一平", "石二平", "石三平"):
        _of_person(make.member(name, places.branch), adopted, by)
    after = {url: asked(browser, url) for url in pages}
    assert len(pages) >= {"secretary": 15, "staff": 20, "member": 5}[role]
    assert {url: len(queries) for url, queries in after.items()} == {
        url: len(queries) for url, queries in before.items()
    }
