"""How large a ledger's letters are on paper, so that what a member takes home stays on one A4 sheet where it can."""

from dataclasses import dataclass
from itertools import count
from math import ceil

from reports.ledger import Row
from scoring.engine.membersheet import ItemSheet, MemberSheet, PartSheet

Groups = list[tuple[PartSheet, list[tuple[ItemSheet, list[Row]]]]]
HEIGHT, WIDTH = 1015, 703  # px of an A4 sheet between its margins, less 3 % that the estimate may miss
REPEATED = 150  # px that the heading takes on every further sheet, and rows that are kept together


@dataclass(frozen=True)
class Setting:
    """How a ledger is set at 100 %: measured in the browser, in px, of the blocks from its head to its foot."""

    columns: int  # in which the records of an item stand
    smallest: int  # per cent at which letters are 7.5 pt
    top: int  # heading, total and the head of the table
    outlook: int  # a line below the total
    proposals: int  # their heading; each is a line more
    group: int
    first: int  # a row of one line; of a record that does not count the same
    line: float  # each further one
    refused: int  # the heading of records that do not count
    foot: int
    record: float  # letters of records
    words: float  # letters of those that do not count, and of titles


USUAL = (
    Setting(1, 85, 240, 22, 70, 24, 25, 18.6, 59, 70, 11.9, 14.7),
    Setting(2, 85, 183, 22, 48, 24, 21, 14.4, 59, 70, 11.9, 11.9),
)
LARGE = (
    Setting(1, 70, 224, 27, 85, 30, 31, 23, 72, 98, 14.6, 18),
    Setting(2, 70, 224, 27, 85, 30, 25, 17.6, 72, 98, 14.6, 14.6),
)


@dataclass(frozen=True)
class Content:
    """What a ledger shows: its parts and records, and how many lines of each kind stand around them."""

    groups: Groups
    not_counted: list[Row]
    sheet: MemberSheet
    outlook: int  # lines below the total
    notices: int  # further lines above or below the table

    def height(self, setting: Setting, size: int) -> float:
        """About how high it is, in px at 100 %, when its letters are to be of that size."""
        width = WIDTH * 100 / size
        proposals = [*self.sheet.consequences, *self.sheet.alerts]
        high = setting.top + setting.outlook * (self.outlook + self.notices) + setting.foot
        if proposals:
            high += setting.proposals + sum(
                setting.first * _lines(f"{one.title} {one.words}", width, setting.words) for one in proposals
            )
        for part, items in self.groups:
            high += setting.group
            if part.kind == "appraisal":
                high += setting.first + setting.line * len(self.sheet.appraisal)
            high += sum(_row(setting, self._item_lines(item, rows, setting, width)) for item, rows in items)
        if self.not_counted:
            high += setting.refused + sum(
                _row(setting, _refused_lines(row, setting, width)) for row in self.not_counted
            )
        return high

    @staticmethod
    def _item_lines(item: ItemSheet, rows: list[Row], setting: Setting, width: float) -> int:
        title, records = width * (0.3 if setting.columns == 1 else 0.23), width * 0.6
        events = _stacked([_record_lines(row, setting, records) for row in rows], setting.columns)
        words = f"{' '.join(item.notes)}  {item.sum_words}".strip()
        return max(
            events + _lines(words, records, setting.record),
            _lines(f"{item.title} {item.clause.number}", title, setting.words),
            1,
        )


def fit_of(content: Content, *, large: bool) -> str:
    """The classes that set the size on paper, of print.css: fit-100, fit-95 …; with fit-columns for records in two.

    The largest letters with which the ledger is on the fewest sheets.
    """
    settings = LARGE if large else USUAL
    ways = [(size, setting) for setting in settings for size in range(100, setting.smallest - 1, -5)]
    ways.sort(key=lambda way: -way[0] * way[1].words)
    heights = [(size, setting.columns, size / 100 * content.height(setting, size)) for size, setting in ways]
    room = (sheets * HEIGHT - (sheets - 1) * REPEATED for sheets in count(1))
    size, columns = next((size, columns) for most in room for size, columns, height in heights if height <= most)
    return f"fit-{size}" + " fit-columns" * (columns == 2)


def _row(setting: Setting, lines: int) -> float:
    return setting.first + setting.line * (lines - 1)


def _stacked(lines: list[int], columns: int) -> int:
    """How many lines records take that stand in columns, none of them parted."""
    if columns == 1:
        return sum(lines)
    return min(max(sum(lines[:end]), sum(lines[end:])) for end in range(len(lines) + 1))


def _record_lines(row: Row, setting: Setting, width: float) -> int:
    event, note = f"{row.title} {row.line.text} {row.line.effect}", _note(row)
    if setting.columns == 2:  # a note follows on the same line
        return _lines(f"{event} {note}", width / 2 - 2 * setting.record, setting.record)
    return _lines(event, width, setting.record) + _lines(note, width, setting.record)


def _refused_lines(row: Row, setting: Setting, width: float) -> int:
    title = _lines(f"{row.title} {_note(row)}", width * 0.4, setting.words)
    return max(title, _lines(row.why, width * 0.4, setting.words), 1)


def _note(row: Row) -> str:
    return f"{row.note} {row.entry.proxy_words}".strip() if row.entry else row.note


def _lines(text: str, width: float, letter: float) -> int:
    """How many lines a text takes; none for none. Figures and Latin letters are half as broad as Chinese ones."""
    return ceil(sum(0.55 if char.isascii() else 1 for char in text or "") * letter / width)
