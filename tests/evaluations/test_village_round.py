"""A street that scores everybody by half-years, and assesses those in charge of discipline once a year."""

from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from evaluations import services
from evaluations.models import Appraisal, Assessment
from evaluations.recheck import recheck
from members.models import ClosedPeriod
from scoring.engine import Period
from tests import factories as make

pytestmark = pytest.mark.django_db(transaction=True)
VILLAGE = "village-inspector"


@pytest.fixture
def assessed(sign_in, people, village):
    """The office gives Zhang 97.5 points and Liu half of everything, through the pages."""
    client = sign_in(people.discipline)
    for person in (people.zhang, people.liu):
        url = reverse("evaluations:assess_member", args=["2025", VILLAGE, person.pk])
        data = {}
        for item in village.scheme.items:
            score = item.full if person == people.zhang else item.full / 2
            data[f"score-{person.pk}-{item.code}"] = f"{score.normalize():f}"
        if person == people.zhang:
            data[f"score-{person.pk}-supervision.plan"] = "0.5"
            data[f"remark-{person.pk}-supervision.plan"] = "计划交得晚"
        assert client.post(url, data).status_code == 302


@pytest.fixture
def rounds(half, places, assessed):
    """The half-year's round of everybody and the year's of those in charge of discipline, computed."""
    year = services.open_round(places.street, Period.parse("2025"), VILLAGE)
    for round_ in (half.round, year):
        services.request_computation(round_)
        round_.refresh_from_db()
    return half.round, year


def test_each_round_has_its_own_people(rounds):
    half, year = rounds
    assert sorted(half.results.values_list("member__name", flat=True)) == ["刘淑芬", "张建国", "王志强"]
    assert sorted(year.results.values_list("member__name", "total", "grade")) == [
        ("刘淑芬", Decimal("50.00"), "incompetent"),
        ("张建国", Decimal("97.50"), "excellent"),
    ]
    assert {part.position for part in year.branches.all()} == {"discipline_member"}


def test_year_is_on_its_boards(sign_in, people, rounds):
    year = rounds[1]
    client = sign_in(people.staff)
    honor = client.get(reverse("reports:board", args=[year.pk, "honor"])).content.decode()
    warning = client.get(reverse("reports:board", args=[year.pk, "warning"])).content.decode()
    assert "张建国" in honor
    assert "刘**" in warning


def test_ledger_says_who_gave_which_score_and_why(sign_in, people, rounds):
    url = reverse("reports:ledger", args=[people.zhang.pk])
    page = sign_in(people.secretary).get(url, {"period": "2025", "scheme": VILLAGE}).content.decode()
    one = Assessment.objects.get(member=people.zhang, item="supervision.plan")
    assert f"{one.assessed_on:%Y-%m-%d} 纪工委考评" in page
    assert "计划交得晚" in page
    assert "÷ 2" not in page


def test_ledger_of_who_is_not_assessed_says_so(sign_in, people, rounds):
    url = reverse("reports:ledger", args=[people.wang.pk])
    page = sign_in(people.secretary).get(url, {"period": "2025", "scheme": VILLAGE}).content.decode()
    assert "王志强在2025 年不在《村级纪检委员考核办法》的考核范围内" in page


def test_ledger_of_a_half_under_an_annual_scheme_says_so(sign_in, people, rounds):
    url = reverse("reports:ledger", args=[people.zhang.pk])
    page = sign_in(people.secretary).get(url, {"period": "2025H1", "scheme": VILLAGE}).content.decode()
    assert "《村级纪检委员考核办法》按年度考核,请看全年的台账。" in page


def test_both_close_in_either_order_and_hold(people, rounds):
    half, year = rounds
    closed = [make.closed(round_, people.staff) for round_ in (half, year)]
    assert [recheck(round_) for round_ in closed] == [[], []]
    assert ClosedPeriod.objects.count() == 2


def test_score_after_the_computation_asks_for_another(people, rounds, village):
    year = rounds[1]
    one = Assessment.objects.get(member=people.zhang, item="supervision.plan")
    fields = {
        name: getattr(one, name) for name in ("member", "scheme", "period", "item", "full", "role", "assessed_by")
    }
    Assessment.objects.create(score=3, **fields)
    from django.core.exceptions import ValidationError

    with pytest.raises(ValidationError, match="试算以后和平社区第一党支部又有记录变动,结果会不同"):
        make.closed(year, people.staff)


def test_year_knows_nothing_of_the_appraisal_that_the_branch_held(people, places, assessed):
    """The branch appraises in groups that the office's scheme has not: its ballots are no fact of that round."""
    appraisal = Appraisal.objects.create(organization=places.branch, period="2025", status=Appraisal.Status.OPEN)
    group = appraisal.groups.create(code="members", title="党员", weight_parts=10_000)
    group.counts.create(member=people.zhang, score=Decimal(90), count=3)
    appraisal.status, appraisal.closed_at = Appraisal.Status.CLOSED, timezone.now()
    appraisal.save()
    year = services.open_round(places.street, Period.parse("2025"), VILLAGE)
    services.request_computation(year)
    year.refresh_from_db()
    assert not year.branches.exclude(error="").exists()
    assert year.results.get(member=people.zhang).total == Decimal("97.50")
