"""What members are on a day: activist, probationary, full; at home, away, abroad."""

import datetime

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from members import services
from members.models import ClosedPeriod, Member, MobilityChange
from members.tasks import carry_states_over
from tests import factories as make

JULY, NEXT_JULY = datetime.date(2024, 7, 1), datetime.date(2025, 7, 1)
DAY = datetime.timedelta(1)


def then(member, day) -> tuple[str, str]:
    return Member.objects.with_states(day).values_list("status_then", "mobility_then").get(pk=member.pk)


def sentences(call) -> list[str]:
    with pytest.raises(ValidationError) as raised:
        call()
    return raised.value.messages


def close_half(place, year=2025):
    return ClosedPeriod.objects.create(
        organization=place,
        title=f"{year} 年上半年",
        starts_on=datetime.date(year, 1, 1),
        ends_on=datetime.date(year, 6, 30),
    )


# Status -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "states"),
    [
        # what the member was on 2024-06-30, 2024-07-01, 2025-06-30, 2025-07-01
        ({}, ("full",) * 4),
        ({"status": "probationary"}, ("probationary",) * 4),
        ({"status": "activist"}, ("activist",) * 4),
        ({"joined_on": JULY}, ("activist", "full", "full", "full")),
        ({"status": "probationary", "joined_on": JULY}, ("activist", *("probationary",) * 3)),
        ({"joined_on": JULY, "converted_on": NEXT_JULY}, ("activist", "probationary", "probationary", "full")),
        ({"status": "activist", "joined_on": JULY}, ("activist", *("probationary",) * 3)),
    ],
)
def test_status_on_a_day_is_the_same_in_the_database_and_at_hand(places, fields, states):
    person = make.member("夏", places.branch, **fields)
    days = (JULY - DAY, JULY, NEXT_JULY - DAY, NEXT_JULY)
    assert tuple(then(person, day)[0] for day in days) == states
    assert tuple(person.status_on(day) for day in days) == states


def test_conversion_dates_the_status_and_keeps_history(people, places):
    novice = make.member("夏", places.branch, status="probationary", joined_on=JULY)
    services.convert_member(novice, NEXT_JULY, actor=people.secretary)
    novice.refresh_from_db()
    assert (novice.status, novice.converted_on) == ("full", NEXT_JULY)
    assert then(novice, NEXT_JULY - DAY)[0] == "probationary"
    lines = {(change.title, change.old, change.new, change.changed_by) for change in novice.changes.all()}
    assert lines == {
        ("转正日期", "", "2025-07-01", people.secretary),
        ("人员类别", "预备党员", "正式党员", people.secretary),
    }


def test_future_conversion_takes_effect_on_its_day(people, places):
    today = timezone.localdate()
    novice = make.member("夏", places.branch, status="probationary", joined_on=today - 366 * DAY)
    services.convert_member(novice, today + 5 * DAY, actor=people.secretary)
    novice.refresh_from_db()
    assert (novice.status, then(novice, today + 5 * DAY)[0]) == ("probationary", "full")
    assert carry_states_over() == 0
    Member.objects.filter(pk=novice.pk).update(converted_on=today)  # the day has come
    assert carry_states_over() == 1
    novice.refresh_from_db()
    assert novice.status == "full"


def test_an_activist_joins_from_a_day(people, places):
    activist = make.member("夏", places.branch, status="activist")
    services.join_party(activist, JULY, actor=people.secretary)
    activist.refresh_from_db()
    assert (activist.status, activist.joined_on) == ("probationary", JULY)
    assert then(activist, JULY - DAY)[0] == "activist"


@pytest.mark.parametrize(
    ("fields", "call", "day", "sentence"),
    [
        ({"status": "full"}, "convert_member", NEXT_JULY, "夏不是预备党员,或者已经登记转正。"),
        (
            {"status": "probationary"},
            "convert_member",
            NEXT_JULY,
            "夏没有登记入党日期。请先在「修改资料」里补上。",
        ),
        (
            {"status": "probationary", "joined_on": JULY},
            "convert_member",
            NEXT_JULY - DAY,
            "夏的预备期到 2025-07-01,转正日期最早是这一天。",
        ),
        (
            {"status": "probationary", "joined_on": JULY, "probation_until": datetime.date(2026, 1, 1)},
            "convert_member",
            NEXT_JULY,
            "夏的预备期到 2026-01-01,延长过,转正日期最早是这一天。",
        ),
        (
            {"status": "probationary", "joined_on": JULY},
            "extend_probation",
            datetime.date(2025, 12, 31),
            "预备期延长不少于半年、不超过一年:应在 2026-01-01 到 2026-07-01 之间。",
        ),
        ({"status": "full"}, "extend_probation", NEXT_JULY, "夏不是预备党员,或者没有登记入党日期。"),
        ({"status": "probationary"}, "join_party", JULY, "夏不是入党积极分子,或者已经登记入党。"),
    ],
)
def test_dates_of_the_status_are_refused_in_words(people, places, fields, call, day, sentence):
    person = make.member("夏", places.branch, **fields)
    assert sentences(lambda: getattr(services, call)(person, day, actor=people.secretary)) == [sentence]
    assert not person.changes.exists()


def test_probation_ends_after_a_year_or_as_extended(people, places):
    novice = make.member("夏", places.branch, status="probationary", joined_on=JULY)
    assert novice.probation_end == NEXT_JULY
    services.extend_probation(novice, datetime.date(2026, 1, 1), actor=people.secretary)
    novice.refresh_from_db()
    assert (novice.probation_end, novice.status) == (datetime.date(2026, 1, 1), "probationary")


def test_conversion_within_a_settled_period_is_refused(people, places):
    novice = make.member("夏", places.branch, status="probationary", joined_on=datetime.date(2024, 6, 30))
    close_half(places.street)
    found = sentences(lambda: services.convert_member(novice, datetime.date(2025, 6, 30), actor=people.secretary))
    assert found == [
        "2025-06-30 在 2025 年上半年考核之内,那次考核已经办结,记录不能再改。请把更正记在现在的周期;一定要改的,先请街道重新打开那次考核。"
    ]
    novice.refresh_from_db()
    assert (novice.status, novice.converted_on) == ("probationary", None)
    services.convert_member(novice, NEXT_JULY, actor=people.secretary)  # the day after it


# Mobility ---------------------------------------------------------------------------------------


def test_mobility_changes_from_a_day_and_back(people, places):
    person = make.member("夏", places.branch)
    services.change_mobility(person, "migrant", JULY, actor=people.secretary)
    services.change_mobility(person, "resident", NEXT_JULY, actor=people.secretary)
    days = (JULY - DAY, JULY, NEXT_JULY - DAY, NEXT_JULY)
    assert [then(person, day)[1] for day in days] == ["resident", "migrant", "migrant", "resident"]
    person.refresh_from_db()
    assert person.mobility == "resident"
    assert [(each.title, each.old, each.new) for each in person.changes.all()] == [
        ("流动情况自 2025-07-01", "流动", "在家"),
        ("流动情况自 2024-07-01", "在家", "流动"),
    ]


def test_mobility_of_long_ago_without_a_date_ends_with_the_first_change(people, places):
    person = make.member("夏", places.branch, mobility="migrant")
    services.change_mobility(person, "resident", JULY, actor=people.secretary)
    assert [then(person, day)[1] for day in (JULY - DAY, JULY)] == ["migrant", "resident"]


def test_future_move_takes_effect_on_its_day(people, places):
    today = timezone.localdate()
    person = make.member("夏", places.branch)
    services.change_mobility(person, "abroad", today + DAY, actor=people.secretary)
    person.refresh_from_db()
    assert (person.mobility, then(person, today + DAY)[1]) == ("resident", "abroad")
    MobilityChange.objects.update(starts_on=today)
    carry_states_over()
    person.refresh_from_db()
    assert person.mobility == "abroad"


def test_the_last_move_is_taken_back(people, places):
    person = make.member("夏", places.branch)
    first = services.change_mobility(person, "migrant", JULY, actor=people.secretary)
    second = services.change_mobility(person, "abroad", NEXT_JULY, actor=people.secretary)
    assert sentences(lambda: services.undo_mobility(first, actor=people.secretary)) == ["只能撤销最近登记的一次变动。"]
    services.undo_mobility(second, actor=people.secretary)
    person.refresh_from_db()
    assert person.mobility == "migrant"
    first.refresh_from_db()
    services.undo_mobility(first, actor=people.secretary)
    person.refresh_from_db()
    assert (person.mobility, person.mobility_changes.count(), person.changes.count()) == ("resident", 0, 4)


def test_moves_are_refused_in_words(people, places):
    person = make.member("夏", places.branch)
    same = sentences(lambda: services.change_mobility(person, "resident", JULY, actor=people.secretary))
    assert same == ["夏现在登记的就是在家。"]
    services.change_mobility(person, "migrant", JULY, actor=people.secretary)
    early = sentences(lambda: services.change_mobility(person, "resident", JULY, actor=people.secretary))
    assert early == ["日期要晚于上一次变动的 2024-07-01。上一次登记错了的,先撤销它。"]
    close_half(places.street)
    settled = sentences(
        lambda: services.change_mobility(person, "abroad", datetime.date(2025, 6, 30), actor=people.secretary)
    )
    assert settled[0].startswith("2025-06-30 在 2025 年上半年考核之内,那次考核已经办结")
    last = person.mobility_changes.get()
    assert "已经办结" in sentences(lambda: services.undo_mobility(last, actor=people.secretary))[0]
    services.change_mobility(person, "abroad", NEXT_JULY, actor=people.secretary)


def test_carrying_over_asks_once_however_many(places, django_assert_num_queries):
    for name in "甲乙丙":
        make.member(name, places.branch, status="activist", joined_on=JULY)
    with django_assert_num_queries(2):
        assert services.carry_states() == 3
