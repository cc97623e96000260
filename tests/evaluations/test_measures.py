"""Measures: proposed from results, decided by people, carried out in order, with a clock."""

import datetime

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse

from evaluations import services
from evaluations.facts import members_of
from evaluations.measure_kinds import PURPOSES
from evaluations.models import Measure, MeasureStep, Resolution, Result, Round, RoundBranch
from evaluations.models.resolutions import ABOUT_A_MEMBER
from members.models import ClosedPeriod, FactChange, Membership, Position, Role, User
from scoring.engine import Period
from scoring.models import Adoption
from scoring.services import install_schemes
from tests import factories as make

TODAY = datetime.date(2025, 8, 1)
Done = services.Done


@pytest.fixture(autouse=True)
def _today(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.localdate", lambda *args: TODAY)


def later(monkeypatch, day):
    monkeypatch.setattr("django.utils.timezone.localdate", lambda *args: day)


@pytest.fixture
def settled(places, adopted, people):
    """A closed round of the street; `settled(person, codes)` gives the person a result and its proposals."""
    return rounds_of(places, adopted, "2025H1")


@pytest.fixture
def year(places, adopted):
    """A closed round of a year."""
    return rounds_of(places, adopted, "2024")


def rounds_of(places, version, period):
    round_ = Round.objects.create(
        organization=places.street, period=period, scheme=version.code, status=Round.Status.APPROVED
    )

    def give(person, *codes, alerts=(), grounds=()):
        branch = person.memberships.get(ends_on=None).organization
        part, _ = RoundBranch.objects.get_or_create(
            round=round_, organization=branch, defaults={"version": version, "state": "done"}
        )
        Result.objects.update_or_create(
            round=round_,
            member=person,
            defaults={
                "branch": part,
                "status": "scored",
                "sheet": {"consequences": list(codes), "grounds": list(grounds), "alerts": list(alerts), "missing": []},
                "digest": "",
            },
        )
        services.propose_measures(round_)
        return Measure.objects.filter(round=round_, member=person).order_by("pk").last()

    give.round = round_
    return give


def street_annual(places):
    version = next(version for version in install_schemes() if version.code == "street-annual")
    Adoption.objects.create(organization=places.branch, version=version, starts_on=make.LONG_AGO)
    return version


def go(measure, actor, day=TODAY, **what):
    """The next step, done."""
    measure.refresh_from_db()
    what.setdefault("note", "没有意见")
    return services.complete_step(measure.next_step, Done(day, **what), actor=actor)


# Proposals --------------------------------------------------------------------------------------


def test_proposal_rests_on_its_clauses(settled, people, places):
    measure = settled(people.wang, "criticism", grounds=["consequence:0:0", "consequence:0:1"])
    assert (measure.title, measure.kind, measure.organization) == ("通报批评", "criticism", places.branch)
    assert [clause["heading"] for clause in measure.clauses] == [
        "第十条第一款 扣分达到20分",
        "第十条第八款 活动参加率",
    ]
    assert measure.words == "扣分达到 20 分,或者活动参加率低于 50%"


def test_proposal_names_only_what_the_member_met(settled, people):
    measure = settled(people.wang, "criticism", grounds=["consequence:0:1"])
    assert [clause["heading"] for clause in measure.clauses] == ["第十条第八款 活动参加率"]
    assert measure.words == "活动参加率低于 50%"


def test_proposals_in_the_words_of_the_unit(settled, people, places, adopted):
    from django.core.files.base import ContentFile

    from scoring.models import UnitDocument

    UnitDocument.objects.create(
        adoption=Adoption.objects.get(organization=places.street),
        title="本街道办法",
        file=ContentFile("x", name="x.txt"),
        articles=[{"id": "9", "heading": "第九条 通报", "text": "扣二十分的通报。"}],
        mapping={"10.1": "9"},
        attached_by=people.staff,
    )
    assert settled(people.wang, "criticism").clauses[0] == {"heading": "第九条 通报", "text": "扣二十分的通报。"}


def test_proposing_again_changes_nothing(settled, people):
    settled(people.wang, "criticism", "rectification", alerts=["six_months_dues"])
    before = list(Measure.objects.values())
    assert services.propose_measures(settled.round) == 0
    assert list(Measure.objects.values()) == before
    assert {row["kind"] for row in before} == {"criticism", "rectification", "verify"}


def test_proposal_that_follows_no_more_is_removed(settled, people):
    settled(people.wang, "criticism", "rectification")
    settled(people.wang, "rectification")
    assert [measure.code for measure in Measure.objects.all()] == ["rectification"]


def test_measure_under_way_stays_and_says_that_it_follows_no_more(settled, people):
    measure = services.accept_measure(settled(people.wang, "criticism"), actor=people.secretary)
    settled(people.wang)
    measure.refresh_from_db()
    assert (measure.state, measure.still_follows) == ("running", False)
    settled(people.wang, "criticism")
    measure.refresh_from_db()
    assert (measure.still_follows, Measure.objects.count()) == (True, 1)


def test_dismissed_proposal_is_not_made_again(settled, people):
    measure = settled(people.wang, "criticism")
    services.dismiss_measure(measure, reason="已经当面批评过。", actor=people.secretary)
    services.propose_measures(settled.round)
    assert [one.state for one in Measure.objects.all()] == ["dismissed"]


def test_computation_proposes(half, people, places, adopted, django_capture_on_commit_callbacks):
    for day in (3, 4):
        make.entry(
            people.zhang,
            "duties_key.unfinished",
            version=adopted,
            date=datetime.date(2025, 3, day),
            note=f"第 {day} 件",
            status="approved",
            declared_by=people.secretary,
        )
    with django_capture_on_commit_callbacks(execute=True):
        services.request_computation(half.round)
    assert list(Measure.objects.values_list("member__name", "code", "state")) == [
        ("张建国", "criticism", "proposed"),
    ]


def test_code_of_a_units_own_scheme_is_something_else_to_do(settled, people, monkeypatch):
    from evaluations.measure_kinds import measure_kinds

    assert measure_kinds().of("own-scheme", "own_code").code == "other"


@pytest.mark.parametrize("more", [0, 2])
def test_proposing_takes_the_same_queries(settled, people, places, django_assert_num_queries, more):
    for number in range(more):
        settled(make.member(f"新人{number}", places.branch), "criticism", "rectification")
    settled(people.wang, "criticism", "rectification")
    with django_assert_num_queries(9):
        services.propose_measures(settled.round)


# Decisions --------------------------------------------------------------------------------------


def test_accepted_measure_has_its_steps_and_a_first_deadline(settled, people):
    measure = services.accept_measure(settled(people.wang, "criticism"), actor=people.secretary)
    steps = [(step.number, step.kind, step.role, step.due_on) for step in measure.steps.all()]
    assert steps == [
        (1, "hear", "branch_secretary", TODAY + datetime.timedelta(7)),
        (2, "notify", "branch_secretary", None),
        (3, "act", "branch_secretary", None),
    ]


def test_accepted_twice_is_one(settled, people):
    measure = settled(people.wang, "criticism")
    services.accept_measure(measure, actor=people.secretary)
    with pytest.raises(ValidationError, match="这一项已经是「办理中」,不用再办"):
        services.accept_measure(measure, actor=people.secretary)
    assert measure.steps.count() == 3


def test_proposal_waits_for_the_round(settled, people):
    measure = settled(people.wang, "criticism")
    Round.objects.update(status=Round.Status.COMPUTED)
    for decide in (
        lambda: services.accept_measure(measure, actor=people.secretary),
        lambda: services.dismiss_measure(measure, reason="不妥", actor=people.secretary),
    ):
        with pytest.raises(ValidationError, match="这次考核的结果还没有审定,可能变动"):
            decide()


@pytest.mark.parametrize("role", ["member", "leader", "discipline", "auditor", "administrator", "outsider"])
def test_deciding_needs_the_office(settled, people, role):
    measure = settled(people.wang, "criticism")
    with pytest.raises(PermissionDenied):
        services.accept_measure(measure, actor=getattr(people, role))
    with pytest.raises(PermissionDenied):
        services.dismiss_measure(measure, reason="不妥", actor=getattr(people, role))


def test_nobody_decides_about_oneself(settled, people, places):
    from members.models import RoleAssignment

    RoleAssignment.objects.create(
        user=people.member, role=Role.BRANCH_SECRETARY, organization=places.branch, starts_on=make.LONG_AGO
    )
    with pytest.raises(PermissionDenied):
        services.accept_measure(settled(people.zhang, "criticism"), actor=people.member)
    assert services.accept_measure(Measure.objects.get(), actor=people.general).state == "running"


@pytest.mark.parametrize("reason", ["", "  "])
def test_dismissing_needs_a_reason(settled, people, reason):
    measure = settled(people.wang, "criticism")
    with pytest.raises(ValidationError, match="请写明理由"):
        services.dismiss_measure(measure, reason=reason, actor=people.secretary)
    assert Measure.objects.get().state == "proposed"


def test_measure_is_stopped_on_the_way(settled, people):
    measure = services.accept_measure(settled(people.wang, "criticism"), actor=people.secretary)
    go(measure, people.secretary)
    services.dismiss_measure(measure, reason="申辩成立。", actor=people.secretary)
    measure.refresh_from_db()
    assert (measure.state, measure.ended_by, measure.next_step) == ("dismissed", people.secretary, None)
    assert measure.steps.filter(done_on=None).count() == 2


# Steps ------------------------------------------------------------------------------------------


def test_steps_to_the_end(settled, people):
    measure = services.accept_measure(settled(people.wang, "criticism"), actor=people.secretary)
    for _ in range(3):
        go(measure, people.secretary)
    measure.refresh_from_db()
    assert (measure.state, measure.ended_by) == ("done", people.secretary)


def test_step_done_starts_the_clock_of_the_next(settled, people):
    measure = services.accept_measure(settled(people.wang, "criticism"), actor=people.secretary)
    go(measure, people.secretary, day=datetime.date(2025, 7, 20))
    assert measure.next_step.due_on == datetime.date(2025, 7, 27)


def refused(step, done, actor):
    """Why the step is refused; nothing is stored then."""
    before = list(MeasureStep.objects.values())
    with pytest.raises(ValidationError) as error:
        services.complete_step(step, done, actor=actor)
    assert list(MeasureStep.objects.values()) == before
    return error.value.messages


def test_step_cannot_be_skipped(settled, people):
    measure = services.accept_measure(settled(people.wang, "criticism"), actor=people.secretary)
    assert refused(measure.steps.get(number=2), Done(TODAY), people.secretary) == [
        "前面还有「听取本人意见」没有办,不能跳过。它由支部书记办理,2025 年 8 月 8 日以前。"
    ]


def test_step_is_done_once(settled, people):
    measure = services.accept_measure(settled(people.wang, "criticism"), actor=people.secretary)
    step = go(measure, people.secretary)
    assert refused(step, Done(TODAY), people.secretary) == ["「听取本人意见」已经在 2025 年 8 月 1 日办过,不用再登记。"]


@pytest.mark.parametrize(
    ("done", "sentence"),
    [
        (Done(datetime.date(2025, 8, 2), "有"), "2025 年 8 月 2 日还没有到。办理日期不能晚于今天。"),
        (Done(datetime.date(2025, 6, 29), "有"), "办理日期不能早于 2025 年 6 月 30 日:考核的周期那天才结束。"),
        (Done(TODAY, " "), "请把本人的意见或评议的情况记下来;本人没有意见的,写“没有意见”。"),
    ],
)
def test_first_step_is_checked(settled, people, done, sentence):
    measure = services.accept_measure(settled(people.wang, "criticism"), actor=people.secretary)
    assert refused(measure.next_step, done, people.secretary) == [sentence]


def test_step_is_not_before_the_one_before(settled, people):
    measure = services.accept_measure(settled(people.wang, "criticism"), actor=people.secretary)
    go(measure, people.secretary, day=datetime.date(2025, 7, 20))
    assert refused(measure.next_step, Done(datetime.date(2025, 7, 19)), people.secretary) == [
        "办理日期不能早于 2025 年 7 月 20 日:上一步那天才办完。"
    ]


@pytest.mark.parametrize("role", ["member", "leader", "discipline", "auditor", "administrator", "outsider"])
def test_step_needs_its_role(settled, people, role):
    measure = services.accept_measure(settled(people.wang, "criticism"), actor=people.secretary)
    with pytest.raises(PermissionDenied):
        services.complete_step(measure.next_step, Done(TODAY, "有"), actor=getattr(people, role))


def test_step_of_the_street_is_not_the_branchs(year, people):
    measure = services.accept_measure(year(people.wang, "five_leads_candidate"), actor=people.secretary)
    go(measure, people.secretary)
    with pytest.raises(PermissionDenied):
        go(measure, people.secretary)


def test_approval_is_another_persons(year, people):
    measure = services.accept_measure(year(people.wang, "five_leads_candidate"), actor=people.staff)
    go(measure, people.secretary)
    assert refused(measure.next_step, Done(TODAY), people.staff) == ["您已经经办过这一项,审批要由另一位同事办理。"]
    go(measure, people.other_staff)
    assert measure.steps.get(number=2).done_by == people.other_staff


def test_outcome_must_be_chosen(settled, people):
    measure = services.accept_measure(settled(people.wang, alerts=["six_months_dues"]), actor=people.secretary)
    for outcome in ("", "whatever"):
        assert refused(measure.next_step, Done(TODAY, "有", outcome), people.secretary) == ["请选一个结果。"]


def test_outcome_opens_another_measure(settled, people):
    measure = services.accept_measure(settled(people.wang, alerts=["six_months_dues"]), actor=people.secretary)
    go(measure, people.secretary, outcome="unjustified")
    opened = Measure.objects.get(follows=measure)
    assert (opened.kind, opened.state, opened.clauses) == ("party_rules", "proposed", measure.clauses)
    assert services.propose_measures(settled.round) == 0
    assert Measure.objects.filter(follows=measure).count() == 1


def test_outcome_does_not_open_what_is_open(settled, people):
    settled(people.wang, "withdrawal_procedure", alerts=["six_months_dues"])
    measure = services.accept_measure(Measure.objects.get(kind="verify"), actor=people.secretary)
    go(measure, people.secretary, outcome="unjustified")
    assert Measure.objects.filter(kind="party_rules").count() == 1


# Rectification ----------------------------------------------------------------------------------


def test_rectification_runs_half_a_year_then_is_reassessed(settled, people, monkeypatch):
    measure = services.accept_measure(settled(people.wang, "rectification"), actor=people.general)
    go(measure, people.general)
    go(measure, people.general)
    term = measure.next_step
    assert (term.kind, term.due_on) == ("term", datetime.date(2026, 2, 1))
    assert refused(term, Done(TODAY), people.general) == ["改正期到 2026 年 2 月 1 日为止,还没有满。"]
    assert services.run_clock(datetime.date(2026, 2, 1)) == 0
    assert services.run_clock(datetime.date(2026, 2, 2)) == 1
    term.refresh_from_db()
    assert (term.done_on, term.done_by) == (datetime.date(2026, 2, 1), None)
    later(monkeypatch, datetime.date(2026, 2, 10))
    go(measure, people.staff, day=datetime.date(2026, 2, 3))
    go(measure, people.secretary, day=datetime.date(2026, 2, 5), outcome="not_improved")
    opened = Measure.objects.get(follows=measure)
    assert (opened.kind, opened.words) == ("persuade_withdrawal", "限期改正以后")


def test_term_that_ran_out_is_passed_by_hand_too(settled, people, monkeypatch):
    measure = services.accept_measure(settled(people.wang, "rectification"), actor=people.general)
    go(measure, people.general)
    go(measure, people.general)
    later(monkeypatch, datetime.date(2026, 2, 1))
    go(measure, people.general, day=datetime.date(2026, 2, 1))
    assert measure.next_step.title == "街道集中教育培训"


def test_clock_marks_what_is_due_soon_and_then_late(year, people):
    measure = services.accept_measure(year(people.wang, "five_leads_candidate"), actor=people.secretary)
    step = measure.next_step
    assert step.due_on == datetime.date(2025, 8, 15)
    for today, reminded in (
        (datetime.date(2025, 8, 7), None),
        (datetime.date(2025, 8, 8), datetime.date(2025, 8, 8)),
        (datetime.date(2025, 8, 9), datetime.date(2025, 8, 8)),
        (datetime.date(2025, 8, 16), datetime.date(2025, 8, 16)),
        (datetime.date(2025, 8, 17), datetime.date(2025, 8, 16)),
    ):
        services.run_clock(today)
        step.refresh_from_db()
        assert step.reminded_on == reminded


# Transfers --------------------------------------------------------------------------------------


@pytest.fixture
def education(places):
    return make.organization("和平街道集中教育转化党支部", "education_branch", places.street)


@pytest.fixture
def annual(places, adopted):
    """A closed annual round under the street's scheme."""
    return rounds_of(places, street_annual(places), "2024")


def heard_and_told(measure, people):
    measure = services.accept_measure(measure, actor=people.staff)
    while measure.next_step.kind != "transfer":
        go(measure, people.staff)
    return measure


def test_transfer_to_the_education_branch_moves_the_membership(annual, people, education):
    measure = heard_and_told(annual(people.wang, "transfer_education"), people)
    assert people.wang.memberships.count() == 1
    go(measure, people.staff, destination=education)
    now = people.wang.memberships.get(ends_on=None)
    assert (now.organization, now.starts_on) == (education, TODAY)
    assert FactChange.objects.filter(member=people.wang, kind="membership", new=education.name).exists()


def test_transfer_needs_an_education_branch(annual, people, places):
    measure = heard_and_told(annual(people.wang, "transfer_education"), people)
    assert refused(measure.next_step, Done(TODAY, destination=places.sibling), people.staff) == [
        "街道还没有集中教育转化党支部。请先在「组织」里建立,再办理转移。"
    ]


def test_transfer_is_to_no_other_branch(annual, people, places, education):
    measure = heard_and_told(annual(people.wang, "transfer_education"), people)
    for place in (None, places.sibling):
        assert refused(measure.next_step, Done(TODAY, destination=place), people.staff) == ["请选转到哪个支部。"]


def test_transfer_into_a_closed_period_is_refused(annual, people, places, education):
    measure = heard_and_told(annual(people.wang, "transfer_education"), people)
    ClosedPeriod.objects.create(
        organization=places.street,
        title="2025 年下半年",
        starts_on=datetime.date(2025, 7, 1),
        ends_on=datetime.date(2025, 12, 31),
    )
    messages = refused(measure.next_step, Done(TODAY, destination=education), people.staff)
    assert "那次考核已经办结" in messages[0]
    assert people.wang.memberships.count() == 1


def test_member_who_left_cannot_be_transferred(annual, people, education):
    measure = heard_and_told(annual(people.wang, "transfer_education"), people)
    Membership.objects.filter(member=people.wang).update(ends_on=TODAY)
    assert refused(measure.next_step, Done(TODAY, destination=education), people.staff) == [
        "王志强现在不在任何支部,没有组织关系可以转移。"
    ]


def test_return_brings_back_to_the_branch_before(places, adopted, people, education, monkeypatch):
    version = street_annual(places)
    measure = heard_and_told(rounds_of(places, version, "2023")(people.wang, "transfer_education"), people)
    go(measure, people.staff, destination=education)
    later(monkeypatch, datetime.date(2025, 9, 1))
    back = rounds_of(places, version, "2024")(people.wang, "return_from_education")
    assert back.organization == education
    back = heard_and_told(back, people)
    go(back, people.staff, day=datetime.date(2025, 9, 1), destination=places.branch)
    assert people.wang.memberships.get(ends_on=None).organization == places.branch


def test_return_is_proposed_only_for_those_in_the_education_branch(annual, people):
    assert annual(people.wang, "return_from_education") is None


# Meetings and the committee above ----------------------------------------------------------------


def vote(person, by, purpose="withdrawal", day=TODAY, votes_for=8, **fields):
    """A vote of the branch's meeting of ten."""
    branch = person.memberships.get(ends_on=None).organization
    return Resolution.objects.create(
        organization=branch,
        held_on=day,
        kind="members",
        purpose=purpose,
        member=person,
        subject="劝其退党",
        entitled=10,
        present=9,
        votes_for=votes_for,
        votes_against=0,
        abstained=0,
        quorum_over=50,
        majority_over=50,
        recorded_by=by,
        **fields,
    )


@pytest.fixture
def departing(settled, people):
    """Wang is to be persuaded to withdraw, and has been heard."""
    measure = services.accept_measure(settled(people.wang, "persuade_withdrawal"), actor=people.secretary)
    go(measure, people.secretary)
    return measure


def test_withdrawal_takes_the_meeting_then_the_committee_above(departing, people):
    carried = vote(people.wang, people.secretary)
    go(departing, people.secretary, resolution=carried)
    assert departing.steps.get(number=2).resolution == carried
    go(departing, people.staff)
    go(departing, people.secretary, outcome="refused")
    assert Measure.objects.get(follows=departing).kind == "expulsion"
    departing.refresh_from_db()
    assert (departing.state, departing.steps.filter(kind="depart").count()) == ("done", 0)
    assert people.wang.memberships.filter(ends_on=None).exists()


def test_expulsion_without_a_vote_is_refused(departing, people):
    assert refused(departing.next_step, Done(TODAY), people.secretary) == [
        "还没有王志强「劝退」的会议表决。请先在「会议表决」里登记。"
    ]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"votes_for": 5}, "没有超过应到人数的半数,没有通过。不能据此办理;不再办的,请选「不予办理」。"),
        ({"day": datetime.date(2025, 7, 31)}, "办理日期不能早于 2025 年 8 月 1 日:上一步那天才办完。"),
    ],
)
def test_vote_must_be_carried_and_come_after_the_hearing(departing, people, fields, sentence):
    found = vote(people.wang, people.secretary, **fields)
    messages = refused(departing.next_step, Done(found.held_on, resolution=found), people.secretary)
    assert messages[0].endswith(sentence)


def test_vote_must_be_on_this_person_and_this_matter(departing, people):
    for other in (vote(people.zhang, people.secretary), vote(people.wang, people.secretary, "expulsion")):
        assert "的会议表决" in refused(departing.next_step, Done(TODAY, resolution=other), people.secretary)[0]


def test_vote_that_was_put_right_counts_no_more(departing, people):
    wrong = vote(people.wang, people.secretary)
    vote(people.wang, people.secretary, votes_for=4, replaces=wrong)
    assert refused(departing.next_step, Done(TODAY, resolution=wrong), people.secretary) == ["请选是哪一次表决。"]


def test_vote_counts_for_one_measure(departing, people, places, adopted):
    carried = vote(people.wang, people.secretary)
    go(departing, people.secretary, resolution=carried)
    other = rounds_of(places, adopted, "2024")(people.wang, "persuade_withdrawal")
    other = services.accept_measure(other, actor=people.secretary)
    go(other, people.secretary)
    messages = refused(other.next_step, Done(TODAY, resolution=carried), people.secretary)
    assert messages == ["2025 年 8 月 1 日的表决已经用在另一项上,请选别的一次。"]


def test_who_put_the_vote_on_record_does_not_approve(departing, people):
    go(departing, people.secretary, resolution=vote(people.wang, people.staff))
    assert refused(departing.next_step, Done(TODAY), people.staff) == ["您已经经办过这一项,审批要由另一位同事办理。"]
    go(departing, people.other_staff)


def test_purposes_are_those_of_votes():
    assert set(PURPOSES) <= set(ABOUT_A_MEMBER)


# Leaving ----------------------------------------------------------------------------------------

FIRST_DAY = datetime.date(2025, 7, 20)


@pytest.fixture
def expelled(settled, people, places, monkeypatch):
    """Wang, a committee member with an account, is to be expelled: approved on 20 July, told, not yet off the roster."""
    Position.objects.create(
        member=people.wang, organization=places.branch, title="committee_member", starts_on=make.LONG_AGO
    )
    make.user(people.wang.name, Role.GROUP_LEADER, places.branch, member=people.wang)
    measure = services.accept_measure(settled(people.wang, "persuade_withdrawal"), actor=people.secretary)
    Measure.objects.filter(pk=measure.pk).update(kind="expulsion", title="除名")
    measure.steps.all().delete()
    measure = Measure.objects.select_related("round").get(pk=measure.pk)
    services.measures._lay_steps(measure, measure.rules)
    go(measure, people.secretary, day=datetime.date(2025, 7, 10))
    carried = vote(people.wang, people.secretary, "expulsion", day=datetime.date(2025, 7, 15))
    go(measure, people.secretary, day=carried.held_on, resolution=carried)
    go(measure, people.staff, day=FIRST_DAY)
    go(measure, people.secretary, day=datetime.date(2025, 7, 25))
    return Measure.objects.select_related("round", "member").get(pk=measure.pk)


def test_expulsion_ends_the_membership_the_posts_and_the_account(expelled, people, places):
    go(expelled, people.staff, day=FIRST_DAY)
    expelled.refresh_from_db()
    last = FIRST_DAY - datetime.timedelta(1)
    assert expelled.state == "done"
    assert list(people.wang.memberships.values_list("organization", "ends_on")) == [(places.branch.pk, last)]
    assert list(people.wang.positions.values_list("title", "ends_on")) == [("committee_member", last)]
    user = User.objects.get(member=people.wang)
    assert (user.is_active, user.role_assignments.in_office().count()) == (False, 0)
    changes = FactChange.objects.filter(member=people.wang, changed_by=people.staff).values_list("title", "old", "new")
    assert set(changes) == {
        ("职务至 2025-07-19", "支部委员(和平社区第一党支部)", "离任"),
        ("组织关系至 2025-07-19", "和平社区第一党支部", "移出名册(除名),账号停用,岗位取消"),
    }


def test_who_has_left_is_on_no_later_round_and_stays_in_past_ones(expelled, people, places):
    half = Period.parse("2025H2")
    assert members_of([places.branch], half).filter(member=people.wang).exists()
    go(expelled, people.staff, day=FIRST_DAY)
    assert not members_of([places.branch], half).filter(member=people.wang).exists()
    assert members_of([places.branch], Period.parse("2025H1")).filter(member=people.wang).exists()
    assert Result.objects.filter(round=expelled.round, member=people.wang).exists()


def test_what_else_is_open_about_who_has_left_is_dropped(expelled, settled, people):
    settled(people.wang, "persuade_withdrawal", "criticism")
    Measure.objects.filter(code="criticism").update(state="running")
    assert "2025 年上半年考核引出的「通报批评」不再办理" in services.measures.what_ends(expelled.next_step, FIRST_DAY)
    go(expelled, people.staff, day=FIRST_DAY)
    dropped = Measure.objects.get(code="criticism")
    assert (dropped.state, dropped.reason) == ("dismissed", "本人 2025 年 7 月 20 日起不在党员名册(除名),不再办理。")


@pytest.mark.parametrize(
    ("day", "sentence"),
    [
        (FIRST_DAY - datetime.timedelta(1), "办理日期不能早于 2025 年 7 月 20 日:那天才办完「上级党组织批准」。"),
        (TODAY + datetime.timedelta(1), "2025 年 8 月 2 日还没有到。办理日期不能晚于今天。"),
    ],
)
def test_day_of_leaving_is_between_the_approval_and_today(expelled, people, day, sentence):
    assert refused(expelled.next_step, Done(day), people.staff) == [sentence]


def test_leaving_in_a_closed_period_is_refused_and_nothing_ends(expelled, people, places):
    ClosedPeriod.objects.create(
        organization=places.street,
        title="2025 年 7 月",
        starts_on=datetime.date(2025, 7, 1),
        ends_on=datetime.date(2025, 7, 31),
    )
    assert "那次考核已经办结" in refused(expelled.next_step, Done(FIRST_DAY), people.staff)[0]
    assert people.wang.memberships.filter(ends_on=None).exists()
    assert people.wang.positions.filter(ends_on=None).exists()
    assert User.objects.get(member=people.wang).is_active
    go(expelled, people.staff, day=TODAY)
    assert people.wang.memberships.get().ends_on == datetime.date(2025, 7, 31)


def test_leaving_is_all_or_nothing(expelled, people, monkeypatch):
    monkeypatch.setattr("members.services.departures.close_account", lambda user: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        go(expelled, people.staff, day=FIRST_DAY)
    assert people.wang.memberships.filter(ends_on=None).exists()
    assert people.wang.positions.filter(ends_on=None).exists()
    assert expelled.steps.get(kind="depart").done_on is None


def test_post_taken_up_later_is_named(expelled, people):
    Position.objects.filter(member=people.wang).update(starts_on=datetime.date(2025, 7, 22))
    assert refused(expelled.next_step, Done(FIRST_DAY), people.staff) == [
        "王志强自 2025-07-22 起任支部委员(和平社区第一党支部),离开的日期要晚于这一天。"
    ]


def test_who_is_on_no_roster_cannot_be_taken_off_it(expelled, people):
    Membership.objects.filter(member=people.wang).update(ends_on=TODAY)
    assert refused(expelled.next_step, Done(FIRST_DAY), people.staff) == [
        "王志强现在不在任何支部,没有组织关系可以终止。"
    ]


def test_branch_does_not_take_anybody_off_the_roster(expelled, people):
    with pytest.raises(PermissionDenied):
        go(expelled, people.secretary, day=FIRST_DAY)


def test_withdrawal_that_is_agreed_to_ends_the_membership(departing, people):
    go(departing, people.secretary, resolution=vote(people.wang, people.secretary))
    go(departing, people.staff)
    go(departing, people.secretary, outcome="agreed")
    go(departing, people.staff)
    departing.refresh_from_db()
    assert departing.state == "done"
    assert people.wang.memberships.get().ends_on == TODAY - datetime.timedelta(1)


def test_page_says_what_ends_before_it_does(expelled, people, sign_in):
    client, url = sign_in(people.staff), reverse("evaluations:measure_step", args=[expelled.pk, 5])
    assert 'value="2025-07-20"' in client.get(url).content.decode()
    data = {"done_on": "2025-07-20", "note": ""}
    checked = client.post(url, data)
    assert checked.context["ends"] == [
        "组织关系:和平社区第一党支部,到 2025 年 7 月 19 日为止",
        "职务:支部委员(和平社区第一党支部)",
        f"账号 {User.objects.get(member=people.wang).username} 停用,岗位取消:党小组长",
    ]
    assert people.wang.memberships.filter(ends_on=None).exists()
    for _ in range(2):
        assert client.post(url, data | {"confirmed": "1"}).status_code == 302
    assert FactChange.objects.filter(member=people.wang, kind="membership").count() == 1


def test_account_of_who_has_left_is_out_with_its_next_request(expelled, people, client):
    client.force_login(User.objects.get(member=people.wang), backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(reverse("home")).status_code == 200
    go(expelled, people.staff, day=FIRST_DAY)
    assert client.get(reverse("home")).status_code == 302


def test_record_of_who_has_left_is_read_by_the_last_branch(expelled, people, sign_in):
    go(expelled, people.staff, day=FIRST_DAY)
    page = sign_in(people.secretary).get(reverse("members:member", args=[people.wang.pk]))
    assert "已不在名册" in page.content.decode()
    assert "转移组织关系" not in page.content.decode()
    assert people.wang.name not in sign_in(people.secretary).get(reverse("members:roster")).content.decode()
    assert sign_in(people.secretary).get(reverse("reports:ledger", args=[people.wang.pk])).status_code == 200
    assert sign_in(people.outsider).get(reverse("members:member", args=[people.wang.pk])).status_code == 404
    assert sign_in(people.outsider).get(reverse("reports:ledger", args=[people.wang.pk])).status_code == 404
