from django.db import models

from members.uploads import PICTURES


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
