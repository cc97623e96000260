"""Groups of members that rules distinguish, and the layers that they make; all as of the period's first day."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

import polars as pl

from scoring.engine.blocks.base import Based, Basis
from scoring.engine.conditionreader import ABOUT_PEOPLE, read_condition
from scoring.engine.conditions import Condition
from scoring.engine.node import Node
from scoring.engine.period import Period

if TYPE_CHECKING:
    from scoring.engine.scheme import Scheme

# The fact of a member that a column of a group's condition comes from: what is missing where it is not known.
FACTS = {"figure:age": "born", "category": "category"}
FACT_TITLES = {"born": "出生日期", "category": "党员类别", "layer": "所属层次"}


@dataclass(frozen=True)
class People:
    """A named group of members. A layer has a basis in the text; other groups have that of the rules which use them."""

    code: str
    title: str
    when: Condition

    @property
    def facts(self) -> set[str]:
        """Facts of a member that decide whether they belong here."""
        return {FACTS[name] for name in self.when.expression.meta.root_names() if name in FACTS}


@dataclass(frozen=True)
class Layer(Based):
    """A layer of members: the first whose group a member belongs to."""

    title: str
    people: People

    @property
    def code(self) -> str:
        return self.people.code


def read_people(nodes: list[Node]) -> dict[str, People]:
    """The groups of a definition, by code."""
    found: dict[str, People] = {}
    for node in nodes:
        code, title, child = node.text("code"), node.text("title"), node.child("when", "条件")
        when = child and read_condition(child, ABOUT_PEOPLE)
        node.close()
        if code in found:
            node.fault("code", f"人群「{code}」写了两次,请删去一个。")
        elif code and title and when:
            found[code] = People(code, title, when)
    return found


def read_layers(nodes: list[Node], people: dict[str, People]) -> tuple[Layer, ...]:
    """The layers of a definition, in the order in which they are tried."""
    found: list[Layer] = []
    for node in nodes:
        code, title, basis = node.choice("who", people), node.text("title"), Basis.read(node)
        node.close()
        if code in {layer.code for layer in found}:
            node.fault("who", f"层次「{code}」写了两次,请删去一个。")
        elif code and title:
            found.append(Layer(basis, title, people[code]))
    return tuple(found)


def persons(scheme: Scheme, members: pl.DataFrame, period: Period) -> pl.DataFrame:
    """member, organization, standing, one Boolean column `who:<code>` a group (null: not known), layer, profile.

    profile: a number that is the same for members of the same groups.
    """
    first = period.starts_on
    born = pl.col("born").dt
    birthday = born.month().cast(pl.Int64) * 100 + born.day()
    age = first.year - born.year() - (birthday > first.month * 100 + first.day).cast(pl.Int64)
    groups = list(scheme.people.values())
    frame = members.with_columns(age.cast(pl.Int64).alias("figure:age"), standing="status").with_columns(
        group.when.expression.alias(f"who:{group.code}") for group in groups
    )
    layer = pl.lit(None, pl.String)
    for one in reversed(scheme.layers):
        belongs = pl.col(f"who:{one.code}")
        layer = pl.when(belongs).then(pl.lit(one.code)).when(belongs.is_null()).then(None).otherwise(layer)
    bits = [pl.col(f"who:{group.code}").fill_null(False).cast(pl.Int64) * 2**bit for bit, group in enumerate(groups)]
    return frame.select(
        "member",
        "organization",
        "standing",
        "born",
        "category",
        *(f"who:{group.code}" for group in groups),
        layer=layer,
        profile=pl.sum_horizontal(bits) if bits else pl.lit(0, pl.Int64),
    )


def of_profile(scheme: Scheme, profile: int) -> tuple[str, ...]:
    """Codes of the groups that members of `profile` belong to."""
    return tuple(code for bit, code in enumerate(scheme.people) if profile >> bit & 1)


def unknown_layers(scheme: Scheme, people: pl.DataFrame) -> pl.DataFrame:
    """member, code: the facts that are missing to tell a member's layer."""
    frames = [pl.DataFrame(schema={"member": pl.Int64, "code": pl.String})]
    if scheme.layers:
        lost = people.filter(pl.col("layer").is_null())
        facts = sorted(set().union(*(layer.people.facts for layer in scheme.layers)))
        frames += [_missing(lost.filter(pl.col(fact).is_null()), fact) for fact in facts]
        frames.append(_missing(lost.filter(pl.all_horizontal(pl.col(fact).is_not_null() for fact in facts)), "layer"))
    return pl.concat(frames)


def simplified_items(scheme: Scheme, people: pl.DataFrame, item: pl.DataType) -> pl.DataFrame:
    """member, item, simplified: true, or null where it is not known whether the member's groups simplify the item."""
    groups: dict[str, list[pl.Expr]] = {}
    for code, items in scheme.simplified.items():
        for name in items:
            groups.setdefault(name, []).append(pl.col(f"who:{code}"))
    frames = [
        people.select("member", item=pl.lit(name, item), simplified=reduce(or_, belongs))
        for name, belongs in groups.items()
    ]
    empty = pl.DataFrame(schema={"member": pl.Int64, "item": item, "simplified": pl.Boolean})
    return pl.concat([empty, *frames]).filter(pl.col("simplified").fill_null(True))


def unknown_groups(scheme: Scheme, people: pl.DataFrame, item: pl.DataType) -> pl.DataFrame:
    """member, code: the facts that are missing to tell whether an item is simplified for the member."""
    unsure = simplified_items(scheme, people, item).filter(pl.col("simplified").is_null())
    lost = people.join(unsure, on="member", how="semi")
    facts = sorted(set().union(*(scheme.people[code].facts for code in scheme.simplified)))
    frames = [_missing(lost.filter(pl.col(fact).is_null()), fact) for fact in facts]
    return pl.concat([_missing(lost.clear(), ""), *frames])


def _missing(members: pl.DataFrame, code: str) -> pl.DataFrame:
    return members.select("member", code=pl.lit(code))
