"""How large a ledger's letters are on paper, so that what a member takes home stays on one A4 sheet where it can."""

from dataclasses import dataclass
from itertools import count
from math import ceil

from reports.ledger import Row
from scoring.engine.membersheet import ItemSheet, MemberSheet, PartSheet

Groups = list[tuple[PartSheet, list[tuple[ItemSheet, list[Row]]]]]
HEIGHT, WIDTH = 1040, 703  # px of an A4 sheet between its margins
CLOSER = 0.9  # how close lines stand where records stand in columns
REPEATED = 150  # px that the heading takes on every further sheet, and rows that are kept together


@dataclass(frozen=True)
class Setting:
    """Measured on the demo's ledgers at 100 %, in px; letters are smallest at 7.5 pt, at `smallest` per cent."""

    around: int  # the head, the total, the headings and the foot
    spared: int  # of that, where records stand in columns: the picture of the thresholds and some room
    line: float
    letter: float
    smallest: int


USUAL, LARGE = Setting(485, 230, 18.6, 11.9, 85), Setting(550, 130, 22.8, 14.6, 70)


def fit_of(groups: Groups, not_counted: list[Row], sheet: MemberSheet, *, large: bool) -> str:
    """The classes that set the size on paper, of print.css: fit-100, fit-95 …; with fit-columns for records in two.

    The largest letters with which the ledger is on the fewest sheets.
    """
    setting = LARGE if large else USUAL
    sizes = range(100, setting.smallest - 1, -5)
    heights = {
        (size, columns): size / 100 * _height(groups, not_counted, sheet, setting, size, columns)
        for size in sizes
        for columns in (1, 2)
    }
    room = (sheets * HEIGHT - (sheets - 1) * REPEATED for sheets in count(1))
    size, columns = next(each for most in room for each, height in heights.items() if height <= most)
    return f"fit-{size}" + " fit-columns" * (columns == 2)


def _height(
    groups: Groups, not_counted: list[Row], sheet: MemberSheet, setting: Setting, size: int, columns: int
) -> float:
    """About how high the ledger is, in px at 100 %, when its letters are to be of that size."""
    broad = WIDTH * 100 / size / setting.letter
    records = broad * (0.6 if columns == 1 else 0.66)
    lines, gaps = 0.0, 0
    for part, items in groups:
        lines += 1 + (len(sheet.appraisal) + 1 if part.kind == "appraisal" else 0)
        gaps += 1 + (part.kind == "appraisal")
        for item, rows in items:
            events = sum(_lines_of(row, records, columns) for row in rows)
            words = _letters(f"{' '.join(item.notes)}  {item.sum_words}")
            lines += max(1, ceil(events / columns) + ceil(words / records))
            gaps += 1
    for row in not_counted:
        lines += max(
            1 + bool(row.note), ceil(_letters(row.why) / (broad * 0.4)), ceil(_letters(row.title) / broad / 0.4)
        )
        gaps += 1
    proposals = [*sheet.consequences, *sheet.alerts]
    lines += sum(ceil(_letters(one.title + one.words) / broad) for one in proposals)
    headings = bool(not_counted) + 1.5 * bool(proposals)
    line = setting.line if columns == 1 else setting.line * CLOSER
    around = setting.around - (setting.spared if columns == 2 else 0) + 1.6 * line * headings
    return around + line * lines + 6 * gaps


def _lines_of(row: Row, letters: float, columns: int) -> int:
    event = _letters(f"{row.title} {row.line.text} {row.line.effect}")
    note = _letters(f"{row.note} {row.entry.proxy_words}" if row.entry else row.note)
    if columns == 2:  # a note follows on the same line
        return ceil((event + note) / (letters / 2 - 2))
    return ceil(event / letters) + ceil(note / letters)


def _letters(text: str) -> float:
    """The breadth of a text: figures and Latin letters are half as broad as Chinese ones."""
    return sum(0.55 if char.isascii() else 1 for char in text or "")
