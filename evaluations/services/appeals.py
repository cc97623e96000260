"""Appeals: raised within the window, taken by somebody who had no hand in the line, decided with what follows from it."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from evaluations.appealing import (
    Subject,
    handled_by,
    month_of,
    ref_of,
    result_words,
    subjects_of,
    window_closed,
)
from evaluations.models import COURSE, Appeal, AppealFile, AppealStep, Result, Round, RoundStep, Step
from evaluations.models.appeals import WORDS_LIMIT
from evaluations.permissions import can_record_objections, can_review_appeal
from evaluations.services.course import lock_public, reopen_for_correction
from evaluations.services.rounds import request_computation
from evaluations.workdays import working_days_after
from members.dates import day_name, month_name
from members.models import Activity, Attendance, AttendanceStatus, DuesMonth, User
from members.services import correct_payment, record_attendance, record_dues
from members.services.dues import DuesLine, dues_state
from members.uploads import CheckedFile, storing
from scoring.models import Entry, EntryStatus
from scoring.services import decide_entry, reverse_entry

State, About, Kind = Appeal.State, Appeal.About, Appeal.Kind
NOTE_LIMIT = 200  # of an entry


@dataclass(frozen=True)
class DuesFix:
    """What a month's dues should have been: what was owed, and the last payment."""

    due_yuan: Decimal
    excused: bool = False
    excuse: str = ""
    amount_yuan: Decimal | None = None
    paid_on: datetime.date | None = None


@dataclass(frozen=True)
class Correction:
    """How a line that was wrong is put right; of which the kind of line needs one.

    replacement: an unsaved entry as it should be; None where the entry is only to be taken back. follow_up: for what
    no service corrects, who is to put right what.
    """

    replacement: Entry | None = None
    status: str = ""
    dues: DuesFix | None = None
    follow_up: str = ""


# Raising ----------------------------------------------------------------------------------------


def raise_appeal(
    result: Result,
    key: str,
    *,
    kind: str,
    text: str,
    actor: User,
    files: Sequence[CheckedFile] = (),
    on_behalf_of: str = "",
    relation: str = "",
) -> Appeal:
    """The stored appeal on a line of the result. Of those on the same line one at a time is open.

    on_behalf_of: who says it, where a secretary puts it down for them. Raises ValidationError, by field where it can,
    and OSError where the files cannot be stored; then nothing is.
    """
    branch = result.branch.organization
    _require_speaker(result, kind, on_behalf_of, actor)
    with storing() as shelf:
        round_ = Round.objects.select_for_update(of=("self",)).get(pk=result.round_id)  # a second click waits here
        if closed := window_closed(round_, branch):
            raise ValidationError(closed)
        if not text.strip():
            raise ValidationError({"text": "请写明理由:哪里不对,应该是怎样。"})
        subject = subjects_of(result).get(key)
        if subject is None:
            raise ValidationError({"key": "台账里没有这一条了,可能刚刚改过。请回到台账重新选。"})
        _require_first(round_, result, key, kind)
        appeal = appeal_on(result, subject, kind, text.strip(), actor)
        appeal.on_behalf_of, appeal.relation = on_behalf_of.strip(), relation.strip()
        appeal.full_clean()
        appeal.save()
        _note(appeal, AppealStep.Step.RAISED, actor)
        AppealFile.objects.bulk_create(
            AppealFile(appeal=appeal, file=shelf.put("appeals", file), name=file.name) for file in files
        )
    return appeal


def _require_speaker(result: Result, kind: str, on_behalf_of: str, actor: User) -> None:
    """A member speaks for oneself; for others whoever leads the branch puts it down, but not about oneself."""
    own = actor.member_id == result.member_id
    if own and kind == Kind.OBJECTION:
        raise PermissionDenied
    if own and not on_behalf_of:
        return
    if own or not can_record_objections(actor, result.branch.organization):
        raise PermissionDenied
    if not on_behalf_of.strip():
        raise ValidationError({"on_behalf_of": "请写明是谁提出的。"})


def _require_first(round_: Round, result: Result, key: str, kind: str) -> None:
    kinds = [Kind.OBJECTION] if kind == Kind.OBJECTION else [Kind.APPEAL, Kind.INQUIRY]
    same = Appeal.objects.undecided().filter(round=round_, member=result.member_id, key=key, kind__in=kinds)
    if earlier := same.first():
        raise ValidationError({"key": f"这一条已经提出过({earlier}),还没有答复,不用再提。请等答复。"})


def appeal_on(result: Result, subject: Subject, kind: str, text: str, actor: User) -> Appeal:
    """The appeal with the line as it reads today; not stored."""
    clause = subject.clause
    return Appeal(
        round=result.round,
        member=result.member,
        organization=result.branch.organization,
        kind=kind,
        about=subject.about,
        key=subject.key,
        words=subject.words,
        clause={"heading": clause.heading, "text": clause.text} if clause else {},
        result_words=result_words(result),
        is_discipline=subject.is_discipline,
        is_sensitive=subject.is_sensitive or subject.is_discipline,
        raised_by=actor,
        text=text,
        due_on=working_days_after(timezone.localdate(), settings.APPEAL_DAYS),
    )


# Reviewing --------------------------------------------------------------------------------------


@transaction.atomic
def take_appeal(appeal: Appeal, *, actor: User) -> Appeal:
    """The appeal, reviewed by the actor from now on; taken over where a colleague had it."""
    appeal = _locked(appeal)
    if not can_review_appeal(actor, appeal):
        raise PermissionDenied
    _require_open(appeal)
    if appeal.reviewer_id == actor.pk:
        return appeal
    if actor.pk in handled_by(appeal):
        raise ValidationError("这一条是您登记、审核或者审批过的,要由没有经手的同事核对。")
    appeal.state, appeal.reviewer = State.IN_REVIEW, actor
    appeal.save(update_fields=["state", "reviewer"])
    _note(appeal, AppealStep.Step.TAKEN, actor)
    return appeal


@transaction.atomic
def withdraw_appeal(appeal: Appeal, *, actor: User) -> Appeal:
    """The appeal, taken back by whoever raised it before it was decided."""
    appeal = _locked(appeal)
    if appeal.raised_by_id != actor.pk:
        raise PermissionDenied
    _require_open(appeal)
    appeal.state = State.WITHDRAWN
    appeal.save(update_fields=["state"])
    _note(appeal, AppealStep.Step.WITHDRAWN, actor)
    return appeal


@transaction.atomic
def decide_appeal(
    appeal: Appeal, *, upheld: bool, reasons: str, actor: User, correction: Correction | None = None
) -> Appeal:
    """The decided appeal. If it is upheld the line is put right and the branch's results are computed again.

    Raises ValidationError, by field where it can; then nothing has changed.
    """
    appeal = _locked(appeal)
    lock_public(appeal.round)  # before any fact: a closing waits, or we do
    if not can_review_appeal(actor, appeal):
        raise PermissionDenied
    _require_open(appeal)
    if appeal.reviewer_id != actor.pk:
        raise ValidationError("这一件不在您手上。请先点「由我核对」。")
    if actor.pk in handled_by(appeal):
        raise ValidationError("这一条是您登记、审核或者审批过的,要由没有经手的同事核对。")
    if not reasons.strip():
        raise ValidationError({"reasons": "请写明理由,提出的人会看到。"})
    appeal.state, appeal.reasons = (State.UPHELD if upheld else State.DISMISSED), reasons.strip()
    appeal.decided_at = timezone.now()
    if upheld:
        _put_right(appeal, correction or Correction(), actor)
    appeal.save()
    _note(appeal, appeal.state, actor)
    if upheld:
        _compute_again(appeal, actor)
    return appeal


def try_decision(appeal: Appeal, **decision) -> Appeal:
    """The appeal as `decide_appeal` would leave it. Nothing is kept; raises what that raises."""
    with transaction.atomic():
        decided = decide_appeal(appeal, **decision)
        transaction.set_rollback(True)
    return decided


def _locked(appeal: Appeal) -> Appeal:
    found = Appeal.objects.select_for_update(of=("self",)).select_related("round__organization", "member")
    return found.select_related("organization").get(pk=appeal.pk)


def _require_open(appeal: Appeal) -> None:
    if not appeal.is_open:
        raise ValidationError(f"{appeal}已经是「{appeal.state_words}」,不用再办。")


def _note(appeal: Appeal, step: str, actor: User) -> None:
    AppealStep.objects.create(appeal=appeal, step=step, done_by=actor)


# What follows -----------------------------------------------------------------------------------


def _put_right(appeal: Appeal, correction: Correction, actor: User) -> None:
    """Correct what the appeal is about, and note on it what was done."""
    if appeal.about == About.ENTRY:
        _put_entry_right(appeal, correction, actor)
    elif appeal.about == About.ATTENDANCE:
        appeal.follow_up = _put_attendance_right(appeal, correction, actor)
    elif appeal.about == About.DUES:
        appeal.follow_up = _put_dues_right(appeal, correction, actor)
    elif correction.follow_up.strip():
        appeal.follow_up = correction.follow_up.strip()
    else:
        raise ValidationError({"follow_up": "请写明要更正什么、由谁更正。"})


def _put_entry_right(appeal: Appeal, correction: Correction, actor: User) -> None:
    entry = Entry.objects.select_for_update().get(pk=ref_of(appeal))
    if entry.is_pending:
        raise ValidationError(f"第 {entry.pk} 号记录还在审核,请先审完,再决定这一件。")
    new = correction.replacement
    if entry.status == EntryStatus.REJECTED:
        new = new or copy_of(entry)
        appeal.follow_up = f"第 {entry.pk} 号记录原来没有通过,现在另记一条计分。"
    else:
        reason = f"{appeal}成立:{appeal.reasons}"[:NOTE_LIMIT]
        appeal.follow_up_entry = reverse_entry(entry, reason=reason, actor=actor)
        appeal.follow_up = f"第 {entry.pk} 号记录已冲正,{'按正确的情况另记一条计分' if new else '不再计分'}。"
    if new:
        new.replaces = entry
        appeal.follow_up_entry = _declare_approved(appeal, new, actor)


def copy_of(entry: Entry) -> Entry:
    """What the entry says, as a new one that is not stored."""
    said = ("member", "version", "item", "date", "quantity", "level", "points", "amount_yuan", "half", "award", "note")
    return Entry(**{field: getattr(entry, field) for field in said})


def _declare_approved(appeal: Appeal, entry: Entry, actor: User) -> Entry:
    """The stored entry: put down for whoever raised the appeal, approved by its reviewer."""
    entry.declared_by, entry.status = appeal.raised_by, EntryStatus.REVIEWED
    entry.full_clean()
    entry.save()
    return decide_entry(entry, approved=True, reason=f"{appeal}成立", actor=actor).entry


def _put_attendance_right(appeal: Appeal, correction: Correction, actor: User) -> str:
    activity = Activity.objects.select_related("organization").get(pk=ref_of(appeal))
    mark = Attendance.objects.filter(activity=activity, member=appeal.member).first()
    now, titles = mark.status if mark else "", dict(AttendanceStatus.choices)
    if correction.status not in titles:
        raise ValidationError({"status": "请选正确的考勤。"})
    if correction.status == now:
        raise ValidationError({"status": f"现在登记的就是「{titles[now]}」。请选正确的考勤,或者改为不成立。"})
    record_attendance(activity, {appeal.member: (now, correction.status)}, actor=actor)
    return f"{day_name(activity.date)}{activity.title}的考勤由「{titles.get(now, '未登记')}」改为「{titles[correction.status]}」。"[
        :WORDS_LIMIT
    ]


def _put_dues_right(appeal: Appeal, correction: Correction, actor: User) -> str:
    fix, month = correction.dues, month_of(appeal)
    if fix is None:
        raise ValidationError({"due_yuan": "请写明这个月应缴多少。"})
    owed = DuesMonth.objects.with_paid().filter(member=appeal.member_id, month=month).first()
    last = owed.payments.order_by("pk").last() if owed else None
    added = (None, None) if last else (fix.amount_yuan, fix.paid_on)
    approver = owed.excused_by if owed and fix.excused else ""
    line = DuesLine(appeal.member, month, dues_state(owed), fix.due_yuan, fix.excused, fix.excuse, approver, *added)
    done = record_dues(appeal.organization, [line], actor=actor)
    if last and fix.amount_yuan and (fix.amount_yuan, fix.paid_on) != (last.amount_yuan, last.paid_on):
        last.amount_yuan, last.paid_on = fix.amount_yuan, fix.paid_on
        correct_payment(last, actor=actor)
    elif not (done.changed or done.paying):
        raise ValidationError({"due_yuan": "和现在登记的一样。请写正确的情况,或者改为不成立。"})
    paid = f"{day_name(fix.paid_on)}缴 {fix.amount_yuan} 元" if fix.amount_yuan else "没有缴纳"
    excused = f",经批准缓缴或免缴:{fix.excuse}" if fix.excused else ""
    return f"{month_name(month)}党费改为:应缴 {fix.due_yuan} 元{excused},{paid}。"[:WORDS_LIMIT]


def _compute_again(appeal: Appeal, actor: User) -> None:
    """Take the branch's results back to its review and have them computed; already taken back, only computed."""
    round_ = Round.objects.select_for_update(of=("self",)).get(pk=appeal.round_id)
    reason = f"按{appeal}的决定更正。"
    if round_.status in COURSE[Step.CORRECT].before:
        reopen_for_correction(round_, [appeal.organization], reason, actor)
        return
    RoundStep.objects.create(
        round=round_, organization=appeal.organization, step=Step.CORRECT, done_by=actor, reason=reason
    )
    round_.branches.filter(organization=appeal.organization).update(reviewed_digest="")
    request_computation(round_, actor=actor)
