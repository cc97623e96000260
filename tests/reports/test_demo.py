"""The demo street: what it promises to show, and that it stays away from real data."""

import datetime
from collections import Counter
from io import StringIO

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import transaction
from django.db.models import F, Max
from django.db.models.functions import ExtractMonth, ExtractYear
from django.urls import reverse
from django.utils import timezone

from evaluations import rollup
from evaluations.assessments import Work
from evaluations.models import (
    Appeal,
    Appraisal,
    AppraisalGroup,
    Assessment,
    MonthConfirmation,
    MonthReview,
    QuarterSheet,
    Resolution,
    Result,
    Round,
    RoundBranch,
    Voter,
)
from evaluations.monthly import digest_of_lines, lines_of
from evaluations.quarterly import Content, content_of
from evaluations.services import changed_since
from evaluations.services.appeals import raise_appeal, take_appeal
from evaluations.services.appraisals import counts_add_up
from members.models import (
    Activity,
    Attendance,
    DuesBase,
    DuesMonth,
    DuesPayment,
    DuesReceipt,
    Exemption,
    LeaveRequest,
    Member,
    MigrantReport,
    MobilityChange,
    Organization,
    Position,
    User,
    VisitMonth,
)
from reports import demo
from reports.tasks import tasks_of
from scoring.engine import Period
from scoring.models import Answer, Decision, Entry, EntryDraft, Evidence, Question
from scoring.permissions import can_approve, can_review
from tests import factories as make

TODAY = datetime.date(2026, 11, 23)
OWN_APPS = ("members", "scoring", "evaluations")


# These need an empty database, so they come before the street is loaded for the others. ------------


def rows() -> dict[str, list]:
    """Every stored row, without keys, secrets and the time of the run."""
    left_out = ("password", "id_number", "id_number_digest", "phone", "digest", "date_joined", "version", "rows")
    left_out += ("reviewed_digest", "counts", "key", "fields", "lines", "content")  # the last five name rows by key
    times = ("recorded_at", "requested_at", "computed_at", "done_at", "created_at", "adopted_at", "proposed_at")
    left_out += ("reviewed_digest", "counts", "key")  # the last two name other rows by key
    times = (
        "recorded_at",
        "requested_at",
        "computed_at",
        "done_at",
        "created_at",
        "adopted_at",
        "proposed_at",
        "assessed_at",
    )
    found = {}
    for model in apps.get_models():
        if model._meta.app_label in OWN_APPS:
            plain = [
                field.name for field in model._meta.concrete_fields if not field.is_relation and field.name != "id"
            ]
            names = [name for name in plain if name not in left_out + times]
            rows_ = model.objects
            found[model.__name__] = sorted(map(str, rows_.values_list(*names))) if names else [rows_.count()]
    return found


def loaded_rows(today: datetime.date, seed: int) -> dict[str, list]:
    """What a load writes; taken back again."""
    with transaction.atomic():
        demo.load_demo(today, seed)
        written = rows()
        transaction.set_rollback(True)
    return written


def outcomes(round_: Round) -> set[str]:
    sheets = round_.results.values_list("sheet", flat=True)
    return {code for sheet in sheets for code in sheet["consequences"] + sheet["alerts"] + sheet["lists"]}


def test_same_day_and_seed_give_the_same_rows(db):
    assert loaded_rows(TODAY, 1) == loaded_rows(TODAY, 1)


@pytest.mark.parametrize("today", ["2024-02-29", "2026-01-01", "2026-06-30", "2026-07-01"])
def test_any_day_of_the_year_will_do(db, today):
    demo.load_demo(datetime.date.fromisoformat(today), 2)
    closed = Round.objects.get(status="closed")
    assert outcomes(closed) >= {"withdrawal_procedure", "persuade_withdrawal", "six_months_life"}


def test_database_of_others_is_refused(db):
    make.organization("真实街道党工委", "committee")
    with pytest.raises(CommandError, match="数据库里已有别的组织或账号,没有写入演示数据。"):
        call_command("load_demo")
    assert Member.objects.count() == 0


def test_day_that_does_not_exist_is_refused(db):
    with pytest.raises(CommandError, match="日期「2026-02-30」写法不对,应写成 2026-05-20 的样子。"):
        call_command("load_demo", "--today", "2026-02-30")


# The street of one day ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def street(django_db_setup, django_db_blocker):
    """The demo of one day, loaded once for the module and rolled back after it."""
    with django_db_blocker.unblock(), transaction.atomic():
        demo.load_demo(TODAY, 1)
        yield
        transaction.set_rollback(True)


@pytest.fixture
def loaded(street, db):
    return Round.objects.get(status="closed"), Round.objects.get(status="computed")


def test_finished_half_year_shows_every_consequence_and_alert(loaded):
    finished, _ = loaded
    codes = {
        "criticism", "self_criticism", "assembly_verdict", "withdrawal_procedure", "rectification",
        "cancel_probationary", "persuade_withdrawal", "six_months_dues", "six_months_life", "honor", "warning",
    }  # fmt: skip
    assert outcomes(finished) == codes


def test_running_half_year_has_complete_and_incomplete_members(loaded):
    _, running = loaded
    statuses = Counter(running.results.values_list("status", flat=True))
    assert statuses["scored"] > 50
    assert statuses["incomplete"] > 50
    assert statuses["exempt"] > 0


def test_about_a_third_are_excellent_and_few_unqualified(loaded):
    finished, _ = loaded
    grades = Counter(finished.results.filter(status="scored").values_list("grade", flat=True))
    assert 0.2 < grades["excellent"] / grades.total() < 0.4
    assert grades["unqualified"] < 10


def test_results_are_what_the_facts_give_now(loaded):
    finished, _ = loaded
    before = dict(finished.branches.values_list("organization", "digest"))
    make.reopened(finished)
    rollup.compute_branches(finished.pk, list(finished.branches.values_list("pk", flat=True)))
    assert dict(finished.branches.values_list("organization", "digest")) == before


def test_nothing_has_changed_since_the_computation(loaded):
    _, running = loaded
    assert not changed_since(running, running.requested_at)
    assert not RoundBranch.objects.exclude(state="done").exists()


def test_rows_pass_the_checks_that_forms_make(loaded):
    for model in (
        Member,
        VisitMonth,
        MigrantReport,
        LeaveRequest,
        Entry,
        Decision,
        Evidence,
        Question,
        Answer,
        Resolution,
    ):
        for row in model.objects.all():
            row.full_clean()


def test_verdicts_rest_on_papers_and_exemptions_on_votes(loaded):
    verdicts = Entry.objects.filter(item__startswith="direct.")
    assert verdicts.exists()
    assert not verdicts.filter(evidence=None).exists()
    assert set(verdicts.filter(item="direct.assembly")) == {one.entry for one in Resolution.objects.exclude(entry=None)}
    exempted = Resolution.objects.filter(purpose="exemption").values("member")
    assert not Exemption.objects.exclude(member__in=exempted).exists()
    assert {one.is_carried for one in Resolution.objects.all()} == {True, False}


def test_nobody_owes_dues_before_joining(loaded):
    early = ExtractYear("member__joined_on") * 12 + ExtractMonth("member__joined_on")
    for facts in (DuesBase.objects, DuesMonth.objects):
        of_month = facts.annotate(at=ExtractYear("month") * 12 + ExtractMonth("month"), joined=early)
        assert not of_month.filter(at__lt=F("joined")).exists()
    assert DuesBase.objects.filter(month__gt=datetime.date(2026, 1, 1), member__status="probationary").exists()


def test_leave_is_granted_refused_and_waits(loaded):
    secretary = User.objects.get(username="shuji")
    assert Counter(LeaveRequest.objects.values_list("state", flat=True)) == {"approved": 2, "refused": 1, "waiting": 2}
    for asked in LeaveRequest.objects.select_related("activity"):
        mark = Attendance.objects.filter(activity=asked.activity, member=asked.member).first()
        assert asked.asked_at.date() < asked.activity.date
        assert (asked.activity.date > TODAY) == asked.is_waiting == (mark is None)
        assert asked.state != "approved" or mark.status == asked.kind
        assert asked.state != "refused" or (mark.status, bool(asked.answer)) == ("present", True)
    assert set(LeaveRequest.objects.to_decide_by(secretary)) == set(LeaveRequest.objects.filter(state="waiting"))


def test_dues_have_receipts_of_several_people(loaded, client):
    client.force_login(User.objects.get(username="shuji"))
    page = client.get(reverse("members:dues"))
    assert [receipt.count > 1 for receipt in page.context["receipts"]].count(True) >= 3
    for receipt in DuesReceipt.objects.annotate(last=Max("payments__paid_on")):
        assert receipt.last == timezone.localdate(receipt.recorded_at) <= TODAY


def test_no_fact_lies_in_the_future(loaded):
    assert not Attendance.objects.filter(activity__date__gt=TODAY).exists()
    assert not DuesPayment.objects.filter(paid_on__gt=TODAY).exists()
    assert not VisitMonth.objects.filter(month__gt=TODAY).exists()
    assert not MigrantReport.objects.filter(reported_on__gt=TODAY).exists()
    assert not Entry.objects.filter(date__gt=TODAY).exists()
    assert not Entry.objects.filter(declared_at__gt=timezone.now()).exists()


def test_latest_activity_of_the_first_branch_waits_for_attendance(loaded):
    secretary = User.objects.get(username="shuji")
    branch = secretary.role_assignments.get().organization
    latest = Activity.objects.filter(organization=branch, date__lte=TODAY).first()
    assert latest.attendances.count() == 0


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("shuji", can_review),
        ("zhenggong", can_approve),
        ("zhenggong2", can_approve),
        ("jiwei", can_approve),
        ("jiwei2", can_approve),
    ],
)
def test_entries_wait_for_every_step(loaded, name, allowed):
    user = User.objects.get(username=name)
    assert [entry for entry in Entry.objects.pending().lines() if allowed(user, entry)]


def test_somebody_is_asked_back_somebody_has_answered_and_drafts_wait(loaded, client):
    asked = Entry.objects.asked_back().get()
    assert asked.declared_by.username == "dangyuan"
    assert Answer.objects.exclude(question__entry=asked).count() == 1
    drafts = EntryDraft.objects.all()
    assert {draft.author.username for draft in drafts} == {"dangyuan", "shuji"}
    for draft in drafts:
        client.force_login(draft.author)
        page = client.get(reverse("evaluations:check_draft", args=[draft.pk]), follow=True)
        assert page.status_code == 200
        assert draft.fields["note"] in page.content.decode()


def test_entries_were_decided_by_people_who_may(loaded):
    for decision in Decision.objects.select_related("entry", "decided_by"):
        assert decision.decided_by_id != decision.entry.declared_by_id
        assert decision.decided_by.member_id != decision.entry.member_id


@pytest.mark.parametrize("name", [name for name, _, _ in demo.ACCOUNTS])
def test_every_account_signs_in_and_sees_its_home(loaded, client, name):
    assert client.post("/sign-in/", {"username": name, "password": demo.PASSWORD}).status_code == 302
    assert client.get("/").status_code == 200


def test_member_account_has_points_that_did_not_count(loaded):
    member = User.objects.get(username="dangyuan").member
    assert set(member.entries.values_list("status", flat=True)) == {"approved", "declared", "rejected"}
    assert member.entries.filter(reversal__isnull=False).count() == 1
    assert Result.objects.filter(member=member, status="scored").count() == 2


def test_facts_of_the_annual_schemes_are_there(loaded):
    assert set(Member.objects.values_list("category", flat=True)) == {"a", "b", "c", "d"}
    assert Position.objects.filter(title="discipline_member").count() == 10
    assert VisitMonth.objects.count() > 50
    assert MigrantReport.objects.exclude(member__mobility="migrant").count() == 0 < MigrantReport.objects.count()


def test_other_street_is_out_of_sight(loaded):
    staff, outsider = User.objects.get(username="zhenggong"), User.objects.get(username="waijie")
    assert not Member.objects.visible_to(staff).filter(pk__in=Member.objects.visible_to(outsider)).exists()
    assert Member.objects.visible_to(outsider).exists()


def test_numbers_cannot_belong_to_anybody(loaded):
    for member in Member.objects.all():
        assert member.id_number.startswith("990000")
        assert member.phone.startswith("154")


def test_second_run_says_that_it_is_there(loaded):
    before, out = rows(), StringIO()
    call_command("load_demo", stdout=out)
    assert out.getvalue().startswith("演示数据已经在数据库里,没有改动。")
    assert rows() == before


def test_appraisals_are_at_every_stage_and_add_up(loaded):
    _, running = loaded
    stages = Counter(Appraisal.objects.filter(period=running.period).values_list("status", flat=True))
    assert stages == {"closed": 3, "open": 2, "setup": 1}
    for group in AppraisalGroup.objects.filter(appraisal__status="open"):
        assert counts_add_up(group)
    for group in AppraisalGroup.objects.filter(appraisal__status="closed"):
        tally = group.tallies.first()
        cast = {(member, score): n for member, row in tally.by_member().items() for score, n in row.items()}
        counted = group.counts.filter(score__isnull=False, count__gt=0).values_list("member", "score", "count")
        assert cast == {(member, score): count for member, score, count in counted}
        assert group.voters.filter(way="paper").count() + group.unnamed_paper == tally.returned


def test_member_account_has_a_ballot_waiting(loaded):
    appraisal = Voter.objects.get(
        member=User.objects.get(username="dangyuan3").member, group__appraisal__status="open"
    ).group.appraisal
    assert appraisal.opens_at.date() < TODAY < appraisal.closes_at.date()


def test_appeals_are_answered_and_waiting(loaded):
    shown = Appeal.objects.order_by("raised_at").values_list("kind", "state", "round__status")
    assert list(shown) == [("appeal", "dismissed", "closed"), ("objection", "raised", "published")]
    assert all(appeal.words and appeal.result_words and appeal.text for appeal in Appeal.objects.all())


def test_results_are_published_and_their_window_is_open_in_the_first_street(loaded, monkeypatch):
    monkeypatch.setattr("django.utils.timezone.localdate", lambda *args: TODAY)
    member = User.objects.get(username="dangyuan4").member
    result = Result.objects.select_related("round", "branch__organization").get(member=member)
    assert result.round.organization.path.startswith(Organization.objects.get(name=demo.people.STREET).path)
    assert result.total
    assert (result.round.status, result.round.objections_until) == ("published", TODAY + datetime.timedelta(6))
    course = result.round.steps.order_by("done_at").values_list("step", flat=True)
    assert list(course) == ["compute", "review", "publish"]
    appeal = raise_appeal(result, "result", kind="appeal", text="请核对。", actor=member.user)
    assert take_appeal(appeal, actor=User.objects.get(username="zhenggong2")).state == "in_review"


def test_discipline_office_has_people_left_to_assess(loaded, monkeypatch):
    monkeypatch.setattr("django.utils.timezone.localdate", lambda *args: TODAY)
    user = User.objects.get(username="jiwei")
    work = Work.of(user, "village-inspector", Period(TODAY.year - 1))
    assert (len(work.waiting()), Assessment.objects.values("member").distinct().count()) == (5, 4)
    titles = [(task.title, task.count) for task in tasks_of(user)]
    assert ("待考评", 5) in titles


def test_ledger_of_the_finished_half_year_says_that_it_is_closed(loaded, client):
    finished, _ = loaded
    user = User.objects.get(username="dangyuan")
    client.force_login(user)
    page = client.get(f"/ledger/{user.member_id}/", {"period": finished.period})
    assert page.context["ledger"].state == "已办结"
    assert not page.context["ledger"].differs
    assert "outlook" not in page.context
    assert page.context["ledger"].computed_at.date() < TODAY


def test_roster_has_several_states_with_their_days(loaded):
    finished, _ = loaded
    novice = Member.objects.get(converted_on__gt=Period.parse(finished.period).ends_on)
    assert novice.results.get(round=finished).person["status"] == "probationary"
    away = MobilityChange.objects.filter(after="migrant").values("member")
    assert Member.objects.filter(pk__in=away, mobility="migrant").count() == len(away) > 3
    assert Member.objects.filter(status="full", converted_on=None).count() == 0


def test_months_are_confirmed_but_for_one_with_a_question_and_a_quarter_hangs(loaded):
    confirmed = MonthConfirmation.objects.values_list("review__month", flat=True)
    assert Counter(confirmed) == {datetime.date(2026, 9, 1): 3, datetime.date(2026, 10, 1): 2}
    waiting = MonthReview.objects.get(confirmations=None)
    assert (waiting.month, waiting.questions.count(), waiting.questions.unsettled().count()) == (
        datetime.date(2026, 10, 1), 2, 1,
    )  # fmt: skip
    assert set(QuarterSheet.objects.values_list("quarter", "number")) == {("2026Q3", 1)}
    assert all(sheet.content["sections"][0]["rows"] for sheet in QuarterSheet.objects.all())


def test_what_was_confirmed_or_hung_up_is_what_the_records_say_now(loaded):
    for sheet in QuarterSheet.objects.all():
        assert Content(content_of(sheet.organization, sheet.quarter)).digest == sheet.digest
    for confirmation in MonthConfirmation.objects.select_related("review__organization"):
        review = confirmation.review
        assert digest_of_lines(lines_of(review.organization, review.month)) == confirmation.digest
