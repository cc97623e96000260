"""The democratic appraisal (民主评议). What is stored here never says who voted how: docs/appraisal.md."""

import datetime
from decimal import Decimal

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from evaluations.querysets import AppraisalQuerySet
from scoring.engine import Period


class Appraisal(models.Model):
    """The appraisal of a branch for a half-year or year: set up, then open with its roster frozen, then closed.

    choices: what a ballot may say, fixed at the opening: [["95", "优秀"], …], score and word.
    closed_without: why it was closed although a group had no ballot for somebody; else empty.
    """

    class Status(models.TextChoices):
        SETUP = "setup", "准备中"
        OPEN = "open", "进行中"
        CLOSED = "closed", "已结束"

    organization = models.ForeignKey(
        "members.Organization", models.PROTECT, related_name="appraisals", verbose_name="支部"
    )
    period = models.CharField("周期", max_length=6)
    status = models.CharField("状态", max_length=10, choices=Status, default=Status.SETUP)
    opens_at = models.DateTimeField("网上评议开始", null=True, blank=True)
    closes_at = models.DateTimeField("网上评议截止", null=True, blank=True)
    choices = models.JSONField("分数", default=list)
    closed_at = models.DateTimeField("结束时间", null=True, blank=True)
    closed_by = models.ForeignKey(
        "members.User", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="结束人"
    )
    closed_without = models.CharField("没有评齐就结束的理由", max_length=300, blank=True)

    objects = AppraisalQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "民主评议"
        ordering = ["-period", "organization__path"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "period"],
                name="appraisal_once",
                violation_error_message="这个支部这个周期已经有一次民主评议。",
            ),
            models.CheckConstraint(
                condition=models.Q(status="setup") | models.Q(closed_at__isnull=False) | models.Q(status="open"),
                name="appraisal_closed_has_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organization} {self.title}"

    @property
    def title(self) -> str:
        return f"{Period.parse(self.period).title}民主评议"

    @property
    def is_open(self) -> bool:
        return self.status == self.Status.OPEN

    @property
    def is_closed(self) -> bool:
        return self.status == self.Status.CLOSED

    def takes_votes_at(self, moment: datetime.datetime) -> bool:
        """True between the opening and the closing time of an open appraisal."""
        return self.is_open and self.opens_at <= moment < self.closes_at


class Candidate(models.Model):
    """A member who is appraised."""

    appraisal = models.ForeignKey(Appraisal, models.CASCADE, related_name="candidates", verbose_name="民主评议")
    member = models.ForeignKey("members.Member", models.PROTECT, related_name="+", verbose_name="党员")

    class Meta:
        verbose_name = verbose_name_plural = "被评议人"
        ordering = ["member__number"]
        constraints = [models.UniqueConstraint(fields=["appraisal", "member"], name="appraisal_candidate_once")]

    def __str__(self) -> str:
        return f"{self.member}"


class AppraisalGroup(models.Model):
    """One group of voters: those on the roster, and `head_count` more whom it does not name.

    weight_parts: parts of ten thousand. ballots_online: how many ballots came in online.
    unnamed_paper, unnamed_slips: how many of the unnamed took a paper ballot or a slip with a code.
    code_batch: how often codes were made; a page sent twice makes them once.
    """

    appraisal = models.ForeignKey(Appraisal, models.CASCADE, related_name="groups", verbose_name="民主评议")
    code = models.CharField("评议组", max_length=30)
    title = models.CharField("名称", max_length=30)
    weight_parts = models.PositiveSmallIntegerField("权重")
    head_count = models.PositiveSmallIntegerField("不记名的人数", default=0)
    unnamed_paper = models.PositiveSmallIntegerField("不记名的领纸质票人数", default=0)
    unnamed_slips = models.PositiveSmallIntegerField("不记名的领评议码人数", default=0)
    ballots_online = models.PositiveSmallIntegerField("网上票数", default=0)
    code_batch = models.PositiveSmallIntegerField("生成评议码的次数", default=0)

    class Meta:
        verbose_name = verbose_name_plural = "评议组"
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["appraisal", "code"], name="appraisal_group_once")]

    def __str__(self) -> str:
        return self.title

    @property
    def weight(self) -> Decimal:
        return Decimal(self.weight_parts) / 10_000


class Voter(models.Model):
    """Somebody on the roster of a group, and the way in which he or she takes part; never when, never what."""

    class Way(models.TextChoices):
        NONE = "", "还没有参加"
        ONLINE = "online", "已在网上评议"
        PAPER = "paper", "领了纸质票"
        SLIP = "slip", "领了评议码"

    group = models.ForeignKey(AppraisalGroup, models.CASCADE, related_name="voters", verbose_name="评议组")
    member = models.ForeignKey(
        "members.Member", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="党员"
    )
    name = models.CharField("姓名", max_length=30)
    way = models.CharField("参加方式", max_length=10, choices=Way, blank=True, default=Way.NONE)

    class Meta:
        verbose_name = verbose_name_plural = "评议人"
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["group", "member"], name="appraisal_voter_once"),
            models.UniqueConstraint(
                fields=["group", "name"], condition=models.Q(member__isnull=True), name="appraisal_voter_name_once"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class BallotCode(models.Model):
    """A one-time code of a group, as a digest. Neither to whom it went nor when it was used is on record."""

    group = models.ForeignKey(AppraisalGroup, models.CASCADE, related_name="codes", verbose_name="评议组")
    digest = models.CharField("摘要", max_length=64, unique=True)
    used = models.BooleanField("已用", default=False)

    class Meta:
        verbose_name = verbose_name_plural = "评议码"

    def __str__(self) -> str:
        return self.digest[:8]


class BallotCount(models.Model):
    """How many ballots of a group gave a member a score. Single ballots are stored nowhere.

    score null: how many did not appraise the member. While an appraisal is open these are the ballots from online
    alone, of every member and every choice, from 0 on; the closing adds the paper ballots.
    """

    group = models.ForeignKey(AppraisalGroup, models.CASCADE, related_name="counts", verbose_name="评议组")
    member = models.ForeignKey("members.Member", models.PROTECT, related_name="ballot_counts", verbose_name="党员")
    score = models.DecimalField(
        "分数",
        max_digits=5,
        decimal_places=2,
        null=True,
        validators=[
            MinValueValidator(Decimal(0), "分数在 0 到 100 之间。"),
            MaxValueValidator(Decimal(100), "分数在 0 到 100 之间。"),
        ],
    )
    count = models.PositiveSmallIntegerField("票数")

    class Meta:
        verbose_name = verbose_name_plural = "票数"
        constraints = [
            models.UniqueConstraint(fields=["group", "member", "score"], name="ballot_count_once"),
            models.CheckConstraint(
                condition=models.Q(score__gte=0, score__lte=100),
                name="ballot_score_range",
                violation_error_message="分数在 0 到 100 之间。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.score} × {self.count}"


class Tally(models.Model):
    """The tally sheet of a group's paper ballots, as one person read it. The second entry agrees with the first.

    counts: {member id as text: {score as text: ballots}}.
    """

    group = models.ForeignKey(AppraisalGroup, models.CASCADE, related_name="tallies", verbose_name="评议组")
    number = models.PositiveSmallIntegerField("第几次录入", choices=[(1, "第一次"), (2, "第二次")])
    returned = models.PositiveSmallIntegerField("收回票数")
    counts = models.JSONField("票数")
    entered_by = models.ForeignKey("members.User", models.PROTECT, related_name="+", verbose_name="录入人")
    entered_at = models.DateTimeField("录入时间", auto_now=True)

    class Meta:
        verbose_name = verbose_name_plural = "计票单"
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["group", "number"], name="tally_once"),
            models.UniqueConstraint(fields=["group", "entered_by"], name="tally_by_two_people"),
        ]

    def __str__(self) -> str:
        return f"{self.group} {self.get_number_display()}"

    def by_member(self) -> dict[int, dict[Decimal, int]]:
        """Ballots by score, for each member id."""
        return {
            int(member): {Decimal(score): count for score, count in scores.items()}
            for member, scores in self.counts.items()
        }


class TallyPhoto(models.Model):
    """A picture of the signed tally sheet, re-encoded: without the place and device that a camera writes into it."""

    group = models.OneToOneField(AppraisalGroup, models.CASCADE, related_name="photo", verbose_name="评议组")
    file = models.FileField("照片", upload_to="tallies")
    attached_by = models.ForeignKey("members.User", models.PROTECT, related_name="+", verbose_name="上传人")
    attached_at = models.DateTimeField("上传时间", auto_now=True)

    class Meta:
        verbose_name = verbose_name_plural = "计票单照片"

    def __str__(self) -> str:
        return f"{self.group}计票单"
