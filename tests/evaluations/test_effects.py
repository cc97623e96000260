"""What an entry would add: the engine's own answer, limits and all, before it is sent."""

import datetime
import re
from decimal import Decimal

import pytest
from django.urls import reverse

from evaluations.effects import effect_of
from evaluations.facts import gather
from scoring.engine import explain, score
from scoring.models import Adoption, Entry, EntryDraft, SchemeVersion
from tests import factories as make

APRIL = datetime.date(2025, 4, 20)
TODAY = datetime.date(2025, 6, 18)


@pytest.fixture(autouse=True)
def _today(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.localdate", lambda *args: TODAY)


def new(person, version, item="bonus.public_good", **fields):
    return Entry(member=person, version=version, item=item, date=APRIL, **fields)


def test_merit_adds_what_the_clause_names(people, half, adopted):
    effect = effect_of(new(people.zhang, adopted))
    assert (effect.headline, effect.reasons) == ("+5 分", [])
    assert effect.after.total - effect.before.total == 5
    assert effect.total_words == f"总分由 {effect.before.total:.2f} 到 {effect.after.total:.2f} 分。"


def test_effect_is_what_the_stored_entry_comes_to(people, places, half, adopted):
    promised = effect_of(new(people.zhang, adopted, "bonus.honor", level="street", note="获奖")).after
    make.entry(
        people.zhang, "bonus.honor", version=adopted, date=APRIL, level="street", status="approved",
        declared_by=people.secretary,
    )  # fmt: skip
    facts = gather([places.branch], half.period, adopted.scheme, member_id=people.zhang.pk)
    kept = explain(adopted.scheme, score(adopted.scheme, facts, half.period), people.zhang.pk)
    assert [(item.code, item.value) for item in promised.items] == [(item.code, item.value) for item in kept.items]
    assert (promised.total, promised.grade) == (kept.total, kept.grade)


def test_asking_stores_nothing(people, half, adopted):
    effect_of(new(people.zhang, adopted))
    assert not Entry.objects.exists()


def test_member_without_a_total_still_sees_the_points(people, half, adopted):
    effect = effect_of(new(people.wang, adopted))
    assert (effect.headline, effect.total_words) == ("+5 分", "资料还不全,现在算不出总分。")


def test_fault_takes_points(people, half, adopted):
    assert effect_of(new(people.zhang, adopted, "duties_basic.unfinished")).headline == "−5 分"


def test_fault_below_the_floor_takes_nothing_and_says_so(people, places, adopted):
    version = SchemeVersion.objects.get(code="school-four-standards")
    Adoption.objects.create(organization=places.branch, version=version, starts_on=make.LONG_AGO)
    fields = {"version": version, "date": APRIL, "status": "approved", "declared_by": people.secretary}
    make.entry(people.zhang, "role.commitment_unmet", quantity=20, **fields)
    effect = effect_of(new(people.zhang, version, "role.commitment_unmet"))
    assert effect.headline == "不再扣分"
    assert effect.reasons == [f"按条款是 {effect.line.effect} 分。这一项已到下限,不再扣。"]


def test_verdict_names_the_grade(people, half, adopted):
    assert effect_of(new(people.zhang, adopted, "direct.obstruct")).headline == "定为「不合格」"


def test_record_says_that_it_does_not_count(people, half, adopted):
    assert effect_of(new(people.zhang, adopted, "record.illegal_building")).headline == "只作记录,不计分"


def capped():
    """Every shipped clause that adds, of an item with a cap or in a part with one."""
    from scoring.engine import load_scheme
    from scoring.services import SCHEMES

    for folder in sorted(path.parent for path in SCHEMES.glob("*/definition.yaml")):
        scheme = load_scheme(folder)
        limited = {item.code for item in scheme.items if item.cap}
        limited |= {item.code for item in scheme.items for part in scheme.parts if part.code == item.part and part.cap}
        for clause in scheme.entry_items:
            if clause.sign == "merit" and clause.item in limited and clause.needs <= {"quantity"}:
                yield scheme.code, clause.code


@pytest.mark.parametrize(("code", "clause"), sorted(dict(capped()).items()))
def test_merit_beyond_the_limit_adds_nothing_and_says_so(people, places, adopted, code, clause):
    version = SchemeVersion.objects.get(code=code)
    Adoption.objects.create(organization=places.branch, version=version, starts_on=make.LONG_AGO)
    fields = {"version": version, "date": APRIL, "status": "approved", "declared_by": people.secretary}
    make.entry(people.zhang, clause, quantity=100, **fields)
    effect = effect_of(new(people.zhang, version, clause))
    if effect.line is None or effect.line.reason:
        pytest.skip("the clause does not count for this member")
    assert any("已到上限,不再加。" in reason for reason in effect.reasons)
    parts = [{part.code: part.value for part in sheet.parts} for sheet in (effect.before, effect.after)]
    assert parts[0] == parts[1]


def test_check_page_shows_it_and_the_button(sign_in, people, half, adopted):
    client = sign_in(people.member)
    data = {"date": "2025-04-20", "quantity": "2", "note": "社区义诊", "action": "check"}
    response = client.post(reverse("scoring:add_item", args=["bonus.public_good"]), data, follow=True)
    assert response.context["effect"].headline == "+10 分"
    page = response.content.decode()
    assert "提交申报" in page
    assert not Entry.objects.exists()


def test_unfinished_draft_leads_back_to_its_form(sign_in, people, half, adopted):
    client = sign_in(people.member)
    client.post(reverse("scoring:add_item", args=["bonus.public_good"]), {"action": "keep", "note": ""})
    draft = EntryDraft.objects.get()
    response = client.get(reverse("evaluations:check_draft", args=[draft.pk]))
    assert response.url == reverse("scoring:draft", args=[draft.pk])


def test_given_points_are_exact(people, half, adopted):
    effect = effect_of(new(people.zhang, adopted, "bonus.example", points=Decimal("2.35")))
    assert effect.headline == "+2.35 分"


def test_reviewer_sees_what_the_author_saw(sign_in, people, half, adopted):
    client = sign_in(people.member)
    data = {"date": "2025-04-20", "quantity": "2", "note": "社区义诊", "action": "check"}
    promised = client.post(reverse("scoring:add_item", args=["bonus.public_good"]), data, follow=True)
    client.post(reverse("scoring:send_draft", args=[EntryDraft.objects.get().pk]), {"revision": 1})
    entry = Entry.objects.get()
    reviewed = sign_in(people.secretary).get(reverse("scoring:entry", args=[entry.pk])).content.decode()
    box = re.compile(r'<section class="card-box effect">.*?</section>', re.DOTALL)
    assert "+10 分" in box.search(reviewed)[0]
    assert box.search(reviewed)[0].split() == box.search(promised.content.decode())[0].split()
    assert not box.search(sign_in(people.member).get(reverse("scoring:entry", args=[entry.pk])).content.decode())


def test_reviewer_is_told_where_a_limit_is_reached(sign_in, people, half, adopted):
    make.entry(people.zhang, "bonus.honor", level="national", version=adopted, date=APRIL, status="approved",
               note="全国先进", declared_by=people.secretary)  # fmt: skip
    entry = make.entry(people.zhang, "bonus.honor", level="street", version=adopted, date=APRIL, note="街道先进",
                       declared_by=people.member)  # fmt: skip
    page = sign_in(people.secretary).get(reverse("scoring:entry", args=[entry.pk])).content.decode()
    effect = effect_of(entry)
    assert effect.headline in page
    assert all(reason in page for reason in effect.reasons)


def test_reviewer_is_told_why_nothing_can_be_said(sign_in, people, half, adopted):
    long_ago = datetime.date(1990, 4, 20)  # before any branch
    fields = {"version": adopted, "date": long_ago, "note": "义诊", "declared_by": people.member}
    entry = make.entry(people.zhang, "bonus.public_good", **fields)
    page = sign_in(people.secretary).get(reverse("scoring:entry", args=[entry.pk]))
    sentence = "张建国在 1990-04-20 不属于任何支部,请核对日期。"
    assert (page.status_code, sentence in page.content.decode()) == (200, True)
