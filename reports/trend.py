"""A member's totals over the periods: those that were published, and the one that is being looked at."""

from dataclasses import dataclass, replace
from decimal import Decimal

from evaluations.models import Result
from evaluations.querysets import PUBLIC
from reports.ledger import Ledger
from scoring.engine import Period

PERIODS = 8  # of the past, at most
BASE, HIGH = 104, 76  # px: where the bars stand, and how high the highest is


@dataclass(frozen=True)
class Point:
    """One period: what the table says of it, and its bar in per cent of the width and px of the height."""

    period: Period
    total: Decimal | None
    grade: str  # 优秀; of who is not scored, the state
    state: str  # 已办结
    is_provisional: bool
    x: str = ""
    width: str = ""
    middle: str = ""
    y: int = 0
    height: int = 0

    @property
    def label(self) -> str:
        """26 上, or the year."""
        if self.period.half is None:
            return str(self.period.year)
        return f"{self.period.year % 100:02} {'上下'[self.period.half - 1]}"

    @property
    def label_y(self) -> int:
        return self.y - 6


@dataclass(frozen=True)
class Trend:
    """Totals of the same scheme and kind of period, the earliest first."""

    points: list[Point]

    @property
    def label(self) -> str:
        """The chart in one sentence, for who does not see it."""
        said = [f"{point.period.title} {point.total or point.grade}" for point in self.points]
        return "总分走势:" + ",".join(said)

    @property
    def has_provisional(self) -> bool:
        return any(point.is_provisional and point.total is not None for point in self.points)

    @property
    def past(self) -> list[Point]:
        return self.points[:-1]


def trend_of(ledger: Ledger) -> Trend | None:
    """The trend up to the ledger's period; None where no earlier one was published."""
    scheme, period = ledger.version.code, ledger.period
    found = Result.objects.filter(member=ledger.member, round__scheme=scheme, round__status__in=PUBLIC)
    found = found.filter(round__period__lt=period.code).select_related("round")
    halves = found.filter(round__period__contains="H") if period.half else found.exclude(round__period__contains="H")
    latest = list(halves.order_by("-round__period")[:PERIODS])
    if not latest:
        return None
    titles = {grade.code: grade.title for grade in ledger.scheme.grades}
    points = [
        Point(
            Period.parse(result.round.period),
            result.total,
            titles.get(result.grade) or result.get_status_display(),
            result.round.get_status_display(),
            is_provisional=False,
        )
        for result in reversed(latest)
    ]
    sheet = ledger.sheet
    public = ledger.round is not None and ledger.round.is_public
    own = Point(period, sheet.total, sheet.grade_title or sheet.status_title, ledger.state, is_provisional=not public)
    return Trend(_placed([*points, own]))


def _placed(points: list[Point]) -> list[Point]:
    """The points with their bars, side by side."""
    top = max((point.total for point in points if point.total), default=Decimal(1))
    step = Decimal(100) / len(points)
    width = min(step * Decimal("0.5"), Decimal(9))
    placed = []
    for number, point in enumerate(points):
        middle = step * number + step / 2
        height = max(0, round((point.total or 0) / top * HIGH))
        placed.append(
            replace(
                point,
                x=f"{middle - width / 2:.2f}%",
                width=f"{width:.2f}%",
                middle=f"{middle:.2f}%",
                y=BASE - height,
                height=height,
            )
        )
    return placed
