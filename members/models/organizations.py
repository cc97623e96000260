from django.db import models
from django.db.models import F, Q
from treebeard.mp_tree import MP_Node

from members.querysets import ClosedPeriodQuerySet, OrganizationManager, lineage


class OrganizationKind(models.TextChoices):
    COMMITTEE = "committee", "党工委"
    GENERAL_BRANCH = "general_branch", "党总支"
    BRANCH = "branch", "党支部"
    GROUP = "group", "党小组"
    EDUCATION_BRANCH = "education_branch", "集中教育转化党支部"
    ENTERPRISE = "enterprise", "企业"
    DEPARTMENT = "department", "部门"
    UNIT = "unit", "单位"


class Organization(MP_Node):
    """A node of the tree of organisations. `path` starts with the path of every organisation above it."""

    name = models.CharField("名称", max_length=60)
    kind = models.CharField("类别", max_length=20, choices=OrganizationKind)
    head_count = models.PositiveSmallIntegerField("领导职数", null=True, blank=True)

    objects = OrganizationManager()

    class Meta:
        verbose_name = verbose_name_plural = "组织"
        ordering = ["path"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_branch(self) -> bool:
        """True where members are scored together: a branch, or the education branch."""
        return self.kind in BRANCH_KINDS

    @property
    def lineage(self) -> list[str]:
        """Tree paths of every organisation from the root down to this one."""
        return lineage(self.path)

    @property
    def holds_members(self) -> bool:
        """True where members may belong: a branch or a group in it."""
        return self.is_branch or self.kind == OrganizationKind.GROUP

    def contains(self, other: "Organization") -> bool:
        """True if `other` is this organisation or below it."""
        return other.path.startswith(self.path)


KIND = OrganizationKind
# Kinds that may stand directly below a kind; the top of a tree is a working committee or an enterprise.
KINDS_BELOW = {
    None: (KIND.COMMITTEE, KIND.ENTERPRISE),
    KIND.COMMITTEE: (
        KIND.COMMITTEE,
        KIND.GENERAL_BRANCH,
        KIND.BRANCH,
        KIND.EDUCATION_BRANCH,
        KIND.ENTERPRISE,
        KIND.UNIT,
    ),
    KIND.GENERAL_BRANCH: (KIND.BRANCH,),
    KIND.BRANCH: (KIND.GROUP,),
    KIND.GROUP: (),
    KIND.EDUCATION_BRANCH: (KIND.GROUP,),
    KIND.ENTERPRISE: (KIND.COMMITTEE, KIND.DEPARTMENT, KIND.UNIT, KIND.GENERAL_BRANCH, KIND.BRANCH),
    KIND.DEPARTMENT: (KIND.GENERAL_BRANCH, KIND.BRANCH),
    KIND.UNIT: (KIND.DEPARTMENT, KIND.UNIT, KIND.GENERAL_BRANCH, KIND.BRANCH),
}
BRANCH_KINDS = (OrganizationKind.BRANCH, OrganizationKind.EDUCATION_BRANCH)


class Oversight(models.Model):
    """A matter that one organisation oversees in another without being its parent (a department across units)."""

    overseer = models.ForeignKey(Organization, models.CASCADE, related_name="oversees", verbose_name="主管部门")
    overseen = models.ForeignKey(Organization, models.CASCADE, related_name="overseen_by", verbose_name="被管单位")
    matter = models.CharField("主管事项", max_length=60)

    class Meta:
        verbose_name = verbose_name_plural = "业务主管"
        constraints = [
            models.UniqueConstraint(
                fields=["overseer", "overseen", "matter"],
                name="oversight_once",
                violation_error_message="这个部门已经主管这个单位的这件事。",
            ),
            models.CheckConstraint(
                condition=~Q(overseer=F("overseen")),
                name="oversight_of_another",
                violation_error_message="主管部门和被管单位不能是同一个组织。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.overseer} → {self.overseen}:{self.matter}"


class ClosedPeriod(models.Model):
    """Days whose facts are settled for an organisation and everything below it."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="closed_periods", verbose_name="组织")
    title = models.CharField("周期", max_length=20)
    starts_on = models.DateField("开始")
    ends_on = models.DateField("结束")

    objects = ClosedPeriodQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "已办结的周期"
        constraints = [models.UniqueConstraint(fields=["organization", "starts_on", "ends_on"], name="closed_once")]

    def __str__(self) -> str:
        return f"{self.organization} {self.title}"
