from decimal import Decimal

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone

from members.querysets import DuesMonthQuerySet, DuesPaymentQuerySet, DuesReceiptQuerySet


class DuesMonth(models.Model):
    """What a member owes for a month. It falls due on the month's last day."""

    member = models.ForeignKey("members.Member", models.PROTECT, related_name="dues_months", verbose_name="党员")
    month = models.DateField("月份", help_text="该月一日")
    due_yuan = models.DecimalField(
        "应缴(元)",
        max_digits=8,
        decimal_places=2,
        validators=[
            MinValueValidator(Decimal(0), "应缴金额不能小于 0。"),
            MaxValueValidator(Decimal("99999.99"), "应缴金额过大,请核对。"),
        ],
    )
    excused = models.BooleanField("经批准缓缴或免缴", default=False)
    excuse = models.CharField("批准理由", max_length=100, blank=True)
    excused_by = models.CharField("由谁批准", max_length=30, blank=True)
    recorded_by = models.ForeignKey("members.User", models.PROTECT, related_name="+", verbose_name="登记人")
    recorded_at = models.DateTimeField("登记时间", auto_now=True)

    objects = DuesMonthQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "应缴党费"
        ordering = ["month"]
        constraints = [
            models.UniqueConstraint(
                fields=["member", "month"],
                name="dues_month_once",
                violation_error_message="这名党员这个月的应缴党费已经登记。",
            ),
            models.CheckConstraint(
                condition=models.Q(month__day=1),
                name="dues_month_first_day",
                violation_error_message="月份要写成该月一日。",
            ),
            models.CheckConstraint(
                condition=models.Q(due_yuan__gte=0),
                name="dues_due_not_negative",
                violation_error_message="应缴金额不能小于 0。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member} {self.month:%Y-%m}"

    @property
    def excuse_words(self) -> str:
        """The reason of the excuse and who approved it."""
        return f"{self.excuse}({self.excused_by}批准)" if self.excused_by else self.excuse


class DuesReceipt(models.Model):
    """Payments that were recorded together, under a number that can be looked up."""

    organization = models.ForeignKey("members.Organization", models.PROTECT, related_name="+", verbose_name="组织")
    file_digest = models.CharField("银行名单摘要", max_length=64, blank=True, db_index=True)
    recorded_by = models.ForeignKey("members.User", models.PROTECT, related_name="+", verbose_name="登记人")
    recorded_at = models.DateTimeField("登记时间", auto_now_add=True)
    corrected_at = models.DateTimeField("最近更正", null=True, editable=False, help_text="缴纳更正或者撤销的时间。")

    objects = DuesReceiptQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "党费收据"
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        return f"{timezone.localdate(self.recorded_at):%Y%m%d}-{self.pk:05d}"


class DuesPayment(models.Model):
    """Money paid towards one month; a month may be paid in parts."""

    dues_month = models.ForeignKey(DuesMonth, models.PROTECT, related_name="payments", verbose_name="月份")
    amount_yuan = models.DecimalField(
        "实缴(元)",
        max_digits=8,
        decimal_places=2,
        validators=[
            MinValueValidator(Decimal("0.01"), "实缴金额要大于 0。"),
            MaxValueValidator(Decimal("99999.99"), "实缴金额过大,请核对。"),
        ],
    )
    paid_on = models.DateField("缴纳日期")
    payer = models.CharField("代缴人", max_length=30, blank=True, help_text="本人缴的空着。")
    receipt = models.ForeignKey(
        DuesReceipt, models.PROTECT, null=True, blank=True, related_name="payments", verbose_name="收据"
    )
    recorded_by = models.ForeignKey("members.User", models.PROTECT, related_name="+", verbose_name="登记人")
    recorded_at = models.DateTimeField("登记时间", auto_now_add=True)

    objects = DuesPaymentQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "党费缴纳"
        ordering = ["paid_on", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(amount_yuan__gt=0),
                name="payment_positive",
                violation_error_message="实缴金额要大于 0。",
            )
        ]

    def __str__(self) -> str:
        return f"{self.dues_month} {self.amount_yuan}"
