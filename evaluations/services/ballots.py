"""Votes: counted, never stored. Codes: made, shown once, used once."""

import hashlib
import secrets
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Case, F, Value, When
from django.utils import timezone

from evaluations.models import AppraisalGroup, BallotCode, Voter
from evaluations.services.appraisals import locked_group, require_appraisal_open

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # without letters that are taken for digits
CODE_LENGTH = 16  # of 32 characters: 80 bits
MISREAD = str.maketrans("OIL", "011")
MOST_CODES = 500
UNKNOWN_CODE = "这个评议码不能用:可能抄错了,也可能已经用过。请核对纸条;还是不行,请找发纸条的人。"


def tidy_code(text: str) -> str:
    """A code as somebody typed it, in the form that it was made in."""
    return "".join(text.upper().replace("-", "").split()).translate(MISREAD)


def digest_of(code: str) -> str:
    """What is stored of a code: 80 random bits are not found again from it."""
    return hashlib.sha256(tidy_code(code).encode()).hexdigest()


def written(code: str) -> str:
    """A code as it is printed: K7QF-2M9X-…"""
    return "-".join(code[start : start + 4] for start in range(0, CODE_LENGTH, 4))


@transaction.atomic
def make_codes(group: AppraisalGroup, number: int, batch: int) -> list[str]:
    """So many new codes, as they are printed, in an order of chance; unused older ones are void.

    batch: how often codes had been made when the page was opened. Raises ValidationError if somebody made some since.
    """
    group = locked_group(group)
    require_appraisal_open(group.appraisal)
    if group.appraisal.closes_at <= timezone.now():
        raise ValidationError("网上评议已经截止,不再发评议码。")
    if group.code_batch != batch:
        raise ValidationError(
            "刚才已经生成过一批评议码,这次没有再生成。没有打印出来的话,请再点一次,原来那批没用过的会作废。"
        )
    group.codes.filter(used=False).delete()
    codes = {"".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH)) for _ in range(number)}
    # Sorted, so that the rows say nothing of the order on paper.
    BallotCode.objects.bulk_create(BallotCode(group=group, digest=digest) for digest in sorted(map(digest_of, codes)))
    group.code_batch += 1
    group.save(update_fields=["code_batch"])
    slips = [written(code) for code in codes]
    secrets.SystemRandom().shuffle(slips)
    return slips


def group_of_code(text: str) -> AppraisalGroup:
    """The group that an unused code is for. Raises ValidationError, in the same words for unknown and used ones."""
    code = BallotCode.objects.filter(digest=digest_of(text), used=False)
    found = code.select_related("group__appraisal__organization").first()
    if found is None:
        raise ValidationError(UNKNOWN_CODE)
    return found.group


@transaction.atomic
def vote_by_code(text: str, answers: dict[int, Decimal | None]) -> None:
    """A ballot cast with a code. Raises ValidationError where the code is unknown or used, or there is no voting."""
    group = locked_group(group_of_code(text))
    require_voting(group)
    if not BallotCode.objects.filter(group=group, digest=digest_of(text), used=False).update(used=True):
        raise ValidationError(UNKNOWN_CODE)
    count_ballot(group, answers)


@transaction.atomic
def vote_as_member(voter: Voter, answers: dict[int, Decimal | None]) -> None:
    """A ballot cast by somebody on the roster. Raises ValidationError for a second one, or where there is no voting."""
    group = locked_group(voter.group)
    require_voting(group)
    if not Voter.objects.filter(pk=voter.pk, way=Voter.Way.NONE).update(way=Voter.Way.ONLINE):
        voter.refresh_from_db(fields=["way"])
        raise ValidationError(taken_part(voter))
    if voter.member_id in answers:
        raise ValidationError("不能评议自己。")
    count_ballot(group, answers, own=voter.member_id)


def taken_part(voter: Voter) -> str:
    """Why somebody who has chosen a way of taking part cannot vote online; empty for who has not."""
    return {
        Voter.Way.NONE: "",
        Voter.Way.ONLINE: "您已经评议过了,每人只评一次。",
        Voter.Way.PAPER: "登记簿上您领了纸质票,不能再在网上评议。没有领的话,请找登记的人更正。",
        Voter.Way.SLIP: "登记簿上您领了评议码,请用纸条上的码评议。没有领的话,请找登记的人更正。",
    }[voter.way]


def require_voting(group: AppraisalGroup) -> None:
    """Refuse a vote before the opening, after the end, or in a settled period."""
    appraisal, now = group.appraisal, timezone.now()
    require_appraisal_open(appraisal)
    if now < appraisal.opens_at:
        raise ValidationError(
            f"网上评议从 {timezone.localtime(appraisal.opens_at):%-m 月 %-d 日 %H:%M} 开始,请到时再来。"
        )
    if now >= appraisal.closes_at:
        raise ValidationError("网上评议已经截止,这次没有记入。")


def count_ballot(group: AppraisalGroup, answers: dict[int, Decimal | None], *, own: int | None = None) -> None:
    """Add a ballot to the counters of its group.

    One statement writes every row anew, adding one or nothing: afterwards no row is newer than another, so that the
    last ballot cannot be told from those before it.
    """
    counters = {
        (member, score): pk for pk, member, score in group.counts.order_by("pk").values_list("pk", "member", "score")
    }
    if {member for member, _ in counters} - {own} != set(answers):
        raise ValidationError("评议名单上还有人没有选。请选好以后再提交。")
    try:
        chosen = [counters[member, score] for member, score in answers.items()]
    except KeyError as error:
        raise ValidationError("票上有这次评议没有的分数,没有记入。请重新打开评议票。") from error
    group.counts.update(count=F("count") + Case(When(pk__in=chosen, then=Value(1)), default=Value(0)))
    group.ballots_online += 1
    group.save(update_fields=["ballots_online"])
