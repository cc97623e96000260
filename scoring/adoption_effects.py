"""What an adoption would change, for whom, before it is made."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from members.models import Membership, Organization, Position
from members.querysets import in_subtrees
from scoring.engine import Period
from scoring.engine.vocabulary import POSTS
from scoring.models import Adoption, Entry
from scoring.trying import near


@dataclass(frozen=True)
class Effect:
    """What an adoption changes, for whom.

    before: the adoptions that it takes the place of (None: none), each with the number of its branches;
    keeping: branches below that stay under an adoption of their own; until: a later adoption of the same organisation,
    from which day on this one no longer counts; rounds: name of the organisation and period of the rounds that run;
    unknown: entries on record from its first day on that the scheme has no clause for.
    """

    branches: list[Organization]
    members: int
    before: list[tuple[Adoption | None, int]]
    keeping: list[Organization]
    until: Adoption | None
    rounds: list[tuple[str, Period]]
    unknown: int


def effect_of(adoption: Adoption) -> Effect:
    """What `adoption`, which need not be stored, changes."""
    nearest = _nearest(adoption)
    branches = _concerned(nearest, adoption)
    keeping = [branch for branch in nearest if branch not in branches]
    before = Counter(nearest[branch] for branch in branches)
    members = _members(adoption, keeping)
    return Effect(
        branches=branches,
        members=members.count(),
        before=sorted(before.items(), key=lambda pair: -pair[1]),
        keeping=keeping,
        until=siblings_of(adoption).filter(starts_on__gt=adoption.starts_on).order_by("starts_on").first(),
        rounds=_rounds(adoption),
        unknown=_unknown(adoption, members),
    )


def branches_of(adoption: Adoption) -> list[Organization]:
    """Branches that an adoption is for: those at or below its organisation without a nearer one of their own."""
    return _concerned(_nearest(adoption), adoption)


def _concerned(nearest: dict[Organization, Adoption | None], adoption: Adoption) -> list[Organization]:
    return [branch for branch, other in nearest.items() if not (other and _below(other, adoption))]


def siblings_of(adoption: Adoption):
    """Adoptions of the same organisation for the same people."""
    same = Adoption.objects.filter(organization=adoption.organization, position=adoption.position)
    return same.exclude(pk=adoption.pk).select_related("version", "organization")


def _below(other: Adoption, adoption: Adoption) -> bool:
    return len(other.organization.path) > len(adoption.organization.path)


def _nearest(adoption: Adoption) -> dict[Organization, Adoption | None]:
    """For each branch at or below the adoption's organisation, the one that counts there on its first day without it."""
    branches = list(Organization.objects.under(adoption.organization).branches())
    others = Adoption.objects.exclude(pk=adoption.pk).filter(position=adoption.position)
    return dict.fromkeys(branches) | others.nearest(branches, adoption.starts_on)


def _members(adoption: Adoption, keeping: list[Organization]):
    """Memberships of today that come under the adoption; with a position, of those who hold it."""
    there = Membership.objects.in_office().filter(organization__path__startswith=adoption.organization.path)
    if keeping:
        there = there.exclude(in_subtrees([branch.path for branch in keeping], "organization__path"))
    if adoption.position:
        there = there.filter(member__in=Position.objects.in_office().filter(title=adoption.position).values("member"))
    return there


def _rounds(adoption: Adoption) -> list[tuple[str, Period]]:
    """Rounds at, above or below the organisation that run, and whose last day the adoption is in force on."""
    running = near(adoption.organization).filter(rounds__isnull=False, rounds__closed_at__isnull=True)
    rows = running.order_by("path", "rounds__period").values_list("name", "rounds__period").distinct()
    found = [(name, Period.parse(code)) for name, code in rows]
    return [(name, period) for name, period in found if period.ends_on >= adoption.starts_on]


def _unknown(adoption: Adoption, members) -> int:
    if adoption.position:
        return 0  # the general scheme goes on counting them
    entries = Entry.objects.lines().filter(member__in=members.values("member"), date__gte=adoption.starts_on)
    return (
        entries.exclude(status__in=("rejected", "withdrawn"))
        .exclude(item__in=list(adoption.version.scheme.entry_titles))
        .count()
    )


def cautions(adoption: Adoption, effect: Effect) -> list[str]:
    """What whoever is about to adopt has perhaps not meant: a scheme for others, or one that holds already."""
    scheme, found = adoption.version.scheme, []
    if scheme.post and adoption.position != scheme.post:
        whom = adoption.get_position_display() if adoption.position else "全体党员"
        instead = "" if adoption.position else ",原来的方案不再用"
        found.append(
            f"《{scheme.title}》是考核{POSTS[scheme.post]}的,现在选的是用于{whom}:"
            f"{effect.members} 人都会按它计分、定等次{instead}。如果不是这个意思,请回上一步改「用于谁」。"
        )
    same = {before: count for before, count in effect.before if before and _alike(before, adoption)}
    if same:
        count = sum(same.values())
        which = "这些支部" if count == len(effect.branches) else f"其中 {count} 个支部"
        above = any(before.organization_id != adoption.organization_id for before in same)
        then = ",只是以后上级改用别的方案时,这里不再跟着改" if above else ""
        found.append(f"{which}本来就按{adoption.version}、同样的设定计分,再采用一次,分数没有变化{then}。")
    return found


def _alike(one: Adoption, other: Adoption) -> bool:
    return one.version_id == other.version_id and one.settings == other.settings
