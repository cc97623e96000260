"""Decisions on appeals at one moment: whoever comes second waits, and both are kept."""

import datetime
from contextlib import suppress
from threading import Barrier, BrokenBarrierError

import pytest

from evaluations import services as rounds
from evaluations.services import appeals as services
from members.models import Attendance
from scoring.engine import Period
from tests import factories as make
from tests.evaluations.test_ballots_races import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def earlier(public, people, places, adopted):
    """Zhang's second half of 2024, published too; he was late in September."""
    event = make.activity(places.branch, people.secretary, datetime.date(2024, 9, 1))
    make.attendance(event, people.zhang, "late", people.secretary)
    make.closed_appraisal(places.branch, "2024H2", {people.zhang: {90: 2}})
    round_ = rounds.open_round(places.street, Period.parse("2024H2"), adopted.code)
    rounds.request_computation(round_)
    round_.refresh_from_db()
    return make.published(round_, people.staff), event


def taken(round_, event, people):
    result = round_.results.select_related("round", "branch__organization", "branch__version", "member").get(
        member=people.zhang
    )
    one = services.raise_appeal(result, f"activity:{event.pk}", kind="appeal", text="我准时到会。", actor=people.member)
    return services.take_appeal(one, actor=people.other_staff)


def test_two_upheld_of_different_rounds_at_once_are_both_kept(shared_database, public, earlier, people, monkeypatch):
    """Each writes a fact, which waits for every published round: none may hold one of them by then and want another."""
    appeals = [taken(public.round, public.event, people), taken(*earlier, people)]
    put_right, both_there = services._put_right, Barrier(2)

    def slowly(*args):
        """Go on when the other has come as far, or cannot."""
        with suppress(BrokenBarrierError):
            both_there.wait(1)
        put_right(*args)

    monkeypatch.setattr(services, "_put_right", slowly)

    def decide(appeal):
        correction = services.Correction(status="present")
        return lambda: (
            services.decide_appeal(
                appeal, upheld=True, reasons="签到表上有他。", actor=people.other_staff, correction=correction
            ).state
        )

    assert at_once(*map(decide, appeals)) == ["upheld", "upheld"]
    assert Attendance.objects.filter(member=people.zhang, status="present").count() == 2
