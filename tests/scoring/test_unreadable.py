"""A version that an earlier release stored and this one cannot read: named, passed over, never a broken page."""

import datetime

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import connection
from django.urls import reverse

from evaluations import services as evaluations
from scoring import adoption_services, schemes_services
from scoring.models import Adoption, Entry, SchemeVersion
from scoring.models.schemes import read_once
from scoring.services import install_schemes
from tests import factories as make

TODAY = datetime.date(2025, 6, 18)
SENTENCE = "现在的系统读不出来"


def spoil(version) -> SchemeVersion:
    """The version with a definition that was once taken, as no path of the product would store it."""
    definition = version.definition.replace("full: 20", "full: 21", 1)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE scoring_schemeversion SET definition = %s WHERE id = %s", [definition, version.pk])
    return SchemeVersion.objects.get(pk=version.pk)


@pytest.fixture
def broken(half, people, adopted, django_capture_on_commit_callbacks):
    """The street's version, with a computed round and an entry under it, no longer readable."""
    make.entry(people.zhang, "bonus.public_good", version=adopted, date=half.event.date, note="义诊", status="reviewed",
               declared_by=people.secretary)  # fmt: skip
    with django_capture_on_commit_callbacks(execute=True):
        evaluations.request_computation(half.round)
    return spoil(adopted)


def url(name, *args, **query):
    return reverse(name, args=args, query=query)


def test_faults_name_file_and_line(broken):
    assert [(fault.file, fault.line > 1) for fault in broken.faults] == [("definition.yaml", True)] * len(broken.faults)


def test_version_page_says_what_is_wrong(sign_in, people, broken):
    page = sign_in(people.member).get(url("scoring:version", broken.pk))
    assert (page.status_code, [one.fault for one in page.context["faults"]]) == (200, list(broken.faults))
    assert "读不出来" in page.content.decode()


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("scoring:schemes", 200),
        ("scoring:adoptions", 200),
        ("scoring:adopt", 200),
        ("scoring:entries", 200),
        ("scoring:import_cases", 200),
        ("home", 200),
        ("reports:boards", 200),
        ("evaluations:rounds", 200),
        ("evaluations:appraisals", 200),
        ("evaluations:trials", 200),
        ("members:activities", 200),
        ("scoring:add", 409),
    ],
)
def test_pages_answer_all_the_same(sign_in, people, broken, name, status):
    for user in (people.staff, people.secretary, people.discipline):
        response = sign_in(user).get(url(name))
        assert response.status_code in (status, 403), (name, user)


@pytest.mark.parametrize(
    "name", ["scoring:adoption", "scoring:edit_settings", "scoring:document", "scoring:end_adoption"]
)
def test_pages_of_its_adoption_answer(sign_in, people, broken, name):
    own = Adoption.objects.get()
    response = sign_in(people.staff).get(url(name, own.pk))
    assert response.status_code == (200 if name in ("scoring:adoption", "scoring:end_adoption") else 409)
    assert SENTENCE in response.content.decode() or name == "scoring:end_adoption"


def test_pages_about_people_answer(sign_in, people, broken, half):
    client = sign_in(people.staff)
    entry = Entry.objects.get()
    for address in (
        url("reports:ledger", people.zhang.pk),
        url("scoring:entry", entry.pk),
        url("evaluations:round", half.round.pk),
        url("members:activity", half.event.pk),
        url("reports:board", half.round.pk, "honor"),
        url("scoring:compare_versions", broken.pk),
        url("scoring:draft_version", broken.pk),
        url("scoring:scheme", broken.code),
        url("scoring:cases", broken.code),
        url("scoring:add_case", broken.code),
    ):
        assert client.get(address).status_code in (200, 404, 409), address


def test_entries_are_listed_without_their_clause(sign_in, people, broken):
    assert "(条款读不出)" in sign_in(people.staff).get(url("scoring:entries")).content.decode()


def test_entries_nobody_can_tell_of_are_kept_from_those_far_off(people, broken):
    assert not Entry.objects.visible_to(people.auditor).exists()
    assert Entry.objects.visible_to(people.staff).exists()


def test_unreadable_version_is_not_offered_nor_adopted(sign_in, people, places, broken):
    offered = sign_in(people.staff).get(url("scoring:adopt")).context["form"].fields["version"].choices
    assert str(broken.pk) not in {value for value, _ in offered}
    planned = Adoption(organization=places.branch, version=broken, starts_on=datetime.date(2030, 1, 1))
    with pytest.raises(ValidationError) as error:
        adoption_services.adopt_version(planned, actor=people.staff)
    assert error.value.message_dict == {"version": [f"{broken}现在读不出来,不能采用。请选别的一版。"]}


def test_round_under_it_is_not_computed(broken, half):
    with pytest.raises(ValidationError, match="这一版现在读不出来,不能试算。请先改为采用另一版。"):
        evaluations.request_computation(half.round)


def test_fixture_has_results_to_show(broken, half):
    assert half.round.results.count() == 3


def test_rounds_of_other_schemes_open_all_the_same(broken):
    assert evaluations.open_due_rounds(datetime.date(2030, 6, 30)) == []


def test_latest_version_is_one_that_can_be_read(people, adopted):
    definition = adopted.definition.replace("late: -4, left_early: -4", "late: -2, left_early: -4")
    draft = schemes_services.draft_version(adopted, definition, adopted.text, "", actor=people.staff)
    later = schemes_services.release_version(draft)
    assert SchemeVersion.objects.latest_of(adopted.code) == later
    spoil(later)
    assert SchemeVersion.objects.latest_of(adopted.code) == adopted
    assert schemes_services.latest_schemes()[adopted.code] == adopted.scheme


def test_installing_names_what_cannot_be_read(broken, capsys):
    call_command("install_schemes")
    said = capsys.readouterr().err
    assert f"{broken.code} {broken}读不出来,请采用它的单位改用另一版:{broken.faults[0]}" in said


def test_text_is_read_once_in_a_process(sign_in, people, half):
    client = sign_in(people.staff)
    addresses = [url("scoring:entries"), url("scoring:adoptions"), url("scoring:adopt"), url("scoring:schemes")]
    for address in addresses:
        client.get(address)
    before = read_once.cache_info().misses
    for address in addresses:
        client.get(address)
    assert read_once.cache_info().misses == before


def test_broken_text_is_read_once_too(broken):
    before = read_once.cache_info().misses
    assert SchemeVersion.objects.get(pk=broken.pk).faults == broken.faults
    assert read_once.cache_info().misses == before


def test_installed_versions_can_all_be_read(db):
    install_schemes()
    assert len(SchemeVersion.objects.readable()) == SchemeVersion.objects.count()
