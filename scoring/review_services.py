"""Reviewing beyond a single decision: the first check, asking back, answering, approving several entries together."""

from collections.abc import Mapping, Sequence

from django.core.exceptions import ValidationError
from django.db import transaction

from members.models import User
from members.services import require_day_open
from members.uploads import CheckedFile, storing
from scoring.models import Answer, Decision, Entry, EntryStatus, Evidence, FirstCheck, Question
from scoring.reviewing import look_reason, waiting_for
from scoring.services import STEPS, branch_on, decide_entry, waiting_entry

MOST_AT_ONCE = 50
DONE = "这一批刚才已经办过,没有再办一次。"


@transaction.atomic
def check_first(entry: Entry, *, in_order: bool, text: str, actor: User) -> FirstCheck:
    """What the leader of the member's group found out; the entry goes on waiting. The caller has checked `leads_group_of`.

    Raises ValidationError where a doubt has no words, or the branch has decided or another leader checked meanwhile.
    """
    entry.status = EntryStatus.DECLARED  # the only one that is checked; what it is now, is looked up
    entry = waiting_entry(entry)
    if hasattr(entry, "first_check"):
        raise ValidationError(f"{entry.first_check.checked_by}刚刚已经初核过这一条,不用再核。")
    if not in_order and not text.strip():
        raise ValidationError({"text": "有疑问的,请写明疑在哪里,书记和申报人会看到。"})
    check = FirstCheck(entry=entry, in_order=in_order, text=text.strip(), checked_by=actor)
    check.full_clean()
    check.save()
    return check


@transaction.atomic
def ask_back(entry: Entry, *, text: str, actor: User) -> Question:
    """The reviewer's question to the entry's author, before the decision. The caller has checked the reviewer's right."""
    entry = waiting_entry(entry)
    if not text.strip():
        raise ValidationError({"reason": "请写明要问什么,申报人会看到。"})
    if entry.questions.filter(answer=None).exists():
        raise ValidationError("已经问过一次,申报人还没有答复。请等答复,或者直接决定。")
    question = Question(entry=entry, step=STEPS[entry.status], text=text.strip(), asked_by=actor)
    question.full_clean()
    question.save()
    return question


def answer_question(
    entry: Entry, *, question: int, text: str, files: Sequence[CheckedFile] = (), actor: User
) -> Answer:
    """The author's answer with what shows it; the entry then waits for the same office again.

    question: the key of the one that the author has read. Raises OSError where the files cannot be stored.
    """
    with storing() as shelf:
        entry = Entry.objects.select_for_update().get(pk=entry.pk)
        if not entry.is_pending:
            raise ValidationError(f"这条记录已经是「{entry.get_status_display()}」,不用再答复。")
        asked = entry.questions.filter(pk=question, answer=None).first()
        if asked is None:
            raise ValidationError("这个问题已经答复过了,不用再答。")
        require_day_open(branch_on(entry.member, entry.date), entry.date)
        if not text.strip():
            raise ValidationError({"text": "请写明答复。"})
        answer = Answer(question=asked, text=text.strip(), answered_by=actor)
        answer.full_clean()
        answer.save()
        Evidence.objects.bulk_create(
            Evidence(entry=entry, answer=answer, file=shelf.put("evidence", file), name=file.name) for file in files
        )
    return answer


@transaction.atomic
def approve_together(seen: Mapping[int, str], *, actor: User) -> list[Decision]:
    """Decisions on all of the entries, or on none of them.

    seen: status by key, as the approver saw each entry waiting. Raises ValidationError naming those that somebody has
    decided, asked about or changed meanwhile, that are settled, or that have to be looked at one by one.
    """
    if not 1 <= len(seen) <= MOST_AT_ONCE:
        raise ValidationError(f"一次通过 1 到 {MOST_AT_ONCE} 条,请重新勾选。")
    locked = list(Entry.objects.select_for_update().filter(pk__in=seen).order_by("pk"))
    mine = {entry.pk: entry for entry in waiting_for(actor).filter(pk__in=seen)}
    if not mine and _decided_by(actor, seen):
        raise ValidationError(DONE)
    gone = [pk for pk in seen if pk not in mine or mine[pk].status != seen[pk]]
    if gone:
        raise ValidationError(
            f"{_numbers(gone)}刚刚有人办过、周期已经办结,或者不归您审。这一批都没有通过,请回到列表重新勾选。"
        )
    kept = [pk for pk, entry in mine.items() if look_reason(entry)]
    if kept:
        raise ValidationError(f"{_numbers(kept)}要逐条看,不能一起通过。这一批都没有通过,请回到列表重新勾选。")
    return [decide_entry(entry, approved=True, reason="", actor=actor) for entry in locked]


def _decided_by(actor: User, seen: Mapping[int, str]) -> bool:
    """True if the actor has approved all of them on the steps where they were seen: a second click."""
    steps = {(pk, STEPS.get(status)) for pk, status in seen.items()}
    done = Decision.objects.filter(entry__in=seen, decided_by=actor, approved=True).values_list("entry", "step")
    return steps <= set(done)


def _numbers(pks: Sequence[int]) -> str:
    return "、".join(f"第 {pk} 号" for pk in sorted(pks))
