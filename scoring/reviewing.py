"""The review queue: which entries wait for a user's decision, which of them need a look, and which comes next."""

from dataclasses import dataclass

from django.db.models import Case, Q, QuerySet, When
from django.http import QueryDict

from members.models import Member, Organization, Role, User
from members.numbers import whole
from members.querysets import READING_ROLES, paths_of
from scoring.models import Decision, Entry, EntryStatus, SchemeVersion
from scoring.permissions import BRANCH_ROLES, STREET_ROLES, items_approved_by

REVIEWING_ROLES = (*BRANCH_ROLES, *STREET_ROLES)


def can_review_somewhere(user: User) -> bool:
    return bool(paths_of(user, REVIEWING_ROLES))


def waiting_for(user: User, *roles: str) -> QuerySet[Entry]:
    """Entries whose next step is the user's, asked back or not, oldest first: those of `can_review` and `can_approve`.

    roles: only those that the user decides in these; without any, in all. With the columns of `with_state`.
    """
    roles = roles or REVIEWING_ROLES
    fit = _step(user, EntryStatus.DECLARED, *(role for role in roles if role in BRANCH_ROLES))
    for role in roles:
        if role in STREET_ROLES and paths_of(user, (role,)):
            fit |= _step(user, EntryStatus.REVIEWED, role) & items_approved_by(role)
    found = Entry.objects.lines().undecided().filter(fit).exclude(declared_by=user).exclude(member=user.member_id or 0)
    handled = Decision.objects.filter(decided_by=user).values("entry")
    found = found.exclude(status=EntryStatus.REVIEWED, pk__in=handled).with_state()
    return found.select_related("first_check").order_by("declared_at", "pk")


def _step(user: User, status: str, *roles: str) -> Q:
    return Q(status=status, member__in=Member.objects.for_roles(user, *roles))


def to_check_first(user: User) -> QuerySet[Entry]:
    """Declarations of the user's group that wait for its leader's first check, oldest first: those of `can_check_first`."""
    group = Member.objects.for_roles(user, Role.GROUP_LEADER)
    found = Entry.objects.visible_to(user).lines().undecided().filter(status=EntryStatus.DECLARED, first_check=None)
    found = found.filter(member__in=group).exclude(member__in=Member.objects.for_roles(user, *BRANCH_ROLES))
    found = found.exclude(declared_by=user).exclude(member=user.member_id or 0)
    return found.order_by("declared_at", "pk")


def look_reason(entry: Entry) -> str:
    """Why the entry is not approved together with others; empty where it may be. Of one from `waiting_for`."""
    if entry.is_asked:
        return "等申报人答复"
    if entry.was_asked:
        return "问询过,要看答复"
    if hasattr(entry, "first_check") and not entry.first_check.in_order:
        return "初核有疑问,要逐条看"
    if entry.version.faults:
        return "条款读不出"
    rule = entry.rule
    if rule.sign == "direct":
        return "直接定等,要逐条看"
    if rule.sensitive or rule.office:
        return "纪律条款,要逐条看"
    return "分值是填的,要逐条看" if "points" in rule.needs else ""


@dataclass(frozen=True)
class Filters:
    """What a reviewer looks at: whose turn, one clause, one branch; written as the query of an address."""

    MINE, ASKED, ALL = "", "asked", "all"
    CHOICES = ((MINE, "等我审的"), (ASKED, "等申报人答复的"), (ALL, "全部待审的"))

    whose: str = MINE
    item: str = ""
    branch: str = ""

    @classmethod
    def read(cls, query: QueryDict) -> "Filters":
        whose, item, branch = (query.get(name, "") for name in ("whose", "item", "branch"))
        return cls(
            whose if whose in (cls.ASKED, cls.ALL) else cls.MINE,
            item,
            branch if whole(branch) else "",
        )

    @property
    def query(self) -> dict[str, str]:
        return {name: value for name in ("whose", "item", "branch") if (value := getattr(self, name))}

    def entries(self, user: User) -> QuerySet[Entry]:
        """The entries that fit, oldest first."""
        if self.whose == self.ALL:
            found = Entry.objects.visible_to(user).lines().undecided().with_state()
            found = found.select_related("first_check").order_by("declared_at", "pk")
        else:
            found = waiting_for(user).filter(is_asked=self.whose == self.ASKED)
        if self.item:
            found = found.filter(item=self.item)
        if self.branch:
            places = Organization.objects.visible_to(user).filter(pk=self.branch)
            found = found.filter(member__in=Member.objects.within(places))
        return found

    def next_after(self, entry: Entry, user: User) -> Entry | None:
        """The one that is to be decided after an entry; at the end of the list the first again."""
        mine = Filters(item=self.item, branch=self.branch).entries(user).exclude(pk=entry.pk)
        later = Q(declared_at__gt=entry.declared_at) | Q(declared_at=entry.declared_at, pk__gt=entry.pk)
        first_again = Case(When(later, then=0), default=1)
        return mine.order_by(first_again, "declared_at", "pk").first()


def clauses_in(entries: QuerySet[Entry]) -> list[tuple[str, str]]:
    """Codes and titles of the clauses that entries are about."""
    found = dict(entries.order_by("item", "version").values_list("item", "version").distinct())
    versions = SchemeVersion.objects.in_bulk(set(found.values()))
    return [(item, Entry(item=item, version=versions[version]).title) for item, version in found.items()]


def branches_of(user: User) -> QuerySet[Organization]:
    """Branches whose entries the user may look at."""
    return Organization.objects.for_roles(user, *READING_ROLES).branches()
