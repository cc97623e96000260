"""What the database refuses, whichever way it is asked: closed results, the facts behind them, and the record."""

import datetime
import threading
from decimal import Decimal

import pytest
from django.core.checks import run_checks
from django.db import IntegrityError, connection, models, transaction
from django.http import HttpRequest

from config.start import require_safe_start
from evaluations import freeze, services, triggers
from evaluations.middleware import FrozenMiddleware
from evaluations.models import (
    Appraisal,
    AppraisalGroup,
    Assessment,
    BallotCode,
    BallotCount,
    Candidate,
    Publication,
    Result,
    Round,
    RoundBranch,
    RoundStep,
    Tally,
    TallyPhoto,
    Voter,
)
from members.models import (
    Activity,
    Attendance,
    ClosedPeriod,
    DuesMonth,
    DuesPayment,
    Exemption,
    FactChange,
    Membership,
    MigrantReport,
    MobilityChange,
    Position,
    VisitMonth,
)
from scoring.models import Adoption, Answer, Decision, Entry, Evidence, FirstCheck, Question, SchemeVersion
from scoring.services import decide_entry
from tests import factories as make
from tests.lifting import lifted

pytestmark = pytest.mark.django_db(transaction=True)
MAY, JULY = datetime.date(2025, 5, 1), datetime.date(2025, 7, 1)


@pytest.fixture
def closed(half, people, places, adopted):
    """Zhang's half-year with a row in every table that is frozen, closed."""
    zhang, by = people.zhang, people.secretary
    VisitMonth.objects.create(member=zhang, month=MAY, assigned=2, visited=2)
    MigrantReport.objects.create(member=zhang, quarter="2025Q2", reported_on=JULY)
    Position.objects.create(member=zhang, organization=places.branch, title="secretary", starts_on=make.LONG_AGO)
    MobilityChange.objects.create(member=zhang, starts_on=make.LONG_AGO, before="migrant", after="resident")
    Exemption.objects.create(
        member=zhang, reason="病", starts_on=make.LONG_AGO, ends_on=make.LONG_AGO + datetime.timedelta(9)
    )
    fields = {"version": adopted, "date": MAY, "note": "义诊", "declared_by": by}
    make.entry(zhang, "bonus.public_good", status="approved", **fields)
    make.entry(zhang, "bonus.emergency", status="reviewed", **fields)
    entry = Entry.objects.first()
    Decision.objects.create(entry=entry, step="street", approved=True, decided_by=people.staff)
    FirstCheck.objects.create(entry=entry, in_order=True, checked_by=people.leader)
    question = Question.objects.create(entry=entry, step="street", text="在哪里?", asked_by=people.staff)
    answer = Answer.objects.create(question=question, text="社区", answered_by=people.secretary)
    Evidence.objects.create(entry=entry, answer=answer, file="evidence/x.pdf", name="名单")
    FactChange.objects.create(member=zhang, kind="dues", key="month:2025-01", title="党费", changed_by=by)
    score = {"item": "x", "score": 1, "full": 2, "role": "street_staff", "assessed_by": people.staff}
    Assessment.objects.create(member=zhang, scheme=adopted.code, period="2025H1", **score)
    judge(people)
    services.request_computation(half.round)
    return make.closed(half.round, people.staff)


def judge(people) -> None:
    """A row in every table of Zhang's appraisal, which is over."""
    appraisal = Appraisal.objects.get(status="closed")
    with lifted():
        group = appraisal.groups.first()
        group.voters.create(name="领票人", way="paper")
        group.codes.create(digest="x")
        group.tallies.create(number=1, returned=1, counts={}, entered_by=people.staff)
        TallyPhoto.objects.create(group=group, file="x.png", attached_by=people.staff)


def refused(write, sentence) -> bool:
    """True if the database refused the write with the sentence."""
    try:
        with transaction.atomic():
            write()
            transaction.set_rollback(True)
    except IntegrityError as error:
        return freeze.sentence_of(error) == sentence
    return False


def raw(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def copied(row, **changes):
    """A new row with the same columns."""
    names = [field.attname for field in row._meta.concrete_fields if not field.primary_key]
    return type(row)(**{name: getattr(row, name) for name in names} | changes)


# A row of each table of facts, and what would make another one like it.
FACTS = {
    Activity: {"title": "另一次"},
    DuesMonth: {"month": datetime.date(2025, 2, 1)},
    DuesPayment: {},
    VisitMonth: {"month": datetime.date(2025, 6, 1)},
    MigrantReport: {"quarter": "2025Q1"},
    Membership: {"ends_on": make.LONG_AGO},
    Position: {"title": "director"},
    Exemption: {},
    Appraisal: {},
    MobilityChange: {"starts_on": MAY},
    AppraisalGroup: {"code": "another"},
    Candidate: {},
    Voter: {"name": "另一人"},
    BallotCode: {"digest": "y"},
    BallotCount: {"score": Decimal(12)},
    Tally: {"number": 2},
    TallyPhoto: {},
    Result: {},
    RoundBranch: {},
}
JUDGED = (Appraisal, AppraisalGroup, Candidate, Voter, BallotCode, BallotCount, Tally, TallyPhoto)
SETTLED = {Result: freeze.RESULTS, RoundBranch: freeze.RESULTS} | dict.fromkeys(JUDGED, freeze.BALLOTS)


def touched(row) -> str:
    """SQL that changes what the row says, without a visible change for what has no other column."""
    column = {
        Membership: "starts_on = '2000-01-02'",
        Position: "title = 'director'",
        Exemption: "starts_on = '2025-01-01', ends_on = NULL",
    }.get(type(row), "id = id")
    return f"UPDATE {row._meta.db_table} SET {column} WHERE id = {row.pk}"


@pytest.mark.parametrize("model", FACTS, ids=lambda model: model.__name__)
def test_settled_rows_are_neither_added_changed_nor_removed(closed, people, model):
    row = model.objects.first()
    if model is Result:
        row = Result.objects.get(member=people.zhang)
    sentence, table = SETTLED.get(model, freeze.FACTS), model._meta.db_table
    new = copied(row, **FACTS[model])
    adding = freeze.FACTS if model is Appraisal else sentence
    assert refused(lambda: model.objects.bulk_create([new]), adding)
    assert refused(lambda: raw(touched(row)), sentence)
    assert refused(lambda: raw(f"DELETE FROM {table} WHERE id = {row.pk}"), sentence)
    assert refused(lambda: models.QuerySet(model).filter(pk=row.pk)._raw_delete("default"), sentence)
    if connection.vendor == "sqlite":
        assert refused(lambda: raw(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table} WHERE id = {row.pk}"), adding)
    else:
        assert refused(lambda: raw(f"INSERT INTO {table} SELECT * FROM {table} WHERE id = {row.pk}"), adding)


def test_attendance_is_settled_for_everybody_of_the_street(closed, people, half):
    late = Attendance.objects.get(member=people.zhang)
    assert refused(lambda: Attendance.objects.filter(pk=late.pk).update(status="present"), freeze.FACTS)
    assert refused(lambda: late.delete(), freeze.FACTS)
    assert refused(lambda: make.attendance(half.event, people.liu, "present", people.secretary), freeze.FACTS)
    foreign = make.activity(people.sun.memberships.get().organization, people.outsider, MAY)
    make.attendance(foreign, people.sun, "present", people.outsider)


def test_later_facts_are_free(closed, people, places, adopted):
    event = make.activity(places.branch, people.secretary, JULY, title="七月学习")
    make.attendance(event, people.zhang, "present", people.secretary)
    make.dues(people.zhang, JULY, people.secretary, 10, 10, JULY)
    fields = {"version": adopted, "note": "义诊", "declared_by": people.secretary, "status": "approved"}
    make.entry(people.zhang, "bonus.public_good", date=JULY, **fields)
    VisitMonth.objects.create(member=people.zhang, month=JULY, assigned=1, visited=1)
    MigrantReport.objects.create(member=people.zhang, quarter="2025Q3", reported_on=JULY)
    Exemption.objects.create(member=people.zhang, reason="病", starts_on=JULY)


def test_money_that_came_later_for_a_settled_month_is_taken(closed, people):
    owed = DuesMonth.objects.get(member=people.zhang)
    DuesPayment.objects.create(dues_month=owed, amount_yuan=1, paid_on=JULY, recorded_by=people.secretary)


def test_membership_may_end_after_the_closed_period(closed, people):
    own = Membership.objects.filter(member=people.zhang)
    own.update(ends_on=datetime.date(2025, 6, 30))
    own.update(ends_on=None)
    assert refused(lambda: own.update(ends_on=datetime.date(2025, 6, 29)), freeze.FACTS)


def test_position_may_end_after_the_closed_period(closed, people):
    own = Position.objects.filter(member=people.zhang)
    own.update(ends_on=datetime.date(2025, 7, 5))
    assert refused(lambda: own.update(ends_on=datetime.date(2025, 6, 1)), freeze.FACTS)


def test_entry_of_a_closed_period_is_neither_declared_nor_decided(closed, people, adopted):
    fields = {"version": adopted, "note": "义诊二", "declared_by": people.secretary}
    assert refused(lambda: make.entry(people.zhang, "bonus.public_good", date=MAY, **fields), freeze.FACTS)
    waiting = Entry.objects.filter(status="reviewed")
    assert refused(lambda: waiting.update(status="approved"), freeze.FACTS)
    earlier = make.entry(people.zhang, "record.illegal_building", date=datetime.date(2024, 5, 1), **fields)
    Entry.objects.filter(pk=earlier.pk).update(status="approved")


def test_assessment_of_a_closed_round_is_refused(closed, people):
    given = Assessment.objects.get()
    assert refused(lambda: Assessment.objects.bulk_create([copied(given)]), freeze.FACTS)
    Assessment.objects.bulk_create([copied(given, period="2025H2")])


@pytest.mark.parametrize("model", JUDGED[1:], ids=lambda model: model.__name__)
def test_appraisal_that_is_over_takes_nothing_whether_its_round_is_closed_or_not(half, people, model):
    judge(people)
    row, table = model.objects.first(), model._meta.db_table
    assert refused(lambda: model.objects.bulk_create([copied(row, **FACTS[model])]), freeze.BALLOTS)
    assert refused(lambda: raw(f"UPDATE {table} SET id = id WHERE id = {row.pk}"), freeze.BALLOTS)
    assert refused(lambda: raw(f"DELETE FROM {table} WHERE id = {row.pk}"), freeze.BALLOTS)
    assert refused(lambda: Appraisal.objects.update(status="open"), freeze.BALLOTS)
    assert refused(lambda: models.QuerySet(Appraisal).filter(status="closed")._raw_delete("default"), freeze.BALLOTS)


def test_row_is_not_moved_out_of_an_appraisal_that_is_over(half, people, places):
    judge(people)
    another = Appraisal.objects.create(organization=places.sibling, period="2025H1", status="open")
    over, running = Voter.objects.get(name="领票人"), another.groups.create(code="x", title="x", weight_parts=1)
    running.voters.create(name="评议人")
    assert refused(lambda: Voter.objects.filter(pk=over.pk).update(group=running), freeze.BALLOTS)
    assert refused(lambda: Voter.objects.filter(group=running).update(group=over.group), freeze.BALLOTS)


def test_appraisal_that_runs_takes_votes_until_its_round_is_closed(closed, places):
    with lifted():
        Appraisal.objects.update(status="open")
    assert refused(lambda: Voter.objects.update(way="online"), freeze.BALLOTS)


def test_closed_round_and_its_period_stay(closed):
    assert refused(lambda: Round.objects.filter(pk=closed.pk).update(status="computed"), freeze.RESULTS)
    assert refused(lambda: Round.objects.filter(pk=closed.pk).update(digest="x"), freeze.RESULTS)
    assert refused(lambda: raw(f"DELETE FROM evaluations_round WHERE id = {closed.pk}"), freeze.RESULTS)
    assert refused(lambda: ClosedPeriod.objects.all().delete(), freeze.RESULTS)
    assert refused(lambda: ClosedPeriod.objects.update(ends_on=MAY), freeze.RESULTS)


@pytest.fixture
def cousin_apart(half, people, places):
    """The street's half-year closed, while the branch of the other community is under a scheme of its own."""
    town = SchemeVersion.objects.get(code="town-layered")
    Adoption.objects.create(organization=places.cousin, version=town, starts_on=make.LONG_AGO)
    services.request_computation(half.round)
    return make.closed(half.round, people.staff)


def test_branch_that_is_not_in_the_round_stays_open(cousin_apart, people, places):
    gao = make.member("高友谊", places.cousin)
    event = make.activity(places.cousin, people.secretary, MAY)
    make.attendance(event, gao, "late", people.secretary)
    make.dues(gao, MAY, people.secretary)
    VisitMonth.objects.create(member=gao, month=MAY, assigned=2, visited=1)
    Appraisal.objects.create(organization=places.cousin, period="2025H1")
    assert refused(lambda: make.activity(places.sibling, people.secretary, MAY), freeze.FACTS)
    assert refused(lambda: make.dues(people.liu, MAY, people.secretary), freeze.FACTS)
    assert refused(lambda: Appraisal.objects.create(organization=places.sibling, period="2025H1"), freeze.FACTS)


def test_what_the_street_held_stays_open_but_for_the_branches_in_the_round(cousin_apart, people, places):
    gao = make.member("高友谊", places.cousin)
    event = make.activity(places.street, people.staff, MAY)
    make.attendance(event, gao, "late", people.staff)
    assert refused(lambda: make.attendance(event, people.liu, "late", people.staff), freeze.FACTS)


def test_period_is_taken_back_only_where_no_closed_branch_loses_it(cousin_apart, places):
    period = ClosedPeriod.objects.get()
    assert period.organization == places.community
    days = {"title": period.title, "starts_on": period.starts_on, "ends_on": period.ends_on}
    ClosedPeriod.objects.create(organization=places.branch, **days)
    assert refused(period.delete, freeze.RESULTS)
    sibling = ClosedPeriod.objects.create(organization=places.sibling, **days)
    assert ClosedPeriod.objects.filter(organization=places.community).delete()[0] == 1
    assert refused(sibling.delete, freeze.RESULTS)


def test_reopening_opens_what_no_other_closed_round_has(cousin_apart, people, places):
    make.reopened(cousin_apart)
    assert not ClosedPeriod.objects.exists()
    make.dues(people.liu, MAY, people.secretary)


def test_reopening_by_one_person_is_refused_by_the_database(closed, people):
    def step(name, by):
        return RoundStep.objects.create(round=closed, step=name, done_by=by, reason="漏登记")

    assert refused(lambda: step("reopen", people.staff), freeze.SECOND_PERSON)
    step("ask_reopen", people.staff)
    assert refused(lambda: step("reopen", people.staff), freeze.SECOND_PERSON)
    assert refused(lambda: Round.objects.filter(pk=closed.pk).update(status="computed"), freeze.RESULTS)
    step("reopen", people.other_staff)
    Round.objects.filter(pk=closed.pk).update(status="computed")


def test_reopened_period_takes_facts_again(closed, people):
    make.reopened(closed)
    Attendance.objects.filter(member=people.zhang).update(status="present")
    Result.objects.filter(round=closed).update(rank=None)


RECORDS = (FactChange, Decision, FirstCheck, Question, Answer, Evidence, RoundStep, Publication, Assessment)


@pytest.mark.parametrize("model", RECORDS, ids=lambda model: model.__name__)
def test_the_record_is_only_added_to(closed, model):
    table, pk = model._meta.db_table, model.objects.values_list("pk", flat=True)[0]
    assert refused(lambda: raw(f"UPDATE {table} SET id = id WHERE id = {pk}"), freeze.RECORD)
    assert refused(lambda: raw(f"DELETE FROM {table} WHERE id = {pk}"), freeze.RECORD)
    if connection.vendor == "sqlite":
        again = f"INSERT OR REPLACE INTO {table} SELECT * FROM {table} WHERE id = {pk}"
        with pytest.raises(IntegrityError), transaction.atomic():
            raw(again)


def test_what_an_entry_says_is_never_changed(half, people, adopted):
    fields = {"version": adopted, "date": MAY, "note": "义诊", "declared_by": people.secretary}
    one = make.entry(people.zhang, "bonus.public_good", status="reviewed", **fields)
    assert refused(lambda: Entry.objects.filter(pk=one.pk).update(note="捐款"), freeze.RECORD)
    assert refused(lambda: raw(f"DELETE FROM scoring_entry WHERE id = {one.pk}"), freeze.RECORD)
    Entry.objects.filter(pk=one.pk).update(status="approved")


# Said to people -------------------------------------------------------------------------------


def test_refused_write_is_a_page_with_the_sentence(closed, rf, people):
    def view(request):
        Attendance.objects.filter(member=people.zhang).update(status="present")

    request = rf.get("/")
    request.user, request.session = people.staff, {}
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        view(request)
    response = FrozenMiddleware(lambda request: None).process_exception(request, caught.value)
    assert response.status_code == 409
    assert freeze.FACTS in response.content.decode()


def test_other_faults_are_not_dressed_up():
    assert FrozenMiddleware(lambda request: None).process_exception(HttpRequest(), IntegrityError("x")) is None


# The triggers themselves ----------------------------------------------------------------------


def drop(name: str) -> None:
    rule = next(rule for rule in freeze.RULES if rule.name == name)
    raw(f"DROP TRIGGER {name}" + ("" if connection.vendor == "sqlite" else f" ON {rule.table}"))


def test_missing_trigger_keeps_the_program_from_starting():
    assert run_checks(tags=["freeze"], include_deployment_checks=True, databases=["default"]) == []
    drop("freeze_evaluations_result_update")
    with pytest.raises(SystemExit, match="少了 1 个保护办结结果的触发器"):
        require_safe_start()
    triggers.install()
    require_safe_start()


def test_every_table_has_its_triggers():
    assert triggers.missing() == []
    assert len(triggers.installed()) == len({rule.name for rule in freeze.RULES}) == len(freeze.RULES)


def test_rebuilt_table_has_its_triggers_after_the_migration():
    """SQLite rebuilds a table to alter a column, and forgets its triggers."""
    table, old = "members_attendance", Attendance._meta.get_field("status")
    new = models.CharField("情况", max_length=16)
    new.set_attributes_from_name("status")
    new.model = Attendance
    triggers.remove(plan=["a migration"])
    assert triggers.installed() == {}
    with connection.schema_editor() as editor:
        editor.alter_field(Attendance, old, new)
    try:
        triggers.install()
        assert triggers.missing() == []
    finally:
        triggers.remove()
        with connection.schema_editor() as editor:
            editor.alter_field(Attendance, new, old)
        triggers.install()
    assert {rule.name for rule in freeze.RULES if rule.table == table} <= set(triggers.installed())


def test_migrating_without_a_plan_leaves_them_alone():
    triggers.remove(plan=[])
    assert triggers.missing() == []


# Racing ---------------------------------------------------------------------------------------

POSTS = 100


def in_threads(jobs) -> None:
    def run(job):
        try:
            job()
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[job]) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_closing_races_a_hundred_posts(shared_database, half, people, adopted):
    """Every post is refused, or was there before the closing, which then refuses to close over it."""
    services.request_computation(half.round)
    round_ = make.approved(half.round, people.staff)
    posted, closed = [], []

    def post(number):
        def job():
            fields = {"version": adopted, "date": MAY, "note": f"义诊 {number}", "declared_by": people.secretary}
            try:
                with transaction.atomic():
                    one = make.entry(people.zhang, "bonus.public_good", status="reviewed", **fields)
                    decide_entry(one, approved=True, reason="", actor=people.staff)
                posted.append(number)
            except Exception as error:
                refusals.append(str(error))

        return job

    def close():
        try:
            closed.append(services.close_round(round_, actor=people.staff))
        except Exception as error:
            refusals.append(str(error))

    refusals = []
    jobs = [post(number) for number in range(POSTS)]
    in_threads([*jobs[:7], close, *jobs[7:]])
    assert Entry.objects.count() == len(posted)
    if closed:
        assert posted == []
        assert len(refusals) == POSTS
    else:
        assert posted
        assert Round.objects.get(pk=round_.pk).status == "approved"
    assert not any("locked" in words for words in refusals)


def test_post_that_was_under_way_holds_up_the_closing(shared_database, half, people, adopted):
    """A post that has been written but not stored yet: the closing waits for it, and then refuses."""
    services.request_computation(half.round)
    round_ = make.approved(half.round, people.staff)
    written, outcome = threading.Event(), []

    def post():
        fields = {"version": adopted, "date": MAY, "note": "义诊", "declared_by": people.secretary}
        with transaction.atomic():
            one = make.entry(people.zhang, "bonus.public_good", status="reviewed", **fields)
            decide_entry(one, approved=True, reason="", actor=people.staff)
            written.set()
            threading.Event().wait(0.5)

    def close():
        written.wait(10)
        try:
            services.close_round(round_, actor=people.staff)
        except Exception as error:
            outcome.append(str(error))

    in_threads([post, close])
    assert "结果会不同" in outcome[0]
    assert Round.objects.get(pk=round_.pk).status == "approved"


def test_days_of_joining_and_conversion_stay_where_the_closed_period_looked(closed, people):
    """They may change as long as the member was the same on the period's last day."""

    def dated(**dates):
        return lambda: type(people.zhang).objects.filter(pk=people.zhang.pk).update(**dates)

    end = datetime.date(2025, 6, 30)
    assert refused(dated(joined_on=JULY), freeze.FACTS)  # an activist then
    assert refused(dated(joined_on=make.LONG_AGO, converted_on=JULY), freeze.FACTS)  # a probationary member then
    dated(joined_on=make.LONG_AGO, converted_on=end)()
    assert refused(dated(converted_on=JULY), freeze.FACTS)
    assert not refused(dated(converted_on=datetime.date(2001, 1, 1)), freeze.FACTS)
    assert not refused(dated(phone="1"), freeze.FACTS)


def test_moves_after_the_closed_period_are_free(closed, people):
    move = MobilityChange.objects.create(member=people.zhang, starts_on=JULY, before="resident", after="migrant")
    assert refused(lambda: MobilityChange.objects.filter(pk=move.pk).update(starts_on=MAY), freeze.FACTS)
    assert not refused(lambda: MobilityChange.objects.filter(pk=move.pk).update(after="abroad"), freeze.FACTS)
    assert not refused(move.delete, freeze.FACTS)
