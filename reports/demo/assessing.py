"""Those in charge of discipline, assessed for last year: some have their scores, the others wait for theirs."""

import datetime
from decimal import Decimal
from random import Random

from evaluations.models import Assessment, Round, RoundStep, Step
from members.models import Position, PositionTitle, Role
from reports.demo.merits import moment
from reports.demo.people import Population
from scoring.engine import points
from scoring.models import Adoption, SchemeVersion

DONE = 4  # people who have all their scores
HALF = Decimal("0.5")


def assess_some(town: Population, version: SchemeVersion, rng: Random, today: datetime.date) -> Round:
    """The open round of the last year, in which the discipline office has scored the first few."""
    year, by = today.year - 1, town.users["jiwei"]
    Adoption.objects.create(
        organization=town.street,
        version=version,
        position=PositionTitle.DISCIPLINE_MEMBER,
        starts_on=datetime.date(today.year - 2, 1, 1),
    )
    round_ = Round.objects.create(organization=town.street, period=str(year), scheme=version.code)
    opened = moment(datetime.date(year, 12, 31), 7)
    Round.objects.filter(pk=round_.pk).update(opened_at=opened)
    RoundStep.objects.create(round=round_, step=Step.OPEN, done_at=opened)
    places = [branch.organization for branch in town.branches]
    held = Position.objects.filter(title=PositionTitle.DISCIPLINE_MEMBER, organization__in=places)
    items = version.scheme.assessed
    day = max(today - datetime.timedelta(3), datetime.date(today.year, 1, 1))
    Assessment.objects.bulk_create(
        Assessment(
            member_id=member, scheme=version.code, period=round_.period, item=item.code, full=points(item.full_micro),
            score=_score(points(item.full_micro), rng), role=Role.DISCIPLINE_OFFICE, assessed_by=by, assessed_on=day,
        )
        for member in held.order_by("member__number").values_list("member", flat=True)[:DONE]
        for item in items
    )  # fmt: skip
    return round_


def _score(full: Decimal, rng: Random) -> Decimal:
    """Mostly the full marks, else half a mark or a mark less."""
    return max(Decimal(0), full - HALF * rng.choice((0, 0, 0, 1, 2)))
