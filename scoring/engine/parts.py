"""Reading parts, appraisal groups and the total, and checking that full marks and weights add up."""

from __future__ import annotations

from decimal import Decimal

from scoring.engine.blocks import Basis
from scoring.engine.elements import Group, Item, Part, Total
from scoring.engine.node import Node, listed
from scoring.engine.numbers import POINT, WEIGHT, plain
from scoring.engine.people import Layer

KINDS = ("sum", "weighted", "appraisal", "shortfall")
APPRAISAL_FULL = 100 * POINT


def read_groups(node: Node | None) -> tuple[Group, ...]:
    """The appraisal groups; their weights must make 100 %."""
    if node is None:
        return ()
    groups: list[Group] = []
    for child in node.children("groups", "评议组"):
        code, title, weight = child.text("code"), child.text("title"), child.weight("weight")
        basis = Basis.read(child)
        child.close()
        if None in (code, title, weight):
            continue
        if code in {group.code for group in groups}:
            child.fault("code", f"评议组「{code}」写了两次,请删去一个。")
        groups.append(Group(basis, code, title, weight))
    weights = sum(group.weight_parts for group in groups)
    if groups and weights != WEIGHT:
        node.fault("groups", f"评议组的权重合计 {plain(Decimal(weights) / 100)}%,应为 100%。")
    node.close()
    return tuple(groups)


def read_parts(
    root: Node, items: tuple[Item, ...], appraised: bool, layers: tuple[Layer, ...] = ()
) -> tuple[Part, ...]:
    """The parts in their order; each may use those before it."""
    parts: dict[str, Part] = {}
    for node in root.children("parts", "部分"):
        part = _part(node, parts, items, layers)
        node.close()
        if part is None:
            continue
        if part.code in parts:
            node.fault("code", f"部分「{part.code}」写了两次,请删去一个。")
        if part.kind == "appraisal" and not appraised:
            node.fault("make", "没有声明评议组「appraisal」,不能有评议得分。")
        parts[part.code] = part
    return tuple(parts.values())


def _part(node: Node, before: dict[str, Part], items: tuple[Item, ...], layers: tuple[Layer, ...]) -> Part | None:
    code, title, kind = node.text("code"), node.text("title"), node.choice("make", KINDS)
    of = node.choice("of", before) if kind in ("weighted", "shortfall") else None
    weight = node.weight("weight") if kind == "weighted" else None
    start = node.points("from") if kind == "shortfall" else None
    cap, negated = (node.points("cap", None), node.flag("negated")) if kind == "sum" else (None, False)
    declared = node.points("full", None)
    basis = Basis.read(node)
    if None in (code, title, kind) or (kind in ("weighted", "shortfall") and of is None):
        return None
    if (kind == "weighted" and weight is None) or (kind == "shortfall" and start is None):
        return None
    fulls = _fulls(kind, before.get(of), weight, [item for item in items if item.part == code], layers)
    for layer, full in fulls.items():
        whose = f"(按「{layer.title}」)" if layer else ""
        if declared is not None and declared != full:
            node.fault(
                "full", f"「{title}」写的满分是 {plain(declared)},各项合计{whose}是 {plain(full or 0)},请改成一致。"
            )
            break
    same = set(fulls.values())
    return Part(basis, code, title, kind, of, weight, start, same.pop() if len(same) == 1 else None, cap, negated)


def _fulls(
    kind: str, of: Part | None, weight: int | None, items: list[Item], layers: tuple[Layer, ...]
) -> dict[Layer | None, int | None]:
    """Full marks of the part, by layer where the scheme has them."""
    if kind == "appraisal":
        return {None: APPRAISAL_FULL}
    if kind == "weighted":
        return {None: of.full_micro and of.full_micro * weight // WEIGHT}
    if kind == "shortfall":
        return {None: None}
    return {layer: _sum_of_fulls(items, layer and layer.code) for layer in layers or (None,)}


def _sum_of_fulls(items: list[Item], layer: str | None) -> int | None:
    fulls = [item.full_for(layer) for item in items if not item.layers or layer in item.layers]
    return sum(full or 0 for full in fulls) if any(fulls) else None


def read_total(node: Node | None, parts: tuple[Part, ...]) -> Total | None:
    """The total; its full marks, where declared, must be those of its parts."""
    if node is None:
        return None
    by_code = {part.code: part for part in parts}
    of, minus = node.names("of", by_code), node.names("minus", by_code, ())
    declared = node.points("full", None)
    full = sum(by_code[code].full_micro or 0 for code in of)
    if declared is not None and declared != full:
        node.fault("full", f"总分写的满分是 {plain(declared)},各部分合计是 {plain(full)}(权重要合计 100%),请改成一致。")
    if not of:
        node.fault("of", f"总分至少要有一个部分,可用:{listed(by_code)}。")
    basis = Basis.read(node)
    node.close()
    return Total(basis, of, minus)
