import datetime
import json
from dataclasses import dataclass
from functools import lru_cache

from django import forms
from django.core.exceptions import ValidationError
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import format_html

from members.expected import at_first, exempt_from
from members.forms.filters import PeriodFilter
from members.forms.page import DateInput, helper, offer, only_choice, pair
from members.models import Activity, Attendance, AttendanceStatus, LeaveRequest, Member, Organization, User
from members.permissions import ATTENDANCE_ROLES

FURTHEST_AHEAD = datetime.timedelta(days=366)
FURTHEST_BACK = datetime.timedelta(days=2 * 366)
WARNINGS = (AttendanceStatus.LATE, AttendanceStatus.LEFT_EARLY, AttendanceStatus.PERSONAL_LEAVE)
FAULTS = (AttendanceStatus.ABSENT, AttendanceStatus.PROXY)


class ActivityFilter(PeriodFilter):
    to_record = forms.BooleanField(label="只看考勤还没有登记完的", required=False)

    def apply(self, activities):
        """The activities that match; none for a filter that is refused."""
        if not self.is_valid():
            return activities.none()
        if self.days:
            activities = activities.in_period(*self.days)
        if self.cleaned_data["organization"]:
            activities = activities.filter(organization__path__startswith=self.cleaned_data["organization"].path)
        if self.cleaned_data["to_record"]:
            activities = activities.filter(date__lte=timezone.localdate()).to_record()
        return activities


class ActivityForm(forms.ModelForm):
    class Meta:
        model = Activity
        fields = ["organization", "kind", "title", "date", "starts_at", "place", "grace_minutes"]
        widgets = {"date": DateInput(), "starts_at": forms.TimeInput(attrs={"type": "time"}, format="%H:%M")}
        help_texts = {"title": "例如:6 月主题党日。"}

    def __init__(self, *args, user: User, **kwargs):
        super().__init__(*args, **kwargs)
        organizations = Organization.objects.for_roles(user, *ATTENDANCE_ROLES)
        offer(self, "organization", organizations)
        if not self.instance.pk:
            self.initial["organization"] = only_choice(organizations)
        self.fields["grace_minutes"].required = False
        self.helper = helper(
            pair("organization", "kind"), pair("title", "place"), pair("date", "starts_at"), "grace_minutes"
        )

    def clean_grace_minutes(self):
        """Left empty, it stays as it is."""
        minutes = self.cleaned_data["grace_minutes"]
        return self.instance.grace_minutes if minutes is None else minutes

    def clean_date(self):
        date = self.cleaned_data["date"]
        if date > timezone.localdate() + FURTHEST_AHEAD:
            raise ValidationError(f"日期 {date} 在一年以后,请核对年份。")
        moved = not self.instance.pk or "date" in self.changed_data
        if moved and date < timezone.localdate() - FURTHEST_BACK:
            raise ValidationError(f"日期 {date} 太早,请核对年份。")
        return date

    def clean(self):
        super().clean()
        moved = self.instance.pk and "organization" in self.changed_data
        if moved and self.instance.attendances.exists():
            self.add_error("organization", "这次活动已经登记了考勤,不能改到别的组织。")
        elif moved and self.instance.leave_requests.exists():
            self.add_error("organization", "这次活动已经有人请假,不能改到别的组织。")


class AttendanceRow:
    """One member's row of the grid. No Form: two hundred of them are written for one page.

    saved: what is on record. shown: the status that the page showed; status: the one that is chosen. leave: a request
    that waits or was approved. error and clash are filled where the row could not be stored.
    """

    def __init__(self, member: Member, first: str, saved: Attendance | None = None, leave: LeaveRequest | None = None):
        self.member, self.first, self.saved, self.leave = member, first, saved, leave
        self.shown = self.status = saved.status if saved else first
        self.exempt = self.is_sent = False
        self.error, self.clash = "", None

    @property
    def prefix(self) -> str:
        return f"m{self.member.pk}"

    def take(self, data) -> None:
        """What the browser sent of the row, if anything."""
        if f"{self.prefix}-shown" not in data:
            return
        self.is_sent = True
        self.shown, self.status = data[f"{self.prefix}-shown"], data.get(f"{self.prefix}-status", "")
        if not self.status:
            self.error = "请选一种情况。"
        elif not {self.shown, self.status} <= set(AttendanceStatus.values):
            self.error = "没有这种情况,请重新选。"

    @property
    def chips(self) -> str:
        """The radio buttons."""
        return format_html(chips(self.status), name=f"{self.prefix}-status")


@lru_cache(maxsize=len(AttendanceStatus) + 1)
def chips(chosen: str) -> str:
    """Radio buttons of one row with this one chosen, for format_html to put their name into."""
    known = chosen if chosen in AttendanceStatus.values else ""
    return render_to_string("members/activities/_chips.html", {"keys": KEYS, "chosen": known})


def attendance_rows(activity: Activity, members: list[Member], data=None) -> list[AttendanceRow]:
    """A row for each member of `expected_at`, filled from what is saved; those that the browser sent, from its data."""
    saved = {row.member_id: row for row in activity.attendances.prefetch_related("recorded_by")}
    exempt = exempt_from(activity, members)
    first = at_first(activity, members, exempt)
    open_ = (LeaveRequest.State.WAITING, LeaveRequest.State.APPROVED)
    asked = activity.leave_requests.filter(state__in=open_).with_settled()
    leave = {request.member_id: request for request in asked}
    rows = [AttendanceRow(member, first[member.pk], saved.get(member.pk), leave.get(member.pk)) for member in members]
    for row in rows:
        row.exempt = row.member.pk in exempt
        if data:
            row.take(data)
    return rows


def totals(counts: dict[str, int]) -> list[dict]:
    """The statuses in the order of the keys, each with how many of it there are."""
    return [
        {"value": value, "label": label, "count": counts.get(value, 0)} for value, label in AttendanceStatus.choices
    ]


@dataclass(frozen=True)
class Key:
    """A status with the keys that choose it, and the colour of its chip."""

    number: int
    letter: str
    value: str
    label: str
    css: str


LETTERS = "DCZSBGQTY"  # of 到迟早事病公缺替要, in the order of the statuses
COLOURS = dict.fromkeys(WARNINGS, "cell-warn") | dict.fromkeys(FAULTS, "cell-bad")
KEYS = [
    Key(number, letter, value, label, COLOURS.get(value, ""))
    for number, (letter, (value, label)) in enumerate(zip(LETTERS, AttendanceStatus.choices, strict=True), 1)
]


CELLS_AT_ONCE = 1000
LARGEST = 2**31 - 1  # whole number that every database holds


class Cells:
    """The cells that a grid sends by script: {"since": 3, "cells": [{"member": 5, "shown": "", "status": "late"}]}.

    since: the revision up to which the page knows the grid. shown: the status that was on record; "" for none; the
    same as `status` for a row that was left as the page proposed it. `fault` is a sentence where it is nothing like it.
    """

    def __init__(self, body: bytes):
        self.since, self.fault, self.marks = 0, "", {}
        try:
            sent = json.loads(body)
            self.since = min(max(int(sent["since"]), 0), LARGEST)
            for cell in sent["cells"][:CELLS_AT_ONCE]:
                member = min(int(cell["member"]), LARGEST)
                self.marks[member] = (str(cell["shown"]), AttendanceStatus(cell["status"]).value)
        except (ValueError, TypeError, KeyError, ArithmeticError, RecursionError):
            self.fault = "没有看懂送来的内容,没有保存。请刷新页面后再登记。"
