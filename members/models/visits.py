from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import F, Q

MOST_HOUSEHOLDS = 99  # of one member in a month; more is a slip of the pen


class VisitMonth(models.Model):
    """Households that a member keeps contact with (联系户) in a month, and how many of them were visited."""

    member = models.ForeignKey("members.Member", models.PROTECT, related_name="visit_months", verbose_name="党员")
    month = models.DateField("月份", help_text="该月一日")
    assigned = models.PositiveSmallIntegerField(
        "联系户数", validators=[MaxValueValidator(MOST_HOUSEHOLDS, f"联系户数不能超过 {MOST_HOUSEHOLDS},请核对。")]
    )
    visited = models.PositiveSmallIntegerField("走访户数")

    class Meta:
        verbose_name = verbose_name_plural = "联系户走访"
        ordering = ["month"]
        constraints = [
            models.UniqueConstraint(
                fields=["member", "month"],
                name="visit_month_once",
                violation_error_message="这名党员这个月的走访已经登记。",
            ),
            models.CheckConstraint(
                condition=Q(month__day=1),
                name="visit_month_first_day",
                violation_error_message="月份要写成该月一日。",
            ),
            models.CheckConstraint(
                condition=Q(visited__lte=F("assigned")),
                name="visited_among_assigned",
                violation_error_message="走访户数不能多于联系户数。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member} {self.month:%Y-%m}"
