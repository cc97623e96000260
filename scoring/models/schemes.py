from __future__ import annotations

import datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from members.models import PositionTitle
from scoring.querysets import AdoptionQuerySet, SchemeVersionQuerySet, WorkedCaseQuerySet

if TYPE_CHECKING:
    from scoring.engine import EntryItem, Fault, Scheme


class SchemeVersion(models.Model):
    """One edition of a scheme: its definition and its text. A draft may be edited; a released one never changes."""

    class Status(models.TextChoices):
        DRAFT = "draft", "草稿"
        RELEASED = "released", "已发布"

    code = models.SlugField("方案代码", max_length=40)
    number = models.PositiveSmallIntegerField("版次")
    title = models.CharField("名称", max_length=60)
    definition = models.TextField("规则")
    text = models.TextField("条文")
    digest = models.CharField("校验码", max_length=64)
    status = models.CharField("状态", max_length=10, choices=Status, default=Status.RELEASED)
    note = models.CharField("改动说明", max_length=200, blank=True)
    created_by = models.ForeignKey(
        "members.User", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="起草人"
    )
    origin = models.ForeignKey(
        "members.Organization",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="起草单位",
        help_text="空着,是系统自带的。",
    )
    created_at = models.DateTimeField("建立时间", auto_now_add=True)

    objects = SchemeVersionQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "计分方案"
        ordering = ["code", "-number"]
        constraints = [
            models.UniqueConstraint(
                fields=["code", "number"], name="scheme_version_once", violation_error_message="这个方案已有这一版。"
            )
        ]

    def __str__(self) -> str:
        return f"《{self.title}》第 {self.number} 版"

    def save(self, *args, **kwargs):
        """Raises ValidationError where the stored version is released: it stays as it is."""
        if self.pk and SchemeVersion.objects.released().filter(pk=self.pk).exists():
            raise ValidationError("已发布的版本不能改动,请另起一份草稿。")
        super().save(*args, **kwargs)

    @property
    def origin_words(self) -> str:
        """Whose words these are: 和平街道党工委起草, or 系统自带."""
        if self.origin_id:
            return f"{self.origin}起草"
        return "街道起草" if self.created_by_id else "系统自带"

    @property
    def is_draft(self) -> bool:
        return self.status == self.Status.DRAFT

    @property
    def scheme(self) -> Scheme:
        """The parsed scheme; the same object for the same text. Raises UnreadableVersionError."""
        from scoring.errors import UnreadableVersionError

        scheme, faults = read_once(self.definition, self.text)
        if faults:
            raise UnreadableVersionError(self)
        return scheme

    @property
    def faults(self) -> tuple[Fault, ...]:
        """Why the version cannot be read: of a draft, or of one that an earlier release of the product stored."""
        return read_once(self.definition, self.text)[1]

    def item(self, code: str) -> EntryItem:
        """The clause of that code. Raises KeyError if the version has none."""
        return {item.code: item for item in self.scheme.entry_items}[code]


@lru_cache(maxsize=256)
def read_once(definition: str, text: str) -> tuple[Scheme | None, tuple[Fault, ...]]:
    """The scheme, or why there is none: either is worked out once in a process."""
    from scoring.engine import SchemeError, parse_scheme

    try:
        return parse_scheme(definition, text), ()
    except SchemeError as error:
        return None, error.faults


class Adoption(models.Model):
    """From a day on, an organisation and those below it are scored under a version, with settings of their own."""

    organization = models.ForeignKey(
        "members.Organization", models.PROTECT, related_name="adoptions", verbose_name="组织"
    )
    version = models.ForeignKey(SchemeVersion, models.PROTECT, related_name="adoptions", verbose_name="方案")
    settings = models.JSONField("本单位的设定", default=dict, blank=True)
    position = models.CharField(
        "只用于任职", max_length=25, blank=True, choices=PositionTitle, help_text="空着,用于全体党员。"
    )
    starts_on = models.DateField("起用日期")
    ends_on = models.DateField(
        "最后一天", null=True, blank=True, help_text="从第二天起按上级采用的方案;空着,用到另行采用为止。"
    )
    ended_by = models.ForeignKey(
        "members.User", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="停用办理人"
    )
    adopted_by = models.ForeignKey(
        "members.User", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="办理人"
    )
    adopted_at = models.DateTimeField("办理时间", default=timezone.now, editable=False)

    objects = AdoptionQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "方案采用"
        ordering = ["organization__path", "starts_on"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "position", "starts_on"],
                name="adoption_once",
                violation_error_message="这个组织从这一天起已经采用了方案。",
            ),
            models.CheckConstraint(
                condition=models.Q(ends_on__isnull=True) | models.Q(ends_on__gt=models.F("starts_on")),
                name="adoption_ends_after_it_starts",
                violation_error_message="最后一天要在起用日期以后。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organization} 采用 {self.version}"

    def save(self, *args, **kwargs):
        """Raises ValidationError where the stored adoption is in use: it stays as it is."""
        if not self._state.adding:
            Adoption.objects.filter(pk=self.pk).require_not_begun()
        super().save(*args, **kwargs)

    def delete(self, *args, **kwargs):
        """Raises ValidationError where the adoption is in use."""
        Adoption.objects.filter(pk=self.pk).require_not_begun()
        return super().delete(*args, **kwargs)

    @property
    def has_begun(self) -> bool:
        """True if it is, or was, in use."""
        return self.starts_on <= timezone.localdate()

    @property
    def has_ended(self) -> bool:
        return self.ends_on is not None and self.ends_on < timezone.localdate()

    @property
    def resumes_on(self) -> datetime.date | None:
        """The day from which on the one above counts again."""
        return self.ends_on and self.ends_on + datetime.timedelta(1)

    @property
    def scheme(self) -> Scheme:
        """The scheme with this unit's settings. Raises UnreadableVersionError."""
        return self.version.scheme.configured(self.settings)


class UnitDocument(models.Model):
    """A unit's own regulation, attached to its adoption: its articles are shown instead of the model text's.

    articles: list of {"id", "heading", "text"}; mapping: article id of the scheme → id in `articles`.
    """

    adoption = models.OneToOneField(Adoption, models.CASCADE, related_name="document", verbose_name="采用")
    title = models.CharField("文件名称", max_length=100)
    file = models.FileField("文件", upload_to="documents/")
    articles = models.JSONField("条文", default=list)
    mapping = models.JSONField("对应关系", default=dict)
    attached_by = models.ForeignKey("members.User", models.PROTECT, related_name="+", verbose_name="上传人")
    attached_at = models.DateTimeField("上传时间", auto_now=True)

    class Meta:
        verbose_name = verbose_name_plural = "本单位文件"

    def __str__(self) -> str:
        return self.title


class WorkedCase(models.Model):
    """Facts of some people and the points expected, as YAML: run whenever the scheme's definition changes."""

    code = models.SlugField("方案代码", max_length=40)
    organization = models.ForeignKey(
        "members.Organization", models.CASCADE, related_name="worked_cases", verbose_name="单位"
    )
    name = models.CharField("名称", max_length=60)
    document = models.TextField("内容")
    created_by = models.ForeignKey("members.User", models.PROTECT, related_name="+", verbose_name="编写人")
    created_at = models.DateTimeField("编写时间", auto_now_add=True)

    objects = WorkedCaseQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "算例"
        ordering = ["code", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["code", "organization", "name"],
                name="worked_case_once",
                violation_error_message="这个单位已经有同名的算例。",
            )
        ]

    def __str__(self) -> str:
        return self.name
