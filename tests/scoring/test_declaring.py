"""Declaring where several schemes are in force: which are offered, who is scored under which, in whose words."""

import dataclasses
import datetime

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.urls import reverse

from members.models import Organization, Position
from scoring import services
from scoring.declaring import Desk, search_clauses
from scoring.models import Adoption, Entry, SchemeVersion, UnitDocument
from tests import factories as make
from tests.declaring import declare

TODAY = datetime.date(2025, 6, 18)
GENERAL, VILLAGE = "community-half-year", "village-inspector"
NOTED = "supervision.plan"
FIELDS = {"date": "2025-04-03", "points": "0.5", "note": "工作计划晚交了一周"}


@pytest.fixture(autouse=True)
def _today(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.localdate", lambda *args: TODAY)


def hold(person, starts_on=make.LONG_AGO, ends_on=None):
    branch = person.memberships.get().organization
    fields = {"title": "discipline_member", "starts_on": starts_on, "ends_on": ends_on}
    return Position.objects.create(member=person, organization=branch, **fields)


@pytest.fixture
def village(adopted, places, people):
    """Those in charge of discipline are scored under a scheme of their own; Zhang and Liu are."""
    version = SchemeVersion.objects.get(code=VILLAGE)
    Adoption.objects.create(
        organization=places.street, version=version, position="discipline_member", starts_on=make.LONG_AGO
    )
    hold(people.zhang)
    hold(people.liu)
    return version


@pytest.fixture
def yearly(village, places):
    """The sibling branch is scored under a third scheme."""
    version = SchemeVersion.objects.get(code="street-annual")
    Adoption.objects.create(organization=places.sibling, version=version, starts_on=make.LONG_AGO)
    return version


def page(client, scheme="", **query):
    return client.get(reverse("scoring:add", query=query | ({"scheme": scheme} if scheme else {})))


def offered(response):
    return [adoption.version.code for adoption in response.context["adoptions"]]


def form_address(item=NOTED, scheme=VILLAGE, **query):
    return reverse("scoring:add_item", args=[item], query={"scheme": scheme} | query)


def picked(client, *args, **query):
    """Names that the form offers."""
    choices = client.get(form_address(*args, **query)).context["form"].fields["member"].choices
    return [name for pk, name in choices if pk]


# What counts ------------------------------------------------------------------------------------


def test_adoption_of_everybody_without_a_scheme(people, village, adopted):
    assert services.adoption_for(people.zhang, TODAY).version == adopted


def test_adoption_of_a_position_by_its_scheme(people, village):
    assert services.adoption_for(people.zhang, TODAY, village).position == "discipline_member"


def test_scheme_that_a_member_is_not_scored_under_names_the_one_that_is(people, village):
    with pytest.raises(ValidationError) as refused:
        services.adoption_for(people.wang, TODAY, village)
    assert refused.value.messages == [
        "王志强在 2025-06-18 按《社区党员量化管理办法》考核,不按《村级纪检委员考核办法》。请核对党员和日期。"
    ]


@pytest.mark.parametrize(
    ("starts_on", "ends_on", "counts"),
    [
        (datetime.date(2025, 1, 1), None, True),
        (datetime.date(2025, 1, 2), None, False),
        (make.LONG_AGO, datetime.date(2025, 1, 1), True),
        (make.LONG_AGO, datetime.date(2024, 12, 31), False),
    ],
)
def test_position_counts_by_the_first_day_of_the_period(people, village, starts_on, ends_on, counts):
    hold(people.wang, starts_on, ends_on)
    assert (VILLAGE in services.adoptions_of(people.wang, TODAY)) == counts


def test_position_under_the_scheme_of_everybody_counts_once(people, places, village):
    own = Adoption.objects.create(organization=places.branch, version=village, starts_on=make.LONG_AGO)
    assert services.adoptions_of(people.zhang, TODAY) == {VILLAGE: own}


def test_day_before_the_scheme_refuses_its_clause(sign_in, people, places, village):
    version = SchemeVersion.objects.get(code="street-annual")
    Adoption.objects.create(organization=places.branch, version=version, starts_on=datetime.date(2025, 1, 1))
    response = sign_in(people.secretary).post(
        form_address("volunteer.labour", "street-annual", member=people.zhang.pk),
        {"date": "2024-12-30", "member": people.zhang.pk, "quantity": 1, "note": "义务劳动"},
    )
    assert response.context["form"].errors["date"] == [
        "张建国在 2024-12-30 按《社区党员量化管理办法》和《村级纪检委员考核办法》考核,"
        f"不按《{version.title}》。请核对党员和日期。"
    ]
    assert not Entry.objects.exists()


def test_clause_of_a_later_version_is_refused_for_an_earlier_day(people, adopted):
    later = SchemeVersion.objects.get(code="street-annual").scheme.entry_items[0]
    entry = Entry(member=people.zhang, date=TODAY, note="记功")
    with pytest.raises(ValidationError, match=f"其中没有「{later.title}」这一条"):
        services.declare_entry(entry, later, actor=people.secretary)


def test_clause_that_asked_other_things_then_is_refused(people, adopted):
    asking = dataclasses.replace(adopted.item("bonus.public_good"), needs=frozenset({"points"}))
    entry = Entry(member=people.zhang, date=TODAY, note="义诊")
    with pytest.raises(ValidationError, match="那一版的「参加公益事业」要填的内容不同"):
        services.declare_entry(entry, asking, actor=people.secretary)
    assert not Entry.objects.exists()


# What is offered --------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["secretary", "staff", "discipline"])
def test_schemes_in_force_are_offered_by_title(sign_in, people, village, role):
    response = page(sign_in(getattr(people, role)))
    assert offered(response) == [GENERAL, VILLAGE]
    assert "换方案" in response.content.decode()


def test_staff_choose_among_the_schemes_of_all_branches(sign_in, people, yearly):
    assert offered(page(sign_in(people.staff))) == [GENERAL, "street-annual", VILLAGE]
    assert offered(page(sign_in(people.secretary))) == [GENERAL, VILLAGE]


def test_one_scheme_is_no_choice(sign_in, people, adopted):
    assert "换方案" not in page(sign_in(people.secretary)).content.decode()


def test_scheme_of_a_post_that_nobody_holds_is_not_offered(sign_in, people, village):
    Position.objects.all().delete()
    assert offered(page(sign_in(people.staff))) == [GENERAL]


def test_member_declares_under_a_scheme_with_merits_only(sign_in, people, village):
    assert offered(page(sign_in(people.member))) == [GENERAL]
    assert sign_in(people.member).get(form_address()).status_code == 404


def test_member_is_not_offered_the_schemes_of_others(sign_in, people, yearly):
    assert page(sign_in(people.member), "street-annual").status_code == 404


def test_scheme_of_another_street_is_not_there(sign_in, people, places, village):
    version = SchemeVersion.objects.get(code="street-annual")
    Adoption.objects.create(organization=places.foreign, version=version, starts_on=make.LONG_AGO)
    assert page(sign_in(people.staff), "street-annual").status_code == 404


def test_choice_stays_with_the_search_and_the_clause(sign_in, people, village):
    response = page(sign_in(people.discipline), VILLAGE, q="计划")
    assert response.context["adoption"].version.code == VILLAGE
    assert '<input type="hidden" name="scheme" value="village-inspector">' in response.content.decode()
    assert f"{reverse('scoring:add_item', args=[NOTED])}?scheme=village-inspector" in response.content.decode()


def test_scheme_that_cannot_be_read_is_passed_over(sign_in, people, village):
    text = village.definition.replace("full: 40", "full: 41")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE scoring_schemeversion SET definition = %s WHERE id = %s", [text, village.pk])
    assert offered(page(sign_in(people.staff))) == [GENERAL]


# Who can be picked ------------------------------------------------------------------------------


def test_form_offers_those_scored_under_the_scheme(sign_in, people, village):
    assert picked(sign_in(people.discipline)) == ["张建国", "刘淑芬"]
    assert picked(sign_in(people.secretary)) == ["张建国"]
    assert picked(sign_in(people.secretary), "bonus.honor", GENERAL) == ["张建国", "王志强"]


def test_form_leaves_out_branches_of_another_scheme(sign_in, people, yearly):
    assert picked(sign_in(people.staff), "bonus.honor", GENERAL) == ["张建国", "王志强"]


def test_members_of_a_group_are_scored_with_their_branch(sign_in, people, places, village):
    group = make.organization("第一党小组", "group", Organization.objects.get(pk=places.branch.pk))
    make.member("赵小组", group)
    assert picked(sign_in(people.secretary), "bonus.honor", GENERAL) == ["张建国", "王志强", "赵小组"]


def test_members_of_the_same_name_are_told_apart(sign_in, people, places, village):
    other = make.member("张建国", places.sibling)
    numbers = [person.number for person in (people.zhang, other)]
    assert picked(sign_in(people.staff), "bonus.honor", GENERAL) == [
        f"张建国({numbers[0]})", "王志强", "刘淑芬", f"张建国({numbers[1]})",
    ]  # fmt: skip


def test_picking_who_is_scored_otherwise_names_the_scheme(sign_in, people, village):
    response = sign_in(people.discipline).post(form_address(), FIELDS | {"member": people.wang.pk})
    assert response.status_code == 400
    assert response.context["form"].errors["date"] == [
        "王志强在 2025-04-03 按《社区党员量化管理办法》考核,不按《村级纪检委员考核办法》。请核对党员和日期。"
    ]
    assert not Entry.objects.exists()


def test_picking_somebody_elsewhere_is_refused(sign_in, people, places, village):
    hold(people.sun)
    response = sign_in(people.discipline).post(form_address(), FIELDS | {"member": people.sun.pk})
    assert response.context["form"].errors["member"]
    assert not Entry.objects.exists()


def test_many_are_typed_instead(sign_in, people, village, monkeypatch):
    monkeypatch.setattr("scoring.forms.LONGEST_LIST", 1)
    client = sign_in(people.discipline)
    response = client.post(form_address(), FIELDS | {"member": "王志强"})
    assert "不按《村级纪检委员考核办法》" in response.context["form"].errors["date"][0]
    declare(client, form_address(), FIELDS | {"member": "张建国"})
    assert Entry.objects.get().member == people.zhang


@pytest.mark.parametrize("more", [0, 2])
def test_pages_take_the_same_queries(sign_in, people, places, village, django_assert_num_queries, more):
    for number in range(more):
        hold(make.member(f"新人{number}", places.branch))
        make.organization(f"新支部{number}", "branch", Organization.objects.get(pk=places.community.pk))
    client = sign_in(people.discipline)
    page(client, VILLAGE)  # definitions are read once a process
    with django_assert_num_queries(PICK_QUERIES):
        page(client, VILLAGE)
    with django_assert_num_queries(FORM_QUERIES):
        client.get(form_address())


PICK_QUERIES, FORM_QUERIES = 10, 11  # with the count of the user's drafts


def test_definitions_are_not_read_again(people, village, monkeypatch):
    Desk.over_others(people.staff, TODAY)
    monkeypatch.setattr("scoring.engine.parse_scheme", None)
    assert len(Desk.over_others(people.staff, TODAY).adoptions) == 2


# The entry --------------------------------------------------------------------------------------


def test_entry_cites_the_words_of_the_adoption_for_the_post(sign_in, people, village):
    adoption = Adoption.objects.get(version=village)
    UnitDocument.objects.create(
        adoption=adoption,
        title="和平镇纪检委员考核细则",
        articles=[{"id": "8", "heading": "第八条 年度计划", "text": "年初交工作计划,晚交的记下。"}],
        mapping={village.item(NOTED).article: "8"},
        attached_by=people.staff,
    )
    client = sign_in(people.discipline)
    declare(client, form_address(), FIELDS | {"member": people.zhang.pk})
    entry = Entry.objects.get()
    response = client.get(reverse("scoring:entry", args=[entry.pk]))
    assert entry.version == village
    assert "年初交工作计划,晚交的记下。" in response.content.decode()


def test_entry_keeps_its_words_after_the_post_has_ended(sign_in, people, village):
    declare(sign_in(people.discipline), form_address(), FIELDS | {"member": people.zhang.pk})
    Position.objects.all().delete()
    response = sign_in(people.discipline).get(reverse("scoring:entry", args=[Entry.objects.get().pk]))
    assert response.context["article"].title == village.scheme.articles[village.item(NOTED).article].title


# Finding a clause -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("工作计划", True),
        ("gzjh", True),
        ("GZJH", True),
        ("计划 工作", True),
        ("计划,工作", True),
        ("计划 公开", False),
        ("gzjh 计划", True),
        ("gz jh", True),
        ("swgk", False),
        ("", True),
    ],
)
def test_search_by_words_and_initials(village, search, found):
    scheme = village.scheme
    rows = [(item, scheme.articles[item.article]) for item in scheme.entry_items]
    assert (NOTED in [item.code for item, _ in search_clauses(rows, search)]) == found


def test_search_initials_skip_quotation_marks(village):
    scheme = village.scheme
    rows = [(item, scheme.articles[item.article]) for item in scheme.entry_items]
    assert [item.code for item, _ in search_clauses(rows, "swgk")] == ["supervision.openness"]


# The way there ----------------------------------------------------------------------------------


def test_secretary_finds_what_the_own_branch_is_scored_under(sign_in, people, places, village):
    response = sign_in(people.secretary).get(reverse("scoring:schemes"))
    for adoption in Adoption.objects.all():
        assert reverse("scoring:adoption", args=[adoption.pk]) in response.content.decode()
    assert list(response.context["own"]) == [places.branch]
    assert not sign_in(people.staff).get(reverse("scoring:schemes")).context["own"]
