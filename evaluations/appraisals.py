"""Reading appraisals: who would take part, how many have, and what came out."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from django.db.models import Count, Q

from evaluations.facts import members_of
from evaluations.models import Appraisal, AppraisalGroup, BallotCode, BallotCount, Voter
from evaluations.services import Electorate
from evaluations.templatetags.figures import percent, points
from members.models import Exemption, Member, MemberStatus, Mobility, Organization, Position, PositionTitle
from scoring.engine import Period
from scoring.engine.elements import Group

FEW = 5  # ballots below which nothing but the mean is shown
CENT = Decimal("0.01")
POST = PositionTitle
COMMITTEE_POSTS = (
    POST.SECRETARY, POST.DEPUTY_SECRETARY, POST.COMMITTEE_MEMBER, POST.DISCIPLINE_MEMBER,
    POST.DIRECTOR, POST.DEPUTY_DIRECTOR, POST.NEIGHBOURHOOD_MEMBER,
)  # fmt: skip


def voters_of(branch: Organization, period: Period) -> list[Member]:
    """Everybody who belongs to the branch on the period's last day, except who settled abroad."""
    members = Member.objects.without_numbers().filter(pk__in=members_of([branch], period).values("member"))
    return list(members.with_states(period.ends_on).exclude(mobility_then=Mobility.ABROAD).order_by("number"))


def candidates_of(branch: Organization, period: Period) -> list[Member]:
    """Members who are appraised: scored in the branch, not exempt and not settled abroad."""
    members = voters_of(branch, period)
    exempt = exempt_words(members, period)
    return [member for member in members if member.pk not in exempt]


def exempt_words(members: list[Member], period: Period) -> dict[int, str]:
    """By member id of those who are exempt: until when, 免予考核至 2026-06-30."""
    found = Exemption.objects.on(period.ends_on).filter(member__in=members)
    return {
        one.member_id: f"免予考核至 {one.ends_on}" if one.ends_on else "长期免予考核"
        for one in found.order_by("starts_on")
    }


def appraised(appraisal: Appraisal) -> list[Member]:
    """The members whom the ballot names, in its order."""
    members = Member.objects.without_numbers().filter(pk__in=appraisal.candidates.values("member"))
    return list(members.order_by("number"))


def usual_electorates(members: list[Member], groups: Iterable[Group], period: Period) -> dict[str, Electorate]:
    """Who usually votes in which group: the committee in its own, other full and probationary members in theirs."""
    codes = [group.code for group in groups]
    electorates = {code: Electorate() for code in codes}
    holders = set(
        Position.objects.on(period.ends_on)
        .filter(title__in=COMMITTEE_POSTS, member__in=members)
        .values_list("member", flat=True)
    )
    ordinary = next((code for code in codes if "members" in code), codes[0])
    for member in members:
        if member.status_on(period.ends_on) != MemberStatus.ACTIVIST:
            own = "committee" if member.pk in holders and "committee" in codes else ordinary
            electorates[own].members.append(member)
    return electorates


# Turnout ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Turnout:
    """How many of a group have taken part, by way."""

    group: AppraisalGroup
    expected: int
    online: int  # signed in
    by_code: int
    paper: int
    slips: int  # handed out, used or not

    @property
    def taken_part(self) -> int:
        return self.online + self.by_code + self.paper


def turnouts(groups: Iterable[AppraisalGroup]) -> list[Turnout]:
    """The turnout of each group; counts only, and the same queries for any number of groups."""
    groups = list(groups)
    ways = {
        row["group"]: row
        for row in Voter.objects.filter(group__in=groups)
        .order_by()
        .values("group")
        .annotate(
            all=Count("pk"),
            **{way: Count("pk", filter=Q(way=way)) for way in (Voter.Way.ONLINE, Voter.Way.PAPER, Voter.Way.SLIP)},
        )
    }
    used = dict(
        BallotCode.objects.filter(group__in=groups, used=True).order_by().values_list("group").annotate(Count("pk"))
    )
    nobody = {"all": 0, "online": 0, "paper": 0, "slip": 0}
    rows = [(group, ways.get(group.pk, nobody)) for group in groups]
    return [
        Turnout(
            group=group,
            expected=row["all"] + group.head_count,
            online=row["online"],
            by_code=used.get(group.pk, 0),
            paper=row["paper"] + group.unnamed_paper,
            slips=row["slip"] + group.unnamed_slips,
        )
        for group, row in rows
    ]


# Results ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class GroupResult:
    """A member's ballots in one group. shares: (score, ballots), empty where they are too few to be shown."""

    group: AppraisalGroup
    ballots: int
    mean: Decimal | None
    shares: list[tuple[Decimal, int]]

    @property
    def withheld(self) -> bool:
        return 0 < self.ballots < FEW

    @property
    def shares_words(self) -> str:
        """10 分 4 票,9 分 2 票; why there is nothing to be said of few ballots or none."""
        if not self.ballots:
            return "没有票"
        if self.withheld:
            return "不到五票,不分列"
        return ",".join(f"{points(score)} 分 {count} 票" for score, count in self.shares)


@dataclass(frozen=True)
class AppraisalResult:
    """What the groups make of a member. score: the weighted sum of the means; None where a group gave no ballot."""

    member: Member
    groups: list[GroupResult]

    @property
    def score(self) -> Decimal | None:
        if any(group.mean is None for group in self.groups):
            return None
        total = sum((group.mean * group.group.weight_parts for group in self.groups), Decimal(0))
        return (total / 10_000).quantize(CENT, ROUND_HALF_UP)

    @property
    def row(self) -> list[str | int | Decimal]:
        """As it stands in a workbook: of each group the mean, the ballots and how they are spread, and the score last."""
        of_groups = [("" if one.mean is None else one.mean, one.ballots, one.shares_words) for one in self.groups]
        score = "—" if self.score is None else self.score
        return [self.member.name, *(value for cells in of_groups for value in cells), score]


def results_head(groups: Iterable[AppraisalGroup]) -> list[str]:
    """What stands above the rows of the results."""
    of_groups = [f"{group}({percent(group.weight)}){what}" for group in groups for what in ("平均", "票数", "各分票数")]
    return ["党员", *of_groups, "评议得分"]


def results_of(appraisal: Appraisal, members: Iterable[Member]) -> list[AppraisalResult]:
    """Results of these members in a closed appraisal."""
    members = list(members)
    cast: dict[tuple[int, int], list[tuple[Decimal, int]]] = defaultdict(list)
    counts = BallotCount.objects.filter(
        group__appraisal=appraisal, member__in=members, score__isnull=False, count__gt=0
    )
    for group, member, score, count in counts.order_by("-score").values_list("group", "member", "score", "count"):
        cast[group, member].append((score, count))
    groups = list(appraisal.groups.all())
    return [
        AppraisalResult(member, [group_result(group, cast[group.pk, member.pk]) for group in groups])
        for member in members
    ]


def group_result(group: AppraisalGroup, cast: list[tuple[Decimal, int]]) -> GroupResult:
    ballots = sum(count for _, count in cast)
    points = sum(score * count for score, count in cast)
    mean = (points / ballots).quantize(CENT, ROUND_HALF_UP) if ballots else None
    return GroupResult(group, ballots, mean, cast if ballots >= FEW else [])
