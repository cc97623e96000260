from django.core.validators import RegexValidator
from django.db import models


class MigrantReport(models.Model):
    """That a member who is away (流动党员) reported to the branch for a quarter, and on which day."""

    member = models.ForeignKey("members.Member", models.PROTECT, related_name="migrant_reports", verbose_name="党员")
    quarter = models.CharField(
        "季度",
        max_length=6,
        help_text="例如 2025Q1",
        validators=[RegexValidator(r"^[12]\d{3}Q[1-4]$", "季度要写成 2025Q1 的样子。")],
    )
    reported_on = models.DateField("汇报日期")

    class Meta:
        verbose_name = verbose_name_plural = "流动党员汇报"
        ordering = ["quarter"]
        constraints = [
            models.UniqueConstraint(
                fields=["member", "quarter"],
                name="migrant_report_once",
                violation_error_message="这名党员这个季度的汇报已经登记。",
            )
        ]

    def __str__(self) -> str:
        return f"{self.member} {self.quarter}"
