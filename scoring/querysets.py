"""Reusable reads of adoptions and entries."""

import datetime
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from members.models import Membership, Position
from members.querysets import READING_ROLES, at_or_above, in_subtrees, own_paths, paths_of
from scoring.engine import Period

if TYPE_CHECKING:
    from members.models import Organization, User
    from scoring.engine.scheme import EntryItem
    from scoring.models import Adoption, SchemeVersion


# Belief and discipline are read by the person concerned and by those who decide such matters.
SENSITIVE_ROLES = ("branch_secretary", "general_branch", "street_staff", "discipline_office")
DISTANT_ROLES = tuple(role for role in READING_ROLES if role not in SENSITIVE_ROLES)


def items_where(wanted: "Callable[[EntryItem], bool]", *, unreadable: bool = False) -> Q:
    """Condition of entries whose clause is wanted, under whichever version they were declared.

    unreadable: whether entries under a version that cannot be read are among them.
    """
    from scoring.models import SchemeVersion

    found = Q(pk__in=[])
    for version in SchemeVersion.objects.released():
        if not version.faults:
            found |= Q(version=version, item__in=[item.code for item in version.scheme.entry_items if wanted(item)])
        elif unreadable:
            found |= Q(version=version)
    return found


def sensitive_items() -> Q:
    """Condition of entries that only few may read; what nobody can tell of counts as such."""
    return items_where(lambda item: item.sensitive, unreadable=True)


def around(user: "User", field: str = "organization__path") -> Q:
    """Rows of organisations at, below or above those where the user holds a role or belongs."""
    paths = paths_of(user, (*READING_ROLES, "administrator", "member")) + own_paths(user)
    return in_subtrees(paths, field) | Q(**{f"{field}__in": at_or_above(paths)})


def _counting(lineage: list[str], own: "dict[str, dict[str, Adoption]]") -> "list[Adoption]":
    """What counts at the end of a lineage, of the places' own adoptions by path and position."""
    near: dict[str, Adoption] = {}
    for path in lineage:
        near |= own.get(path, {})
    general = near.pop("", None)
    special = [near[position] for position in sorted(near)]
    if general is None:
        return special
    return [general, *(one for one in special if one.version.code != general.version.code)]


def _counting_there(
    organizations: "list[Organization]", rows: "list[Adoption]", day: datetime.date
) -> "dict[Organization, list[Adoption]]":
    """For each organisation what counts there on a day, of adoptions in the order in which they begin."""
    latest = {(row.organization.path, row.position): row for row in rows if row.starts_on <= day}
    own: dict[str, dict[str, Adoption]] = {}
    for (path, position), row in latest.items():
        if row.ends_on is None or row.ends_on >= day:
            own.setdefault(path, {})[position] = row
    found = {organization: _counting(organization.lineage, own) for organization in organizations}
    return {organization: adoptions for organization, adoptions in found.items() if adoptions}


def holders_of(adoption: "Adoption", day: datetime.date) -> "models.QuerySet[Position]":
    """Posts that bring their holders under an adoption on a day: those held on the first day of its period."""
    from scoring.engine import Period

    first = Period.containing(day, adoption.version.scheme.cycle).starts_on
    return Position.objects.on(first).filter(title=adoption.position)


def scored_under(code: str, counting: "dict[Organization, list[Adoption]]", day: datetime.date) -> Q:
    """Condition of members who are scored under a scheme on a day where these adoptions count."""
    places: dict[str, list[Organization]] = {}
    adoptions: dict[str, Adoption] = {}
    for place, here in counting.items():
        for adoption in here:
            if adoption.version.code == code:
                places.setdefault(adoption.position, []).append(place)
                adoptions[adoption.position] = adoption
    found = Q(pk__in=[])
    for position, adoption in adoptions.items():
        there = Membership.objects.on(day).filter(organization__in=places[position])
        if position:
            there = there.filter(member__in=holders_of(adoption, day).values("member"))
        found |= Q(pk__in=there.values("member"))
    return found


class SchemeVersionQuerySet(models.QuerySet):
    FIXED = frozenset({"code", "number", "title", "definition", "text"})  # of a released version

    def update(self, **fields):
        """Rows changed. Raises ValidationError where that would rewrite a released version."""
        if self.FIXED & fields.keys() and self.released().exists():
            raise ValidationError("已发布的版本不能改动,请另起一份草稿。")
        return super().update(**fields)

    update.alters_data = True

    def visible_to(self, user: "User"):
        """Released versions; to the staff of a street also the drafts written there or below."""
        from members.models import User

        written_here = in_subtrees(paths_of(user, ("street_staff",)), "role_assignments__organization__path")
        authors = User.objects.filter(written_here, role_assignments__role="street_staff")
        return self.filter(Q(status="released") | Q(created_by__in=authors))

    def drafts(self):
        """Versions that may still be edited."""
        return self.filter(status="draft")

    def released(self):
        """Versions that may be adopted."""
        return self.filter(status="released")

    def readable(self) -> "list[SchemeVersion]":
        """Released versions that can be worked with; an earlier release may have stored some that this one refuses."""
        return [version for version in self.released() if not version.faults]

    def latest_of(self, code: str) -> "SchemeVersion | None":
        """The newest version of a scheme that can be worked with."""
        return next(iter(self.filter(code=code).order_by("-number").readable()), None)


class AdoptionQuerySet(models.QuerySet):
    ENDING = frozenset({"ends_on", "ended_by"})  # what is said of an adoption in use

    def update(self, **fields):
        """Rows changed. Raises ValidationError where one of them is in use; it may only be given an end."""
        if not fields.keys() <= self.ENDING:
            self.require_not_begun()
        return super().update(**fields)

    def delete(self):
        """What was deleted. Raises ValidationError where one of the rows is in use."""
        self.require_not_begun()
        return super().delete()

    update.alters_data = delete.alters_data = delete.queryset_only = True

    def bulk_create(self, objs, *args, update_conflicts=False, **kwargs):
        """The new rows; never changed old ones."""
        if update_conflicts:
            raise ValueError("adoptions are not overwritten")
        return super().bulk_create(objs, *args, **kwargs)

    def require_not_begun(self) -> None:
        """Refuse to change rows in use: what people were scored under stays as it was."""
        begun = self.filter(starts_on__lte=timezone.localdate()).select_related("organization", "version").first()
        if begun:
            raise ValidationError(f"{begun}从 {begun.starts_on} 起已经在用,不能改动或删除。请从以后的周期起另行采用。")

    def visible_to(self, user: "User"):
        """Adoptions at, below or above the organisations that the user works for."""
        paths = paths_of(user, (*READING_ROLES, "administrator"))
        above = at_or_above(paths)
        return self.filter(in_subtrees(paths, "organization__path") | Q(organization__path__in=above))

    def for_everybody(self):
        """Adoptions that are not only for the holders of a position."""
        return self.filter(position="")

    def own_of(self, paths: Iterable[str], day: datetime.date) -> "dict[str, Adoption]":
        """By path the places' own adoptions in force on a day: the latest begun, unless it has ended.

        Of adoptions for different people, call it on those for the same.
        """
        rows = self.filter(organization__path__in=paths, starts_on__lte=day).order_by("starts_on")
        latest = {row.organization.path: row for row in rows.select_related("version", "organization")}
        return {path: row for path, row in latest.items() if row.ends_on is None or row.ends_on >= day}

    def nearest(self, organizations: "Iterable[Organization]", day: datetime.date) -> "dict[Organization, Adoption]":
        """For each organisation its own adoption in force on a day, or the nearest above it; those without are left out."""
        organizations = list(organizations)
        by_path = self.own_of({path for organization in organizations for path in organization.lineage}, day)
        return {
            organization: by_path[nearest[-1]]
            for organization in organizations
            if (nearest := [path for path in organization.lineage if path in by_path])
        }

    def in_force(self, organization: "Organization", day: datetime.date) -> "Adoption | None":
        """The adoption of the organisation, or of the nearest above it, in force on a day; None without one."""
        return self.for_everybody().nearest([organization], day).get(organization)

    def period_of(self, organization: "Organization", day: datetime.date) -> Period:
        """The half-year or year that a day lies in, as the scheme in force goes; a half-year where none can be read."""
        adoption = self.in_force(organization, day)
        readable = adoption and not adoption.version.faults
        return Period.containing(day, adoption.version.scheme.cycle if readable else "half_year")

    def counting_at(
        self, organizations: "Iterable[Organization]", day: datetime.date
    ) -> "dict[Organization, list[Adoption]]":
        """For each organisation the adoptions that count there on a day; those without are left out.

        First the nearest one for everybody, then the nearest ones for the holders of a position, unless they are of
        the scheme that everybody is scored under anyway.
        """
        return self.counting_on_days({day: list(organizations)})[day]

    def counting_on_days(
        self, places: "dict[datetime.date, list[Organization]]"
    ) -> "dict[datetime.date, dict[Organization, list[Adoption]]]":
        """As `counting_at`, for some organisations on each of several days; no more queries than for one."""
        paths = {path for there in places.values() for organization in there for path in organization.lineage}
        rows = self.filter(
            organization__path__in=paths, starts_on__lte=max(places, default=datetime.date.min)
        ).order_by("starts_on")
        rows = list(rows.select_related("organization").prefetch_related("version"))  # a version is read once for all
        return {day: _counting_there(there, rows, day) for day, there in places.items()}

    def under_scheme(
        self, branches: "Iterable[Organization]", code: str, day: datetime.date
    ) -> "dict[Organization, Adoption]":
        """Branches where people are scored under a scheme on a day, with the adoption that says so."""
        return {
            branch: adoption
            for branch, adoptions in self.counting_at(branches, day).items()
            for adoption in adoptions
            if adoption.version.code == code
        }

    def codes_in_force(self, organization: "Organization", day: datetime.date) -> list[str]:
        """Codes of the schemes under which somebody at or below the organisation is scored on a day."""
        near = Q(organization__path__startswith=organization.path) | Q(organization__path__in=organization.lineage)
        rows = self.filter(near, starts_on__lte=day).order_by("starts_on")
        rows = rows.values_list("organization", "position", "version__code", "ends_on")
        latest = {(place, position): (code, ends_on) for place, position, code, ends_on in rows}
        return sorted({code for code, ends_on in latest.values() if ends_on is None or ends_on >= day})


class EntryQuerySet(models.QuerySet):
    def visible_to(self, user: "User"):
        """Entries of members whose records the user may read; sensitive ones only where they concern the user's work."""
        from members.models import Member

        closely = Member.objects.for_roles(user, *SENSITIVE_ROLES)
        seen = Q(member__in=closely) | Q(member=user.member_id)
        if paths_of(user, DISTANT_ROLES):
            seen |= Q(member__in=Member.objects.for_roles(user, *DISTANT_ROLES)) & ~sensitive_items()
        return self.filter(seen)

    def approved_after(self, moment: datetime.datetime):
        """Entries that came to count, or ceased to, after a moment."""
        return self.filter(Q(decisions__decided_at__gt=moment) | Q(reverses__isnull=False, declared_at__gt=moment))

    def pending(self):
        return self.filter(status__in=("declared", "reviewed"))

    def undecided(self):
        """Pending ones that may still be decided, answered or withdrawn: their day is not settled."""
        return self.pending().exclude(self._settled())

    def left_over(self):
        """Pending ones whose day was settled before they were decided."""
        return self.pending().filter(self._settled())

    def asked_back(self):
        """Those that wait for their author's answer to a question."""
        return self.undecided().filter(self._open_question())

    def with_state(self):
        """Adds `is_settled`, whether the day is in a settled period of the branch that the member was in, `is_asked`,
        whether a question waits for its answer, and `was_asked`, whether there was any.
        """
        from scoring.models import Question

        return self.annotate(
            is_settled=self._settled(),
            is_asked=self._open_question(),
            was_asked=Exists(Question.objects.filter(entry=OuterRef("pk"))),
        )

    def with_branch(self):
        """Adds `branch_name` and `branch_path` of the organisation that the member belongs to today."""
        today = Membership.objects.on(timezone.localdate()).filter(member=OuterRef("member"))
        return self.annotate(
            branch_name=models.Subquery(today.values("organization__name")[:1]),
            branch_path=models.Subquery(today.values("organization__path")[:1]),
        )

    @staticmethod
    def _settled() -> Exists:
        """As `require_day_open` refuses it: an entry counts on its own day only, so the day is in the period itself."""
        from members.models import ClosedPeriod

        day = OuterRef("date")
        covering = ClosedPeriod.objects.settling(OuterRef("organization__path"), OuterRef(day))
        covering = covering.filter(starts_on__lte=OuterRef(day))
        return Exists(Membership.objects.on(day).filter(Exists(covering), member=OuterRef("member")))

    @staticmethod
    def _open_question() -> Exists:
        from scoring.models import Question

        return Exists(Question.objects.filter(entry=OuterRef("pk"), answer=None))

    def lines(self):
        """Entries that say something of a member; reversals only take one back."""
        return self.filter(Q(reverses__isnull=True))


class WorkedCaseQuerySet(models.QuerySet):
    def visible_to(self, user: "User"):
        """Cases of the units where the user works or belongs, and of those above and below."""
        return self.filter(around(user))
