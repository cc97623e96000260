from __future__ import annotations

from dataclasses import dataclass

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q

from evaluations.querysets import MeetingRuleQuerySet, ResolutionQuerySet

HUNDRED = 100


class MeetingKind(models.TextChoices):
    MEMBERS = "members", "党员大会"
    COMMITTEE = "committee", "支委会"


@dataclass(frozen=True)
class Rule:
    """When a vote of a kind of meeting is valid and carried. Both say "more than", in per cent of those entitled."""

    quorum_over: int
    majority_over: int


USUAL = Rule(quorum_over=50, majority_over=50)  # where no unit has set another
LEAST, MOST = 50, 90  # a vote is never carried by less than over half of those entitled
SHARE = [
    MinValueValidator(LEAST, f"不能低于 {LEAST}:到会和赞成都要超过半数。"),
    MaxValueValidator(MOST, f"不能高于 {MOST}。"),
]


class MeetingRule(models.Model):
    """A unit's own rule for a kind of meeting, of itself and of those below it. The latest counts; none is changed.

    A resolution copies it when it is recorded: what was carried stays carried when a rule changes.
    """

    organization = models.ForeignKey(
        "members.Organization", models.CASCADE, related_name="meeting_rules", verbose_name="组织"
    )
    kind = models.CharField("会议", max_length=10, choices=MeetingKind)
    quorum_over = models.PositiveSmallIntegerField("到会要超过应到的(%)", validators=SHARE)
    majority_over = models.PositiveSmallIntegerField("赞成要超过应到的(%)", validators=SHARE)
    set_by = models.ForeignKey("members.User", models.PROTECT, related_name="+", verbose_name="设定人")
    set_at = models.DateTimeField("设定时间", auto_now_add=True)

    objects = MeetingRuleQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "表决规则"
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(quorum_over__range=(LEAST, MOST), majority_over__range=(LEAST, MOST)),
                name="meeting_rule_range",
                violation_error_message=f"到会和赞成的比例在 {LEAST} 到 {MOST} 之间。",
            )
        ]

    def __str__(self) -> str:
        return f"{self.organization}{self.get_kind_display()}:{self.words}"

    @property
    def words(self) -> str:
        return rule_words(self)


class Purpose(models.TextChoices):
    EXEMPTION = "exemption", "免予考核"
    VERDICT = "verdict", "认定不合格"
    OBSTRUCTION = "obstruction", "认定阻碍中心工作"
    EXPULSION = "expulsion", "除名"
    WITHDRAWAL = "withdrawal", "劝退"
    PROBATION = "probation", "延长或取消预备期"
    PUBLICATION = "publication", "公示"
    OTHER = "other", "其他事项"


# What is about one member is for the members' meeting, and needs its minutes.
SENSITIVE = (Purpose.VERDICT, Purpose.OBSTRUCTION, Purpose.EXPULSION, Purpose.WITHDRAWAL, Purpose.PROBATION)
ABOUT_A_MEMBER = (Purpose.EXEMPTION, *SENSITIVE)
# The entry that a carried vote puts down, under schemes that have it.
ENTRY_ITEMS = {Purpose.VERDICT: "direct.assembly", Purpose.OBSTRUCTION: "penalty.obstruct"}


class Resolution(models.Model):
    """A vote of a meeting (会议表决), carried or not. Never changed: a mistake is put right by one that replaces it."""

    organization = models.ForeignKey(
        "members.Organization", models.PROTECT, related_name="resolutions", verbose_name="组织"
    )
    held_on = models.DateField("开会日期")
    kind = models.CharField("会议", max_length=10, choices=MeetingKind)
    purpose = models.CharField("表决什么", max_length=12, choices=Purpose)
    member = models.ForeignKey(
        "members.Member", models.PROTECT, null=True, blank=True, related_name="resolutions", verbose_name="党员"
    )
    subject = models.CharField("表决事项", max_length=80)
    entitled = models.PositiveSmallIntegerField("应到人数")
    present = models.PositiveSmallIntegerField("实到人数")
    votes_for = models.PositiveSmallIntegerField("赞成票")
    votes_against = models.PositiveSmallIntegerField("反对票")
    abstained = models.PositiveSmallIntegerField("弃权票")
    quorum_over = models.PositiveSmallIntegerField("到会要超过(%)")
    majority_over = models.PositiveSmallIntegerField("赞成要超过(%)")
    exempt_from = models.DateField("免予考核开始", null=True, blank=True)
    exempt_until = models.DateField("免予考核结束", null=True, blank=True)
    minutes = models.FileField("会议记录", blank=True)
    entry = models.OneToOneField(
        "scoring.Entry", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="记分"
    )
    replaces = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="replacement", verbose_name="更正的表决"
    )
    recorded_by = models.ForeignKey("members.User", models.PROTECT, related_name="+", verbose_name="登记人")
    recorded_at = models.DateTimeField("登记时间", auto_now_add=True)

    objects = ResolutionQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "会议表决"
        ordering = ["-held_on", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(entitled__gte=1),
                name="resolution_entitled",
                violation_error_message="应到人数至少为 1。",
            ),
            models.CheckConstraint(
                condition=Q(present__lte=F("entitled")),
                name="resolution_present",
                violation_error_message="实到人数不能多于应到人数。",
            ),
            models.CheckConstraint(
                condition=Q(present__gte=F("votes_for") + F("votes_against") + F("abstained")),
                name="resolution_votes",
                violation_error_message="赞成、反对、弃权合计不能多于实到人数。",
            ),
        ]

    def __str__(self) -> str:
        return f"第 {self.pk} 号表决"

    def save(self, *args, **kwargs):
        if self.pk:
            raise TypeError("Resolutions are only appended, never edited.")
        super().save(*args, **kwargs)

    def delete(self, *args, **kwargs):
        raise TypeError("Resolutions are only appended, never deleted.")

    @property
    def is_valid(self) -> bool:
        """True if enough of those entitled were there."""
        return self.present * HUNDRED > self.entitled * self.quorum_over

    @property
    def is_carried(self) -> bool:
        return self.is_valid and self.votes_for * HUNDRED > self.entitled * self.majority_over

    @property
    def result_words(self) -> str:
        """通过, 未通过, or that another one has taken its place."""
        if hasattr(self, "replacement"):
            return "已更正"
        return "通过" if self.is_carried else "未通过"

    @property
    def is_sensitive(self) -> bool:
        return self.purpose in SENSITIVE

    @property
    def outcome(self) -> str:
        """What the vote came to, and why, in a sentence."""
        there = f"应到 {self.entitled} 人,实到 {self.present} 人"
        if not self.is_valid:
            return f"{there},没有超过{share(self.quorum_over)},表决无效。"
        base = f"{there};赞成 {self.votes_for} 票"
        if not self.is_carried:
            return f"{base},没有超过应到人数的{share(self.majority_over)},没有通过。"
        return f"{base},超过应到人数的{share(self.majority_over)},通过。"


def rule_words(rule: Rule | MeetingRule) -> str:
    """到会超过半数,赞成超过应到人数的 66%"""
    return f"到会超过{share(rule.quorum_over)},赞成超过应到人数的{share(rule.majority_over)}"


def share(percent: int) -> str:
    return "半数" if percent == 50 else f" {percent}%"
