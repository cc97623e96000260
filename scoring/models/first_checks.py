"""The first check (初核): what the leader of the member's group finds out about a declaration."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from members.models.history import AppendOnlyQuerySet
from scoring.models.entries import Entry


class FirstCheck(models.Model):
    """The group leader's finding, for the branch to know before it decides; it holds nothing up. Written once."""

    entry = models.OneToOneField(Entry, models.PROTECT, related_name="first_check", verbose_name="记分")
    in_order = models.BooleanField("属实")
    text = models.CharField("说明", max_length=200, blank=True)
    checked_by = models.ForeignKey("members.User", models.PROTECT, related_name="+", verbose_name="初核人")
    checked_at = models.DateTimeField("初核时间", default=timezone.now, editable=False)

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "党小组初核"
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(in_order=True) | ~Q(text=""),
                name="first_check_doubt_has_text",
                violation_error_message="有疑问的,请写明疑在哪里。",
            )
        ]

    def __str__(self) -> str:
        return f"党小组初核{'属实' if self.in_order else '有疑问'}"
