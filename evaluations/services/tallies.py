"""Paper: who took a ballot or a slip, and the tally sheet, entered by two people."""

from dataclasses import dataclass
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.db import transaction

from evaluations.models import AppraisalGroup, Tally, TallyPhoto, Voter
from evaluations.services.appraisals import locked_group, require_appraisal_open
from members.models import Member, User
from members.uploads import CheckedFile, storing

FOLDER = "tallies"


@dataclass
class Mark:
    """The way of a voter that the page showed when it was opened, and the one it sends now."""

    voter: int
    shown: str
    wanted: str


@transaction.atomic
def mark_roster(
    group: AppraisalGroup, marks: list[Mark], unnamed_paper: tuple[int, int], unnamed_slips: tuple[int, int]
) -> int:
    """How many people's marks were changed, the unnamed among them: who took a paper ballot or a slip.

    unnamed_paper, unnamed_slips: how many of the unnamed, as shown and as sent. Raises ValidationError naming whoever
    has voted online or was marked by somebody else meanwhile; then nothing is stored.
    """
    group = locked_group(group)
    require_appraisal_open(group.appraisal)
    voters = {voter.pk: voter for voter in group.voters.all()}
    changed = [mark for mark in marks if mark.wanted != mark.shown and mark.wanted != voters[mark.voter].way]
    faults = [fault for mark in changed if (fault := clash(voters[mark.voter], mark))]
    unnamed = 0
    for name, (shown, wanted) in {"unnamed_paper": unnamed_paper, "unnamed_slips": unnamed_slips}.items():
        if wanted != shown and getattr(group, name) not in (shown, wanted):
            faults.append("不记名的领票人数刚才被别人改过。请核对以后再保存。")
        elif wanted != shown:
            unnamed += abs(wanted - getattr(group, name))
            setattr(group, name, wanted)
    taken = group.unnamed_paper + group.unnamed_slips
    if taken > group.head_count:
        faults.append(f"不记名的一共 {group.head_count} 人,领纸质票和评议码的却有 {taken} 人。请核对。")
    if faults:
        raise ValidationError(faults)
    for mark in changed:
        voters[mark.voter].way = mark.wanted
    Voter.objects.bulk_update([voters[mark.voter] for mark in changed], ["way"], batch_size=500)
    group.save(update_fields=["unnamed_paper", "unnamed_slips"])
    return len(changed) + unnamed


def clash(voter: Voter, mark: Mark) -> str:
    """Why the mark cannot be made; empty where it can."""
    if voter.way == Voter.Way.ONLINE:
        return f"{voter}已经在网上评议,不能再登记领票。"
    if voter.way != mark.shown:
        return f"{voter}刚才被别人登记为「{voter.get_way_display()}」。请核对以后再保存。"
    return ""


@transaction.atomic
def enter_tally(group: AppraisalGroup, returned: int, counts: dict[int, dict[Decimal, int]], *, actor: User) -> Tally:
    """The first entry of a group's tally sheet, or a second one that agrees with it.

    counts: for each candidate's member id how many ballots gave which score. Until there is a second entry its author
    may enter the first anew. Raises ValidationError naming each cell in which the second differs; then it is not stored.
    """
    group = locked_group(group)
    require_appraisal_open(group.appraisal)
    refuse_impossible(group, returned, counts)
    entries = {tally.number: tally for tally in group.tallies.select_related("entered_by")}
    if 2 in entries:
        raise ValidationError("计票单已经由两人核对一致。要改,请先点「重新录入」。")
    first = entries.get(1)
    number = 1 if first is None or first.entered_by_id == actor.pk else 2
    if number == 2 and (differences := differences_from(first, returned, counts)):
        raise ValidationError([f"和{first.entered_by}第一次录入的不一致,没有保存。请两人拿计票单核对:", *differences])
    stored = {
        str(member): {str(score): count for score, count in sorted(scores.items()) if count}
        for member, scores in counts.items()
    }
    tally, _ = Tally.objects.update_or_create(
        group=group, number=number, defaults={"returned": returned, "counts": stored, "entered_by": actor}
    )
    return tally


def refuse_impossible(group: AppraisalGroup, returned: int, counts: dict[int, dict[Decimal, int]]) -> None:
    """Refuse more ballots for somebody than came back, or than others can have cast."""
    own = set(group.voters.filter(way=Voter.Way.PAPER).values_list("member", flat=True))
    faults = []
    for member in Member.objects.filter(pk__in=counts).order_by("number"):
        cast = sum(counts[member.pk].values())
        if cast > returned:
            faults.append(f"{member}一行共 {cast} 票,超过了收回的 {returned} 张。请核对计票单。")
        elif cast == returned and member.pk in own:
            faults.append(
                f"{member}本人也领了票,不能评自己,所以最多 {returned - 1} 票,现在是 {cast} 票。请核对计票单。"
            )
    if faults:
        raise ValidationError(faults)


def differences_from(first: Tally, returned: int, counts: dict[int, dict[Decimal, int]]) -> list[str]:
    """Each cell in which an entry differs from the first, in words."""
    sentences = []
    if first.returned != returned:
        sentences.append(f"收回票数:第一次 {first.returned} 张,这次 {returned} 张。")
    before = first.by_member()
    names = dict(Member.objects.filter(pk__in=before.keys() | counts.keys()).values_list("pk", "name"))
    for member in sorted(names, key=lambda pk: names[pk]):
        old, new = before.get(member, {}), counts.get(member, {})
        for score in sorted(old.keys() | new.keys(), reverse=True):
            if old.get(score, 0) != new.get(score, 0):
                sentences.append(
                    f"{names[member]} {score.normalize():f} 分:第一次 {old.get(score, 0)} 票,这次 {new.get(score, 0)} 票。"
                )
    return sentences


@transaction.atomic
def discard_tally(group: AppraisalGroup) -> None:
    """Both entries thrown away, to be made anew."""
    group = locked_group(group)
    require_appraisal_open(group.appraisal)
    group.tallies.all().delete()


def attach_photo(group: AppraisalGroup, file: CheckedFile, *, actor: User) -> TallyPhoto:
    """The picture of the signed sheet; it replaces the former one."""
    with storing() as shelf:
        group = locked_group(group)
        require_appraisal_open(group.appraisal)
        former = TallyPhoto.objects.filter(group=group).first()
        photo, _ = TallyPhoto.objects.update_or_create(
            group=group, defaults={"file": shelf.put(FOLDER, file), "attached_by": actor}
        )
        if former:
            transaction.on_commit(lambda: default_storage.delete(former.file.name))
    return photo
