"""A task, and words that several of them need."""

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
    named = "、".join(names[:3]) + (f"等 {len(names)} 人" if len(names) > 3 else "")
    return [Task(len(names), title, f"{named}{detail}", url, "打开")]


def branch_names(branches: list[Organization]) -> str:
    """The first three by name, and how many they are."""
    return "、".join(map(str, branches[:3])) + (f"等 {len(branches)} 个支部" if len(branches) > 3 else "")
