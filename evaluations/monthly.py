"""The branch's monthly review: every line that a month has brought, and what has changed since it was confirmed."""

import datetime
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from decimal import Decimal

from django.db.models import QuerySet
from django.utils import timezone

from evaluations.appealing import key_of, names_of
from evaluations.backlogs import Backlog
from evaluations.digests import digest_of
from evaluations.interim import Interim, interims_of
from evaluations.models import MonthConfirmation
from evaluations.permissions import can_read_sensitive
from members.dates import first_of, last_of, months_from
from members.models import Member, Membership, Organization, Role, User
from members.models.organizations import BRANCH_KINDS
from members.querysets import READING_ROLES, at_or_below, in_subtrees, lineage, paths_of
from scoring.engine.explain import lines_by_member
from scoring.engine.membersheet import LineSheet
from scoring.models import Decision, Entry


@dataclass(frozen=True)
class MonthLine:
    """One line of a member's ledger that the month has brought, in the engine's words.

    key: names the line within the month for programs. entry: the id of the entry behind it, if any. is_late: of an
    earlier month, but put on record in this one.
    """

    member: int
    key: str
    title: str
    text: str
    note: str
    effect: str
    item: str
    clause: str
    number: str
    is_sensitive: bool
    is_late: bool
    entry: int | None

    @property
    def kept(self) -> dict:
        """As a confirmation keeps it."""
        return asdict(self)

    @property
    def said(self) -> tuple[str, str, str, str]:
        """What makes it another line than before."""
        return self.title, self.text, self.note, self.effect

    @property
    def points(self) -> Decimal:
        return Decimal(self.effect.replace("−", "-") or 0)

    @property
    def row(self) -> list[str | Decimal]:
        """As it stands in a workbook, after the member's name."""
        return [
            "补登" if self.is_late else "",
            self.title,
            self.text,
            self.points if self.effect else "",
            self.number,
            self.note,
        ]

    @property
    def words(self) -> str:
        """3 月 5 日 主题党日 迟到 −4"""
        return " ".join(filter(None, (self.title, self.text, self.effect)))

    def shown_to(self, may_see: bool) -> "MonthLine":
        """The line, or, for who need not know its matter, only that there is one and under which heading."""
        if may_see or not self.is_sensitive:
            return self
        hidden = {"title": f"{self.clause}的记录", "text": "", "note": "", "entry": None}
        return MonthLine(**(asdict(self) | hidden))


def kept_lines(confirmation: MonthConfirmation) -> list[MonthLine]:
    """The lines that were confirmed."""
    return [MonthLine(**line) for line in confirmation.lines]


def digest_of_lines(lines: list[MonthLine]) -> str:
    return digest_of([line.kept for line in lines])


# What the month has brought ---------------------------------------------------------------------


def lines_of(branch: Organization, month: datetime.date) -> list[MonthLine]:
    """Lines that the ledgers have at the month's end and had not, or not so, at its beginning; by the members' numbers,
    then by their days.
    """
    last = min(last_of(month), timezone.localdate())
    found = [line for interim in interims_of(branch, last_of(month)) for line in _new_lines(interim, month, last)]
    numbers = dict(Member.objects.filter(pk__in={line.member for line in found}).values_list("pk", "number"))
    return sorted(found, key=lambda line: numbers[line.member])


def _new_lines(interim: Interim, month: datetime.date, last: datetime.date) -> list[MonthLine]:
    now = _keyed(interim, last)
    before_month = month - datetime.timedelta(days=1)
    then = _keyed(interim, before_month) if before_month >= interim.period.starts_on else {}
    late = _decided_late(now, month)
    fresh = {
        key: line
        for key, line in now.items()
        if key in late or (line.text, line.effect) != ((then[key].text, then[key].effect) if key in then else None)
    }
    names = names_of(list(fresh.values()))
    by_day = sorted(fresh.items(), key=lambda one: _day_of(one[1]))
    return [_line(key, line, names, key in late) for key, line in by_day]


def _day_of(line: LineSheet) -> datetime.date:
    """When it was; of dues the month; what is of no day stands last."""
    return line.date or line.month or datetime.date.max


def _keyed(interim: Interim, day: datetime.date) -> dict[tuple[int, str], LineSheet]:
    """Every line at the end of a day, by member and key."""
    code = interim.version.code
    return {
        (member, f"{code}/{line.item}/{key_of(line) or line.kind}/{line.label}"[:200]): line
        for member, lines in lines_by_member(interim.scheme, interim.results(day)).items()
        for line in lines
    }


def _decided_late(lines: dict[tuple[int, str], LineSheet], month: datetime.date) -> set[tuple[int, str]]:
    """Keys of the entries of days before the month that were declared or decided on in it."""
    entries = {line.ref: key for key, line in lines.items() if line.code and line.date < month}

    def in_month(field: str) -> dict:
        return {f"{field}__year": month.year, f"{field}__month": month.month}

    declared = Entry.objects.filter(pk__in=entries, **in_month("declared_at")).values_list("pk", flat=True)
    decided = Decision.objects.filter(entry__in=entries, **in_month("decided_at")).values_list("entry", flat=True)
    return {entries[pk] for pk in (*declared, *decided)}


def _line(key: tuple[int, str], line: LineSheet, names: dict[str, tuple[str, str]], is_late: bool) -> MonthLine:
    member, code = key
    name, settled = names.get(key_of(line), ("", ""))
    title = f"{line.date.month} 月 {line.date.day} 日 {name}" if line.activity and name else line.label
    return MonthLine(
        member=member,
        key=code,
        title=title,
        text=settled or line.text,
        note="" if line.activity else name,
        effect=line.effect,
        item=line.item_title,
        clause=line.clause.heading,
        number=line.clause.number,
        is_sensitive=line.sensitive,
        is_late=is_late,
        entry=line.ref if line.code else None,
    )


# Since it was confirmed -------------------------------------------------------------------------


@dataclass(frozen=True)
class Change:
    """One line that reads otherwise now than it was confirmed; None where it was not there, or is no longer."""

    member: int
    before: MonthLine | None
    now: MonthLine | None

    def shown_to(self, may_see: bool) -> "Change":
        return Change(
            self.member,
            self.before and self.before.shown_to(may_see),
            self.now and self.now.shown_to(may_see),
        )


def changes_between(confirmed: Iterable[MonthLine], now: Iterable[MonthLine]) -> list[Change]:
    """Lines that came, went or read otherwise, in the order of the later list."""
    before = {(line.member, line.key): line for line in confirmed}
    after = {(line.member, line.key): line for line in now}
    return [
        Change(key[0], before.get(key), after.get(key))
        for key in dict.fromkeys([*after, *before])
        if key not in before or key not in after or before[key].said != after[key].said
    ]


# Who reads it -----------------------------------------------------------------------------------


def branches_read_by(user: User) -> QuerySet[Organization]:
    """Branches whose months the user reads: at or below the user's roles, and that of a group leader's group."""
    above_groups = [part for path in paths_of(user, (Role.GROUP_LEADER,)) for part in lineage(path)]
    seen = in_subtrees(paths_of(user, READING_ROLES))
    return (Organization.objects.filter(seen) | Organization.objects.filter(path__in=above_groups)).filter(
        kind__in=BRANCH_KINDS
    )


@dataclass(frozen=True)
class Reader:
    """What a user sees of a branch's month."""

    user: User
    branch: Organization

    @property
    def whole(self) -> bool:
        """True unless the user reads only a group of the branch."""
        return any(self.branch.path.startswith(path) for path in paths_of(self.user, READING_ROLES))

    def members(self, month: datetime.date) -> dict[int, Member]:
        """The branch's members of the month's end, or those of the user's groups, in the order of their numbers."""
        there = Membership.objects.on(last_of(month)).filter(in_subtrees([self.branch.path], "organization__path"))
        if not self.whole:
            there = there.filter(in_subtrees(paths_of(self.user, (Role.GROUP_LEADER,)), "organization__path"))
        found = Member.objects.filter(pk__in=there.values("member")).without_numbers().order_by("number")
        return {member.pk: member for member in found}

    def may_see(self, member: int) -> bool:
        """Whether the matter of sensitive lines of a member is the user's business."""
        return self.user.member_id == member or can_read_sensitive(self.user, self.branch)


def months_to_confirm(backlogs: dict[Organization, Backlog]) -> list[tuple[datetime.date, Organization]]:
    """Months that are over and nobody has confirmed, each with its branch; the oldest first."""
    last = first_of(timezone.localdate(), -1)
    done = MonthConfirmation.objects.filter(review__organization__in=backlogs)
    done = set(done.values_list("review__month", "review__organization"))
    waiting = [
        (month, branch)
        for branch, backlog in backlogs.items()
        for month in months_from(backlog.since(last), last)
        if (month, branch.pk) not in done
    ]
    return sorted(waiting, key=lambda one: (one[0], one[1].path))


def branches_with_members(branches: list[Organization], day: datetime.date) -> list[Organization]:
    """Those of the branches to which, or to a group of which, somebody belongs on a day."""
    there = Membership.objects.on(day).filter(at_or_below(branches, "organization__path"))
    held = there.order_by().values_list("organization__path", flat=True).distinct() if branches else ()
    above = {path for place in held for path in lineage(place)}
    return [branch for branch in branches if branch.path in above]
