from django.db import models

from members.models.files import StoredFile
from members.models.history import AppendOnlyQuerySet
from scoring.models.entries import Entry
from scoring.models.questions import Answer


class Evidence(StoredFile):
    """A file that shows what an entry says: handed in with it or with an answer, kept as long as it, never changed."""

    entry = models.ForeignKey(Entry, models.PROTECT, related_name="evidence", verbose_name="记分")
    answer = models.ForeignKey(
        Answer, models.PROTECT, null=True, blank=True, related_name="evidence", verbose_name="随哪次答复"
    )

    objects = AppendOnlyQuerySet.as_manager()

    class Meta(StoredFile.Meta):
        verbose_name = verbose_name_plural = "证明材料"
