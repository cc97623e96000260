"""What YAML from outside may not be: nested or repeated so deeply that reading it takes for ever."""

import yaml

from scoring.engine import Fault

DEEPEST = 30  # mappings and lists in each other
ALIASES = 20  # uses of an anchor: each may hold others
Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def yaml_fault(text: str, file: str) -> Fault | None:
    """Why the text is not even read; None where it may be (which may still find faults)."""
    depth = aliases = 0
    try:
        for event in yaml.parse(text, Loader=Loader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            aliases += isinstance(event, yaml.AliasEvent)
            if depth > DEEPEST or aliases > ALIASES:
                what = "一层套一层太深" if depth > DEEPEST else "用「*」引用的地方太多"
                return Fault(file, event.start_mark.line + 1, f"{what},读不了,请改成平铺的写法。")
    except yaml.YAMLError:
        return None
    return None
