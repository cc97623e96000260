"""A member's ledger for one period: the engine's sheet, with the names of activities and entries from the database."""

import datetime
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from django.core.exceptions import ValidationError
from django.db.models import QuerySet, prefetch_related_objects
from django.utils import timezone

from evaluations.appealing import key_of
from evaluations.facts import gather
from evaluations.models import Assessment, Result, Round, RoundBranch
from members.models import Activity, ClosedPeriod, Member, Membership, Organization
from scoring.documents import document_of, with_named_documents
from scoring.engine import Period, Scheme, explain, score
from scoring.engine.membersheet import LineSheet, MemberSheet
from scoring.models import Adoption, Entry, EntryStatus, SchemeVersion, UnitDocument


@dataclass(frozen=True)
class Ledger:
    """What the ledger page shows."""

    member: Member
    period: Period
    branch: Organization
    version: SchemeVersion
    scheme: Scheme
    sheet: MemberSheet
    round: Round | None
    result: Result | None
    is_shut: bool  # the period's facts are settled

    @property
    def is_final(self) -> bool:
        """True once the results are approved."""
        return self.round is not None and self.round.takes_measures

    @property
    def is_settled(self) -> bool:
        """True once nothing of the period can change any more: no line is in reach then."""
        return self.is_final or self.is_shut

    @property
    def state(self) -> str:
        """How far the period's round is, in words."""
        if self.result is not None and self.round.is_public:
            return self.round.get_status_display()
        return "周期已办结,没有公布结果" if self.is_shut else "试算,尚未公布"

    @property
    def computed_at(self) -> datetime.datetime:
        """When what is shown was computed: a published result that still holds, then; anything else now."""
        if self.result is not None and self.round.is_public and not self.differs:
            return self.result.branch.done_at or timezone.now()
        return timezone.now()

    @property
    def transfers(self) -> list[tuple[Membership, Membership]]:
        """Where the member left one branch for another within the period: the old place and the new, earliest first."""
        places = sorted(self.member.places, key=lambda place: place.starts_on)
        return [
            (old, new)
            for old, new in pairwise(places)
            if self.period.starts_on < new.starts_on <= self.period.ends_on and _branch_path(old) != _branch_path(new)
        ]

    @property
    def is_mean(self) -> bool:
        """True for the year of a half-year scheme: the mean of its halves."""
        return self.period.cycle != self.scheme.cycle

    @property
    def differs(self) -> bool:
        """True if what is on record now gives another total or grade than the last computation stored."""
        stored = self.result
        return stored is not None and (stored.total, stored.grade) != (self.sheet.total, self.sheet.grade)


def ledger_of(member: Member, period: Period, code: str = "") -> Ledger:
    """The ledger from what is on record now, under the scheme of that code or, without one, the branch's general one.

    A closed round is explained under the very version and settings that it was computed with. Raises ValidationError
    where the member is in no branch or no scheme holds.
    """
    branch = branch_of(member, period)
    adoption = _adoption(branch, period, code)
    code = adoption.version.code
    result = (
        Result.objects.filter(member=member, round__period=period.code, round__scheme=code)
        .select_related("round", "branch__organization")
        .first()
    )
    rounds = Round.objects.covering(branch).filter(period=period.code, scheme=code)
    round_ = result.round if result else rounds.first()
    version, settings, position = _terms(adoption, result)
    scheme = version.scheme.configured(settings)
    if scheme.cycle == "year" and period.half:
        raise ValidationError(f"《{version.title}》按年度考核,请看全年的台账。")
    # A quota of the year view is a matter of the whole branch; all else of the member alone.
    alone = member.pk if period.cycle == scheme.cycle else None
    closed = round_ if result and round_.is_closed else None
    facts = gather([branch], period, scheme, member_id=alone, position=position, closed=closed)
    if member.pk not in facts.members["member"]:
        raise ValidationError(f"{member}在{period.title}不在《{version.title}》的考核范围内,没有这份台账。")
    results = score(scheme, facts, period)
    sheet = explain(with_named_documents(scheme, _document(adoption, closed)), results, member.pk)
    return Ledger(member, period, branch, version, scheme, sheet, round_, result, _is_shut(branch, period))


def _document(adoption: Adoption, closed: Round | None) -> UnitDocument | None:
    """The unit's document; not one that came only after the closing: what is closed keeps its former words."""
    document = document_of(adoption)
    return None if document and closed and document.attached_at > closed.closed_at else document


def _is_shut(branch: Organization, period: Period) -> bool:
    shut = ClosedPeriod.objects.filter(organization__path__in=branch.lineage)
    return shut.filter(starts_on__lte=period.starts_on, ends_on__gte=period.ends_on).exists()


def branch_of(member: Member, period: Period) -> Organization:
    """The branch that scores the member: of the period's last day. Raises ValidationError where there is none."""
    membership = member.place_on(period.ends_on)
    if membership is None:
        raise ValidationError(f"{member}在{period.title}的最后一天不属于任何支部,没有这个周期的台账。")
    if membership.organization.is_branch:
        return membership.organization
    lineage = Organization.objects.filter(path__in=membership.organization.lineage).branches()
    return lineage.order_by("-depth").first() or membership.organization


def _branch_path(place: Membership) -> str:
    """Of a group's member that of the branch above it."""
    return place.organization.path if place.organization.is_branch else place.organization.lineage[-2]


def running_period(member: Member) -> Period:
    """The half-year or year that runs, as the scheme of the member's branch goes."""
    today = timezone.localdate()
    membership = member.place_on(today)
    return Adoption.objects.period_of(membership.organization, today) if membership else Period.containing(today)


def _adoption(branch: Organization, period: Period, code: str) -> Adoption:
    if code:
        adoption = Adoption.objects.under_scheme([branch], code, period.ends_on).get(branch)
    else:
        adoption = Adoption.objects.in_force(branch, period.ends_on)
    if adoption is None:
        raise ValidationError(f"{branch}在{period.title}没有采用计分方案,请联系街道。")
    return adoption


def _terms(adoption: Adoption, result: Result | None) -> tuple[SchemeVersion, dict, str]:
    """Version, settings and the position that it is for: of a published round those that it was computed with."""
    if result and result.round.is_public:
        part = RoundBranch.objects.select_related("version").get(pk=result.branch_id)
        return part.version, part.settings, part.position
    return adoption.version, adoption.settings, adoption.position


@dataclass(frozen=True)
class Choice:
    """A ledger that there is to look at: a period, and the scheme where the member has more than one."""

    period: Period
    code: str
    title: str


def ledgers_of(member: Member, *periods: Period) -> list[Choice]:
    """Ledgers with a result of the member, and those of `periods`; newest first."""
    kept = set(Result.objects.filter(member=member).values_list("round__period", "round__scheme"))
    codes = {code for _, code in kept}
    kept |= {(period.code, "") for period in periods} - {(period, "") for period, _ in kept}
    titles = dict(SchemeVersion.objects.filter(code__in=codes).values_list("code", "title")) if len(codes) > 1 else {}
    found = [(Period.parse(period), code) for period, code in kept]
    found.sort(key=lambda one: (one[0].ends_on, one[0].months, one[1]), reverse=True)
    return [Choice(period, code, " ".join([period.title, titles.get(code, "")]).strip()) for period, code in found]


@dataclass(frozen=True)
class Row:
    """One line as the page shows it: the engine's words, the name of the activity, the entry's own words."""

    line: LineSheet
    title: str
    note: str
    entry: Entry | None
    why: str = ""  # a line that does not count: the reason
    key: str = ""  # by which an appeal names it; empty for what only follows from other lines


def rows_of(lines: list[LineSheet], *, may_see_sensitive: bool) -> list[Row]:
    """The lines with the names that the engine does not know. A few queries, however many lines."""
    attended = [line.ref for line in lines if line.activity and line.ref]
    activities = dict(Activity.objects.filter(pk__in=attended).values_list("pk", "title"))
    entries = _entries([line.ref for line in lines if line.code and line.ref])
    scores = Assessment.objects.in_bulk([line.ref for line in lines if is_score(line)])
    return [_row(line, activities, entries, scores, may_see_sensitive) for line in lines]


def is_score(line: LineSheet) -> bool:
    """True for a line that an assessment made: records of activities and entries say so, months have no number."""
    return bool(line.ref and not line.activity and not line.code)


def _row(
    line: LineSheet,
    activities: dict[int, str],
    entries: dict[int, Entry],
    scores: dict[int, Assessment],
    may_see_sensitive: bool,
) -> Row:
    entry = entries.get(line.ref) if line.code else None
    why = _why(line, entry, may_see_sensitive)
    if line.sensitive and not may_see_sensitive:
        return Row(line, f"{line.clause.heading}的记录", "", None, why)
    if is_score(line):
        given = scores[line.ref]
        title = f"{given.assessed_on:%Y-%m-%d} {given.get_role_display()}考评"
        return Row(line, title, given.remark, None, why, key_of(line))
    if line.activity:
        title = f"{line.date.month} 月 {line.date.day} 日 {activities.get(line.ref, line.label)}"
        return Row(line, title, "", None, why, key_of(line))
    return Row(line, line.label, entry.note if entry else "", entry, why, key_of(line))


def _why(line: LineSheet, entry: Entry | None, may_see: bool) -> str:
    """Why a line does not count; for an entry refused or taken back (冲正) the words of who did it."""
    if entry is not None and line.reason == "reversed" and (may_see or not line.sensitive):
        again = entry.reversal
        return f"已更正作废(冲正),不计入:{again.note}(第 {again.pk} 号记录)"
    if entry is None or entry.status not in (EntryStatus.REJECTED, EntryStatus.WITHDRAWN):
        return line.text
    if entry.status == EntryStatus.WITHDRAWN:
        return "登记人已经撤回,不计入。"
    refusal = next((decision for decision in entry.decisions.all() if not decision.approved), None)
    return f"{refusal}:{refusal.reason}" if refusal and may_see else "没有通过审批,不计入。"


def _entries(pks: list[int]) -> dict[int, Entry]:
    found: QuerySet[Entry] = Entry.objects.filter(pk__in=pks).with_state()
    entries = {entry.pk: entry for entry in found.select_related("reversal", "declared_by").prefetch_related("version")}
    prefetch_related_objects([one for one in entries.values() if one.status == EntryStatus.REJECTED], "decisions")
    return entries


@dataclass(frozen=True)
class Mark:
    """A place on the scale, in per cent of its width."""

    at: str
    label: str
    anchor: str = "middle"


@dataclass(frozen=True)
class Band:
    """A stretch of the scale between two grades."""

    start: str
    width: str
    css: str


@dataclass(frozen=True)
class Scale:
    """Where the total stands between the grades' thresholds."""

    bands: list[Band]
    marks: list[Mark]
    here: Mark
    label: str


def scale_of(ledger: Ledger) -> Scale | None:
    """The scale of a scored member; None without a total or without bands."""
    total = ledger.sheet.total
    thresholds = sorted((grade.at_least, grade.title) for grade in ledger.scheme.grades if grade.at_least is not None)
    if total is None or not thresholds:
        return None
    low = min(Decimal(0), total)
    high = max(thresholds[-1][0] * Decimal("1.2"), total * Decimal("1.05"))

    def place(value: Decimal) -> Decimal:
        return (value - low) * 100 / (high - low)

    edges = [Decimal(0), *(place(value) for value, _ in thresholds), Decimal(100)]
    styles = ["band-bad", *[""] * (len(thresholds) - 1), "band-good"]
    bands = [
        Band(f"{start:.2f}%", f"{end - start:.2f}%", css)
        for start, end, css in zip(edges[:-1], edges[1:], styles, strict=True)
    ]
    marks = [Mark(f"{place(value):.2f}%", f"{value.normalize():f} {title}") for value, title in thresholds]
    at = place(total)
    anchor = "end" if at > 90 else "start" if at < 10 else "middle"
    words = f"{total.normalize():f} 分,{ledger.sheet.grade_title or '未定等'}"
    return Scale(bands, marks, Mark(f"{at:.2f}%", f"{total.normalize():f}", anchor), words)
