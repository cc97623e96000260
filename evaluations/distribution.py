"""How totals spread: how many members lie in each band of points."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from math import floor

WIDTHS = (5, 10, 20, 50, 100)  # points of a band
MOST_BANDS = 15


@dataclass(frozen=True)
class Band:
    """Totals from `lowest` up to, not including, `highest`; share: of the fullest band, in per cent."""

    lowest: int
    highest: int
    count: int
    share: int

    @property
    def words(self) -> str:
        return f"{self.lowest} 到不满 {self.highest}"


def bands_of(counts: Iterable[tuple[Decimal, int]]) -> list[Band]:
    """Bands of one width from the highest total to the lowest, empty ones between them too.

    counts: totals, and how many members have each. At most fifteen bands, unless the totals lie over 1,500 points apart.
    """
    counts = list(counts)
    if not counts:
        return []
    totals = [total for total, _ in counts]
    fits = (one for one in WIDTHS if floor(max(totals) / one) - floor(min(totals) / one) < MOST_BANDS)
    width = next(fits, WIDTHS[-1])
    filled: Counter[int] = Counter()
    for total, count in counts:
        filled[floor(total / width)] += count  # a Decimal's // goes towards zero
    most = max(filled.values())
    return [
        Band(number * width, (number + 1) * width, filled[number], round(100 * filled[number] / most))
        for number in range(max(filled), min(filled) - 1, -1)
    ]
