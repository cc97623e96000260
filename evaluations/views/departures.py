"""Taking somebody off the roster without a sanction, and back on it."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from evaluations import services
from evaluations.services.departures import what_ends, what_stays
from members.dates import day_name
from members.forms.roster import ReadmissionForm, RemovalForm
from members.models import Member, User
from members.permissions import RECORD_ROLES, keeps_last_roster
from members.views.roster import member_to_edit


@require_http_methods(["GET", "HEAD", "POST"])
def remove_member(request: HttpRequest, pk: int) -> HttpResponse:
    """Fill the form, look at what it comes to, then take the member off the roster."""
    if Member.objects.departed_for(request.user, RECORD_ROLES).filter(pk=pk).exists():
        messages.info(request, "已经移出名册,没有再办一次。")
        return redirect("members:member", pk)
    person, current = member_to_edit(request, pk)
    form = RemovalForm(request.POST or None)
    context = {"form": form, "member": person, "current": current}
    if "back" not in request.POST and form.is_valid():
        day = form.cleaned_data["day"]
        try:
            if "confirm" not in request.POST:
                services.check_removal(person, day, actor=request.user)
                context |= {"day": day, "ends": what_ends(person, day), "stays": what_stays(person, day)}
                return render(request, "members/roster/remove_check.html", context)
            services.remove_member(person, day, reason=form.why, actor=request.user)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            sentence = f"{person}自 {day_name(day)}起不在{current.organization}名册({form.why})。以前的记录都在,「党员」里选「已移出名册」查得到。"
            messages.success(request, sentence)
            return redirect("members:member", pk)
    return render(request, "members/roster/remove.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def readmit_member(request: HttpRequest, pk: int) -> HttpResponse:
    person = get_object_or_404(Member.objects.on_record_for(request.user), pk=pk)
    if not keeps_last_roster(request.user, person):
        raise PermissionDenied
    last = person.places[0]
    if last.ends_on is None:
        messages.info(request, f"{person}就在{last.organization}名册里,不用恢复。")
        return redirect("members:member", pk)
    form = ReadmissionForm(request.POST or None, user=request.user, last=last)
    if form.is_valid():
        place, day = form.cleaned_data["organization"], form.cleaned_data["day"]
        try:
            services.readmit_member(person, place, day, actor=request.user)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            had_account = User.objects.filter(member=person).exists()
            account = "账号要再用的,请管理员启用、给岗位。" if had_account else ""
            messages.success(
                request,
                f"{person}自 {day_name(day)}起恢复到{place}名册,编号 {person.number} 不变。有职务的请另行登记。{account}",
            )
            return redirect("members:member", pk)
    lede = f"{person}到 {last.ends_on} 为止在{last.organization}。编号、资料和以前的记录都不变。"
    context = {"form": form, "title": "恢复到名册", "submit": "恢复到名册", "member": person, "lede": lede}
    return render(request, "members/roster/form.html", context)
