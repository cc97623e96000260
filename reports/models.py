from django.db import models


class NoticeTemplate(models.Model):
    """An organisation's own template of a written notice (通知书), used there and below instead of the product's."""

    organization = models.ForeignKey(
        "members.Organization", models.CASCADE, related_name="notice_templates", verbose_name="组织"
    )
    kind = models.SlugField("通知书", max_length=20)
    name = models.CharField("文件名", max_length=100)
    content = models.BinaryField("内容")
    uploaded_by = models.ForeignKey("members.User", models.PROTECT, related_name="+", verbose_name="上传人")
    uploaded_at = models.DateTimeField("上传时间", auto_now=True)

    class Meta:
        verbose_name = verbose_name_plural = "通知书模板"
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "kind"],
                name="notice_template_once",
                violation_error_message="这个组织已经有这种通知书的模板。",
            )
        ]

    def __str__(self) -> str:
        return self.name
