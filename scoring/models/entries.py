from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from django.core.validators import MinValueValidator
from django.db import models
from django.utils import timezone

from scoring.models.schemes import SchemeVersion
from scoring.querysets import EntryQuerySet

if TYPE_CHECKING:
    from scoring.engine import EntryItem


class EntryStatus(models.TextChoices):
    DECLARED = "declared", "待支部审核"
    REVIEWED = "reviewed", "待街道审批"
    APPROVED = "approved", "已批准"
    REJECTED = "rejected", "未通过"
    WITHDRAWN = "withdrawn", "已撤回"


LEFT_OVER = "办结时没有审完"  # pending, in a settled period


class Entry(models.Model):
    """A merit, fault, veto or record of a member under one item of the scheme.

    What it says is never edited: a mistake is put right by a reversal, an entry that names it in `reverses`, and where
    something else is right by another entry, which names it in `replaces`.
    """

    member = models.ForeignKey("members.Member", models.PROTECT, related_name="entries", verbose_name="党员")
    version = models.ForeignKey(SchemeVersion, models.PROTECT, related_name="+", verbose_name="依据的方案")
    item = models.CharField("条款", max_length=60)
    date = models.DateField("发生日期")
    quantity = models.PositiveSmallIntegerField("次数", default=1, validators=[MinValueValidator(1, "次数至少为 1。")])
    level = models.CharField("级别", max_length=30, blank=True)
    points = models.DecimalField(
        "分值",
        max_digits=6,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0, "分值不能小于 0。扣分项写正数,系统会扣。")],
    )
    amount_yuan = models.DecimalField(
        "金额(元)",
        max_digits=10,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal("0.01"), "金额要大于 0。")],
    )
    half = models.CharField("半年", max_length=2, blank=True, choices=[("H1", "上半年"), ("H2", "下半年")])
    award = models.CharField(
        "奖项", max_length=60, blank=True, help_text="同一奖项的几次奖励写同一个名称,只按最高的一次计分。"
    )
    note = models.CharField("事由", max_length=200)
    status = models.CharField("状态", max_length=10, choices=EntryStatus, default=EntryStatus.DECLARED)
    reverses = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="reversal", verbose_name="冲正的记录"
    )
    replaces = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="replaced_by", verbose_name="更正的记录"
    )
    declared_by = models.ForeignKey("members.User", models.PROTECT, related_name="+", verbose_name="登记人")
    declared_at = models.DateTimeField("登记时间", default=timezone.now, editable=False)

    objects = EntryQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "记分"
        ordering = ["-date", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(quantity__gte=1), name="entry_quantity", violation_error_message="次数至少为 1。"
            ),
            models.CheckConstraint(
                condition=models.Q(points__isnull=True) | models.Q(points__gte=0),
                name="entry_points_not_negative",
                violation_error_message="分值不能小于 0。扣分项写正数,系统会扣。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member} {self.item} {self.date}"

    @property
    def rule(self) -> EntryItem:
        """The clause that the entry was declared under. Raises UnreadableVersionError."""
        return self.version.item(self.item)

    @property
    def title(self) -> str:
        """What the clause is called, as lists show it."""
        return "(条款读不出)" if self.version.faults else self.rule.title

    @property
    def level_words(self) -> str:
        """The level that was declared and what it counts; empty of clauses without levels."""
        return "" if self.version.faults else self.rule.level_words.get(self.level, "")

    @property
    def particulars(self) -> str:
        """What was filled in besides the day and the event, in a few words: 2 次,区级 10 分, or what the clause gives."""
        sign = "" if self.version.faults else {"merit": "加 ", "fault": "扣 "}.get(self.rule.sign, "")
        said = (
            f"{self.quantity} 次" if self.quantity > 1 else "",
            self.level_words,
            "" if self.points is None else f"{sign}{self.points.normalize():f} 分",
            self.rule.words if sign and not self.level_words and self.points is None else "",
            "" if self.amount_yuan is None else f"{self.amount_yuan.normalize():f} 元",
            self.get_half_display(),
            self.award,
        )
        return ",".join(filter(None, said))

    @property
    def status_words(self) -> str:
        """The status; of an entry that waits, with the office that it waits for."""
        if self.status == EntryStatus.REVIEWED and self.is_for_discipline_office:
            return "待纪工委审批"
        return self.get_status_display()

    @property
    def is_for_discipline_office(self) -> bool:
        """Whether that office, and not the street's staff, approves what the branch has passed."""
        return not self.version.faults and self.rule.office == "discipline"

    def step_words(self, step: str) -> str:
        """A step of the course, by the office that takes it."""
        second = step == Decision.Step.STREET and self.is_for_discipline_office
        return "纪工委审批" if second else Decision.Step(step).label

    @property
    def state_words(self) -> str:
        """What has become of the entry, as lists show it. Of entries from `with_state()`."""
        if hasattr(self, "reversal"):
            return "已冲正"
        if self.is_left_over:
            return LEFT_OVER
        return "等申报人答复" if self.is_pending and self.is_asked else self.status_words

    @property
    def replaced(self) -> list[Entry]:
        """The entries that this one stands for after corrections, the latest first."""
        found, entry = [], self
        while entry := entry.replaces:
            found.append(entry)
        return found

    @property
    def is_pending(self) -> bool:
        return self.status in (EntryStatus.DECLARED, EntryStatus.REVIEWED)

    @property
    def is_left_over(self) -> bool:
        """Its period was closed before it was decided. Of entries from `with_state()`."""
        return self.is_pending and self.is_settled

    @property
    def proxy_words(self) -> str:
        """李秀英代报, for a merit that somebody else put down for the member; empty otherwise."""
        if self.declared_by.member_id == self.member_id or self.version.faults or self.rule.sign != "merit":
            return ""
        return f"{self.declared_by.name}代报"


class Decision(models.Model):
    """One step of an entry's course: who decided what, when and why; or its author taking it back unsettled."""

    class Step(models.TextChoices):
        BRANCH = "branch", "支部审核"
        STREET = "street", "街道审批"
        WITHDRAWAL = "withdrawal", "登记人撤回"

    entry = models.ForeignKey(Entry, models.PROTECT, related_name="decisions", verbose_name="记分")
    step = models.CharField("环节", max_length=10, choices=Step)
    approved = models.BooleanField("通过")
    reason = models.CharField("理由", max_length=200, blank=True)
    decided_by = models.ForeignKey("members.User", models.PROTECT, related_name="+", verbose_name="决定人")
    decided_at = models.DateTimeField("决定时间", default=timezone.now, editable=False)

    class Meta:
        verbose_name = verbose_name_plural = "决定"
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["entry", "step"], name="decision_once", violation_error_message="这一环节已经有决定。"
            ),
            models.CheckConstraint(
                condition=models.Q(approved=True) | ~models.Q(reason="") | models.Q(step="withdrawal"),
                name="decision_refusal_has_reason",
                violation_error_message="不通过要写明理由。",
            ),
        ]

    def __str__(self) -> str:
        if self.step == self.Step.WITHDRAWAL:
            return self.get_step_display()
        return f"{self.entry.step_words(self.step)}{'通过' if self.approved else '没有通过'}"
