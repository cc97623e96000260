"""Writes of what members owe and have paid."""

import datetime
from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from members.dates import last_of, month_name
from members.models import DuesMonth, DuesPayment, DuesReceipt, FactChange, FactKind, Member, Organization, User
from members.services.periods import require_members_open, require_writable

PAYMENT_GONE = "这笔已经撤销了。"


@dataclass
class DuesLine:
    """One member's month, as sent.

    seen: `dues_state` of it when the page was opened. due_yuan None: no due amount is set.
    amount_yuan, paid_on: a payment on top of what is on record, or None. payer: who paid it for the member.
    """

    member: Member
    month: datetime.date
    seen: str
    due_yuan: Decimal | None
    excused: bool = False
    excuse: str = ""
    excused_by: str = ""
    amount_yuan: Decimal | None = None
    paid_on: datetime.date | None = None
    payer: str = ""

    @property
    def key(self) -> tuple[int, datetime.date]:
        return self.member.pk, self.month

    @property
    def as_month(self) -> DuesMonth:
        """What is owed, not stored."""
        return DuesMonth(
            member=self.member,
            month=self.month,
            due_yuan=self.due_yuan,
            excused=self.excused,
            excuse=self.excuse,
            excused_by=self.excused_by,
        )

    @property
    def wanted(self) -> str:
        return "" if self.due_yuan is None else month_state(self.as_month)


@dataclass
class DuesClash:
    """A month that somebody else changed while the page was open."""

    member: Member
    saved: DuesMonth
    line: DuesLine

    @property
    def recorded_by(self) -> User:
        """Who wrote last: the last payment, or else what is owed."""
        payments = sorted(self.saved.payments.all(), key=lambda payment: payment.pk)
        return payments[-1].recorded_by if payments else self.saved.recorded_by


@dataclass
class RecordedDues:
    """What a save comes to: the lines that set a due amount, those that pay, those that were not written, the receipt.

    saved: what was on record before, by member id and month.
    """

    saved: dict[tuple[int, datetime.date], DuesMonth]
    changed: list[DuesLine] = field(default_factory=list)
    paying: list[DuesLine] = field(default_factory=list)
    clashes: list[DuesClash] = field(default_factory=list)
    receipt: DuesReceipt | None = None

    @property
    def amount_yuan(self) -> Decimal:
        return sum((line.amount_yuan for line in self.paying), Decimal(0))


def dues_state(owed: DuesMonth | None) -> str:
    """What is on record of a month (from `with_paid()`), in a form that two moments can be compared by."""
    return "" if owed is None else f"{owed.paid_yuan:.2f}|{month_state(owed)}"


def month_state(owed: DuesMonth | None) -> str:
    return "" if owed is None else f"{owed.due_yuan:.2f}|{owed.excused:d}|{owed.excuse_words}"


def in_words(state: str) -> str:
    """A month's state as people read it in the change history."""
    if not state:
        return ""
    due, excused, excuse = state.split("|", 2)
    return f"应缴 {due} 元" + (f",经批准缓缴或免缴:{excuse}" if excused == "1" else "")


@transaction.atomic
def record_dues(
    organization: Organization, lines: list[DuesLine], *, actor: User, file_digest: str = ""
) -> RecordedDues:
    """Store what is owed and paid, of one month or several; payments get a receipt together.

    A month that somebody else changed meanwhile is written only where the user left it alone or both agree.
    file_digest: of the bank's list that the payments come from.
    Raises ValidationError as `check_dues` does.
    """
    ids = {line.member.pk for line in lines}
    list(Member.objects.select_for_update().filter(pk__in=ids).order_by("pk").values_list("pk", flat=True))
    done = check_dues(organization, lines, actor=actor)
    months = done.saved | write_months(done.changed, done.saved, actor)
    if done.paying:
        done.receipt = DuesReceipt.objects.create(organization=organization, recorded_by=actor, file_digest=file_digest)
        write_payments([(line, months[line.key]) for line in done.paying], done.receipt, actor)
    return done


def check_dues(organization: Organization, lines: list[DuesLine], *, actor: User) -> RecordedDues:
    """What `record_dues` would write of these lines; nothing is written.

    Raises ValidationError if a month (for what is owed) or the day of payment is settled, or if more is paid than
    is due.
    """
    months = {line.month for line in lines}
    on_record = DuesMonth.objects.with_paid().select_related("recorded_by").prefetch_related("payments__recorded_by")
    known = on_record.filter(month__in=months, member__in={line.member.pk for line in lines})
    done = RecordedDues({(owed.member_id, owed.month): owed for owed in known})
    changed, faults = {}, []
    paid = defaultdict(Decimal, {key: owed.paid_yuan for key, owed in done.saved.items()})
    for line in lines:
        now = done.saved.get(line.key)
        if now and dues_state(now) != line.seen:
            if is_clash(line, now, actor):
                done.clashes.append(DuesClash(line.member, now, line))
            continue
        if line.wanted and line.wanted != month_state(now):
            changed[line.key] = line
        if line.amount_yuan is not None:
            done.paying.append(line)
            fault = overpayment(line.due_yuan, paid[line.key], line.amount_yuan)
            faults += [f"{line.member}{'' if len(months) == 1 else month_name(line.month)}:{fault}"] if fault else []
            paid[line.key] += line.amount_yuan
    if faults:
        raise ValidationError(faults)
    done.changed = list(changed.values())
    require_writable(organization, [(line.member, last_of(line.month)) for line in done.changed])
    require_writable(organization, [(line.member, line.paid_on) for line in done.paying])
    return done


def is_clash(line: DuesLine, now: DuesMonth, actor: User) -> bool:
    """True if the line, made from an earlier state of the month, asks for something that is not so already."""
    if line.amount_yuan is not None:
        return not sent_already(line, now, actor)
    return line.wanted != line.seen.partition("|")[2] and line.wanted != month_state(now)


def yuan(amount: Decimal) -> str:
    """An amount without needless zeros: 5, 12.5."""
    return f"{amount.normalize():f}"


def overpayment(due: Decimal, paid: Decimal, amount: Decimal) -> str:
    """The sentence that refuses to pay an amount on top of what is paid; empty if no more is paid than is due."""
    if paid + amount <= due:
        return ""
    most = yuan(max(due - paid, Decimal(0)))
    return f"应缴 {yuan(due)} 元,已缴 {yuan(paid)} 元,这次最多缴 {most} 元。请核对金额,或先改应缴数。"


def partly_paid(month: datetime.date, members: list[Member]) -> list[tuple[Member, Decimal]]:
    """Those of the members who have paid part of a month, and what they still owe."""
    months = DuesMonth.objects.with_paid().select_related("member").filter(month=month, member__in=members)
    return [
        (owed.member, owed.due_yuan - owed.paid_yuan)
        for owed in months.filter(excused=False).order_by("member__number")
        if 0 < owed.paid_yuan < owed.due_yuan
    ]


def sent_already(line: DuesLine, now: DuesMonth, actor: User) -> bool:
    """True if the payment is the last one on record and the same user's: a double click, or a page sent again."""
    payments = list(now.payments.all())
    if not payments:
        return False
    last = max(payments, key=lambda payment: payment.pk)
    return (last.recorded_by_id, last.amount_yuan, last.paid_on) == (actor.pk, line.amount_yuan, line.paid_on)


def write_months(
    changed: list[DuesLine], saved: dict[tuple[int, datetime.date], DuesMonth], actor: User
) -> dict[tuple[int, datetime.date], DuesMonth]:
    """Write what is owed and its history; gives back the months by member id and month."""
    rows = [line.as_month for line in changed]
    for row in rows:
        row.recorded_by = actor
    written = DuesMonth.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["member", "month"],
        update_fields=["due_yuan", "excused", "excuse", "excused_by", "recorded_by", "recorded_at"],
    )
    FactChange.objects.bulk_create(
        dues_change(
            line.member,
            line.month,
            FactKind.DUES,
            in_words(month_state(saved.get(line.key))),
            in_words(line.wanted),
            actor,
        )
        for line in changed
    )
    return {(owed.member_id, owed.month): owed for owed in written}


def write_payments(paying: list[tuple[DuesLine, DuesMonth]], receipt: DuesReceipt, actor: User) -> None:
    payments = [
        DuesPayment(
            dues_month=owed,
            amount_yuan=line.amount_yuan,
            paid_on=line.paid_on,
            payer=line.payer,
            receipt=receipt,
            recorded_by=actor,
        )
        for line, owed in paying
    ]
    DuesPayment.objects.bulk_create(payments)
    FactChange.objects.bulk_create(
        dues_change(line.member, line.month, FactKind.PAYMENT, "", payment_words(payment), actor)
        for (line, _), payment in zip(paying, payments, strict=True)
    )


def payment_words(payment: DuesPayment) -> str:
    by = f",{payment.payer}代缴" if payment.payer else ""
    return f"{payment.paid_on:%Y-%m-%d} 缴 {payment.amount_yuan:.2f} 元{by}"


def dues_change(member: Member, month: datetime.date, kind: str, old: str, new: str, actor: User) -> FactChange:
    title = f"{month_name(month)}{'党费缴纳' if kind == FactKind.PAYMENT else '应缴党费'}"
    return FactChange(
        member=member, kind=kind, key=f"month:{month:%Y-%m}", title=title, old=old, new=new, changed_by=actor
    )


def locked_payment(payment: DuesPayment) -> DuesPayment:
    """The payment as it is on record, with its month and member. Raises ValidationError if it was taken back."""
    payments = DuesPayment.objects.select_for_update(of=("self",)).select_related("dues_month__member")
    found = payments.filter(pk=payment.pk).first()
    if found is None:
        raise ValidationError(PAYMENT_GONE)
    return found


@transaction.atomic
def correct_payment(payment: DuesPayment, *, actor: User) -> DuesPayment:
    """Store a payment's corrected amount and day.

    Raises ValidationError if it was taken back, if the old or the new day is settled, or if more is paid than is due.
    """
    before = locked_payment(payment)
    owed = before.dues_month
    paid = sum((other.amount_yuan for other in owed.payments.exclude(pk=payment.pk)), Decimal(0))
    if payment.amount_yuan > before.amount_yuan and (fault := overpayment(owed.due_yuan, paid, payment.amount_yuan)):
        raise ValidationError({"amount_yuan": fault})
    for day in {before.paid_on, payment.paid_on}:
        require_members_open([owed.member], day)
    old, new = payment_words(before), payment_words(payment)
    if old != new:
        payment.recorded_by = actor
        payment.save()
        mark_corrected(before.receipt_id)
        dues_change(owed.member, owed.month, FactKind.PAYMENT, old, new, actor).save()
    return payment


@transaction.atomic
def withdraw_payment(payment: DuesPayment, *, actor: User) -> None:
    """Take back a payment that was never made. Raises ValidationError if its day is settled, or it is gone already."""
    before = locked_payment(payment)
    take_back([before], actor)
    mark_corrected(before.receipt_id)


@transaction.atomic
def withdraw_receipt(receipt: DuesReceipt, *, actor: User) -> list[DuesPayment]:
    """Take back all payments of a receipt, which are given back. What was recorded as due stays.

    Raises ValidationError with the sentence of `why_receipt_stays`, or if the day of a payment is settled.
    """
    locked = DuesPayment.objects.select_for_update(of=("self",)).select_related("dues_month__member")
    payments = list(locked.filter(receipt=receipt).order_by("pk"))
    if sentence := why_receipt_stays(DuesReceipt.objects.select_for_update().get(pk=receipt.pk), actor):
        raise ValidationError(sentence)
    take_back(payments, actor)
    mark_corrected(receipt.pk)
    return payments


def why_receipt_stays(receipt: DuesReceipt, actor: User) -> str:
    """The sentence that refuses to take back a receipt as a whole; empty if the actor may."""
    if receipt.recorded_by_id != actor.pk:
        return f"这次登记是{receipt.recorded_by}做的,只能由本人整批撤销。"
    if receipt.corrected_at:
        return "这次登记里的缴纳已经更正或者撤销过,不能再整批撤销。记错的请逐笔更正。"
    if timezone.localdate(receipt.recorded_at) != timezone.localdate():
        return "整批撤销只能在登记的当天。记错的请逐笔更正。"
    return ""


def take_back(payments: list[DuesPayment], actor: User) -> None:
    """Delete payments that were never made; what they were is kept in the change history."""
    by_day = defaultdict(list)
    for payment in payments:
        by_day[payment.paid_on].append(payment.dues_month.member)
    for day, members in sorted(by_day.items()):
        require_members_open(members, day)
    FactChange.objects.bulk_create(
        dues_change(
            payment.dues_month.member,
            payment.dues_month.month,
            FactKind.PAYMENT,
            payment_words(payment),
            "登记有误,已撤销",
            actor,
        )
        for payment in payments
    )
    DuesPayment.objects.filter(pk__in=[payment.pk for payment in payments]).delete()


def mark_corrected(receipt_pk: int | None) -> None:
    DuesReceipt.objects.filter(pk=receipt_pk).update(corrected_at=timezone.now())
