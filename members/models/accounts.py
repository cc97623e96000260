from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils import timezone

from members.querysets import DatedQuerySet


class Role(models.TextChoices):
    MEMBER = "member", "党员"
    GROUP_LEADER = "group_leader", "党小组长"
    BRANCH_SECRETARY = "branch_secretary", "支部书记"
    GENERAL_BRANCH = "general_branch", "片总支"
    STREET_STAFF = "street_staff", "政工科"
    DISCIPLINE_OFFICE = "discipline_office", "纪工委"
    AUDITOR = "auditor", "审计员"
    ADMINISTRATOR = "administrator", "管理员"


class User(AbstractUser):
    """An account. What it may do comes from its role assignments; its own ledger from `member`."""

    first_name = last_name = None
    name = models.CharField("姓名", max_length=30)
    member = models.OneToOneField(
        "members.Member", models.SET_NULL, null=True, blank=True, related_name="user", verbose_name="党员"
    )
    must_change_password = models.BooleanField("首次登录须改密码", default=True)

    REQUIRED_FIELDS = ["name"]

    class Meta:
        verbose_name = verbose_name_plural = "账号"

    def __str__(self) -> str:
        return self.name or self.username

    def get_full_name(self) -> str:
        return self.name

    get_short_name = get_full_name


class RoleAssignment(models.Model):
    """A role of a user in an organisation and everything below it, between two dates."""

    user = models.ForeignKey(User, models.CASCADE, related_name="role_assignments", verbose_name="账号")
    role = models.CharField("岗位", max_length=20, choices=Role)
    organization = models.ForeignKey(
        "members.Organization", models.CASCADE, related_name="role_assignments", verbose_name="组织"
    )
    starts_on = models.DateField("开始", default=timezone.localdate)
    ends_on = models.DateField("结束", null=True, blank=True)

    objects = DatedQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "岗位"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_on__isnull=True) | models.Q(ends_on__gte=models.F("starts_on")),
                name="role_ends_after_start",
                violation_error_message="岗位的结束日期不能早于开始日期。",
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} {self.get_role_display()} {self.organization}"
