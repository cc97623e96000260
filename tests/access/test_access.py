"""Every address answers every role as table.md says."""

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from tests.access.table import ROLES, addresses, rows

ROWS = rows()
SIGN_IN = "/sign-in/"


def answer(response) -> str:
    """The letter of the table for a response."""
    if response.status_code in (302, 303):
        return "s" if response.url.split("?")[0] == SIGN_IN else "y"
    if response.status_code in (200, 204, 400, 409):
        own_words = "error.html" not in [template.name for template in response.templates]
        return "y" if own_words else str(response.status_code)
    return {403: "-", 404: "0"}.get(response.status_code, str(response.status_code))


def ask(browser, method, address, arguments, query):
    """The response; what the request wrote is taken back."""
    with transaction.atomic():
        url = reverse(address, kwargs=arguments, query=query)
        # A form with nothing that is asked for: refused before it is read, or sent back with its faults.
        response = browser.post(url, {"sent": "1"}) if method == "POST" else browser.get(url)
        transaction.set_rollback(True)
    return response


def test_every_address_is_in_the_table():
    assert sorted(set(addresses())) == sorted({row.address for row in ROWS})


def test_table_says_nothing_twice():
    assert len({(row.address, row.method, row.of) for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_address_answers_every_role(row, visitors, objects):
    found = {}
    for role in ROLES:
        targets = objects(row.of, role) if row.of else [({}, {})]
        responses = [ask(visitors[role], row.method, row.address, *target) for target in targets]
        found[role] = "".join(answer(response) for response in responses)
    assert found == row.cells


UNLISTED = [
    next(row for row in ROWS if row.address == address)
    for address, methods in {row.address: {r.method for r in ROWS if r.address == row.address} for row in ROWS}.items()
    if methods != {"GET", "POST"}
]


@pytest.mark.parametrize("row", UNLISTED, ids=lambda row: row.address)
def test_method_without_a_row_is_refused(row, visitors, objects):
    method = "POST" if row.method == "GET" else "GET"
    target = objects(row.of, "staff")[0] if row.of else ({}, {})
    assert ask(visitors["staff"], method, row.address, *target).status_code == 405


@pytest.mark.parametrize("row", [row for row in ROWS if row.method == "POST"], ids=str)
def test_form_of_another_site_is_refused(row, people, objects):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(people.staff, backend="django.contrib.auth.backends.ModelBackend")
    target = objects(row.of, "staff")[0] if row.of else ({}, {})
    response = ask(browser, "POST", row.address, *target)
    assert response.status_code == 403
    assert "页面已过期" in response.content.decode()


# Choices --------------------------------------------------------------------------------------


def offered(response) -> list:
    """Organisations, members and other rows that the page's form or filter offers for choice."""
    form = response.context.get("form") if response.context else None
    fields = getattr(form, "fields", {}).values()
    return [choice for field in fields for choice in getattr(field, "queryset", None) or []]


@pytest.mark.parametrize("row", [row for row in ROWS if row.method == "GET"], ids=str)
def test_fields_offer_only_what_one_sees(row, visitors, objects, people):
    unseen = {}
    for role in ROLES[1:]:
        user = getattr(people, role)
        target = objects(row.of, role)[0] if row.of else ({}, {})
        choices = offered(ask(visitors[role], row.method, row.address, *target))
        kinds = {type(choice) for choice in choices}
        seen = {row for kind in kinds for row in kind.objects.visible_to(user)}
        unseen[role] = [choice for choice in choices if choice not in seen]
    assert unseen == {role: [] for role in ROLES[1:]}


def test_fields_that_are_asked_offer_something(visitors, objects, places):
    assert places.branch in offered(ask(visitors["staff"], "GET", "members:roster", {}, {}))
