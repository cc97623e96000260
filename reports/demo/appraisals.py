"""The democratic appraisals: last half-year's with their results, this one's at every stage."""

import datetime
from collections import Counter
from decimal import Decimal
from random import Random

from evaluations.models import Appraisal, AppraisalGroup, BallotCount, Candidate, Tally, Voter
from evaluations.services.appraisals import SCORES, choices_of
from members.models import Member, MemberStatus, User
from reports.demo.merits import moment
from reports.demo.people import COMMITTEE, Branch, Person
from scoring.engine import Period, Scheme

VOTERS = {"committee": 7, "members_residents": 32, "household_reps": 14, "members": 9}
WEEK = datetime.timedelta(days=7)
STATUS, WAY = Appraisal.Status, Voter.Way


class Appraisals:
    """Writes appraisals in bulk, as the services would have left them."""

    def __init__(self, rng: Random, scheme: Scheme, clerks: tuple[User, User]):
        self.rng, self.scheme, self.clerks = rng, scheme, clerks

    def close(self, branches: list[Branch], period: Period, day: datetime.date) -> None:
        """Appraisals that were held on paper and closed on a day."""
        groups, counts, tallies, voters = [], [], [], []
        for branch in branches:
            appraisal = self._appraisal(branch, period, STATUS.OPEN, day - WEEK, day)
            for group in self._groups(branch, appraisal):
                group.unnamed_paper = group.head_count
                groups.append(group)
                voters += [self._voter(group, person, WAY.PAPER) for person in self._electorate(branch, group)]
                cast = {person.member: self._paper_ballots(branch, group, person) for person in appraised(branch)}
                tallies += self._tallies(group, cast)
                counts += [
                    row
                    for member, votes in cast.items()
                    for row in self._rows(group, member, votes, VOTERS[group.code] - votes.total())
                ]
        AppraisalGroup.objects.bulk_create(groups)
        Voter.objects.bulk_create(voters)
        Tally.objects.bulk_create(tallies)
        Tally.objects.filter(pk__in=[tally.pk for tally in tallies]).update(entered_at=moment(day, 10))
        BallotCount.objects.bulk_create(counts, batch_size=2000)
        mine = Appraisal.objects.filter(period=period.code, organization__in=[one.organization for one in branches])
        mine.update(status=STATUS.CLOSED, closed_at=moment(day, 11), closed_by=self.clerks[0])

    def open(self, branch: Branch, period: Period, day: datetime.date, *, online: int, paper: int) -> None:
        """An appraisal that runs since a day; of each group's members so many have voted, and so many took paper."""
        appraisal = self._appraisal(branch, period, STATUS.OPEN, day, day + WEEK)
        for group in self._groups(branch, appraisal):
            people = self._electorate(branch, group)
            ways = [WAY.ONLINE] * online + [WAY.PAPER] * paper
            voted = people[:online]
            group.ballots_online = len(voted)
            group.save()
            ways += [WAY.NONE] * len(people)
            Voter.objects.bulk_create(
                self._voter(group, person, way) for person, way in zip(people, ways, strict=False)
            )
            BallotCount.objects.bulk_create(
                row
                for person in appraised(branch)
                for row in self._rows(
                    group, person.member, Counter(self._vote(person) for voter in voted if voter is not person), 0
                )
            )

    def prepare(self, branch: Branch, period: Period, day: datetime.date) -> None:
        """An appraisal that is only set up."""
        appraisal = self._appraisal(branch, period, STATUS.SETUP, day, day + WEEK)
        for group in self._groups(branch, appraisal):
            group.save()
            Voter.objects.bulk_create(self._voter(group, person) for person in self._electorate(branch, group))

    # Rows ---------------------------------------------------------------------------------------
    def _appraisal(
        self, branch: Branch, period: Period, status: str, opens_on: datetime.date, closes_on: datetime.date
    ) -> Appraisal:
        appraisal = Appraisal.objects.create(
            organization=branch.organization,
            period=period.code,
            status=status,
            opens_at=moment(opens_on, 8),
            closes_at=moment(closes_on, 9),
            choices=[] if status == STATUS.SETUP else choices_of(self.scheme),
        )
        Candidate.objects.bulk_create(Candidate(appraisal=appraisal, member=one.member) for one in appraised(branch))
        return appraisal

    def _groups(self, branch: Branch, appraisal: Appraisal) -> list[AppraisalGroup]:
        groups = [
            AppraisalGroup(appraisal=appraisal, code=one.code, title=one.title, weight_parts=one.weight_parts)
            for one in self.scheme.groups
        ]
        for group in groups:
            group.head_count = VOTERS[group.code] - len(self._electorate(branch, group))
        return groups

    @staticmethod
    def _electorate(branch: Branch, group: AppraisalGroup) -> list[Person]:
        """The committee, and the others who are members of the Party; household representatives are not on the roster."""
        if group.code == "committee":
            return branch.people[:COMMITTEE]
        if group.code == "household_reps":
            return []
        others = branch.people if group.code == "members" else branch.people[COMMITTEE:]
        return [one for one in others if one.member.status != MemberStatus.ACTIVIST and one.member.mobility != "abroad"]

    @staticmethod
    def _voter(group: AppraisalGroup, person: Person, way: str = WAY.NONE) -> Voter:
        return Voter(group=group, member=person.member, name=person.member.name, way=way)

    def _tallies(self, group: AppraisalGroup, cast: dict[Member, Counter]) -> list[Tally]:
        """The same sheet as two people entered it."""
        counts = {
            str(member.pk): {str(score): count for score, count in sorted(votes.items())}
            for member, votes in cast.items()
        }
        return [
            Tally(group=group, number=number, returned=VOTERS[group.code], counts=counts, entered_by=clerk)
            for number, clerk in enumerate(self.clerks, 1)
        ]

    @staticmethod
    def _rows(group: AppraisalGroup, member: Member, votes: Counter, blank: int) -> list[BallotCount]:
        """A counter for every choice, and one for how many did not appraise the member."""
        counters = [(Decimal(score), votes[score]) for score in SCORES] + [(None, blank)]
        return [BallotCount(group=group, member=member, score=score, count=count) for score, count in counters]

    # Votes --------------------------------------------------------------------------------------
    def _paper_ballots(self, branch: Branch, group: AppraisalGroup, person: Person) -> Counter:
        """Everybody's but the own, and now and then somebody leaves a row empty."""
        own = person in self._electorate(branch, group)
        cast = VOTERS[group.code] - max(own, self.rng.random() < 0.2)
        return Counter(self._vote(person) for _ in range(cast))

    def _vote(self, person: Person) -> int:
        wish = self.rng.gauss(person.standing, 5)
        return min(SCORES, key=lambda score: abs(score - wish))


def appraised(branch: Branch) -> list[Person]:
    return [person for person in branch.people if person.takes_part]
