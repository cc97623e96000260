"""Those in charge of discipline, assessed beside what everybody is scored under."""

import datetime
from types import SimpleNamespace

import pytest

from evaluations import services
from members.models import Position
from scoring.models import Adoption, SchemeVersion
from scoring.services import decide_entry
from tests import factories as make


def hold(person, title="discipline_member"):
    branch = person.memberships.get().organization
    return Position.objects.create(member=person, organization=branch, title=title, starts_on=make.LONG_AGO)


@pytest.fixture
def village(adopted, places, people):
    """Zhang and Liu are in charge of discipline in their branches, and assessed as such."""
    version = SchemeVersion.objects.get(code="village-inspector")
    Adoption.objects.create(
        organization=places.street, version=version, position="discipline_member", starts_on=make.LONG_AGO
    )
    hold(people.zhang)
    hold(people.liu)
    return version


@pytest.fixture
def public(half, people):
    """The first half of 2025, published: Zhang late once, a merit of his approved and another refused."""
    version = SchemeVersion.objects.get(code=half.round.scheme)
    fields = {"version": version, "date": datetime.date(2025, 4, 20), "declared_by": people.secretary}
    good = make.entry(people.zhang, "bonus.public_good", note="社区义诊", status="reviewed", **fields)
    decide_entry(good, approved=True, reason="", actor=people.staff)
    refused = make.entry(people.zhang, "bonus.public_good", note="清扫楼道", status="reviewed", **fields)
    decide_entry(refused, approved=False, reason="没有证明", actor=people.staff)
    services.request_computation(half.round)
    half.round.refresh_from_db()
    make.published(half.round, people.staff)
    half.round.refresh_from_db()
    return SimpleNamespace(
        round=half.round,
        result=half.round.results.select_related("round", "branch__organization", "branch__version", "member").get(
            member=people.zhang
        ),
        event=half.event,
        good=good,
        refused=refused,
    )
