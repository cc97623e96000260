"""A round computed from facts in the database."""

import datetime
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from evaluations import rollup, services
from evaluations.models import Result, Round, RoundBranch
from members.models import Exemption, Position
from scoring.models import Adoption, SchemeVersion
from tests import factories as make

pytestmark = pytest.mark.django_db(transaction=True)


def compute(round_):
    services.request_computation(round_)
    round_.refresh_from_db()
    return {result.member.name: result for result in round_.results.select_related("member")}


def test_compute_scores_facts_of_the_period(half):
    results = compute(half.round)
    zhang = results["张建国"]
    assert zhang.sheet["items"]["daily.activities"] == "16.00"
    assert zhang.sheet["items"]["daily.dues"] == "8.00"
    assert (zhang.status, zhang.total, zhang.grade, zhang.rank) == ("scored", Decimal("92.40"), "excellent", 1)
    assert zhang.on_honor_board


def test_compute_names_what_is_missing(half):
    wang = compute(half.round)["王志强"]
    assert (wang.status, wang.total, wang.grade) == ("incomplete", None, None)
    assert wang.missing_titles == ["班子成员评议", "联户代表评议", "党员、居民代表评议"]


def test_compute_marks_the_round_computed_with_a_digest(half):
    compute(half.round)
    assert half.round.status == Round.Status.COMPUTED
    assert len(half.round.digest) == 64
    assert RoundBranch.objects.filter(round=half.round, state="done").count() == 3


def test_compute_again_gives_the_same_bytes(half):
    compute(half.round)
    first = list(Result.objects.order_by("member").values_list("member", "digest", "sheet"))
    digest = half.round.digest
    compute(half.round)
    assert list(Result.objects.order_by("member").values_list("member", "digest", "sheet")) == first
    assert half.round.digest == digest


def test_compute_one_branch_alone_gives_the_same_as_together(half, places):
    compute(half.round)
    together = Result.objects.get(member__name="张建国").digest
    part = RoundBranch.objects.get(round=half.round, organization=places.branch)
    rollup.compute_branches(half.round.pk, [part.pk])
    assert Result.objects.get(member__name="张建国").digest == together


def test_compute_drops_the_result_of_who_left(half, people, places):
    compute(half.round)
    people.zhang.memberships.update(ends_on=datetime.date(2025, 2, 1))
    assert sorted(compute(half.round)) == ["刘淑芬", "王志强"]


def test_compute_exempts_by_resolution(half, people):
    Exemption.objects.create(member=people.zhang, reason="年高体弱", starts_on=datetime.date(2025, 1, 1))
    assert compute(half.round)["张建国"].status == "exempt"


def test_compute_without_a_scheme_says_so(half):
    compute(half.round)
    Adoption._base_manager.all().delete()  # past the guard of what is in use
    rollup.compute_branches(half.round.pk, list(RoundBranch.objects.values_list("pk", flat=True)))
    errors = set(RoundBranch.objects.values_list("state", "error"))
    assert errors == {("failed", "这个支部在这个周期没有采用计分方案,请先在街道办理采用。")}


def test_request_without_a_scheme_is_refused(half):
    Adoption._base_manager.all().delete()  # past the guard of what is in use
    with pytest.raises(ValidationError, match="和平街道党工委下面没有采用这个方案的支部"):
        services.request_computation(half.round)


def test_branch_with_a_scheme_of_its_own_is_left_out(half, places):
    other = SchemeVersion.objects.create(code="other", number=1, title="另一个办法", definition="", text="", digest="x")
    Adoption.objects.create(organization=places.sibling, version=other, starts_on=make.LONG_AGO)
    assert sorted(compute(half.round)) == ["张建国", "王志强"]


def test_scheme_of_a_position_scores_its_holders_beside_the_general_one(half, places, people):
    """Zhang, an inspector, is scored under both; Wang under the general scheme only."""
    source = SchemeVersion.objects.get(code=half.round.scheme)
    text = source.definition.replace("code: community-half-year", "code: inspectors")
    special = SchemeVersion.objects.create(
        code="inspectors", number=1, title="纪检委员考核", definition=text, text=source.text, digest="x"
    )
    Adoption.objects.create(organization=places.branch, version=special, position="secretary", starts_on=make.LONG_AGO)
    Position.objects.create(member=people.zhang, organization=places.branch, title="secretary", starts_on=make.LONG_AGO)
    beside = services.open_round(places.street, half.period, "inspectors")
    assert sorted(compute(beside)) == ["张建国"]
    assert sorted(compute(half.round)) == ["刘淑芬", "张建国", "王志强"]


def test_compute_counts_only_approved_entries(half, people, adopted):
    fields = {"version": adopted, "date": datetime.date(2025, 4, 1), "note": "义诊", "declared_by": people.secretary}
    make.entry(people.zhang, "bonus.public_good", status="approved", **fields)
    make.entry(people.zhang, "bonus.emergency", status="reviewed", **fields)
    taken_back = make.entry(people.zhang, "bonus.activity", status="approved", **fields)
    make.entry(people.zhang, "bonus.activity", status="approved", reverses=taken_back, **fields)
    assert compute(half.round)["张建国"].sheet["parts"]["bonus"] == "5.00"


def test_compute_carries_history_of_closed_rounds(half, people, adopted):
    earlier = services.open_round(half.round.organization, half.period.previous, half.round.scheme)
    compute(earlier)
    Result.objects.filter(round=earlier, member=people.zhang).update(grade="unqualified")
    Round.objects.filter(pk=earlier.pk).update(status="closed")
    make.entry(
        people.zhang, "direct.sanction", status="approved", version=adopted, date=datetime.date(2025, 4, 1),
        note="处分", declared_by=people.discipline,
    )  # fmt: skip
    assert compute(half.round)["张建国"].sheet["consequences"] == ["persuade_withdrawal", "rectification"]


def test_compute_queries_do_not_grow_with_members(half, places, django_assert_num_queries):
    services.request_computation(half.round)
    parts = list(RoundBranch.objects.filter(round=half.round).values_list("pk", flat=True))
    with _counted() as few:
        rollup.compute_branches(half.round.pk, parts)
    for number in range(5):
        make.member(f"新人{number}", places.branch)
    with _counted() as many:
        rollup.compute_branches(half.round.pk, parts)
    assert len(many) == len(few)


def _counted():
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    return CaptureQueriesContext(connection)


def test_year_view_is_a_round_too(half, places):
    from scoring.engine import Period

    year = services.open_round(places.street, Period.parse("2025"), half.round.scheme)
    zhang = compute(year)["张建国"]
    assert zhang.sheet["parts"]["h1_total"] == "92.40"
    assert zhang.status == "incomplete"
    assert zhang.missing_titles[0] == "2025 年下半年的班子成员评议"


def test_running_period_looks_at_dues_as_of_today(half, people, monkeypatch):
    make.dues(people.zhang, datetime.date(2025, 2, 1), people.secretary, 10)
    make.dues(people.zhang, datetime.date(2025, 3, 1), people.secretary, 10)
    monkeypatch.setattr("django.utils.timezone.localdate", lambda *args: datetime.date(2025, 3, 10))
    assert compute(half.round)["张建国"].sheet["items"]["daily.dues"] == "6.00"  # February ten days late, March not due
    monkeypatch.setattr("django.utils.timezone.localdate", lambda *args: datetime.date(2025, 7, 1))
    assert compute(half.round)["张建国"].sheet["items"]["daily.dues"] == "0.00"


def test_records_of_long_ago_say_how_far_they_reach_back(half, people, places):
    """A record older than what is loaded is no trouble; six months of absence are an alert."""
    event = make.activity(places.branch, people.secretary, datetime.date(2020, 1, 8), title="往年学习")
    make.attendance(event, people.wang, "present", people.secretary)
    for month in (1, 4, 6):
        event = make.activity(places.branch, people.secretary, datetime.date(2025, month, 20), title=f"{month} 月学习")
        make.attendance(event, people.liu, "absent", people.secretary)
    assert compute(half.round)["王志强"].status == "incomplete"
    assert compute(half.round)["刘淑芬"].sheet["alerts"] == ["six_months_life"]


def test_running_period_proposes_nothing_that_speaks_of_the_whole(half, people, places, monkeypatch):
    event = make.activity(places.sibling, people.secretary, datetime.date(2025, 1, 8))
    make.attendance(event, people.liu, "absent", people.secretary)
    monkeypatch.setattr("django.utils.timezone.localdate", lambda *args: datetime.date(2025, 1, 9))
    assert compute(half.round)["刘淑芬"].sheet["consequences"] == ["criticism"]
    monkeypatch.setattr("django.utils.timezone.localdate", lambda *args: datetime.date(2025, 7, 1))
    assert compute(half.round)["刘淑芬"].sheet["consequences"] == ["criticism", "withdrawal_procedure"]
