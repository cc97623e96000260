"""The branch's monthly review (组织审核) and its quarterly publicity (公示)."""

from __future__ import annotations

import datetime

from django.db import models
from django.db.models import Q
from django.utils import timezone

from evaluations.querysets import MonthQuestionQuerySet, QuarterSheetQuerySet
from members.dates import month_name, quarter_days, quarter_name
from members.models.history import AppendOnlyQuerySet


class MonthReview(models.Model):
    """A branch's look at a month. `month`: its first day. What was confirmed, and when, are its confirmations."""

    organization = models.ForeignKey(
        "members.Organization", models.PROTECT, related_name="month_reviews", verbose_name="支部"
    )
    month = models.DateField("月份")

    class Meta:
        verbose_name = verbose_name_plural = "月审核"
        ordering = ["-month", "organization__path"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "month"],
                name="month_review_once",
                violation_error_message="这个支部这个月的审核已经有了。",
            ),
            models.CheckConstraint(
                condition=Q(month__day=1), name="month_review_first_day", violation_error_message="月份写它的第一天。"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organization} {month_name(self.month)}"


class MonthConfirmation(models.Model):
    """The committee has confirmed a month. Only ever added to: after changes the month is confirmed again.

    lines: every line of the month as it read then, as `monthly.MonthLine.kept` writes it. digest: of these.
    """

    review = models.ForeignKey(MonthReview, models.PROTECT, related_name="confirmations", verbose_name="月审核")
    lines = models.JSONField("确认的记录")
    digest = models.CharField("校验码", max_length=64)
    confirmed_by = models.ForeignKey("members.User", models.PROTECT, related_name="+", verbose_name="确认人")
    confirmed_at = models.DateTimeField("确认时间", default=timezone.now)

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "月审核的确认"
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.review} 第 {self.pk} 号"

    def save(self, *args, **kwargs):
        if self.pk:
            raise TypeError("Confirmations are only appended, never edited.")
        super().save(*args, **kwargs)

    def delete(self, *args, **kwargs):
        raise TypeError("Confirmations are only appended, never deleted.")


class QuarterSheet(models.Model):
    """What a branch hung up of a quarter: everybody's points by part, as they were then. One row an edition.

    content: see `quarterly.content_of`. A correction is a further edition with its reason; the earlier ones stay.
    """

    organization = models.ForeignKey(
        "members.Organization", models.PROTECT, related_name="quarter_sheets", verbose_name="支部"
    )
    quarter = models.CharField("季度", max_length=6)
    number = models.PositiveSmallIntegerField("第几版", default=1)
    content = models.JSONField("公示的分数")
    digest = models.CharField("校验码", max_length=64)
    reason = models.CharField("更正的理由", max_length=300, blank=True)
    objections_until = models.DateField("异议截止")
    published_by = models.ForeignKey("members.User", models.PROTECT, related_name="+", verbose_name="经办人")
    published_at = models.DateTimeField("公示时间", default=timezone.now)

    objects = QuarterSheetQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "季度公示单"
        ordering = ["organization__path", "quarter", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "quarter", "number"],
                name="quarter_sheet_once",
                violation_error_message="这个支部这个季度的这一版已经公示过了。",
            ),
            models.CheckConstraint(
                condition=Q(number=1) | ~Q(reason=""),
                name="quarter_sheet_has_reason",
                violation_error_message="更正要写明理由。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organization} {self.title}公示单第 {self.number} 版"

    def save(self, *args, **kwargs):
        if self.pk:
            raise TypeError("Sheets are only appended, never edited.")
        super().save(*args, **kwargs)

    def delete(self, *args, **kwargs):
        raise TypeError("Sheets are only appended, never deleted.")

    @property
    def title(self) -> str:
        """2025 年第一季度"""
        return f"{self.quarter[:4]} 年{quarter_name(self.quarter)}"

    @property
    def last_month(self) -> datetime.date:
        """The month whose review settles what is objected to."""
        return quarter_days(self.quarter)[1].replace(day=1)

    @property
    def takes_objections(self) -> bool:
        return timezone.localdate() <= self.objections_until


class MonthQuestion(models.Model):
    """Something to settle before a month is confirmed: about a line, a member, or what a quarter's sheet says.

    words: the line as whoever asked read it. on_behalf_of: who said it, where somebody else put it down.
    """

    review = models.ForeignKey(MonthReview, models.PROTECT, related_name="questions", verbose_name="月审核")
    member = models.ForeignKey(
        "members.Member", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="党员"
    )
    sheet = models.ForeignKey(
        QuarterSheet, models.PROTECT, null=True, blank=True, related_name="questions", verbose_name="公示单"
    )
    key = models.CharField("哪一条", max_length=200, blank=True)
    words = models.CharField("当时的记录", max_length=300, blank=True)
    is_sensitive = models.BooleanField("涉及信仰或纪律", default=False)
    text = models.CharField("问题", max_length=500)
    on_behalf_of = models.CharField("代谁提出", max_length=30, blank=True)
    asked_by = models.ForeignKey("members.User", models.PROTECT, related_name="+", verbose_name="提出人")
    asked_at = models.DateTimeField("提出时间", default=timezone.now)
    answer = models.CharField("答复", max_length=500, blank=True)
    settled_by = models.ForeignKey(
        "members.User", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="答复人"
    )
    settled_at = models.DateTimeField("答复时间", null=True, blank=True)

    objects = MonthQuestionQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "月审核的问题"
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(settled_at__isnull=True) | ~Q(answer="") & Q(settled_by__isnull=False),
                name="month_question_has_answer",
                violation_error_message="请写明核对的结果。",
            )
        ]

    def __str__(self) -> str:
        return f"第 {self.pk} 号问题"

    @property
    def is_open(self) -> bool:
        return self.settled_at is None
