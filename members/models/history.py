from django.db import models


class FactKind(models.TextChoices):
    MEMBER = "member", "名册"
    MEMBERSHIP = "membership", "组织关系"
    POSITION = "position", "职务"
    EXEMPTION = "exemption", "免予考核"
    ATTENDANCE = "attendance", "考勤"
    DUES = "dues", "党费"
    PAYMENT = "payment", "党费缴纳"
    VISITS = "visits", "联系户走访"
    REPORT = "report", "流动党员汇报"


class AppendOnlyQuerySet(models.QuerySet):
    """Rows that are written once."""

    def update(self, **kwargs):
        raise TypeError("Changes are only appended, never edited.")

    def delete(self):
        raise TypeError("Changes are only appended, never deleted.")


class FactChange(models.Model):
    """Who changed which fact of a member, when, from what to what. Written with the fact itself, bulk writes included.

    `key` names the fact for programs (`activity:12`, `month:2025-06`, `phone`), `title` for people.
    Personal numbers never appear in `old` and `new`, only that they changed.
    """

    member = models.ForeignKey("members.Member", models.PROTECT, related_name="changes", verbose_name="党员")
    kind = models.CharField("类别", max_length=12, choices=FactKind)
    key = models.CharField("事项代码", max_length=60)
    title = models.CharField("事项", max_length=120)
    old = models.CharField("原来", max_length=200, blank=True)
    new = models.CharField("改为", max_length=200, blank=True)
    changed_by = models.ForeignKey("members.User", models.PROTECT, related_name="+", verbose_name="登记人")
    changed_at = models.DateTimeField("时间", auto_now_add=True)

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "变更记录"
        ordering = ["-changed_at", "-pk"]
        indexes = [models.Index(fields=["member", "-changed_at"], name="change_of_member")]

    def __str__(self) -> str:
        return f"{self.title}:{self.old or '无'} → {self.new or '无'}"

    def save(self, *args, **kwargs):
        if self.pk:
            raise TypeError("Changes are only appended, never edited.")
        super().save(*args, **kwargs)

    def delete(self, *args, **kwargs):
        raise TypeError("Changes are only appended, never deleted.")
