from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from django.db import models

from evaluations.querysets import PUBLIC, ResultQuerySet, RoundBranchQuerySet, RoundQuerySet
from scoring.engine import Period

if TYPE_CHECKING:
    from scoring.engine import Scheme


class Round(models.Model):
    """The scoring of an organisation and the branches below it under one scheme for one period."""

    class Status(models.TextChoices):
        OPEN = "open", "登记中"
        COMPUTED = "computed", "已试算"
        REVIEWED = "reviewed", "已审核"
        PUBLISHED = "published", "公示中"
        APPROVED = "approved", "已审批"
        CLOSED = "closed", "已办结"

    organization = models.ForeignKey("members.Organization", models.PROTECT, related_name="rounds", verbose_name="组织")
    period = models.CharField("周期", max_length=6)
    scheme = models.SlugField("方案代码", max_length=40)
    status = models.CharField("状态", max_length=10, choices=Status, default=Status.OPEN)
    opened_at = models.DateTimeField("开始时间", auto_now_add=True)
    requested_at = models.DateTimeField("要求试算的时间", null=True, blank=True)
    requested_by = models.ForeignKey("members.User", models.PROTECT, null=True, blank=True, related_name="+")
    computed_at = models.DateTimeField("试算时间", null=True, blank=True)
    published_at = models.DateTimeField("公示时间", null=True, blank=True)
    objections_until = models.DateField("异议截止", null=True, blank=True)
    closed_at = models.DateTimeField("办结时间", null=True, blank=True)
    closed_by = models.ForeignKey("members.User", models.PROTECT, null=True, blank=True, related_name="+")
    digest = models.CharField("校验码", max_length=64, blank=True)
    engine_version = models.CharField("引擎版本", max_length=20, blank=True)

    objects = RoundQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "考核"
        ordering = ["-period", "organization__path"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "period", "scheme"],
                name="round_once",
                violation_error_message="这个组织这个周期的考核已经开始。",
            )
        ]

    def __str__(self) -> str:
        return f"{self.organization} {self.period}"

    @property
    def is_public(self) -> bool:
        """True while members may see their own result and their branch's boards and publicity sheet."""
        return self.status in PUBLIC

    @property
    def takes_measures(self) -> bool:
        """True once the results stand: approved, so that what they lead to may be decided on."""
        return self.status in (self.Status.APPROVED, self.Status.CLOSED)

    @property
    def is_closed(self) -> bool:
        """True once neither the results nor the period's facts may change."""
        return self.status == self.Status.CLOSED

    @property
    def is_being_corrected(self) -> bool:
        """True where the results have been public before, and are not now."""
        return self.published_at is not None and not self.is_public


class RoundBranch(models.Model):
    """A branch's part of a round: the list of work, and under which version and settings it was done.

    reviewed_digest: what the branch has confirmed; a computation that gives another digest makes that void.
    changes: {member id: [what it was, what it is]} of the last computation that changed a result, each as `figures`.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "等待"
        DONE = "done", "完成"
        FAILED = "failed", "没有算成"

    round = models.ForeignKey(Round, models.CASCADE, related_name="branches", verbose_name="考核")
    organization = models.ForeignKey("members.Organization", models.PROTECT, related_name="+", verbose_name="支部")
    version = models.ForeignKey(
        "scoring.SchemeVersion", models.PROTECT, null=True, related_name="+", verbose_name="方案"
    )
    settings = models.JSONField("设定", default=dict)
    position = models.CharField("只考核任职", max_length=25, blank=True)
    state = models.CharField("进度", max_length=10, choices=State, default=State.WAITING)
    error = models.CharField("原因", max_length=300, blank=True)
    digest = models.CharField("校验码", max_length=64, blank=True)
    done_at = models.DateTimeField("完成时间", null=True, blank=True)
    reviewed_digest = models.CharField("审核过的校验码", max_length=64, blank=True)
    changes = models.JSONField("试算带来的变动", default=dict)
    changed_at = models.DateTimeField("变动时间", null=True, blank=True)

    objects = RoundBranchQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "支部考核"
        ordering = ["organization__path"]
        constraints = [models.UniqueConstraint(fields=["round", "organization"], name="round_branch_once")]

    def __str__(self) -> str:
        return f"{self.round} · {self.organization}"

    @property
    def scheme(self) -> Scheme:
        """The scheme with the settings that this branch was scored under."""
        return self.version.scheme.configured(self.settings)

    @property
    def is_reviewed(self) -> bool:
        return bool(self.digest) and self.reviewed_digest == self.digest

    @property
    def grade_titles(self) -> dict[str, str]:
        return {grade.code: grade.title for grade in self.scheme.grades}


FIGURES = ("status", "total", "grade", "on_honor_board", "on_warning_board")  # of a result, as published


def figures(status: str, total: Decimal | None, grade: str | None, honored: bool, warned: bool) -> list:
    """What is published of a result, as it is kept to be compared with what comes later."""
    return [status, None if total is None else str(total), grade, honored, warned]


class Result(models.Model):
    """What the scheme makes of one member in one round, as last computed."""

    class Status(models.TextChoices):
        SCORED = "scored", "已计分"
        INCOMPLETE = "incomplete", "资料不全"
        REVIEWED = "reviewed", "年审"
        EXEMPT = "exempt", "免予考核"

    round = models.ForeignKey(Round, models.CASCADE, related_name="results", verbose_name="考核")
    branch = models.ForeignKey(RoundBranch, models.CASCADE, related_name="results", verbose_name="支部")
    member = models.ForeignKey("members.Member", models.PROTECT, related_name="results", verbose_name="党员")
    status = models.CharField("状态", max_length=10, choices=Status)
    total = models.DecimalField("总分", max_digits=8, decimal_places=2, null=True)
    grade = models.CharField("等次", max_length=30, null=True)  # noqa: DJ001  null: not graded, as the engine says it
    rank = models.PositiveIntegerField("名次", null=True)
    on_honor_board = models.BooleanField("光荣榜", default=False)
    on_warning_board = models.BooleanField("警示榜", default=False)
    sheet = models.JSONField("得分明细", help_text="missing, items, parts, lists, consequences, grounds, alerts")
    person = models.JSONField(
        "当时的名册", default=dict, help_text="status, mobility, born, category of the member, as they went into it"
    )
    digest = models.CharField("校验码", max_length=64)

    objects = ResultQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "结果"
        ordering = ["branch__organization__path", "rank", "member__number"]
        constraints = [models.UniqueConstraint(fields=["round", "member"], name="result_once")]

    def __str__(self) -> str:
        return f"{self.member} {self.total}"

    @property
    def figures(self) -> list:
        """What is published of the result: status, total, grade, and whether it is on the two boards."""
        return figures(*(getattr(self, field) for field in FIGURES))

    @property
    def masked_name(self) -> str:
        """The member's name with only its first character shown: 张建国 → 张**."""
        return self.member.name[:1] + "*" * (len(self.member.name) - 1)

    @property
    def grade_title(self) -> str:
        return self.branch.grade_titles.get(self.grade, "")

    @property
    def consequence_titles(self) -> list[str]:
        """Titles of the proposals and alerts that follow from the result."""
        scheme = self.branch.scheme
        titles = {alert.code: alert.title for alert in scheme.alerts} | scheme.outcome.titles
        if scheme.year:
            titles |= scheme.year.outcome.titles
        return [titles[code] for code in self.sheet["consequences"] + self.sheet["alerts"]]

    @property
    def alert_titles(self) -> list[str]:
        titles = {alert.code: alert.title for alert in self.branch.scheme.alerts}
        return [titles[code] for code in self.sheet["alerts"]]

    @property
    def missing_titles(self) -> list[str]:
        """What is missing, in words."""
        return titles_of_missing(self.sheet["missing"], self.branch.scheme)


def titles_of_missing(codes: list[str], scheme: Scheme) -> list[str]:
    """What a sheet lacks, in words: 上半年的居民代表评议."""
    titles = {f"appraisal.{group.code}": f"{group.title}评议" for group in scheme.groups}
    titles |= {item.code: item.title for item in scheme.items}
    words = []
    for code in codes:
        period, _, what = code.rpartition(":")
        words.append(f"{Period.parse(period).title}的{titles[what]}" if period else titles[what])
    return words
