import uuid

from django.db import models
from django.db.models import Q

from members.models.files import StoredFile


class EntryDraftQuerySet(models.QuerySet):
    def of(self, user):
        """The user's own drafts that have not been sent; nobody else sees them."""
        return self.filter(author=user, entry=None)


class EntryDraft(models.Model):
    """An entry that its author has not sent yet, as far as it is filled in.

    fields: what stands in the form, by name, as it was typed. revision: counts the savings, so that one window does
    not overwrite, or send, what another has changed. token: of the form that began it, so that a second click saves
    the same draft. entry: what it became; then it is no draft any more.
    """

    author = models.ForeignKey("members.User", models.CASCADE, related_name="entry_drafts", verbose_name="登记人")
    member = models.ForeignKey(
        "members.Member", models.CASCADE, null=True, blank=True, related_name="+", verbose_name="党员"
    )
    for_self = models.BooleanField("为自己申报")
    scheme = models.SlugField("方案代码", max_length=40)
    item = models.CharField("条款", max_length=60)
    title = models.CharField("条款名称", max_length=100)
    fields = models.JSONField("填写的内容", default=dict)
    revision = models.PositiveIntegerField("修改次数", default=0)
    token = models.UUIDField("表单编号", default=uuid.uuid4, editable=False)
    saved_at = models.DateTimeField("保存时间", auto_now=True)
    entry = models.OneToOneField(
        "scoring.Entry", models.PROTECT, null=True, blank=True, related_name="draft", verbose_name="提交成的记录"
    )

    objects = EntryDraftQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "申报草稿"
        ordering = ["-saved_at", "-pk"]
        indexes = [models.Index(fields=["author"], condition=Q(entry=None), name="draft_of_author")]
        constraints = [
            models.UniqueConstraint(
                fields=["author", "token"], name="draft_of_form_once", violation_error_message="这份草稿已经存过。"
            )
        ]

    def __str__(self) -> str:
        return f"草稿:{self.title}"


class DraftFile(StoredFile):
    """A file of a draft. Handed in with it, it becomes the entry's evidence; taken away with it otherwise."""

    draft = models.ForeignKey(EntryDraft, models.CASCADE, related_name="files", verbose_name="草稿")
    digest = models.CharField("校验码", max_length=64)

    class Meta(StoredFile.Meta):
        verbose_name = verbose_name_plural = "草稿的材料"
        constraints = [
            models.UniqueConstraint(
                fields=["draft", "digest"], name="draft_file_once", violation_error_message="这个文件已经在草稿里。"
            )
        ]
