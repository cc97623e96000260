"""The course of a round: reviewed, published, corrected, approved, closed, reopened; each by whom it falls to."""

import datetime

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from evaluations import rollup, services
from evaluations.course import waiting_for
from evaluations.models import Publication, Result, Round, RoundBranch, RoundStep
from members.dates import day_name
from members.models import Attendance, ClosedPeriod, FactChange, Role
from reports.tasks import tasks_of
from scoring.engine import Period
from tests import factories as make

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def computed(half, people):
    services.request_computation(half.round, actor=people.staff)
    half.round.refresh_from_db()
    return half.round


@pytest.fixture
def published(computed, people):
    return make.published(computed, people.staff)


@pytest.fixture
def approved(published, people):
    make.window_over(published)
    return services.approve_round(published, actor=people.other_staff)


@pytest.fixture
def second(people, places):
    return make.user("宋政工", Role.STREET_STAFF, places.street)


def steps(round_) -> list[str]:
    return list(RoundStep.objects.filter(round=round_).values_list("step", flat=True))


def state(round_) -> str:
    return Round.objects.get(pk=round_.pk).status


def absent(person, by) -> None:
    """A fact changes, and its history says so."""
    Attendance.objects.filter(member=person).update(status="absent")
    FactChange.objects.create(member=person, kind="attendance", key="activity:1", title="考勤", changed_by=by)


def url(name, *args):
    return reverse(f"evaluations:{name}", args=args)


# Review ---------------------------------------------------------------------------------------


def test_round_is_reviewed_when_every_branch_is(computed, people, places):
    services.review_branch(computed, places.branch, actor=people.secretary)
    assert state(computed) == "computed"
    services.review_branch(computed, places.sibling, actor=people.general)
    assert state(computed) == "reviewed"
    assert steps(computed) == ["open", "compute", "review", "review"]
    assert RoundStep.objects.filter(step="review").first().done_by == people.secretary


def test_review_falls_to_the_general_branch_only_where_there_is_no_secretary(computed, people, places):
    with pytest.raises(PermissionDenied):
        services.review_branch(computed, places.branch, actor=people.general)
    with pytest.raises(PermissionDenied):
        services.review_branch(computed, places.sibling, actor=people.secretary)
    with pytest.raises(PermissionDenied):
        services.review_branch(computed, places.branch, actor=people.staff)


def test_review_twice_is_one(sign_in, computed, people, places):
    client = sign_in(people.secretary)
    for _ in range(2):
        assert client.post(url("review", computed.pk, places.branch.pk)).status_code == 302
    assert steps(computed).count("review") == 1


def test_review_before_the_last_day_is_refused(computed, people, places):
    Round.objects.filter(pk=computed.pk).update(requested_at="2025-06-29T12:00+08:00")
    with pytest.raises(ValidationError, match="结束以后还没有试算过"):
        services.review_branch(computed, places.branch, actor=people.secretary)


def test_review_of_results_that_are_no_longer_true_is_refused(sign_in, computed, people, places):
    absent(people.zhang, people.secretary)
    response = sign_in(people.secretary).post(url("review", computed.pk, places.branch.pk))
    assert response.status_code == 400
    assert response.context["error"] == "试算以后和平社区第一党支部又有记录变动,结果会不同。请先重新试算,看过结果再办。"


def test_what_was_written_about_another_time_changes_nothing(computed, people, places):
    event = make.activity(places.branch, people.secretary, datetime.date(2025, 7, 9), title="七月学习")
    make.attendance(event, people.zhang, "absent", people.secretary)
    FactChange.objects.create(
        member=people.zhang, kind="attendance", key="activity:2", title="考勤", changed_by=people.secretary
    )
    assert services.changed_since(computed, computed.requested_at)
    services.review_branch(computed, places.branch, actor=people.secretary)


def test_recomputing_drops_only_the_reviews_of_changed_branches(computed, people, places):
    make.reviewed(computed)
    absent(people.zhang, people.secretary)
    services.request_computation(computed, actor=people.staff)
    assert state(computed) == "computed"
    parts = {part.organization_id: part for part in computed.branches.with_results()}
    assert not parts[places.branch.pk].is_reviewed
    assert parts[places.sibling.pk].is_reviewed
    lapse = RoundStep.objects.get(step="lapse")
    assert (lapse.organization, lapse.done_by) == (places.branch, people.staff)


def test_recomputing_without_a_change_keeps_the_reviews(computed):
    make.reviewed(computed)
    services.request_computation(computed)
    assert state(computed) == "reviewed"


def test_repeated_task_leaves_one_step(computed):
    rollup.compute_branches(computed.pk, list(computed.branches.values_list("pk", flat=True)))
    assert steps(computed) == ["open", "compute"]


def test_check_page_names_what_is_wrong(sign_in, computed, people, places, adopted):
    make.activity(places.branch, people.secretary, datetime.date(2025, 5, 6), title="五月学习")
    fields = {"version": adopted, "date": datetime.date(2025, 4, 1), "note": "义诊", "declared_by": people.secretary}
    make.entry(people.wang, "bonus.public_good", status="reviewed", **fields)
    page = sign_in(people.secretary).get(url("review", computed.pk, places.branch.pk)).content.decode()
    assert "王志强(和平社区第一党支部):缺班子成员评议" in page
    assert "2025-05-06 五月学习" in page
    assert "王志强 2025-04-01:待街道审批" in page
    assert "1 人计分,1 人优秀" in page
    assert "刘淑芬" not in page


def test_check_page_says_what_the_last_computation_changed(sign_in, computed, people, places):
    absent(people.zhang, people.secretary)
    services.request_computation(computed)
    page = sign_in(people.secretary).get(url("review", computed.pk, places.branch.pk)).content.decode()
    assert "张建国:总分 92.40 → 91.80" in page


def test_review_page_is_for_the_branch_alone(sign_in, computed, people, places):
    assert sign_in(people.staff).get(url("review", computed.pk, places.branch.pk)).status_code == 403
    assert sign_in(people.secretary).get(url("review", computed.pk, places.sibling.pk)).status_code == 404
    assert sign_in(people.outsider).get(url("review", computed.pk, places.branch.pk)).status_code == 404
    assert sign_in(people.general).get(url("review", computed.pk, places.sibling.pk)).status_code == 200


@pytest.mark.parametrize("more", [0, 2])
def test_review_page_takes_the_same_queries(sign_in, people, places, half, django_assert_num_queries, more):
    for number in range(more):
        make.member(f"新人{number}", places.branch)
    services.request_computation(half.round)
    client = sign_in(people.secretary)
    with django_assert_num_queries(24):
        client.get(url("review", half.round.pk, places.branch.pk))


# Out of turn ----------------------------------------------------------------------------------

NOT_REVIEWED = "各支部都审核以后才能公示。现在先由支部审核,还没有审核的是和平社区第二党支部(片总支)。"


def refusal_on(client, address) -> str:
    """Why the page of a step offers no form to take it."""
    page = client.get(address)
    assert page.status_code == 200
    assert "确认" not in page.content.decode()
    assert page.context["refusal"] in page.content.decode()
    return page.context["refusal"]


def test_pages_of_later_steps_say_who_is_to_do_what_first(sign_in, computed, people, places, second):
    client = sign_in(people.staff)
    services.review_branch(computed, places.branch, actor=people.secretary)
    assert refusal_on(client, url("publish", computed.pk)) == NOT_REVIEWED
    services.review_branch(computed, places.sibling, actor=people.general)
    assert (
        refusal_on(client, url("close", computed.pk)) == "只有已经审批、还没有办结的考核才能办结。现在先由政工科公示。"
    )
    services.publish_round(computed, actor=people.staff)
    computed.refresh_from_db()
    until = day_name(computed.objections_until)
    assert refusal_on(client, url("approve", computed.pk)) == "这次公示是您办的,审批要由另一位同事办理。"
    client = sign_in(second)
    assert refusal_on(client, url("approve", computed.pk)) == f"公示到 {until}为止,期满以后才能审批。"
    assert refusal_on(client, url("publish", computed.pk)) == (
        f"各支部都审核以后才能公示。现在正在公示,{until}期满以后由政工科没有办公示的同事审批。"
    )


def test_review_page_before_the_last_day_says_what_is_waited_for(sign_in, computed, people, places):
    Round.objects.filter(pk=computed.pk).update(requested_at="2025-06-29T12:00+08:00")
    address = url("review", computed.pk, places.branch.pk)
    assert "请政工科在 2025 年 6 月 30 日当天或以后重新试算" in refusal_on(sign_in(people.secretary), address)


# Publishing -----------------------------------------------------------------------------------


def test_publish_shows_members_their_results(sign_in, computed, people, places):
    sheet = url("publicity", computed.pk, places.branch.pk)
    assert sign_in(people.member).get(sheet).status_code == 404
    make.reviewed(computed)
    response = sign_in(people.staff).post(url("publish", computed.pk), follow=True)
    assert "已公示(第 " in response.content.decode()
    assert state(computed) == "published"
    page = sign_in(people.member).get(sheet).content.decode()
    assert "92.40" in page
    assert "王志强" in page
    assert "刘淑芬" not in page
    assert sign_in(people.member).get(url("publicity", computed.pk, places.sibling.pk)).status_code == 404
    assert "公示中" in sign_in(people.member).get(reverse("home")).content.decode()


def test_publish_needs_every_branch(sign_in, computed, people, places):
    services.review_branch(computed, places.branch, actor=people.secretary)
    response = sign_in(people.staff).post(url("publish", computed.pk))
    assert response.context["error"] == NOT_REVIEWED
    assert Publication.objects.count() == 0


def test_publish_twice_is_one(sign_in, computed, people):
    make.reviewed(computed)
    for _ in range(2):
        sign_in(people.staff).post(url("publish", computed.pk))
    assert steps(computed).count("publish") == 1
    assert Publication.objects.count() == 2


def test_publish_sets_the_window(published, settings):
    window = datetime.timedelta(settings.OBJECTION_DAYS)
    assert published.objections_until == timezone.localdate(published.published_at) + window


def test_computing_a_published_round_is_refused(published):
    with pytest.raises(ValidationError, match="公示以后结果不能直接重算"):
        services.request_computation(published)
    with pytest.raises(rollup.RoundSettledError):
        rollup.compute_branches(published.pk, [])


# Correcting -----------------------------------------------------------------------------------


def corrected(published, people, places):
    absent(people.zhang, people.secretary)
    return services.reopen_for_correction(published, [places.branch], "三月主题党日的考勤记错了", people.staff)


def test_correction_asks_the_branch_again_and_keeps_the_others(published, people, places):
    round_ = corrected(published, people, places)
    assert (round_.status, round_.objections_until) == ("computed", None)
    waiting = RoundBranch.objects.filter(round=round_).to_review()
    assert [part.organization for part in waiting] == [places.branch]
    assert Result.objects.get(round=round_, member=people.zhang).total < 92


def test_correction_says_what_it_changed(sign_in, published, people, places):
    corrected(published, people, places)
    words = "张建国:总分 92.40 → 91.80"
    assert words in sign_in(people.secretary).get(url("round", published.pk)).content.decode()
    make.published(published, people.staff)
    page = sign_in(people.member).get(url("publicity", published.pk, places.branch.pk)).content.decode()
    assert words in page
    assert "三月主题党日的考勤记错了" in page
    assert Publication.objects.filter(organization=places.branch).count() == 2


def test_correction_is_no_affair_of_the_other_branches(sign_in, published, people, places):
    corrected(published, people, places)
    other = make.user("韩书记", Role.BRANCH_SECRETARY, places.sibling)
    assert "三月主题党日" not in sign_in(other).get(url("round", published.pk)).content.decode()


def test_correction_from_the_page_needs_a_reason_and_a_branch(sign_in, published, people, places):
    client = sign_in(people.staff)
    response = client.post(url("correct", published.pk), {"reason": " "})
    assert response.status_code == 400
    assert set(response.context["form"].errors) == {"branches", "reason"}
    assert state(published) == "published"
    client.post(url("correct", published.pk), {"reason": "算错了", "branches": [places.branch.pk]})
    assert state(published) == "computed"


def test_correction_before_publishing_is_refused(computed, people, places):
    with pytest.raises(ValidationError, match="只有公示以后、办结以前"):
        services.reopen_for_correction(computed, [places.branch], "算错了", people.staff)


# Approving and closing ------------------------------------------------------------------------


def test_approve_after_the_window_by_another(sign_in, published, people):
    refused = sign_in(people.other_staff).post(url("approve", published.pk))
    assert "期满以后才能审批" in refused.context["error"]
    make.window_over(published)
    refused = sign_in(people.staff).post(url("approve", published.pk))
    assert refused.context["error"] == "这次公示是您办的,审批要由另一位同事办理。"
    sign_in(people.other_staff).post(url("approve", published.pk))
    assert state(published) == "approved"


def test_approve_waits_for_appeals(published, people, monkeypatch):
    make.window_over(published)
    monkeypatch.setattr("evaluations.services.course.undecided_appeals", lambda round_: 2)
    with pytest.raises(ValidationError, match="还有 2 件申诉没有答复"):
        services.approve_round(published, actor=people.other_staff)


def test_approve_of_results_that_are_no_longer_true_is_refused(published, people):
    make.window_over(published)
    absent(people.zhang, people.secretary)
    with pytest.raises(ValidationError, match="结果会不同。请先办理公示后更正。"):
        services.approve_round(published, actor=people.other_staff)


def test_measures_wait_for_the_approval(published, people):
    assert not published.takes_measures
    make.window_over(published)
    assert services.approve_round(published, actor=people.other_staff).takes_measures


def test_close_settles_results_and_facts(sign_in, approved, people, places):
    client = sign_in(people.staff)
    for _ in range(2):
        client.post(url("close", approved.pk))
    approved.refresh_from_db()
    assert (approved.status, approved.closed_by) == ("closed", people.staff)
    period = ClosedPeriod.objects.get()
    assert (period.organization, period.ends_on) == (places.street, datetime.date(2025, 6, 30))
    assert steps(approved).count("close") == 1


def test_close_before_the_approval_is_refused(published, people):
    with pytest.raises(ValidationError, match="只有已经审批、还没有办结的考核才能办结"):
        services.close_round(published, actor=people.staff)


def test_close_names_earlier_rounds_that_are_open(sign_in, people, places, approved):
    page = url("close", approved.pk)
    assert "还有考核没有办结" not in sign_in(people.staff).get(page).content.decode()
    services.open_round(places.street, Period.parse("2024H2"), approved.scheme)
    Round.objects.create(organization=places.community, period="2024", scheme="village-inspector")
    Round.objects.create(organization=places.street, period="2025", scheme=approved.scheme)
    Round.objects.create(organization=places.other_street, period="2024", scheme=approved.scheme)
    shown = sign_in(people.staff).get(page).content.decode()
    assert "这段时间的记录:2024 年《村级纪检委员考核办法》、2024 年下半年。" in shown


def test_services_ask_who_takes_the_step(published, people):
    for step in (services.publish_round, services.approve_round, services.close_round):
        with pytest.raises(PermissionDenied):
            step(published, actor=people.secretary)


# Reopening ------------------------------------------------------------------------------------


@pytest.fixture
def closed(approved, people):
    return services.close_round(approved, actor=people.staff)


def test_reopening_takes_two(sign_in, closed, people):
    page = url("reopen", closed.pk)
    assert sign_in(people.staff).post(page, {"reason": ""}).status_code == 400
    sign_in(people.staff).post(page, {"reason": "漏登记一次活动"})
    refused = sign_in(people.staff).post(page, {"answer": "agree"})
    assert refused.context["error"] == "重新打开是您申请的,要由另一位同事确认。"
    assert state(closed) == "closed"
    shown = sign_in(people.other_staff).get(page).content.decode()
    assert "漏登记一次活动" in shown
    sign_in(people.other_staff).post(page, {"answer": "agree"})
    closed.refresh_from_db()
    assert (closed.status, closed.closed_by) == ("computed", None)
    assert steps(closed)[-3:] == ["close", "ask_reopen", "reopen"]
    assert not ClosedPeriod.objects.exists()


def test_reopened_round_goes_its_whole_course_again(closed, people, places):
    make.reopened(closed)
    absent(people.zhang, people.secretary)
    services.request_computation(closed)
    assert RoundBranch.objects.filter(round=closed).to_review().count() == 2
    again = make.closed(closed, people.staff)
    assert again.is_closed
    assert steps(again).count("publish") == 2


def test_closed_rounds_cost_the_home_page_nothing(closed, people, places, django_assert_num_queries):
    with CaptureQueriesContext(connection) as one:
        assert waiting_for(people.staff) == []
    for period in ("2024H1", "2024H2"):
        closed_too(places, period, closed.scheme)
    with django_assert_num_queries(len(one)):
        assert waiting_for(people.staff) == []
    services.ask_to_reopen(closed, reason="漏登记", actor=people.staff)
    assert [turn.title for _, turn in waiting_for(people.other_staff)] == ["答复重新打开的申请"]


def test_declined_reopening_changes_nothing(sign_in, closed, people):
    services.ask_to_reopen(closed, reason="漏登记", actor=people.staff)
    sign_in(people.other_staff).post(url("reopen", closed.pk), {"answer": "decline"})
    assert state(closed) == "closed"
    assert steps(closed)[-1] == "decline_reopen"
    with pytest.raises(ValidationError, match="没有等着答复的申请"):
        services.answer_reopening(closed, agreed=True, actor=people.other_staff)


def closed_too(places, period, scheme, *branches):
    """Another closed round of the street, with parts of these branches."""
    round_ = Round.objects.create(organization=places.street, period=period, scheme=scheme)
    for branch in branches or [places.branch]:
        round_.branches.create(organization=branch)
    Round.objects.filter(pk=round_.pk).update(status="closed")
    return round_


def test_reopening_what_a_later_round_rests_on_is_refused(closed, people, places):
    closed_too(places, "2025H2", closed.scheme)
    with pytest.raises(ValidationError, match="2025 年下半年的考核已经办结"):
        services.ask_to_reopen(closed, reason="漏登记", actor=people.staff)


def test_reopening_a_half_of_a_closed_year_is_refused(closed, people, places):
    year = closed_too(places, "2025", "village-inspector")
    half = closed_too(places, "2025H2", "x")
    with pytest.raises(ValidationError, match="2025 年的考核已经办结"):
        services.ask_to_reopen(half, reason="漏登记", actor=people.staff)
    assert services.ask_to_reopen(year, reason="漏登记", actor=people.staff).pk


def test_reopening_waits_for_no_round_of_other_branches(closed, people, places):
    closed_too(places, "2025H2", "x", make.organization("新建支部", "branch", places.community))
    assert services.ask_to_reopen(closed, reason="漏登记", actor=people.staff).pk


# Whose turn it is -----------------------------------------------------------------------------


def titles(user) -> list[str]:
    user.__dict__.pop("_assignments", None)
    return [task.title for task in tasks_of(user) if "考核" in task.title]


def test_home_says_whose_turn_it_is(computed, people, places, second):
    assert titles(people.secretary) == ["2025 年上半年考核:支部审核"]
    assert titles(people.general) == ["2025 年上半年考核:支部审核"]
    assert titles(people.staff) == ["2025 年上半年考核:等支部审核"]
    make.reviewed(computed)
    assert titles(people.secretary) == []
    assert titles(people.staff) == ["2025 年上半年考核:公示"]
    services.publish_round(computed, actor=people.staff)
    assert titles(second) == ["2025 年上半年考核:公示中"]
    make.window_over(computed)
    assert titles(people.staff) == ["2025 年上半年考核:等审批"]
    assert titles(second) == ["2025 年上半年考核:审批"]
    services.approve_round(computed, actor=second)
    assert titles(people.staff) == ["2025 年上半年考核:办结"]
    services.close_round(computed, actor=people.staff)
    assert titles(people.staff) == []
    services.ask_to_reopen(computed, reason="漏登记", actor=people.staff)
    assert titles(people.staff) == ["2025 年上半年考核:等另一位同事确认"]
    assert titles(second) == ["2025 年上半年考核:答复重新打开的申请"]


def test_round_page_shows_the_course_with_who_and_when(sign_in, published, people):
    page = sign_in(people.staff).get(url("round", published.pk))
    taken = [(stage.title, stage.state) for stage in page.context["stages"]]
    assert taken == [
        ("登记", "done"), ("试算", "done"), ("支部审核", "done"), ("公示", "done"), ("党工委审批", "now"), ("办结", ""),
    ]  # fmt: skip
    assert "公示到" in page.content.decode()
    assert page.content.decode().count("btn btn-primary") == 0
