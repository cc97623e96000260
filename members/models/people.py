import datetime
import re

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.functional import cached_property

from members.dates import months_later
from members.fields import EncryptedTextField, number_digest
from members.id_numbers import id_number_fault
from members.names import initials, pinyin
from members.querysets import DatedQuerySet, MemberQuerySet

OLDEST_BIRTH = datetime.date(1900, 1, 1)
JOINING_AGE = 18  # Party constitution, art. 1
PROBATION_MONTHS = 12  # art. 7
ENDS_AFTER_START = Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on"))
MOBILE_DIGITS = 11
FOUNDED = datetime.date(1921, 7, 1)  # the Party: nobody has held a post before
AHEAD = datetime.timedelta(days=366)  # how long before its day something may be put on record


class MemberStatus(models.TextChoices):
    FULL = "full", "正式党员"
    PROBATIONARY = "probationary", "预备党员"
    ACTIVIST = "activist", "入党积极分子"


class Mobility(models.TextChoices):
    RESIDENT = "resident", "在家"
    MIGRANT = "migrant", "流动"
    ABROAD = "abroad", "出国(境)定居"


class MemberCategory(models.TextChoices):
    """What a member is scored as under a scheme by categories (分类积分)."""

    LEADER = "a", "领导干部"
    SECTION = "b", "科级干部"
    ORDINARY = "c", "一般党员"
    RETIRED = "d", "离退休党员"


def phone_fault(phone: str) -> str:
    """The sentence that refuses a number; empty for a good one, and for none. Only mobile numbers begin with 1."""
    if not phone:
        return ""
    if not re.fullmatch(r"\+?[0-9][0-9-]{6,17}", phone):
        return "电话只能有数字和短横线,7 到 18 位。"
    digits = phone.replace("-", "")
    if digits.startswith("1") and len(digits) != MOBILE_DIGITS:
        return f"手机号应是 {MOBILE_DIGITS} 位,现在是 {len(digits)} 位,请核对。"
    return ""


def far_off_fault(label: str, day: datetime.date) -> str:
    """The sentence that refuses a day too far in the future; empty for a good one."""
    return f"{label} {day} 太远了:最多提前一年登记,请核对年份。" if day > timezone.localdate() + AHEAD else ""


def post_start_fault(day: datetime.date, born: datetime.date | None) -> str:
    """The sentence that refuses a day on which a post cannot begin for somebody born on a day; empty for a good one."""
    if day < FOUNDED:
        return f"任职日期 {day} 不对:应在 1921 年以后,请核对年份。"
    if born and day < born:
        return f"任职日期 {day} 早于出生日期 {born},请核对年份。"
    return far_off_fault("任职日期", day)


class Member(models.Model):
    """A person on the roster: full member, probationary member or activist.

    `status` and `mobility` are how things are today, kept by the services. How they were, or will be, on a day is
    asked by `with_states(day)`: the status follows from `joined_on` and `converted_on`, the mobility from the changes.
    """

    number = models.CharField(
        "编号", max_length=20, unique=True, error_messages={"unique": "这个编号已经有人使用,请换一个。"}
    )
    name = models.CharField("姓名", max_length=30)
    initials = models.CharField("姓名首字母", max_length=30, editable=False, db_index=True)
    pinyin = models.CharField("姓名拼音", max_length=120, editable=False, default="")
    gender = models.CharField("性别", max_length=1, choices=[("m", "男"), ("f", "女")])
    born = models.DateField("出生日期")
    joined_on = models.DateField("入党日期", null=True, blank=True)
    probation_until = models.DateField("预备期延长到", null=True, blank=True)
    converted_on = models.DateField("转正日期", null=True, blank=True)
    status = models.CharField("人员类别", max_length=15, choices=MemberStatus, default=MemberStatus.FULL)
    category = models.CharField("党员类别", max_length=1, choices=MemberCategory, blank=True)
    mobility = models.CharField("流动情况", max_length=10, choices=Mobility, default=Mobility.RESIDENT)
    id_number = EncryptedTextField("身份证号", blank=True)
    id_number_digest = models.CharField(max_length=64, unique=True, null=True, editable=False)  # noqa: DJ001  unique only where there is one
    phone = EncryptedTextField("电话", blank=True)

    objects = MemberQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "党员"
        ordering = ["number"]
        constraints = [
            models.CheckConstraint(
                condition=Q(converted_on__isnull=True) | Q(converted_on__gt=F("joined_on")),
                name="member_converted_after_joining",
                violation_error_message="转正日期要晚于入党日期。",
            )
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args, **kwargs):
        self.fill_derived()
        super().save(*args, **kwargs)

    @cached_property
    def places(self) -> "list[Membership]":
        """Where the member belongs and belonged, the latest first. Read once."""
        return list(self.memberships.select_related("organization"))

    def place_on(self, day: datetime.date) -> "Membership | None":
        """Where the member belonged on a day."""
        return next(
            (one for one in self.places if one.starts_on <= day and (not one.ends_on or one.ends_on >= day)), None
        )

    @property
    def last_transfer(self) -> "tuple[Membership, Membership] | None":
        """Where the member was before the last transfer, and is since; None without one, and for who has left."""
        if len(self.places) < 2:
            return None
        current, former = self.places[:2]
        went_over = former.ends_on == current.starts_on - datetime.timedelta(days=1)
        return (former, current) if went_over and current.ends_on is None else None

    def fill_derived(self) -> None:
        """Set the columns that follow from others; bulk writers call it before they write."""
        self.initials = initials(self.name)
        self.pinyin = pinyin(self.name)
        self.id_number_digest = number_digest(self.id_number)

    def clean(self):
        """Check what the columns say of each other. Sentences for people; the same for forms and imports."""
        self.id_number = (self.id_number or "").strip().upper()
        self.phone = (self.phone or "").strip()
        today = timezone.localdate()
        faults = self.fault_of_dates(today)
        if self.born and not OLDEST_BIRTH <= self.born <= today:
            faults["born"] = f"出生日期 {self.born} 不对:应在 1900 年以后、今天以前。"
        if self.joined_on and self.born and self.joined_on < on_birthday(self.born, JOINING_AGE):
            faults["joined_on"] = f"入党日期 {self.joined_on} 时不满 {JOINING_AGE} 周岁,请核对入党日期和出生日期。"
        if self.id_number and (fault := id_number_fault(self.id_number, self.born, self.gender)):
            faults["id_number"] = fault
        if fault := phone_fault(self.phone):
            faults["phone"] = fault
        if faults:
            raise ValidationError(faults)

    def fault_of_dates(self, today: datetime.date) -> dict[str, str]:
        """The first thing, by its field, in which the status and the days of joining and conversion contradict."""
        activist, probationary = self.status == MemberStatus.ACTIVIST, self.status == MemberStatus.PROBATIONARY
        joined, converted = self.joined_on, self.converted_on
        if joined and joined > today and not activist:
            return {"joined_on": f"入党日期 {joined} 还没有到。"}
        if joined and joined <= today and activist:
            return {"joined_on": "入党积极分子还没有入党日期。已经入党的,请把人员类别改为预备党员或正式党员。"}
        if converted and not joined:
            return {"converted_on": "有转正日期的,也要写入党日期。"}
        if converted and converted <= joined:
            return {"converted_on": f"转正日期 {converted} 要晚于入党日期 {joined}。"}
        if converted and converted <= today and probationary:
            return {"converted_on": f"转正日期 {converted} 已经过了,人员类别应是正式党员。请核对。"}
        if converted and converted > today and self.status == MemberStatus.FULL:
            return {"converted_on": f"转正日期 {converted} 还没有到,人员类别应是预备党员。请核对。"}
        if self.probation_until and self.ordinary_probation_end and not self.may_be_extended_to(self.probation_until):
            first, last = self.extension_limits
            return {"probation_until": f"预备期延长不少于半年、不超过一年:应在 {first} 到 {last} 之间。"}
        return {}

    def status_on(self, day: datetime.date) -> str:
        """As `querysets.status_on`, for a member at hand who need not be stored as he or she is."""
        if self.joined_on and self.joined_on > day:
            return MemberStatus.ACTIVIST
        if self.converted_on:
            return MemberStatus.PROBATIONARY if self.converted_on > day else MemberStatus.FULL
        if self.joined_on and self.status == MemberStatus.ACTIVIST:
            return MemberStatus.PROBATIONARY
        return self.status

    @property
    def ordinary_probation_end(self) -> datetime.date | None:
        """The day on which a year of probation is over."""
        return months_later(self.joined_on, PROBATION_MONTHS) if self.joined_on else None

    @property
    def probation_end(self) -> datetime.date | None:
        """The day from which the meeting may decide on the conversion of who is a probationary member now."""
        if self.status != MemberStatus.PROBATIONARY:
            return None
        return self.probation_until or self.ordinary_probation_end

    @property
    def extension_limits(self) -> tuple[datetime.date, datetime.date]:
        """The first and last day to which probation may be extended: half a year to a year more (art. 7)."""
        end = self.ordinary_probation_end
        return months_later(end, 6), months_later(end, 12)

    def may_be_extended_to(self, day: datetime.date) -> bool:
        first, last = self.extension_limits
        return first <= day <= last

    def validate_unique(self, exclude=None):
        super().validate_unique(exclude)
        digest = number_digest(self.id_number)
        if digest and Member.objects.filter(id_number_digest=digest).exclude(pk=self.pk).exists():
            raise ValidationError({"id_number": "这个身份证号已经有人使用,请核对。"})

    @property
    def masked_id_number(self) -> str:
        return f"{self.id_number[:3]}***********{self.id_number[-2:]}" if self.id_number else ""

    @property
    def masked_phone(self) -> str:
        return f"{self.phone[:3]}****{self.phone[-2:]}" if self.phone else ""


def on_birthday(born: datetime.date, age: int) -> datetime.date:
    """The day on which somebody born on a day reaches an age; 1 March for 29 February."""
    try:
        return born.replace(year=born.year + age)
    except ValueError:
        return datetime.date(born.year + age, 3, 1)


class MobilityChange(models.Model):
    """From a day on, a member's mobility is `after`; it was `before`. Of one member each begins where the last ended.

    Changes are only added after the last one, and only the last one is taken back, so they cannot overlap.
    """

    member = models.ForeignKey(Member, models.CASCADE, related_name="mobility_changes", verbose_name="党员")
    starts_on = models.DateField("从哪天起")
    before = models.CharField("原来", max_length=10, choices=Mobility)
    after = models.CharField("改为", max_length=10, choices=Mobility)

    class Meta:
        verbose_name = verbose_name_plural = "流动情况变动"
        ordering = ["-starts_on"]
        constraints = [
            models.UniqueConstraint(
                fields=["member", "starts_on"],
                name="mobility_changes_once_a_day",
                violation_error_message="这名党员这一天的变动已经登记。",
            ),
            models.CheckConstraint(
                condition=~Q(before=F("after")),
                name="mobility_changes_to_another",
                violation_error_message="变动前后一样。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member} 自 {self.starts_on} {self.get_after_display()}"


class Membership(models.Model):
    """Where a member belongs, between two dates. A transfer ends one and starts another."""

    member = models.ForeignKey(Member, models.CASCADE, related_name="memberships", verbose_name="党员")
    organization = models.ForeignKey(
        "members.Organization", models.PROTECT, related_name="memberships", verbose_name="所在组织"
    )
    starts_on = models.DateField("转入", default=timezone.localdate)
    ends_on = models.DateField("转出", null=True, blank=True)

    objects = DatedQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "组织关系"
        ordering = ["-starts_on"]
        constraints = [
            models.CheckConstraint(
                condition=ENDS_AFTER_START,
                name="membership_ends_after_start",
                violation_error_message="转出日期不能早于转入日期。",
            ),
            models.UniqueConstraint(
                fields=["member"],
                condition=Q(ends_on__isnull=True),
                name="membership_one_open",
                violation_error_message="这名党员已经在一个支部,要先转出。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member} · {self.organization}"


class PositionTitle(models.TextChoices):
    SECRETARY = "secretary", "党组织书记"
    DEPUTY_SECRETARY = "deputy_secretary", "副书记"
    COMMITTEE_MEMBER = "committee_member", "支部委员"
    DISCIPLINE_MEMBER = "discipline_member", "纪检委员"
    DIRECTOR = "director", "居委会主任"
    DEPUTY_DIRECTOR = "deputy_director", "居委会副主任"
    NEIGHBOURHOOD_MEMBER = "neighbourhood_member", "居委会委员"
    GROUP_LEADER = "group_leader", "党小组长"


class Position(models.Model):
    """A post that a member holds between two dates."""

    member = models.ForeignKey(Member, models.CASCADE, related_name="positions", verbose_name="党员")
    organization = models.ForeignKey(
        "members.Organization", models.PROTECT, related_name="positions", verbose_name="组织"
    )
    title = models.CharField("职务", max_length=25, choices=PositionTitle)
    starts_on = models.DateField("任职", default=timezone.localdate)
    ends_on = models.DateField("离任", null=True, blank=True)

    objects = DatedQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "职务"
        ordering = ["-starts_on"]
        constraints = [
            models.CheckConstraint(
                condition=ENDS_AFTER_START,
                name="position_ends_after_start",
                violation_error_message="离任日期不能早于任职日期。",
            )
        ]

    def __str__(self) -> str:
        return f"{self.member} {self.get_title_display()}"

    def clean(self):
        if self.starts_on and (fault := post_start_fault(self.starts_on, self.member.born)):
            raise ValidationError({"starts_on": fault})


class Exemption(models.Model):
    """A time in which the members' meeting has freed a member from scoring for age or illness."""

    member = models.ForeignKey(Member, models.CASCADE, related_name="exemptions", verbose_name="党员")
    reason = models.CharField("原因", max_length=100)
    starts_on = models.DateField("开始")
    ends_on = models.DateField("结束", null=True, blank=True)

    objects = DatedQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "免予考核"
        constraints = [
            models.CheckConstraint(
                condition=ENDS_AFTER_START,
                name="exemption_ends_after_start",
                violation_error_message="免予考核的结束日期不能早于开始日期。",
            )
        ]

    def __str__(self) -> str:
        return f"{self.member}:{self.reason}"
