"""Schemes in their versions, who adopted them, and the entries that people declare under them."""

from .drafts import DraftFile, EntryDraft
from .entries import Decision, Entry, EntryStatus
from .evidence import Evidence
from .first_checks import FirstCheck
from .questions import Answer, Question
from .schemes import Adoption, SchemeVersion, UnitDocument, WorkedCase

__all__ = [
    "Adoption",
    "Answer",
    "Decision",
    "DraftFile",
    "Entry",
    "EntryDraft",
    "EntryStatus",
    "Evidence",
    "FirstCheck",
    "Question",
    "SchemeVersion",
    "UnitDocument",
    "WorkedCase",
]
