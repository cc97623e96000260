"""Schemes in use, and the course of an entry: declared, reviewed by the branch, decided by the street."""

import datetime
from collections.abc import Sequence
from pathlib import Path

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max

from members.models import Member, Organization, User
from members.services import require_day_open
from members.uploads import CheckedFile, Shelf, storing
from scoring.engine import load_scheme
from scoring.engine.scheme import EntryItem
from scoring.models import Adoption, Decision, DraftFile, Entry, EntryStatus, Evidence, SchemeVersion
from scoring.models.schemes import read_once
from scoring.querysets import holders_of

SCHEMES = Path(__file__).parent / "schemes"


def install_schemes() -> list[SchemeVersion]:
    """Versions of the shipped schemes: a first one, or a new one where the shipped definition has changed."""
    installed = []
    for file in sorted(SCHEMES.glob("*/definition.yaml")):
        definition, text = (path.read_text(encoding="utf-8") for path in (file, file.with_name("text.md")))
        scheme = read_once(definition, text)[0] or load_scheme(file.parent)  # which raises, and names the file
        version = SchemeVersion.objects.released().filter(code=scheme.code, digest=scheme.digest).first()
        if version is None:
            version = SchemeVersion.objects.create(
                code=scheme.code,
                number=next_number(scheme.code),
                title=scheme.title,
                definition=definition,
                text=text,
                digest=scheme.digest,
            )
        installed.append(version)
    return installed


def next_number(code: str) -> int:
    """The number of the scheme's next version; drafts have theirs already."""
    highest = SchemeVersion.objects.filter(code=code).aggregate(Max("number"))["number__max"]
    return (highest or 0) + 1


def branch_on(member: Member, day: datetime.date) -> Organization | None:
    """The organisation a member belongs to on a day."""
    membership = member.memberships.on(day).select_related("organization").first()
    return membership.organization if membership else None


def adoptions_of(member: Member, day: datetime.date) -> dict[str, Adoption]:
    """What a member is scored under on a day, by code: the scheme for everybody first, then those for posts held."""
    branch = branch_on(member, day)
    counting = Adoption.objects.counting_at([branch], day).get(branch, []) if branch else []
    return {
        adoption.version.code: adoption
        for adoption in counting
        if not adoption.position
        or (not adoption.version.faults and holders_of(adoption, day).filter(member=member).exists())
    }


def adoption_for(member: Member, day: datetime.date, version: SchemeVersion | None = None) -> Adoption:
    """The adoption that counts for a member on a day: of the version's scheme, or without one that for everybody.

    Raises ValidationError where there is none.
    """
    adoptions = adoptions_of(member, day)
    if version:
        found = adoptions.get(version.code)
    else:
        found = next((adoption for adoption in adoptions.values() if not adoption.position), None)
    if found is None:
        raise ValidationError(_why_not_scored(member, day, list(adoptions.values()), version))
    return found


def _why_not_scored(
    member: Member, day: datetime.date, adoptions: list[Adoption], version: SchemeVersion | None
) -> str:
    branch = branch_on(member, day)
    if branch is None:
        return f"{member}在 {day:%Y-%m-%d} 不属于任何支部,请核对日期。"
    if version is None or not adoptions:
        return f"{branch}在 {day:%Y-%m-%d} 还没有采用计分方案,请联系街道。"
    titles = "和".join(f"《{adoption.version.title}》" for adoption in adoptions)
    return f"{member}在 {day:%Y-%m-%d} 按{titles}考核,不按《{version.title}》。请核对党员和日期。"


def declare_entry(
    entry: Entry,
    item: EntryItem,
    *,
    actor: User,
    files: Sequence[CheckedFile] = (),
    kept: Sequence[DraftFile] = (),
    shelf: Shelf | None = None,
) -> Entry:
    """The stored entry. What a branch or an office puts down goes straight to the street where the item needs it.

    entry: with the version of the scheme that it is declared under, if that is not the one for everybody.
    files: what shows it, kept: what a draft of it has stored already; a verdict needs one, and what zeroes an item. shelf: of a transaction
    around this one. Raises OSError where the files cannot be stored; then nothing is.
    """
    with storing(shelf) as shelf:
        Member.objects.select_for_update().get(pk=entry.member_id)  # of two that say the same, the second is refused
        check_entry(entry, item, actor=actor, files=len(files) + len(kept))
        entry.save()
        stored = [(shelf.put("evidence", file), file.name) for file in files]
        stored += [(file.file.name, file.name) for file in kept]
        Evidence.objects.bulk_create(Evidence(entry=entry, file=file, name=name) for file, name in stored)
    return entry


def check_entry(entry: Entry, item: EntryItem, *, actor: User, files: int) -> None:
    """Fill in what the entry's day decides, its version and status; raise ValidationError where it cannot be declared.

    files: how many show it.
    """
    if item.needs_evidence and not files:
        raise ValidationError({"files": f"「{item.title}」要附证明材料,至少一个文件。"})
    version = entry.version if entry.version_id else None
    try:
        entry.version = adoption_for(entry.member, entry.date, version).version
        rule = _clause_then(entry, item)
        require_day_open(branch_on(entry.member, entry.date), entry.date)
    except ValidationError as error:
        raise ValidationError({"date": error.messages}) from error
    same = (
        Entry.objects.lines()
        .exclude(status__in=(EntryStatus.REJECTED, EntryStatus.WITHDRAWN))
        .filter(member=entry.member, item=item.code, date=entry.date, note=entry.note, reversal=None)
    )
    if earlier := same.first():
        raise ValidationError({"note": f"这件事已经登记过(第 {earlier.pk} 号),不用再报。"})
    by_member = actor.member_id == entry.member_id
    entry.item = item.code
    entry.declared_by = actor
    entry.status = EntryStatus.DECLARED if by_member or rule.approval == "branch" else EntryStatus.REVIEWED
    entry.full_clean()


def _clause_then(entry: Entry, item: EntryItem) -> EntryItem:
    """The clause in the version of the entry's day. Raises ValidationError where it has none, or asks other things."""
    scored = f"{entry.member}在 {entry.date:%Y-%m-%d} 按{entry.version}考核"
    if item.code not in entry.version.scheme.entry_titles:
        raise ValidationError(f"{scored},其中没有「{item.title}」这一条。请核对党员和日期。")
    rule = entry.version.item(item.code)
    if _asked(rule) != _asked(item):
        raise ValidationError(f"{scored},那一版的「{item.title}」要填的内容不同。请核对日期,或者由所在支部登记。")
    return rule


def _asked(item: EntryItem) -> tuple:
    return item.sign, item.needs, item.optional, {level for level, _, _ in item.levels}


STEPS = {EntryStatus.DECLARED: Decision.Step.BRANCH, EntryStatus.REVIEWED: Decision.Step.STREET}


def waiting_entry(entry: Entry) -> Entry:
    """The entry locked, as it is now. Raises ValidationError if it does not wait where the caller saw it waiting."""
    locked = Entry.objects.select_for_update().get(pk=entry.pk)
    if not locked.is_pending:
        raise ValidationError(f"这条记录已经是「{locked.get_status_display()}」,不用再审。")
    if locked.status != entry.status:
        raise ValidationError(f"这条记录刚刚有人办过,现在{locked.get_status_display()}。请核对以后再办。")
    require_day_open(branch_on(locked.member, locked.date), locked.date)
    return locked


@transaction.atomic
def decide_entry(entry: Entry, *, approved: bool, reason: str, actor: User) -> Decision:
    """The decision on the entry's next step; after it the entry goes on to the street, or is settled.

    The caller has checked `can_review` or `can_approve` on the very `entry` it gives: one that somebody has decided
    since is refused.
    """
    entry = waiting_entry(entry)
    if not approved and not reason.strip():
        raise ValidationError({"reason": "不通过要写明理由,申报人会看到。"})
    decision = Decision(entry=entry, step=STEPS[entry.status], approved=approved, reason=reason, decided_by=actor)
    decision.full_clean()
    decision.save()
    if not approved:
        entry.status = EntryStatus.REJECTED
    elif entry.status == EntryStatus.DECLARED and entry.rule.approval == "street":
        entry.status = EntryStatus.REVIEWED
    else:
        entry.status = EntryStatus.APPROVED
    entry.save(update_fields=["status"])
    return decision


@transaction.atomic
def withdraw_entry(entry: Entry, *, actor: User) -> Decision:
    """The withdrawal of an entry that still waits; it stays on record. The caller has checked `can_withdraw`."""
    entry = Entry.objects.select_for_update().get(pk=entry.pk)
    if not entry.is_pending:
        raise ValidationError(f"这条记录已经是「{entry.get_status_display()}」,不能再撤回。")
    require_day_open(branch_on(entry.member, entry.date), entry.date)
    entry.status = EntryStatus.WITHDRAWN
    entry.save(update_fields=["status"])
    return Decision.objects.create(entry=entry, step=Decision.Step.WITHDRAWAL, approved=False, decided_by=actor)


@transaction.atomic
def reverse_entry(entry: Entry, *, reason: str, actor: User) -> Entry:
    """The reversal of an approved entry, which then counts no more; both stay on record."""
    entry = Entry.objects.select_for_update().get(pk=entry.pk)
    if entry.status != EntryStatus.APPROVED or Entry.objects.filter(reverses=entry).exists():
        raise ValidationError("只有已批准、没有冲正过的记录才能冲正。")
    if not reason.strip():
        raise ValidationError({"reason": "冲正要写明理由。"})
    require_day_open(branch_on(entry.member, entry.date), entry.date)
    reversal = Entry(
        member=entry.member,
        version=entry.version,
        item=entry.item,
        date=entry.date,
        quantity=entry.quantity,
        level=entry.level,
        points=entry.points,
        amount_yuan=entry.amount_yuan,
        half=entry.half,
        award=entry.award,
        note=reason,
        status=EntryStatus.APPROVED,
        reverses=entry,
        declared_by=actor,
    )
    reversal.full_clean()
    reversal.save()
    return reversal
