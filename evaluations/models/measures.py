from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils import timezone

from evaluations.measure_kinds import measure_kinds
from evaluations.models.rounds import Round
from evaluations.querysets import MeasureQuerySet
from members.models import Role

if TYPE_CHECKING:
    from evaluations.measure_kinds import MeasureKind

STEP_KINDS = {
    "notify": "通知",
    "hear": "听取意见",
    "meeting": "会议表决",
    "approval": "上级审批",
    "term": "期限",
    "reassess": "复评",
    "transfer": "转移组织关系",
    "act": "办理",
    "depart": "移出名册",
}


class Measure(models.Model):
    """What is done about a member because of a result (结果运用): proposed by the computation, decided by people.

    clauses: [{"heading", "text"}], the articles that it rests on, in the words of the day it was proposed.
    """

    class State(models.TextChoices):
        PROPOSED = "proposed", "待决定"
        RUNNING = "running", "办理中"
        DONE = "done", "已办结"
        DISMISSED = "dismissed", "不予办理"

    round = models.ForeignKey(Round, models.PROTECT, related_name="measures", verbose_name="考核")
    member = models.ForeignKey("members.Member", models.PROTECT, related_name="measures", verbose_name="党员")
    organization = models.ForeignKey(
        "members.Organization", models.PROTECT, related_name="measures", verbose_name="支部"
    )
    follows = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="followed_by", verbose_name="接着哪一项"
    )
    code = models.CharField("事项代码", max_length=60)
    kind = models.CharField("措施", max_length=40)
    title = models.CharField("名称", max_length=60)
    words = models.CharField("依据的情况", max_length=500, blank=True)
    clauses = models.JSONField("条文", default=list)
    state = models.CharField("状态", max_length=10, choices=State, default=State.PROPOSED)
    still_follows = models.BooleanField("仍由结果得出", default=True)
    proposed_at = models.DateTimeField("提出时间", auto_now_add=True)
    opened_by = models.ForeignKey("members.User", models.PROTECT, null=True, blank=True, related_name="+")
    opened_at = models.DateTimeField("开始办理", null=True, blank=True)
    reason = models.CharField("不予办理的理由", max_length=300, blank=True)
    ended_by = models.ForeignKey("members.User", models.PROTECT, null=True, blank=True, related_name="+")
    ended_at = models.DateTimeField("结束时间", null=True, blank=True)

    objects = MeasureQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "结果运用"
        ordering = ["-round__period", "organization__path", "member__number", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["round", "member", "code"], name="measure_once"),
            models.CheckConstraint(
                condition=~Q(state="dismissed") | ~Q(reason=""),
                name="measure_dismissed_has_reason",
                violation_error_message="不予办理要写明理由。",
            ),
        ]
        indexes = [models.Index(fields=["state", "kind"], name="measure_state_kind")]

    def __str__(self) -> str:
        return f"{self.member} {self.title}"

    @property
    def rules(self) -> MeasureKind:
        """The kind as the product ships it."""
        return measure_kinds().kinds[self.kind]

    @property
    def sensitive(self) -> bool:
        return self.rules.sensitive

    @property
    def next_step(self) -> MeasureStep | None:
        """The step that is to be done now; None unless the measure runs."""
        if self.state != self.State.RUNNING:
            return None
        return next((step for step in self.steps.all() if step.done_on is None), None)


class MeasureStep(models.Model):
    """One step of a measure that runs, as measures.yaml had it when it began.

    outcomes: {code: {"title", "opens", "ends"}}, of which one is chosen when the step is done.
    """

    measure = models.ForeignKey(Measure, models.CASCADE, related_name="steps", verbose_name="措施")
    number = models.PositiveSmallIntegerField("序号")
    kind = models.CharField("环节", max_length=10, choices=STEP_KINDS)
    title = models.CharField("事项", max_length=60)
    role = models.CharField("由谁办", max_length=20, choices=Role, blank=True)
    days = models.PositiveSmallIntegerField("限几天", default=0)
    months = models.PositiveSmallIntegerField("期限几个月", default=0)
    purpose = models.CharField("表决事项", max_length=30, blank=True)
    to = models.CharField("转到", max_length=10, blank=True)
    outcomes = models.JSONField("可能的结果", default=dict)
    due_on = models.DateField("期限", null=True, blank=True)
    reminded_on = models.DateField("提醒日期", null=True, blank=True)
    done_on = models.DateField("办理日期", null=True, blank=True)
    done_by = models.ForeignKey("members.User", models.PROTECT, null=True, blank=True, related_name="+")
    recorded_at = models.DateTimeField("登记时间", null=True, blank=True)
    note = models.CharField("情况", max_length=500, blank=True)
    outcome = models.CharField("结果", max_length=30, blank=True)
    resolution = models.ForeignKey(
        "evaluations.Resolution", models.PROTECT, null=True, blank=True, related_name="measure_steps"
    )

    class Meta:
        verbose_name = verbose_name_plural = "步骤"
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["measure", "number"], name="measure_step_once"),
            models.CheckConstraint(
                condition=Q(done_on__isnull=True) | Q(kind="term") | Q(done_by__isnull=False),
                name="measure_step_done_by_somebody",
                violation_error_message="办完的步骤要有经办人。",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def outcome_title(self) -> str:
        return self.outcomes[self.outcome]["title"] if self.outcome else ""

    @property
    def clock(self) -> str:
        """还有 5 天, 今天到期, 已超期 3 天; empty for a step without a date."""
        return clock_words(self.due_on)

    @property
    def is_late(self) -> bool:
        return self.done_on is None and self.due_on is not None and self.due_on < timezone.localdate()


def clock_words(due_on: datetime.date | None) -> str:
    """How far off a day is."""
    if due_on is None:
        return ""
    left = (due_on - timezone.localdate()).days
    if left == 0:
        return "今天到期"
    return f"还有 {left} 天" if left > 0 else f"已超期 {-left} 天"
