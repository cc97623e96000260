"""The course of a round: which steps there are, what each leads to, and the record of those taken."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import models
from django.utils import timezone

from evaluations.models.rounds import Round
from members.models.history import AppendOnlyQuerySet

STATUS = Round.Status


class Step(models.TextChoices):
    OPEN = "open", "开始登记"
    COMPUTE = "compute", "试算"
    REVIEW = "review", "支部审核"
    LAPSE = "lapse", "审核失效"
    PUBLISH = "publish", "公示"
    CORRECT = "correct", "公示后更正"
    APPROVE = "approve", "党工委审批"
    CLOSE = "close", "办结"
    ASK_REOPEN = "ask_reopen", "申请重新打开"
    DECLINE_REOPEN = "decline_reopen", "不同意重新打开"
    REOPEN = "reopen", "同意重新打开"


@dataclass(frozen=True)
class Move:
    """From which states a step may be taken, where it leads, and the sentence for anywhere else."""

    before: tuple[str, ...]
    after: str
    refusal: str


COURSE = {
    Step.COMPUTE: Move(
        (STATUS.OPEN, STATUS.COMPUTED, STATUS.REVIEWED),
        STATUS.COMPUTED,
        "公示以后结果不能直接重算。结果有错的,先办理「公示后更正」;已经办结的,先办理「重新打开」。",
    ),
    Step.REVIEW: Move((STATUS.COMPUTED,), STATUS.REVIEWED, "只有试算过、还没有公示的考核才能审核。"),
    Step.PUBLISH: Move((STATUS.REVIEWED,), STATUS.PUBLISHED, "各支部都审核以后才能公示。"),
    Step.CORRECT: Move(
        (STATUS.PUBLISHED, STATUS.APPROVED), STATUS.COMPUTED, "只有公示以后、办结以前的考核才能办理公示后更正。"
    ),
    Step.APPROVE: Move((STATUS.PUBLISHED,), STATUS.APPROVED, "只有公示过、还没有办结的考核才能审批。"),
    Step.CLOSE: Move((STATUS.APPROVED,), STATUS.CLOSED, "只有已经审批、还没有办结的考核才能办结。"),
    Step.REOPEN: Move((STATUS.CLOSED,), STATUS.COMPUTED, "只有已经办结的考核才能重新打开。"),
}

# The last of these that was taken says whether a request to reopen waits for its answer.
ASKING = (Step.CLOSE, Step.ASK_REOPEN, Step.DECLINE_REOPEN, Step.REOPEN)


class RoundStep(models.Model):
    """One step of a round's course: who took it, when and why. Only ever added to.

    organization: the branch whose step it is; None for the whole round. digest: of the results that were looked at.
    """

    round = models.ForeignKey(Round, models.PROTECT, related_name="steps", verbose_name="考核")
    organization = models.ForeignKey(
        "members.Organization", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="支部"
    )
    step = models.CharField("环节", max_length=15, choices=Step)
    done_by = models.ForeignKey(
        "members.User", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="经办人"
    )
    done_at = models.DateTimeField("时间", default=timezone.now)
    reason = models.CharField("理由", max_length=300, blank=True)
    digest = models.CharField("校验码", max_length=64, blank=True)

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "考核环节"
        ordering = ["pk"]
        indexes = [models.Index(fields=["round", "step"], name="step_of_round")]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(step__in=[Step.CORRECT, Step.ASK_REOPEN]) | ~models.Q(reason=""),
                name="round_step_has_reason",
                violation_error_message="请写明理由,以后查得到。",
            )
        ]

    def __str__(self) -> str:
        return f"{self.round} {self.get_step_display()}"

    def save(self, *args, **kwargs):
        if self.pk:
            raise TypeError("Steps are only appended, never edited.")
        super().save(*args, **kwargs)

    def delete(self, *args, **kwargs):
        raise TypeError("Steps are only appended, never deleted.")


class Publication(models.Model):
    """What was published of a branch, kept when a correction follows. rows: {member id: Result.figures}."""

    step = models.ForeignKey(RoundStep, models.PROTECT, related_name="publications", verbose_name="公示")
    organization = models.ForeignKey("members.Organization", models.PROTECT, related_name="+", verbose_name="支部")
    rows = models.JSONField("公示的结果")
    digest = models.CharField("校验码", max_length=64)

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "公示的结果"
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["step", "organization"], name="publication_once")]

    def __str__(self) -> str:
        return f"{self.step} {self.organization}"
