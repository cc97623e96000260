"""What people made of the finished half-year's proposals: some done, some under way, one dismissed, the rest waiting."""

import datetime

from evaluations.models import Measure, Round
from evaluations.services import Done, accept_measure, complete_step, dismiss_measure
from evaluations.services.measures import due_after
from members.models import User
from reports.demo.merits import moment
from reports.demo.people import Population

# Of each kind in turn, how many steps were taken; None: dismissed. What is not listed waits for a decision.
TAKEN = {"criticism": (3, 1), "rectification": (2,), "persuade_withdrawal": (1,), "verify": (None,)}
NOTES = {"hear": "本人表示认可,愿意改进。", "notify": "当面送达,本人签收。", "act": "在支部公开栏张贴。"}
RECENT = datetime.timedelta(days=10)
PAUSE = datetime.timedelta(days=3)


def handle_measures(town: Population, round_: Round, today: datetime.date) -> None:
    """Decide on some of a closed round's proposals, as its branches and communities would have."""
    secretaries = {branch.organization.pk: branch.secretary for branch in town.branches}
    overseers = {branch.organization.pk: branch.overseer for branch in town.branches}
    Measure.objects.filter(round=round_).update(proposed_at=round_.computed_at)
    first = max(round_.closed_at.date(), today - RECENT)
    for kind, courses in TAKEN.items():
        proposals = Measure.objects.filter(round=round_, kind=kind, state="proposed")
        found = proposals.order_by("organization__path", "member__number")
        for measure, steps in zip(found, courses, strict=False):
            people = overseers if kind == "rectification" else secretaries
            _handle(measure, steps, people[measure.organization_id], first, today)


def _handle(measure: Measure, steps: int | None, actor: User, day: datetime.date, today: datetime.date) -> None:
    if steps is None:
        dismiss_measure(measure, reason="住院治疗期间没有参加,有医院证明,已经补交党费。", actor=actor)
        Measure.objects.filter(pk=measure.pk).update(ended_at=moment(day, 10))
        return
    measure = accept_measure(measure, actor=actor)
    opened = moment(day, 10)
    for _ in range(steps):
        day = min(day + PAUSE, today)
        step = measure.next_step
        complete_step(step, Done(day, NOTES[step.kind]), actor=actor)
        measure.steps.filter(pk=step.pk).update(recorded_at=moment(day, 11))
    Measure.objects.filter(pk=measure.pk).update(opened_at=opened)
    measure.steps.filter(number=1).update(due_on=due_after(measure.steps.first(), opened.date()))
    Measure.objects.filter(pk=measure.pk, state="done").update(ended_at=moment(day, 11))
