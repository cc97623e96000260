from decimal import Decimal

from django.db import models
from django.utils import timezone

from evaluations.querysets import AssessmentQuerySet
from members.models import Role


class Assessment(models.Model):
    """The score that somebody gave a member in an assessed item (考评) for a half-year or year.

    Never edited or deleted: of several the latest counts, and the others are kept. `full` are the item's full marks
    for the member then; a score out of other full marks than today's does not count.
    """

    member = models.ForeignKey("members.Member", models.PROTECT, related_name="assessments", verbose_name="党员")
    scheme = models.SlugField("方案代码", max_length=40)
    period = models.CharField("周期", max_length=6)
    item = models.CharField("项目", max_length=60)
    score = models.DecimalField("得分", max_digits=6, decimal_places=2)
    full = models.DecimalField("满分", max_digits=6, decimal_places=2)
    remark = models.CharField("说明", max_length=200, blank=True)
    role = models.CharField("考评人岗位", max_length=20, choices=Role)
    assessed_by = models.ForeignKey("members.User", models.PROTECT, related_name="+", verbose_name="考评人")
    assessed_on = models.DateField("考评日期", default=timezone.localdate)
    assessed_at = models.DateTimeField("登记时间", auto_now_add=True)

    objects = AssessmentQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "考评"
        ordering = ["assessed_on", "pk"]
        indexes = [models.Index(fields=["member", "scheme", "period"], name="assessment_of_member")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(score__gte=Decimal(0), score__lte=models.F("full")),
                name="assessment_within_full_marks",
                violation_error_message="得分在 0 到满分之间。",
            )
        ]

    def __str__(self) -> str:
        return f"{self.member} {self.item} {self.score}"

    def save(self, *args, **kwargs):
        if self.pk:
            raise TypeError("Assessments are only appended, never edited.")
        super().save(*args, **kwargs)

    def delete(self, *args, **kwargs):
        raise TypeError("Assessments are only appended, never deleted.")

    @property
    def office(self) -> str:
        """纪工委 郑纪检"""
        return f"{self.get_role_display()} {self.assessed_by}"
