"""Steps of a round clicked many times at once: each is taken once, whoever comes second changes nothing."""

import pytest

from evaluations import services
from evaluations.models import COURSE, Publication, Round, RoundStep, Step
from members.models import ClosedPeriod
from tests import factories as make
from tests.evaluations.test_ballots_races import at_once

pytestmark = pytest.mark.django_db(transaction=True)
CLICKS = 4


def taken(round_, step) -> int:
    return RoundStep.objects.filter(round=round_, step=step).count()


@pytest.fixture
def computed(half):
    services.request_computation(half.round)
    half.round.refresh_from_db()
    return half.round


def test_every_step_is_taken_once_under_many_clicks(shared_database, computed, people):
    make.reviewed(computed)
    at_once(*[lambda: services.publish_round(computed, actor=people.other_staff).status] * CLICKS)
    assert (taken(computed, Step.PUBLISH), Publication.objects.count()) == (1, 2)
    make.window_over(computed)
    for service, step in ((services.approve_round, Step.APPROVE), (services.close_round, Step.CLOSE)):
        outcomes = at_once(*[lambda service=service: service(computed, actor=people.staff).status] * CLICKS)
        assert set(outcomes) == {COURSE[step].after}
        assert taken(computed, step) == 1
    assert ClosedPeriod.objects.count() == 1


def test_reopening_is_asked_for_and_answered_once(shared_database, computed, people):
    make.closed(computed, people.staff)
    at_once(*[lambda: services.ask_to_reopen(computed, reason="漏登记", actor=people.staff).pk] * CLICKS)
    assert taken(computed, Step.ASK_REOPEN) == 1
    outcomes = at_once(
        *[lambda: services.answer_reopening(computed, agreed=True, actor=people.other_staff).status] * CLICKS
    )
    assert outcomes.count("computed") == 1
    said = ("computed", COURSE[Step.REOPEN].refusal, "现在没有等着答复的申请。")
    assert [outcome for outcome in outcomes if not outcome.startswith(said)] == []
    assert (taken(computed, Step.REOPEN), ClosedPeriod.objects.count()) == (1, 0)


def test_computing_and_publishing_at_once_leave_one_story(shared_database, computed, people):
    """Either it is published as it was, and the computation refused; or computed anew, and then published or not."""
    make.reviewed(computed)
    outcomes = at_once(
        lambda: services.publish_round(computed, actor=people.staff).status,
        lambda: services.request_computation(computed, actor=people.other_staff),
    )
    now = Round.objects.get(pk=computed.pk)
    assert (now.status == "published") == (outcomes[0] == "published")
    assert outcomes[1] in (None, COURSE[Step.COMPUTE].refusal)
    assert taken(computed, Step.PUBLISH) == (outcomes[0] == "published")
    if now.status == "published":
        assert Publication.objects.filter(
            digest=now.branches.get(organization__name="和平社区第一党支部").digest
        ).exists()


def test_correction_clicked_many_times_takes_it_back_once(shared_database, computed, people, places):
    make.published(computed, people.staff)
    outcomes = at_once(
        *[lambda: services.reopen_for_correction(computed, [places.branch], "考勤错了", people.staff).status] * CLICKS
    )
    said = ("computed", "reviewed", COURSE[Step.CORRECT].refusal)
    assert [outcome for outcome in outcomes if not outcome.startswith(said)] == []
    assert taken(computed, Step.CORRECT) == 1
    assert Round.objects.get(pk=computed.pk).status == "computed"
