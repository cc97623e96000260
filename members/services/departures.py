"""Writes of who leaves the roster, and of who comes back to it."""

import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from members.models import FactChange, FactKind, LeaveRequest, Member, Membership, Organization, Position, User
from members.services.accounts import close_account
from members.services.periods import require_open
from members.services.positions import end_post, held_posts


def check_departure(member: Member, day: datetime.date) -> tuple[Membership, list[Position]]:
    """The membership and the posts that a departure on a day would end.

    Raises ValidationError if the person is on no roster, if the day is in the future or not after the membership's or
    a post's start, or if it would move facts out of a settled period.
    """
    today = timezone.localdate()
    current = member.memberships.select_related("organization").filter(ends_on__isnull=True).first()
    if current is None:
        raise ValidationError(f"{member}现在不在任何支部的名册里。")
    if day > today:
        raise ValidationError({"day": f"{day} 还没有到。请到那天再办理。"})
    if day <= current.starts_on:
        sentence = f"{member}自 {current.starts_on} 起在{current.organization},离开的日期要晚于这一天。"
        raise ValidationError({"day": sentence})
    require_open(current.organization, day, today)
    posts = list(held_posts(member, day))
    if late := next((post for post in posts if post.starts_on >= day), None):
        sentence = (
            f"{member}自 {late.starts_on} 起任{late.get_title_display()}({late.organization}),离开的日期要晚于这一天。"
        )
        raise ValidationError({"day": sentence})
    for post in posts:
        require_open(post.organization, day, today)
    return current, posts


def leave_from(member: Member, day: datetime.date):
    """Undecided requests for leave from activities of a day or later."""
    return member.leave_requests.filter(state=LeaveRequest.State.WAITING, activity__date__gte=day)


@transaction.atomic
def end_membership(member: Member, day: datetime.date, *, reason: str, actor: User) -> Membership:
    """The membership, ended the day before a day, from which on the person is on no roster; so are all posts.

    The account is locked and its roles end, what was asked of leave for later is withdrawn. Earlier facts and results
    stay. Raises ValidationError as `check_departure`.
    """
    Member.objects.select_for_update().get(pk=member.pk)  # one at a time
    current, posts = check_departure(member, day)
    last = day - datetime.timedelta(days=1)
    for post in posts:
        end_post(post, last, actor)
    current.ends_on = last
    current.save()
    leave_from(member, day).update(state=LeaveRequest.State.WITHDRAWN)
    user = User.objects.filter(member=member).first()
    if user:
        close_account(user)
    FactChange.objects.create(
        member=member,
        kind=FactKind.MEMBERSHIP,
        key="membership",
        title=f"组织关系至 {last:%Y-%m-%d}",
        old=current.organization.name,
        new=f"移出名册({reason})" + (",账号停用,岗位取消" if user else ""),
        changed_by=actor,
    )
    return current


def check_readmission(member: Member, organization: Organization, day: datetime.date) -> Membership:
    """The membership that ended last, of a person who is to be on an organisation's roster again from a day on.

    Raises ValidationError if the person is on a roster, or the day is in the future, in the last membership, or before
    the end of a settled period.
    """
    today = timezone.localdate()
    last = member.memberships.select_related("organization").first()
    if last is None or last.ends_on is None:
        raise ValidationError(f"{member}现在就在名册里,不用恢复。")
    if day > today:
        raise ValidationError({"day": f"{day} 还没有到。请到那天再办理。"})
    if day <= last.ends_on:
        sentence = f"{member}到 {last.ends_on} 为止都在{last.organization},恢复的日期要晚于这一天。"
        raise ValidationError({"day": sentence})
    require_open(organization, day, today)
    return last


@transaction.atomic
def readmit_member(member: Member, organization: Organization, day: datetime.date, *, actor: User) -> Membership:
    """The membership of somebody who had left and is on a roster again; posts, account and roles stay ended.

    From the very day of leaving in the same organisation it is the former one, open again: the person never left.
    Raises ValidationError as `check_readmission`.
    """
    Member.objects.select_for_update().get(pk=member.pk)  # one at a time
    last = check_readmission(member, organization, day)
    if resumes(last, organization, day):
        last.ends_on = None
        last.save()
        membership = last
    else:
        membership = Membership.objects.create(member=member, organization=organization, starts_on=day)
    FactChange.objects.create(
        member=member,
        kind=FactKind.MEMBERSHIP,
        key="membership",
        title=f"组织关系自 {day:%Y-%m-%d}",
        old="不在名册",
        new=f"恢复到名册({organization})",
        changed_by=actor,
    )
    return membership


def resumes(last: Membership, organization: Organization, day: datetime.date) -> bool:
    """Whether somebody who comes back on a day goes on where he or she was, without a gap."""
    return organization.pk == last.organization_id and day == last.ends_on + datetime.timedelta(days=1)
