"""The rows of table.md, and every address that the site has."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.urls import URLPattern, URLResolver, get_resolver

TABLE = Path(__file__).with_name("table.md")
ROLES = ("anonymous", "member", "leader", "secretary", "general", "staff", "discipline", "auditor", "administrator")


@dataclass(frozen=True)
class Row:
    """What one method of an address answers, by role."""

    address: str
    method: str
    of: str
    cells: dict[str, str]

    def __str__(self) -> str:
        return f"{self.method} {self.address} {self.of}".strip()


def rows() -> list[Row]:
    lines = [line for line in TABLE.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    heads, _, *body = cells
    assert heads == ["address", "method", "of", *ROLES]
    return [Row(*line[:3], dict(zip(ROLES, line[3:], strict=True))) for line in body]


def addresses(resolver: URLResolver | None = None, prefix: str = "") -> Iterator[str]:
    """Names of all URL patterns; for one without a name, its route."""
    for pattern in (resolver or get_resolver()).url_patterns:
        if isinstance(pattern, URLPattern):
            yield prefix + (pattern.name or f"no name: {pattern.pattern}")
        else:
            yield from addresses(pattern, prefix + (f"{pattern.namespace}:" if pattern.namespace else ""))
