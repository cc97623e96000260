"""A branch scored in the middle of a period: on what is dated up to a day."""

import datetime
from dataclasses import dataclass
from functools import cached_property

from evaluations.facts import gather, until
from evaluations.models import Round, RoundBranch
from members.models import Organization
from scoring.documents import document_of, with_named_documents
from scoring.engine import Facts, Period, Results, Scheme, score
from scoring.models import Adoption, SchemeVersion


@dataclass(frozen=True)
class Interim:
    """The branch's people of a day under one scheme, and their facts of the period that the day lies in."""

    branch: Organization
    day: datetime.date
    adoption: Adoption
    version: SchemeVersion
    settings: dict
    position: str
    period: Period
    closed: Round | None

    @cached_property
    def scheme(self) -> Scheme:
        """The scheme with the branch's settings, in the words of the unit's document where it has one."""
        return with_named_documents(self._scheme, document_of(self.adoption))

    @cached_property
    def _scheme(self) -> Scheme:
        return self.version.scheme.configured(self.settings)

    @cached_property
    def facts(self) -> Facts:
        return gather(
            [self.branch],
            self.period,
            self._scheme,
            position=self.position,
            closed=self.closed,
            people_on=self.day,
        )

    def results(self, day: datetime.date) -> Results:
        """What the scheme makes of everything dated up to the end of a day."""
        return score(self._scheme, until(self.facts, day, self.period), self.period)


def interims_of(branch: Organization, day: datetime.date) -> list[Interim]:
    """One for each scheme under which somebody of the branch is scored on a day, that for everybody first.

    A round that was published is read under the terms that it was computed with. A version that cannot be read is
    left out: nobody is scored under it.
    """
    half = Period.containing(day)
    adoptions = Adoption.objects.counting_at([branch], half.ends_on).get(branch, [])
    found = []
    for adoption in adoptions:
        if adoption.version.faults:
            continue
        period = Period.containing(day, adoption.version.scheme.cycle)
        part = RoundBranch.objects.filter(
            organization=branch, round__period=period.code, round__scheme=adoption.version.code, version__isnull=False
        ).select_related("round", "version")
        found.append(_under(branch, day, adoption, period, part.first()))
    return found


def _under(
    branch: Organization, day: datetime.date, adoption: Adoption, period: Period, part: RoundBranch | None
) -> Interim:
    if part is None or not part.round.is_public:
        return Interim(branch, day, adoption, adoption.version, adoption.settings, adoption.position, period, None)
    closed = part.round if part.round.is_closed else None
    return Interim(branch, day, adoption, part.version, part.settings, part.position, period, closed)
