"""Asking back (问询): what a reviewer wants to know before deciding, and what the entry's author says to it."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from members.models.history import AppendOnlyQuerySet
from scoring.models.entries import Decision, Entry

WORDS_LIMIT = 200


class Question(models.Model):
    """A reviewer's question to whoever declared the entry. Only ever added to; one at a time waits for its answer."""

    entry = models.ForeignKey(Entry, models.PROTECT, related_name="questions", verbose_name="记分")
    step = models.CharField("环节", max_length=10, choices=Decision.Step)
    text = models.CharField("问题", max_length=WORDS_LIMIT)
    asked_by = models.ForeignKey("members.User", models.PROTECT, related_name="+", verbose_name="问询人")
    asked_at = models.DateTimeField("问询时间", default=timezone.now, editable=False)

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "问询"
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(text=""), name="question_has_text", violation_error_message="请写明要问什么。"
            )
        ]

    def __str__(self) -> str:
        return f"{self.entry.step_words(self.step)}问询"


class Answer(models.Model):
    """The author's words to a question. Only ever added to; the question is answered once."""

    question = models.OneToOneField(Question, models.PROTECT, related_name="answer", verbose_name="问询")
    text = models.CharField("答复", max_length=WORDS_LIMIT)
    answered_by = models.ForeignKey("members.User", models.PROTECT, related_name="+", verbose_name="答复人")
    answered_at = models.DateTimeField("答复时间", default=timezone.now, editable=False)

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "答复"
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(text=""), name="answer_has_text", violation_error_message="请写明答复。"
            )
        ]

    def __str__(self) -> str:
        return "答复"
