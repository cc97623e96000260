"""A task, and words that several of them need."""

from collections.abc import Iterable
from dataclasses import dataclass

from members.models import Organization


@dataclass(frozen=True)
class Task:
    """A thing to do: how many, what, why it is worth doing now, and the button."""

    count: int
    title: str
    detail: str
    url: str
    button: str


def about_members(members, title: str, detail: str, url: str) -> list[Task]:
    """A task about members, the first of whom are named; none where there are none."""
    names = list(members.order_by("number").values_list("name", flat=True))
    if not names:
        return []
    return [Task(len(names), title, f"{names_of(names)}{detail}", url, "打开")]


def names_of(names: list[str]) -> str:
    """The first three, and how many they are."""
    return "、".join(names[:3]) + (f"等 {len(names)} 人" if len(names) > 3 else "")


def spans(names: Iterable[str], unit: str) -> str:
    """10 月, or 10 月起有 2 个月: the oldest of the spans that something is missing in, and how many they are."""
    names = list(dict.fromkeys(names))
    return names[0] if len(names) == 1 else f"{names[0]}起有 {len(names)} {unit}"


def branch_names(branches: list[Organization]) -> str:
    """The first three by name, and how many they are."""
    return "、".join(map(str, branches[:3])) + (f"等 {len(branches)} 个支部" if len(branches) > 3 else "")
