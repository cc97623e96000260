"""The minutes of an activity (会议记录), as often as they were written down."""

from django.db import models
from django.utils import timezone

from members.models.activities import Activity
from members.models.files import StoredFile
from members.models.history import AppendOnlyQuerySet

MINUTES_LIMIT = 4000  # characters


class Minutes(models.Model):
    """What was said and decided, as somebody wrote it down; the last one holds. Only ever added to."""

    activity = models.ForeignKey(Activity, models.PROTECT, related_name="minutes", verbose_name="活动")
    text = models.TextField("会议记录", max_length=MINUTES_LIMIT)
    written_by = models.ForeignKey("members.User", models.PROTECT, related_name="+", verbose_name="记录人")
    written_at = models.DateTimeField("记录时间", default=timezone.now, editable=False)

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "会议记录"
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.activity}的记录"


class MinutesFile(StoredFile):
    """A photograph or paper of the minutes. Kept as long as they, never changed."""

    minutes = models.ForeignKey(Minutes, models.PROTECT, related_name="files", verbose_name="会议记录")

    objects = AppendOnlyQuerySet.as_manager()

    class Meta(StoredFile.Meta):
        verbose_name = verbose_name_plural = "会议记录的附件"
