from django.db import models

from evaluations.models.rounds import Round
from evaluations.querysets import TrialQuerySet


class Trial(models.Model):
    """A version, with settings, tried on the facts of a computed round. It changes nothing but this row.

    organization: whose people are looked at; None for everybody in the round.
    outcome: {"people", "grades": [[code, title, before, after]], "changes": [...]}, see `trials.compare`.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "正在试算"
        DONE = "done", "完成"
        FAILED = "failed", "没有算成"

    round = models.ForeignKey(Round, models.CASCADE, related_name="trials", verbose_name="对照的考核")
    version = models.ForeignKey("scoring.SchemeVersion", models.CASCADE, related_name="+", verbose_name="试的方案")
    organization = models.ForeignKey(
        "members.Organization", models.CASCADE, null=True, blank=True, related_name="+", verbose_name="只看单位"
    )
    settings = models.JSONField("试的设定", default=dict, blank=True)
    state = models.CharField("进度", max_length=10, choices=State, default=State.WAITING)
    error = models.CharField("原因", max_length=300, blank=True)
    outcome = models.JSONField("结果", default=dict)
    created_by = models.ForeignKey("members.User", models.PROTECT, related_name="+", verbose_name="试算人")
    created_at = models.DateTimeField("时间", auto_now_add=True)

    objects = TrialQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "试用"
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.version} 对照 {self.round}"
