"""Votes of meetings put on record, with what follows from a carried one in the same transaction."""

from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from evaluations.models.resolutions import ABOUT_A_MEMBER, ENTRY_ITEMS, USUAL, MeetingRule, Purpose, Resolution
from members.dates import day_name
from members.models import Exemption, Member, MemberStatus, Organization, User
from members.services import add_exemption, remove_exemption
from members.uploads import CheckedFile, Shelf, storing
from scoring.engine import EntryItem
from scoring.models import Adoption, Entry, EntryStatus
from scoring.services import adoption_for, declare_entry, withdraw_entry


def purposes_of(branches: Iterable[Organization]) -> list[Purpose]:
    """What the meetings of these branches may vote on; some matters only under schemes that leave them to a meeting."""
    nearest = Adoption.objects.for_everybody().nearest(branches, timezone.localdate())
    versions = {adoption.version for adoption in nearest.values()}
    codes = {code for version in versions if not version.faults for code in version.scheme.entry_titles}
    return [purpose for purpose in Purpose if ENTRY_ITEMS.get(purpose, "") in codes | {""}]


def check_resolution(resolution: Resolution, *, actor: User) -> None:
    """Refuse, by field, what cannot have happened as it is put down. Sets the rule of the kind of meeting."""
    rule = MeetingRule.objects.in_force(resolution.organization, resolution.kind) or USUAL
    resolution.quorum_over, resolution.majority_over = rule.quorum_over, rule.majority_over
    resolution.recorded_by = actor
    faults = _count_faults(resolution) | _member_faults(resolution, actor) | _exemption_faults(resolution)
    if resolution.held_on > timezone.localdate():
        faults = {"held_on": f"{day_name(resolution.held_on)}还没有到。开会以后再登记。"}
    if faults:
        raise ValidationError(faults)
    if resolution.purpose in ENTRY_ITEMS:
        _item_of(resolution)
    _require_new(resolution)
    if resolution.purpose == Purpose.EXEMPTION:
        _require_not_exempt(resolution)


@transaction.atomic
def record_resolution(resolution: Resolution, minutes: CheckedFile | None, *, actor: User) -> Resolution:
    """The stored resolution; if it is carried, with its exemption, or its entry that waits for the street.

    What the resolution that it replaces had led to is taken back. Raises ValidationError, by field where it can,
    and OSError where the minutes cannot be stored; then nothing is.
    """
    with storing() as shelf:
        Organization.objects.select_for_update().get(pk=resolution.organization_id)  # a second click waits here
        check_resolution(resolution, actor=actor)
        if resolution.purpose in ABOUT_A_MEMBER and minutes is None:
            raise ValidationError({"minutes": "涉及党员个人的表决要附会议记录。"})
        if resolution.replaces:
            _take_back(resolution.replaces, actor)
        if resolution.is_carried:
            _carry_out(resolution, minutes, shelf, actor)
        if minutes:
            resolution.minutes = shelf.put("minutes", minutes)
        resolution.full_clean()
        resolution.save()
    return resolution


def exemption_reason(resolution: Resolution) -> str:
    words = f"{resolution.subject}({day_name(resolution.held_on)}{resolution.get_kind_display()}决议)"
    return words[: Exemption._meta.get_field("reason").max_length]


def set_rule(rule: MeetingRule, *, actor: User) -> MeetingRule:
    """The stored rule, in force for votes recorded from now on; the one in force already, where it says the same."""
    now = MeetingRule.objects.in_force(rule.organization, rule.kind)
    shares = (rule.quorum_over, rule.majority_over)
    if now and now.organization_id == rule.organization_id and shares == (now.quorum_over, now.majority_over):
        return now
    rule.set_by = actor
    rule.full_clean()
    rule.save()
    return rule


# Checking --------------------------------------------------------------------------------------


def _count_faults(resolution: Resolution) -> dict[str, str]:
    place, day = resolution.organization, resolution.held_on
    entitled, present = resolution.entitled, resolution.present
    cast = resolution.votes_for + resolution.votes_against + resolution.abstained
    full = Member.objects.of(place, day).with_states(day).filter(status_then=MemberStatus.FULL).count()
    faults = {}
    if entitled < 1:
        faults["entitled"] = "应到人数至少为 1。"
    elif entitled > full:
        faults["entitled"] = (
            f"{place}名册上 {day_name(day)}只有 {full} 名正式党员,应到不会有 {entitled} 人。预备党员没有表决权,不算在内。请核对。"
        )
    if present > entitled:
        faults["present"] = f"实到 {present} 人,多于应到的 {entitled} 人。请核对。"
    elif cast > present:
        faults["votes_for"] = f"赞成、反对、弃权合计 {cast} 票,多于实到的 {present} 人。请核对。"
    return faults


def _member_faults(resolution: Resolution, actor: User) -> dict[str, str]:
    member, place, day = resolution.member, resolution.organization, resolution.held_on
    if resolution.purpose not in ABOUT_A_MEMBER:
        return {}
    if member is None:
        return {"member": f"{resolution.get_purpose_display()}要写明是哪一位党员。"}
    if member.pk == actor.member_id:
        return {"member": "这次表决关系到您本人,请由另一位同志登记。"}
    if not Member.objects.of(place, day).filter(pk=member.pk).exists():
        return {"member": f"{member}在 {day_name(day)}不属于{place}。请核对党员、组织和日期。"}
    return {}


def _exemption_faults(resolution: Resolution) -> dict[str, str]:
    first, last = resolution.exempt_from, resolution.exempt_until
    if resolution.purpose != Purpose.EXEMPTION:
        return {}
    if first is None:
        return {"exempt_from": "请写明从哪一天起免予考核。"}
    if last and last < first:
        return {"exempt_until": f"结束日期不能早于开始日期 {day_name(first)}。"}
    return {}


def _require_not_exempt(resolution: Resolution) -> None:
    """Refuse a second exemption for the same time; the one that goes with what is replaced does not count."""
    first = resolution.exempt_from
    others = resolution.member.exemptions.during(first, resolution.exempt_until or first.max)
    if resolution.replaces:
        others = others.exclude(pk__in=_granted_by(resolution.replaces))
    if other := others.first():
        until = f"到 {day_name(other.ends_on)}" if other.ends_on else "长期"
        sentence = f"{resolution.member}从 {day_name(other.starts_on)}起已经免予考核({until}),不用再表决。请核对日期。"
        raise ValidationError({"exempt_from": sentence})


def _granted_by(resolution: Resolution) -> QuerySet[Exemption]:
    """The exemption that a carried resolution led to."""
    return Exemption.objects.filter(
        member=resolution.member, starts_on=resolution.exempt_from, reason=exemption_reason(resolution)
    )


def _item_of(resolution: Resolution) -> EntryItem:
    """The clause that the vote is about. Raises ValidationError where the member's scheme has none."""
    version = adoption_for(resolution.member, resolution.held_on).version
    code = ENTRY_ITEMS[resolution.purpose]
    if code not in version.scheme.entry_titles:
        raise ValidationError(
            f"{resolution.member}适用的{version}没有「{resolution.get_purpose_display()}」这一条,不能这样登记。"
        )
    return version.item(code)


def _require_new(resolution: Resolution) -> None:
    """Refuse a second record of the same vote, and a second correction of one."""
    if later := resolution.replaces and Resolution.objects.filter(replaces=resolution.replaces).first():
        raise ValidationError(f"{resolution.replaces}已经由{later}更正。请更正最后的那一次。")
    same = Resolution.objects.in_force().filter(
        organization=resolution.organization,
        held_on=resolution.held_on,
        kind=resolution.kind,
        purpose=resolution.purpose,
        member=resolution.member,
        subject=resolution.subject,
    )
    if earlier := same.exclude(pk=resolution.replaces_id).first():
        raise ValidationError(f"这次表决已经登记过({earlier}),不用再登记。写错的,请在那一页更正。")


# What follows ----------------------------------------------------------------------------------


def _carry_out(resolution: Resolution, minutes: CheckedFile, shelf: Shelf, actor: User) -> None:
    if resolution.purpose == Purpose.EXEMPTION:
        _exempt(resolution, actor)
    elif resolution.purpose in ENTRY_ITEMS:
        resolution.entry = _declare(resolution, minutes, shelf, actor)


def _exempt(resolution: Resolution, actor: User) -> None:
    exemption = Exemption(
        member=resolution.member,
        reason=exemption_reason(resolution),
        starts_on=resolution.exempt_from,
        ends_on=resolution.exempt_until,
    )
    try:
        add_exemption(exemption, actor=actor)
    except ValidationError as error:
        raise ValidationError({"exempt_from": error.messages}) from error


def _declare(resolution: Resolution, minutes: CheckedFile, shelf: Shelf, actor: User) -> Entry:
    entry = Entry(
        member=resolution.member,
        date=resolution.held_on,
        note=f"{day_name(resolution.held_on)}{resolution.get_kind_display()}表决通过:{resolution.subject}",
    )
    try:
        return declare_entry(entry, _item_of(resolution), actor=actor, files=[minutes], shelf=shelf)
    except ValidationError as error:
        raise ValidationError({"held_on": error.messages}) from error


def _take_back(wrong: Resolution, actor: User) -> None:
    """Undo what a resolution led to. Raises ValidationError where the street has approved it."""
    if wrong.entry:
        _take_back_entry(wrong.entry, actor)
    elif wrong.is_carried and wrong.purpose == Purpose.EXEMPTION:
        for exemption in _granted_by(wrong):
            remove_exemption(exemption, actor=actor)


def _take_back_entry(entry: Entry, actor: User) -> None:
    if entry.is_pending:
        withdraw_entry(entry, actor=actor)
    elif entry.status == EntryStatus.APPROVED and not Entry.objects.filter(reverses=entry).exists():
        raise ValidationError(f"街道已经批准第 {entry.pk} 号记录。请先由街道冲正这条记录,再更正表决。")
