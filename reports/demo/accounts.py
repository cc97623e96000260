"""Who signs in to the demo."""

import datetime

from django.contrib.auth.hashers import make_password

from members.models import Organization, Role, RoleAssignment, User
from reports.demo.people import Person, Population

PASSWORD = "zhibujifen2026"  # noqa: S105  printed for everybody who looks at the demo

# The accounts that the command prints: name to sign in with, role, what it is good for.
ACCOUNTS = (
    ("shuji", Role.BRANCH_SECRETARY, "考勤、党费、审核申报、计票"),
    ("zuzhang", Role.GROUP_LEADER, "本组考勤、初核申报"),
    ("zongzhi", Role.GENERAL_BRANCH, "本社区各支部"),
    ("zhenggong", Role.STREET_STAFF, "审批、考核、榜单、全街道"),
    ("zhenggong2", Role.STREET_STAFF, "第二位审批人"),
    ("jiwei", Role.DISCIPLINE_OFFICE, "纪律条款"),
    ("jiwei2", Role.DISCIPLINE_OFFICE, "审批同事登记的纪律条款"),
    ("shenji", Role.AUDITOR, "只读"),
    ("guanli", Role.ADMINISTRATOR, "账号和组织"),
    ("dangyuan", Role.MEMBER, "自己的台账、申报"),
    ("dangyuan3", Role.MEMBER, "另一个支部的党员,可以网上评议"),
    ("jiguan", Role.BRANCH_SECRETARY, "机关支部,按年计分,上一年的结果正在公示"),
    ("dangyuan4", Role.MEMBER, "机关支部的党员,可以对公示的结果提出申诉"),
    ("waijie", Role.BRANCH_SECRETARY, "另一个街道,按年计分、登记走访,看不到和平街道"),
)


def open_accounts(town: Population) -> None:
    """One a role, one for each secretary and general branch, and a few members who declare for themselves."""
    rows: list[tuple[str, Role, Organization, Person | None]] = []
    overseers: dict[str, str] = {}
    for number, branch in enumerate(town.branches, 1):
        rows.append((numbered("shuji", number), Role.BRANCH_SECRETARY, branch.organization, branch.people[0]))
        if branch.community.name not in overseers:
            name = overseers[branch.community.name] = numbered("zongzhi", len(overseers) + 1)
            rows.append((name, Role.GENERAL_BRANCH, branch.community, branch.people[2]))
    home = town.branches[0]
    rows += [
        ("waijie", Role.BRANCH_SECRETARY, town.other.organization, town.other.people[0]),
        ("jiguan", Role.BRANCH_SECRETARY, town.office.organization, town.office.people[0]),
        ("dangyuan4", Role.MEMBER, town.office.organization, town.office.people[6]),
        ("zuzhang", Role.GROUP_LEADER, home.groups[0], town.leader(home, 0)),
        ("dangyuan", Role.MEMBER, home.organization, town.cast["member"]),
        ("dangyuan2", Role.MEMBER, home.organization, town.cast["declares"]),
        ("dangyuan3", Role.MEMBER, town.branches[1].organization, town.branches[1].people[8]),
    ]
    rows += [
        (name, role, town.street, None)
        for name, role, _ in ACCOUNTS
        if role in (Role.STREET_STAFF, Role.DISCIPLINE_OFFICE, Role.AUDITOR, Role.ADMINISTRATOR)
    ]
    password = make_password(PASSWORD)
    born = datetime.date(1985, 1, 1)
    users = [
        User(
            username=name,
            name=person.member.name if person else town.names.person(town.rng.choice("mf"), born),
            member=person.member if person else None,
            password=password,
            must_change_password=False,
        )
        for name, _, _, person in rows
    ]
    User.objects.bulk_create(users)
    town.users = {user.username: user for user in users}
    since = datetime.date(town.today.year - 3, 3, 1)
    RoleAssignment.objects.bulk_create(
        RoleAssignment(user=town.users[name], role=role, organization=place, starts_on=since)
        for name, role, place, _ in rows
    )
    for name, _, _, person in rows:
        if person:
            person.user = town.users[name]
    for branch in town.branches:
        branch.overseer = town.users[overseers[branch.community.name]]
    town.other.overseer = town.users["waijie"]
    town.office.overseer = town.users["zhenggong"]


def numbered(name: str, number: int) -> str:
    """shuji, shuji2, shuji3 …"""
    return name if number == 1 else f"{name}{number}"
