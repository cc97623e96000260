"""Loading a scheme: the whole definition is read and checked, and every fault is listed at once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scoring.engine.articles import Article, read_articles
from scoring.engine.blocks import BLOCKS, Basis, EntryRule, LayerBase, Rule
from scoring.engine.blocks.entries import EntryHead
from scoring.engine.coverage import check_coverage, read_background, read_covers
from scoring.engine.elements import Board, Consequence, Item, Ranking, Simplification, Verdict
from scoring.engine.errors import Fault, SchemeError
from scoring.engine.marks import MarkError, read_documents
from scoring.engine.node import Faults, Node, listed
from scoring.engine.outcomes import read_alerts, read_grades, read_outcome, read_review, read_year
from scoring.engine.parts import read_groups, read_parts, read_total
from scoring.engine.people import People, read_layers, read_people
from scoring.engine.scheme import PlainEntry, Scheme
from scoring.engine.settings import BandsSetting, chosen, read_settings, substitute
from scoring.engine.vocabulary import POSTS

CYCLES = ("half_year", "year")
RANKS = ("organization", "layer")
SIGNS = {"direct": "经批准后直接定等", "record": "如实记录,按累计次数使用"}


def load_scheme(folder: Path) -> Scheme:
    """The scheme in `folder`, from its definition.yaml and text.md. Raises SchemeError."""
    file = folder / "definition.yaml"
    return parse_scheme(file.read_text("utf-8"), (folder / "text.md").read_text("utf-8"), str(file))


def parse_scheme(
    definition: str, text: str, file: str = "definition.yaml", settings: Mapping[str, Any] | None = None
) -> Scheme:
    """The scheme that `definition` (YAML) and `text` (its articles) describe, with a unit's settings if given.

    Raises SchemeError with every fault of the definition, and SettingsError for settings that are refused.
    """
    faults = Faults(file)
    root = _root(definition, faults)
    declared = read_settings(root.children("settings", "设定", ()))
    substitute(root.data, chosen(declared, settings), faults)
    articles = _articles(text, faults)
    scheme = _scheme(root, articles, declared, (definition, text, file), faults)
    root.close()
    if faults.found:
        raise SchemeError(faults.found)
    return scheme


def _root(definition: str, faults: Faults) -> Node:
    try:
        documents = list(read_documents(definition))
    except MarkError as error:
        raise SchemeError([error.fault(faults.file)]) from error
    if len(documents) != 1:
        raise SchemeError([Fault(faults.file, 1, "方案定义要写成一个 YAML 文档。")])
    line, data = documents[0]
    return Node(data, line, faults, "方案定义")


def _articles(text: str, faults: Faults) -> dict[str, Article]:
    articles: dict[str, Article] = {}
    for article in read_articles(text):
        if article.id in articles:
            faults.found.append(Fault("text.md", article.line, f"条文编号「{article.id}」用了两次,请改一个。"))
        articles[article.id] = article
    if not articles:
        faults.found.append(Fault("text.md", 1, "没有找到条文,标题要写成「### 第一条 名称 {#1 source=69}」。"))
    return articles


def _scheme(root: Node, articles: dict[str, Article], declared: dict, sources: tuple, faults: Faults) -> Scheme:
    code, title, cycle = root.text("scheme"), root.text("title"), root.choice("cycle", CYCLES)
    readings = _readings(root)
    people = read_people(root.children("people", "人群", ()))
    layers = read_layers(root.children("layers", "层次", ()), people)
    items = tuple(item for node in root.children("items", "项目") if (item := _item(node, people)))
    groups = read_groups(root.child("appraisal", "民主评议")) if root.has("appraisal") else ()
    parts = read_parts(root, items, bool(groups), layers)
    total = read_total(root.child("total", "总分"), parts)
    grades, bands = read_grades(root)
    entries = tuple(entry for node in root.children("entries", "记分条目", ()) if (entry := _plain_entry(node)))
    titles = _entry_titles(items, entries, root)
    outcome = read_outcome(root, parts, grades, titles)
    year = read_year(root, parts, grades, titles) if cycle != "year" else None
    scheme = Scheme(
        code=code,
        title=title,
        cycle=cycle,
        post=root.choice("post", POSTS, None),
        items=items,
        parts=parts,
        total=total,
        groups=groups,
        grades=grades,
        bands=bands,
        people=people,
        layers=layers,
        ranking=_ranking(root) if root.has("rank") else None,
        simplification=_simplification(root) if root.has("simplified") else None,
        review=read_review(root, people, grades) if root.has("review") else None,
        plain_entries=entries,
        outcome=outcome,
        year=year,
        alerts=read_alerts(root),
        settings=declared,
        readings=readings,
        articles=articles,
        background=read_background(root.children("background", "不参与计算的条文", ()), articles),
        covers=read_covers(root),
        digest=hashlib.sha256("\0".join(sources[:2]).encode()).hexdigest(),
        sources=sources,
    )
    _check_items(scheme, root)
    _check_layers(scheme, root)
    _check_meetings(scheme, root)
    _check_settings(scheme, root)
    _check_bases(scheme, root)
    check_coverage(scheme, root)
    return scheme


def _ranking(root: Node) -> Ranking | None:
    node = root.child("rank", "排名")
    within, basis = node.choice("within", RANKS), Basis.read(node)
    node.close()
    return Ranking(basis, within) if within else None


def _simplification(root: Node) -> Simplification | None:
    """The simplified items of each group; they can only come from a setting, which has checked them."""
    node = root.child("simplified", "简化")
    items, basis = node.value("items"), Basis.read(node)
    node.close()
    if items is not None and not (isinstance(items, dict) and all(isinstance(v, tuple) for v in items.values())):
        node.fault("items", "「items」只能写成 {setting: …},由单位设定。")
        return None
    return None if items is None else Simplification(basis, items)


def _readings(root: Node) -> dict[str, str]:
    node = root.child("readings", "读法") if root.has("readings") else None
    root.read.add("readings")
    return {str(key): node.text(key) for key in node.data} if node else {}


def _item(node: Node, people: Mapping[str, People]) -> Item | None:
    titles = {code: group.title for code, group in people.items()}
    code, title, part = node.text("code"), node.text("title"), node.text("part")
    full, fulls = _full(node, titles)
    layers = node.names("layers", titles, ())
    floor, cap, basis = node.points("floor", None), node.points("cap", None), Basis.read(node)
    rules = [_rule(child, basis, titles) for child in node.children("rules", "规则")]
    node.close()
    if None in (code, title, part):
        return None
    if any(marks <= 0 for marks in (full, *fulls.values()) if marks is not None):
        node.fault("full", "满分要大于 0。")
    return Item(basis, code, title, part, full, tuple(rule for rule in rules if rule), fulls, layers, floor, cap)


def _full(node: Node, titles: Mapping[str, str]) -> tuple[int | None, dict[str, int]]:
    """Full marks: one number, or one for every layer."""
    if not isinstance(node.data.get("full"), dict):
        return node.points("full", None), {}
    child = node.child("full", "各层次的满分")
    fulls = {code: child.points(code) for code in child.choices(titles)}
    return None, {code: marks for code, marks in fulls.items() if marks is not None}


def _rule(node: Node, item: Basis, titles: Mapping[str, str]) -> Rule | None:
    block = node.choice("block", BLOCKS)
    if block is None:
        return None
    rule = BLOCKS[block].read(node, Basis.read(node, item), titles)
    node.close()
    return rule


def _plain_entry(node: Node) -> PlainEntry | None:
    sign, head, basis = node.choice("sign", SIGNS), EntryHead.read(node, "code"), Basis.read(node)
    node.close()
    return PlainEntry(basis, head, sign, SIGNS[sign]) if sign and head else None


def _entry_titles(items: tuple[Item, ...], entries: tuple[PlainEntry, ...], root: Node) -> dict[str, str]:
    titles: dict[str, str] = {}
    rules = [(rule.head, rule.basis) for item in items for rule in item.rules if isinstance(rule, EntryRule)]
    for head, basis in [*rules, *((entry.head, entry.basis) for entry in entries)]:
        if head.code in titles:
            root.faults.add(basis.line, f"记分条目「{head.code}」用了两次,一个条目只能有一条规则。")
        titles[head.code] = head.title
    return titles


def _check_items(scheme: Scheme, root: Node) -> None:
    seen: set[str] = set()
    sums = {part.code for part in scheme.parts if part.kind == "sum"}
    for item in scheme.items:
        if item.code in seen:
            root.faults.add(item.basis.line, f"项目「{item.code}」写了两次,请删去一个。")
        seen.add(item.code)
        if item.part not in sums:
            root.faults.add(
                item.basis.line, f"项目「{item.code}」归入的「{item.part}」不是求和的部分,可用:{listed(sums)}。"
            )
    for part in scheme.parts:
        members = [item for item in scheme.items if item.part == part.code]
        if part.kind == "sum" and not members:
            root.faults.add(part.basis.line, f"部分「{part.code}」没有项目,请把项目的 part 写成它,或删去它。")


def _check_layers(scheme: Scheme, root: Node) -> None:
    """Whatever goes by layer names layers that there are, and an assessed item has full marks."""
    layers = [layer.code for layer in scheme.layers]
    for item in scheme.items:
        for code in sorted({*item.layers, *item.fulls} - set(layers)):
            root.faults.add(item.basis.line, f"「{code}」不是一个层次,可用:{listed(layers)}。")
        missing = [code for code in item.layers or layers if item.fulls and code not in item.fulls]
        if missing:
            root.faults.add(item.basis.line, f"「{item.title}」按层次写满分,缺少:{listed(missing)}。")
        if item.is_assessed and item.full_micro is None and not item.fulls:
            root.faults.add(item.basis.line, f"「{item.title}」由人打分,要写明满分「full」。")
        for rule in item.rules:
            left = set(layers) ^ {code for code, _, _ in rule.layers} if isinstance(rule, LayerBase) else ()
            if left:
                root.faults.add(rule.basis.line, f"各层次的基础分要与层次一致,不一致的:{listed(left)}。")
    if scheme.ranks_by_layer and not layers:
        root.fault("rank", "没有声明「layers」,不能按层次排名。")


def _check_meetings(scheme: Scheme, root: Node) -> None:
    """What a meeting decides needs nothing to be filled in but that it was carried."""
    for item, _, rule in scheme.entry_rules.values():
        if rule.head.office == "meeting" and rule.needs - {"quantity"}:
            root.faults.add(
                rule.basis.line,
                f"「{item.title}」的「{rule.head.title}」由会议表决(office: meeting),分值要写明,不能另填级别、分数或金额。",
            )


def _check_settings(scheme: Scheme, root: Node) -> None:
    """A unit may set bands only for grades that there are."""
    grades = [grade.code for grade in scheme.grades]
    for setting in scheme.settings.values():
        for code in setting.grades if isinstance(setting, BandsSetting) else ():
            if code not in grades:
                root.fault("settings", f"设定「{setting.code}」的「{code}」不是一个等次,可用:{listed(grades)}。")


def _check_bases(scheme: Scheme, root: Node) -> None:
    """Every article and reading named exists, and every article and reading is claimed by something."""
    for basis in all_bases(scheme):
        for article in (basis.article, *basis.also):
            if article not in scheme.articles:
                root.faults.add(basis.line, f"条文里没有「{article}」,请改成已有的编号,或在条文里补上这一条。")
        if basis.reading and basis.reading not in scheme.readings:
            root.faults.add(
                basis.line, f"没有声明读法「{basis.reading}」,可用:{listed(scheme.readings)};新的读法写进「readings」。"
            )
    for part in decided_parts(scheme):
        own = (part.article, *part.basis.also)
        for _, article in part.when.alternatives():
            if article and article not in own:
                root.faults.add(
                    part.basis.line,
                    f"条件里写的条文「{article}」不是这条规则的,请写进它的 article 或 also,可用:{listed(own)}。",
                )
    # What is written counts, so that one bad rule does not leave its article unclaimed as well.
    for code in scheme.readings.keys() - written(root.data, "reading"):
        root.faults.add(
            root.line_of("readings"), f"读法「{code}」没有规则用到,请在相应规则写 reading: {code},或删去它。"
        )
    claimed = written(root.data, "article") | written(root.data, "also") | set(scheme.background)
    for article in scheme.articles.values():
        if article.id not in claimed and not any(other.startswith(f"{article.id}.") for other in scheme.articles):
            root.faults.add(
                root.line_of("background"),
                f"条文「{article.id} {article.heading}」没有规则引用;不参与计算的条文请列入「background」,并写明理由。",
            )


def written(data: Any, key: str) -> set[str]:
    """Every value of `key` anywhere in the definition."""
    if isinstance(data, dict):
        value = data.get(key, [])
        own = {str(one) for one in (value if isinstance(value, list) else [value])}
        return own.union(*(written(value, key) for value in data.values()))
    return set().union(*(written(value, key) for value in data)) if isinstance(data, list) else set()


def decided_parts(scheme: Scheme) -> list[Verdict | Consequence | Board]:
    """What figures lead to, in a half-year and in its year view."""
    outcomes = [scheme.outcome, *([scheme.year.outcome] if scheme.year else [])]
    return [part for outcome in outcomes for parts in outcome.by_kind.values() for part in parts]


def all_bases(scheme: Scheme) -> list[Basis]:
    """The basis of everything in `scheme` that has one."""
    based: list[Any] = [*scheme.items, *(rule for item in scheme.items for rule in item.rules)]
    based += [*scheme.parts, *scheme.groups, *scheme.grades, *scheme.plain_entries, *scheme.alerts, *scheme.layers]
    based += decided_parts(scheme)
    based += [
        part for part in (scheme.total, scheme.year, scheme.review, scheme.ranking, scheme.simplification) if part
    ]
    return [part.basis for part in based]
