"""How far the rounds are that concern somebody: for the home."""

import datetime
from dataclasses import dataclass, field
from functools import cache

from django.db.models import Q, QuerySet
from django.utils import timezone

from evaluations.course import Stage, progress_of
from evaluations.models import Result, Round
from members.dates import near_day_name
from members.models import Organization, Position, User
from members.querysets import READING_ROLES, in_subtrees, lineage, paths_of
from scoring.engine import Period
from scoring.models import Adoption, SchemeVersion

ROUNDS_SHOWN = 3


@dataclass
class Standing:
    """How far a round is: its stages, its last day in words, and what the user may see of its results."""

    round: Round
    period: Period
    scheme: str
    deadline: str
    stages: list[Stage]
    results: dict = field(default_factory=dict)


def rounds_for(user: User) -> tuple[list[Standing], int]:
    """The unfinished rounds of the schemes of the user's branches, the latest first, and how many more there are.

    Where all are finished, the latest of them.
    """
    own = own_path(user)
    paths = [*paths_of(user, READING_ROLES), *([own] if own else [])]
    branches = list(Organization.objects.filter(in_subtrees(paths) | Q(path__in=lineage(own or ""))).branches())
    seen = Round.objects.visible_to(user) | Round.objects.filter(organization__path__in=lineage(own or ""))
    seen = seen.select_related("organization")
    posts = None if paths_of(user, READING_ROLES) else posts_of(user)
    found = concerning(seen.exclude(status=Round.Status.CLOSED), branches, posts)
    found = found or concerning(seen.filter(pk__in=list(seen.values_list("pk", flat=True)[:10])), branches, posts)[:1]
    schemes = dict(SchemeVersion.objects.order_by("number").values_list("code", "title")) if found else {}
    return [standing(one, schemes, user) for one in found[:ROUNDS_SHOWN]], max(0, len(found) - ROUNDS_SHOWN)


def posts_of(user: User) -> set[str]:
    """An empty one for what everybody is scored under, and the posts that the user holds as a member today."""
    held = user.member.positions.in_office() if user.member_id else Position.objects.none()
    return {"", *held.values_list("title", flat=True)}


def own_path(user: User) -> str | None:
    """The tree path of where the user belongs as a member today."""
    place = user.member.place_on(timezone.localdate()) if user.member_id else None
    return place.organization.path if place else None


def concerning(rounds: QuerySet[Round], branches: list[Organization], posts: set[str] | None) -> list[Round]:
    """Those in which somebody of the branches is scored: under the round's scheme, below its organisation.

    posts: "" and what the only reader holds; None where the branches' other holders count as well.
    """

    @cache
    def counting(day: datetime.date) -> list[tuple[str, str]]:
        adoptions = Adoption.objects.counting_at(branches, day)
        return [
            (branch.path, one.version.code)
            for branch, several in adoptions.items()
            for one in several
            if posts is None or one.position in posts
        ]

    return [
        one
        for one in rounds
        if any(
            code == one.scheme and path.startswith(one.organization.path)
            for path, code in counting(Period.parse(one.period).ends_on)
        )
    ]


def standing(round_: Round, schemes: dict[str, str], user: User) -> Standing:
    period, today = Period.parse(round_.period), timezone.localdate()
    last = near_day_name(period.ends_on, today)
    deadline = f"{last}截止" if today <= period.ends_on else f"已过截止日({last})"
    results = round_summary(round_, user) if paths_of(user, READING_ROLES) else {}
    title = schemes.get(round_.scheme, round_.scheme)
    return Standing(round_, period, title, deadline, progress_of(round_), results)


def round_summary(round_: Round, user) -> dict:
    """Of the results that the user may see: how many, how many incomplete and who, how many by grade."""
    rows = list(round_.results.visible_to(user).values_list("status", "grade", "member", "member__name"))
    scored = [row for row in rows if row[0] == Result.Status.SCORED]
    excellent = sum(row[1] == "excellent" for row in scored)
    return {
        "people": len(rows),
        "scored": len(scored),
        "excellent": excellent,
        "excellent_percent": round(100 * excellent / len(scored)) if scored else 0,
        "incomplete": [(row[2], row[3]) for row in rows if row[0] == Result.Status.INCOMPLETE],
    }
