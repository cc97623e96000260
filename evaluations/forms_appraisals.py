"""Forms of the democratic appraisal: setting it up, and ending it later or sooner than was set."""

import datetime
from collections.abc import Iterator, Mapping

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from evaluations.services import Electorate
from members.forms.page import PageForm
from members.models import Member
from scoring.engine.elements import Group

MOST_PEOPLE = 999  # of a group
NAME_LENGTH = 30
WHEN = "%Y-%m-%dT%H:%M"


class MomentField(forms.DateTimeField):
    """A day and a time of day, picked in the browser."""

    def __init__(self, **kwargs):
        widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format=WHEN)
        errors = {"required": "请填时间。", "invalid": "时间写法不对,应写成 2026-06-20T08:00 的样子。"}
        super().__init__(widget=widget, input_formats=[WHEN], error_messages=errors, **kwargs)


class NamesField(forms.CharField):
    """Names, one a line; blank lines do not count."""

    def __init__(self, **kwargs):
        super().__init__(required=False, widget=forms.Textarea(attrs={"rows": 4}), **kwargs)

    def clean(self, value: str) -> list[str]:
        names = [name for line in super().clean(value).splitlines() if (name := " ".join(line.split()))]
        for name in names:
            if len(name) > NAME_LENGTH:
                raise ValidationError(f"「{name[:NAME_LENGTH]}…」太长,一行只写一个姓名,最多 {NAME_LENGTH} 个字。")
            if names.count(name) > 1:
                raise ValidationError(f"「{name}」写了两次。同名的人请加上楼号,好分清楚。")
        return names


class SetUpForm(PageForm):
    """When online voting opens and ends, who is appraised, and who votes in which group.

    A member votes in one group at most: `group-<pk>` holds its code or nothing. exempt: by member id why somebody is
    not appraised.
    """

    opens_at = MomentField(label="网上评议开始")
    closes_at = MomentField(label="网上评议截止")

    def __init__(self, *args, members: list[Member], groups: list[Group], exempt: Mapping[int, str], **kwargs):
        super().__init__(*args, **kwargs)
        self.members, self.groups, self.exempt = members, groups, exempt
        codes = [("", "不投票"), *((group.code, group.title) for group in groups)]
        for member in members:
            self.fields[f"appraised-{member.pk}"] = forms.BooleanField(required=False, label=f"{member} 被评议")
            self.fields[f"group-{member.pk}"] = forms.ChoiceField(
                required=False,
                choices=codes,
                label=f"{member} 在哪组投票",
                error_messages={"invalid_choice": "没有这个评议组,请重新选。"},
            )
        for group in groups:
            self.fields[f"names-{group.code}"] = NamesField(
                label=f"{group.title}:名册以外的人,一行一个姓名",
                help_text="例如居民代表、联户代表。领票时按姓名登记。",
            )
            self.fields[f"head-{group.code}"] = forms.IntegerField(
                required=False,
                min_value=0,
                max_value=MOST_PEOPLE,
                label=f"{group.title}:另有几人不记名",
                error_messages={
                    "invalid": "人数要填整数。",
                    "min_value": "人数不能小于 0。",
                    "max_value": f"一组最多 {MOST_PEOPLE} 人。",
                },
            )

    @staticmethod
    def initial_of(candidates: list[Member], electorates: dict[str, Electorate], **times: datetime.datetime) -> dict:
        """What the form shows of a plan."""
        initial = {**times, **{f"appraised-{member.pk}": True for member in candidates}}
        for code, electorate in electorates.items():
            initial |= {f"group-{member.pk}": code for member in electorate.members}
            initial[f"names-{code}"] = "\n".join(electorate.names)
            initial[f"head-{code}"] = electorate.head_count
        return initial

    def clean(self) -> dict:
        data = self.cleaned_data
        opens_at, closes_at = data.get("opens_at"), data.get("closes_at")
        if opens_at and closes_at and closes_at <= opens_at:
            self.add_error("closes_at", "截止时间要晚于开始时间。")
        elif closes_at and closes_at <= timezone.now():
            self.add_error("closes_at", "截止时间已经过了。")
        if not self.candidates():
            self.add_error(None, "还没有选被评议的人。")
        if not self.errors:
            for code, electorate in self.electorates().items():
                title = next(group.title for group in self.groups if group.code == code)
                if not len(electorate):
                    self.add_error(None, f"「{title}」组还没有评议人。请选党员、写姓名,或填不记名的人数。")
                elif len(electorate) > MOST_PEOPLE:
                    self.add_error(None, f"「{title}」组有 {len(electorate)} 人,一组最多 {MOST_PEOPLE} 人。")
        return data

    def candidates(self) -> list[Member]:
        return [member for member in self.members if self.cleaned_data.get(f"appraised-{member.pk}")]

    def electorates(self) -> dict[str, Electorate]:
        data = self.cleaned_data
        return {
            group.code: Electorate(
                [member for member in self.members if data[f"group-{member.pk}"] == group.code],
                data[f"names-{group.code}"],
                data[f"head-{group.code}"] or 0,
            )
            for group in self.groups
        }

    def rows(self) -> Iterator[tuple]:
        """For the template: each member with both fields, and until when he or she is exempt."""
        for member in self.members:
            yield member, self[f"appraised-{member.pk}"], self[f"group-{member.pk}"], self.exempt.get(member.pk, "")

    def group_fields(self) -> Iterator[tuple]:
        for group in self.groups:
            yield group, self[f"names-{group.code}"], self[f"head-{group.code}"]


class ExtendForm(PageForm):
    """Until when one may vote online after all."""

    closes_at = MomentField(label="新的截止时间")


class CloseWithoutForm(PageForm):
    """That an appraisal is to end although ballots are lacking, and why."""

    anyway = forms.BooleanField(
        label="不等这些票,现在就结束", error_messages={"required": "真要这样结束的,请勾选;不是的话,请先补票。"}
    )
    reason = forms.CharField(
        label="理由",
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="会写在这次评议的页面上,党员也看得到。",
        error_messages={"required": "请写明为什么不等。"},
    )
