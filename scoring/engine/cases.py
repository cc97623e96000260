"""Running case files: score them with the shipped schemes, compare, and say what differs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from scoring.engine.casefile import Case, read_cases, refuse_repeated
from scoring.engine.errors import FactsError, Fault
from scoring.engine.facts import Facts
from scoring.engine.loader import load_scheme
from scoring.engine.node import Faults
from scoring.engine.results import results_rows
from scoring.engine.scheme import Scheme
from scoring.engine.score import score

SCHEMES = Path(__file__).resolve().parent.parent / "schemes"


class CaseFilesError(ValueError):
    """Case files that break the format; nothing was scored."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = faults
        super().__init__("\n".join(map(str, faults)))


@dataclass(frozen=True)
class Outcome:
    """A scored case: every member's answer by id, and the differences from what was expected."""

    case: Case
    members: dict[str, dict[str, Any]]
    differences: tuple[str, ...]

    @property
    def json(self) -> dict[str, Any]:
        """The result object of the case, with numbers as JSON numbers."""
        return {
            "case": self.case.name,
            "scheme": self.case.scheme.code,
            "period": self.case.period.code,
            "members": {
                key: {name: _number(value) for name, value in row.items()} for key, row in self.members.items()
            },
        }


def run_cases(paths: list[Path], schemes: Path = SCHEMES) -> list[Outcome]:
    """Every case in `paths` (files, or folders of *.yaml), scored and compared, in order.

    Raises CaseFilesError with every fault when one document breaks the format; then nothing is scored.
    """
    faults: list[Fault] = []
    cases: list[Case] = []
    for file in _files(paths, faults):
        cases += _read(file, schemes, faults)
    faults += refuse_repeated(cases)
    outcomes = [] if faults else [outcome for case in cases if (outcome := _outcome(case, faults))]
    if faults:
        raise CaseFilesError(faults)
    return outcomes


def run_text(text: str, file: str, schemes: dict[str, Scheme]) -> list[Outcome]:
    """Every case in `text`, scored with one of `schemes` (by code) and compared, in order.

    file: how messages name the text. Raises CaseFilesError with every fault, as `run_cases` does.
    """
    found = Faults(file)
    cases = read_cases(text, file, schemes.get, sorted(schemes), found)
    faults = found.found + refuse_repeated(cases)
    outcomes = [] if faults else [outcome for case in cases if (outcome := _outcome(case, faults))]
    if faults:
        raise CaseFilesError(faults)
    return outcomes


def shipped_schemes(schemes: Path = SCHEMES) -> list[str]:
    """Codes of the schemes in the folder."""
    return sorted(file.parent.name for file in schemes.glob("*/definition.yaml"))


@cache
def _scheme(folder: Path) -> Scheme | None:
    return load_scheme(folder) if (folder / "definition.yaml").is_file() else None


def _files(paths: list[Path], faults: list[Fault]) -> list[Path]:
    files: list[Path] = []
    for path in paths:
        found = sorted(path.glob("*.yaml")) if path.is_dir() else [path] if path.is_file() else []
        if not found:
            text = "文件夹里没有 *.yaml 文件。" if path.is_dir() else "没有这个文件或文件夹,请检查路径。"
            faults.append(Fault(str(path), 1, text))
        files += found
    return files


def _read(file: Path, schemes: Path, faults: list[Fault]) -> list[Case]:
    try:
        text = file.read_text("utf-8")
    except (UnicodeDecodeError, OSError) as error:
        faults.append(Fault(str(file), 1, f"读不出来,应是 UTF-8 编码的文本:{error}"))
        return []
    found = Faults(str(file))
    shipped = shipped_schemes(schemes)
    cases = read_cases(
        text, str(file), lambda code: _scheme(schemes / code) if code in shipped else None, shipped, found
    )
    faults += found.found
    return cases


def _outcome(case: Case, faults: list[Fault]) -> Outcome | None:
    try:
        results = score(case.scheme, Facts.build(**case.rows), case.period, case.settings)
    except FactsError as error:
        faults += [Fault(case.file, case.line, problem) for problem in error.problems]
        return None
    members = {case.ids[row["member"] - 1]: _exact(row) for row in results_rows(results)}
    return Outcome(case, members, tuple(_differences(case, members)))


def _exact(row: dict[str, Any]) -> dict[str, Any]:
    """The fields that a case knows, with figures as Decimal."""
    return {key: value for key, value in row.items() if key not in ("member", "grounds")} | {
        "items": {code: Decimal(value) for code, value in row["items"].items()},
        "parts": {code: Decimal(value) for code, value in row["parts"].items()},
        "total": None if row["total"] is None else Decimal(row["total"]),
    }


def compared(case: Case, members: dict[str, dict[str, Any]]) -> Iterator[tuple[str, str, Any, Any]]:
    """Member, field, wanted and got of everything that the case expects, the same or not."""
    for member, expected in (case.expect or {}).items():
        for field, value in expected.items():
            for name, wanted, got in _pairs(field, value, members[member][field]):
                yield member, name, wanted, got


def _differences(case: Case, members: dict[str, dict[str, Any]]) -> list[str]:
    return [
        f"{case.name} · {member} · {name}: expected {_said(wanted)} got {_said(got)}"
        for member, name, wanted, got in compared(case, members)
        if wanted != got
    ]


def _pairs(field: str, wanted: Any, got: Any) -> list[tuple[str, Any, Any]]:
    """Name, wanted and got. Of items and parts the named codes are compared; {} means none at all."""
    if isinstance(wanted, dict) and wanted:
        return [(f"{field}.{code}", value, got.get(code)) for code, value in wanted.items()]
    return [(field, wanted, got)]


def _number(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == int(value) else float(value)
    if isinstance(value, dict):
        return {code: _number(figure) for code, figure in value.items()}
    return value


def _said(value: Any) -> str:
    if isinstance(value, Decimal):
        return str(_number(value))
    if isinstance(value, dict):
        return "{" + ", ".join(f"{code}: {_said(figure)}" for code, figure in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(value)}]"
    return "null" if value is None else str(value)
