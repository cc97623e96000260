"""Rounds on screen and by the clock: opened and computed."""

import datetime

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from config.celery import app
from evaluations import services
from evaluations.models import Round, RoundBranch
from scoring.engine import Period
from scoring.models import Adoption
from scoring.services import install_schemes
from tests import factories as make

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def computed(half):
    services.request_computation(half.round)
    half.round.refresh_from_db()
    return half.round


def test_open_by_staff(sign_in, people, places, adopted, monkeypatch):
    monkeypatch.setattr("django.utils.timezone.localdate", lambda *args: datetime.date(2025, 6, 30))
    data = {"organization": places.street.pk, "period": "2025H1", "scheme": "community-half-year"}
    response = sign_in(people.staff).post(reverse("evaluations:rounds"), data)
    assert response.url == reverse("evaluations:round", args=[Round.objects.get().pk])


def test_open_by_secretary_is_refused(sign_in, people, places, adopted):
    data = {"organization": places.branch.pk, "period": "2025H1", "scheme": "community-half-year"}
    assert sign_in(people.secretary).post(reverse("evaluations:rounds"), data).status_code == 403


def test_open_twice_is_refused(half, places):
    with pytest.raises(
        ValidationError, match=r"和平街道党工委的2025 年上半年考核已经开始,它包括和平社区第一党支部的支部"
    ):
        services.open_round(places.branch, half.period, half.round.scheme)


def test_open_above_a_running_round_is_refused(adopted, places):
    services.open_round(places.branch, Period.parse("2025H1"), adopted.code)
    with pytest.raises(ValidationError, match="下属的和平社区第一党支部已经单独开始"):
        services.open_round(places.street, Period.parse("2025H1"), adopted.code)


@pytest.mark.parametrize(
    ("today", "opened"),
    [
        (datetime.date(2025, 6, 29), ["2024H2", "2024"]),
        (datetime.date(2025, 6, 30), ["2025H1", "2024"]),
        (datetime.date(2025, 7, 15), ["2025H1", "2024"]),
        (datetime.date(2025, 12, 31), ["2025H2", "2025"]),
    ],
)
def test_open_due_rounds_on_the_last_day_or_when_missed(adopted, places, today, opened):
    services.open_due_rounds(today)
    services.open_due_rounds(today)
    assert list(Round.objects.values_list("period", flat=True)) == opened
    assert set(Round.objects.values_list("organization", flat=True)) == {places.street.pk}


def test_open_due_rounds_leaves_out_a_year_that_the_scheme_began_in(places):
    version = next(version for version in install_schemes() if version.code == "community-half-year")
    Adoption.objects.create(organization=places.street, version=version, starts_on=datetime.date(2025, 7, 1))
    services.open_due_rounds(datetime.date(2025, 12, 31))
    assert list(Round.objects.values_list("period", flat=True)) == ["2025H2"]


def test_the_clock_opens_and_resumes_rounds():
    app.loader.import_default_modules()
    jobs = {job["task"] for job in app.conf.beat_schedule.values()}
    named = ("open_due_rounds", "resume_rounds", "resume_trials", "run_measure_clock")
    assert jobs == {f"evaluations.tasks.{name}" for name in named} | {"members.tasks.carry_states_over"}
    assert jobs <= set(app.tasks)
    hours = app.conf.beat_schedule["open-due-rounds"]["schedule"].hour
    assert hours == set(range(7, 24))  # a PC that was off in the morning catches up on the same day


def test_compute_from_the_page(sign_in, people, half):
    client = sign_in(people.staff)
    response = client.post(reverse("evaluations:compute", args=[half.round.pk]), follow=True)
    assert "92.40" in response.content.decode()


def test_compute_by_secretary_is_refused(sign_in, people, half):
    assert sign_in(people.secretary).post(reverse("evaluations:compute", args=[half.round.pk])).status_code == 403


def test_progress_counts_branches_then_asks_for_the_page(sign_in, people, computed):
    client = sign_in(people.staff)
    url = reverse("evaluations:progress", args=[computed.pk])
    RoundBranch.objects.filter(organization__name="友谊社区党支部").update(state="waiting")
    waiting = client.get(url)
    assert "3 个支部已完成 2 个" in waiting.content.decode()
    assert "HX-Refresh" not in waiting
    RoundBranch.objects.update(state="done")
    assert client.get(url)["HX-Refresh"] == "true"


def test_resume_computes_what_was_left_lying(computed):
    RoundBranch.objects.update(state="waiting")
    assert services.resume_rounds(computed.requested_at) == 0
    assert services.resume_rounds(computed.requested_at + datetime.timedelta(seconds=1)) == 1
    assert not RoundBranch.objects.filter(state="waiting").exists()


def test_batches_pack_branches_by_members(half, places, monkeypatch):
    services.request_computation(half.round)
    RoundBranch.objects.update(state="waiting")
    monkeypatch.setattr("evaluations.services.rounds.MEMBERS_A_TASK", 2)
    assert [len(batch) for batch in services.batches(half.round)] == [1, 2]


def test_failed_branch_says_so(sign_in, people, half, monkeypatch):
    monkeypatch.setattr("evaluations.rollup.gather", lambda *args: 1 / 0)
    client = sign_in(people.staff)
    response = client.post(reverse("evaluations:compute", args=[half.round.pk]), follow=True)
    assert "计算时出错,没有写入结果" in response.content.decode()


def test_round_shows_each_branch_only_its_own(sign_in, people, computed):
    url = reverse("evaluations:round", args=[computed.pk])
    page = sign_in(people.secretary).get(url).content.decode()
    assert "张建国" in page
    assert "刘淑芬" not in page
    assert sign_in(people.outsider).get(url).status_code == 404


@pytest.mark.parametrize("more", [0, 2])
def test_round_takes_the_same_queries(sign_in, people, places, half, django_assert_num_queries, more):
    for number in range(more):
        make.member(f"新人{number}", places.branch)
    services.request_computation(half.round)
    client = sign_in(people.secretary)
    with django_assert_num_queries(21):
        client.get(reverse("evaluations:round", args=[half.round.pk]))
