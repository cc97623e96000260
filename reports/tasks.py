"""What waits for a user today: one line and one button each."""

import datetime
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import CharField, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from evaluations.appraising import appraising
from evaluations.assessments import Work, schemes_to_assess
from evaluations.assessments import periods_of as periods_to_assess
from evaluations.course import waiting_for
from evaluations.measure_kinds import OFFICES, measure_kinds
from evaluations.models import Appeal, Appraisal, Measure, Round, RoundStep, Step, Voter
from evaluations.models.measures import clock_words
from evaluations.monthly import branches_with_members, months_to_confirm
from evaluations.permissions import REVIEWING_ROLES, TALLY_ROLES, confirmable
from evaluations.quarterly import objections_to_answer, quarters_to_publish
from members.arrears import arrears_of
from members.dates import day_name, first_of, near_day_name, quarter_days, quarter_name, quarter_of
from members.models import (
    Activity,
    LeaveRequest,
    Member,
    Membership,
    MemberStatus,
    Mobility,
    Organization,
    Role,
    RoleAssignment,
    User,
    VisitMonth,
)
from members.permissions import RECORD_ROLES
from members.querysets import STEP, accounts_kept_by, in_subtrees, paths_of
from reports.everyday import REPORTS, VISITS, that_take
from scoring.engine import Period
from scoring.engine.vocabulary import ALERTS
from scoring.models import Entry, EntryDraft, SchemeVersion
from scoring.permissions import BRANCH_ROLES
from scoring.reviewing import waiting_for as entries_for

AUDITED_WITHIN = datetime.timedelta(days=31)
LAST_DAYS = datetime.timedelta(days=21)  # before a half-year or quarter ends, tallies or reports are asked for


@dataclass(frozen=True)
class Task:
    """A thing to do: how many, what, why it is worth doing now, and the button."""

    count: int
    title: str
    detail: str
    url: str
    button: str


def tasks_of(user: User) -> list[Task]:
    """Tasks of all the user's roles, most urgent first; empty when nothing waits."""
    kept = _branches_of(user, RECORD_ROLES)
    return [
        *_roster(user),
        *_ballots(user),
        *_leave(user),
        *_attendance(user),
        *_dues(kept),
        *_arrears(kept),
        *_alerts(user),
        *_visits(kept),
        *_reports(kept),
        *_probation(user),
        *_asked(user),
        *_entries(user, "审核申报", *BRANCH_ROLES),
        *_entries(user, "审批加分和扣分", Role.STREET_STAFF),
        *_entries(user, "审批纪律条款", Role.DISCIPLINE_OFFICE),
        *_drafts(user),
        *_objections(user),
        *_months(user),
        *_appraisals(user),
        *_assessments(user),
        *_rounds(user),
        *_decisions(user),
        *_steps(user),
        *_own_measures(user),
        *_appeals(user),
        *_oversight(user),
        *_settled_lately(user),
        *_first_passwords(user),
    ]


def _roster(user: User) -> list[Task]:
    """Branches of the user that nobody belongs to yet: first of all the roster."""
    branches = list(Organization.objects.for_roles(user, Role.BRANCH_SECRETARY).branches())
    there = branches_with_members(branches, timezone.localdate())
    empty = [branch for branch in branches if branch not in there]
    if not empty:
        return []
    detail = f"{_places(empty)},有了名册才有考勤、党费和积分"
    return [Task(len(empty), "名册里还没有人,先导入名册", detail, reverse("members:import_members"), "导入名册")]


def _branches_of(user: User, roles: tuple[str, ...]) -> list[Organization]:
    """Branches whose everyday work falls to the user: the first of the roles, the secretary first, that somebody holds."""
    return confirmable(user, list(Organization.objects.for_roles(user, *roles).branches()), roles)


def _below(branches: list[Organization], path: str) -> Exists:
    """Rows whose tree path lies at or under one of the branches, of which there may be thousands."""
    named = Organization.objects.filter(pk__in=[branch.pk for branch in branches])
    row = ExpressionWrapper(OuterRef(path), CharField())
    return Exists(named.alias(row=row).filter(row__startswith=F("path")))


def _members_in(branches: list[Organization]):
    """Members who belong to one of the branches today."""
    there = Membership.objects.in_office().filter(_below(branches, "organization__path"))
    return Member.objects.filter(Exists(there.filter(member=OuterRef("pk"))))


def _leave(user: User) -> list[Task]:
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


def _attendance(user: User) -> list[Task]:
    """Past activities of which somebody's attendance is missing and may still be recorded."""
    above = (Role.GENERAL_BRANCH, Role.STREET_STAFF)
    places = Q(_below(_branches_of(user, REVIEWING_ROLES), "organization__path"))
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


def _dues(branches: list[Organization]) -> list[Task]:
    """Members of the branches who have not paid this month in full."""
    if not branches:
        return []
    month = timezone.localdate().replace(day=1)
    owing = _members_in(branches).owing_dues(month)
    return _named(owing, f"登记 {month.month} 月党费", "还没有缴清", _page_of("members:dues", branches))


def _page_of(name: str, branches: list[Organization]) -> str:
    """A page of everyday work, of the branch if it is one."""
    return reverse(name, query={"organization": branches[0].pk} if len(branches) == 1 else None)


def _arrears(branches: list[Organization]) -> list[Task]:
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
    return [Task(len(owing), "催缴以前月份的党费", detail, _page_of("members:dues_half", branches), "打开")]


def _oversight(user: User) -> list[Task]:
    """What the branches below a general branch have yet to do themselves: activities and dues, in counts."""
    below = list(Organization.objects.for_roles(user, Role.GENERAL_BRANCH).branches())
    if not below:
        return []
    mine = {branch.pk for branch in confirmable(user, below)}
    others = [branch for branch in below if branch.pk not in mine]
    month = timezone.localdate().replace(day=1)
    past = Activity.objects.filter(_below(others, "organization__path"), date__lte=timezone.localdate())
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


def _settled_lately(user: User) -> list[Task]:
    """For an auditor: rounds that were closed or opened again within a month, the latest first."""
    paths = paths_of(user, (Role.AUDITOR,))
    if not paths:
        return []
    since = timezone.now() - AUDITED_WITHIN
    steps = RoundStep.objects.filter(in_subtrees(paths, "round__organization__path"), done_at__gte=since)
    steps = steps.filter(step__in=(Step.CLOSE, Step.REOPEN)).select_related("round__organization").order_by("-pk")
    latest = list({step.round_id: step for step in reversed(steps)}.values())[::-1]
    if not latest:
        return []
    first, today = latest[0], timezone.localdate()
    day = near_day_name(timezone.localdate(first.done_at), today)
    period = Period.parse(first.round.period).title
    detail = f"{first.round.organization}{period}考核,{day}{first.get_step_display()}"
    if len(latest) > 1:
        detail += f",另有 {len(latest) - 1} 次"
    url = reverse("evaluations:round", args=[first.round_id]) if len(latest) == 1 else reverse("evaluations:rounds")
    return [Task(len(latest), "一个月里办结或者重新打开的考核", detail, url, "看一看")]


def _first_passwords(user: User) -> list[Task]:
    """For an administrator: accounts whose first password is not yet changed."""
    if not paths_of(user, (Role.ADMINISTRATOR,)):
        return []
    waiting = accounts_kept_by(user).filter(is_active=True, must_change_password=True).exclude(pk=user.pk)
    names = list(waiting.order_by("name", "pk").values_list("name", flat=True))
    if not names:
        return []
    named = "、".join(names[:3]) + (f"等 {len(names)} 人" if len(names) > 3 else "")
    url = reverse("members:accounts", query={"sort": "-state"})
    return [Task(len(names), "初始密码还没有改的账号", f"{named},请催本人登录以后改", url, "看一看")]


def _branches_with(branches: list[Organization], paths: list[str]) -> list[Organization]:
    """Those of the branches at or under which one of the paths lies."""
    found = {path[:end] for path in set(paths) for end in range(STEP, len(path) + 1, STEP)}
    return [branch for branch in branches if branch.path in found]


def _alerts(user: User) -> list[Task]:
    """Members whom the running rounds warn of: half a year without dues or organisational life."""
    places = in_subtrees(paths_of(user, (Role.BRANCH_SECRETARY, Role.STREET_STAFF)), "organization__path")
    running = (Round.Status.OPEN, Round.Status.COMPUTED, Round.Status.REVIEWED, Round.Status.PUBLISHED)
    warned = Measure.objects.filter(places, code__in=ALERTS, state=Measure.State.PROPOSED, round__status__in=running)
    found = list(warned.select_related("member", "round").order_by("-round__period", "pk"))
    if not found:
        return []
    people = list(dict.fromkeys(measure.member for measure in found))
    titles = "、".join(dict.fromkeys(ALERTS[measure.code][0] for measure in found))
    more = f"等 {len(people)} 人" if len(people) > 1 else ""
    url = reverse("evaluations:round", args=[found[0].round_id])
    return [Task(len(people), "核实预警", f"{people[0]}{more}:{titles}", url, "去核实")]


def _members_under(branches: list[Organization], fact: str):
    """Members of those of the branches whose scheme in force takes a fact of everyday life."""
    return _members_in(that_take(fact, branches) if branches else [])


def _visits(branches: list[Organization]) -> list[Task]:
    """Members who kept contact with households last month, and have nothing on record for this one."""
    month = timezone.localdate().replace(day=1)
    recorded = VisitMonth.objects.filter(member=OuterRef("pk"))
    waiting = _members_under(branches, VISITS).exclude(Exists(recorded.filter(month=month)))
    waiting = waiting.filter(Exists(recorded.filter(month=first_of(month, -1), assigned__gt=0)))
    return _named(waiting, f"登记 {month.month} 月走访", "还没有登记", reverse("members:visits"))


def _reports(branches: list[Organization]) -> list[Task]:
    """In the last weeks of a quarter, members who are away and have not reported for it."""
    quarter = quarter_of(timezone.localdate())
    if quarter_days(quarter)[1] - timezone.localdate() > LAST_DAYS:
        return []
    waiting = _members_under(branches, REPORTS).filter(mobility=Mobility.MIGRANT)
    waiting = waiting.exclude(migrant_reports__quarter=quarter)
    return _named(waiting, f"登记{quarter_name(quarter)}流动党员汇报", "还没有汇报", reverse("members:migrant_reports"))


def _probation(user: User) -> list[Task]:
    """Probationary members whose time is over, for the meeting to decide on."""
    waiting = Member.objects.for_roles(user, Role.BRANCH_SECRETARY).probation_over(timezone.localdate())
    url = f"{reverse('members:roster')}?status={MemberStatus.PROBATIONARY}"
    return _named(waiting, "讨论预备党员转正", "预备期已满", url)


def _named(members, title: str, detail: str, url: str) -> list[Task]:
    """A task about members, the first of whom are named; none where there are none."""
    names = list(members.order_by("number").values_list("name", flat=True))
    if not names:
        return []
    named = "、".join(names[:3]) + (f"等 {len(names)} 人" if len(names) > 3 else "")
    return [Task(len(names), title, f"{named}{detail}", url, "打开")]


def _entries(user: User, title: str, *roles: str) -> list[Task]:
    """Entries whose next step is the user's in one of the roles; not those that wait for their author's answer."""
    if not paths_of(user, roles):
        return []
    waiting = list(entries_for(user, *roles).filter(is_asked=False).values_list("pk", "declared_at"))
    if not waiting:
        return []
    days = (timezone.now() - waiting[0][1]).days
    detail = f"最早一条已等 {days} 天" if days else "今天新到"
    url = reverse("scoring:entry", args=[waiting[0][0]]) if len(waiting) == 1 else reverse("scoring:queue")
    return [Task(len(waiting), title, detail, url, "审核")]


def _asked(user: User) -> list[Task]:
    """Entries of the user's about which a reviewer has asked."""
    asked = Entry.objects.asked_back().filter(declared_by=user).select_related("member").prefetch_related("version")
    waiting = list(asked.order_by("declared_at", "pk"))
    if not waiting:
        return []
    first = waiting[0]
    detail = f"{first.member} {first.title}" + (f"等 {len(waiting)} 条" if len(waiting) > 1 else "")
    one = f"{reverse('scoring:entry', args=[first.pk])}#answer"
    url = one if len(waiting) == 1 else reverse("scoring:mine")
    return [Task(len(waiting), "答复审核人的问题", f"{detail},答复以后才接着审", url, "去答复")]


def _drafts(user: User) -> list[Task]:
    """Drafts that the user has not sent."""
    drafts = list(EntryDraft.objects.of(user).values_list("pk", "title"))
    if not drafts:
        return []
    detail = f"{drafts[0][1]}{f'等 {len(drafts)} 份' if len(drafts) > 1 else ''},还没有提交,不会计分"
    url = reverse("scoring:draft", args=[drafts[0][0]]) if len(drafts) == 1 else reverse("scoring:mine")
    return [Task(len(drafts), "申报草稿", detail, url, "接着写")]


def _ballots(user: User) -> list[Task]:
    """Appraisals in which the user has yet to vote."""
    if not user.member_id:
        return []
    now = timezone.now()
    running = Voter.objects.filter(
        member=user.member_id, way=Voter.Way.NONE, group__appraisal__status=Appraisal.Status.OPEN
    ).filter(group__appraisal__opens_at__lte=now, group__appraisal__closes_at__gt=now)
    tasks = []
    for voter in running.select_related("group__appraisal__organization"):
        appraisal = voter.group.appraisal
        ends = timezone.localtime(appraisal.closes_at)
        detail = f"{appraisal},{ends.month} 月 {ends.day} 日 {ends:%H:%M} 截止"
        tasks.append(Task(1, "参加民主评议", detail, reverse("evaluations:ballot", args=[appraisal.pk]), "去评议"))
    return tasks


def _months(user: User) -> list[Task]:
    """Branches whose last month, or last quarter, the user has yet to confirm, or to hang up."""
    today = timezone.localdate()
    month = first_of(today, -1)
    quarter = quarter_of(first_of(today, -3))
    months, quarters = months_to_confirm(user, month), quarters_to_publish(user, quarter)
    tasks = []
    if months:
        one = reverse("evaluations:month", args=[months[0].pk, f"{month:%Y-%m}"])
        url = one if len(months) == 1 else reverse("evaluations:months")
        detail = f"{_places(months)},支委会看过没有差错就确认"
        tasks.append(Task(len(months), f"上月还没有审核({month.month} 月)", detail, url, "去审核"))
    if quarters:
        one = reverse("evaluations:quarter", args=[quarters[0].pk, quarter])
        url = one if len(quarters) == 1 else reverse("evaluations:months")
        detail = f"{_places(quarters)},看过没有差错就公示"
        tasks.append(Task(len(quarters), f"上季度还没有公示({quarter_name(quarter)})", detail, url, "去公示"))
    return tasks


def _objections(user: User) -> list[Task]:
    """Objections to quarterly sheets that wait for the user's answer."""
    waiting = objections_to_answer(user)
    if not waiting:
        return []
    sheet, member = waiting[0].sheet, waiting[0].member
    sheets = {one.sheet.pk for one in waiting}
    url = reverse("evaluations:settle_question", args=[waiting[0].pk])
    if len(waiting) > 1:
        one = f"{reverse('evaluations:quarter', args=[sheet.organization_id, sheet.quarter])}#objections"
        url = one if len(sheets) == 1 else reverse("evaluations:months")
    more = f"等 {len(waiting)} 条" if len(waiting) > 1 else ""
    until = sheet.objections_until
    detail = f"{sheet.organization}{member}{more}:{sheet.title}公示到 {day_name(until)},{clock_words(until)}"
    return [Task(len(waiting), "对季度公示的异议要答复", detail, url, "答复")]


def _places(places: list[Organization]) -> str:
    return "、".join(map(str, places[:3])) + (f"等 {len(places)} 个支部" if len(places) > 3 else "")


def _appraisals(user: User) -> list[Task]:
    """Branches that have not come to the end of their appraisal, in the last weeks of a half-year or year."""
    branches = list(Organization.objects.for_roles(user, *TALLY_ROLES).branches())
    periods = [Period.containing(timezone.localdate(), cycle) for cycle in ("half_year", "year")]
    return [task for period in periods if _ends_soon(period) and (task := _appraisals_of(branches, period))]


def _ends_soon(period: Period) -> bool:
    return period.ends_on - timezone.localdate() <= LAST_DAYS


def _appraisals_of(branches: list[Organization], period: Period) -> Task | None:
    over = Appraisal.objects.filter(period=period.code, status=Appraisal.Status.CLOSED, organization__in=branches)
    waiting = {branch.pk for branch in appraising(branches, period)} - set(over.values_list("organization", flat=True))
    if not waiting:
        return None
    detail = f"{period.title}民主评议还没有结束,{period.ends_on.month} 月 {period.ends_on.day} 日截止"
    url = reverse("evaluations:appraisals", query={"period": period.code})
    return Task(len(waiting), "办理民主评议", detail, url, "打开")


def _assessments(user: User) -> list[Task]:
    """People whom the user has not assessed in full: in a period's last weeks, and after it until its round is closed."""
    tasks = []
    for code, version in schemes_to_assess(user).items():
        running, last = periods_to_assess(version.scheme.cycle)
        asked = [running] if _ends_soon(running) else []
        if Round.objects.visible_to(user).filter(scheme=code, period=last.code).exclude(status="closed").exists():
            asked.append(last)
        for period in asked:
            if waiting := len(Work.of(user, code, period).unclosed().waiting()):
                url = reverse("evaluations:assessments", query={"scheme": code, "period": period.code})
                tasks.append(Task(waiting, "待考评", f"{period.title}《{version.title}》,还没有打完分", url, "去打分"))
    return tasks


def _rounds(user: User) -> list[Task]:
    """What the course of the rounds asks of the user: a branch's review, and the street's steps with their dates."""
    turns = waiting_for(user)
    codes = {round_.scheme for round_, _ in turns}
    versions = SchemeVersion.objects.filter(code__in=codes).order_by("number")
    schemes = dict(versions.values_list("code", "title")) if codes else {}
    return [
        Task(
            turn.count,
            f"{Period.parse(round_.period).title}考核:{turn.title}",
            f"{round_.organization}《{schemes.get(round_.scheme, round_.scheme)}》。{turn.detail}",
            turn.url or reverse("evaluations:round", args=[round_.pk]),
            "打开",
        )
        for round_, turn in turns
    ]


def _appeals(user: User) -> list[Task]:
    """Appeals that wait for the user's office; for the street's staff also those that another office lets wait."""
    to_review = Appeal.objects.to_review_by(user)
    street = in_subtrees(paths_of(user, (Role.STREET_STAFF,)), "organization__path")
    late = Appeal.objects.undecided().filter(street, due_on__lt=timezone.localdate())
    late = late.exclude(pk__in=to_review.values("pk")).exclude(member=user.member_id or 0)
    return [
        *_appeals_task(to_review, "核对申诉", "核对"),
        *_appeals_task(late, "申诉超期没有答复", "催办"),
    ]


def _appeals_task(appeals: QuerySet[Appeal], title: str, button: str) -> list[Task]:
    waiting = list(appeals.order_by("due_on", "pk"))
    if not waiting:
        return []
    one = len(waiting) == 1
    url = reverse("evaluations:appeal", args=[waiting[0].pk]) if one else reverse("evaluations:appeals")
    detail = f"{'' if one else '最早一件 '}{day_name(waiting[0].due_on)}以前答复,{waiting[0].clock}"
    return [Task(len(waiting), title, detail, url, button)]


def _decisions(user: User) -> list[Task]:
    """Proposals of settled rounds that fall to the user's office to take up or to dismiss."""
    fit = _for_offices(user, lambda role: Q(kind__in=measure_kinds().codes(office=role)))
    waiting = Measure.objects.filter(fit, state=Measure.State.PROPOSED).exclude(member=user.member_id)
    settled = [one.pk for one in Round.objects.filter(measures__in=waiting).distinct() if one.takes_measures]
    titles = Counter(waiting.filter(round__in=settled).values_list("title", flat=True))
    if not titles:
        return []
    detail = "、".join(f"{title} {count} 项" for title, count in titles.most_common(3))
    url = f"{reverse('evaluations:measures')}?state=proposed"
    return [Task(titles.total(), "决定考核引出的事项", detail + ("等" if len(titles) > 3 else ""), url, "去决定")]


def _steps(user: User) -> list[Task]:
    """Steps of measures that are the user's turn, the most pressing named."""
    fit = _for_offices(user, lambda role: Q(next_role=role))
    running = Measure.objects.filter(state=Measure.State.RUNNING).exclude(member=user.member_id)
    turns = list(running.with_next_step().filter(fit).select_related("member").order_by("next_due_on", "pk"))
    if not turns:
        return []
    first = turns[0]
    detail = f"{first.member}:{first.next_title},{clock_words(first.next_due_on)}"
    one = reverse("evaluations:measure", args=[first.pk])
    url = one if len(turns) == 1 else f"{reverse('evaluations:measures')}?state=running"
    return [Task(len(turns), "办理结果运用", detail, url, "去办理")]


def _for_offices(user: User, wanted: Callable[[str], Q]) -> Q:
    """What is wanted of a role, in the places where the user holds that very role."""
    fit = Q(pk__in=[])
    for role in OFFICES:
        if paths := paths_of(user, (role,)):
            fit |= wanted(role) & in_subtrees(paths, "organization__path")
    return fit


def _own_measures(user: User) -> list[Task]:
    """What is under way about the user as a member."""
    if not user.member_id:
        return []
    running = Measure.objects.begun_for(user.member).filter(state=Measure.State.RUNNING).with_next_step()
    return [
        Task(
            1,
            f"与您有关:{measure.title}",
            f"{measure.next_title},{day_name(measure.next_due_on)}到期({clock_words(measure.next_due_on)})",
            reverse("evaluations:measure", args=[measure.pk]),
            "看一看",
        )
        for measure in running.order_by("next_due_on", "pk")
    ]
