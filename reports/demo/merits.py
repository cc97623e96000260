"""What was declared and decided about members."""

import datetime
from decimal import Decimal
from random import Random

from django.utils import timezone

from members.models import Role, User
from reports.demo.people import COMMITTEE, Person, Population
from scoring.models import Decision, Entry, EntryStatus, SchemeVersion
from scoring.permissions import office_of

NOTES = {
    "bonus.emergency": ("连夜参加小区排水抢险", "暴雪天清扫主干道,保障出行", "协助扑灭楼道初起火情"),
    "bonus.public_good": (
        "周末为独居老人理发、修家电", "参加无偿献血 400 毫升", "义务辅导社区儿童作业一学期",
        "捐赠图书 60 册给社区书屋", "担任楼院义务巡逻员满三个月",
    ),
    "bonus.activity": ("区微党课比赛三等奖", "街道党史知识竞赛二等奖", "市社区合唱展演优秀奖"),
    "bonus.honor": ("获评优秀共产党员", "获评优秀志愿者", "获评最美邻里"),
    "bonus.example": ("楼院议事做法在全街道推广", "调解邻里纠纷的做法由区里推广"),
    "bonus.outstanding": ("老旧小区改造入户动员完成最快", "人口普查入户登记全社区第一"),
    "duties_basic.unfinished": (
        "承诺的楼道清理没有按时完成", "联系的两户没有走访", "认领的岗位任务没有完成", "承诺书没有按时交",
    ),
    "duties_key.unfinished": ("老旧小区改造意见征集没有按期交", "安全隐患排查到期未完成"),
    "duties_key.uncooperative": ("拒不参加包户清运工作,影响楼院进度",),
    "discipline.misconduct": ("参与赌博,受到治安处罚", "酒后扰乱公共秩序"),
    "discipline.other": ("违反社区停车管理规定,多次劝阻不改",),
    "family.breach": ("与邻居长期争吵,调解无效",),
    "morality.poor": ("高空抛物,群众反映较差",),
    "morality.superstition": ("组织迷信活动",),
    "direct.obstruct": ("无理阻挠管网改造施工",),
    "direct.sanction": ("受党内警告处分",),
    "direct.assembly": ("党员大会表决定为不合格",),
    "record.illegal_building": ("楼顶违章搭建", "占用绿地搭建车棚"),
}  # fmt: skip
HONOR_LEVELS = {"street": 10, "district": 5, "municipal": 2, "provincial": 1}
# By chance in a half-year: how many of a hundred ordinary members.
USUAL_ENTRIES = {
    "bonus.public_good": 8, "bonus.activity": 3, "bonus.emergency": 2, "bonus.honor": 3, "bonus.example": 1,
    "bonus.outstanding": 1, "duties_basic.unfinished": 40, "duties_key.unfinished": 4, "morality.poor": 1,
    "discipline.other": 1,
}  # fmt: skip
# Of people with a part: item, level or points, in the finished half-year and the running one.
FINISHED = (
    ("member", "bonus.public_good", None),
    ("member", "duties_basic.unfinished", None),
    ("hero", "bonus.emergency", None),
    ("hero", "bonus.honor", "national"),
    ("hero", "bonus.outstanding", 6),
    ("warned_hero", "bonus.honor", "municipal"),
    ("warned_hero", "bonus.emergency", None),
    ("warned_hero", "bonus.emergency", None),
    ("condemned", "duties_key.unfinished", None),
    ("condemned", "direct.assembly", None),
    ("builds", "record.illegal_building", None),
    ("builds", "record.illegal_building", None),
    ("sanctioned", "direct.sanction", None),
    ("gambles", "discipline.misconduct", None),
    ("gambles", "discipline.misconduct", None),
    ("quarrels", "family.breach", None),
    ("quarrels", "morality.poor", None),
    ("superstitious", "morality.superstition", None),
    ("novice", "duties_key.unfinished", None),
    ("novice", "duties_key.uncooperative", 15),
    ("rare", "duties_basic.unfinished", None),
)
RUNNING = (
    ("member", "bonus.activity", None),
    ("hero", "bonus.public_good", None),
    ("obstructs", "direct.obstruct", None),
    ("quarrels", "family.breach", None),
)


def moment(day: datetime.date, hour: int = 9, minute: int = 0) -> datetime.datetime:
    return timezone.make_aware(datetime.datetime(day.year, day.month, day.day, hour, minute))


class Merits:
    """Entries with their decisions, of a half-year up to a day."""

    def __init__(self, rng: Random, town: Population, version: SchemeVersion, today: datetime.date):
        self.rng, self.town, self.version, self.today = rng, town, version, today
        self.rules = {item.code: item for item in version.scheme.entry_items}
        self.entries: list[Entry] = []
        self.decisions: list[Decision] = []
        self.branch_of = {id(person): branch for branch in town.everywhere for person in branch.people}

    # Entries ------------------------------------------------------------------------------------
    def draw_usual(self, first: datetime.date, last: datetime.date, share: float) -> None:
        """Everyday merits and faults, approved; `share` of a whole half-year's."""
        for branch in self.town.branches:
            for person in branch.people[COMMITTEE:]:
                if not person.takes_part or person in self.town.cast.values():
                    continue
                for item, percent in USUAL_ENTRIES.items():
                    if self.rng.random() * 100 < percent * share:
                        self.settle(person, item, self._day(first, last))

    def play_parts(self, parts: tuple, first: datetime.date, last: datetime.date) -> None:
        for part, item, value in parts:
            self.settle(self.town.cast[part], item, self._day(first, last), value=value)

    def settle(self, person: Person, item: str, date: datetime.date, value=None) -> Entry:
        """An entry that the branch, or for a verdict the office, declared and somebody else approved."""
        rule, office = self.rules[item], self._office(item)
        by_office = rule.sign == "direct" and rule.office != "meeting"
        entry = self.declare(
            person, item, date, by=office if by_office else self.branch_of[id(person)].secretary, value=value
        )
        approver = self.town.users["zhenggong2"] if by_office else office
        return self.decide(entry, approver, date + datetime.timedelta(3))

    def declare(self, person: Person, item: str, date: datetime.date, *, by: User, value=None, note="") -> Entry:
        """A new entry; what a member declares goes to the branch first. value: the level, or the points given."""
        rule = self.rules[item]
        if "level" in rule.needs and value is None:
            value = self.rng.choices(list(HONOR_LEVELS), list(HONOR_LEVELS.values()))[0]
        if "points" in rule.needs and value is None:
            value = self.rng.randint(2, 6)
        entry = Entry(
            member=person.member,
            version=self.version,
            item=item,
            date=date,
            level=value if "level" in rule.needs else "",
            points=Decimal(value) if "points" in rule.needs else None,
            note=note or self.rng.choice(NOTES[item]),
            status=EntryStatus.DECLARED if by.member_id == person.member.pk else EntryStatus.REVIEWED,
            declared_by=by,
        )
        entry.moment = self._moment(date + datetime.timedelta(1))
        self.entries.append(entry)
        return entry

    def review(self, entry: Entry, by: User, day: datetime.date, *, refused: str = "") -> Entry:
        """The branch's step."""
        return self._step(entry, Decision.Step.BRANCH, by, day, refused, EntryStatus.REVIEWED)

    def decide(self, entry: Entry, by: User, day: datetime.date, *, refused: str = "") -> Entry:
        """The street's step."""
        return self._step(entry, Decision.Step.STREET, by, day, refused, EntryStatus.APPROVED)

    def reverse(self, entry: Entry, by: User, day: datetime.date, reason: str) -> Entry:
        """The entry that takes an approved one back."""
        reversal = Entry(
            member=entry.member,
            version=entry.version,
            item=entry.item,
            date=entry.date,
            level=entry.level,
            points=entry.points,
            note=reason,
            status=EntryStatus.APPROVED,
            reverses=entry,
            declared_by=by,
        )
        reversal.moment = self._moment(day)
        self.entries.append(reversal)
        return reversal

    def save(self) -> None:
        """Write what was drawn since the last time, with the moments at which it is meant to have happened."""
        for row in self.entries:
            row.declared_at = row.moment
        for row in self.decisions:
            row.decided_at = row.moment
        for taking_back in (False, True):  # what is taken back is there first
            Entry.objects.bulk_create(entry for entry in self.entries if bool(entry.reverses) == taking_back)
        Decision.objects.bulk_create(self.decisions)
        self.entries, self.decisions = [], []

    def _step(self, entry: Entry, step: str, by: User, day: datetime.date, refused: str, approved: str) -> Entry:
        decision = Decision(entry=entry, step=step, approved=not refused, reason=refused, decided_by=by)
        decision.moment = self._moment(day, 14)
        self.decisions.append(decision)
        entry.status = EntryStatus.REJECTED if refused else approved
        return entry

    def _office(self, item: str) -> User:
        office = self.town.users["jiwei"]
        return office if office_of(self.rules[item]) == Role.DISCIPLINE_OFFICE else self.town.users["zhenggong"]

    def _day(self, first: datetime.date, last: datetime.date) -> datetime.date:
        return first + datetime.timedelta(self.rng.randrange(max(1, (last - first).days)))

    def _moment(self, day: datetime.date, hour: int = 9) -> datetime.datetime:
        """A time of that day, yesterday at the latest."""
        day = min(day, self.today - datetime.timedelta(1))
        return moment(day, hour, self.rng.randrange(60))
