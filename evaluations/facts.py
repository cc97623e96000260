"""Facts of members gathered from the database for the engine, a few set-wise queries whatever their number."""

import dataclasses
import datetime
from collections.abc import Iterable

import polars as pl
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import BooleanField, Case, Count, Exists, F, IntegerField, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Cast, NullIf, Round
from django.utils import timezone

from evaluations.models import Appraisal, Assessment, BallotCount, Result
from evaluations.models import Round as ScoringRound
from members.dates import first_of, quarter_of
from members.models import (
    Attendance,
    DuesMonth,
    DuesPayment,
    Exemption,
    Member,
    Membership,
    MigrantReport,
    Organization,
    Position,
    PositionTitle,
    VisitMonth,
)
from members.querysets import in_subtrees, mobility_on, status_on
from scoring.engine import Facts, Period, Scheme
from scoring.engine.people import persons
from scoring.models import Decision, Entry

Ids = QuerySet[Membership] | list[int]  # of members: a subquery, or the numbers
ROSTER = ("status", "mobility", "born", "category")  # of the period's last day; a result keeps them, as they may change


def members_of(
    branches: Iterable[Organization], period: Period, day: datetime.date | None = None
) -> QuerySet[Membership]:
    """Memberships that decide who is scored where: those in force on the period's last day, or on another one.

    A member who was transferred during the period is scored as a whole by the branch of the last day.
    """
    paths = [branch.path for branch in branches]
    return Membership.objects.on(day or period.ends_on).filter(in_subtrees(paths, "organization__path"))


def gather(
    branches: list[Organization],
    period: Period,
    scheme: Scheme,
    *,
    as_of: datetime.date | None = None,
    member_id: int | None = None,
    position: str = "",
    closed: ScoringRound | None = None,
    people_on: datetime.date | None = None,
) -> Facts:
    """Facts of everybody in the branches for a period, with what the scheme looks back to.

    With `member_id`, of this member only (the sizes of the branches stay whole); with `position`, of those who hold
    it on the period's first day. A period that still runs is looked at as of a day, today if none is given.
    closed: the closed round that the facts are of; what was decided, closed or changed on the roster after it is
    left out. Everything else dated up to the period's end is settled by the closing itself.
    people_on: the day whose members it is about, where that is not the period's last.
    """
    memberships = members_of(branches, period, people_on)
    if position:
        holders = Position.objects.on(period.starts_on).filter(title=position).values("member")
        memberships = memberships.filter(member__in=holders)
    sizes = memberships
    ids = memberships.values("member")
    if member_id:  # the number itself: a dozen queries need not look for it again
        memberships, ids = memberships.filter(member=member_id), [member_id]
    members = _members(memberships, ids, branches, period, closed)
    if members.is_empty():
        ids = []
    before = min(period.months)
    lookback = first_of(before, -12)
    upto = period.ends_on
    today = as_of or timezone.localdate()
    facts = Facts.build(
        as_of=today if period.starts_on <= today < period.ends_on else None,
        members=members,
        organizations=_sizes(sizes, branches) if scheme.outcome_for(period).has_quota else None,
        attendance=_attendance(ids, lookback, upto),
        dues=_dues(ids, lookback, upto),
        payments=_payments(ids, lookback, upto),
        entries=_entries(ids, period, scheme, closed),
        ballots=_ballots(ids, period, scheme),
        history=_history(ids, period, scheme, closed),
        visits=_visits(ids, before, upto) if scheme.takes_visits else None,
        reports=_reports(ids, period) if scheme.review else None,
    )
    return dataclasses.replace(facts, assessments=_assessments(ids, period, scheme, facts))


def until(facts: Facts, day: datetime.date, period: Period) -> Facts:
    """The facts of a period as they stood at the end of a day of it: what is dated later is left out.

    Ballots carry no date: they are there once the period is over. Whether an entry was approved, or has been reversed,
    is as it is now.
    """
    if day >= period.ends_on:
        return dataclasses.replace(facts, as_of=None)

    def dated(name: str, column: str) -> pl.DataFrame:
        return getattr(facts, name).filter(pl.col(column) <= day)

    return dataclasses.replace(
        facts,
        as_of=day,
        attendance=dated("attendance", "date"),
        dues=dated("dues", "month"),
        payments=dated("payments", "paid_on"),
        entries=dated("entries", "date"),
        visits=dated("visits", "month"),
        assessments=dated("assessments", "date"),
        reports=facts.reports.filter(pl.col("quarter") <= quarter_of(day)),
        ballots=facts.ballots.clear(),
    )


def _rows(queryset: QuerySet, columns: list[str]) -> pl.DataFrame:
    """A frame of a `values_list` query's rows."""
    try:
        sql, params = queryset.order_by().query.sql_with_params()
    except EmptyResultSet:  # for nobody
        return pl.DataFrame(schema=columns)
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return pl.DataFrame(cursor.fetchall(), schema=columns, orient="row", infer_schema_length=None)


def _cents(field: str):
    """An amount in yuan as whole fen; points in hundredths alike."""
    return Cast(Round(F(field) * 100), IntegerField())


def _members(
    memberships: QuerySet[Membership],
    ids: Ids,
    branches: list[Organization],
    period: Period,
    closed: ScoringRound | None,
) -> pl.DataFrame:
    rows = memberships.values_list(
        "member_id",
        "organization__path",
        Exists(Exemption.objects.on(period.ends_on).filter(member=OuterRef("member"))),
        status_on(period.ends_on, "member__"),
        mobility_on(period.ends_on, "member__"),
        "member__born",
        "member__category",
    )
    positions: dict[int, list[str]] = {}
    held = Position.objects.on(period.starts_on).filter(member__in=ids)
    for member, title in held.order_by("pk").values_list("member_id", "title"):
        positions.setdefault(member, []).append(_engine_title(title))
    by_path = {branch.path: branch.pk for branch in branches}
    then = dict(closed.results.values_list("member", "person")) if closed else {}
    found = []
    for member, path, exempt, *now in rows:
        status, mobility, born, category = _roster_then(then.get(member)) or now
        place = _branch_at(path, by_path)
        found.append((member, place, status, mobility, exempt, born, positions.get(member, []), category or None))
    return pl.DataFrame(
        found,
        schema={
            "member": pl.Int64,
            "organization": pl.Int64,
            "status": pl.String,
            "mobility": pl.String,
            "exempt": pl.Boolean,
            "born": pl.Date,
            "positions": pl.List(pl.String),
            "category": pl.String,
        },
        orient="row",
    )


def _engine_title(title: str) -> str:
    """A post as the engine knows it: whoever is in charge of discipline (纪检委员) is a member of the committee."""
    return PositionTitle.COMMITTEE_MEMBER if title == PositionTitle.DISCIPLINE_MEMBER else title


def _roster_then(person: dict | None) -> list | None:
    """The ROSTER columns as a closed round has kept them; None where it kept none."""
    if not person:
        return None
    return [person["status"], person["mobility"], datetime.date.fromisoformat(person["born"]), person["category"]]


def people_of(facts: Facts) -> dict[int, dict]:
    """What the roster says of each member, in the form that a result keeps it."""
    rows = facts.members.select("member", *ROSTER).iter_rows()
    return {
        member: {"status": status, "mobility": mobility, "born": str(born), "category": category}
        for member, status, mobility, born, category in rows
    }


def _branch_at(path: str, by_path: dict[str, int]) -> int:
    """The branch that a place in the tree belongs to: itself, or the nearest above it."""
    return next(by_path[path[:end]] for end in range(len(path), 0, -1) if path[:end] in by_path)


def _sizes(memberships: QuerySet[Membership], branches: list[Organization]) -> pl.DataFrame:
    by_path = {branch.path: branch.pk for branch in branches}
    counts = dict.fromkeys(by_path.values(), 0)
    for path, count in memberships.order_by().values_list("organization__path").annotate(Count("pk")):
        counts[_branch_at(path, by_path)] += count
    return pl.DataFrame(list(counts.items()), schema={"organization": pl.Int64, "size": pl.Int64}, orient="row")


def _dues(ids: Ids, since: datetime.date, upto: datetime.date) -> pl.DataFrame:
    months = DuesMonth.objects.filter(member__in=ids, month__range=(since, upto))
    return _rows(
        months.values_list("member_id", "month", _cents("due_yuan"), "excused"), ["member", "month", "due", "excused"]
    )


def _payments(ids: Ids, since: datetime.date, upto: datetime.date) -> pl.DataFrame:
    paid = DuesPayment.objects.filter(
        dues_month__member__in=ids, dues_month__month__range=(since, upto), paid_on__lte=upto
    )
    return _rows(
        paid.values_list("dues_month__member_id", "dues_month__month", _cents("amount_yuan"), "paid_on"),
        ["member", "month", "amount", "paid_on"],
    )


def _visits(ids: Ids, since: datetime.date, upto: datetime.date) -> pl.DataFrame:
    columns = ["member", "month", "assigned", "visited"]
    months = VisitMonth.objects.filter(member__in=ids, month__range=(since, upto))
    return _rows(months.values_list("member_id", *columns[1:]), columns)


def _reports(ids: Ids, period: Period) -> pl.DataFrame:
    found = MigrantReport.objects.filter(member__in=ids, quarter__in=period.quarters)
    return _rows(found.values_list("member_id", "quarter"), ["member", "quarter"])


def _attendance(ids: Ids, lookback: datetime.date, upto: datetime.date) -> pl.DataFrame:
    """Records from `lookback` on; and for who has earlier ones a mark just before it, for how far records reach back."""
    records = Attendance.objects.filter(member__in=ids)
    recent = records.filter(activity__date__range=(lookback, upto))
    frame = _rows(
        recent.values_list("member_id", "activity__date", "activity__kind", "status", "activity_id"),
        ["member", "date", "kind", "status", "ref"],
    )
    before = Attendance.objects.filter(member=OuterRef("pk"), activity__date__lt=lookback)
    first = _rows(Member.objects.filter(Exists(before), pk__in=ids).values_list("pk"), ["member"])
    if first.is_empty():
        return frame
    first = first.with_columns(
        date=pl.lit(lookback - datetime.timedelta(days=1)),
        kind=pl.lit("study"),
        status=pl.lit("not_required"),
        ref=pl.lit(None, dtype=pl.Int64),
    )
    return pl.concat([frame, first], how="vertical_relaxed")


def _entries(ids: Ids, period: Period, scheme: Scheme, closed: ScoringRound | None) -> pl.DataFrame:
    """Entries of the period, and all earlier ones that are kept on record for good.

    An entry that was approved, or reversed, only after the closing is not approved, or reversed, in it.
    """
    kept = [item.code for item in scheme.entry_items if item.sign == "record"]
    lines = Entry.objects.lines().filter(member__in=ids, item__in=list(scheme.entry_titles), date__lte=period.ends_on)
    wanted = lines.filter(Q(date__gte=period.starts_on) | Q(item__in=kept))
    reversals = Entry.objects.filter(reverses=OuterRef("pk"), status="approved")
    counts = Q(status="approved")
    if closed:
        reversals = reversals.filter(declared_at__lte=closed.closed_at)
        counts &= ~Exists(Decision.objects.filter(entry=OuterRef("pk"), decided_at__gt=closed.closed_at))
    return _rows(
        wanted.values_list(
            "member_id",
            "pk",
            "item",
            "date",
            "quantity",
            "level",
            Cast(Round(F("points") * 100), IntegerField()) * 10_000,
            _cents("amount_yuan"),
            NullIf("half", Value("")),
            NullIf("award", Value("")),
            Case(When(counts, then=Value(True)), default=Value(False), output_field=BooleanField()),
            Exists(reversals),
        ),
        [
            "member",
            "ref",
            "item",
            "date",
            "quantity",
            "level",
            "points",
            "amount",
            "half",
            "award",
            "approved",
            "reversed",
        ],
    )


def _ballots(ids: Ids, period: Period, scheme: Scheme) -> pl.DataFrame:
    """Ballots of appraisals that are closed: until then nothing is known, which is not the same as zero.

    Only of the scheme's own groups: who holds a post is scored under a second scheme, which knows nothing of the
    groups that the member's branch appraises in.
    """
    periods = [half.code for half in period.halves] + [period.code]
    closed = BallotCount.objects.filter(
        group__appraisal__status=Appraisal.Status.CLOSED, group__appraisal__period__in=periods
    )
    cast = closed.filter(member__in=ids, score__isnull=False, count__gt=0)
    own = cast.filter(group__code__in=[group.code for group in scheme.groups])
    return _rows(
        own.values_list("member_id", "group__appraisal__period", "group__code", _cents("score") * 10_000, "count"),
        ["member", "period", "group", "score", "count"],
    )


def _history(ids: Ids, period: Period, scheme: Scheme, closed: ScoringRound | None) -> pl.DataFrame:
    """Grades of the scheme's closed rounds of earlier periods; of those closed before, for a closed round."""
    found = Result.objects.filter(
        member__in=ids,
        round__status=ScoringRound.Status.CLOSED,
        round__scheme=scheme.code,
        round__period__lt=period.code,
        grade__isnull=False,
    )
    if closed:
        found = found.filter(round__closed_at__lt=closed.closed_at)
    return _rows(found.values_list("member_id", "round__period", "grade"), ["member", "period", "grade"])


def _assessments(ids: Ids, period: Period, scheme: Scheme, facts: Facts) -> pl.DataFrame:
    """Scores given for the period. One given after its end is dated on its last day, so that it counts in it.

    A score out of other full marks than the item has for the member now (the member's category has changed since)
    does not count: the item waits for a new one.
    """
    if not scheme.assessed:
        return facts.assessments
    ends = {part.code: part.ends_on for part in (*period.halves, period)}
    scores = _rows(
        Assessment.objects.filter(
            member__in=ids, scheme=scheme.code, period__in=list(ends), item__in=[item.code for item in scheme.assessed]
        ).values_list(
            "member_id", "pk", "item", "assessed_on", "period", _cents("score") * 10_000, _cents("full") * 10_000
        ),
        ["member", "ref", "item", "date", "period", "score", "full"],
    ).cast(Facts.SCHEMAS["assessments"] | {"period": pl.String, "full": pl.Int64})
    layers = persons(scheme, facts.members, period).select("member", "layer")
    fulls = pl.DataFrame(
        [
            (layer, item.code, item.full_for(layer))  # None: not known without the layer
            for item in scheme.assessed
            for layer in (*(one.code for one in scheme.layers), None)
        ],
        schema={"layer": pl.String, "item": pl.String, "now": pl.Int64},
        orient="row",
    )
    last_day = pl.col("period").replace_strict(ends, return_dtype=pl.Date)
    return (
        scores.join(layers, on="member", how="inner")
        .join(fulls, on=["layer", "item"], how="left", nulls_equal=True)
        .filter(pl.col("now").is_null() | (pl.col("now") == pl.col("full")))
        .with_columns(date=pl.min_horizontal("date", last_day))
        .select(*Facts.SCHEMAS["assessments"])
    )
