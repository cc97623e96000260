from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from evaluations.models.measures import clock_words
from evaluations.models.rounds import Round
from evaluations.querysets import AppealQuerySet
from evaluations.workdays import calendar_note
from members.models.files import StoredFile
from members.models.history import AppendOnlyQuerySet

WORDS_LIMIT = 300


class Appeal(models.Model):
    """Somebody's doubt about a line of a published result, or about the result, and what was decided on it.

    key: what it is about, as `appealing.Subject` names it. words, clause ({"heading", "text"}) and result_words: that
    line, its article and the result as they read on the day.
    """

    class Kind(models.TextChoices):
        APPEAL = "appeal", "申辩"
        OBJECTION = "objection", "异议"
        INQUIRY = "inquiry", "问询"

    class About(models.TextChoices):
        ENTRY = "entry", "记分"
        ATTENDANCE = "attendance", "考勤"
        DUES = "dues", "党费"
        ITEM = "item", "项目"
        RESULT = "result", "整个结果"

    class State(models.TextChoices):
        RAISED = "raised", "待受理"
        IN_REVIEW = "in_review", "核对中"
        UPHELD = "upheld", "成立"
        DISMISSED = "dismissed", "不成立"
        WITHDRAWN = "withdrawn", "已撤回"

    OPEN = (State.RAISED, State.IN_REVIEW)
    DECIDED = (State.UPHELD, State.DISMISSED)

    round = models.ForeignKey(Round, models.PROTECT, related_name="appeals", verbose_name="考核")
    member = models.ForeignKey("members.Member", models.PROTECT, related_name="appeals", verbose_name="党员")
    organization = models.ForeignKey("members.Organization", models.PROTECT, related_name="+", verbose_name="支部")
    kind = models.CharField("类别", max_length=10, choices=Kind)
    about = models.CharField("关于", max_length=10, choices=About)
    key = models.CharField("哪一条", max_length=90)
    words = models.CharField("当时的记录", max_length=WORDS_LIMIT)
    clause = models.JSONField("条文", default=dict, blank=True)
    result_words = models.CharField("当时的结果", max_length=60)
    is_discipline = models.BooleanField("只由纪工委核对", default=False)
    is_sensitive = models.BooleanField("涉及信仰或纪律", default=False)
    raised_by = models.ForeignKey("members.User", models.PROTECT, related_name="+", verbose_name="登记人")
    on_behalf_of = models.CharField("代谁提出", max_length=30, blank=True)
    relation = models.CharField("和本人的关系", max_length=60, blank=True)
    text = models.CharField("理由", max_length=1000)
    raised_at = models.DateTimeField("提出时间", default=timezone.now)
    due_on = models.DateField("答复期限")
    state = models.CharField("状态", max_length=10, choices=State, default=State.RAISED)
    reviewer = models.ForeignKey(
        "members.User", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="核对人"
    )
    reasons = models.CharField("决定的理由", max_length=1000, blank=True)
    decided_at = models.DateTimeField("决定时间", null=True, blank=True)
    follow_up = models.CharField("更正", max_length=WORDS_LIMIT, blank=True)
    follow_up_entry = models.ForeignKey(
        "scoring.Entry", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="更正的记分"
    )

    objects = AppealQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "申诉"
        ordering = ["-raised_at", "-pk"]
        indexes = [models.Index(fields=["state", "due_on"], name="appeal_state_due")]
        constraints = [
            models.UniqueConstraint(
                fields=["round", "member", "key", "kind"],
                condition=Q(state__in=["raised", "in_review"]),
                name="appeal_open_once",
                violation_error_message="这一条已经有一件还没有答复。",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["upheld", "dismissed"]) | ~Q(reasons="") & Q(reviewer__isnull=False),
                name="appeal_decision_has_reasons",
                violation_error_message="决定要写明理由。",
            ),
        ]

    def __str__(self) -> str:
        return f"第 {self.pk} 号{self.get_kind_display()}"

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN

    @property
    def is_decided(self) -> bool:
        return self.state in self.DECIDED

    @property
    def state_words(self) -> str:
        """成立; a question that changed nothing is 已答复."""
        if self.kind == self.Kind.INQUIRY and self.state == self.State.DISMISSED:
            return "已答复"
        return self.get_state_display()

    @property
    def clock(self) -> str:
        """How long it still has, in words; empty once it is decided."""
        return clock_words(self.due_on) if self.is_open else ""

    @property
    def calendar_note(self) -> str:
        """That holidays before the deadline are not known yet; empty where they are, and once it is decided."""
        return calendar_note(timezone.localdate(self.raised_at), self.due_on) if self.is_open else ""

    @property
    def is_late(self) -> bool:
        return self.is_open and self.due_on < timezone.localdate()


class AppealStep(models.Model):
    """One step of an appeal's course. Only ever added to."""

    class Step(models.TextChoices):
        RAISED = "raised", "提出"
        TAKEN = "taken", "受理"
        UPHELD = "upheld", "决定:成立"
        DISMISSED = "dismissed", "决定:不成立"
        WITHDRAWN = "withdrawn", "撤回"

    appeal = models.ForeignKey(Appeal, models.PROTECT, related_name="steps", verbose_name="申诉")
    step = models.CharField("环节", max_length=10, choices=Step)
    done_by = models.ForeignKey("members.User", models.PROTECT, related_name="+", verbose_name="经办人")
    done_at = models.DateTimeField("时间", default=timezone.now)

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "申诉环节"
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.appeal} {self.get_step_display()}"

    def save(self, *args, **kwargs):
        if self.pk:
            raise TypeError("Steps are only appended, never edited.")
        super().save(*args, **kwargs)

    def delete(self, *args, **kwargs):
        raise TypeError("Steps are only appended, never deleted.")


class AppealFile(StoredFile):
    """A file handed in with an appeal: kept as long as it, never changed."""

    appeal = models.ForeignKey(Appeal, models.PROTECT, related_name="files", verbose_name="申诉")

    objects = AppendOnlyQuerySet.as_manager()

    class Meta(StoredFile.Meta):
        verbose_name = verbose_name_plural = "申诉材料"
