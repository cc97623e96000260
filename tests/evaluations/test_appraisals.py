"""An appraisal from its setting up to its results."""

import datetime
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from evaluations import services
from evaluations.appraisals import results_of, turnouts
from evaluations.facts import gather
from evaluations.models import Appraisal, BallotCount, Voter
from evaluations.services.appraisals import without_ballots
from members.models import ClosedPeriod, Exemption, Position
from reports.ledger import ledger_of
from scoring.engine import Period
from scoring.models import Adoption
from scoring.services import install_schemes
from tests import factories as make
from tests.lifting import lifted
from tests.workbooks import rows_of

PERIOD = Period.parse("2025H1")


def settle(place):
    ClosedPeriod.objects.create(
        organization=place, title=PERIOD.title, starts_on=PERIOD.starts_on, ends_on=PERIOD.ends_on
    )


def votes(group, *ballots):
    """Cast these ballots, each {member: score or None}, with codes."""
    codes = services.make_codes(group, len(ballots), group.code_batch)
    for code, ballot in zip(codes, ballots, strict=True):
        services.vote_by_code(code, {member.pk: score and Decimal(score) for member, score in ballot.items()})
    group.refresh_from_db()


# Setting up -------------------------------------------------------------------------------------


@pytest.fixture
def set_up(places, adopted):
    return reverse("evaluations:set_up", args=[places.branch.pk, "2025H1"])


def plan(people, **fields):
    """The form as it is sent: Zhang and Wang appraised, one voter in each group."""
    now = timezone.localtime()
    return {
        "opens_at": f"{now:%Y-%m-%dT%H:%M}",
        "closes_at": f"{now + datetime.timedelta(days=2):%Y-%m-%dT%H:%M}",
        f"appraised-{people.zhang.pk}": "on",
        f"appraised-{people.wang.pk}": "on",
        f"group-{people.wang.pk}": "committee",
        f"group-{people.zhang.pk}": "members_residents",
        "names-members_residents": "居民甲\n\n 居民 乙 ",
        "head-household_reps": "3",
    } | fields


def test_set_up_begins_with_the_roster(sign_in, people, places, set_up):
    Position.objects.create(member=people.wang, organization=places.branch, title="secretary", starts_on=make.LONG_AGO)
    activist = make.member("积极分子", places.branch, status="activist")
    exempt = make.member("老党员", places.branch)
    Exemption.objects.create(member=exempt, reason="年高", starts_on=make.LONG_AGO)
    ill = make.member("病中", places.branch)
    Exemption.objects.create(member=ill, reason="病", starts_on=make.LONG_AGO, ends_on="2025-12-31")
    make.member("出国", places.branch, mobility="abroad")
    page = sign_in(people.staff).get(set_up)
    shown = {
        str(member): (bool(appraised.value()), group.value() or "", why)
        for member, appraised, group, why in page.context["form"].rows()
    }
    assert shown == {
        "张建国": (True, "members_residents", ""),
        "王志强": (True, "committee", ""),
        str(activist): (True, "", ""),
        str(exempt): (False, "members_residents", "长期免予考核"),
        str(ill): (False, "members_residents", "免予考核至 2025-12-31"),
    }
    assert "免予考核至 2025-12-31" in page.content.decode()


def test_set_up_stores_the_roster(sign_in, people, set_up):
    response = sign_in(people.general).post(set_up, plan(people))
    appraisal = Appraisal.objects.get()
    assert response.url == reverse("evaluations:appraisal", args=[appraisal.pk])
    assert [(group.code, group.weight_parts, group.head_count) for group in appraisal.groups.all()] == [
        ("committee", 3000, 0),
        ("members_residents", 4000, 0),
        ("household_reps", 3000, 3),
    ]
    assert list(Voter.objects.values_list("group__code", "name", "member__name")) == [
        ("committee", "王志强", "王志强"),
        ("members_residents", "张建国", "张建国"),
        ("members_residents", "居民甲", None),
        ("members_residents", "居民 乙", None),
    ]
    assert [str(row) for row in appraisal.candidates.all()] == ["张建国", "王志强"]


def test_set_up_again_replaces_and_shows_what_was_stored(sign_in, people, set_up):
    client = sign_in(people.staff)
    client.post(set_up, plan(people))
    client.post(set_up, plan(people, **{"names-members_residents": "居民丙", "head-household_reps": "4"}))
    form = client.get(set_up).context["form"]
    assert form["names-members_residents"].value() == "居民丙"
    assert form["head-household_reps"].value() == 4
    assert Voter.objects.filter(member=None).count() == 1


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"head-household_reps": "0"}, "「联户代表」组还没有评议人。请选党员、写姓名,或填不记名的人数。"),
        ({"head-household_reps": "三"}, "人数要填整数。"),
        ({"head-household_reps": "1000"}, "一组最多 999 人。"),
        ({"names-members_residents": "王芳\n王芳"}, "「王芳」写了两次。同名的人请加上楼号,好分清楚。"),
        ({"names-members_residents": "长" * 31}, f"「{'长' * 30}…」太长,一行只写一个姓名,最多 30 个字。"),
        ({"closes_at": "2001-01-01T08:00"}, "截止时间要晚于开始时间。"),
        ({"opens_at": "2001-01-01T08:00", "closes_at": "2001-02-01T08:00"}, "截止时间已经过了。"),
        ({"opens_at": "明天"}, "时间写法不对,应写成 2026-06-20T08:00 的样子。"),
        ({"group-": "nobody"}, "没有这个评议组,请重新选。"),
    ],
)
def test_set_up_refuses_bad_input(sign_in, people, set_up, fields, sentence):
    fields = {f"{key}{people.zhang.pk}" if key.endswith("-") else key: value for key, value in fields.items()}
    response = sign_in(people.staff).post(set_up, plan(people, **fields))
    assert response.status_code == 400
    assert [error for errors in response.context["form"].errors.values() for error in errors] == [sentence]
    assert not Appraisal.objects.exists()


def test_set_up_needs_somebody_to_appraise(sign_in, people, set_up):
    fields = plan(people)
    del fields[f"appraised-{people.zhang.pk}"], fields[f"appraised-{people.wang.pk}"]
    assert "还没有选被评议的人。" in sign_in(people.staff).post(set_up, fields).content.decode()


def test_set_up_by_who_is_appraised_is_refused(sign_in, people, set_up):
    people.member.delete()
    people.staff.member = people.zhang
    people.staff.save()
    assert sign_in(people.staff).get(set_up).status_code == 403


@pytest.mark.parametrize("period", ["2025", "2025H3", "neulich"])
def test_set_up_for_a_period_of_another_kind_is_not_there(sign_in, people, places, adopted, period):
    url = reverse("evaluations:set_up", args=[places.branch.pk, period])
    assert sign_in(people.staff).get(url).status_code == 404


def test_annual_schemes_have_one_group(sign_in, people, places):
    version = next(version for version in install_schemes() if version.code == "street-annual")
    Adoption.objects.create(organization=places.street, version=version, starts_on=make.LONG_AGO)
    form = sign_in(people.staff).get(reverse("evaluations:set_up", args=[places.branch.pk, "2025"])).context
    assert [group.code for group in form["form"].groups] == ["members"]


def test_set_up_of_a_settled_period_is_refused(sign_in, people, places, set_up):
    settle(places.street)
    response = sign_in(people.staff).post(set_up, plan(people))
    assert "已经办结" in str(response.context["form"].errors)
    assert not Appraisal.objects.exists()


# Opening ----------------------------------------------------------------------------------------


def test_opening_makes_every_counter(opened, people):
    rows = list(BallotCount.objects.values_list("group", "member", "score", "count"))
    assert len(rows) == 3 * 2 * 10
    assert {count for *_, count in rows} == {0}
    assert opened.choices[0] == ["100", "优秀"]
    assert opened.choices[-1] == ["50", "不合格"]


def test_opening_freezes_the_roster(opened, sign_in, people, places, set_up):
    client = sign_in(people.staff)
    assert client.post(set_up, plan(people)).url == reverse("evaluations:appraisal", args=[opened.pk])
    assert Voter.objects.count() == 3
    make.member("新来", places.branch)
    assert opened.candidates.count() == 2
    with pytest.raises(ValidationError, match="已经开始,名单和时间不能再改"):
        services.set_up_appraisal(places.branch, PERIOD, timezone.now(), timezone.now(), [], {})


def test_opening_twice_is_harmless(opened, sign_in, people):
    page = sign_in(people.staff).post(reverse("evaluations:open_appraisal", args=[opened.pk]), follow=True)
    assert "这次评议已经开始。" in page.content.decode()
    assert BallotCount.objects.count() == 60


def test_opening_after_the_end_is_refused(opened, people):
    Appraisal.objects.update(status="setup", closes_at=timezone.now())
    with pytest.raises(ValidationError, match="截止时间已经过了"):
        services.open_appraisal(opened)


# Turnout and closing ----------------------------------------------------------------------------


def test_turnout_counts_by_way(opened, people):
    _, residents, households = opened.groups.all()
    services.vote_as_member(Voter.objects.get(member=people.zhang), {people.wang.pk: Decimal(90)})
    services.mark_roster(residents, [services.Mark(Voter.objects.get(name="居民甲").pk, "", "paper")], (0, 0), (0, 0))
    services.mark_roster(households, [], (0, 1), (0, 2))
    votes(households, {people.zhang: 90, people.wang: 80})
    counted = [
        (one.expected, one.taken_part, one.online, one.by_code, one.paper, one.slips)
        for one in turnouts(opened.groups.all())
    ]
    assert counted == [(1, 0, 0, 0, 0, 0), (2, 2, 1, 0, 1, 0), (3, 2, 0, 1, 1, 2)]


def test_turnout_shows_counts_only(opened, sign_in, people):
    page = sign_in(people.secretary).get(reverse("evaluations:turnout", args=[opened.pk]))
    assert page.status_code == 200
    assert "张建国" not in page.content.decode()
    services.close_appraisal(opened, actor=people.staff, without="人没有到齐")
    assert sign_in(people.secretary).get(reverse("evaluations:turnout", args=[opened.pk]))["HX-Refresh"] == "true"


def test_closing_refuses_what_does_not_reconcile(opened, sign_in, people):
    committee, residents, households = opened.groups.all()
    services.mark_roster(households, [], (0, 3), (0, 0))
    counts = {people.zhang.pk: {Decimal(90): 2}, people.wang.pk: {Decimal(90): 2}}
    for clerk in (people.staff, people.general):
        services.enter_tally(households, 2, counts, actor=clerk)
    services.mark_roster(residents, [services.Mark(Voter.objects.get(name="居民甲").pk, "", "paper")], (0, 0), (0, 0))
    votes(committee, {people.zhang: 90, people.wang: 90})
    response = sign_in(people.staff).post(reverse("evaluations:close_appraisal", args=[opened.pk]))
    assert response.status_code == 400
    assert response.context["errors"] == [
        "班子成员组:已登记领评议码 0 人,用掉 1 个,差 1 个。",
        "党员、居民代表组:发出纸质票 1 张,计票单还没有两人各录一次。",
        "联户代表组:已登记领票 3 人,收回 2 张,差 1 张。",
    ]
    opened.refresh_from_db()
    assert opened.is_open


def test_closing_refuses_counts_that_were_tampered_with(opened, people):
    BallotCount.objects.filter(member=people.wang, score=100).update(count=1)
    with pytest.raises(ValidationError, match="班子成员组:网上参加 0 人,票数却对不上"):
        services.close_appraisal(opened, actor=people.staff, without="人没有到齐")


def test_closing_adds_online_and_paper(opened, people):
    _, _, households = opened.groups.all()
    services.mark_roster(households, [], (0, 2), (0, 1))
    votes(households, {people.zhang: 90, people.wang: None})
    counts = {people.zhang.pk: {Decimal(90): 1, Decimal("87.5"): 1}, people.wang.pk: {Decimal(60): 1}}
    for clerk in (people.staff, people.general):
        services.enter_tally(households, 2, counts, actor=clerk)
    closed = services.close_appraisal(opened, actor=people.staff, without="人没有到齐")
    assert (closed.status, closed.closed_by) == ("closed", people.staff)
    found = households.counts.filter(count__gt=0).values_list("member__name", "score", "count")
    assert sorted(found, key=str) == [
        ("张建国", Decimal("87.50"), 1),
        ("张建国", Decimal("90.00"), 2),
        ("王志强", Decimal("60.00"), 1),
        ("王志强", None, 2),
    ]


def test_closing_twice_is_refused(opened, people):
    services.close_appraisal(opened, actor=people.staff, without="人没有到齐")
    with pytest.raises(ValidationError, match="已经结束"):
        services.close_appraisal(opened, actor=people.staff, without="人没有到齐")


def test_closing_says_when_a_ballot_would_be_exposed(opened, sign_in, people):
    _, _, households = opened.groups.all()
    services.mark_roster(households, [], (0, 2), (0, 1))
    votes(households, {people.zhang: 90, people.wang: None})
    page = sign_in(people.staff).get(reverse("evaluations:close_appraisal", args=[opened.pk]))
    assert page.context["exposed"] == ["联户代表"]


def test_settled_period_refuses_every_change(opened, people, places):
    households = opened.groups.get(code="household_reps")
    settle(places.street)
    for change in (
        lambda: services.make_codes(households, 1, 0),
        lambda: services.mark_roster(households, [], (0, 1), (0, 0)),
        lambda: services.enter_tally(households, 1, {people.zhang.pk: {Decimal(90): 1}}, actor=people.staff),
        lambda: services.discard_tally(households),
        lambda: services.vote_as_member(Voter.objects.get(member=people.zhang), {people.wang.pk: Decimal(90)}),
        lambda: services.close_appraisal(opened, actor=people.staff, without="人没有到齐"),
    ):
        with pytest.raises(ValidationError, match="已经办结"):
            change()


# Results ----------------------------------------------------------------------------------------


@pytest.fixture
def counted(places, people):
    """Zhang has six ballots of each group; Wang four."""
    return make.closed_appraisal(
        places.branch, "2025H1", {people.zhang: {100: 1, 95: 2, 85: 3}, people.wang: {90: 3, 75: 1}}
    )


def test_results_are_means_and_their_weighted_sum(counted, people):
    zhang, wang = results_of(counted, [people.zhang, people.wang])
    assert [(group.ballots, group.mean) for group in zhang.groups] == [(6, Decimal("90.83"))] * 3
    assert zhang.score == Decimal("90.83")
    assert wang.score == Decimal("86.25")


def test_results_are_those_of_the_ledger(adopted, counted, people):
    (result,) = results_of(counted, [people.zhang])
    sheet = ledger_of(people.zhang, PERIOD).sheet
    assert next(part.value for part in sheet.parts if part.kind == "appraisal") == result.score
    assert [group.mean for group in sheet.appraisal] == [group.mean for group in result.groups]


def test_results_of_few_ballots_show_no_distribution(counted, people):
    zhang, wang = results_of(counted, [people.zhang, people.wang])
    assert zhang.groups[0].shares == [(Decimal(100), 1), (Decimal(95), 2), (Decimal(85), 3)]
    assert (wang.groups[0].shares, wang.groups[0].withheld) == ([], True)


def test_results_without_a_group_have_no_score(counted, people):
    with lifted():
        counted.groups.get(code="committee").counts.all().delete()
    (result,) = results_of(counted, [people.zhang])
    assert (result.groups[0].mean, result.score) == (None, None)


def test_results_are_shown_to_whom_they_concern(sign_in, counted, people, places):
    url = reverse("evaluations:appraisal", args=[counted.pk])
    shown = {
        name: [str(result.member) for result in sign_in(getattr(people, name)).get(url).context["results"]]
        for name in ("member", "leader", "secretary", "general", "staff")
    }
    assert shown == {"member": ["张建国"], **{name: ["张建国", "王志强"] for name in shown.keys() - {"member"}}}
    assert "不到五票,不分列" in sign_in(people.secretary).get(url).content.decode()
    assert sign_in(people.outsider).get(url).status_code == 404
    assert sign_in(people.administrator).get(url).status_code == 404


def test_results_as_a_workbook_say_what_the_page_says(sign_in, counted, people):
    with lifted():
        counted.groups.get(code="committee").counts.filter(member=people.wang).delete()
    url = reverse("evaluations:appraisal", args=[counted.pk])
    head, zhang, wang = rows_of(sign_in(people.secretary).get(url, {"export": "xlsx"}))
    assert (head[0], head[-1]) == ("党员", "评议得分")
    title = str(counted.groups.first())
    assert [words.partition("(")[0] for words in head[1:4]] == [title] * 3
    assert [words.partition(")")[2] for words in head[1:4]] == ["平均", "票数", "各分票数"]
    assert zhang == ["张建国", *[90.83, 6, "100 分 1 票,95 分 2 票,85 分 3 票"] * 3, 90.83]
    assert wang[0::10] == ["王志强", "—"]
    assert sorted(str(wang[at : at + 3]) for at in (1, 4, 7)) == [
        "[86.25, 4, '不到五票,不分列']",
        "[86.25, 4, '不到五票,不分列']",
        "[None, 0, '没有票']",
    ]
    own = rows_of(sign_in(people.member).get(url, {"export": "xlsx"}))
    assert own[1:] == [zhang]


def test_nothing_is_shown_while_it_is_open(sign_in, opened, people):
    services.vote_as_member(Voter.objects.get(member=people.zhang), {people.wang.pk: Decimal(50)})
    page = sign_in(people.staff).get(reverse("evaluations:appraisal", args=[opened.pk]), {"export": "xlsx"})
    assert page["Content-Type"].startswith("text/html")
    page = sign_in(people.staff).get(reverse("evaluations:appraisal", args=[opened.pk]))
    assert page.context["results"] == []
    assert results_of(opened, []) == []


def test_open_appraisal_is_missing_not_zero(opened, adopted, people, places):
    services.vote_as_member(Voter.objects.get(member=people.zhang), {people.wang.pk: Decimal(50)})
    assert gather([places.branch], PERIOD, adopted.scheme).ballots.is_empty()
    services.close_appraisal(opened, actor=people.staff, without="人没有到齐")
    assert gather([places.branch], PERIOD, adopted.scheme).ballots.height == 1


# The list ---------------------------------------------------------------------------------------


def test_list_shows_how_far_branches_are(sign_in, people, opened):
    page = sign_in(people.staff).get(reverse("evaluations:appraisals"), {"period": "2025H1"})
    rows = {str(row["branch"]): row for row in page.context["rows"]}
    assert rows["和平社区第一党支部"]["appraisal"] == opened
    assert [(one.taken_part, one.expected) for one in rows["和平社区第一党支部"]["turnout"]] == [(0, 1), (0, 2), (0, 3)]
    assert rows["友谊社区党支部"]["appraisal"] is None


def test_list_of_a_member_has_the_own_appraisals(sign_in, people, opened):
    page = sign_in(people.member).get(reverse("evaluations:appraisals"))
    assert [appraisal for appraisal, _ in page.context["own"]] == [opened]
    assert page.context["rows"] == []


@pytest.mark.parametrize("more", [0, 2])
def test_list_takes_the_same_queries(sign_in, people, places, opened, more, django_assert_num_queries):
    for number in range(more):
        branch = make.organization(f"新支部{number}", "branch", places.community)
        make.closed_appraisal(branch, "2025H1", {make.member(f"新人{number}", branch): {90: 6}})
    client = sign_in(people.staff)
    with django_assert_num_queries(13):
        client.get(reverse("evaluations:appraisals"), {"period": "2025H1"})


@pytest.mark.parametrize("more", [0, 2])
def test_page_takes_the_same_queries(sign_in, people, places, more, django_assert_num_queries):
    counts = {make.member(f"新人{number}", places.branch): {90: 6} for number in range(1 + more)}
    closed = make.closed_appraisal(places.branch, "2025H1", counts)
    client = sign_in(people.staff)
    with django_assert_num_queries(14):
        client.get(reverse("evaluations:appraisal", args=[closed.pk]))


def test_list_goes_by_the_year_where_the_scheme_does(sign_in, people, places):
    version = next(version for version in install_schemes() if version.code == "street-annual")
    Adoption.objects.create(organization=places.street, version=version, starts_on=make.LONG_AGO)
    page = sign_in(people.staff).get(reverse("evaluations:appraisals"))
    year = timezone.localdate().year
    assert [period.code for period in page.context["periods"]] == [str(year), str(year - 1)]
    assert reverse("evaluations:set_up", args=[places.branch.pk, str(year)]) in page.content.decode()


def test_list_leaves_out_schemes_without_an_appraisal(sign_in, people, places):
    version = next(version for version in install_schemes() if version.code == "department-categories")
    Adoption.objects.create(organization=places.street, version=version, starts_on=make.LONG_AGO)
    page = sign_in(people.staff).get(reverse("evaluations:appraisals"))
    assert page.context["rows"] == []
    assert "考评打分" in page.content.decode()


def test_home_asks_voters_for_their_ballot(sign_in, people, opened):
    client = sign_in(people.member)
    (task,) = client.get(reverse("home")).context["tasks"]
    assert (task.title, task.url) == ("参加民主评议", reverse("evaluations:ballot", args=[opened.pk]))
    services.vote_as_member(Voter.objects.get(member=people.zhang), {people.wang.pk: Decimal(90)})
    assert client.get(reverse("home")).context["tasks"] == []


# Closing without a group's ballots --------------------------------------------------------------

LACKING = [
    "班子成员组还没有评张建国、王志强的票。",
    "党员、居民代表组还没有评张建国、王志强的票。",
    "联户代表组还没有评张建国、王志强的票。",
]


def test_closing_without_ballots_is_refused(opened, people):
    with pytest.raises(ValidationError) as refused:
        services.close_appraisal(opened, actor=people.staff)
    assert refused.value.messages == LACKING
    opened.refresh_from_db()
    assert opened.is_open


def test_closing_names_whom_a_group_cannot_have_appraised(opened, people):
    """Online whoever has voted left the own row out; on paper the sheet says who got a ballot."""
    _, residents, households = opened.groups.all()
    services.vote_as_member(Voter.objects.get(member=people.wang), {people.zhang.pk: Decimal(90)})
    votes(residents, {people.zhang: None, people.wang: 90})
    services.mark_roster(residents, [], (0, 0), (0, 0))
    services.mark_roster(households, [], (0, 1), (0, 0))
    for clerk in (people.staff, people.general):
        services.enter_tally(households, 1, {people.wang.pk: {Decimal(80): 1}}, actor=clerk)
    found = {
        group.code: [str(member) for member in members]
        for group, members in without_ballots(list(opened.groups.all())).items()
    }
    assert found == {"committee": ["王志强"], "household_reps": ["张建国"]}


@pytest.mark.parametrize(
    ("fields", "faults"),
    [
        ({}, ["真要这样结束的,请勾选;不是的话,请先补票。", "请写明为什么不等。"]),
        ({"anyway": "on"}, ["请写明为什么不等。"]),
        ({"reason": "联户代表外出"}, ["真要这样结束的,请勾选;不是的话,请先补票。"]),
    ],
)
def test_closing_without_ballots_needs_a_tick_and_a_reason(sign_in, people, opened, fields, faults):
    page = sign_in(people.staff).post(reverse("evaluations:close_appraisal", args=[opened.pk]), fields)
    assert page.status_code == 400
    assert [error for errors in page.context["form"].errors.values() for error in errors] == faults
    assert page.context["lacking"] == LACKING
    opened.refresh_from_db()
    assert opened.is_open


def test_reason_for_closing_without_ballots_stays_on_the_page(sign_in, people, opened):
    url = reverse("evaluations:close_appraisal", args=[opened.pk])
    sign_in(people.staff).post(url, {"anyway": "on", "reason": "联户代表外出"})
    opened.refresh_from_db()
    assert (opened.is_closed, opened.closed_without) == (True, "联户代表外出")
    page = sign_in(people.member).get(reverse("evaluations:appraisal", args=[opened.pk])).content.decode()
    assert "班子成员组、党员、居民代表组、联户代表组有被评议的人没有得票" in page
    assert "理由:联户代表外出(陈政工," in page


def test_closing_with_every_ballot_asks_for_no_reason(sign_in, people, opened):
    for group in opened.groups.all():
        services.mark_roster(group, [], (0, 0), (0, 0))
        type(group).objects.filter(pk=group.pk).update(head_count=1, unnamed_slips=1)
        group.refresh_from_db()
        votes(group, {people.zhang: 90, people.wang: 90})
    page = sign_in(people.staff).post(reverse("evaluations:close_appraisal", args=[opened.pk]), follow=True)
    assert "评议已经结束,结果已经算出。" in page.content.decode()
    assert "没有评齐" not in page.content.decode()


def test_closing_page_says_what_is_lacking_and_how_to_mend_it(sign_in, people, opened):
    page = sign_in(people.staff).get(reverse("evaluations:close_appraisal", args=[opened.pk]))
    assert page.context["lacking"] == LACKING
    assert reverse("evaluations:extend_voting", args=[opened.pk]) in page.content.decode()


# More time --------------------------------------------------------------------------------------


def test_voting_is_extended_after_its_end(sign_in, people, opened):
    Appraisal.objects.update(closes_at=timezone.now() - datetime.timedelta(hours=1))
    later = timezone.localtime() + datetime.timedelta(days=3)
    url = reverse("evaluations:extend_voting", args=[opened.pk])
    page = sign_in(people.staff).post(url, {"closes_at": f"{later:%Y-%m-%dT%H:%M}"}, follow=True)
    assert "网上评议的截止时间已经延长。" in page.content.decode()
    services.vote_as_member(Voter.objects.get(member=people.zhang), {people.wang.pk: Decimal(90)})
    assert Voter.objects.get(member=people.zhang).way == "online"


def test_voting_is_not_cut_short(sign_in, people, opened):
    sooner = timezone.localtime() + datetime.timedelta(hours=1)
    url = reverse("evaluations:extend_voting", args=[opened.pk])
    page = sign_in(people.staff).post(url, {"closes_at": f"{sooner:%Y-%m-%dT%H:%M}"})
    assert page.status_code == 400
    assert page.context["form"].errors["closes_at"] == ["新的截止时间要晚于原来的,也要晚于现在。"]
    before = opened.closes_at
    opened.refresh_from_db()
    assert opened.closes_at == before
