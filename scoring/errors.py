"""What stored data may be wrong with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scoring.engine import SchemeError

if TYPE_CHECKING:
    from scoring.models import SchemeVersion


class UnreadableVersionError(SchemeError):
    """A stored version that this release refuses; an earlier one took it. `faults` are those of its definition."""

    def __init__(self, version: SchemeVersion) -> None:
        super().__init__(version.faults)
        self.version = version
