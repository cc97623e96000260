"""How large a ledger's letters are on paper, so that what a member takes home stays on one A4 sheet."""

from dataclasses import dataclass

from reports.ledger import Row
from scoring.engine.membersheet import ItemSheet, MemberSheet, PartSheet

Groups = list[tuple[PartSheet, list[tuple[ItemSheet, list[Row]]]]]
HEIGHT = 1020  # px of an A4 sheet between its margins
SMALLEST = 50  # per cent of the usual size; of what is longer still, a second sheet is printed


@dataclass(frozen=True)
class Setting:
    """Measured on the demo's ledgers: px of the head and the foot and of a row, and letters that a column holds."""

    around: int
    row: int
    letters: int


USUAL, LARGE = Setting(440, 22, 26), Setting(600, 27, 20)


def fit_of(groups: Groups, not_counted: list[Row], sheet: MemberSheet, *, large: bool) -> str:
    """The class that sets the size on paper, of print.css: fit-100, fit-95 … fit-50."""
    setting = LARGE if large else USUAL
    rows = _rows_of(groups, not_counted, sheet, setting.letters)
    size = 100 * HEIGHT // (setting.around + setting.row * rows)
    return f"fit-{max(SMALLEST, min(100, size // 5 * 5))}"


def _rows_of(groups: Groups, not_counted: list[Row], sheet: MemberSheet, letters: int) -> int:
    """About how many rows of text the ledger has between its head and its foot."""
    rows = 0
    for part, items in groups:
        rows += 1 + (len(sheet.appraisal) + 1 if part.kind == "appraisal" else 0)
        for item, lines in items:
            rows += max(1, sum(1 + bool(line.note) for line in lines) + bool(item.notes or item.sum_words))
    for line in not_counted:
        rows += max(1 + bool(line.note), _wrapped(line.why, letters), _wrapped(line.title, letters // 2))
    for proposal in (*sheet.consequences, *sheet.alerts):
        rows += 1 + _wrapped(proposal.words, 2 * letters)
    return rows


def _wrapped(text: str, letters: int) -> int:
    return -(-len(text) // letters)
