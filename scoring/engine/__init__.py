"""The scoring engine: schemes as data, facts and results as frames. It imports no Django."""

from scoring.engine.errors import FactsError, Fault, SchemeError, SettingsError
from scoring.engine.explain import explain
from scoring.engine.facts import Facts
from scoring.engine.loader import load_scheme, parse_scheme
from scoring.engine.membersheet import MemberSheet
from scoring.engine.numbers import plain, points, signed
from scoring.engine.period import Period
from scoring.engine.results import Results, results_rows
from scoring.engine.scheme import EntryItem, Scheme
from scoring.engine.score import ENGINE_VERSION, score

__all__ = [
    "ENGINE_VERSION",
    "EntryItem",
    "Facts",
    "FactsError",
    "Fault",
    "MemberSheet",
    "Period",
    "Results",
    "Scheme",
    "SchemeError",
    "SettingsError",
    "explain",
    "load_scheme",
    "parse_scheme",
    "plain",
    "points",
    "results_rows",
    "score",
    "signed",
]
