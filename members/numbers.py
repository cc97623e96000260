"""Whole numbers that are sent as text."""

LONGEST = 18  # digits: what a database's integers hold


def whole(text: str) -> int | None:
    """The number that digits write; None for anything else, and for more digits than a database could look for."""
    return int(text) if text.isdecimal() and len(text) <= LONGEST else None
