"""From the lines of the source to the articles that cite them, and on to what is computed from the articles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scoring.engine.articles import Article
from scoring.engine.node import Node

if TYPE_CHECKING:
    from scoring.engine.blocks import Basis
    from scoring.engine.scheme import Outcome, Scheme


@dataclass(frozen=True)
class Covers:
    """The lines of the source that a scheme is made from: every `every`-th from first to last, but for headings."""

    first: int
    last: int
    every: int
    headings: tuple[int, ...]

    @property
    def lines(self) -> tuple[int, ...]:
        """The lines that say something."""
        return tuple(n for n in range(self.first, self.last + 1, self.every) if n not in self.headings)


@dataclass(frozen=True)
class Claim:
    """Something computed from an article: a rule of an item, a part, a grade, a consequence …"""

    kind: str
    code: str
    title: str


@dataclass(frozen=True)
class CoveredArticle:
    """An article that cites a line, with what is computed from it, or why nothing is.

    inner: ids of its paragraphs; where it has some, they may say it all.
    """

    article: Article
    claims: tuple[Claim, ...]
    background: str | None
    inner: tuple[str, ...]


@dataclass(frozen=True)
class Covered:
    """One line of the source with the articles that cite it."""

    line: int
    articles: tuple[CoveredArticle, ...]


def read_covers(root: Node) -> Covers:
    """The lines that the definition answers for."""
    node = root.child("covers", "出处范围")
    if node is None:
        return Covers(1, 0, 1, ())
    first, last = node.whole("from", least=1), node.whole("to", least=1)
    every = node.whole("every", least=1, default=1)
    headings = tuple(line for _, line in node.elements("headings", ()) if isinstance(line, int))
    node.close()
    if None in (first, last, every):
        return Covers(1, 0, 1, ())
    if last < first:
        node.fault("to", f"出处从 {first} 行到 {last} 行,「to」不能小于「from」。")
    return Covers(first, last, every, headings)


def read_background(nodes: list[Node], articles: Mapping[str, Article]) -> dict[str, str]:
    """The articles that nothing is computed from, with the reason."""
    found: dict[str, str] = {}
    for node in nodes:
        names, reason = node.names("articles", articles), node.text("reason")
        node.close()
        for name in names:
            if name in found:
                node.fault("articles", f"条文「{name}」写了两次,请删去一个。")
            found[name] = reason or ""
    return found


def claims(scheme: Scheme) -> Iterator[tuple[Claim, Basis]]:
    """Everything in `scheme` that rests on an article."""
    for item in scheme.items:
        yield Claim("项目", item.code, item.title), item.basis
        for rule in item.rules:
            head = getattr(rule, "head", None)
            yield Claim("规则", head.code if head else item.code, rule.words), rule.basis
    yield from _named("评议组", scheme.groups)
    yield from _named("部分", scheme.parts)
    if scheme.total:
        yield Claim("总分", "total", "总分"), scheme.total.basis
    yield from _named("等次", scheme.grades)
    yield from _named("层次", scheme.layers)
    for entry in scheme.plain_entries:
        yield Claim("记录", entry.head.code, entry.head.title), entry.basis
    yield from _outcome(scheme.outcome)
    if scheme.review:
        yield Claim("年审", "review", scheme.review.words), scheme.review.basis
    if scheme.ranking:
        yield Claim("排名", "rank", scheme.ranking.words), scheme.ranking.basis
    if scheme.simplification:
        yield Claim("简化", "simplified", scheme.simplification.words), scheme.simplification.basis
    if scheme.year:
        yield Claim("年度", "year", "年度总分"), scheme.year.basis
        yield from _outcome(scheme.year.outcome)
    yield from _named("预警", scheme.alerts)


def _named(kind: str, based: tuple[Any, ...]) -> Iterator[tuple[Claim, Basis]]:
    for one in based:
        yield Claim(kind, one.code, one.title), one.basis


def _outcome(outcome: Outcome) -> Iterator[tuple[Claim, Basis]]:
    for verdict in outcome.verdicts:
        yield Claim("直接定等", verdict.grade, verdict.words), verdict.basis
    yield from _named("结果运用", outcome.consequences)
    yield from _named("榜单", outcome.lists)


def coverage(scheme: Scheme) -> tuple[Covered, ...]:
    """Every line that says something, with its articles and what is computed from them."""
    by_article: dict[str, list[Claim]] = {}
    for claim, basis in claims(scheme):
        for article in (basis.article, *basis.also):
            known = by_article.setdefault(article, [])
            if claim not in known:
                known.append(claim)
    found = {
        article.id: CoveredArticle(
            article,
            tuple(by_article.get(article.id, ())),
            scheme.background.get(article.id),
            tuple(other for other in scheme.articles if other.startswith(f"{article.id}.")),
        )
        for article in scheme.articles.values()
    }
    return tuple(
        Covered(line, tuple(one for one in found.values() if line in one.article.source))
        for line in scheme.covers.lines
    )


def check_coverage(scheme: Scheme, root: Node) -> None:
    """Every line is cited, and every rule names only lines that its articles cite."""
    cited = {line for article in scheme.articles.values() for line in article.source}
    uncited = [line for line in scheme.covers.lines if line not in cited]
    if uncited:
        lines = "、".join(map(str, uncited))
        root.faults.add(
            root.line_of("covers"),
            f"原文第 {lines} 行没有条文写明出处;请补进条文的 source,只是标题的写进「headings」。",
        )
    for _, basis in claims(scheme):
        named = [scheme.articles[code] for code in (basis.article, *basis.also) if code in scheme.articles]
        strange = sorted(set(basis.source) - {line for article in named for line in article.source})
        if strange and named:
            root.faults.add(
                basis.line,
                f"出处第 {'、'.join(map(str, strange))} 行不在条文「{basis.article}」的出处里,请核对两处的 source。",
            )
