"""The monthly review and the quarterly publicity: questions asked and settled, months confirmed, sheets hung up."""

import datetime

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from evaluations import monthly, quarterly
from evaluations.models import MonthConfirmation, MonthQuestion, MonthReview, QuarterSheet
from evaluations.permissions import can_confirm_branch, can_settle_question
from members.dates import day_name, last_of, month_name, quarter_days
from members.models import Member, Organization, User

SEEN_OTHERWISE = "您打开这一页以后记录又有变动。请按现在的内容再看一遍,没有差错再确认。"


@transaction.atomic
def confirm_month(branch: Organization, month: datetime.date, *, seen: str, actor: User) -> MonthConfirmation:
    """The confirmation of a month that is over. seen: the digest of the lines that the actor has looked at.

    A month that was confirmed and has not changed is not confirmed twice. Raises ValidationError while questions are
    open, before the month's end, and where other lines are there than those looked at.
    """
    if not can_confirm_branch(actor, branch):
        raise PermissionDenied
    if timezone.localdate() <= last_of(month):
        raise ValidationError(f"{month_name(month)}还没有结束,到 {last_of(month)} 以后再确认。")
    review = _locked_review(branch, month)
    if waiting := review.questions.unsettled().count():
        raise ValidationError(f"还有 {waiting} 个问题没有核对清楚,先把问题一一答复,再确认。")
    lines = monthly.lines_of(branch, month)
    digest = monthly.digest_of_lines(lines)
    if digest != seen:
        raise ValidationError(SEEN_OTHERWISE)
    last = review.confirmations.last()
    if last and last.digest == digest:
        return last
    return MonthConfirmation.objects.create(
        review=review, lines=[line.kept for line in lines], digest=digest, confirmed_by=actor
    )


def _locked_review(branch: Organization, month: datetime.date) -> MonthReview:
    review, _ = MonthReview.objects.get_or_create(organization=branch, month=month)
    return MonthReview.objects.select_for_update().get(pk=review.pk)


@transaction.atomic
def ask_of_month(
    branch: Organization,
    month: datetime.date,
    text: str,
    *,
    actor: User,
    member: Member | None = None,
    line: monthly.MonthLine | None = None,
) -> MonthQuestion:
    """A question on a month, on one of its lines or on a member; asked twice, the first one.

    line: as the actor reads it. The caller has seen to it that the actor may ask.
    """
    about = {"member": member, "key": line.key if line else "", "sheet": None}
    words = f"{line.item}:{line.words}"[:300] if line else ""
    is_sensitive = line.is_sensitive if line else False
    return _asked(branch, month, text, actor, about, words=words, is_sensitive=is_sensitive)


@transaction.atomic
def object_to_sheet(
    sheet: QuarterSheet, member: Member, text: str, *, actor: User, on_behalf_of: str = ""
) -> MonthQuestion:
    """An objection to a member's line of a quarter's sheet: a question on the quarter's last month.

    Raises ValidationError when the window is over or a later edition hangs. The caller has seen to it that the actor may.
    """
    if quarterly.latest(sheet.organization, sheet.quarter) != sheet:
        raise ValidationError("这一版公示单已经更正,请对现在的一版提出。")
    if not sheet.takes_objections:
        raise ValidationError(
            f"公示到 {day_name(sheet.objections_until)}为止,现在不能再提出。有新的情况,请直接向支部书记反映。"
        )
    about = {"member": member, "key": f"quarter:{sheet.quarter}", "sheet": sheet}
    words = f"{sheet.title}公示单第 {sheet.number} 版"
    said = {"words": words, "on_behalf_of": on_behalf_of, "is_sensitive": True}  # for those alone who decide on it
    return _asked(sheet.organization, sheet.last_month, text, actor, about, **said)


def _asked(branch: Organization, month: datetime.date, text: str, actor: User, about: dict, **fields) -> MonthQuestion:
    text = text.strip()
    if not text:
        raise ValidationError({"text": "请写明哪里不对,或者要核对什么。"})
    review = _locked_review(branch, month)
    same = review.questions.unsettled().filter(asked_by=actor, text=text, **about).first()
    return same or MonthQuestion.objects.create(review=review, asked_by=actor, text=text, **about, **fields)


@transaction.atomic
def settle_question(question: MonthQuestion, answer: str, *, actor: User) -> MonthQuestion:
    """The question, settled with what was found. Raises ValidationError where somebody else has settled it."""
    locked = MonthQuestion.objects.select_for_update(of=("self",)).select_related("review__organization")
    question = locked.get(pk=question.pk)
    if not can_settle_question(actor, question):
        raise PermissionDenied
    if not question.is_open:
        raise ValidationError(f"这个问题已经由{question.settled_by}答复:{question.answer}")
    if not answer.strip():
        raise ValidationError({"answer": "请写明核对的结果。"})
    question.answer, question.settled_by, question.settled_at = answer.strip(), actor, timezone.now()
    question.save(update_fields=["answer", "settled_by", "settled_at"])
    return question


@transaction.atomic
def publish_quarter(branch: Organization, quarter: str, *, seen: str, actor: User, reason: str = "") -> QuarterSheet:
    """The quarter's sheet, hung up; after the first one a correction, with its reason. A window begins with each.

    seen: the digest of the content that the actor has looked at. The same content is not published twice.
    """
    if not can_confirm_branch(actor, branch):
        raise PermissionDenied
    last = quarter_days(quarter)[1]
    if timezone.localdate() <= last:
        raise ValidationError(f"这个季度还没有结束,到 {last} 以后再公示。")
    Organization.objects.select_for_update().get(pk=branch.pk)  # one publication at a time
    content = quarterly.content_of(branch, quarter)
    former = quarterly.latest(branch, quarter)
    digest = quarterly.Content(content).digest
    if former and former.digest == digest:
        return former
    if digest != seen:
        raise ValidationError(SEEN_OTHERWISE)
    if not any(section["rows"] for section in content["sections"]):
        raise ValidationError("这个支部这个季度没有采用计分方案,或者没有党员,没有可以公示的分数。")
    if former and not reason.strip():
        raise ValidationError({"reason": "请写明更正的理由,公示单上会写出来。"})
    return QuarterSheet.objects.create(
        organization=branch,
        quarter=quarter,
        number=former.number + 1 if former else 1,
        content=content,
        digest=digest,
        reason=reason.strip() if former else "",
        objections_until=timezone.localdate() + datetime.timedelta(days=settings.OBJECTION_DAYS),
        published_by=actor,
    )
