"""The tree of organisations, who is in it, in which post, and the accounts."""

import datetime
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random

from members import dues_standard as standard
from members.dates import first_of, months_later
from members.models import (
    DuesKind,
    Exemption,
    Member,
    MemberCategory,
    Membership,
    MemberStatus,
    Mobility,
    MobilityChange,
    Organization,
    Position,
    PositionTitle,
    User,
)
from members.models.people import on_birthday
from reports.demo.names import Names, id_number, phone

STREET, OTHER_STREET = "和平街道党工委", "东风街道党工委"
# Community, branch, members, groups.
BRANCHES = (
    ("和平社区", "第一党支部", 32, 3),
    ("和平社区", "第二党支部", 24, 0),
    ("和平社区", "第三党支部", 22, 0),
    ("友谊社区", "第一党支部", 28, 2),
    ("友谊社区", "第二党支部", 24, 0),
    ("友谊社区", "第三党支部", 20, 0),
    ("光明社区", "第一党支部", 26, 2),
    ("光明社区", "第二党支部", 24, 0),
)
OTHER_SIZE = 9
OFFICE, OFFICE_SIZE = "和平街道机关党支部", 9  # in the first street, with a scheme of its own
COMMITTEE = 5  # the first of every branch: secretary, deputy, two committee members, one for discipline

# Who plays which part: branch (from 0) and place in it. The others are given habits by chance.
CAST = {
    "member": (0, 6),
    "hero": (0, 5),
    "part_paid": (0, 9),
    "declares": (0, 13),
    "rare": (1, 6),
    "excused": (1, 7),
    "disliked": (2, 5),
    "arrears": (2, 6),
    "quarrels": (2, 8),
    "never": (3, 6),
    "condemned": (3, 8),
    "builds": (4, 8),
    "arrears_now": (5, 6),
    "gambles": (5, 8),
    "sanctioned": (6, 5),
    "warned_hero": (6, 8),
    "disliked_too": (7, 5),
    "obstructs": (7, 6),
    "superstitious": (7, 8),
}
TARDY = ((0, 8), (4, 6), (6, 7))
EXEMPT_FOR = ("年满 80 周岁,本人申请", "长期卧病")
EXEMPTED = (12, 20)  # month and day of the vote, before the year from which it holds
# What dues go by: monthly pay in yuan by kind; of probationary members and activists, kind and pay.
LONG_AGO = datetime.date(2020, 1, 1)
PAYS = {
    DuesKind.EMPLOYED: (2600, 2800, 3000, 3400, 3800, 4200, 4600, 5000, 5600, 6400, 10800),
    DuesKind.RETIRED: (2400, 2800, 3000, 3200, 3600, 4000, 4400, 4800, 5000, 5600, 6200),
}
BEGINNERS = ((DuesKind.RELIEF, None), (DuesKind.EMPLOYED, 2600), (DuesKind.EMPLOYED, 2800), (DuesKind.EMPLOYED, 3200))
CONVERTED = (0, -2)  # a probationary member of the first branch
TRANSFERRED = (1, 9)  # came from the branch before this one, before the finished half-year


@dataclass
class Person:
    """A member with the habits that the facts are drawn from."""

    member: Member
    places: list[tuple[Organization, datetime.date]]  # where, since when; the last is where the member is now
    attends: str = "usual"
    pays: str = "prompt"
    pay_day: int = 10
    bases: list[tuple[datetime.date, str, int | None]] = field(default_factory=list)  # since when, kind, pay
    standing: float = 87.0  # what ballots are scattered around
    posts: list[tuple[str, Organization]] = field(default_factory=list)
    user: User | None = None

    def place_on(self, day: datetime.date) -> Organization:
        return [place for place, since in self.places if since <= day][-1]

    @property
    def owes_since(self) -> datetime.date:
        """The month in which the member joined; of those who joined before all of this, the first month of all."""
        return max(LONG_AGO, first_of(self.member.joined_on or LONG_AGO))

    def due_yuan(self, month: datetime.date) -> Decimal:
        kind, pay = next((kind, pay) for since, kind, pay in reversed(self.bases) if since <= month)
        return standard.due(kind, Decimal(pay)) if pay else standard.RELIEF

    @property
    def takes_part(self) -> bool:
        """Scored, and so appraised: neither exempt nor abroad."""
        return self.attends not in ("exempt", "abroad")


@dataclass
class Branch:
    """A branch, whose people come in a fixed order: committee, ordinary members, the others."""

    organization: Organization
    community: Organization
    groups: list[Organization]
    people: list[Person] = field(default_factory=list)
    overseer: User | None = None  # of the general branch

    @property
    def secretary(self) -> User:
        return self.people[0].user


class Population:
    """The streets as they are on a day; rows are written by `save`."""

    def __init__(self, rng: Random, today: datetime.date, finished_on: datetime.date):
        self.rng, self.today, self.finished_on = rng, today, finished_on
        self.names = Names(rng)
        self.serial = 0
        self.branches: list[Branch] = []
        self.other: Branch | None = None
        self.office: Branch | None = None
        self.cast: dict[str, Person] = {}
        self.users: dict[str, User] = {}

    @property
    def everywhere(self) -> list[Branch]:
        return [*self.branches, self.other, self.office]

    @property
    def people(self) -> list[Person]:
        return [person for branch in self.everywhere for person in branch.people]

    def build(self) -> None:
        """Organisations, members with everything that is dated about them; all stored."""
        self._plant_trees()
        for number, branch in enumerate(self.branches):
            self._fill(branch, BRANCHES[number][2], number)
        self._fill(self.other, OTHER_SIZE, len(BRANCHES))
        self._fill(self.office, OFFICE_SIZE, len(BRANCHES) + 1)
        self._cast_parts()
        self._save_people()

    # Organisations ------------------------------------------------------------------------------
    def _plant_trees(self) -> None:
        self.street = Organization.objects.add_root({"name": STREET, "kind": "committee"})
        communities: dict[str, Organization] = {}
        for community, title, _, groups in BRANCHES:
            if community not in communities:
                communities[community] = add_child(self.street, f"{community}党总支", "general_branch")
            node = add_child(communities[community], f"{community}{title}", "branch")
            below = [
                add_child(node, f"{community}{title}第{'一二三'[number]}小组", "group") for number in range(groups)
            ]
            self.branches.append(Branch(node, communities[community], below))
        self.office = Branch(add_child(self.street, OFFICE, "branch"), self.street, [])
        self.other_street = Organization.objects.add_root({"name": OTHER_STREET, "kind": "committee"})
        self.other = Branch(add_child(self.other_street, "东风社区党支部", "branch"), self.other_street, [])

    # Members ------------------------------------------------------------------------------------
    def _fill(self, branch: Branch, size: int, number: int) -> None:
        """Members of a branch: mostly full members at home, then a few of every other kind."""
        small = size < 2 * COMMITTEE
        others = ["probationary"] if small else self._others(number)
        for slot in range(size - len(others)):
            self._add(branch, slot, "ordinary")
        for slot, kind in enumerate(others, size - len(others)):
            self._add(branch, slot, kind)

    def _others(self, number: int) -> list[str]:
        kinds = ["probationary", "activist", "migrant"]
        kinds += ["exempt"] if number % 3 != 2 else []
        kinds += ["abroad"] if number in (0, 3, 6) else []
        kinds += ["probationary", "activist"] if number % 2 == 0 else ["migrant"]
        return kinds

    def _add(self, branch: Branch, slot: int, kind: str) -> None:
        rng = self.rng
        self.serial += 1
        gender = rng.choice("mmf")
        born = self._birthday(kind, slot)
        joined = self._joining_day(kind, born)
        adult = on_birthday(born, 18)
        since = min(self._day(self.today.year - 12, self.today.year - 4), self.finished_on - datetime.timedelta(900))
        member = Member(
            number=f"{'HP' if branch is not self.other else 'DF'}{self.serial:04}",
            name=self.names.person(gender, born),
            gender=gender,
            born=born,
            joined_on=joined,
            status=kind if kind in (MemberStatus.PROBATIONARY, MemberStatus.ACTIVIST) else MemberStatus.FULL,
            category=self._category(born, slot),
            mobility=kind if kind in (Mobility.MIGRANT, Mobility.ABROAD) else Mobility.RESIDENT,
            id_number=id_number(self.serial, gender, born),
            phone=phone(self.serial),
        )
        if joined and member.status == MemberStatus.FULL:
            member.converted_on = months_later(joined, 12)
        member.fill_derived()
        place = branch.groups[slot % len(branch.groups)] if branch.groups and slot else branch.organization
        person = Person(member, [(place, max(since, adult))])
        self._give_habits(person, slot, kind)
        branch.people.append(person)

    def _category(self, born: datetime.date, slot: int) -> str:
        if on_birthday(born, 60) <= self.today:
            return MemberCategory.RETIRED
        if slot < COMMITTEE:
            return MemberCategory.SECTION if slot else MemberCategory.LEADER
        return MemberCategory.ORDINARY

    def _birthday(self, kind: str, slot: int) -> datetime.date:
        year = self.today.year
        first, last = {
            "probationary": (year - 38, year - 22),
            "activist": (year - 34, year - 21),
            "exempt": (year - 90, year - 79),
            "migrant": (year - 45, year - 26),
        }.get(kind, (year - 62, year - 34) if slot < COMMITTEE else (year - 77, year - 27))
        return self._day(first, last)

    def _joining_day(self, kind: str, born: datetime.date) -> datetime.date | None:
        if kind == "activist":
            return None
        if kind == "probationary":  # not yet a year ago, and before the finished half-year ended
            first, last = self.today - datetime.timedelta(350), self.finished_on - datetime.timedelta(60)
            return first + datetime.timedelta(self.rng.randrange((last - first).days))
        age = self.rng.randint(20, 24 if born.year > self.today.year - 32 else 38)
        latest = self.today - datetime.timedelta(800)
        return min(on_birthday(born, age) + datetime.timedelta(self.rng.randrange(300)), latest)

    def _day(self, first_year: int, last_year: int) -> datetime.date:
        first = datetime.date(first_year, 1, 1)
        return first + datetime.timedelta(self.rng.randrange((datetime.date(last_year, 12, 31) - first).days))

    def _give_habits(self, person: Person, slot: int, kind: str) -> None:
        rng = self.rng
        person.standing = min(95.0, max(77.0, rng.gauss(83.5, 2.6)))
        person.pay_day = rng.randint(3, 21)
        old = person.member.category == MemberCategory.RETIRED
        dues_kind = DuesKind.RETIRED if old else DuesKind.EMPLOYED
        person.bases = [(LONG_AGO, dues_kind, rng.choice(PAYS[dues_kind]))]
        person.attends = rng.choices(("steady", "usual", "busy", "frail"), (46, 36, 14, 4))[0]
        person.pays = rng.choices(("prompt", "quarterly", "forgetful"), (66, 12, 22))[0]
        if slot < COMMITTEE:
            person.attends, person.pays = "steady", "prompt"
            person.standing = max(person.standing, 84.0)
        elif kind in ("migrant", "exempt", "abroad"):
            person.attends = kind
        if kind in ("activist", "abroad"):
            person.pays = "nothing"
        if kind in ("probationary", "activist"):
            person.bases = [(LONG_AGO, *rng.choice(BEGINNERS))]

    def _cast_parts(self) -> None:
        """The people who make every consequence and alert appear somewhere."""
        self.cast = {part: self.branches[branch].people[slot] for part, (branch, slot) in CAST.items()}
        self.cast["novice"] = next(
            person for person in self.branches[4].people if person.member.status == MemberStatus.PROBATIONARY
        )
        for person in self.cast.values():
            person.attends, person.pays = "usual", "prompt"
        for branch, slot in TARDY:
            self.branches[branch].people[slot].attends = "tardy"
        for part, attends in {
            "member": "scripted", "hero": "steady", "rare": "rare", "never": "never", "condemned": "rare",
            "warned_hero": "tardy", "novice": "rare", "sanctioned": "steady", "arrears": "steady",
        }.items():  # fmt: skip
            self.cast[part].attends = attends
        for part in ("part_paid", "excused", "arrears", "arrears_now"):
            self.cast[part].pays = part
        self.cast["member"].pays = "scripted"
        for part, standing in {
            "hero": 95.0, "member": 89.0, "disliked": 55.0, "disliked_too": 57.0, "never": 62.0, "rare": 74.0,
            "condemned": 66.0, "novice": 63.0, "gambles": 71.0, "warned_hero": 92.0,
        }.items():  # fmt: skip
            self.cast[part].standing = standing
        hero = self.cast["hero"]  # whose pay has risen
        _, kind, pay = hero.bases[0]
        hero.bases.append((self.finished_on + datetime.timedelta(1), kind, pay + 800))
        self._convert(self.branches[CONVERTED[0]].people[CONVERTED[1]].member)
        branch, slot = TRANSFERRED
        person = self.branches[branch].people[slot]
        person.places[-1:] = [
            (self.branches[branch - 1].organization, person.places[0][1]),
            (self.branches[branch].organization, self.finished_on - datetime.timedelta(230)),
        ]

    def _convert(self, novice: Member) -> None:
        """Became a full member soon after the finished half-year: a probationary member in it, a full one since."""
        novice.converted_on = self.finished_on + datetime.timedelta(41)
        novice.joined_on = months_later(novice.converted_on, -12)
        novice.status = novice.status_on(self.today)

    def _save_people(self) -> None:
        people = self.people
        Member.objects.bulk_create(person.member for person in people)
        Membership.objects.bulk_create(
            Membership(member=person.member, organization=place, starts_on=since, ends_on=until)
            for person in people
            for (place, since), until in zip(person.places, ends(person.places), strict=True)
        )
        for branch in self.everywhere:
            self._give_posts(branch)
        self._give_neighbourhood_posts()
        long_ago = datetime.date(self.today.year - 3, 3, 1)
        Position.objects.bulk_create(
            Position(member=person.member, organization=place, title=title, starts_on=long_ago)
            for person in people
            for title, place in person.posts
        )
        MobilityChange.objects.bulk_create(
            MobilityChange(
                member=person.member, starts_on=long_ago, before=Mobility.RESIDENT, after=person.member.mobility
            )
            for person in people
            if person.member.mobility != Mobility.RESIDENT
        )
        exempted = datetime.date(self.today.year - 3, *EXEMPTED)
        Exemption.objects.bulk_create(
            Exemption(
                member=person.member,
                reason=f"{self.rng.choice(EXEMPT_FOR)}({exempted} 党员大会决议)",
                starts_on=datetime.date(self.today.year - 2, 1, 1),
            )
            for person in people
            if person.attends == "exempt"
        )

    def _give_posts(self, branch: Branch) -> None:
        title = PositionTitle
        posts = [title.SECRETARY, title.DEPUTY_SECRETARY, *[title.COMMITTEE_MEMBER] * (COMMITTEE - 3)]
        posts.append(title.DISCIPLINE_MEMBER)
        for person, post in zip(branch.people, posts, strict=False):
            person.posts.append((post, branch.organization))
        for number, group in enumerate(branch.groups):
            self.leader(branch, number).posts.append((title.GROUP_LEADER, group))

    def leader(self, branch: Branch, group: int) -> Person:
        """The leader of a branch's group (from 0): somebody in it."""
        slot = next(slot for slot in range(10, 13) if slot % len(branch.groups) == group)
        return branch.people[slot]

    def _give_neighbourhood_posts(self) -> None:
        """The neighbourhood committees and general branches, from the communities' first two branches."""
        title = PositionTitle
        for number, branch in enumerate(self.branches):
            first = number == 0 or self.branches[number - 1].community != branch.community
            if first:
                second = self.branches[number + 1]
                branch.people[2].posts.append((title.SECRETARY, branch.community))
                branch.people[3].posts.append((title.DIRECTOR, branch.community))
                branch.people[4].posts.append((title.DEPUTY_DIRECTOR, branch.community))
                second.people[3].posts.append((title.NEIGHBOURHOOD_MEMBER, branch.community))
                second.people[4].posts.append((title.NEIGHBOURHOOD_MEMBER, branch.community))


def add_child(parent: Organization, name: str, kind: str) -> Organization:
    return Organization.objects.add_child(parent, {"name": name, "kind": kind})


def ends(places: list[tuple[Organization, datetime.date]]) -> list[datetime.date | None]:
    """The last day in each place: the day before the next one starts."""
    return [since - datetime.timedelta(1) for _, since in places[1:]] + [None]
