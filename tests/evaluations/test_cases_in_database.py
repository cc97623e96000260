"""Every worked case through the database: its facts as rows, a round opened and computed, each stored figure compared."""

import datetime
from collections import defaultdict
from decimal import Decimal
from functools import cache

import pytest
from django.utils import timezone

from evaluations import services
from evaluations.models import Appraisal, AppraisalGroup, Assessment, BallotCount, Result, Round, RoundBranch
from members.models import (
    Activity,
    Attendance,
    DuesMonth,
    DuesPayment,
    Exemption,
    Member,
    Membership,
    MigrantReport,
    Position,
    VisitMonth,
)
from scoring.engine.cases import Outcome, run_cases
from scoring.engine.numbers import points
from scoring.models import Adoption, Entry
from scoring.services import install_schemes
from tests import factories as make
from tests.scoring.engine.helpers import CASES, CODES

LONG_AGO = datetime.date(1900, 1, 1)
CENT = 10_000  # millionths in a hundredth of a point

# What the database cannot hold of the cases, and why: a case as a whole, or some members of it.
NOT_HELD = {
    "ranks-and-rounding": "ballots of more than two decimals",
    "hand-street-three-kinds-of-people": "more households visited than assigned",
    "street-contact-and-role": "more households visited than assigned",
    "department-discretion-and-hundredths": "scores of more than two decimals",
    "school-simplified-does-not-lift-a-veto": "ballots of more than two decimals",
    "village-hundredths-and-other-years": "scores of more than two decimals",
}
NO_BIRTHDAY = {
    "school-simplified-items": ["not_known", "not_known_and_away"],
    "town-who-belongs-to-which-layer": ["not_known"],
    "town-credits": ["on_duty_without_a_birthday"],
    "town-how-often": ["not_complete"],
    "town-vetoes-without-bands": ["incomplete"],
}


@cache
def outcomes() -> list[Outcome]:
    return run_cases([CASES])


def not_held(outcome: Outcome) -> str:
    """Why the database cannot hold the facts of a case; empty where it can."""
    rows = outcome.case.rows
    if any(visits["visited"] > visits["assigned"] for visits in rows["visits"]):
        return "more households visited than assigned"
    if any((ballot["score"] % CENT) for ballot in rows["ballots"]):
        return "ballots of more than two decimals"
    if any((entry["points"] or 0) % CENT for entry in rows["entries"]):
        return "points of more than two decimals"
    if any(score["score"] % CENT for score in rows["assessments"]):
        return "scores of more than two decimals"
    if any(entry["quantity"] > 32_767 for entry in rows["entries"]):
        return "a quantity over 32767"
    if any((entry["points"] or 0) >= 10_000 * 10**6 for entry in rows["entries"]):
        return "points of 10000 and more"
    if any(due["due"] >= 10**8 for due in rows["dues"]):
        return "dues of a million yuan and more"
    if any((entry["amount"] or 1) <= 0 for entry in rows["entries"]):
        return "an amount of nothing"
    return ""


def without_birthday(outcome: Outcome) -> list[str]:
    """Members whose birthday is missing: the roster has one of everybody."""
    return [key for key, row in outcome.members.items() if "born" in row["missing"]]


HELD = [outcome for outcome in outcomes() if not not_held(outcome)]


def test_cases_that_are_not_held_are_named():
    found = {outcome.case.name: not_held(outcome) for outcome in outcomes() if not_held(outcome)}
    assert found == NOT_HELD


def test_members_that_are_not_held_are_named():
    found = {outcome.case.name: without_birthday(outcome) for outcome in outcomes() if without_birthday(outcome)}
    assert found == NO_BIRTHDAY


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("code", CODES)
def test_cases_hold_in_the_database(code):
    """One street a period, in it one branch a case, and one round."""
    version = next(version for version in install_schemes() if version.code == code)
    loader = make.user("登记人")
    by_period = defaultdict(list)
    for outcome in HELD:
        if outcome.case.scheme.code == code:
            by_period[outcome.case.period].append(outcome)
    assert by_period
    differences = []
    for period, found in by_period.items():
        street = make.organization(f"{period}街道", "committee")
        loaded = [(one, CaseLoader(one, street, version, loader).load()) for one in found]
        round_ = services.open_round(street, period, code)
        services.request_computation(round_)
        round_.refresh_from_db()
        assert round_.status == Round.Status.COMPUTED
        assert not RoundBranch.objects.filter(round=round_).exclude(state="done").exists()
        for outcome, members in loaded:
            differences += compared(outcome, round_, members)
    assert differences == []


def compared(outcome: Outcome, round_: Round, members: dict[str, Member]) -> list[tuple]:
    """Case, member and field of what is stored otherwise than expected, and than the engine says of the case's facts."""
    results = {result.member_id: result for result in Result.objects.filter(round=round_, member__in=members.values())}
    rows = {key: stored(results[member.pk]) for key, member in members.items()}
    found = []
    for key, row in rows.items():
        wanted = outcome.members[key]
        found += [
            (outcome.case.name, key, field, wanted[field], value)
            for field, value in row.items()
            if wanted[field] != value
        ]
    return found + [(outcome.case.name, said) for said in outcome.differences]


def stored(result: Result) -> dict:
    """A stored result in the form of a case's answer."""
    sheet = result.sheet
    figures = {name: {code: Decimal(value) for code, value in sheet[name].items()} for name in ("items", "parts")}
    return {
        "status": result.status,
        "missing": sheet["missing"],
        **figures,
        "total": result.total,
        "grade": result.grade,
        "rank": result.rank,
        "lists": [code for code, on in (("honor", result.on_honor_board), ("warning", result.on_warning_board)) if on],
        "consequences": sheet["consequences"],
        "alerts": sheet["alerts"],
    }


class CaseLoader:
    """Writes the facts of one case as a branch of a street, the way that the screens would have."""

    def __init__(self, outcome: Outcome, street, version, user) -> None:
        self.case, self.version, self.user = outcome.case, version, user
        self.branch = make.organization(outcome.case.name[:60], "branch", street)
        left_out = {outcome.case.ids.index(key) + 1 for key in without_birthday(outcome)}
        self.rows = defaultdict(list) | {
            name: [row for row in rows if row.get("member") not in left_out] for name, rows in outcome.case.rows.items()
        }

    def load(self):
        """The members by the ids of the case."""
        Adoption.objects.create(
            organization=self.branch, version=self.version, settings=plain_json(self.case.settings), starts_on=LONG_AGO
        )
        self.members = {row["member"]: self._member(row) for row in self.rows["members"]}
        self._fill_up()
        for load in (
            self._attendance,
            self._dues,
            self._visits,
            self._reports,
            self._entries,
            self._assessments,
            self._ballots,
            self._history,
        ):
            load()
        return {key: self.members[number] for number, key in enumerate(self.case.ids, 1) if number in self.members}

    def _member(self, row: dict) -> Member:
        number = row["member"]
        member = Member.objects.create(
            number=f"{self.branch.pk}-{number}",
            name=self.case.ids[number - 1][:30],
            gender="m",
            born=row["born"] or datetime.date(1980, 1, 1),
            status=row["status"],
            mobility=row["mobility"],
            category=row["category"] or "",
        )
        self._join(member, exempt=row["exempt"])
        Position.objects.bulk_create(
            Position(member=member, organization=self.branch, title=title, starts_on=LONG_AGO)
            for title in row["positions"]
        )
        return member

    def _join(self, member: Member, *, exempt: bool) -> None:
        Membership.objects.create(member=member, organization=self.branch, starts_on=LONG_AGO)
        if exempt:
            Exemption.objects.create(member=member, reason="年老体弱", starts_on=LONG_AGO)

    def _fill_up(self) -> None:
        """Exempt members up to the size that the case gives its organisation."""
        for row in self.rows["organizations"]:
            for number in range(len(self.members), row["size"]):
                extra = Member.objects.create(
                    number=f"{self.branch.pk}-x{number}", name="某某", gender="f", born=datetime.date(1930, 1, 1)
                )
                self._join(extra, exempt=True)

    def _attendance(self) -> None:
        """The nth record of a member of one day and kind is of the nth activity of that day and kind."""
        activities, seen, records = {}, defaultdict(int), []
        for row in self.rows["attendance"]:
            seen[row["member"], row["date"], row["kind"]] += 1
            key = row["date"], row["kind"], seen[row["member"], row["date"], row["kind"]]
            if key not in activities:
                activities[key] = Activity.objects.create(
                    organization=self.branch,
                    date=row["date"],
                    kind=row["kind"],
                    title=f"{row['kind']} {key[2]}",
                    created_by=self.user,
                )
            records.append(
                Attendance(
                    activity=activities[key],
                    member=self.members[row["member"]],
                    status=row["status"],
                    recorded_by=self.user,
                )
            )
        Attendance.objects.bulk_create(records)

    def _dues(self) -> None:
        months = {
            (row["member"], row["month"]): DuesMonth(
                member=self.members[row["member"]],
                month=row["month"],
                due_yuan=Decimal(row["due"]) / 100,
                excused=row["excused"],
                recorded_by=self.user,
            )
            for row in self.rows["dues"]
        }
        DuesMonth.objects.bulk_create(months.values())
        DuesPayment.objects.bulk_create(
            DuesPayment(
                dues_month=months[row["member"], row["month"]],
                amount_yuan=Decimal(row["amount"]) / 100,
                paid_on=row["paid_on"],
                recorded_by=self.user,
            )
            for row in self.rows["payments"]
        )

    def _visits(self) -> None:
        VisitMonth.objects.bulk_create(
            VisitMonth(
                member=self.members[row["member"]],
                month=row["month"],
                assigned=row["assigned"],
                visited=row["visited"],
            )
            for row in self.rows["visits"]
        )

    def _reports(self) -> None:
        MigrantReport.objects.bulk_create(
            MigrantReport(
                member=self.members[row["member"]], quarter=row["quarter"], reported_on=self.case.period.ends_on
            )
            for row in self.rows["reports"]
        )

    def _entries(self) -> None:
        for row in self.rows["entries"]:
            fields = {
                "member": self.members[row["member"]],
                "version": self.version,
                "item": row["item"],
                "date": row["date"],
                "quantity": row["quantity"],
                "level": row["level"] or "",
                "points": points(row["points"]),
                "amount_yuan": None if row["amount"] is None else Decimal(row["amount"]) / 100,
                "half": row["half"] or "",
                "award": row["award"] or "",
                "declared_by": self.user,
            }
            entry = Entry.objects.create(status="approved" if row["approved"] else "reviewed", **fields)
            if row["reversed"]:
                Entry.objects.create(status="approved", reverses=entry, **fields)

    def _assessments(self) -> None:
        """A member without a category was assessed while there was one."""
        items = {item.code: item for item in self.version.scheme.items}
        fulls = {
            (number, code): item.full_for(member.category) or max(item.fulls.values())
            for number, member in self.members.items()
            for code, item in items.items()
            if item.is_assessed
        }
        Assessment.objects.bulk_create(
            Assessment(
                member=self.members[row["member"]],
                scheme=self.version.code,
                period=str(row["date"].year),
                item=row["item"],
                score=points(row["score"]),
                full=points(fulls[row["member"], row["item"]]),
                role="discipline_office",
                assessed_by=self.user,
                assessed_on=row["date"],
            )
            for row in self.rows["assessments"]
        )

    def _ballots(self) -> None:
        counts = defaultdict(int)
        for row in self.rows["ballots"]:
            counts[row["period"], row["group"], row["member"], row["score"]] += 1
        groups = {}
        for period, group in {key[:2] for key in counts}:
            appraisal, _ = Appraisal.objects.get_or_create(organization=self.branch, period=period)
            groups[period, group] = AppraisalGroup.objects.create(
                appraisal=appraisal, code=group, title=group, weight_parts=1
            )
        BallotCount.objects.bulk_create(
            BallotCount(
                group=groups[period, group], member=self.members[member], score=Decimal(score) / 10**6, count=count
            )
            for (period, group, member, score), count in counts.items()
        )
        Appraisal.objects.filter(organization=self.branch).update(status="closed", closed_at=timezone.now())

    def _history(self) -> None:
        """Closed rounds of the branch with the grades of the time; of the period itself there is only the new one."""
        earlier = [row for row in self.rows["history"] if row["period"] != self.case.period.code]
        parts = {}
        for period in {row["period"] for row in earlier}:
            round_ = Round.objects.create(organization=self.branch, period=period, scheme=self.version.code)
            parts[period] = RoundBranch.objects.create(round=round_, organization=self.branch, version=self.version)
        Result.objects.bulk_create(
            Result(
                round=parts[row["period"]].round,
                branch=parts[row["period"]],
                member=self.members[row["member"]],
                status="scored",
                grade=row["grade"],
                sheet={},
            )
            for row in earlier
        )
        rounds = Round.objects.filter(branches__in=parts.values())
        Round.objects.filter(pk__in=rounds.values("pk")).update(status="closed", closed_at=timezone.now())


def plain_json(value):
    """Settings as the form of an adoption stores them: numbers as numbers of JSON."""
    if isinstance(value, Decimal):
        return int(value) if value == int(value) else float(value)
    if isinstance(value, dict):
        return {str(key): plain_json(one) for key, one in value.items()}
    return [plain_json(one) for one in value] if isinstance(value, list | tuple) else value
