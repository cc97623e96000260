"""The course of a democratic appraisal: set up from the roster, opened, closed once everything reconciles."""

import datetime
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import Sum
from django.utils import timezone

from evaluations.models import Appraisal, AppraisalGroup, BallotCount, Candidate, Tally, Voter
from members.models import Member, Organization, User
from members.services import require_day_open
from scoring.engine import Period, Scheme
from scoring.models import Adoption

SCORES = (100, 95, 90, 85, 80, 75, 70, 60, 50)  # what a ballot offers, and the columns of a tally sheet
NAMED = 3  # people in a sentence


@dataclass
class Electorate:
    """Who votes in one group: members, others by name, and how many besides whom nobody names."""

    members: list[Member] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    head_count: int = 0

    def __len__(self) -> int:
        return len(self.members) + len(self.names) + self.head_count


def require_appraisal_open(appraisal: Appraisal) -> None:
    """Refuse to change an appraisal that is over, not begun, or of a settled period."""
    require_day_open(appraisal.organization, Period.parse(appraisal.period).ends_on)
    if appraisal.is_closed:
        raise ValidationError("这次评议已经结束,不能再改。")
    if not appraisal.is_open:
        raise ValidationError("这次评议还没有开始。请先核对名单,再点「开始评议」。")


def locked(appraisal: Appraisal) -> Appraisal:
    """The appraisal as it is now; until the transaction ends nobody else opens, changes or closes it."""
    return Appraisal.objects.select_for_update(of=("self",)).select_related("organization").get(pk=appraisal.pk)


def locked_group(group: AppraisalGroup) -> AppraisalGroup:
    """The group with its appraisal as they are now; votes, marks and the closing wait for each other here."""
    group = AppraisalGroup.objects.select_for_update().get(pk=group.pk)
    # Read after the lock: a closing that was waited for is seen.
    group.appraisal = Appraisal.objects.select_related("organization").get(pk=group.appraisal_id)
    return group


@transaction.atomic
def set_up_appraisal(
    branch: Organization,
    period: Period,
    opens_at: datetime.datetime,
    closes_at: datetime.datetime,
    candidates: Iterable[Member],
    electorates: dict[str, Electorate],
) -> Appraisal:
    """The appraisal with its groups as the branch's scheme has them; it replaces what was set up before.

    electorates: by the code of the group. Raises ValidationError once the appraisal is open.
    """
    require_day_open(branch, period.ends_on)
    Organization.objects.select_for_update().get(pk=branch.pk)  # two people setting up, one after the other
    appraisal, _ = Appraisal.objects.get_or_create(organization=branch, period=period.code)
    if appraisal.status != Appraisal.Status.SETUP:
        raise ValidationError("这次评议已经开始,名单和时间不能再改。")
    appraisal.opens_at, appraisal.closes_at = opens_at, closes_at
    appraisal.save(update_fields=["opens_at", "closes_at"])
    appraisal.candidates.all().delete()
    appraisal.groups.all().delete()
    Candidate.objects.bulk_create(Candidate(appraisal=appraisal, member=member) for member in candidates)
    voters = []
    for group in scheme_of(branch, period).groups:
        electorate = electorates.get(group.code, Electorate())
        stored = appraisal.groups.create(
            code=group.code, title=group.title, weight_parts=group.weight_parts, head_count=electorate.head_count
        )
        voters += [Voter(group=stored, member=member, name=member.name) for member in electorate.members]
        voters += [Voter(group=stored, name=name) for name in electorate.names]
    Voter.objects.bulk_create(voters)
    return appraisal


def scheme_of(branch: Organization, period: Period) -> Scheme:
    """The scheme that scores the branch's members. Raises ValidationError where none with an appraisal does."""
    adoption = Adoption.objects.in_force(branch, period.ends_on)
    if adoption is None or not adoption.version.scheme.groups:
        raise ValidationError(f"{branch}在{period.title}采用的方案里没有民主评议。")
    return adoption.scheme


def choices_of(scheme: Scheme) -> list[list[str]]:
    """What a ballot offers: each score with the word that the scheme has for it."""

    def word(score: int) -> str:
        within = (grade.title for grade in scheme.bands if grade.at_least is None or score >= grade.at_least)
        return next(within, "")

    return [[str(score), word(score)] for score in SCORES]


@transaction.atomic
def open_appraisal(appraisal: Appraisal) -> Appraisal:
    """The appraisal with its roster frozen and every counter at 0, so that a vote adds no row."""
    appraisal = locked(appraisal)
    period = Period.parse(appraisal.period)
    require_day_open(appraisal.organization, period.ends_on)
    if appraisal.status != Appraisal.Status.SETUP:
        raise ValidationError("这次评议已经开始。")
    if appraisal.closes_at <= timezone.now():
        raise ValidationError("网上评议的截止时间已经过了。请先改时间。")
    appraisal.choices = choices_of(scheme_of(appraisal.organization, period))
    appraisal.status = Appraisal.Status.OPEN
    appraisal.save(update_fields=["choices", "status"])
    members = list(appraisal.candidates.values_list("member", flat=True))
    BallotCount.objects.bulk_create(
        (
            BallotCount(group=group, member_id=member, score=score, count=0)
            for group in appraisal.groups.all()
            for member in members
            for score in [*(Decimal(score) for score, _ in appraisal.choices), None]
        ),
        batch_size=2000,
    )
    return appraisal


@transaction.atomic
def extend_voting(appraisal: Appraisal, closes_at: datetime.datetime) -> Appraisal:
    """The open appraisal with a later end of the voting online, whether or not the former one has passed."""
    appraisal = locked(appraisal)
    require_appraisal_open(appraisal)
    if closes_at <= max(appraisal.closes_at, timezone.now()):
        raise ValidationError("新的截止时间要晚于原来的,也要晚于现在。")
    appraisal.closes_at = closes_at
    appraisal.save(update_fields=["closes_at"])
    return appraisal


@transaction.atomic
def close_appraisal(appraisal: Appraisal, *, actor: User, without: str = "") -> Appraisal:
    """The appraisal with its final counts, online and paper together.

    without: why it ends although a group has no ballot for somebody; stays on record.
    Raises ValidationError with every difference between ticks, slips, ballots and tally sheets; and, unless there is
    such a reason, with every group that has no ballot for somebody.
    """
    appraisal = locked(appraisal)
    require_appraisal_open(appraisal)
    groups = list(AppraisalGroup.objects.select_for_update().filter(appraisal=appraisal).order_by("pk"))
    if differences := [sentence for group in groups for sentence in reconcile(group)]:
        raise ValidationError(differences)
    lacking = without_ballots(groups)
    if lacking and not without:
        raise ValidationError(lacking_in_words(lacking))
    for group in groups:
        write_final_counts(group)
    appraisal.status, appraisal.closed_at, appraisal.closed_by = Appraisal.Status.CLOSED, timezone.now(), actor
    appraisal.closed_without = without if lacking else ""
    appraisal.save(update_fields=["status", "closed_at", "closed_by", "closed_without"])
    transaction.on_commit(forget_former_counts, robust=True)  # closed is closed, tidied up or not
    return appraisal


def reconcile(group: AppraisalGroup) -> list[str]:
    """What does not fit together in a group, a sentence each."""
    ways = list(group.voters.values_list("way", flat=True))
    used = group.codes.filter(used=True).count()
    sentences = []
    handed_out = ways.count(Voter.Way.PAPER) + group.unnamed_paper
    tallies = list(group.tallies.all())
    returned = tallies[0].returned if tallies else 0
    if len(tallies) == 1 or (handed_out and not tallies):
        sentences.append(f"{group}组:发出纸质票 {handed_out} 张,计票单还没有两人各录一次。")
    elif handed_out != returned:
        sentences.append(
            f"{group}组:已登记领票 {handed_out} 人,收回 {returned} 张,差 {abs(handed_out - returned)} 张。"
        )
    slips = ways.count(Voter.Way.SLIP) + group.unnamed_slips
    if used > slips:
        sentences.append(f"{group}组:已登记领评议码 {slips} 人,用掉 {used} 个,差 {used - slips} 个。")
    ticked = ways.count(Voter.Way.ONLINE) + used
    if group.ballots_online != ticked or not counts_add_up(group):
        sentences.append(f"{group}组:网上参加 {ticked} 人,票数却对不上。请不要结束,联系管理员查看数据库。")
    return sentences


def without_ballots(groups: list[AppraisalGroup]) -> dict[AppraisalGroup, list[Member]]:
    """Groups without a single ballot for some of those appraised, each with these members.

    Told by who took part and by the tally sheets alone: what came in online stays unknown until the closing.
    """
    voted_online = set(
        Voter.objects.filter(group__in=groups, way=Voter.Way.ONLINE, member__isnull=False).values_list(
            "group", "member"
        )
    )
    tallied = {
        (tally.group_id, member)
        for tally in Tally.objects.filter(group__in=groups)
        for member, scores in tally.by_member().items()
        if any(scores.values())
    }
    appraised = Candidate.objects.filter(appraisal__groups__in=groups).values("member")

    def others_online(group: AppraisalGroup, member: Member) -> int:
        """Ballots that can hold a score of the member: nobody appraises himself or herself."""
        return group.ballots_online - ((group.pk, member.pk) in voted_online)

    members = list(Member.objects.without_numbers().filter(pk__in=appraised).order_by("number"))
    lacking = {
        group: [
            member for member in members if not others_online(group, member) and (group.pk, member.pk) not in tallied
        ]
        for group in groups
    }
    return {group: missed for group, missed in lacking.items() if missed}


def lacking_in_words(lacking: dict[AppraisalGroup, list[Member]]) -> list[str]:
    """Which group has no ballot for whom, a sentence each."""
    sentences = []
    for group, members in lacking.items():
        named = "、".join(map(str, members[:NAMED])) + (f"等 {len(members)} 人" if len(members) > NAMED else "")
        sentences.append(f"{group}组还没有评{named}的票。")
    return sentences


def counts_add_up(group: AppraisalGroup) -> bool:
    """True if every candidate has as many ballots as came in online, but for the own one."""
    own = set(group.voters.filter(way=Voter.Way.ONLINE).values_list("member", flat=True))
    sums = group.counts.order_by().values_list("member").annotate(Sum("count"))
    return all(total + (member in own) == group.ballots_online for member, total in sums)


def write_final_counts(group: AppraisalGroup) -> None:
    """Store a group's counts anew, online and paper together, in the order of members and scores.

    Where a row lies in the file then says nothing of the votes that it was changed by.
    """
    counts: Counter = Counter()
    for member, score, count in group.counts.values_list("member", "score", "count"):
        counts[member, score] = count
    if tally := group.tallies.first():
        for member, scores in tally.by_member().items():
            counts.update({(member, score): count for score, count in scores.items()})
            counts[member, None] += tally.returned - sum(scores.values())
    group.counts.all().delete()
    BallotCount.objects.bulk_create(
        (
            BallotCount(group=group, member_id=member, score=score, count=count)
            for (member, score), count in sorted(counts.items(), key=lambda row: (row[0][0], row[0][1] or -1))
        ),
        batch_size=2000,
    )


def forget_former_counts() -> None:
    """Let the database drop what single votes have left behind: row versions, and the places where rows lie.

    SQLite writes its file anew, so that it depends on nothing but what is stored; a few megabytes on one PC.
    """
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("VACUUM")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        else:
            cursor.execute("VACUUM evaluations_ballotcount")
