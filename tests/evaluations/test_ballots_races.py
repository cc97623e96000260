"""Many at one appraisal at once."""

from decimal import Decimal

import pytest
from django.db.models import Sum

from evaluations import services
from evaluations.models import Appraisal, BallotCode, BallotCount, Voter
from tests import factories as make
from tests.races import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def votes_counted() -> int:
    return BallotCount.objects.aggregate(Sum("count"))["count__sum"]


def test_fifty_uses_of_one_code_make_one_vote(shared_database, opened, people):
    group = opened.groups.get(code="household_reps")
    (code,) = services.make_codes(group, 1, 0)
    answers = {people.zhang.pk: Decimal(90), people.wang.pk: None}
    outcomes = at_once(*[lambda: services.vote_by_code(code, answers)] * 50)
    assert outcomes.count(None) == 1
    assert votes_counted() == 2
    group.refresh_from_db()
    assert (group.ballots_online, BallotCode.objects.filter(used=True).count()) == (1, 1)


def test_one_member_in_twenty_windows_votes_once(shared_database, opened, people):
    voter = Voter.objects.get(member=people.zhang)
    outcomes = at_once(*[lambda: services.vote_as_member(voter, {people.wang.pk: Decimal(90)})] * 20)
    assert outcomes.count(None) == 1
    assert votes_counted() == 1


def test_tick_and_vote_at_once_are_never_both(shared_database, opened, people):
    voter = Voter.objects.get(member=people.zhang)
    group = opened.groups.get(code="members_residents")
    mark = services.Mark(voter.pk, "", "paper")
    at_once(
        lambda: services.mark_roster(group, [mark], (0, 0), (0, 0)),
        lambda: services.vote_as_member(voter, {people.wang.pk: Decimal(90)}),
    )
    voter.refresh_from_db()
    assert (voter.way, votes_counted()) in [("paper", 0), ("online", 1)]


def test_votes_racing_the_closing_are_counted_or_refused(shared_database, opened, people, places):
    group = opened.groups.get(code="household_reps")
    type(group).objects.filter(pk=group.pk).update(head_count=20)
    services.mark_roster(group, [], (0, 0), (0, 20))
    codes = services.make_codes(group, 20, 0)
    answers = {people.zhang.pk: Decimal(90), people.wang.pk: Decimal(80)}
    votes = [lambda code=code: services.vote_by_code(code, answers) for code in codes]
    outcomes = at_once(
        *votes[:10],
        lambda: services.close_appraisal(opened, actor=people.staff, without="人没有到齐").status,
        *votes[10:],
    )
    refusals = [outcome for outcome in outcomes if outcome not in (None, "closed")]
    assert outcomes.count("closed") == 1
    assert set(refusals) <= {"这次评议已经结束,不能再改。"}
    assert votes_counted() == 2 * outcomes.count(None)
    assert BallotCode.objects.filter(used=True).count() == outcomes.count(None)
    assert Appraisal.objects.get().status == "closed"


def test_two_second_entries_at_once_are_one(shared_database, opened, people, places):
    group = opened.groups.get(code="household_reps")
    counts = {people.zhang.pk: {Decimal(90): 1}, people.wang.pk: {}}
    third = make.user("第三人", "street_staff", places.street)
    services.enter_tally(group, 1, counts, actor=people.staff)
    at_once(
        *[
            lambda clerk=clerk: services.enter_tally(group, 1, counts, actor=clerk).number
            for clerk in (people.general, third)
        ]
    )
    assert sorted(group.tallies.values_list("number", flat=True)) == [1, 2]


def test_codes_made_at_once_are_made_once(shared_database, opened):
    group = opened.groups.get(code="household_reps")
    outcomes = at_once(*[lambda: services.make_codes(group, 3, 0)] * 6)
    assert sum(isinstance(outcome, list) for outcome in outcomes) == 1
    assert BallotCode.objects.count() == 3


def test_opening_at_once_makes_counters_once(shared_database, opened):
    Appraisal.objects.update(status="setup")
    BallotCount.objects.all().delete()
    at_once(*[lambda: services.open_appraisal(opened)] * 4)
    assert BallotCount.objects.count() == 60
