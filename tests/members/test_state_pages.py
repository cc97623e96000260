"""Pages on which it is registered what a member is from a day on."""

import datetime

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from members import services
from members.models import ClosedPeriod, Member
from tests import factories as make

JULY, NEXT_JULY = datetime.date(2024, 7, 1), datetime.date(2025, 7, 1)


def url(name, *args):
    return reverse(f"members:{name}", args=args)


def form_errors(page):
    return [message for messages in page.context["form"].errors.values() for message in messages]


@pytest.fixture
def novice(places):
    return make.member("夏小雨", places.branch, status="probationary", joined_on=JULY)


def test_conversion_is_registered_and_shown(people, sign_in, novice):
    client = sign_in(people.secretary)
    record = client.get(url("member", novice.pk)).content.decode()
    assert "预备期已满" in record
    assert "请党员大会讨论能否转正" in record
    form = client.get(url("change_status", novice.pk, "convert")).context["form"]
    assert form["day"].value() == NEXT_JULY
    assert client.post(url("change_status", novice.pk, "convert"), {"day": "2025-08-01"}).status_code == 302
    page = client.get(url("member", novice.pk))
    record = page.content.decode()
    assert "夏小雨自 2025-08-01 起是正式党员。" in record
    assert "<b>正式党员</b>" in record
    assert '<span class="num">2025-08-01</span>' in record
    assert "登记转正" not in record
    assert {change.title for change in page.context["page"]} == {"人员类别", "转正日期"}


def test_conversion_ahead_is_shown_as_such(people, sign_in, places):
    today = timezone.localdate()
    novice = make.member("夏", places.branch, status="probationary", joined_on=today - datetime.timedelta(350))
    day = today + datetime.timedelta(20)
    client = sign_in(people.secretary)
    client.post(url("change_status", novice.pk, "convert"), {"day": str(day)})
    record = client.get(url("member", novice.pk)).content.decode()
    assert "<b>预备党员</b>" in record
    assert f'<span class="num">{day}</span> 起是正式党员' in record


def test_probation_is_extended(people, sign_in, novice):
    client = sign_in(people.secretary)
    form = client.get(url("change_status", novice.pk, "extend")).context["form"]
    assert form["day"].value() == datetime.date(2026, 1, 1)
    client.post(url("change_status", novice.pk, "extend"), {"day": "2026-07-01"})
    assert "(延长过)" in client.get(url("member", novice.pk)).content.decode()


def test_an_activist_is_registered_as_joined(people, sign_in, places):
    activist = make.member("夏", places.branch, status="activist")
    client = sign_in(people.secretary)
    assert "登记入党" in client.get(url("member", activist.pk)).content.decode()
    client.post(url("change_status", activist.pk, "join"), {"day": "2025-07-01"})
    activist.refresh_from_db()
    assert (activist.status, activist.joined_on) == ("probationary", NEXT_JULY)


@pytest.mark.parametrize(
    ("step", "day", "sentence"),
    [
        ("convert", "2025-06-30", "夏小雨的预备期到 2025-07-01,转正日期最早是这一天。"),
        ("convert", "2999-01-01", "日期 2999-01-01 太远了:最多提前一年登记,请核对年份。"),
        ("convert", "", "这一项没有填,请补上。"),
        ("extend", "2025-08-01", "预备期延长不少于半年、不超过一年:应在 2026-01-01 到 2026-07-01 之间。"),
        ("join", "2025-07-01", "夏小雨不是入党积极分子,或者已经登记入党。"),
    ],
)
def test_bad_days_are_refused_in_words(people, sign_in, novice, step, day, sentence):
    page = sign_in(people.secretary).post(url("change_status", novice.pk, step), {"day": day})
    assert form_errors(page) == [sentence]
    assert not novice.changes.exists()


def test_too_young_to_join_is_refused(people, sign_in, places):
    young = make.member("夏", places.branch, status="activist", born=datetime.date(2008, 1, 1))
    page = sign_in(people.secretary).post(url("change_status", young.pk, "join"), {"day": "2025-07-01"})
    assert form_errors(page) == ["入党日期 2025-07-01 时不满 18 周岁,请核对入党日期和出生日期。"]


def test_an_unknown_step_is_not_found(people, sign_in, novice):
    assert sign_in(people.secretary).get(url("change_status", novice.pk, "expel")).status_code == 404


def test_moves_are_registered_shown_and_taken_back(people, sign_in, places):
    client = sign_in(people.secretary)
    zhang = people.zhang
    client.post(url("change_mobility", zhang.pk), {"after": "migrant", "day": "2025-03-01"})
    client.post(url("change_mobility", zhang.pk), {"after": "resident", "day": "2025-09-01"})
    page = client.get(url("member", zhang.pk))
    assert [(move.after, str(move.starts_on)) for move in page.context["moves"]] == [
        ("resident", "2025-09-01"),
        ("migrant", "2025-03-01"),
    ]
    last = zhang.mobility_changes.first()
    first, address = zhang.mobility_changes.last(), url("undo_mobility", zhang.pk, last.pk)
    assert address in page.text
    assert url("undo_mobility", zhang.pk, first.pk) not in page.text  # of the last only
    assert "仍为<b>流动</b>" in client.get(address).text
    assert zhang.mobility_changes.count() == 2  # a look changes nothing
    client.post(address)
    zhang.refresh_from_db()
    assert zhang.mobility == "migrant"
    said = [str(each) for each in client.post(address, follow=True).context["messages"]]
    assert said[-1] == "这次变动已经撤销了。"
    with pytest.raises(ValidationError, match="这次变动已经撤销了。"):
        services.undo_mobility(last, actor=people.secretary)
    assert (zhang.changes.filter(new__startswith="撤销").count(), zhang.mobility_changes.get()) == (1, first)


def test_a_move_without_a_day_is_corrected(people, sign_in, places):
    client = sign_in(people.secretary)
    client.post(url("change_mobility", people.zhang.pk), {"after": "migrant", "day": "2025-03-01", "always": "on"})
    people.zhang.refresh_from_db()
    assert (people.zhang.mobility, people.zhang.mobility_changes.count()) == ("migrant", 0)
    services.change_mobility(people.zhang, "abroad", NEXT_JULY, actor=people.secretary)
    assert "always" not in client.get(url("change_mobility", people.zhang.pk)).context["form"].fields


def test_moves_are_refused_in_words(people, sign_in):
    client = sign_in(people.secretary)
    services.change_mobility(people.zhang, "migrant", NEXT_JULY, actor=people.secretary)
    same = client.post(url("change_mobility", people.zhang.pk), {"after": "migrant", "day": "2025-09-01"})
    assert list(same.context["form"].errors) == ["after"]
    early = client.post(url("change_mobility", people.zhang.pk), {"after": "resident", "day": "2025-07-01"})
    assert form_errors(early) == ["日期要晚于上一次变动的 2025-07-01。上一次登记错了的,先撤销它。"]


def test_undoing_a_settled_move_says_why(people, places, sign_in):
    move = services.change_mobility(people.zhang, "migrant", JULY, actor=people.secretary)
    ClosedPeriod.objects.create(
        organization=places.street,
        title="2025 年上半年",
        starts_on=datetime.date(2025, 1, 1),
        ends_on=datetime.date(2025, 6, 30),
    )
    client = sign_in(people.secretary)
    for ask in (client.get, client.post):
        page = ask(url("undo_mobility", people.zhang.pk, move.pk), follow=True)
        assert "那次考核已经办结" in page.content.decode()
    assert people.zhang.mobility_changes.exists()


def test_states_need_the_role_and_are_hidden_from_outsiders(people, sign_in, novice):
    move = services.change_mobility(novice, "migrant", NEXT_JULY, actor=people.secretary)
    addresses = [
        url("change_status", novice.pk, "convert"),
        url("change_mobility", novice.pk),
        url("undo_mobility", novice.pk, move.pk),
    ]
    for address in addresses:
        assert sign_in(people.outsider).post(address, {"day": "2025-08-01"}).status_code == 404
        assert sign_in(people.leader).post(address, {"day": "2025-08-01"}).status_code == 403
    assert Member.objects.get(pk=novice.pk).status == "probationary"


def test_settled_dates_on_the_edit_page_are_refused(people, places, sign_in, novice):
    ClosedPeriod.objects.create(
        organization=places.street,
        title="2025 年上半年",
        starts_on=datetime.date(2025, 1, 1),
        ends_on=datetime.date(2025, 6, 30),
    )
    client = sign_in(people.secretary)
    form = client.get(url("edit_member", novice.pk)).context["form"]
    data = {name: form[name].value() or "" for name in form.fields} | {"status": "full", "converted_on": "2025-06-01"}
    page = client.post(url("edit_member", novice.pk), data)
    assert form_errors(page) == [
        "2025-06-30 在 2025 年上半年考核之内,那次考核已经办结,记录不能再改。请把更正记在现在的周期;一定要改的,先请街道重新打开那次考核。"
    ]


def test_history_is_paged(people, sign_in):
    for number in range(51):
        people.zhang.phone = f"1380000{number:04}"
        services.edit_member(people.zhang, actor=people.secretary)
    client = sign_in(people.secretary)
    assert len(client.get(url("member", people.zhang.pk)).context["page"]) == 50
    assert len(client.get(url("member", people.zhang.pk), {"page": 2}).context["page"]) == 1
