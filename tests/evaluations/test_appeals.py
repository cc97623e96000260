"""Appeals: who raises them when, who reviews them, and what follows from one that is upheld."""

import datetime
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from evaluations import services as rounds
from evaluations.appealing import Subject, course_of, handled_by, key_of, subjects_of
from evaluations.models import Appeal, AppealStep, Round, RoundStep
from evaluations.services import appeals as services
from evaluations.workdays import working_days_after
from members.dates import day_name
from members.models import Attendance, DuesMonth, FactChange, Role
from members.uploads import CheckedFile
from scoring.models import Entry, EntryStatus
from tests import factories as make

pytestmark = pytest.mark.django_db(transaction=True)


def attendance_key(public) -> str:
    return f"activity:{public.event.pk}"


@pytest.fixture
def appeal(public, people):
    """A function that raises Zhang's appeal on a line."""

    def make_one(key, **more):
        fields = {"kind": "appeal", "text": "我准时到会,签到表上有。", "actor": people.member} | more
        return services.raise_appeal(public.result, key, **fields)

    return make_one


@pytest.fixture
def taken(appeal, people):
    """A function that raises Zhang's appeal, taken by somebody of the street who had no hand in the line."""

    def make_one(key, **more):
        return services.take_appeal(appeal(key, **more), actor=people.other_staff)

    return make_one


def uphold(one, actor, **correction):
    return services.decide_appeal(
        one, upheld=True, reasons="查签到表,属实。", correction=services.Correction(**correction), actor=actor
    )


def total(public) -> Decimal:
    public.result.refresh_from_db()
    return public.result.total


# Raising ----------------------------------------------------------------------------------------


def test_appeal_keeps_the_line_as_it_reads(public, appeal):
    one = appeal(attendance_key(public))
    assert one.about == "attendance"
    assert "迟到" in one.words
    assert "三月主题党日" in one.words
    assert one.clause["heading"].startswith("第")
    assert one.result_words.startswith(str(public.result.total))
    assert one.state == "raised"
    assert list(one.steps.values_list("step", flat=True)) == ["raised"]


def test_every_line_of_the_ledger_has_a_subject(public):
    subjects = subjects_of(public.result)
    assert {subject.about for subject in subjects.values()} == {"result", "attendance", "entry", "dues", "item"}
    assert f"entry:{public.good.pk}" in subjects
    assert f"entry:{public.refused.pk}" in subjects
    assert "item:appraisal" in subjects
    assert "没有通过审批(清扫楼道)" in subjects[f"entry:{public.refused.pk}"].words


def test_deadline_counts_working_days(public, appeal, settings):
    settings.APPEAL_DAYS = 15
    one = appeal("result")
    assert one.due_on == working_days_after(timezone.localdate(), 15)


def test_before_publication_one_is_told_whom_to_ask(half, people):
    rounds.request_computation(half.round)
    result = half.round.results.get(member=people.zhang)
    with pytest.raises(ValidationError, match="公示以后才能提出。现在有疑问,请问支部书记李秀英"):
        services.raise_appeal(result, "result", kind="appeal", text="有", actor=people.member)


def test_after_the_window_the_dates_are_told(public, people):
    make.window_over(public.round)
    yesterday = timezone.localdate() - datetime.timedelta(days=1)
    with pytest.raises(ValidationError, match=f"到 {day_name(yesterday)}为止,现在不能再提出申诉"):
        services.raise_appeal(public.result, "result", kind="appeal", text="有", actor=people.member)
    assert not Appeal.objects.exists()


def test_last_day_of_the_window_counts(public, appeal):
    Round.objects.filter(pk=public.round.pk).update(objections_until=timezone.localdate())
    assert appeal("result").pk


def test_second_appeal_on_the_same_line_is_refused_while_one_is_open(public, appeal, people):
    first = appeal("result")
    with pytest.raises(ValidationError, match=f"这一条已经提出过\\({first}\\),还没有答复"):
        appeal("result", kind="inquiry")
    services.withdraw_appeal(first, actor=people.member)
    assert appeal("result").pk


def test_objection_of_another_does_not_bar_the_members_own(public, appeal, people):
    appeal("result", kind="objection", actor=people.secretary, on_behalf_of="邻居甲")
    assert appeal("result").pk


def test_line_that_is_not_there_is_refused(public, appeal, people):
    with pytest.raises(ValidationError, match="台账里没有这一条了"):
        appeal("entry:999999")
    assert not Appeal.objects.exists()


def test_empty_text_is_refused(appeal):
    with pytest.raises(ValidationError, match="请写明理由:哪里不对"):
        appeal("result", text="  ")


def test_nobody_appeals_for_another_without_leading_the_branch(public, appeal, people):
    wang = make.member_user(people.wang, public.result.branch.organization)
    for actor in (wang, people.leader, people.outsider, people.auditor):
        with pytest.raises(PermissionDenied):
            appeal("result", actor=actor, on_behalf_of="张建国")


def test_nobody_objects_to_oneself(appeal, people):
    with pytest.raises(PermissionDenied):
        appeal("result", kind="objection", on_behalf_of="邻居甲")


def test_objection_names_who_objects(appeal, people):
    with pytest.raises(ValidationError, match="请写明是谁提出的"):
        appeal("result", kind="objection", actor=people.secretary)


def test_files_go_when_the_appeal_is_refused(public, appeal, people, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    file = CheckedFile("签到表", "pdf", b"%PDF-")
    one = appeal("result", files=[file])
    assert [str(kept) for kept in one.files.all()] == ["签到表"]
    with pytest.raises(ValidationError):
        appeal("result", files=[file])
    assert len(list((tmp_path / "appeals").iterdir())) == 1


def test_open_once_is_kept_by_the_database(public, appeal):
    one = appeal("result")
    one.pk = None
    with pytest.raises(DatabaseError):
        one.save(force_insert=True)


# Reviewing --------------------------------------------------------------------------------------


def test_who_entered_or_approved_the_line_does_not_review_it(public, appeal, people):
    one = appeal(f"entry:{public.good.pk}")
    with pytest.raises(ValidationError, match="要由没有经手的同事核对"):
        services.take_appeal(one, actor=people.staff)
    assert services.take_appeal(one, actor=people.other_staff).reviewer == people.other_staff


def test_who_recorded_attendance_does_not_review_it(public, appeal, people):
    Attendance.objects.filter(member=people.zhang).update(recorded_by=people.other_staff)
    one = appeal(attendance_key(public))
    with pytest.raises(ValidationError, match="要由没有经手的同事核对"):
        services.take_appeal(one, actor=people.other_staff)


def test_who_published_does_not_review_the_result(public, appeal, people):
    one = appeal("result")
    with pytest.raises(ValidationError, match="要由没有经手的同事核对"):
        services.take_appeal(one, actor=people.staff)
    assert services.take_appeal(one, actor=people.discipline).state == "in_review"


@pytest.mark.parametrize("role", ["secretary", "general", "auditor", "outsider", "member", "administrator"])
def test_other_roles_do_not_review(appeal, people, role):
    with pytest.raises(PermissionDenied):
        services.take_appeal(appeal("result"), actor=getattr(people, role))


def test_person_concerned_does_not_review(public, appeal, people):
    one = appeal("result", kind="objection", actor=people.secretary, on_behalf_of="邻居甲")
    people.other_staff.member = people.zhang
    people.member.member = None
    people.member.save()
    people.other_staff.save()
    with pytest.raises(PermissionDenied):
        services.take_appeal(one, actor=people.other_staff)


def test_who_recorded_the_objection_does_not_review_it(appeal, people):
    one = appeal("result", kind="objection", actor=people.other_staff, on_behalf_of="邻居甲")
    with pytest.raises(PermissionDenied):
        services.take_appeal(one, actor=people.other_staff)


def test_discipline_is_reviewed_by_the_discipline_office_alone(appeal, people):
    one = appeal("result")
    Appeal.objects.filter(pk=one.pk).update(is_discipline=True)
    one.refresh_from_db()
    with pytest.raises(PermissionDenied):
        services.take_appeal(one, actor=people.other_staff)
    assert services.take_appeal(one, actor=people.discipline).reviewer == people.discipline


def test_colleague_takes_over(taken, people, places):
    one = taken("result")
    third = make.user("高政工", Role.STREET_STAFF, places.street)
    assert services.take_appeal(one, actor=third).reviewer == third
    with pytest.raises(ValidationError, match="这一件不在您手上"):
        services.decide_appeal(one, upheld=False, reasons="有理由", actor=people.other_staff)


def test_taken_twice_is_taken_once(taken, people):
    one = taken("result")
    services.take_appeal(one, actor=people.other_staff)
    assert one.steps.count() == 2


# Deciding ---------------------------------------------------------------------------------------


def test_decision_needs_reasons(taken, people):
    one = taken("result")
    with pytest.raises(ValidationError, match="请写明理由"):
        services.decide_appeal(one, upheld=False, reasons=" ", actor=people.other_staff)
    one.refresh_from_db()
    assert one.state == "in_review"


def test_dismissed_appeal_changes_nothing(public, taken, people):
    before = total(public)
    one = services.decide_appeal(taken("result"), upheld=False, reasons="核对无误。", actor=people.other_staff)
    public.round.refresh_from_db()
    assert (one.state, public.round.status, total(public)) == ("dismissed", "published", before)
    assert list(one.steps.values_list("step", flat=True)) == ["raised", "taken", "dismissed"]


def test_decided_twice_is_refused(taken, people):
    one = services.decide_appeal(taken("result"), upheld=False, reasons="核对无误。", actor=people.other_staff)
    with pytest.raises(ValidationError, match="已经是「不成立」,不用再办"):
        services.decide_appeal(one, upheld=True, reasons="又改", actor=people.other_staff)


def test_question_is_answered(taken, people):
    one = taken("result", kind="inquiry")
    assert (
        services.decide_appeal(one, upheld=False, reasons="如条文。", actor=people.other_staff).state_words == "已答复"
    )


def test_upheld_on_attendance_corrects_the_mark_and_the_total(public, taken, people):
    before = total(public)
    one = uphold(taken(attendance_key(public)), people.other_staff, status="present")
    mark = Attendance.objects.get(activity=public.event, member=people.zhang)
    assert (mark.status, mark.recorded_by) == ("present", people.other_staff)
    assert FactChange.objects.get(key=attendance_key(public), changed_by=people.other_staff).new == "到会"
    assert total(public) > before
    assert "由「迟到」改为「到会」" in one.follow_up


def test_upheld_takes_the_branch_back_to_its_review(public, taken, people):
    one = uphold(taken(attendance_key(public)), people.other_staff, status="present")
    public.round.refresh_from_db()
    step = RoundStep.objects.get(round=public.round, step="correct")
    assert (step.reason, step.done_by) == (f"按{one}的决定更正。", people.other_staff)
    assert public.round.is_being_corrected
    part = public.round.branches.get(organization=public.result.branch.organization)
    assert not part.is_reviewed


def test_upheld_on_an_approved_entry_reverses_it(public, taken, people):
    before = total(public)
    one = uphold(taken(f"entry:{public.good.pk}"), people.other_staff)
    reversal = Entry.objects.get(reverses=public.good)
    assert one.follow_up_entry == reversal
    assert reversal.declared_by == people.other_staff
    assert total(public) < before


def test_upheld_on_an_approved_entry_puts_down_another(public, taken, people):
    new = services.copy_of(public.good)
    new.quantity, new.note = 2, "社区义诊,两次"
    one = uphold(taken(f"entry:{public.good.pk}"), people.other_staff, replacement=new)
    stored = one.follow_up_entry
    assert (stored.status, stored.quantity, stored.declared_by) == (EntryStatus.APPROVED, 2, people.member)
    assert stored.decisions.get().decided_by == people.other_staff
    assert Entry.objects.filter(reverses=public.good).exists()


def test_course_of_a_corrected_line_begins_with_who_declared_it_first(public, taken, people, sign_in):
    """The secretary declared it; the member's appeal put it right. A further appeal still shows the whole course."""
    first = taken(f"entry:{public.good.pk}")
    first = uphold(first, people.other_staff, replacement=services.copy_of(public.good))
    stored = first.follow_up_entry
    assert stored.replaces == public.good
    subject = Subject(f"entry:{stored.pk}", "entry", "社区义诊")
    again = services.appeal_on(public.result, subject, "appeal", "还是不对", people.member)
    again.save()
    course = [(event.title, event.by) for event in course_of(again, may_see_objector=False)]
    assert course[:2] == [("登记", people.secretary), ("街道审批通过", people.staff)]
    assert course[-5:] == [
        (f"第 {first.pk} 号申辩:提出", None),
        (f"第 {first.pk} 号申辩:受理", None),
        ("更正后登记", people.member),
        ("街道审批通过", people.other_staff),
        (f"第 {first.pk} 号申辩:决定:成立", None),
    ]
    assert {people.secretary.pk, people.staff.pk, people.other_staff.pk} <= handled_by(again)
    shown = sign_in(people.staff).get(reverse("scoring:entry", args=[stored.pk])).context["course"]
    assert [(one.who, one.what) for one in shown] == [
        (people.secretary, "登记"),
        (people.staff, "街道审批通过"),
        (people.member, "更正后登记"),
        (people.other_staff, "街道审批通过"),
    ]


def test_upheld_on_a_refused_merit_approves_a_new_entry(public, taken, people):
    before = total(public)
    one = uphold(taken(f"entry:{public.refused.pk}"), people.other_staff)
    assert one.follow_up_entry.note == "清扫楼道"
    assert one.follow_up_entry.status == EntryStatus.APPROVED
    public.refused.refresh_from_db()
    assert public.refused.status == EntryStatus.REJECTED
    assert total(public) > before


def test_upheld_on_dues_corrects_the_payment(public, taken, people):
    before = total(public)
    fix = services.DuesFix(Decimal(10), amount_yuan=Decimal(10), paid_on=datetime.date(2025, 1, 15))
    key = next(
        key for key, one in subjects_of(public.result).items() if one.about == "dues" and key.endswith("2025-01")
    )
    uphold(taken(key), people.other_staff, dues=fix)
    assert DuesMonth.objects.get(member=people.zhang).payments.get().paid_on == datetime.date(2025, 1, 15)
    assert total(public) > before


def test_upheld_on_dues_that_were_never_put_down(public, taken, people):
    key = next(
        key for key, one in subjects_of(public.result).items() if one.about == "dues" and key.endswith("2025-01")
    )
    DuesMonth.objects.get(member=people.zhang).payments.all().delete()
    fix = services.DuesFix(Decimal(10), amount_yuan=Decimal(10), paid_on=datetime.date(2025, 1, 15))
    uphold(taken(key), people.other_staff, dues=fix)
    assert DuesMonth.objects.get(member=people.zhang).payments.get().recorded_by == people.other_staff


def test_upheld_on_the_appraisal_says_who_corrects_what(public, taken, people):
    one = uphold(taken("item:appraisal"), people.other_staff, follow_up="请片总支更正计票。")
    public.round.refresh_from_db()
    assert (one.follow_up, public.round.status) == ("请片总支更正计票。", "computed")


@pytest.mark.parametrize(
    ("key", "correction", "sentence"),
    [
        ("attendance", {}, "请选正确的考勤。"),
        ("attendance", {"status": "late"}, "现在登记的就是「迟到」"),
        ("result", {}, "请写明要更正什么、由谁更正。"),
    ],
)
def test_upheld_without_a_correction_changes_nothing(public, taken, people, key, correction, sentence):
    one = taken(attendance_key(public) if key == "attendance" else key)
    with pytest.raises(ValidationError, match=sentence):
        uphold(one, people.other_staff, **correction)
    one.refresh_from_db()
    public.round.refresh_from_db()
    assert (one.state, public.round.status) == ("in_review", "published")


def test_upheld_is_all_or_nothing(public, taken, people, monkeypatch):
    one = taken(attendance_key(public))

    def refuse(*args, **kwargs):
        raise ValidationError("不行")

    monkeypatch.setattr(services, "reopen_for_correction", refuse)
    with pytest.raises(ValidationError, match="不行"):
        uphold(one, people.other_staff, status="present")
    assert Attendance.objects.get(activity=public.event, member=people.zhang).status == "late"
    one.refresh_from_db()
    assert one.state == "in_review"


def test_trying_a_decision_keeps_nothing(public, taken, people):
    one = taken(f"entry:{public.good.pk}")
    tried = services.try_decision(one, upheld=True, reasons="属实", correction=None, actor=people.other_staff)
    assert "已冲正" in tried.follow_up
    one.refresh_from_db()
    assert (one.state, Entry.objects.filter(reverses=public.good).exists()) == ("in_review", False)
    public.round.refresh_from_db()
    assert public.round.status == "published"


def test_second_upheld_while_the_first_is_being_corrected(public, taken, people):
    one, other = taken(attendance_key(public)), taken(f"entry:{public.good.pk}")
    uphold(one, people.other_staff, status="present")
    after_first = total(public)
    uphold(other, people.other_staff)
    assert total(public) < after_first
    assert RoundStep.objects.filter(round=public.round, step="correct").count() == 2


def test_round_is_not_approved_while_one_waits(public, taken, people):
    one = taken("result")
    make.window_over(public.round)
    with pytest.raises(ValidationError, match="还有 1 件申诉没有答复"):
        rounds.approve_round(public.round, actor=people.other_staff)
    services.decide_appeal(one, upheld=False, reasons="核对无误。", actor=people.other_staff)
    assert rounds.approve_round(public.round, actor=people.other_staff).status == "approved"


def test_withdrawn_by_another_is_refused(appeal, people):
    with pytest.raises(PermissionDenied):
        services.withdraw_appeal(appeal("result"), actor=people.secretary)


def test_course_is_only_added_to(appeal):
    step = appeal("result").steps.get()
    for change in (step.save, step.delete, AppealStep.objects.all().delete):
        with pytest.raises(TypeError):
            change()


@pytest.mark.parametrize("change", ["UPDATE {} SET id = id", "DELETE FROM {}"])
@pytest.mark.parametrize("table", ["evaluations_appealstep", "evaluations_appealfile"])
def test_course_and_files_are_kept_by_the_database(appeal, settings, tmp_path, change, table):
    settings.MEDIA_ROOT = tmp_path
    appeal("result", files=[CheckedFile("签到表", "pdf", b"%PDF-")])
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change.format(table))


def test_limits_have_no_key(public):
    from evaluations.appealing import sheet_of

    _, sheet = sheet_of(public.result)
    lines = [line for item in sheet.items for line in item.lines]
    assert {key_of(line) == "" for line in lines if line.kind in ("cap", "floor")} <= {True}
    assert all(key_of(line) for line in lines if line.kind not in ("cap", "floor"))
