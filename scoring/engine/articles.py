"""The articles of a scheme's text: `### 第四条 日常考核 {#4 source=77-103 neutral}` and the prose below it."""

from __future__ import annotations

import re
from dataclasses import dataclass

HEADING = re.compile(r"#{2,6}\s+(?P<title>.+?)\s*\{#(?P<id>[\w.\-]+)(?P<rest>[^}]*)\}\s*")
NUMBER = re.compile(r"(第[一二三四五六七八九十百零〇\d]+[条款项章](?:第[一二三四五六七八九十百零〇\d]+[款项])*)\s*(.*)")
LINES = re.compile(r"source=([\d,\-]+)")


@dataclass(frozen=True)
class Article:
    """One article. `source` are the lines of the source document; a neutral one is shown without its matter."""

    id: str
    number: str
    title: str
    text: str
    source: tuple[int, ...]
    neutral: bool
    line: int

    @property
    def heading(self) -> str:
        return f"{self.number} {self.title}".strip()


def read_articles(text: str) -> list[Article]:
    """The articles of a model text in its order, repeated ids included (loading refuses those)."""
    articles, head, body = [], None, []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.startswith("#"):
            body.append(line)
            continue
        if head:
            articles.append(_article(*head, body))
        match = HEADING.fullmatch(line)
        head, body = (match, number) if match else None, []
    if head:
        articles.append(_article(*head, body))
    return articles


def _article(match: re.Match[str], line: int, body: list[str]) -> Article:
    parts = NUMBER.fullmatch(match["title"])
    number, title = parts.groups() if parts else ("", match["title"])
    lines = LINES.search(match["rest"])
    return Article(
        id=match["id"],
        number=number,
        title=title,
        text="\n".join(body).strip(),
        source=_lines(lines[1]) if lines else (),
        neutral="neutral" in match["rest"].split(),
        line=line,
    )


def _lines(text: str) -> tuple[int, ...]:
    lines: list[int] = []
    for span in filter(None, text.split(",")):
        first, _, last = span.partition("-")
        lines.extend(range(int(first), int(last or first) + 1))
    return tuple(lines)
