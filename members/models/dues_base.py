from decimal import Decimal

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from members import dues_standard as standard
from members.fields import EncryptedTextField
from members.querysets import DuesBaseQuerySet

BY_PAY = ("employed", "retired")
MOST_PAY = Decimal("999999.99")
ONE_OF_TWO = "工资和固定数额,写一样就够。"


class DuesKind(models.TextChoices):
    """Whom the standard of 2008 tells apart."""

    EMPLOYED = "employed", "在职"
    RETIRED = "retired", "离退休"
    FARMER = "farmer", "农民"
    RELIEF = "relief", "学生、下岗、领取救济"


class DuesBase(models.Model):
    """What a member's dues go by from a month on (党费核定). Rows are only added: of one month the last one holds.

    `pay` is personal: for those who keep the branch's records and for the member, for nobody else.
    """

    member = models.ForeignKey("members.Member", models.PROTECT, related_name="dues_bases", verbose_name="党员")
    month = models.DateField("从何月起", help_text="该月一日")
    kind = models.CharField("类别", max_length=10, choices=DuesKind)
    pay = EncryptedTextField("每月税后工资(元)", blank=True)
    fixed_yuan = models.DecimalField(
        "固定数额(元)",
        max_digits=8,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[
            MinValueValidator(Decimal("0.01"), "固定数额要大于 0;不用缴的,请登记缓缴或免缴。"),
            MaxValueValidator(Decimal("99999.99"), "固定数额过大,请核对。"),
        ],
    )
    recorded_by = models.ForeignKey("members.User", models.PROTECT, related_name="+", verbose_name="核定人")
    recorded_at = models.DateTimeField("核定时间", auto_now_add=True)

    objects = DuesBaseQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "党费核定"
        ordering = ["month", "pk"]
        indexes = [models.Index(fields=["member", "month"], name="dues_base_of_member")]
        constraints = [
            models.CheckConstraint(
                condition=Q(month__day=1), name="dues_base_first_day", violation_error_message="月份要写成该月一日。"
            ),
            models.CheckConstraint(
                condition=(Q(kind__in=BY_PAY) & (Q(pay="") ^ Q(fixed_yuan__isnull=True)))
                | Q(kind="farmer", pay="", fixed_yuan__range=(standard.FARMER_LEAST, standard.FARMER_MOST))
                | Q(kind="relief", pay="", fixed_yuan__isnull=True),
                name="dues_base_by_kind",
                violation_error_message="这个类别的核定不完整。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member} {self.month:%Y-%m}"

    def clean(self):
        """Check what the columns say of each other."""
        pay, fixed = self.pay_yuan, self.fixed_yuan
        faults = {}
        if pay is not None and not 1 <= pay <= MOST_PAY:
            faults["pay"] = f"每月工资应在 1 元和 {MOST_PAY} 元之间,请核对。"
        elif self.kind in BY_PAY and pay is None and fixed is None:
            faults["pay"] = "请写每月税后工资,或者写固定数额。"
        elif self.kind in BY_PAY and pay is not None and fixed is not None:
            faults["fixed_yuan"] = ONE_OF_TWO
        elif self.kind not in BY_PAY and pay is not None:
            faults["pay"] = f"{self.get_kind_display()}不按工资算,工资请空着。"
        elif self.kind == DuesKind.RELIEF and fixed is not None:
            faults["fixed_yuan"] = f"这一类每月缴 {standard.RELIEF} 元,固定数额请空着。"
        elif self.kind == DuesKind.FARMER and (
            fixed is None or not standard.FARMER_LEAST <= fixed <= standard.FARMER_MOST
        ):
            faults["fixed_yuan"] = "农民党员每月缴 0.2 元到 1 元,请写固定数额。"
        if faults:
            raise ValidationError(faults)

    @property
    def pay_yuan(self) -> Decimal | None:
        return Decimal(self.pay) if self.pay else None

    @property
    def due_yuan(self) -> Decimal:
        """What is due for a month."""
        if self.fixed_yuan is not None:
            return self.fixed_yuan.quantize(standard.CENT)
        return standard.due(self.kind, self.pay_yuan) if self.pay else standard.RELIEF

    @property
    def words(self) -> str:
        """How the due amount comes about: 3,800 元 × 1% = 38.00 元. It shows the pay."""
        if self.fixed_yuan is not None:
            return f"固定 {self.due_yuan} 元"
        if not self.pay:
            return f"每月 {self.due_yuan} 元"
        rate = standard.percent(self.kind, self.pay_yuan)
        return f"{standard.plain(self.pay_yuan)} 元 × {rate}% = {self.due_yuan:,.2f} 元"
