"""YAML read with the line of every key, exact decimals and dates that may not exist.

Numbers with a point become Decimal, never float. A date that is not in the calendar, an octal number or an
infinity stays text, so that whoever checks the value can say what is wrong with it.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator
from contextlib import suppress
from datetime import date
from decimal import Decimal
from typing import Any

import yaml

from scoring.engine.errors import Fault
from scoring.engine.yamlwords import yaml_problem

Base = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
DEEPEST = 40  # levels of nesting
LARGEST = 3_000_000  # values of a document, those of an alias counted each time


class Mapping(dict):
    """A dict that knows its line, and in `lines` the line of every key."""

    line: int
    lines: dict[Any, int]


class Sequence(list):
    """A list that knows its line, and in `lines` the line of every element."""

    line: int
    lines: list[int]


class MarkError(Exception):
    """YAML that cannot be read; carries the fault."""

    def __init__(self, line: int, text: str) -> None:
        self.line, self.text = line, text
        super().__init__(text)

    def fault(self, file: str) -> Fault:
        return Fault(file, self.line, self.text)


class Loader(Base):
    """The safe loader, with lines and exact values."""


def line_of(node: yaml.Node) -> int:
    return node.start_mark.line + 1


def _mapping(loader: Loader, node: yaml.MappingNode) -> Iterator[Mapping]:
    data = Mapping()
    data.line, data.lines = line_of(node), {}
    yield data
    _refuse_repeated_keys(node)
    loader.flatten_mapping(node)
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, Hashable):
            raise MarkError(line_of(key_node), "键要写成一个词,不能是列表或一组键值。")
        data[key] = loader.construct_object(value_node, deep=True)
        data.lines[key] = line_of(key_node)


def _refuse_repeated_keys(node: yaml.MappingNode) -> None:
    seen: set[str] = set()
    for key_node, _ in node.value:
        if isinstance(key_node, yaml.ScalarNode) and key_node.tag != "tag:yaml.org,2002:merge":
            if key_node.value in seen:
                raise MarkError(line_of(key_node), f"「{key_node.value}」写了两次,请删去一个。")
            seen.add(key_node.value)


def _sequence(loader: Loader, node: yaml.SequenceNode) -> Iterator[Sequence]:
    data = Sequence()
    data.line, data.lines = line_of(node), [line_of(child) for child in node.value]
    yield data
    data.extend(loader.construct_object(child, deep=True) for child in node.value)


def _timestamp(loader: Loader, node: yaml.ScalarNode) -> date | str:
    try:
        return date.fromisoformat(node.value)
    except ValueError:
        return node.value


def _integer(loader: Loader, node: yaml.ScalarNode) -> int | str:
    return int(node.value) if re.fullmatch(r"[-+]?(0|[1-9]\d{0,17})", node.value) else node.value


def _decimal(loader: Loader, node: yaml.ScalarNode) -> Decimal | str:
    return Decimal(node.value) if re.fullmatch(r"[-+]?\d{1,18}\.\d{0,18}|[-+]?\.\d{1,18}", node.value) else node.value


for _tag, _constructor in {
    "map": _mapping,
    "seq": _sequence,
    "timestamp": _timestamp,
    "int": _integer,
    "float": _decimal,
}.items():
    Loader.add_constructor(f"tag:yaml.org,2002:{_tag}", _constructor)


def _refuse_bombs(text: str) -> None:
    """Refuses nesting and aliases that no honest text has, before anything is built: the parser would crash on them."""
    sizes: dict[str | None, int] = {}
    anchors: list[str | None] = []
    open_sizes = [0]
    for event in yaml.parse(text, Loader=Base):
        if isinstance(event, yaml.DocumentStartEvent):
            sizes, open_sizes = {}, [0]
        elif isinstance(event, yaml.ScalarEvent):
            open_sizes[-1] += 1
        elif isinstance(event, yaml.AliasEvent):
            open_sizes[-1] += sizes.get(event.anchor, 1)
        elif isinstance(event, yaml.CollectionStartEvent):
            anchors.append(event.anchor)
            open_sizes.append(1)
        elif isinstance(event, yaml.CollectionEndEvent):
            size = open_sizes.pop()
            open_sizes[-1] += size
            sizes[anchors.pop()] = size
        if len(open_sizes) > DEEPEST:
            raise MarkError(event.start_mark.line + 1, f"嵌套超过 {DEEPEST} 层,请改成平常的写法。")
        if open_sizes[-1] > LARGEST:
            raise MarkError(event.start_mark.line + 1, f"别名展开后超过 {LARGEST} 项,请直接写出内容,或分成几个文件。")


def read_documents(text: str) -> Iterator[tuple[int, Any]]:
    """The line and value of every document in `text`; raises MarkError where it cannot be read."""
    with suppress(yaml.YAMLError):  # what is no YAML is said below, after the documents before it
        _refuse_bombs(text)
    loader = None
    try:
        loader = Loader(text)
        while loader.check_node():
            node = loader.get_node()
            yield line_of(node), loader.construct_document(node)
    except yaml.YAMLError as error:
        raise MarkError(*yaml_problem(error, text)) from error
    finally:
        if loader is not None:
            loader.dispose()
