"""Tasks about the roster, the facts of everyday life, and accounts."""

import datetime
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from evaluations.backlogs import ONE_DAY, Backlog, backlogs_of
from evaluations.monthly import branches_with_members
from evaluations.permissions import REVIEWING_ROLES, confirmable
from members.arrears import arrears_of
from members.dates import (
    first_of,
    half_of,
    months_from,
    near_day_name,
    near_month_name,
    near_quarter_name,
    quarter_days,
    quarter_of,
)
from members.dues_unrecorded import unrecorded_dues
from members.models import (
    Activity,
    LeaveRequest,
    Member,
    Membership,
    MemberStatus,
    MigrantReport,
    Mobility,
    Organization,
    Role,
    RoleAssignment,
    User,
    VisitMonth,
)
from members.querysets import STEP, accounts_kept_by, at_or_below, in_subtrees, lineage, mobility_on, paths_of
from reports.everyday import REPORTS, VISITS, months_to_complete, that_take
from reports.tasks.task import Task, about_members, branch_names, names_of, spans

LAST_DAYS = datetime.timedelta(days=21)  # before a quarter ends, reports are asked for


def roster(user: User) -> list[Task]:
    """Branches of the user that nobody belongs to yet: first of all the roster."""
    branches = list(Organization.objects.for_roles(user, Role.BRANCH_SECRETARY).branches())
    there = branches_with_members(branches, timezone.localdate())
    empty = [branch for branch in branches if branch not in there]
    if not empty:
        return []
    detail = f"{branch_names(empty)},有了名册才有考勤、党费和积分"
    return [Task(len(empty), "名册里还没有人,先导入名册", detail, reverse("members:import_members"), "导入名册")]


def branches_of(user: User, roles: tuple[str, ...]) -> list[Organization]:
    """Branches whose everyday work falls to the user: the first of the roles, the secretary first, that somebody holds."""
    return confirmable(user, list(Organization.objects.for_roles(user, *roles).branches()), roles)


def _members_in(branches: list[Organization]):
    """Members who belong to one of the branches today."""
    there = Membership.objects.in_office().filter(at_or_below(branches, "organization__path"))
    return Member.objects.filter(Exists(there.filter(member=OuterRef("pk"))))


def leave(user: User) -> list[Task]:
    """Leave that members asked for and nobody has decided. Those above a branch see only what its secretary asks for."""
    heads = RoleAssignment.objects.in_office().filter(role=Role.BRANCH_SECRETARY, user__member=OuterRef("member"))
    near = in_subtrees(paths_of(user, (Role.BRANCH_SECRETARY, Role.GROUP_LEADER)), "activity__organization__path")
    above = in_subtrees(paths_of(user, (Role.GENERAL_BRANCH,)), "activity__organization__path") & Q(Exists(heads))
    waiting = LeaveRequest.objects.to_decide_by(user).filter(near | above)
    waiting = list(waiting.select_related("activity", "member").order_by("activity__date", "pk"))
    if not waiting:
        return []
    first = waiting[0]
    day = first.activity.date
    more = f"等 {len(waiting)} 件" if len(waiting) > 1 else ""
    detail = f"{first.member} {day.month} 月 {day.day} 日「{first.activity}」请{first.get_kind_display()}{more}"
    url = reverse("members:leave_request", args=[first.pk]) if len(waiting) == 1 else reverse("members:leave")
    return [Task(len(waiting), "请假待批", detail, url, "去批")]


def attendance(user: User) -> list[Task]:
    """Past activities of which somebody's attendance is missing and may still be recorded."""
    above = (Role.GENERAL_BRANCH, Role.STREET_STAFF)
    places = Q(at_or_below(branches_of(user, REVIEWING_ROLES), "organization__path"))
    places |= in_subtrees(paths_of(user, (Role.BRANCH_SECRETARY, Role.GROUP_LEADER)), "organization__path")
    places |= Q(organization__path__in=paths_of(user, above))  # what they hold themselves
    open_ = Activity.objects.filter(places, date__lte=timezone.localdate()).to_record().order_by("date", "pk")
    waiting = list(open_.with_summary().values_list("pk", "title", "date", "recorded"))
    if not waiting:
        return []
    pk, title, date, recorded = waiting[0]
    more = f"等 {len(waiting)} 次活动" if len(waiting) > 1 else ""
    detail = f"{near_day_name(date, timezone.localdate())}「{title}」{more},{'考勤还没有登记完' if recorded else '还没有考勤'}"
    return [Task(len(waiting), "登记考勤", detail, reverse("members:activity", args=[pk]), "去登记")]


def dues(branches: list[Organization]) -> list[Task]:
    """Members of the branches who have not paid this month in full."""
    if not branches:
        return []
    month = timezone.localdate().replace(day=1)
    owing = _members_in(branches).owing_dues(month)
    return about_members(owing, f"登记 {month.month} 月党费", "还没有缴清", _page_of("members:dues", branches))


def _page_of(name: str, branches: list[Organization], **query: str) -> str:
    """A page of everyday work, of the branch if it is one."""
    return reverse(name, query=query | ({"organization": branches[0].pk} if len(branches) == 1 else {}))


def unrecorded(branches: list[Organization]) -> list[Task]:
    """Members of the branches with nothing on record of past months that still count; the button opens the oldest."""
    asked = {(branch.pk, month) for branch, months in months_to_complete(branches).items() for month in months}
    found = unrecorded_dues(branches, {month for _, month in asked})
    found = {key: members for key, members in found.items() if key in asked}
    if not found:
        return []
    oldest, place = min((month, branch) for branch, month in found)
    months, people = {month for _, month in found}, {member for members in found.values() for member in members}
    name = near_month_name(oldest, timezone.localdate()) + (f"等 {len(months)} 个月" if len(months) > 1 else "")
    detail = f"{name}还有 {len(people)} 人没有登记,缴没缴都要登记"
    url = reverse("members:dues", query={"month": f"{oldest:%Y-%m}", "organization": place})
    return [Task(len(people), "补登以前月份的党费", detail, url, "去登记")]


def arrears(branches: list[Organization]) -> list[Task]:
    """Members of the branches who owe dues of months that are over, the longest first."""
    if not branches:
        return []
    owing = arrears_of(_members_in(branches), timezone.localdate())
    if not owing:
        return []
    longest = max(owing, key=lambda member: (len(owing[member].months), -member))
    name = Member.objects.get(pk=longest).name
    detail = f"{name}{owing[longest].words}"
    if len(owing) > 1:
        detail = f"{name}等 {len(owing)} 人,最多的欠 {len(owing[longest].months)} 个月"
    oldest = min(one.months[0] for one in owing.values())
    url = _page_of("members:dues_half", branches, half=half_of(oldest))
    return [Task(len(owing), "催缴以前月份的党费", detail, url, "打开")]


def oversight(user: User) -> list[Task]:
    """What the branches below a general branch have yet to do themselves: activities and dues, in counts."""
    below = list(Organization.objects.for_roles(user, Role.GENERAL_BRANCH).branches())
    if not below:
        return []
    mine = {branch.pk for branch in confirmable(user, below)}
    others = [branch for branch in below if branch.pk not in mine]
    month = timezone.localdate().replace(day=1)
    past = Activity.objects.filter(at_or_below(others, "organization__path"), date__lte=timezone.localdate())
    open_ = list(past.to_record().values_list("organization__path", flat=True))
    owing = list(_members_in(below).owing_dues(month).with_branch().values_list("branch_path", flat=True))
    tasks = []
    if open_:
        words = f"{len(_branches_with(others, open_))} 个支部有 {len(open_)} 次活动还没有登记完考勤,由支部登记"
        url = reverse("members:activities", query={"to_record": "on"})
        tasks.append(Task(len(open_), "各支部的考勤", words, url, "看一看"))
    if owing:
        branches = _branches_with(below, owing)
        words = f"{len(branches)} 个支部有 {len(owing)} 人还没有缴清,由支部收缴、登记"
        url = _page_of("members:dues", branches[:1])  # the page is one branch's, and offers the others
        tasks.append(Task(len(owing), f"各支部 {month.month} 月的党费", words, url, "看一看"))
    return tasks


def _branches_with(branches: list[Organization], paths: list[str]) -> list[Organization]:
    """Those of the branches at or under which one of the paths lies."""
    found = {path[:end] for path in set(paths) for end in range(STEP, len(path) + 1, STEP)}
    return [branch for branch in branches if branch.path in found]


@dataclass(frozen=True)
class Missing:
    """A month or quarter of which something about a member is not on record."""

    span: datetime.date | str
    branch: Organization
    member: int
    name: str


def _backlogs(fact: str, branches: list[Organization]) -> dict[Organization, Backlog]:
    """Of those of the branches whose scheme in force takes a fact of everyday life."""
    taking = that_take(fact, branches) if branches else []
    return backlogs_of(taking) if taking else {}


def _places(branches: Iterable[Organization], mobility: str) -> QuerySet[Membership]:
    """Where members of that mobility belong at or below the branches today, in the order of their numbers."""
    there = Membership.objects.in_office().filter(
        at_or_below(branches, "organization__path"), member__mobility=mobility
    )
    return there.order_by("member__number")


def _holder(path: str, by_path: dict[str, Organization]) -> Organization:
    """The one of the branches that a place lies in."""
    return next(by_path[above] for above in lineage(path) if above in by_path)


def _about_missing(missing: list[Missing], title: str, words: str, url: str) -> Task:
    names = {one.member: one.name for one in missing}
    return Task(len(names), title, f"{names_of(list(names.values()))}{words}", url, "打开")


def visits(branches: list[Organization]) -> list[Task]:
    """Members at home who had households when last on record, and the open months since then that are not on record.

    A branch that has nobody on record is asked to begin.
    """
    backlogs, today = _backlogs(VISITS, branches), timezone.localdate()
    if not backlogs:
        return []
    by_path, places = {branch.path: branch for branch in backlogs}, _places(backlogs, Mobility.RESIDENT)
    kept = _households(places, min(backlog.open_since for backlog in backlogs.values()))
    missing, begun = [], set()
    for member, name, path, since in places.values_list("member", "member__name", "organization__path", "starts_on"):
        if member not in kept:
            continue
        branch = _holder(path, by_path)
        begun.add(branch)
        first = first_of(max(since, backlogs[branch].open_since))
        missing += [Missing(month, branch, member, name) for month in _left_out(kept[member], today) if month >= first]
    tasks = []
    if missing:
        months = sorted({one.span for one in missing})
        title = f"登记走访:{spans([near_month_name(month, today) for month in months], '个月')}"
        url = _visits_page(next(one.branch for one in missing if one.span == months[0]), months[0])
        tasks.append(_about_missing(missing, title, "还没有登记", url))
    if new := [branch for branch in backlogs if branch not in begun]:
        detail = f"{branch_names(new)}还没有登记过,先填谁联系几户;没有联系户的填 0"
        tasks.append(Task(len(new), f"开始登记走访:{today.month} 月", detail, _visits_page(new[0], today), "打开"))
    return tasks


def _households(places: QuerySet[Membership], since: datetime.date) -> dict[int, dict[datetime.date, int]]:
    """By member and month how many households are on record, from a year before a day on."""
    recorded = VisitMonth.objects.filter(member__in=places.values("member"), month__gte=first_of(since, -12))
    found = defaultdict(dict)
    for member, month, assigned in recorded.values_list("member", "month", "assigned"):
        found[member][month] = assigned
    return dict(found)


def _left_out(kept: dict[datetime.date, int], today: datetime.date) -> list[datetime.date]:
    """Months up to this one that are not on record, where the last one before them has households."""
    found, households = [], 0
    for month in months_from(min(kept), today):
        households = kept.get(month, households)
        if households and month not in kept:
            found.append(month)
    return found


def _visits_page(branch: Organization, month: datetime.date) -> str:
    return reverse("members:visits", query={"month": f"{month:%Y-%m}", "organization": branch.pk})


def reports(branches: list[Organization]) -> list[Task]:
    """Members who are away and have not reported for an open quarter that is over, or in its last weeks."""
    backlogs, today = _backlogs(REPORTS, branches), timezone.localdate()
    first, end = quarter_days(quarter_of(today))
    last = today if end - today <= LAST_DAYS else first - ONE_DAY
    asked = {
        branch: list(dict.fromkeys(map(quarter_of, months_from(backlog.since(first), last))))
        for branch, backlog in backlogs.items()
    }
    missing = _unreported({branch: quarters for branch, quarters in asked.items() if quarters})
    if not missing:
        return []
    quarters = sorted({one.span for one in missing})
    title = f"登记流动党员汇报:{spans([near_quarter_name(quarter, today) for quarter in quarters], '个季度')}"
    oldest = next(one.branch for one in missing if one.span == quarters[0])
    url = reverse("members:migrant_reports", query={"year": quarters[0][:4], "organization": oldest.pk})
    return [_about_missing(missing, title, "还没有汇报", url)]


def _unreported(asked: dict[Organization, list[str]]) -> list[Missing]:
    """Of the quarters that each branch is asked for, those at whose end a member was away, and did not report."""
    if not asked:
        return []
    today, quarters = timezone.localdate(), sorted({quarter for several in asked.values() for quarter in several})
    ends = {quarter: min(quarter_days(quarter)[1], today) for quarter in quarters}
    by_path, places = {branch.path: branch for branch in asked}, _places(asked, Mobility.MIGRANT)
    reported = MigrantReport.objects.filter(quarter__in=quarters, member__in=places.values("member"))
    reported = set(reported.values_list("member", "quarter"))
    then = {f"in_{quarter}": mobility_on(day, "member__") for quarter, day in ends.items()}
    missing = []
    for place in places.annotate(**then).values("member", "member__name", "organization__path", "starts_on", *then):
        branch = _holder(place["organization__path"], by_path)
        missing += [
            Missing(quarter, branch, place["member"], place["member__name"])
            for quarter in asked[branch]
            if place["starts_on"] <= ends[quarter]
            and place[f"in_{quarter}"] == Mobility.MIGRANT
            and (place["member"], quarter) not in reported
        ]
    return missing


def probation(user: User) -> list[Task]:
    """Probationary members whose time is over, for the meeting to decide on."""
    waiting = Member.objects.for_roles(user, Role.BRANCH_SECRETARY).probation_over(timezone.localdate())
    url = f"{reverse('members:roster')}?status={MemberStatus.PROBATIONARY}"
    return about_members(waiting, "讨论预备党员转正", "预备期已满", url)


def first_passwords(user: User) -> list[Task]:
    """For an administrator: accounts whose first password is not yet changed."""
    if not paths_of(user, (Role.ADMINISTRATOR,)):
        return []
    waiting = accounts_kept_by(user).filter(is_active=True, must_change_password=True).exclude(pk=user.pk)
    names = list(waiting.order_by("name", "pk").values_list("name", flat=True))
    if not names:
        return []
    url = reverse("members:accounts", query={"sort": "-state"})
    return [Task(len(names), "初始密码还没有改的账号", f"{names_of(names)},请催本人登录以后改", url, "看一看")]
