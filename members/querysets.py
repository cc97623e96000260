"""Reusable reads. Everything a user may see is found here, by `visible_to`."""

import datetime
import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Case, Count, DecimalField, Exists, F, Max, OuterRef, Q, Sum, Value, When
from django.db.models.functions import Coalesce, Greatest, Least, Replace
from django.utils import timezone
from treebeard.mp_tree import MP_NodeManager, MP_NodeQuerySet

from members.dates import last_of, months_later
from members.numbers import whole

if TYPE_CHECKING:
    from members.models import Activity, DuesBase, Member, Organization, RoleAssignment, User

# Roles that read the records of every member below them. Members read their own; administrators none.
READING_ROLES = (
    "group_leader",
    "branch_secretary",
    "general_branch",
    "street_staff",
    "discipline_office",
    "auditor",
)
# Roles that keep attendance, and decide on leave from it.
ATTENDANCE_ROLES = ("group_leader", "branch_secretary", "general_branch", "street_staff")

MEMBER_KINDS = ("branch", "education_branch", "group")  # of organisations that members belong to
STEP = 4  # characters of a tree path a level

COUNTED = re.compile(r"(\D*)(\d{1,18})")  # a number that counts on, with what it begins with


def lineage(path: str) -> list[str]:
    """Tree paths from the root's down to the given one."""
    return [path[:end] for end in range(STEP, len(path) + 1, STEP)]


def at_or_above(paths: list[str]) -> set[str]:
    """The given tree paths, and those of all that is above them."""
    return {part for path in paths for part in lineage(path)}


def in_subtrees(paths: list[str], field: str = "path") -> Q:
    """Rows whose tree path lies at or under one of `paths`; none for an empty list."""
    return reduce(or_, (Q(**{f"{field}__startswith": path}) for path in paths), Q(pk__in=[]))


def at_or_below(organizations: "Iterable[Organization]", field: str = "path") -> Exists:
    """Rows whose tree path lies at or under one of the organisations, of which there may be thousands."""
    from members.models import Organization

    named = Organization.objects.filter(pk__in=[organization.pk for organization in organizations])
    row = models.ExpressionWrapper(OuterRef(field), models.CharField())
    return Exists(named.alias(row=row).filter(row__startswith=F("path")))


def assignments_of(user: "User") -> "list[RoleAssignment]":
    """What the user is today, each with its organisation, in tree order. Read once a request."""
    if not user.is_authenticated:
        return []
    if not hasattr(user, "_assignments"):
        today = user.role_assignments.on(timezone.localdate()).select_related("organization")
        user._assignments = list(today.order_by("organization__path"))
    return user._assignments


def paths_of(user: "User", roles: tuple[str, ...]) -> list[str]:
    """Tree paths where the user holds one of `roles` today."""
    return [one.organization.path for one in assignments_of(user) if one.role in roles]


def own_paths(user: "User") -> list[str]:
    """Tree paths where the user belongs today as a member; none for who is no member."""
    if not user.member_id:
        return []
    return list(user.member.memberships.on(timezone.localdate()).values_list("organization__path", flat=True))


def accounts_kept_by(user: "User") -> "models.QuerySet[User]":
    """Accounts of an administrator's organisations: of who has a role or belongs there, and has no role elsewhere."""
    from members.models import Membership, RoleAssignment, User

    here = in_subtrees(paths_of(user, ("administrator",)), "organization__path")
    roles = RoleAssignment.objects.filter(user=OuterRef("pk"))
    belongs = Membership.objects.in_office().filter(here, member=OuterRef("member"))
    not_over = Q(ends_on__isnull=True) | Q(ends_on__gte=timezone.localdate())
    elsewhere = roles.filter(not_over).exclude(here)
    return User.objects.filter(Exists(roles.filter(here)) | Exists(belongs)).exclude(Exists(elsewhere))


class DatedQuerySet(models.QuerySet):
    """Rows with `starts_on` and an open or set `ends_on`, both days included."""

    def on(self, *days: datetime.date):
        """Rows in force on a day, or on one of several."""
        still = Q(ends_on__isnull=True)
        return self.filter(reduce(or_, (Q(starts_on__lte=day) & (still | Q(ends_on__gte=day)) for day in days)))

    def during(self, first: datetime.date, last: datetime.date):
        """Rows in force on some day between two days."""
        return self.filter(Q(ends_on__isnull=True) | Q(ends_on__gte=first), starts_on__lte=last)

    def in_office(self):
        """Rows in force today."""
        return self.on(timezone.localdate())


class ClosedPeriodQuerySet(models.QuerySet):
    def settling(self, place: OuterRef, day: OuterRef):
        """Periods that settle an outer row's day for the organisation with its tree path: the day is in or before them.

        place: refers to the path, day: to the day.
        """
        place = models.ExpressionWrapper(place, models.CharField())
        return self.filter(ends_on__gte=day).alias(place=place).filter(place__startswith=F("organization__path"))


class OrganizationQuerySet(MP_NodeQuerySet):
    def under(self, organization: "Organization"):
        """The organisation and everything below it."""
        return self.filter(path__startswith=organization.path)

    def branches(self):
        """Organisations whose members are scored together."""
        return self.filter(kind__in=("branch", "education_branch"))

    def holding_members(self):
        """Organisations that members may belong to: branches and their groups."""
        return self.filter(kind__in=MEMBER_KINDS)

    def with_member_count(self):
        """Adds `member_count`, how many belong to the organisation itself today."""
        from members.models import Membership

        today = Membership.objects.on(timezone.localdate()).filter(organization=OuterRef("pk")).order_by()
        counted = today.values("organization").annotate(count=Count("pk")).values("count")
        return self.annotate(member_count=Coalesce(models.Subquery(counted), 0))

    def visible_to(self, user: "User"):
        """Organisations at or below the user's roles, and the one a member belongs to."""
        seen = in_subtrees(paths_of(user, (*READING_ROLES, "administrator")))
        if user.member_id:
            seen |= Q(pk__in=user.member.memberships.on(timezone.localdate()).values("organization"))
        return self.filter(seen)

    def for_roles(self, user: "User", *roles: str):
        """Organisations at or below those where the user holds one of `roles`."""
        return self.filter(in_subtrees(paths_of(user, roles)))


class OrganizationManager(MP_NodeManager.from_queryset(OrganizationQuerySet)):
    def get_queryset(self):
        return OrganizationQuerySet(self.model, using=self._db).order_by("path")


class MemberQuerySet(models.QuerySet):
    def visible_to(self, user: "User"):
        """Members whose records the user may read: their own, and those below their roles."""
        return self.filter(self._in_scope(paths_of(user, READING_ROLES)) | Q(pk=user.member_id))

    def on_record_for(self, user: "User"):
        """Members whose records the user may read, and those who have left: for the readers of their last branch."""
        paths = paths_of(user, READING_ROLES)
        found = self.alias(last_path=self._of_last_place("organization__path"))
        return found.filter(self._in_scope(paths) | in_subtrees(paths, "last_path") | Q(pk=user.member_id))

    def departed_for(self, user: "User", roles: tuple[str, ...] = READING_ROLES):
        """Members who are on no roster any more, and were last below organisations where the user holds one of `roles`.

        Adds `last_name` and `last_path` of the organisation, and `last_day` there.
        """
        from members.models import Membership

        today = Membership.objects.in_office().filter(member=OuterRef("pk"))
        found = self.annotate(
            last_name=self._of_last_place("organization__name"),
            last_path=self._of_last_place("organization__path"),
            last_day=self._of_last_place("ends_on"),
        )
        return found.filter(~Exists(today), in_subtrees(paths_of(user, roles), "last_path"))

    @staticmethod
    def _of_last_place(field: str) -> models.Subquery:
        """A column of the membership that began last."""
        from members.models import Membership

        last = Membership.objects.filter(member=OuterRef("pk")).order_by("-starts_on")
        return models.Subquery(last.values(field)[:1])

    def for_roles(self, user: "User", *roles: str):
        """Members below the organisations where the user holds one of `roles`."""
        return self.filter(self._in_scope(paths_of(user, roles)))

    def of(self, organization: "Organization", *days: datetime.date):
        """Members who belong to the organisation or one below it on a day (today), or on one of several."""
        return self.filter(self._in_scope([organization.path], *days))

    def during(self, organization: "Organization", first: datetime.date, last: datetime.date):
        """Members who belong to the organisation or one below it on some day between two days."""
        return self.filter(Exists(self._stays(organization, first, last)))

    def being_during(self, mobility: str, organization: "Organization", first: datetime.date, last: datetime.date):
        """Members who on one and the same day between two days belong there and are of a mobility."""
        from members.models import MobilityChange

        there = self._stays(organization, first, last).alias(
            since=Greatest("starts_on", Value(first)), until=Least(Coalesce("ends_on", Value(last)), Value(last))
        )
        became = MobilityChange.objects.filter(member=OuterRef("member"), after=mobility)
        became = became.filter(starts_on__gt=OuterRef("since"), starts_on__lte=OuterRef("until"))
        there = there.alias(mobility_first=mobility_on(OuterRef("since"), "member__"))
        return self.filter(Exists(there.filter(Q(mobility_first=mobility) | Exists(became))))

    def within(self, organizations: "list[Organization]"):
        """Members who belong to one of the organisations, or below it, today."""
        return self.filter(self._in_scope([organization.path for organization in organizations]))

    def expected_at(self, activity: "Activity"):
        """Members of the activity's organisation on its day, and those on record; with their states on that day."""
        from members.models import Attendance

        recorded = Attendance.objects.filter(activity=activity, member=OuterRef("pk"))
        there = self._in_scope([activity.organization.path], activity.date)
        return self.filter(there | Exists(recorded)).with_states(activity.date)

    def owing_dues(self, month: datetime.date):
        """Party members at home who have not paid a month in full, and are not excused from it."""
        from members.models import DuesMonth

        known = DuesMonth.objects.with_paid().filter(month=month, member__in=self)
        settled = [owed.member_id for owed in known if owed.excused or owed.paid_yuan >= owed.due_yuan]
        then = self.with_states(min(last_of(month), timezone.localdate()))
        return then.exclude(status_then="activist").exclude(mobility_then="abroad").exclude(pk__in=settled)

    def with_branch(self):
        """Adds `branch_name` and `branch_path` of the organisation a member belongs to today."""
        from members.models import Membership

        today = Membership.objects.on(timezone.localdate()).filter(member=OuterRef("pk"))
        return self.annotate(
            branch_name=models.Subquery(today.values("organization__name")[:1]),
            branch_path=models.Subquery(today.values("organization__path")[:1]),
        )

    def with_states(self, day: datetime.date):
        """Adds `status_then` and `mobility_then`, what the member was on a day, in the past or the future."""
        return self.annotate(status_then=status_on(day), mobility_then=mobility_on(day))

    def probation_over(self, day: datetime.date):
        """Probationary members of whom the meeting has to decide: a year, or the longer time, is over on a day."""
        over = Q(probation_until__lte=day) | Q(probation_until__isnull=True, joined_on__lte=months_later(day, -12))
        return self.filter(over, status="probationary", converted_on__isnull=True)

    def without_numbers(self):
        """Leaves the encrypted columns in the database; for lists that do not show them."""
        return self.defer("id_number", "phone", "id_number_digest")

    def free_numbers(self, like: "MemberQuerySet | None" = None) -> Iterator[str]:
        """Numbers for new members: they count on from the highest in use of those that begin alike.

        like: members whose numbers show how they are written, as HP0032; without any, six digits.
        """
        written = Counter(
            (found[1], len(found[2]))
            for number in ([] if like is None else like.values_list("number", flat=True))
            if (found := COUNTED.fullmatch(number))
        )
        ((beginning, digits), _), *_ = written.most_common(1) or [(("", 6), 0)]
        alike = self.filter(number__startswith=beginning).values_list("number", flat=True)
        taken = filter(None, (whole(number.removeprefix(beginning)) for number in alike))
        return (f"{beginning}{number:0{digits}}" for number in itertools.count(max(taken, default=0) + 1))

    def search(self, text: str):
        """Members by part of a name, or by how its pinyin, its initials or the number begin; blanks do not count in names."""
        text = text.strip()
        if not text:
            return self
        plain = "".join(text.split())
        named = self.alias(plain_name=Replace(Replace("name", Value(" ")), Value("\u3000")))
        return named.filter(
            Q(plain_name__icontains=plain)
            | Q(initials__startswith=plain.lower())
            | Q(pinyin__startswith=plain.lower())
            | Q(number__istartswith=text)
        )

    @staticmethod
    def _stays(organization: "Organization", first: datetime.date, last: datetime.date):
        """Memberships there of an outer member on some day between two days."""
        from members.models import Membership

        there = Membership.objects.during(first, last).filter(organization__path__startswith=organization.path)
        return there.filter(member=OuterRef("pk"))

    @staticmethod
    def _in_scope(paths: list[str], *days: datetime.date) -> Exists | Q:
        from members.models import Membership

        if not paths:
            return Q(pk__in=[])
        days = days or (timezone.localdate(),)
        there = Membership.objects.on(*days).filter(in_subtrees(paths, "organization__path"))
        return Exists(there.filter(member=OuterRef("pk")))


def status_on(day: datetime.date, member: str = "") -> Case:
    """A member's status on a day. member: the way to the member's columns, `member__` from another table.

    Without dates it has always been what it is now.
    """

    def then(value: str, **conditions) -> When:
        return When(**{f"{member}{name}": given for name, given in conditions.items()}, then=Value(value))

    return Case(
        then("activist", joined_on__gt=day),
        then("probationary", converted_on__gt=day),
        then("full", converted_on__lte=day),
        then("probationary", status="activist", joined_on__lte=day),
        default=F(f"{member}status"),
        output_field=models.CharField(),
    )


def mobility_on(day: datetime.date | OuterRef, member: str = "") -> Coalesce:
    """A member's mobility on a day, as `status_on`: after the last change up to it, or before the first one after it."""
    from members.models import MobilityChange

    changes = MobilityChange.objects.filter(member=OuterRef(f"{member}pk"))
    return Coalesce(
        models.Subquery(changes.filter(starts_on__lte=day).order_by("-starts_on").values("after")[:1]),
        models.Subquery(changes.filter(starts_on__gt=day).order_by("starts_on").values("before")[:1]),
        F(f"{member}mobility"),
    )


class ActivityQuerySet(models.QuerySet):
    def visible_to(self, user: "User"):
        """Activities of organisations at or below the user's roles."""
        return self.filter(in_subtrees(paths_of(user, READING_ROLES), "organization__path"))

    def with_minutes(self):
        """Adds `has_minutes`, whether any are written."""
        from members.models import Minutes

        return self.annotate(has_minutes=Exists(Minutes.objects.filter(activity=OuterRef("pk"))))

    def in_period(self, first: datetime.date, last: datetime.date):
        return self.filter(date__range=(first, last))

    def expecting(self, member: "Member"):
        """Activities of an organisation at or above the one that the member belongs to on the day."""
        return self.filter(Exists(self._belonging().filter(member=member)))

    def unfinished(self):
        """Activities of which somebody who belongs there on the day has no attendance on record."""
        from members.models import Attendance

        recorded = Attendance.objects.filter(activity=OuterRef(OuterRef("pk")), member=OuterRef("member"))
        return self.filter(Exists(self._belonging().exclude(Exists(recorded))))

    def to_record(self):
        """Those that are unfinished for somebody whose attendance on the day may still be recorded: nothing is settled."""
        from members.models import Attendance, ClosedPeriod

        closed = ClosedPeriod.objects.settling(OuterRef("organization__path"), OuterRef(OuterRef("date")))
        recorded = Attendance.objects.filter(activity=OuterRef(OuterRef("pk")), member=OuterRef("member"))
        return self.filter(Exists(self._belonging().exclude(Exists(recorded)).exclude(Exists(closed))))

    @staticmethod
    def _belonging():
        """Memberships at or under an outer activity's organisation on its day."""
        from members.models import Membership

        day = OuterRef("date")
        there = Membership.objects.filter(organization__path__startswith=OuterRef("organization__path"))
        return there.filter(Q(ends_on__isnull=True) | Q(ends_on__gte=day), starts_on__lte=day)

    def with_summary(self):
        """Adds how many attendances are recorded, attended, of these not the whole time, on leave and missed."""

        def count(*statuses: str) -> Count:
            return Count("attendances", filter=Q(attendances__status__in=statuses))

        return self.annotate(
            recorded=Count("attendances"),
            attended=count("present", "late", "left_early"),
            in_part=count("late", "left_early"),
            on_leave=count("personal_leave", "sick_leave", "official_leave"),
            missed=count("absent", "proxy"),
        )


class LeaveRequestQuerySet(models.QuerySet):
    def visible_to(self, user: "User"):
        """The user's own, and those of activities whose attendance the user keeps. Reasons are nobody else's business."""
        return self.filter(Q(member=user.member_id) | self._kept_by(user))

    def to_decide_by(self, user: "User"):
        """Undecided ones that the user may decide: never the user's own, and none of a day that is settled."""
        mine = Q(member=user.member_id) | Q(asked_by=user)
        waiting = self.filter(self._kept_by(user), state="waiting").exclude(mine)
        return waiting.with_settled().filter(is_settled=False)

    def with_settled(self):
        """Adds `is_settled`, whether the activity's day is settled for its organisation or for the member's branch."""
        from members.models import ClosedPeriod, Membership

        day = OuterRef("activity__date")
        held = ClosedPeriod.objects.settling(OuterRef("activity__organization__path"), day)
        of_branch = ClosedPeriod.objects.settling(OuterRef("organization__path"), OuterRef(day))
        branch = Membership.objects.on(day).filter(Exists(of_branch), member=OuterRef("member"))
        return self.annotate(is_settled=Exists(held) | Exists(branch))

    @staticmethod
    def _kept_by(user: "User") -> Q:
        return in_subtrees(paths_of(user, ATTENDANCE_ROLES), "activity__organization__path")


class DuesMonthQuerySet(models.QuerySet):
    def visible_to(self, user: "User"):
        """Dues of members whose records the user may read."""
        from members.models import Member

        return self.filter(member__in=Member.objects.visible_to(user))

    def with_paid(self):
        """Adds `paid_yuan`, the sum of the month's payments, and `last_paid_on`."""
        paid = Coalesce(Sum("payments__amount_yuan"), 0, output_field=DecimalField(max_digits=10, decimal_places=2))
        return self.annotate(paid_yuan=paid, last_paid_on=Max("payments__paid_on"))

    def overdue(self, day: datetime.date):
        """Months before a day's month, not excused, of which something is still owed; with `paid_yuan`.

        The database compares sums of fractions: check `paid_yuan < due_yuan` again on what it gives back.
        """
        return self.with_paid().filter(month__lt=day.replace(day=1), excused=False, paid_yuan__lt=F("due_yuan"))


class DuesPaymentQuerySet(models.QuerySet):
    def visible_to(self, user: "User"):
        """Payments of members whose records the user may read."""
        from members.models import Member

        return self.filter(dues_month__member__in=Member.objects.on_record_for(user))


class DuesReceiptQuerySet(models.QuerySet):
    def visible_to(self, user: "User"):
        """Receipts of organisations at or below the user's roles."""
        return self.filter(in_subtrees(paths_of(user, READING_ROLES), "organization__path"))


class DuesBaseQuerySet(models.QuerySet):
    def by_member(self, members, upto: datetime.date) -> "dict[int, list[DuesBase]]":
        """What the members' dues go by up to a month, by member id; the last one of a list is in force in it."""
        found: dict[int, list] = {}
        for base in self.filter(member__in=members, month__lte=upto).order_by("month", "pk"):
            found.setdefault(base.member_id, []).append(base)
        return found
