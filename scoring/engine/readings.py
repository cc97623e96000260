"""The page of readings: `python -m scoring.engine.readings > docs/readings.md` writes it from the definitions."""

from __future__ import annotations

from collections.abc import Iterable

from scoring.engine.cases import SCHEMES, shipped_schemes
from scoring.engine.coverage import claims
from scoring.engine.loader import load_scheme
from scoring.engine.scheme import Scheme

HEAD = """\
# Readings

Where a source text is silent, contradicts itself or is cut off, a numbered reading says what the product does. It stands in the
scheme's definition under `readings`, is shown beside the article that it concerns, and changes with the definition, not with code.
Where a unit may choose otherwise, the definition has a setting for it. This page is written from the definitions:
`python -m scoring.engine.readings > docs/readings.md`.

## Every scheme

| | What it concerns | What the product does |
|---|---|---|
| R29 | 周期中有变动的党员 | 人员类别、流动情况、免予考核和所在支部,按周期最后一天算;职务、年龄和层次,按周期第一天算。周期中转移组织关系的,只算一次:由最后一天所在的支部、按那天采用的方案算整个周期,在各支部的记录都算进去。 |
"""


def readings_page(schemes: Iterable[Scheme]) -> str:
    """The page: a table for every scheme, with the articles and the items that each reading concerns."""
    return HEAD + "".join(_table(scheme) for scheme in schemes)


def _table(scheme: Scheme) -> str:
    rows = [f"\n## {scheme.title} `{scheme.code}`\n\n| | Articles | What the product does |\n|---|---|---|\n"]
    for code in sorted(scheme.readings, key=lambda code: int(code.removeprefix("R"))):
        articles = dict.fromkeys(basis.article for _, basis in claims(scheme) if basis.reading == code)
        headings = "、".join(scheme.articles[article].heading for article in articles)
        rows.append(f"| {code} | {headings} | {scheme.readings[code]} |\n")
    return "".join(rows)


if __name__ == "__main__":
    print(readings_page(load_scheme(SCHEMES / code) for code in shipped_schemes()), end="")
