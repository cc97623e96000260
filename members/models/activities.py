import datetime

from django.core.validators import MaxValueValidator
from django.db import models

from members.querysets import ActivityQuerySet, LeaveRequestQuerySet


class ActivityKind(models.TextChoices):
    BRANCH_MEETING = "branch_meeting", "党员大会"
    COMMITTEE_MEETING = "committee_meeting", "支委会"
    GROUP_MEETING = "group_meeting", "党小组会"
    PARTY_LECTURE = "party_lecture", "党课"
    THEME_DAY = "theme_day", "主题党日"
    STUDY = "study", "集中学习"
    ORG_LIFE_MEETING = "org_life_meeting", "组织生活会"
    CONGRESS = "congress", "党员代表会"
    LABOUR = "labour", "义务劳动"


class AttendanceStatus(models.TextChoices):
    """In the order of the keys 1–9 of the attendance grid."""

    PRESENT = "present", "到会"
    LATE = "late", "迟到"
    LEFT_EARLY = "left_early", "早退"
    PERSONAL_LEAVE = "personal_leave", "事假"
    SICK_LEAVE = "sick_leave", "病假"
    OFFICIAL_LEAVE = "official_leave", "公假"
    ABSENT = "absent", "缺席"
    PROXY = "proxy", "替会"
    NOT_REQUIRED = "not_required", "不要求"


class Activity(models.Model):
    """A meeting, study or labour that an organisation holds on a day."""

    organization = models.ForeignKey(
        "members.Organization", models.PROTECT, related_name="activities", verbose_name="组织"
    )
    kind = models.CharField("类别", max_length=20, choices=ActivityKind)
    title = models.CharField("名称", max_length=60)
    date = models.DateField("日期")
    starts_at = models.TimeField("时间", null=True, blank=True)
    place = models.CharField("地点", max_length=60, blank=True)
    grace_minutes = models.PositiveSmallIntegerField(
        "几分钟后算迟到",
        default=10,
        validators=[MaxValueValidator(180, "最多写 180 分钟。")],
        help_text="扫码签到用:开始后超过这些分钟才签到的,记为迟到。没有写时间的活动不记迟到。",
    )
    created_by = models.ForeignKey("members.User", models.PROTECT, related_name="+", verbose_name="登记人")

    objects = ActivityQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "活动"
        ordering = ["-date", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "date", "title"],
                name="activity_once",
                violation_error_message="这个组织当天已经有同名的活动。",
            )
        ]

    def __str__(self) -> str:
        return self.title

    def arrival(self, at: datetime.datetime) -> str:
        """Present or late, for who arrives at a local time of the activity's day."""
        if self.starts_at is None:
            return AttendanceStatus.PRESENT
        starts = datetime.datetime.combine(self.date, self.starts_at, at.tzinfo)
        last = starts + datetime.timedelta(minutes=self.grace_minutes)
        return AttendanceStatus.LATE if at > last else AttendanceStatus.PRESENT


class Attendance(models.Model):
    """How one member attended one activity.

    revision: counts the changes of the activity's whole grid; a cell carries the number of its last one, so that an
    open page can ask for what changed since.
    """

    activity = models.ForeignKey(Activity, models.CASCADE, related_name="attendances", verbose_name="活动")
    member = models.ForeignKey("members.Member", models.PROTECT, related_name="attendances", verbose_name="党员")
    status = models.CharField("情况", max_length=15, choices=AttendanceStatus)
    recorded_by = models.ForeignKey("members.User", models.PROTECT, related_name="+", verbose_name="登记人")
    recorded_at = models.DateTimeField("登记时间", auto_now=True)
    revision = models.PositiveIntegerField(default=1, editable=False)
    by_code = models.BooleanField("扫码签到", default=False, editable=False)

    class Meta:
        verbose_name = verbose_name_plural = "考勤"
        constraints = [
            models.UniqueConstraint(
                fields=["activity", "member"],
                name="attendance_once",
                violation_error_message="这名党员在这次活动中已经有考勤记录。",
            )
        ]

    def __str__(self) -> str:
        return f"{self.member} {self.get_status_display()}"

    @property
    def came_about(self) -> str:
        """How it got on record."""
        return "扫码签到" if self.by_code else "书记登记"


class LeaveKind(models.TextChoices):
    """What a member may ask for: the statuses that an approval puts into the grid."""

    PERSONAL = AttendanceStatus.PERSONAL_LEAVE.value, AttendanceStatus.PERSONAL_LEAVE.label
    SICK = AttendanceStatus.SICK_LEAVE.value, AttendanceStatus.SICK_LEAVE.label
    OFFICIAL = AttendanceStatus.OFFICIAL_LEAVE.value, AttendanceStatus.OFFICIAL_LEAVE.label


class LeaveRequest(models.Model):
    """A member asks to be excused from an activity (请假). Decided once; what was decided is not changed."""

    class State(models.TextChoices):
        WAITING = "waiting", "待批"
        APPROVED = "approved", "已准假"
        REFUSED = "refused", "没有准假"
        WITHDRAWN = "withdrawn", "已撤回"

    activity = models.ForeignKey(Activity, models.PROTECT, related_name="leave_requests", verbose_name="活动")
    member = models.ForeignKey("members.Member", models.PROTECT, related_name="leave_requests", verbose_name="党员")
    kind = models.CharField("请什么假", max_length=15, choices=LeaveKind)
    reason = models.CharField("事由", max_length=200)
    state = models.CharField("状态", max_length=10, choices=State, default=State.WAITING)
    asked_by = models.ForeignKey("members.User", models.PROTECT, related_name="+", verbose_name="申请人")
    asked_at = models.DateTimeField("申请时间", auto_now_add=True)
    decided_by = models.ForeignKey(
        "members.User", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="审批人"
    )
    decided_at = models.DateTimeField("审批时间", null=True, blank=True)
    answer = models.CharField("答复", max_length=200, blank=True)

    objects = LeaveRequestQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "请假"
        ordering = ["-asked_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["activity", "member"],
                condition=models.Q(state__in=("waiting", "approved")),
                name="leave_asked_once",
                violation_error_message="这次活动已经请过假了。",
            )
        ]

    def __str__(self) -> str:
        return f"{self.member} {self.activity} {self.get_kind_display()}"

    @property
    def is_waiting(self) -> bool:
        return self.state == self.State.WAITING

    @property
    def is_left_over(self) -> bool:
        """Nobody decided before the period was closed. Of requests from `with_settled()`."""
        return self.is_waiting and self.is_settled

    @property
    def state_words(self) -> str:
        """What has become of the request, as lists show it. Of requests from `with_settled()`."""
        return "办结时没有批" if self.is_left_over else self.get_state_display()
