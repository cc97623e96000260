"""What a row of an imported roster comes to: its effect in words, its faults, and what is written besides the member."""

import datetime
import re
from dataclasses import dataclass, field

from members.models import FactChange, Member, MobilityChange, Organization, User
from members.roster_columns import plain_word
from members.services.people import roster_changes


@dataclass
class Row:
    """What one row of the file comes to; each fault names its column."""

    number: int
    name: str
    code: str
    kind: str = "same"
    out_of_scope: bool = False  # names somebody whose record is not the user's to keep
    lines: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


@dataclass
class Post:
    """A post that a row names: where, and since when, if it says so."""

    title: str
    starts_on: datetime.date | None = None
    organization: Organization | None = None


@dataclass
class Plan:
    """What a row asks for beside the member's own columns."""

    branch: Organization | None = None
    starts_on: datetime.date | None = None
    posts: list[Post] = field(default_factory=list)
    move: MobilityChange | None = None


def complete(row) -> None:
    """Take from the ID number what the row leaves open: sex, birthday, or the day in a month of birth."""
    match = re.fullmatch(r"\d{6}(\d{4})(\d{2})(\d{2})\d{2}(\d)[\dXx]", row.get("身份证号", ""))
    if not match:
        return
    year, month, day, order = match.groups()
    written = re.fullmatch(r"(\d{4})[-/.年]?(\d{1,2})月?", plain_word(row["出生日期"]))
    if not row["出生日期"] or (written and (written[1], f"{written[2]:0>2}") == (year, month)):
        row["出生日期"] = f"{year}-{month}-{day}"
    row["性别"] = row["性别"] or ("男" if int(order) % 2 else "女")


def undated_changes(before: Member, after: Member, actor: User) -> list[FactChange]:
    """`roster_changes` but for the mobility, of which the file makes a change with a day."""
    return [change for change in roster_changes(before, after, actor) if change.key != "mobility"]


def departed_sentence(person: Member, label: str) -> str:
    """Why a number cannot be given to anybody new: it is that of somebody who left, whom the reader may bring back."""
    return (
        f"这个{label}是{person.name}的(编号 {person.number}),已经移出名册。"
        "要恢复的,在「党员」里选「已移出名册」,打开这个人,按「恢复到名册」。"
    )


def values_of(member: Member) -> str:
    """What is written of a new member, to be looked over: columns in the wrong place are seen at once."""
    days = ((member.born, "出生"), (member.joined_on, "入党"), (member.converted_on, "转正"))
    words = [member.get_gender_display(), *(f"{day} {what}" for day, what in days if day), member.get_status_display()]
    words += [f"电话 {member.masked_phone}"] if member.phone else []
    return ",".join(words)
