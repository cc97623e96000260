"""Home: what the office has to decide and to do about results, and what is under way about oneself."""

import datetime

import pytest
from django.urls import reverse

from evaluations import services
from evaluations.models import Measure, Round
from tests import factories as make

TODAY = datetime.date(2025, 8, 1)
TITLES = ("决定考核引出的事项", "办理结果运用", "与您有关:通报批评")


@pytest.fixture(autouse=True)
def _today(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.localdate", lambda *args: TODAY)


@pytest.fixture
def propose(places, adopted):
    """A function that makes a proposal for a person, of a closed round."""
    round_ = Round.objects.create(organization=places.street, period="2025H1", scheme=adopted.code, status="approved")

    def make_one(person, kind="criticism"):
        place = person.memberships.get(ends_on=None).organization
        return Measure.objects.create(
            round=round_, member=person, organization=place, code=kind, kind=kind, title="通报批评"
        )

    return make_one


def tasks(client):
    """Lines about measures: title and detail."""
    found = client.get(reverse("home")).context["tasks"]
    return [(task.count, task.title, task.detail) for task in found if task.title in TITLES]


def test_proposals_wait_for_their_office(sign_in, people, propose):
    propose(people.wang)
    propose(people.wang, "rectification")
    assert tasks(sign_in(people.secretary)) == [(1, "决定考核引出的事项", "通报批评 1 项")]
    assert tasks(sign_in(people.general)) == [(1, "决定考核引出的事项", "通报批评 1 项")]
    assert tasks(sign_in(people.staff)) == tasks(sign_in(people.outsider)) == []


def test_proposals_of_an_open_round_wait_for_nobody(sign_in, people, propose):
    propose(people.wang)
    Round.objects.update(status="computed")
    assert tasks(sign_in(people.secretary)) == []


def test_next_step_is_on_the_home_of_its_role(sign_in, people, propose):
    measure = services.accept_measure(propose(people.wang), actor=people.secretary)
    assert tasks(sign_in(people.secretary)) == [(1, "办理结果运用", "王志强:听取本人意见,还有 7 天")]
    measure.steps.filter(number=1).update(due_on=datetime.date(2025, 7, 29))
    assert tasks(sign_in(people.secretary)) == [(1, "办理结果运用", "王志强:听取本人意见,已超期 3 天")]
    assert tasks(sign_in(people.staff)) == []


def test_member_reads_what_is_under_way(sign_in, people, propose):
    services.accept_measure(propose(people.zhang), actor=people.secretary)
    propose(people.zhang, "rectification")
    assert tasks(sign_in(people.member)) == [(1, "与您有关:通报批评", "听取本人意见,2025 年 8 月 8 日到期(还有 7 天)")]


@pytest.mark.parametrize("more", [0, 2])
def test_home_takes_the_same_queries(sign_in, people, places, propose, django_assert_max_num_queries, more):
    for person in (people.wang, *(make.member(f"新人{number}", places.branch) for number in range(more))):
        services.accept_measure(propose(person), actor=people.secretary)
        propose(person, "self_criticism")
    client = sign_in(people.secretary)
    client.get(reverse("home"))
    with django_assert_max_num_queries(QUERIES):
        client.get(reverse("home"))


QUERIES = 53
