"""What appeals can be about: the lines of a published result; who had a hand in one; and its course in words."""

import datetime
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils import timezone

from evaluations.facts import gather
from evaluations.models import Appeal, AppealStep, Assessment, Result, Round, RoundStep, Step
from evaluations.models.appeals import WORDS_LIMIT
from evaluations.permissions import review_offices
from members.dates import day_name, month_name
from members.models import (
    Activity,
    Attendance,
    DuesMonth,
    DuesPayment,
    FactChange,
    FactKind,
    Organization,
    Role,
    RoleAssignment,
    User,
)
from scoring.documents import document_of, with_unit_words
from scoring.engine import Period, Scheme, explain, score
from scoring.engine.blocks.dues import DuesLines
from scoring.engine.membersheet import Clause, ItemSheet, LineSheet, MemberSheet, PartSheet
from scoring.models import Adoption, Decision, Entry, EntryStatus

About = Appeal.About
RESULT = "result"
SETTLED = {EntryStatus.REJECTED: "没有通过审批", EntryStatus.WITHDRAWN: "登记人已经撤回"}  # not still to be approved


@dataclass(frozen=True)
class Subject:
    """Something that an appeal can be about. The key is stable: entry:12, activity:5, month:CODE:2025-01, item:CODE."""

    key: str
    about: str
    words: str
    clause: Clause | None = None
    is_discipline: bool = False
    is_sensitive: bool = False


def key_of(line: LineSheet) -> str:
    """The key of a line of the ledger; empty for one that only follows from others, such as a cap."""
    if line.kind in ("cap", "floor"):
        return ""
    if line.ref and line.activity:
        return f"activity:{line.ref}"
    if line.ref and line.code:
        return f"entry:{line.ref}"
    if line.month:
        return f"month:{line.item}:{line.month:%Y-%m}"
    return f"item:{line.item}"


def month_of(appeal: Appeal) -> datetime.date:
    """The month that an appeal on dues is about."""
    return datetime.date.fromisoformat(f"{appeal.key.rpartition(':')[2]}-01")


def ref_of(appeal: Appeal) -> int:
    """The id of the entry or activity that it is about."""
    return int(appeal.key.rpartition(":")[2])


def subjects_of(result: Result) -> dict[str, Subject]:
    """All that an appeal on the result can be about, by key, the result as a whole first."""
    scheme, sheet = sheet_of(result)
    found = {RESULT: Subject(RESULT, About.RESULT, f"整个结果:{result_words(result)}")}
    lines = [line for item in sheet.items for line in item.lines] + list(sheet.not_counted)
    names = names_of(lines)
    for line in lines:
        if key := key_of(line):
            found.setdefault(key, _of_line(scheme, line, key, names))
    for item in sheet.items:
        found.setdefault(f"item:{item.code}", _of_item(scheme, item))
    for part in sheet.parts:
        if part.kind == "appraisal":
            found[f"item:{part.code}"] = _of_part(part)
    return found


def sheet_of(result: Result) -> tuple[Scheme, MemberSheet]:
    """The result explained under what its branch was scored under, from what is on record now."""
    part, period = result.branch, Period.parse(result.round.period)
    scheme = part.scheme
    alone = result.member_id if period.cycle == scheme.cycle else None
    facts = gather([part.organization], period, scheme, member_id=alone, position=part.position)
    if result.member_id not in facts.members["member"]:
        raise ValidationError(f"{result.member}现在不在这次考核的范围内,请先向支部核对名册。")
    adoptions = Adoption.objects.under_scheme([part.organization], result.round.scheme, period.ends_on)
    adoption = adoptions.get(part.organization)
    same = adoption is not None and adoption.version_id == part.version_id
    scheme = with_unit_words(scheme, document_of(adoption)) if same else scheme
    return scheme, explain(scheme, score(scheme, facts, period), result.member_id)


def result_words(result: Result) -> str:
    """88.00 分,合格"""
    if result.total is None:
        return result.get_status_display()
    return f"{result.total} 分,{result.grade_title or '未定等'}"


def names_of(lines: list[LineSheet]) -> dict[str, tuple[str, str]]:
    """By key what the engine does not know: the activity's title, or what an entry says, and that it was settled."""
    activities = Activity.objects.filter(pk__in=[line.ref for line in lines if line.ref and line.activity])
    entries = Entry.objects.filter(pk__in=[line.ref for line in lines if line.ref and line.code])
    return {f"activity:{pk}": (title, "") for pk, title in activities.values_list("pk", "title")} | {
        f"entry:{pk}": (note, SETTLED.get(status, ""))
        for pk, note, status in entries.values_list("pk", "note", "status")
    }


def _of_line(scheme: Scheme, line: LineSheet, key: str, names: dict[str, tuple[str, str]]) -> Subject:
    item = next(item for item in scheme.items if item.code == line.item)
    about = {"entry": About.ENTRY, "activity": About.ATTENDANCE, "item": About.ITEM}.get(key.partition(":")[0])
    if about is None:
        about = About.DUES if any(isinstance(rule, DuesLines) for rule in item.rules) else About.ITEM
    discipline = item.office == "discipline"
    if about == About.ENTRY:
        discipline = any(one.code == line.code and one.office == "discipline" for one in scheme.entry_items)
    name, settled = names.get(key, ("", ""))
    said = " ".join(filter(None, (line.label, settled or line.text, f"{line.effect} 分" if line.effect else "")))
    words = f"{line.item_title}:{said}" + (f"({name})" if name and name not in said else "")
    return Subject(key, about, words[:WORDS_LIMIT], line.clause, discipline, line.sensitive)


def _of_item(scheme: Scheme, item: ItemSheet) -> Subject:
    rule = next(one for one in scheme.items if one.code == item.code)
    words = f"{item.title}:得 {item.value.normalize():f} 分"
    discipline = rule.office == "discipline"
    return Subject(f"item:{item.code}", About.ITEM, words, item.clause, discipline, item.clause.neutral)


def _of_part(part: PartSheet) -> Subject:
    value = "还没有" if part.value is None else f"得 {part.value} 分"
    return Subject(f"item:{part.code}", About.ITEM, f"{part.title}:{value}", part.clause)


# Who and when -----------------------------------------------------------------------------------


def takes_appeals(round_: Round) -> bool:
    """True while the results are published and may be objected to."""
    until = round_.objections_until
    return round_.status == Round.Status.PUBLISHED and until is not None and timezone.localdate() <= until


def window_closed(round_: Round, branch: Organization) -> str:
    """Why nothing can be raised against the round's results today, and whom to ask; empty while it can."""
    if takes_appeals(round_):
        return ""
    if round_.is_public and round_.objections_until:
        first = timezone.localdate(round_.published_at)
        return (
            f"公示从 {day_name(first)}到 {day_name(round_.objections_until)}为止,现在不能再提出申诉。"
            f"有新的情况,请向{office_words(branch)}反映。"
        )
    if round_.is_being_corrected:
        return f"结果正在更正,重新公示以后可以提出。现在有疑问,请问{office_words(branch)}。"
    return f"结果还没有公示,公示以后才能提出。现在有疑问,请问{office_words(branch)}。"


def office_words(branch: Organization) -> str:
    """支部书记李秀英: who reviews the branch's part, and is asked first."""
    role = review_offices([branch])[branch.pk]
    held = RoleAssignment.objects.on(timezone.localdate()).filter(role=role, organization__path__in=branch.lineage)
    names = held.filter(user__is_active=True).order_by("organization__path").values_list("user__name", flat=True)
    return f"{Role(role).label}{'、'.join(names[:2])}"


def handled_by(appeal: Appeal) -> set[int]:
    """Ids of the accounts that entered, reviewed or approved what the appeal is about."""
    steps = RoundStep.objects.filter(round=appeal.round)
    if appeal.about == About.ENTRY:
        line = _entries(appeal)
        decided_by = Decision.objects.filter(entry__in=line).values_list("decided_by", flat=True)
        return {*(entry.declared_by_id for entry in line), *decided_by}
    if appeal.about == About.ATTENDANCE:
        marks = Attendance.objects.filter(activity=ref_of(appeal), member=appeal.member_id)
        return {*marks.values_list("recorded_by", flat=True), *_changes(appeal).values_list("changed_by", flat=True)}
    if appeal.about == About.DUES:
        owed = DuesMonth.objects.filter(member=appeal.member_id, month=month_of(appeal))
        paid = DuesPayment.objects.filter(dues_month__in=owed)
        by = [*owed.values_list("recorded_by", flat=True), *paid.values_list("recorded_by", flat=True)]
        return {*by, *_changes(appeal).values_list("changed_by", flat=True)}
    if appeal.about == About.ITEM:
        given = Assessment.objects.of_round(appeal.round.scheme, appeal.round.period).filter(member=appeal.member_id)
        by = given.filter(item=appeal.key.split(":")[1]).values_list("assessed_by", flat=True)
        return {*by, *_changes(appeal).values_list("changed_by", flat=True)}
    reviewed = steps.filter(step=Step.REVIEW, organization=appeal.organization)
    return set((reviewed | steps.filter(step=Step.PUBLISH)).values_list("done_by", flat=True)) - {None}


FACTS = {
    About.ATTENDANCE: [FactKind.ATTENDANCE],
    About.DUES: [FactKind.DUES, FactKind.PAYMENT],
    About.ITEM: [FactKind.VISITS],
}


def _changes(appeal: Appeal) -> QuerySet[FactChange]:
    """The history of the fact that the appeal is about, the earliest first."""
    kind, _, rest = appeal.key.partition(":")
    key = {"activity": appeal.key, "month": f"month:{rest.rpartition(':')[2]}"}.get(kind, "")
    found = FactChange.objects.filter(member=appeal.member_id, key=key, kind__in=FACTS.get(appeal.about, []))
    return found.select_related("changed_by").order_by("changed_at", "pk")


# The course -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Event:
    """One point of the course: when, what, who did it, and what was said."""

    at: datetime.datetime
    title: str
    by: User | None = None
    note: str = ""


def course_of(appeal: Appeal, *, may_see_objector: bool) -> list[Event]:
    """Declared → reviewed → approved → published → appealed → decided, the earliest first."""
    events = _entry_events(appeal) if appeal.about == About.ENTRY else _fact_events(appeal)
    events += _round_events(appeal)
    hidden = () if may_see_objector else (AppealStep.Step.RAISED, AppealStep.Step.WITHDRAWN)
    for step in appeal.steps.select_related("done_by"):
        title = step.get_step_display()
        if step.step == AppealStep.Step.RAISED:
            title = f"提出{appeal.get_kind_display()}"
        elif step.step == AppealStep.Step.DISMISSED:
            title = f"决定:{appeal.state_words}"
        note = appeal.reasons if step.step in Appeal.DECIDED else ""
        events.append(Event(step.done_at, title, None if step.step in hidden else step.done_by, note))
    return sorted(events, key=lambda event: event.at)


def _entries(appeal: Appeal) -> list[Entry]:
    """The entry that the appeal is about, and those that it replaces."""
    entry = Entry.objects.get(pk=ref_of(appeal))
    return [entry, *entry.replaced]


def _entry_events(appeal: Appeal) -> list[Event]:
    """From the first declaration on; of earlier appeals, by which the line was put right, no more than their steps."""
    line = _entries(appeal)
    decisions = Decision.objects.filter(entry__in=line).select_related("decided_by")
    earlier = AppealStep.objects.filter(
        appeal__key__in=[f"entry:{entry.pk}" for entry in line[1:]],
        appeal__member=appeal.member_id,
        appeal__state=Appeal.State.UPHELD,
    ).exclude(appeal=appeal.pk)
    return [
        *(Event(one.declared_at, "更正后登记" if one.replaces_id else "登记", one.declared_by) for one in line),
        *(Event(one.decided_at, str(one), one.decided_by, one.reason) for one in decisions),
        *(Event(step.done_at, f"{step.appeal}:{step.get_step_display()}") for step in earlier.select_related("appeal")),
    ]


def _fact_events(appeal: Appeal) -> list[Event]:
    """The history of the fact; of one without history, such as an imported one, when it was put down."""
    events = [
        Event(change.changed_at, f"登记{change.get_kind_display()}", change.changed_by, str(change))
        for change in _changes(appeal)
    ]
    facts = ()
    if not events and appeal.about == About.ATTENDANCE:
        facts = Attendance.objects.filter(activity=ref_of(appeal), member=appeal.member_id)
    elif not events and appeal.about == About.DUES:
        facts = DuesMonth.objects.filter(member=appeal.member_id, month=month_of(appeal))
    return events or [Event(fact.recorded_at, "登记", fact.recorded_by) for fact in facts]


def _round_events(appeal: Appeal) -> list[Event]:
    """What was done about the branch's results from their last review on."""
    steps = RoundStep.objects.filter(round=appeal.round, step__in=(Step.REVIEW, Step.PUBLISH, Step.APPROVE))
    own = steps.filter(organization=appeal.organization) | steps.filter(organization=None)
    return [
        Event(step.done_at, step.get_step_display(), step.done_by) for step in own.select_related("done_by").distinct()
    ]


def dues_words(member_id: int, month: datetime.date) -> str:
    """1 月:应缴 10.00 元;2025-02-12 缴 10.00 元"""
    owed = DuesMonth.objects.filter(member=member_id, month=month).prefetch_related("payments").first()
    if owed is None:
        return f"{month_name(month)}没有登记。"
    paid = [f"{day_name(one.paid_on)}缴 {one.amount_yuan:.2f} 元" for one in owed.payments.all()]
    return f"{month_name(month)}:应缴 {owed.due_yuan:.2f} 元;" + (";".join(paid) or "没有缴纳")
