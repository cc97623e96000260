"""Adoptions: the tree, adopting, a unit's settings, taking back; what is in use stays as it is."""

import datetime
from types import SimpleNamespace

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from members.models import ClosedPeriod, Position
from scoring import adoption_effects
from scoring import adoption_services as services
from scoring.models import Adoption, SchemeVersion, WorkedCase
from scoring.services import install_schemes
from scoring.unit_settings import setting_rows
from tests import factories as make

TODAY = datetime.date(2025, 6, 18)
NEXT = datetime.date(2025, 7, 1)
LATER = datetime.date(2026, 1, 1)
QUOTA = "set-five_leads_percent"
CASE = """\
case: five-of-ten
scheme: community-half-year
period: 2025H1
members:
  zhang: {appraisal: {2025H1: {committee: [90], members_residents: [90], household_reps: [90]}}}
expect:
  zhang: {total: %s}
"""


@pytest.fixture(autouse=True)
def _today(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.localdate", lambda *args: TODAY)


@pytest.fixture
def general(adopted):
    """The street's adoption, in use since long ago."""
    return Adoption.objects.get()


@pytest.fixture
def second(adopted):
    """A second version of the same scheme."""
    return SchemeVersion.objects.create(
        code=adopted.code, number=2, title=adopted.title, definition=adopted.definition, text=adopted.text, digest="2"
    )


@pytest.fixture
def own(adopted, places):
    """An adoption of the secretary's branch, in use since long ago."""
    return Adoption.objects.create(organization=places.branch, version=adopted, starts_on=make.LONG_AGO)


def url(name, *args):
    return reverse(f"scoring:{name}", args=args)


def terms(place, version, **fields):
    return {"organization": place.pk, "version": version.pk, "position": "", "starts_on": NEXT.isoformat(), **fields}


def sentences(response):
    """Every error of every form on the page."""
    forms = [form for form in (response.context.get("form"), response.context.get("start")) if form is not None]
    return [sentence for form in forms for found in form.errors.values() for sentence in found]


# The tree ---------------------------------------------------------------------------------------


def test_tree_shows_own_and_inherited_schemes(sign_in, people, places, general, second):
    Adoption.objects.create(organization=places.branch, version=second, starts_on=NEXT)
    Adoption.objects.create(
        organization=places.community, version=second, starts_on=make.LONG_AGO, settings={"five_leads_percent": 20}
    )
    rows = sign_in(people.staff).get(url("adoptions")).context["rows"]
    shown = [
        (row.place.name, row.adoption.version.number, row.is_own, [one.words for one in row.differing], len(row.later))
        for row in rows
    ]
    assert shown == [
        ("和平街道党工委", 1, True, [], 0),
        ("和平社区党总支", 2, True, ["20"], 0),
        ("和平社区第一党支部", 2, False, ["20"], 1),
        ("和平社区第二党支部", 2, False, ["20"], 0),
        ("友谊社区党总支", 1, False, [], 0),
        ("友谊社区党支部", 1, False, [], 0),
    ]


def test_tree_shows_what_is_added_for_a_position(sign_in, people, places, general, second):
    special = Adoption.objects.create(
        organization=places.street, version=second, position="secretary", starts_on=make.LONG_AGO
    )
    rows = sign_in(people.secretary).get(url("adoptions")).context["rows"]
    assert [(row.adoption, row.special) for row in rows] == [(general, [special])]


def test_tree_without_a_scheme_says_so(sign_in, people):
    assert "还没有方案" in sign_in(people.secretary).get(url("adoptions")).content.decode()


def test_tree_query_count_does_not_grow(sign_in, people, places, general, second):
    client = sign_in(people.secretary)
    client.get(url("adoptions"))
    with CaptureQueriesContext(connection) as one:
        assert len(client.get(url("adoptions")).context["rows"]) == 1
    Adoption.objects.create(organization=places.branch, version=second, starts_on=LATER)
    client = sign_in(people.general)
    with CaptureQueriesContext(connection) as three:
        assert len(client.get(url("adoptions")).context["rows"]) == 3
    assert len(one) == len(three)


def test_tree_needs_a_role(sign_in, people, general):
    assert sign_in(people.member).get(url("adoptions")).status_code == 403


# Adopting ---------------------------------------------------------------------------------------


def test_adopt_goes_through_settings_and_check(sign_in, people, places, general, second):
    client, data = sign_in(people.staff), terms(places.community, second)
    first = client.post(url("adopt"), data)
    assert first.templates[0].name == "scoring/adoptions/adopt_settings.html"
    check = client.post(url("adopt"), data | {QUOTA: "20", "step": "check"})
    assert check.templates[0].name == "scoring/adoptions/check.html"
    assert Adoption.objects.count() == 1
    sent = dict(check.context["kept"])
    response = client.post(url("adopt"), sent | {"step": "confirm"})
    made = Adoption.objects.latest("pk")
    assert response.url == url("adoption", made.pk)
    assert (made.organization, made.version, made.settings) == (places.community, second, {"five_leads_percent": 20})
    assert (made.starts_on, made.position, made.adopted_by) == (NEXT, "", people.staff)


def test_adopt_back_to_the_first_step_and_on_keeps_the_settings(sign_in, people, places, general, second):
    client, data = sign_in(people.staff), terms(places.community, second)
    back = client.post(url("adopt"), data | {QUOTA: "20", "settings_of": second.pk, "step": "terms"})
    assert (dict(back.context["kept"]), back.context["settings_of"]) == ({QUOTA: "20"}, str(second.pk))
    on = client.post(url("adopt"), data | {QUOTA: "20", "settings_of": second.pk})
    assert on.context["form"]["five_leads_percent"].value() == "20"
    other = client.post(url("adopt"), data | {QUOTA: "20", "settings_of": general.version_id})
    assert other.context["form"]["five_leads_percent"].value() == 10


@pytest.mark.parametrize(("step", "page"), [("terms", "adopt"), ("settings", "adopt_settings")])
def test_adopt_step_back_keeps_what_was_written(sign_in, people, places, general, second, step, page):
    data = terms(places.community, second) | {QUOTA: "20", "step": step}
    response = sign_in(people.staff).post(url("adopt"), data)
    assert response.templates[0].name == f"scoring/adoptions/{page}.html"
    value = {"adopt": str(places.community.pk), "adopt_settings": "20"}[page]
    assert f'value="{value}"' in response.content.decode()


def test_adopt_keeps_settings_in_force(sign_in, people, places, adopted, second):
    Adoption.objects.create(
        organization=places.community, version=adopted, starts_on=make.LONG_AGO, settings={"five_leads_percent": 30}
    )
    planned = Adoption(organization=places.branch, version=second, starts_on=NEXT)
    assert services.settings_to_keep(planned) == {"five_leads_percent": 30}


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"organization": ""}, "这一项没有填,请补上。"),
        ({"version": ""}, "这一项没有填,请补上。"),
        ({"starts_on": "2025-03-01"}, "没有这一项,请从列表里选。"),
        ({"position": "nobody"}, "没有这一项,请从列表里选。"),
        ({QUOTA: "0"}, "「“五带头”推荐名额占人数的百分比」要是 1 到 100 的数,现在是「0」。"),
        ({QUOTA: "很多"}, "「“五带头”推荐名额占人数的百分比」要是 1 到 100 的数,现在是「很多」。"),
        (
            {"position": "secretary"},
            "和平社区党总支的全体党员从 2025-07-01 起已经按《社区党员量化管理办法》考核,不用再为任职单独采用。",
        ),
    ],
)
def test_adopt_refuses_bad_input(sign_in, people, places, general, second, fields, sentence):
    data = terms(places.community, second) | {"step": "confirm"} | fields
    response = sign_in(people.staff).post(url("adopt"), data)
    assert (response.status_code, sentences(response)) == (400, [sentence])
    assert Adoption.objects.count() == 1


def test_adopt_offers_no_foreign_place_no_group_no_draft(sign_in, people, places, general, second):
    SchemeVersion.objects.filter(pk=second.pk).update(status="draft")
    group = make.organization("第一小组", "group", places.branch)
    form = sign_in(people.staff).get(url("adopt")).context["form"]
    assert {places.foreign, group} & set(form.fields["organization"].queryset) == set()
    offered = {value for value, _ in form.fields["version"].choices}
    assert (str(general.version_id) in offered, str(second.pk) in offered) == (True, False)


@pytest.mark.parametrize(
    ("closed_at", "refused"), [("street", True), ("branch", True), ("cousin", False), ("foreign", False)]
)
def test_adopt_into_a_closed_period_is_refused(places, second, general, closed_at, refused):
    place = getattr(places, closed_at)
    half = datetime.date(2025, 1, 1), datetime.date(2025, 6, 30)
    ClosedPeriod.objects.create(organization=place, title="2025 年上半年", starts_on=half[0], ends_on=half[1])
    planned = Adoption(organization=places.community, version=second, starts_on=half[0])
    if refused:
        with pytest.raises(ValidationError) as error:
            services.adopt_version(planned, actor=None)
        said = f"{place}的2025 年上半年考核已经办结。《社区党员量化管理办法》按半年考核,最早从 2025-07-01 起。"
        assert error.value.message_dict == {"starts_on": [said]}
    else:
        assert services.adopt_version(planned, actor=None).pk


def test_adopt_a_yearly_scheme_waits_for_a_whole_year(sign_in, people, places, general):
    """With one half settled the year cannot be scored as a whole: the next one is named, and offered."""
    yearly = next(version for version in install_schemes() if version.scheme.cycle == "year")
    half = datetime.date(2025, 1, 1), datetime.date(2025, 6, 30)
    ClosedPeriod.objects.create(organization=places.street, title="2025 年上半年", starts_on=half[0], ends_on=half[1])
    client = sign_in(people.staff)
    response = client.post(url("adopt"), terms(places.community, yearly, starts_on="2025-01-01"))
    assert sentences(response) == [
        f"和平街道党工委的2025 年上半年考核已经办结。《{yearly.title}》按年考核,最早从 2026-01-01 起。"
    ]
    offered = response.context["form"].fields["starts_on"].choices
    assert ("2026-01-01", "2026 年 1 月 1 日(上半年,或全年)") in offered
    data = terms(places.community, yearly, starts_on="2026-01-01", step="confirm")
    assert client.post(url("adopt"), data).status_code == 302


@pytest.mark.parametrize(
    ("place", "position", "refused"),
    [
        ("community", "committee_member", True),
        ("street", "committee_member", True),
        ("branch", "committee_member", True),
        ("branch", "secretary", False),
        ("other_community", "committee_member", False),
    ],
)
def test_adopt_for_two_positions_is_refused(places, general, place, position, refused):
    """A round has one part for each branch, so a scheme is added for the holders of one position only."""
    yearly = next(version for version in install_schemes() if version.scheme.cycle == "year")
    special = Adoption.objects.create(
        organization=places.community, version=yearly, position="secretary", starts_on=make.LONG_AGO
    )
    planned = Adoption(organization=getattr(places, place), version=yearly, position=position, starts_on=LATER)
    if refused:
        with pytest.raises(ValidationError) as error:
            services.require_adoptable(planned)
        said = f"《{yearly.title}》在和平社区党总支已经用于党组织书记。一个方案只能另加给一种任职,请先停用那一次采用。"
        assert error.value.message_dict == {"position": [said]}
        Adoption.objects.filter(pk=special.pk).update(ends_on=LATER - datetime.timedelta(1))
    services.require_adoptable(planned)


def test_adopt_twice_from_the_same_day_is_refused(places, second, general):
    services.adopt_version(Adoption(organization=places.community, version=second, starts_on=NEXT), actor=None)
    with pytest.raises(ValidationError) as error:
        services.adopt_version(Adoption(organization=places.community, version=second, starts_on=NEXT), actor=None)
    said = f"和平社区党总支从 2025-07-01 起已经采用{second},请选别的周期。"
    assert error.value.message_dict == {"starts_on": [said]}


def test_adopt_a_draft_is_refused(places, second, general):
    second.status = "draft"
    with pytest.raises(ValidationError, match="还是草稿,发布以后才能采用。"):
        services.require_adoptable(Adoption(organization=places.community, version=second, starts_on=NEXT))


def test_adopt_needs_street_staff(sign_in, people, general):
    for user in (people.secretary, people.general, people.auditor, people.administrator, people.member):
        assert sign_in(user).get(url("adopt")).status_code == 403


# The check page ----------------------------------------------------------------------------------


def test_effect_counts_who_is_concerned(places, people, general, second, half):
    Adoption.objects.create(organization=places.sibling, version=general.version, starts_on=make.LONG_AGO)
    waiting = Adoption.objects.create(organization=places.community, version=second, starts_on=LATER)
    planned = Adoption(organization=places.community, version=second, starts_on=datetime.date(2025, 1, 1))
    effect = adoption_effects.effect_of(planned)
    assert effect.branches == [places.branch]
    assert effect.members == 2
    assert effect.before == [(general, 1)]
    assert effect.keeping == [places.sibling]
    assert effect.until == waiting
    assert effect.rounds == [("和平街道党工委", half.period)]


def test_effect_of_a_position_counts_its_holders(places, people, general, second):
    Position.objects.create(member=people.zhang, organization=places.branch, title="secretary", starts_on=make.LONG_AGO)
    planned = Adoption(organization=places.street, version=second, position="secretary", starts_on=NEXT)
    effect = adoption_effects.effect_of(planned)
    assert (effect.members, effect.before) == (1, [(None, 3)])


def test_effect_counts_entries_that_lose_their_clause(places, people, general):
    other = SimpleNamespace(entry_titles={"bonus.emergency": ""}, cycle="half_year")
    for item in ("bonus.emergency", "bonus.activity"):
        make.entry(people.zhang, item, version=general.version, date=TODAY, note="事由", declared_by=people.secretary)
    planned = Adoption(organization=places.street, starts_on=datetime.date(2025, 1, 1))
    planned._state.fields_cache["version"] = SimpleNamespace(scheme=other)
    assert adoption_effects.effect_of(planned).unknown == 1


def test_check_page_says_what_changes(sign_in, people, places, general, second, half):
    Adoption.objects.create(organization=places.community, version=second, starts_on=LATER)
    data = terms(places.community, second, starts_on="2025-01-01") | {"step": "check"}
    page = sign_in(people.staff).post(url("adopt"), data).content.decode()
    for words in ("2 个支部,3 名党员", "只管到 2026-01-01 以前", "和平街道党工委 2025 年上半年"):
        assert words in page


def test_check_page_cautions_where_nothing_would_change(sign_in, people, places, general):
    data = terms(places.street, general.version) | {"step": "check"}
    page = sign_in(people.staff).post(url("adopt"), data).content.decode()
    assert "本来就按《社区党员量化管理办法》第 1 版、同样的设定计分,再采用一次,分数没有变化。" in page
    below = sign_in(people.staff).post(url("adopt"), data | {"organization": places.community.pk}).content.decode()
    assert "分数没有变化,只是以后上级改用别的方案时,这里不再跟着改。" in below
    other = sign_in(people.staff).post(url("adopt"), data | {QUOTA: "20"}).content.decode()
    assert "请再看一看" not in other


def test_check_page_cautions_where_a_posts_scheme_is_for_everybody(sign_in, people, places, general):
    install_schemes()
    inspector = SchemeVersion.objects.get(code="village-inspector")
    data = terms(places.community, inspector, starts_on="2026-01-01") | {"step": "check"}
    page = sign_in(people.staff).post(url("adopt"), data).content.decode()
    assert "《村级纪检委员考核办法》是考核纪检委员的,现在选的是用于全体党员:3 人都会按它计分" in page
    page = sign_in(people.staff).post(url("adopt"), data | {"position": "discipline_member"}).content.decode()
    assert "请再看一看" not in page


# Settings ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["secretary", "staff"])
def test_edit_settings_makes_a_new_adoption(sign_in, people, own, who):
    user = getattr(people, who)
    client, data = sign_in(user), {QUOTA: "12.5", "starts_on": NEXT.isoformat()}
    check = client.post(url("edit_settings", own.pk), data | {"step": "check"})
    assert [(row.words, before) for row, before in check.context["rows"]] == [("12.50", "10")]
    assert Adoption.objects.filter(organization=own.organization).count() == 1
    client.post(url("edit_settings", own.pk), data | {"step": "confirm"})
    made = Adoption.objects.get(organization=own.organization, starts_on=NEXT)
    assert (made.settings, made.version, made.adopted_by) == ({"five_leads_percent": "12.5"}, own.version, user)
    own.refresh_from_db()
    assert own.settings == {}


def test_edit_settings_back_to_the_schemes_own_stores_nothing(people, places, adopted, sign_in):
    own = Adoption.objects.create(
        organization=places.branch, version=adopted, starts_on=make.LONG_AGO, settings={"five_leads_percent": 20}
    )
    data = {QUOTA: "10", "starts_on": NEXT.isoformat(), "step": "confirm"}
    sign_in(people.secretary).post(url("edit_settings", own.pk), data)
    assert Adoption.objects.get(organization=places.branch, starts_on=NEXT).settings == {}


def test_edit_settings_of_one_that_has_not_begun_changes_it(people, own):
    planned = services.change_settings(own, {"five_leads_percent": 20}, NEXT, actor=people.secretary)
    again = services.change_settings(own, {"five_leads_percent": 30}, NEXT, actor=people.secretary)
    assert (again.pk, again.settings) == (planned.pk, {"five_leads_percent": 30})


def test_edit_settings_over_a_new_version_is_refused(people, places, own, second):
    Adoption.objects.create(organization=places.branch, version=second, starts_on=NEXT)
    with pytest.raises(ValidationError) as error:
        services.change_settings(own, {"five_leads_percent": 20}, NEXT, actor=people.secretary)
    said = f"从 2025-07-01 起已经办好采用{second},请到那一次采用里改设定。"
    assert error.value.message_dict == {"starts_on": [said]}


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({QUOTA: "101"}, "「“五带头”推荐名额占人数的百分比」要是 1 到 100 的数,现在是「101」。"),
        ({QUOTA: "1.234"}, "「“五带头”推荐名额占人数的百分比」要是 1 到 100 的数,现在是「1.234」。"),
        ({QUOTA: "10"}, "设定没有改动。请先改,再核对。"),
        ({"starts_on": "2000-01-01"}, "没有这一项,请从列表里选。"),
        ({"starts_on": ""}, "这一项没有填,请补上。"),
    ],
)
def test_edit_settings_refuses_bad_input(sign_in, people, own, fields, sentence):
    data = {QUOTA: "20", "starts_on": NEXT.isoformat(), "step": "confirm"} | fields
    response = sign_in(people.secretary).post(url("edit_settings", own.pk), data)
    assert (response.status_code, sentences(response)) == (400, [sentence])
    assert Adoption.objects.count() == 2


@pytest.mark.parametrize(("total", "stored"), [("96", True), ("95", False)])
def test_edit_settings_runs_the_units_cases(sign_in, people, places, own, total, stored):
    WorkedCase.objects.create(
        code=own.version.code, organization=places.branch, name="five-of-ten", document=CASE % total,
        created_by=people.secretary,
    )  # fmt: skip
    data = {QUOTA: "20", "starts_on": NEXT.isoformat(), "step": "confirm"}
    response = sign_in(people.secretary).post(url("edit_settings", own.pk), data)
    assert Adoption.objects.filter(starts_on=NEXT).exists() == stored
    if not stored:
        assert sentences(response) == [
            "本单位的算例和新的设定不符,请改设定,或先改算例。",
            "five-of-ten · zhang · 总分:应为 95,算得 96",
        ]


def test_edit_settings_leaves_other_units_cases_alone(people, places, own):
    WorkedCase.objects.create(
        code=own.version.code, organization=places.sibling, name="five-of-ten", document=CASE % 95,
        created_by=people.secretary,
    )  # fmt: skip
    assert services.failing_cases(own) == []


@pytest.mark.parametrize(
    ("who", "status"),
    [("staff", 200), ("secretary", 200), ("general", 403), ("leader", 403), ("auditor", 403), ("outsider", 404)],
)
def test_edit_settings_is_for_the_unit_and_the_street(sign_in, people, own, who, status):
    assert sign_in(getattr(people, who)).get(url("edit_settings", own.pk)).status_code == status


def test_edit_settings_of_the_street_is_not_the_branchs(sign_in, people, general):
    client = sign_in(people.secretary)
    assert client.get(url("adoption", general.pk)).status_code == 200
    assert client.get(url("edit_settings", general.pk)).status_code == 403


# In use, and not yet ----------------------------------------------------------------------------


def test_withdraw_one_that_has_not_begun(sign_in, people, places, second, general):
    planned = Adoption.objects.create(organization=places.branch, version=second, starts_on=NEXT)
    assert sign_in(people.secretary).post(url("withdraw_adoption", planned.pk)).status_code == 403
    assert sign_in(people.outsider).post(url("withdraw_adoption", planned.pk)).status_code == 404
    assert sign_in(people.staff).post(url("withdraw_adoption", planned.pk)).url == url("adoptions")
    assert list(Adoption.objects.all()) == [general]


def test_withdraw_one_in_use_is_refused(sign_in, people, general):
    response = sign_in(people.staff).post(url("withdraw_adoption", general.pk), follow=True)
    assert "已经从 2000-01-01 起用,不能撤回。" in response.content.decode()
    assert list(Adoption.objects.all()) == [general]


def _save(adoption):
    adoption.settings = {"five_leads_percent": 50}
    adoption.save()


@pytest.mark.parametrize(
    "change",
    [
        _save,
        Adoption.delete,
        services.withdraw_adoption,
        lambda adoption: Adoption.objects.filter(pk=adoption.pk).update(settings={}),
        lambda adoption: Adoption.objects.all().delete(),
        lambda adoption: Adoption.objects.bulk_update([adoption], ["settings"]),
        lambda adoption: Adoption.objects.update_or_create(pk=adoption.pk, defaults={"settings": {"a": 1}}),
    ],
)
def test_adoption_in_use_stays_as_it_is(general, change):
    with pytest.raises(ValidationError, match="2000-01-01 起"), transaction.atomic():
        change(general)
    stored = Adoption.objects.get()
    assert (stored.pk, stored.settings, stored.starts_on) == (general.pk, {}, make.LONG_AGO)


def test_adoption_that_has_not_begun_may_change(places, second):
    planned = Adoption.objects.create(organization=places.branch, version=second, starts_on=NEXT)
    _save(planned)
    assert Adoption.objects.filter(pk=planned.pk).update(settings={}) == 1
    planned.delete()
    assert not Adoption.objects.filter(starts_on=NEXT).exists()


# Ending -----------------------------------------------------------------------------------------

LAST = datetime.date(2025, 6, 30)


def in_force(place, day, position=""):
    return Adoption.objects.filter(position=position).nearest([place], day).get(place)


def test_end_returns_to_the_inherited_scheme(sign_in, people, places, general, own):
    client, data = sign_in(people.staff), {"starts_on": NEXT.isoformat()}
    assert client.get(url("end_adoption", own.pk)).context["form"]["starts_on"].value() == NEXT.isoformat()
    check = client.post(url("end_adoption", own.pk), data | {"step": "check"})
    assert "按上级采用的" in check.content.decode()
    assert check.context["effect"].before == [(own, 1)]
    assert Adoption.objects.get(pk=own.pk).ends_on is None
    response = client.post(url("end_adoption", own.pk), dict(check.context["kept"]) | {"step": "confirm"})
    assert response.url == url("adoption", own.pk)
    own.refresh_from_db()
    assert (own.ends_on, own.ended_by) == (LAST, people.staff)
    assert [in_force(places.branch, day) for day in (LAST, NEXT)] == [own, general]


def test_end_does_not_bring_back_an_earlier_adoption(places, general, own, second):
    newer = Adoption.objects.create(organization=places.branch, version=second, starts_on=datetime.date(2025, 1, 1))
    Adoption.objects.filter(pk=newer.pk).update(ends_on=LAST)
    assert [in_force(places.branch, day) for day in (datetime.date(2024, 5, 1), LAST, NEXT)] == [own, newer, general]
    assert Adoption.objects.under_scheme([places.branch], general.version.code, NEXT) == {places.branch: general}


def test_end_of_a_position_leaves_nothing_added(sign_in, people, places, general):
    yearly = next(version for version in install_schemes() if version.scheme.cycle == "year")
    special = Adoption.objects.create(
        organization=places.street, version=yearly, position="secretary", starts_on=make.LONG_AGO
    )
    data = {"starts_on": LATER.isoformat(), "step": "check"}
    client = sign_in(people.staff)
    assert "不再另外考核党组织书记" in client.post(url("end_adoption", special.pk), data).content.decode()
    client.post(url("end_adoption", special.pk), data | {"step": "confirm"})
    assert in_force(places.branch, LATER, "secretary") is None
    assert Adoption.objects.under_scheme([places.branch], yearly.code, LATER) == {}
    assert Adoption.objects.codes_in_force(places.street, LATER) == [general.version.code]


def test_end_is_shown_in_the_tree_before_it_comes(sign_in, people, places, general, own):
    Adoption.objects.filter(pk=own.pk).update(ends_on=LAST)
    [row] = sign_in(people.secretary).get(url("adoptions")).context["rows"]
    assert (row.adoption, row.ending) == (own, [own])
    assert "2025-07-01 起按上级的方案" in sign_in(people.secretary).get(url("adoptions")).content.decode()


def test_end_that_has_come_shows_the_inherited_scheme(sign_in, people, places, general, own):
    Adoption.objects.filter(pk=own.pk).update(ends_on=datetime.date(2024, 12, 31))
    [row] = sign_in(people.secretary).get(url("adoptions")).context["rows"]
    assert (row.adoption, row.ending) == (general, [])
    page = sign_in(people.staff).get(url("adoption", own.pk))
    assert (page.context["may_end"], page.context["may_edit"]) == (False, False)


def test_end_may_be_taken_back_until_it_comes(sign_in, people, own):
    client = sign_in(people.staff)
    Adoption.objects.filter(pk=own.pk).update(ends_on=LAST, ended_by=people.staff)
    client.post(url("keep_adoption", own.pk))
    own.refresh_from_db()
    assert (own.ends_on, own.ended_by) == (None, None)
    Adoption.objects.filter(pk=own.pk).update(ends_on=datetime.date(2024, 12, 31))
    response = client.post(url("keep_adoption", own.pk), follow=True)
    assert "已经用到 2024-12-31 为止。要再用,请重新采用。" in response.content.decode()
    own.refresh_from_db()
    assert own.has_ended


def test_end_changes_nothing_else(general, own):
    with pytest.raises(ValidationError):
        Adoption.objects.filter(pk=own.pk).update(ends_on=LAST, settings={"a": 1})


def test_end_refuses_a_settled_period(sign_in, people, places, general, own):
    half = datetime.date(2025, 1, 1), LAST
    ClosedPeriod.objects.create(organization=places.street, title="2025 年上半年", starts_on=half[0], ends_on=half[1])
    data = {"starts_on": "2025-01-01", "step": "confirm"}
    response = sign_in(people.staff).post(url("end_adoption", own.pk), data)
    said = "和平街道党工委的2025 年上半年考核已经办结。《社区党员量化管理办法》按半年考核,最早从 2025-07-01 起。"
    assert (response.status_code, sentences(response)) == (400, [said])


def test_end_refuses_a_day_within_the_inherited_schemes_year(places, adopted, own):
    yearly = next(version for version in install_schemes() if version.scheme.cycle == "year")
    Adoption.objects.create(organization=places.community, version=yearly, starts_on=make.LONG_AGO)
    with pytest.raises(ValidationError, match="按年考核,要从一个周期的第一天起,不能从 2025-07-01 起。"):
        services.end_adoption(own, NEXT, actor=None)
    services.end_adoption(own, LATER, actor=None)


def test_end_without_anything_above_is_refused(people, general):
    with pytest.raises(ValidationError, match="上级没有采用方案,停用以后就没有方案计分了。请改为采用别的方案。"):
        services.end_adoption(general, NEXT, actor=people.staff)


def test_end_is_offered_where_there_is_something_to_return_to(sign_in, people, general, own):
    client = sign_in(people.staff)
    assert [client.get(url("adoption", one.pk)).context["may_end"] for one in (general, own)] == [False, True]


def test_end_before_a_later_adoption_is_refused(places, general, own, second):
    Adoption.objects.create(organization=places.branch, version=second, starts_on=LATER)
    with pytest.raises(ValidationError, match=f"从 2026-01-01 起已经办好采用{second},请到那一次采用里办理。"):
        services.end_adoption(own, NEXT, actor=None)


def test_end_goes_along_with_other_settings(people, general, own):
    services.end_adoption(own, LATER, actor=people.staff)
    own.refresh_from_db()
    changed = services.change_settings(own, {"five_leads_percent": 20}, NEXT, actor=people.secretary)
    assert (changed.ends_on, changed.ended_by) == (datetime.date(2025, 12, 31), people.staff)
    with pytest.raises(ValidationError, match="这次采用只用到 2025-12-31,不能从以后的周期起改设定。"):
        services.change_settings(own, {"five_leads_percent": 30}, LATER, actor=people.secretary)


def test_end_is_for_the_street(sign_in, people, own):
    for name in ("end_adoption", "keep_adoption"):
        assert sign_in(people.secretary).post(url(name, own.pk)).status_code == 403
        assert sign_in(people.outsider).post(url(name, own.pk)).status_code == 404


# Other kinds of settings --------------------------------------------------------------------------

SCHOOL = "school-four-standards"


@pytest.fixture
def school(places):
    """A scheme that leaves marks, grade bands and simplified items to the branch; adopted by it long ago."""
    version = next(version for version in install_schemes() if version.code == SCHOOL)
    return Adoption.objects.create(organization=places.branch, version=version, starts_on=make.LONG_AGO)


def bands(*rows):
    """Fields of the rows: grade and points."""
    fields = {}
    for row, (grade, limit) in enumerate(rows):
        fields |= {f"set-grades-grade-{row}": grade, f"set-grades-from-{row}": limit}
    return fields


@pytest.mark.parametrize(
    ("fields", "settings"),
    [
        (
            bands(("excellent", "85.5"), ("qualified", "60"), ("unqualified", "")),
            {
                "grades": [
                    {"grade": "excellent", "at_least": "85.5"},
                    {"grade": "qualified", "at_least": 60},
                    {"grade": "unqualified", "at_least": None},
                ]
            },
        ),
        ({"set-simplified-elderly": ["base.role"]}, {"simplified": {"elderly": ["base.role"]}}),
        ({"set-study_missed": "3"}, {"study_missed": 3}),
    ],
)
def test_edit_settings_of_every_kind(sign_in, people, school, fields, settings):
    data = {"starts_on": LATER.isoformat(), "step": "confirm"} | fields
    sign_in(people.secretary).post(url("edit_settings", school.pk), data)
    assert Adoption.objects.latest("pk").settings == settings


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        (
            bands(("excellent", "90"), ("", "75"), ("unqualified", "")),
            "等次有空档:75 分到 90 分没有等次。请选等次,或删去起点分。",
        ),
        (
            bands(("excellent", "90"), ("qualified", "60")),
            "等次有空档:低于 60 分没有等次。请在最后加上「不合格」,起点分留空。",
        ),
        (
            bands(("excellent", "90"), ("qualified", ""), ("unqualified", "")),
            "「合格」没有写从多少分起,只有最后一等可以留空。",
        ),
        (
            bands(("excellent", "90"), ("excellent", "80"), ("unqualified", "")),
            "「优秀」选了两次,请改一个。",
        ),
        (
            bands(("excellent", "60"), ("qualified", "90"), ("unqualified", "")),
            "「合格」的起点分 90 应小于上面一等的 60。",
        ),
        (
            bands(("unqualified", "95"), ("qualified", "80"), ("excellent", "")),
            ["「合格」应写在「不合格」前面:等次从高到低写。", "「优秀」应写在「不合格」前面:等次从高到低写。"],
        ),
        (
            bands(("excellent", "abc"), ("qualified", "60"), ("unqualified", "")),
            "起点分要写 0 到 1000 的数,最多两位小数,现在是「abc」。",
        ),
        (
            bands(("excellent", "90.123"), ("qualified", "-60"), ("unqualified", "")),
            [f"起点分要写 0 到 1000 的数,最多两位小数,现在是「{wrong}」。" for wrong in ("90.123", "-60")],
        ),
        (
            {"set-politics_full": "50"},
            "总分写的满分是 100,各部分合计是 130(权重要合计 100%),请改成一致。",
        ),
        ({"set-simplified-elderly": ["bonus.honor"]}, "没有这一项,请从列表里选。"),
    ],
)
def test_edit_settings_of_every_kind_refuses_bad_input(sign_in, people, school, fields, sentence):
    data = {"starts_on": LATER.isoformat(), "step": "confirm"} | fields
    response = sign_in(people.secretary).post(url("edit_settings", school.pk), data)
    expected = [sentence] if isinstance(sentence, str) else sentence
    assert (response.status_code, sentences(response)) == (400, expected)
    assert Adoption.objects.count() == 1


def test_gap_below_the_last_band_is_marked_on_the_row_that_is_missing(sign_in, people, school):
    data = {"starts_on": LATER.isoformat(), "step": "check"} | bands(("excellent", "90"), ("qualified", "60"))
    form = sign_in(people.secretary).post(url("edit_settings", school.pk), data).context["form"]
    assert list(form.errors) == ["grades-grade-2"]


def test_settings_name_their_article_and_reading(school):
    rows = {row.setting.code: row for row in setting_rows(school.version.scheme, {})}
    assert [rows[code].article.id for code in ("politics_full", "absent", "grades", "simplified")] == [
        "5",
        "6.1",
        "13.1",
        "4.3",
    ]
    assert all(row.reading for row in rows.values())


# From the command line ----------------------------------------------------------------------------


def test_adopt_scheme_takes_an_edition_and_a_position(places, adopted, second):
    place, code = places.other_street.name, adopted.code
    call_command("adopt_scheme", place, code, "2025-07-01", "--edition", "1")
    assert Adoption.objects.get(organization=places.other_street).version == adopted
    with pytest.raises(CommandError, match="不用再为任职单独采用"):
        call_command("adopt_scheme", place, code, "2025-07-01", "--position", "secretary")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("2025-07-02",), "要从一个周期的第一天起用,不能从 2025-07-02 起。"),
        (("2025-07-01", "--edition", "3"), "「community-half-year」没有已发布的第 3 版。"),
    ],
)
def test_adopt_scheme_refuses(places, adopted, words, sentence):
    with pytest.raises(CommandError, match=sentence):
        call_command("adopt_scheme", places.other_street.name, adopted.code, *words)
    assert not Adoption.objects.filter(organization=places.other_street).exists()
