"""Registering what a member is from a day on."""

import datetime
from collections.abc import Callable
from dataclasses import dataclass

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from members import services
from members.forms.roster import DayForm, MobilityForm
from members.models import Member
from members.services.states import MOVE_GONE, check_undo
from members.views.roster import member_to_edit


@dataclass(frozen=True)
class Step:
    """A step of a member's way into the Party."""

    service: Callable
    title: str
    label: str
    lede: str  # of the member
    done: str  # with the member and the day


STEPS = {
    "join": Step(
        services.join_party,
        "登记入党",
        "支部大会通过的日期",
        "从这天起,{member}是预备党员,预备期一年。日期可以是以前的,也可以是以后的。",
        "{member}自 {day} 起是预备党员。",
    ),
    "convert": Step(
        services.convert_member,
        "登记转正",
        "转为正式党员的日期",
        "{member}{joined} 入党,预备期到 {end}。从转正这天起按正式党员考核;一次考核按它最后一天的类别算。",
        "{member}自 {day} 起是正式党员。",
    ),
    "extend": Step(
        services.extend_probation,
        "延长预备期",
        "延长到",
        "{member}{joined} 入党,预备期到 {end}。延长不少于半年、不超过一年;延长期间仍按预备党员考核。",
        "{member}的预备期延长到 {day}。",
    ),
}


def lede_of(step: Step, member: Member) -> str:
    joined = f" {member.joined_on} " if member.joined_on else "没有登记哪天"
    return step.lede.format(member=member, joined=joined, end=member.probation_end or "没有登记的那天")


@require_http_methods(["GET", "HEAD", "POST"])
def change_status(request: HttpRequest, pk: int, step: str) -> HttpResponse:
    if step not in STEPS:
        raise Http404
    person, _ = member_to_edit(request, pk)
    chosen = STEPS[step]
    lede = lede_of(chosen, person)
    form = DayForm(request.POST or None, label=chosen.label, initial=usual_day(person, step))
    if form.is_valid():
        day = form.cleaned_data["day"]
        try:
            chosen.service(person, day, actor=request.user)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, chosen.done.format(member=person, day=day))
            return redirect("members:member", pk)
    context = {"form": form, "title": chosen.title, "submit": "登记", "member": person, "lede": lede}
    return render(request, "members/roster/form.html", context)


def usual_day(member: Member, step: str) -> dict[str, datetime.date]:
    """The day that the form proposes: the end of probation, or half a year more."""
    if member.joined_on is None or step == "join":
        return {}
    return {"day": member.extension_limits[0] if step == "extend" else member.probation_end}


@require_http_methods(["GET", "HEAD", "POST"])
def change_mobility(request: HttpRequest, pk: int) -> HttpResponse:
    person, _ = member_to_edit(request, pk)
    last = person.mobility_changes.first()
    current = last.after if last else person.mobility
    form = MobilityForm(request.POST or None, current=current, dated=last is not None)
    if form.is_valid():
        after, day = form.cleaned_data["after"], form.cleaned_data["day"]
        try:
            if form.cleaned_data.get("always"):
                services.correct_mobility(person, after, actor=request.user)
            else:
                services.change_mobility(person, after, day, actor=request.user)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, f"已登记{person}的流动情况。")
            return redirect("members:member", pk)
    since = f",自 {last.starts_on} 起" if last else ""
    lede = f"现在登记的是{person.mobility_changes.model(after=current).get_after_display()}{since}。一次考核按它最后一天的流动情况算;在国(境)外定居的不考核。"
    context = {"form": form, "title": "登记流动情况", "submit": "登记", "member": person, "lede": lede}
    return render(request, "members/roster/form.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def undo_mobility(request: HttpRequest, pk: int, change_pk: int) -> HttpResponse:
    """A look at what it comes to, then back to the member without the last change."""
    person, _ = member_to_edit(request, pk)
    change = person.mobility_changes.filter(pk=change_pk).first()
    if change is None:
        messages.info(request, MOVE_GONE)
        return redirect("members:member", pk)
    try:
        if request.method != "POST":
            check_undo(change)
            return render(request, "members/roster/undo_mobility.html", {"member": person, "change": change})
        services.undo_mobility(change, actor=request.user)
    except ValidationError as error:
        messages.error(request, error.messages[0])
    else:
        messages.success(request, f"已撤销{person}自 {change.starts_on} 起的变动。")
    return redirect("members:member", pk)
