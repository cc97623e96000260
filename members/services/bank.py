"""A bank's list of dues: checked against what the members owe, then recorded as the preview said, or not at all."""

import datetime
import hashlib
import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from members.bank_list import BankRow, bank_rows
from members.dates import first_of, last_of, month_name, months_of_quarter, quarter_of
from members.dues_cells import DuesCell, payers
from members.models import (
    DuesMonth,
    DuesPayment,
    DuesReceipt,
    Member,
    Membership,
    MemberStatus,
    Organization,
    User,
)
from members.querysets import in_subtrees
from members.services.dues import DuesLine, RecordedDues, record_dues, yuan
from members.services.dues_bases import Bases
from members.services.periods import settled_upto
from members.workbooks import Sheet

MONTHS_BACK = 36  # how far back a list may reach


class ListChangedError(Exception):
    """The list would by now do something else than the preview said; nothing was written."""


@dataclass
class BankEntry:
    """A row of the list and what it comes to."""

    row: BankRow
    member: Member | None = None
    is_recorded: bool = False
    is_open: bool = False  # nobody knows what the member owes
    has_left: bool = False  # the member was there and is not any more
    lines: list[DuesLine] = field(default_factory=list)
    short: Decimal = Decimal(0)  # what the last of its months still lacks

    @property
    def kind(self) -> str:
        """What becomes of the row.

        fault, open (left out until the dues are decided), left (left out, as the member has left), same (on record
        already) or pay.
        """
        if self.row.faults:
            return "fault"
        if self.is_open:
            return "open"
        if self.has_left:
            return "left"
        return "same" if self.is_recorded else "pay"

    @property
    def where(self) -> str:
        """Where the payment of who has left is to be recorded."""
        place = self.member.branch_name
        return f"现在在{place},由那里登记" if place else "已不在名册,这里不能登记"

    @property
    def words(self) -> list[str]:
        """Which months it pays: 2025 年 6 月 10.00 元"""
        return [f"{month_name(line.month)} {line.amount_yuan:.2f} 元" for line in self.lines]


@dataclass
class BankPlan:
    """What a list comes to. earlier: the receipt under which the same list was recorded."""

    entries: list[BankEntry]
    unused: list[str]
    digest: str
    earlier: DuesReceipt | None = None

    @property
    def faults(self) -> list[str]:
        return [fault for entry in self.entries for fault in entry.row.faults]

    def of_kind(self, kind: str) -> list[BankEntry]:
        return [entry for entry in self.entries if entry.kind == kind]

    @property
    def lines(self) -> list[DuesLine]:
        return [line for entry in self.entries for line in entry.lines]

    @property
    def fingerprint(self) -> str:
        """The same for two previews that promise the same."""
        promises = [[entry.row.number, entry.kind, entry.words, entry.row.faults] for entry in self.entries]
        return hashlib.sha256(json.dumps(promises).encode()).hexdigest()


class Roster:
    """Whom the rows of a list may mean: who belongs to an organisation, and who did within the list's reach."""

    def __init__(self, organization: Organization, today: datetime.date):
        self.today, self.present = today, list(payers(organization, today))
        there = Membership.objects.during(first_of(today, -MONTHS_BACK), today)
        there = there.filter(in_subtrees([organization.path], "organization__path"))
        self.stays: dict[int, list[tuple[datetime.date, datetime.date | None]]] = defaultdict(list)
        for member, first, last in there.values_list("member", "starts_on", "ends_on"):
            self.stays[member].append((first, last))
        gone = Member.objects.filter(pk__in=there.values("member")).exclude(pk__in=there.on(today).values("member"))
        gone = gone.exclude(status=MemberStatus.ACTIVIST).with_branch().without_numbers()
        self.by_number, self.by_name = {}, defaultdict(list)
        for member in (*self.present, *gone):
            self.by_number[member.number] = member
            self.by_name[plain(member.name)].append(member)

    def named(self, row: BankRow) -> list[Member]:
        """Those of the row's name: who belonged there on its day or in the month that it names, or else anybody."""
        namesakes = self.by_name[plain(row.name)]
        days = [day for day in (row.paid_on, row.month and min(last_of(row.month), self.today)) if day]
        return [one for one in namesakes if any(self.belonged(one, day) for day in days)] or namesakes

    def belonged(self, member: Member, day: datetime.date) -> bool:
        return any(first <= day <= (last or day) for first, last in self.stays[member.pk])


def plain(name: str) -> str:
    """A name without its blanks."""
    return "".join(name.split())


class Accounts:
    """What the members of an organisation owe, month by month, as one list is laid against it."""

    def __init__(self, organization: Organization, members: list[Member], rows: list[BankEntry]):
        self.today, self.settled = timezone.localdate(), settled_upto(organization)
        self.first = first_of(self.today, -MONTHS_BACK)
        self.upto = months_of_quarter(quarter_of(self.today))[-1]
        bases = Bases(members, first_of(self.upto, MONTHS_BACK))
        owed: dict[int, dict[datetime.date, DuesMonth]] = defaultdict(dict)
        for each in DuesMonth.objects.with_paid().filter(member__in=members, month__gte=self.first).order_by("month"):
            owed[each.member_id][each.month] = each
        self.months = {member.pk: self.cells(member, owed[member.pk], bases) for member in members}
        self.taken: Counter = Counter()  # by member and month, what earlier rows of the list have paid
        self.recorded, by_day = recorded_sums({entry.member.pk for entry in rows if entry.member})
        listed: Counter = Counter()
        for entry in rows:
            if entry.member:
                listed[entry.member.pk, entry.row.paid_on] += entry.row.amount
        self.whole_days = {key for key, amount in listed.items() if by_day[key] == amount}

    def cells(self, member: Member, owed: dict[datetime.date, DuesMonth], bases: Bases) -> list[DuesCell]:
        """A member's months, the earliest first, to the end of the quarter or of what is on record."""
        cells, earlier, month = [], None, self.first
        while month <= max(self.upto, max(owed, default=self.upto)):
            cells.append(DuesCell(member, month, owed.get(month), bases.of(member.pk, month), earlier))
            earlier, month = cells[-1].due, first_of(month, 1)
        return cells

    def take_recorded(self, member: Member, row: BankRow) -> bool:
        """True if the row is on record already; each record answers one row."""
        if (member.pk, row.paid_on) in self.whole_days:
            return True
        key = (member.pk, row.paid_on, row.amount)
        self.recorded[key] -= 1
        return self.recorded[key] >= 0

    def payable(self, member: Member, row: BankRow) -> list[DuesCell]:
        """The months that a row may pay, the earliest first: the one that it names, or from the first on record."""
        cells = self.months[member.pk]
        open_ = [cell for cell in cells if cell.owed or not self.is_settled(cell.month)]
        if row.month:
            return [cell for cell in open_ if cell.month == row.month]
        first = min((cell.month for cell in cells if cell.owed), default=first_of(row.paid_on))
        ends_on = months_of_quarter(quarter_of(row.paid_on))[-1]
        return [cell for cell in open_ if first <= cell.month <= ends_on]

    def is_settled(self, day: datetime.date) -> bool:
        return self.settled is not None and day <= self.settled

    def rest(self, cell: DuesCell) -> Decimal:
        return cell.rest - self.taken[cell.member.pk, cell.month]


def recorded_sums(members: set[int]) -> tuple[Counter, Counter]:
    """What is on record by member id and day: how often an amount (payments of one receipt are one), and how much."""
    payments = DuesPayment.objects.filter(dues_month__member__in=members).order_by()
    sums, by_day = Counter(), Counter()
    rows = payments.values_list("dues_month__member_id", "paid_on", "receipt_id", "amount_yuan")
    for member, day, receipt, amount in rows:
        sums[member, day, receipt] += amount
        by_day[member, day] += amount
    return Counter((member, day, amount) for (member, day, _), amount in sums.items()), by_day


def check_list(sheet: Sheet, organization: Organization) -> BankPlan:
    """What a list would record, none of it stored. Raises WorkbookError."""
    rows, unused = bank_rows(sheet)
    digest = digest_of(rows, organization)
    receipts = DuesReceipt.objects.filter(file_digest=digest, organization=organization, payments__isnull=False)
    earlier = receipts.select_related("recorded_by").first()
    entries = [BankEntry(row) for row in rows]
    if earlier:
        for entry in entries:
            entry.is_recorded = True
        return BankPlan(entries, unused, digest, earlier)
    roster = Roster(organization, timezone.localdate())
    match_members(entries, roster)
    readable = [entry for entry in entries if not entry.row.faults]
    accounts = Accounts(organization, roster.present, readable)
    for entry in sorted(readable, key=lambda entry: (entry.row.paid_on, entry.row.number)):
        settle(entry, accounts)
    # Rows left out are no part of what is recorded: the same list comes again for them.
    taken = [entry.row for entry in entries if not (entry.is_open or entry.has_left)]
    return BankPlan(entries, unused, digest_of(taken, organization))


def digest_of(rows: list[BankRow], organization: Organization) -> str:
    """The same for the same payments, whatever the file looks like."""
    said = [[row.code, row.name, str(row.amount), str(row.paid_on), str(row.month)] for row in rows]
    return hashlib.sha256(json.dumps([organization.pk, sorted(said)]).encode()).hexdigest()


def match_members(entries: list[BankEntry], roster: Roster) -> None:
    """Find whose rows they are: by number, or by a name that only one of the members has."""
    for entry in entries:
        row, namesakes = entry.row, roster.named(entry.row)
        if row.code:
            entry.member = roster.by_number.get(row.code)
            if entry.member is None:
                row.refuse("编号", f"本支部没有编号 {row.code} 的党员")
            elif row.name and plain(entry.member.name) != plain(row.name):
                row.refuse("姓名", f"编号 {row.code} 是{entry.member},这里写的是{row.name}")
        elif not row.name:
            row.refuse("姓名", "姓名和编号都没有填写")
        elif not namesakes:
            row.refuse("姓名", f"本支部没有叫{row.name}的党员")
        elif len(namesakes) > 1:
            row.refuse("姓名", f"本支部有 {len(namesakes)} 名党员叫{row.name},分不清是谁;请写编号")
        else:
            entry.member = namesakes[0]


def settle(entry: BankEntry, accounts: Accounts) -> None:
    """Lay a row's amount against the member's months, the earliest unpaid one first; of who has left only note it."""
    row, member = entry.row, entry.member
    if accounts.take_recorded(member, row):
        entry.is_recorded = True
    elif member.pk not in accounts.months:
        entry.has_left = True
    elif fault := fault_of(row, accounts):
        row.refuse("日期", fault)
    else:
        pay(entry, accounts.payable(member, row), accounts)


def fault_of(row: BankRow, accounts: Accounts) -> str:
    """What is wrong with the day of a payment; empty if nothing is."""
    if row.paid_on > accounts.today:
        return f"{row.paid_on} 还没有到"
    if row.paid_on < accounts.first:
        return f"{row.paid_on} 太早,请核对年份"
    if accounts.is_settled(row.paid_on):
        return f"{row.paid_on} 所在的考核已经办结,不能再登记这一天的缴纳"
    return ""


def pay(entry: BankEntry, cells: list[DuesCell], accounts: Accounts) -> None:
    """Pay the months as far as the amount goes; what is left over is a fault, or the money would be nowhere."""
    row, member = entry.row, entry.member
    if row.month and not cells:
        return row.refuse("月份", f"{month_name(row.month)}不能登记:太远,或者考核已经办结")
    if any(cell.due is None for cell in cells):
        entry.is_open = True
        return None
    left = row.amount
    for cell in cells:
        rest = accounts.rest(cell)
        if left and rest > 0:
            paid = min(left, rest)
            accounts.taken[member.pk, cell.month] += paid
            entry.lines.append(cell.pay(paid, row.paid_on))
            entry.short, left = rest - paid, left - paid
    if left:
        entry.lines.clear()
        until = month_name(row.month) if row.month else "到这个季度为止"
        owes = f"{member}{until}只要缴 {yuan(row.amount - left)} 元"
        row.refuse("金额", f"{owes},这里是 {yuan(row.amount)} 元,多出 {yuan(left)} 元")
    return None


@transaction.atomic
def import_list(
    sheet: Sheet, organization: Organization, promised: str, *, actor: User
) -> tuple[RecordedDues, BankPlan]:
    """Record a checked list; gives back also what it came to, with the rows that were left out.

    promised: the fingerprint of the preview that the user confirmed.
    Raises ListChangedError if the list would by now do something else, and ValidationError as `record_dues` does.
    """
    members = payers(organization, timezone.localdate()).order_by("pk")
    list(members.select_for_update(of=("self",)).values_list("pk", flat=True))
    plan = check_list(sheet, organization)
    if plan.fingerprint != promised or plan.faults or not plan.lines:
        raise ListChangedError
    done = record_dues(organization, plan.lines, actor=actor, file_digest=plan.digest)
    if done.clashes:
        raise ListChangedError
    return done, plan
