"""Tasks about what takes its course: entries, appraisals, months, rounds, appeals, measures."""

import datetime
from collections import Counter
from collections.abc import Callable

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from evaluations.appraising import appraising
from evaluations.assessments import Work, schemes_to_assess
from evaluations.assessments import periods_of as periods_to_assess
from evaluations.backlogs import backlogs_of
from evaluations.course import waiting_for
from evaluations.measure_kinds import OFFICES, measure_kinds
from evaluations.models import Appeal, Appraisal, Measure, Round, RoundStep, Step, Voter
from evaluations.models.measures import clock_words
from evaluations.monthly import months_to_confirm
from evaluations.permissions import REVIEWING_ROLES, TALLY_ROLES, confirmable
from evaluations.quarterly import objections_to_answer, quarters_to_publish
from members.dates import day_name, near_day_name, near_month_name, near_quarter_name, quarter_days
from members.models import (
    Organization,
    Role,
    User,
)
from members.querysets import in_subtrees, paths_of
from reports.tasks.task import Task, branch_names, spans
from scoring.engine import Period
from scoring.engine.vocabulary import ALERTS
from scoring.models import Entry, EntryDraft, SchemeVersion
from scoring.reviewing import to_check_first
from scoring.reviewing import waiting_for as entries_for

AUDITED_WITHIN = datetime.timedelta(days=31)
LAST_DAYS = datetime.timedelta(days=21)  # before a half-year ends, tallies are asked for


def settled_lately(user: User) -> list[Task]:
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


def alerts(user: User) -> list[Task]:
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


def entries(user: User, title: str, *roles: str) -> list[Task]:
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


def first_checks(user: User) -> list[Task]:
    """Declarations of the user's group that its leader has yet to check, before the branch decides."""
    if not paths_of(user, (Role.GROUP_LEADER,)):
        return []
    waiting = list(to_check_first(user).select_related("member").prefetch_related("version"))
    if not waiting:
        return []
    first = waiting[0]
    detail = f"{first.member} {first.title}" + (f"等 {len(waiting)} 条" if len(waiting) > 1 else "")
    url = reverse("scoring:entry", args=[first.pk])
    return [Task(len(waiting), "初核本组的申报", f"{detail},请看看是不是属实", url, "去初核")]


def asked(user: User) -> list[Task]:
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


def drafts(user: User) -> list[Task]:
    """Drafts that the user has not sent."""
    drafts = list(EntryDraft.objects.of(user).values_list("pk", "title"))
    if not drafts:
        return []
    detail = f"{drafts[0][1]}{f'等 {len(drafts)} 份' if len(drafts) > 1 else ''},还没有提交,不会计分"
    url = reverse("scoring:draft", args=[drafts[0][0]]) if len(drafts) == 1 else reverse("scoring:mine")
    return [Task(len(drafts), "申报草稿", detail, url, "接着写")]


def ballots(user: User) -> list[Task]:
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


def months(user: User) -> list[Task]:
    """Months that the user has yet to confirm, and quarters to hang up: those that are over and not settled."""
    branches = confirmable(user, list(Organization.objects.for_roles(user, *REVIEWING_ROLES).branches()))
    backlogs, today = backlogs_of(branches) if branches else {}, timezone.localdate()
    months, quarters = months_to_confirm(backlogs), quarters_to_publish(backlogs)
    tasks = []
    if months:
        missing = spans([near_month_name(month, today) for month, _ in months], "个月")
        detail = f"{_branches_of(months)},支委会看过没有差错就确认"
        url = _oldest(months, "evaluations:month", f"{months[0][0]:%Y-%m}", months[0][0])
        tasks.append(Task(len(months), f"月审核:{missing}还没有确认", detail, url, "去审核"))
    if quarters:
        missing = spans([near_quarter_name(quarter, today) for quarter, _ in quarters], "个季度")
        detail = f"{_branches_of(quarters)},看过没有差错就公示"
        url = _oldest(quarters, "evaluations:quarter", quarters[0][0], quarter_days(quarters[0][0])[1])
        tasks.append(Task(len(quarters), f"季度公示:{missing}还没有公示", detail, url, "去公示"))
    return tasks


def _branches_of(waiting: list[tuple]) -> str:
    return branch_names(list(dict.fromkeys(branch for _, branch in waiting)))


def _oldest(waiting: list[tuple], name: str, code: str, month: datetime.date) -> str:
    """The page of the oldest span; where it waits for several branches, the list of branches that shows it."""
    branches = [branch for span, branch in waiting if span == waiting[0][0]]
    if len(branches) == 1:
        return reverse(name, args=[branches[0].pk, code])
    return reverse("evaluations:months", query={"month": f"{month:%Y-%m}"})


def objections(user: User) -> list[Task]:
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


def appraisals(user: User) -> list[Task]:
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


def assessments(user: User) -> list[Task]:
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


def rounds(user: User) -> list[Task]:
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


def appeals(user: User) -> list[Task]:
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


def decisions(user: User) -> list[Task]:
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


def steps(user: User) -> list[Task]:
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


def own_measures(user: User) -> list[Task]:
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
