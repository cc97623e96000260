"""A draft tried on a computed round: who would change, by which clause; nothing else is touched."""

import datetime
from io import BytesIO

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from evaluations import services
from evaluations.models import BallotCount, Result, Round, Trial
from evaluations.trials import last_round, resume, start_trial
from scoring.models import Adoption, SchemeVersion
from scoring.services import install_schemes
from tests.lifting import lifted

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def computed(half):
    services.request_computation(half.round)
    half.round.refresh_from_db()
    return half.round


@pytest.fixture
def stricter(adopted, people):
    """A draft in which coming late costs 9 points instead of 4."""
    return SchemeVersion.objects.create(
        code=adopted.code, number=2, title=adopted.title, status="draft", text=adopted.text, digest="draft",
        definition=adopted.definition.replace("late: -4", "late: -9"), created_by=people.staff,
    )  # fmt: skip


def test_trial_shows_who_changes_and_by_which_clause(computed, stricter, people):
    trial = start_trial(computed, stricter, {}, actor=people.staff)
    trial.refresh_from_db()
    (row,) = trial.outcome["changes"]
    assert (row["name"], row["total"]) == ("张建国", ["92.40", "89.40"])
    assert row["grade"] == ["优秀", "合格"]
    assert row["lists"] == [["honor"], []]
    assert row["because"] == ["参加组织活动(第四条第一款) 16.00 → 11.00"]
    assert ["excellent", "优秀", 1, 0] in trial.outcome["grades"]


def test_trial_that_was_left_lying_is_queued_again(computed, stricter, people):
    trial = start_trial(computed, stricter, {}, actor=people.staff)
    done = Trial.objects.get(pk=trial.pk).outcome
    assert resume(before=timezone.now()) == 0
    Trial.objects.filter(pk=trial.pk).update(state="waiting", outcome={})
    assert resume(before=trial.created_at) == 0
    assert resume(before=timezone.now()) == 1
    trial.refresh_from_db()
    assert (trial.state, trial.outcome) == ("done", done)


def test_trial_page_shows_who_leaves_and_comes_on_boards(computed, stricter, people, sign_in):
    trial = start_trial(computed, stricter, {}, actor=people.staff)
    page = sign_in(people.staff).get(reverse("evaluations:trial", args=[trial.pk]))
    assert [boards for _, boards in page.context["rows"]] == [["光荣榜", ""]]
    assert "光荣榜 → <b>不上榜</b>" in page.content.decode()


def test_trial_says_what_is_missing_for_a_total(computed, stricter, people, sign_in):
    with lifted():
        BallotCount.objects.filter(member=people.zhang, group__code="committee").delete()
    trial = start_trial(computed, stricter, {}, actor=people.staff)
    trial.refresh_from_db()
    (row,) = trial.outcome["changes"]
    assert row["total"] == ["92.40", None]
    assert row["because"][-1] == "试用缺班子成员评议,没有总分"
    page = sign_in(people.staff).get(reverse("evaluations:trial", args=[trial.pk])).content.decode()
    assert "试用缺班子成员评议,没有总分" in page


def test_trial_says_which_proposals_come(computed, adopted, people, half):
    much = adopted.definition.replace("late: -4", "late: -24")
    version = SchemeVersion.objects.create(
        code=adopted.code, number=2, title=adopted.title, status="draft", text=adopted.text, digest="draft",
        definition=much, created_by=people.staff,
    )  # fmt: skip
    trial = start_trial(computed, version, {}, actor=people.staff)
    trial.refresh_from_db()
    assert "新提出“通报批评”(第十条第一款)" in trial.outcome["changes"][0]["because"]


def test_settled_rounds_are_tried_before_running_ones(computed, adopted, places):
    settled = Round.objects.create(
        organization=places.street, period="2020H1", scheme=adopted.code, status="closed", computed_at=timezone.now()
    )
    assert last_round(Adoption.objects.get()) == settled


def test_trial_changes_nothing(computed, stricter, people):
    before = list(Result.objects.order_by("pk").values())
    start_trial(computed, stricter, {}, actor=people.staff)
    assert list(Result.objects.order_by("pk").values()) == before


def test_trial_of_the_same_version_changes_nobody(computed, adopted, people):
    trial = start_trial(computed, adopted, {}, actor=people.staff)
    trial.refresh_from_db()
    assert trial.outcome["changes"] == []


def test_trial_on_a_round_never_computed_is_refused(half, adopted, people):
    with pytest.raises(ValidationError, match="还没有试算过"):
        start_trial(half.round, adopted, {}, actor=people.staff)
    assert not Trial.objects.exists()


def test_trial_of_a_draft_with_faults_is_refused(computed, stricter, people):
    stricter.definition = stricter.definition.replace("full: 20", "full: 21", 1)
    stricter.save()
    with pytest.raises(ValidationError, match="处错误,改好以后才能试用"):
        start_trial(computed, stricter, {}, actor=people.staff)


def test_trial_of_settings_out_of_range_is_refused(computed, adopted, people):
    with pytest.raises(ValidationError):
        start_trial(computed, adopted, {"nothing": 1}, actor=people.staff)


def test_trial_on_screen_and_as_workbook(sign_in, people, computed, stricter):
    client = sign_in(people.staff)
    data = {"round": computed.pk, "version": stricter.pk}
    response = client.post(reverse("evaluations:trials"), data)
    trial = Trial.objects.get()
    assert response.url == reverse("evaluations:trial", args=[trial.pk])
    page = client.get(response.url).content.decode()
    assert "92.40 → 89.40" in page
    sheet = load_workbook(BytesIO(client.get(reverse("evaluations:export_trial", args=[trial.pk])).content)).active
    assert [cell.value for cell in sheet[2]][:6] == ["张建国", "和平社区第一党支部", 92.4, 89.4, "优秀", "合格"]


def test_trials_are_for_the_street(sign_in, people, computed, stricter):
    start_trial(computed, stricter, {}, actor=people.staff)
    assert sign_in(people.secretary).get(reverse("evaluations:trials")).status_code == 403
    assert sign_in(people.secretary).get(reverse("evaluations:trial", args=[Trial.objects.get().pk])).status_code == 404


# From the pages of schemes ------------------------------------------------------------------------

STRICT = {"set-five_leads_percent": "100"}


def try_settings(client, adoption, **fields):
    data = {"starts_on": "2030-01-01", **STRICT, **fields}
    return client.post(reverse("evaluations:try_settings", args=[adoption.pk]), data)


@pytest.fixture
def own(adopted, places):
    return Adoption.objects.create(organization=places.branch, version=adopted, starts_on=datetime.date(2020, 1, 1))


def test_settings_as_typed_are_tried_and_not_stored(sign_in, people, places, computed, own):
    for who in (people.staff, people.secretary):
        response = try_settings(sign_in(who), own)
        trial = Trial.objects.latest("pk")
        assert response.url == reverse("evaluations:trial", args=[trial.pk])
        assert (trial.round, trial.version, trial.settings) == (computed, own.version, {"five_leads_percent": 100})
        assert (trial.organization, trial.created_by) == (places.branch, who)
        assert trial.outcome["people"] == 2
        page = sign_in(who).get(response.url).content.decode()
        assert reverse("scoring:version", args=[own.version_id]) in page
        assert reverse("scoring:adoption", args=[own.pk]) in page
        assert "试的设定" in page
    own.refresh_from_db()
    assert (own.settings, Adoption.objects.count()) == ({}, 2)


def test_settings_that_are_refused_come_back_as_typed(sign_in, people, computed, own):
    response = try_settings(sign_in(people.secretary), own, **{"set-five_leads_percent": "0"})
    assert (response.status_code, response.templates[0].name) == (400, "scoring/adoptions/settings.html")
    assert 'value="0"' in response.content.decode()
    assert not Trial.objects.exists()


def test_settings_without_a_round_to_try_them_on(sign_in, people, own):
    response = try_settings(sign_in(people.staff), own)
    said = "和平社区第一党支部还没有算过考核,没有可以对照的结果。"
    assert (response.status_code, response.context["form"].non_field_errors()) == (400, [said])


def test_what_is_about_to_be_adopted_is_tried(sign_in, people, places, computed, stricter):
    SchemeVersion.objects.filter(pk=stricter.pk).update(status="released")
    data = {"organization": places.community.pk, "version": stricter.pk, "position": "", **STRICT}
    form = sign_in(people.staff).get(reverse("scoring:adopt")).context["form"]
    data["starts_on"] = form["starts_on"].value()
    client = sign_in(people.staff)
    settled = client.post(reverse("scoring:adopt"), data)
    assert reverse("evaluations:try_adoption") in settled.content.decode()
    checked = client.post(reverse("scoring:adopt"), data | {"step": "check"})
    assert reverse("evaluations:try_adoption") in checked.content.decode()
    client.post(reverse("evaluations:try_adoption"), data)
    trial = Trial.objects.get()
    assert (trial.organization, trial.version, trial.settings) == (
        places.community, stricter, {"five_leads_percent": 100},
    )  # fmt: skip
    assert [row["name"] for row in trial.outcome["changes"]] == ["张建国"]
    assert Adoption.objects.count() == 1


def test_trying_an_adoption_without_terms_asks_for_them(sign_in, people, computed):
    response = sign_in(people.staff).post(reverse("evaluations:try_adoption"), {})
    assert (response.status_code, response.templates[0].name) == (400, "scoring/adoptions/adopt.html")


def test_trial_of_a_unit_that_is_not_in_the_round_is_refused(computed, adopted, people, places):
    with pytest.raises(ValidationError, match="东风社区党支部在这次考核里没有结果"):
        start_trial(computed, adopted, {}, organization=places.foreign, actor=people.staff)


def test_trial_of_another_branch_is_hidden_from_a_secretary(sign_in, people, computed, adopted, places):
    start_trial(computed, adopted, {}, organization=places.sibling, actor=people.staff)
    assert sign_in(people.secretary).get(reverse("evaluations:trial", args=[Trial.objects.get().pk])).status_code == 404


def test_a_yearly_scheme_without_a_round_says_so_before_it_is_tried(sign_in, people, computed):
    install_schemes()
    yearly = SchemeVersion.objects.get(code="street-annual")
    client, said = sign_in(people.staff), "按年度考核,还没有算过年度考核,没有可以对照的结果。"
    data = {"organization": computed.organization_id, "version": yearly.pk}
    data["starts_on"] = f"{timezone.localdate().year + 1}-01-01"
    for page in (
        client.get(reverse("scoring:version", args=[yearly.pk])),
        client.post(reverse("scoring:adopt"), data),
        client.post(reverse("scoring:adopt"), data | {"step": "check"}),
    ):
        assert said in page.content.decode()
        assert "试一试" not in page.content.decode()
    form = client.get(reverse("evaluations:trials")).context["form"]
    assert yearly not in form.fields["version"].queryset
    assert "《街道党员积分管理办法》" in form.fields["version"].help_text
    Round.objects.filter(pk=computed.pk).update(period="2024")
    assert said not in client.get(reverse("scoring:version", args=[yearly.pk])).content.decode()
    form = client.get(reverse("evaluations:trials")).context["form"]
    assert yearly in form.fields["version"].queryset


def test_pages_of_schemes_lead_to_a_trial(sign_in, people, computed, stricter, own):
    client = sign_in(people.staff)
    for page in (
        reverse("scoring:version", args=[stricter.pk]),
        reverse("scoring:adoption", args=[own.pk]),
    ):
        assert reverse("evaluations:trials") + "?version=" in client.get(page).content.decode()
    form = client.get(reverse("evaluations:trials"), {"version": own.version_id, "adoption": own.pk}).context["form"]
    assert (form["version"].value(), form["adoption"].value()) == (str(own.version_id), str(own.pk))


def test_items_of_another_scheme_are_named_by_their_titles(computed, people):
    """A code of the scheme that was in force says nothing to whoever reads the trial."""
    other = computed.branches.exclude(version=None).first().version
    renamed = SchemeVersion.objects.create(
        code="renamed", number=1, title="新办法", status="draft", text=other.text, digest="renamed",
        definition=other.definition.replace("daily.activities", "daily.gatherings").replace("late: -4", "late: -9"),
        created_by=people.staff,
    )  # fmt: skip
    trial = start_trial(computed, renamed, {}, actor=people.staff)
    trial.refresh_from_db()
    assert trial.error == ""
    (row,) = trial.outcome["changes"]
    assert row["because"] == [
        "参加组织活动(原方案第四条第一款) 16.00 → —",
        "参加组织活动(第四条第一款) — → 11.00",
    ]
