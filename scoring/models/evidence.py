from django.db import models

from members.models.history import AppendOnlyQuerySet
from members.uploads import PICTURES
from scoring.models.entries import Entry
from scoring.models.questions import Answer


class StoredFile(models.Model):
    """A file under the name that people gave it."""

    file = models.FileField("文件")
    name = models.CharField("名称", max_length=100)

    class Meta:
        abstract = True
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.name

    @property
    def kind(self) -> str:
        return self.file.name.rpartition(".")[2]

    @property
    def is_picture(self) -> bool:
        return self.kind in PICTURES


class Evidence(StoredFile):
    """A file that shows what an entry says: handed in with it or with an answer, kept as long as it, never changed."""

    entry = models.ForeignKey(Entry, models.PROTECT, related_name="evidence", verbose_name="记分")
    answer = models.ForeignKey(
        Answer, models.PROTECT, null=True, blank=True, related_name="evidence", verbose_name="随哪次答复"
    )

    objects = AppendOnlyQuerySet.as_manager()

    class Meta(StoredFile.Meta):
        verbose_name = verbose_name_plural = "证明材料"
