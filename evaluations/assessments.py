"""What there is to assess (考评): for whom, in which items, out of how much, with what the year's notes suggest."""

from collections import defaultdict
from dataclasses import dataclass, replace
from decimal import Decimal

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from evaluations.facts import gather, members_of
from evaluations.models import Assessment, Round
from evaluations.permissions import ASSESSING_ROLES, assessing_role, can_assess
from members.models import Exemption, Member, Membership, Mobility, Organization, Position, User
from members.querysets import in_subtrees, lineage, mobility_on, paths_of
from scoring.documents import document_of, with_unit_words
from scoring.engine import Period, Scheme, points, score
from scoring.engine.articles import Article
from scoring.engine.blocks.assessed import Noted
from scoring.engine.elements import Item
from scoring.models import Adoption, Entry, SchemeVersion


@dataclass(frozen=True)
class Line:
    """One item of one member: full marks, what the notes suggest, and the scores given so far, the earliest first."""

    member: Member
    item: Item
    clause: Article
    full: Decimal
    noted: Decimal
    suggested: Decimal
    notes: list[Entry]
    given: list[Assessment]
    role: str  # in which the user assesses

    @property
    def takes_notes(self) -> bool:
        """True if deductions may be noted for the item during the period."""
        return any(isinstance(rule, Noted) for rule in self.item.rules)

    @property
    def latest(self) -> Assessment | None:
        return self.given[-1] if self.given else None

    @property
    def earlier(self) -> list[Assessment]:
        """All but the latest, the newest first."""
        return self.given[-2::-1]

    @property
    def counts(self) -> bool:
        """True unless the latest was given out of other full marks, of another category."""
        return self.latest is not None and self.latest.full == self.full


def lines_of(
    user: User, branch: Organization, period: Period, adoption: Adoption, member: Member | None = None
) -> list[Line]:
    """The lines of a branch's members, or of one, that the user assesses; in the order of members and items."""
    scheme = adoption.scheme
    alone = member.pk if member else None
    facts = gather([branch], period, scheme, member_id=alone, position=adoption.position)
    results = score(scheme, facts, period)
    texts = with_unit_words(scheme, document_of(adoption)).articles
    items = {item.code: item for item in scheme.assessed}
    people = {one.pk: one for one in Member.objects.filter(pk__in=facts.members["member"].to_list())}
    given, notes = defaultdict(list), defaultdict(list)
    for one in (
        Assessment.objects.of_round(scheme.code, period.code).filter(member__in=people).select_related("assessed_by")
    ):
        given[one.member_id, one.item].append(one)
    noted = results.lines.filter(reason="noted").select("member", "item", "ref").iter_rows()
    refs = {ref: (who, item) for who, item, ref in noted}
    for entry in Entry.objects.filter(pk__in=refs).order_by("date", "pk"):
        notes[refs[entry.pk]].append(entry)
    lines = [
        Line(
            member=people[row["member"]],
            item=items[row["item"]],
            clause=texts[items[row["item"]].article],
            full=points(row["full"]),
            noted=points(row["noted"]),
            suggested=points(row["suggested"]),
            notes=notes[row["member"], row["item"]],
            given=given[row["member"], row["item"]],
            role=assessing_role(user, branch, items[row["item"]]),
        )
        for row in results.suggestions.iter_rows(named=True)
        if can_assess(user, people[row["member"]], branch, items[row["item"]])
    ]
    order = {code: place for place, code in enumerate(items)}
    return sorted(lines, key=lambda line: (line.member.number, order[line.item.code]))


def own_items(user: User, branch: Organization, scheme: Scheme) -> list[Item]:
    """The items of the scheme that the user assesses in a branch."""
    return [item for item in scheme.assessed if assessing_role(user, branch, item)]


def schemes_to_assess(user: User) -> dict[str, SchemeVersion]:
    """Schemes adopted around the user's branches that have items for the user to assess, by code."""
    paths = paths_of(user, ASSESSING_ROLES)
    above = {part for path in paths for part in lineage(path)}
    near = in_subtrees(paths, "adoptions__organization__path") | Q(adoptions__organization__path__in=above)
    places = list(Organization.objects.filter(path__in=paths))
    return {
        version.code: version
        for version in SchemeVersion.objects.released().filter(near).distinct().order_by("number")
        if not version.faults and any(own_items(user, place, version.scheme) for place in places)
    }


@dataclass(frozen=True)
class Work:
    """Who is assessed by the user under a scheme for a period: members of `branches`, each with its adoption."""

    user: User
    code: str
    period: Period
    branches: dict[Organization, Adoption]

    @classmethod
    def of(cls, user: User, code: str, period: Period) -> "Work":
        places = Organization.objects.for_roles(user, *ASSESSING_ROLES).branches()
        adoptions = Adoption.objects.under_scheme(places, code, period.ends_on)
        own = {
            branch: adoption
            for branch, adoption in adoptions.items()
            if own_items(user, branch, adoption.version.scheme)
        }
        return cls(user, code, period, own)

    def memberships(self) -> QuerySet[Membership]:
        """Of everybody to be assessed: no exempt ones, nobody settled abroad, and never oneself."""
        wanted = Q(pk__in=[])
        for position in {adoption.position for adoption in self.branches.values()}:
            paths = [branch.path for branch, adoption in self.branches.items() if adoption.position == position]
            group = in_subtrees(paths, "organization__path")
            if position:
                holders = Position.objects.on(self.period.starts_on).filter(title=position)
                group &= Q(member__in=holders.values("member"))
            wanted |= group
        exempt = Exemption.objects.on(self.period.ends_on).values("member")
        return (
            members_of(self.branches, self.period)
            .filter(wanted)
            .exclude(member=self.user.member_id)
            .alias(mobility_then=mobility_on(self.period.ends_on, "member__"))
            .exclude(mobility_then=Mobility.ABROAD)
            .exclude(member__in=exempt)
            .select_related("member", "organization")
            .order_by("organization__path", "member__number")
        )

    def items_in(self, branch_path: str) -> list[Item]:
        """The items that the user assesses for members of a place."""
        for branch, adoption in self.branches.items():
            if branch_path.startswith(branch.path):
                return own_items(self.user, branch, adoption.version.scheme)
        return []

    def given(self, members: list[int]) -> dict[int, int]:
        """For each member the number of items that have a score."""
        found = Assessment.objects.filter(scheme=self.code, period=self.period.code, member__in=members)
        codes = {item.code for branch in self.branches for item in self.items_in(branch.path)}
        counted = found.filter(item__in=codes).order_by().values("member").annotate(count=Count("item", distinct=True))
        return dict(counted.values_list("member", "count"))

    def unclosed(self) -> "Work":
        """What of it no closed round covers."""
        rounds = Round.objects.filter(scheme=self.code, period=self.period.code, status=Round.Status.CLOSED)
        closed = list(rounds.values_list("organization__path", flat=True))
        left = {
            branch: adoption
            for branch, adoption in self.branches.items()
            if not any(branch.path.startswith(path) for path in closed)
        }
        return replace(self, branches=left)

    def waiting(self) -> list[int]:
        """Ids of the members of whom an item is not assessed, in the order of the list."""
        rows = list(self.memberships().values_list("member", "organization__path"))
        given = self.given([member for member, _ in rows])
        return [member for member, path in rows if given.get(member, 0) < len(self.items_in(path))]


def periods_of(cycle: str) -> list[Period]:
    """The running period and the one before it: an annual score is often given in the next January."""
    running = Period.containing(timezone.localdate(), cycle)
    return [running, running.previous]


def is_closed(branch: Organization, code: str, period: Period) -> bool:
    closed = Round.objects.covering(branch).filter(scheme=code, period=period.code, status=Round.Status.CLOSED)
    return closed.exists()
