"""The closed set of rule blocks. A scheme names a block; a new block is a new class here, with its own tests."""

from scoring.engine.blocks.amounts import AmountTiers
from scoring.engine.blocks.assessed import Assessed, Noted
from scoring.engine.blocks.attendance import Attendance
from scoring.engine.blocks.base import Basis, LineBlock, Rule
from scoring.engine.blocks.dues import Arrears, DuesMonths, DuesTiers
from scoring.engine.blocks.entries import Each, EntryRule, Given, Level, Levels, Zero
from scoring.engine.blocks.layers import LayerBase
from scoring.engine.blocks.visits import Visits

BLOCKS: dict[str, type] = {
    block.name: block
    for block in (
        Attendance,
        DuesTiers,
        DuesMonths,
        Arrears,
        Visits,
        Each,
        Given,
        Levels,
        Zero,
        AmountTiers,
        Assessed,
        Noted,
        LayerBase,
    )
}

__all__ = [
    "BLOCKS",
    "AmountTiers",
    "Arrears",
    "Assessed",
    "Attendance",
    "Basis",
    "DuesMonths",
    "DuesTiers",
    "Each",
    "EntryRule",
    "Given",
    "LayerBase",
    "Level",
    "Levels",
    "LineBlock",
    "Noted",
    "Rule",
    "Visits",
    "Zero",
]
