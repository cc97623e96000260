from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from members import permissions, services
from members.arrears import arrears_of
from members.forms.roster import (
    EndPositionForm,
    MemberForm,
    NewMemberForm,
    PositionForm,
    RosterFilter,
    TransferForm,
)
from members.lists import ListTable, list_page
from members.models import Member, Membership, Position, Role
from members.tables import ChangeTable, DepartedTable, RosterTable

BASES_SHOWN = 6


def roster_table(request: HttpRequest, form: RosterFilter, members: QuerySet[Member]) -> ListTable:
    """Members of the filter in the order asked for."""
    return (DepartedTable if form.asks_for_departed else RosterTable)(members, request)


@require_safe
def roster(request: HttpRequest) -> HttpResponse:
    if not permissions.can_read_records(request.user):
        raise PermissionDenied
    form = RosterFilter(request.GET, user=request.user)
    table = roster_table(request, form, form.members().without_numbers())
    context = {"form": form, "can_add": permissions.can_add_members(request.user)}
    return list_page(request, "members/roster/roster.html", table, context)


@require_safe
def member(request: HttpRequest, pk: int) -> HttpResponse:
    person = get_object_or_404(Member.objects.on_record_for(request.user).with_branch(), pk=pk)
    memberships = person.places
    current = next((each.organization for each in memberships if each.ends_on is None), None)
    if permissions.can_see_numbers(request.user, person):
        numbers = {"id_number": person.id_number, "phone": person.phone}
    elif permissions.can_see_masked_numbers(request.user, person):
        numbers = {"id_number": person.masked_id_number, "phone": person.masked_phone}
    else:
        numbers = None
    today, keeps = timezone.localdate(), permissions.keeps_last_roster(request.user, person)
    context = {
        "member": person,
        "numbers": numbers,
        "can_see_pay": permissions.can_see_pay(request.user, person),
        "bases": person.dues_bases.select_related("recorded_by").order_by("-month", "-pk")[:BASES_SHOWN],
        "arrears": arrears_of([person], today).get(person.pk),
        "memberships": memberships,
        "positions": [
            (post, permissions.can_edit_members(request.user, post.organization))
            for post in person.positions.select_related("organization")
        ],
        "exemptions": person.exemptions.order_by("-starts_on"),
        "probation_over": person.probation_end and person.probation_end <= today,
        "moves": person.mobility_changes.all(),
        "today": timezone.localdate(),
        # The last transfer, where the user keeps both rosters; what stands in the way is said when it is tried.
        "may_undo_transfer": permissions.can_undo_transfer(request.user, person),
        "can_edit": current is not None and keeps,
        "has_left": current is None,
        "may_readmit": current is None and keeps,
        "can_see_roster": permissions.can_read_records(request.user),
    }
    table = ChangeTable(person.changes.select_related("changed_by"), request)
    return list_page(request, "members/roster/member.html", table, context)


def member_to_edit(request: HttpRequest, pk: int) -> tuple[Member, Membership]:
    """A visible member and the current membership; 403 where the user does not keep that roster."""
    person = get_object_or_404(Member.objects.visible_to(request.user), pk=pk)
    current = person.memberships.select_related("organization").filter(ends_on__isnull=True).first()
    if current is None:
        raise Http404
    if not permissions.can_edit_members(request.user, current.organization):
        raise PermissionDenied
    return person, current


@require_http_methods(["GET", "HEAD", "POST"])
def add_member(request: HttpRequest) -> HttpResponse:
    if not permissions.can_add_members(request.user):
        raise PermissionDenied
    form = NewMemberForm(request.POST or None, user=request.user)
    if form.is_valid():
        try:
            person = services.add_member(
                form.save(commit=False),
                form.cleaned_data["organization"],
                form.cleaned_data["starts_on"],
                actor=request.user,
            )
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, f"{person}已列入{form.cleaned_data['organization']}名册,编号 {person.number}。")
            return redirect("members:member", person.pk)
    return render(request, "members/roster/form.html", {"form": form, "title": "新增党员", "submit": "列入名册"})


@require_http_methods(["GET", "HEAD", "POST"])
def edit_member(request: HttpRequest, pk: int) -> HttpResponse:
    person, _ = member_to_edit(request, pk)
    form = MemberForm(request.POST or None, instance=person)
    if form.is_valid():
        try:
            changed = services.edit_member(form.save(commit=False), actor=request.user)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, f"已保存,改了 {changed} 项。" if changed else "没有改动。")
            return redirect("members:member", pk)
    context = {"form": form, "title": "修改资料", "submit": "保存", "member": person}
    return render(request, "members/roster/form.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def transfer_member(request: HttpRequest, pk: int) -> HttpResponse:
    """Fill the form, look at what it comes to, then store it."""
    person, current = member_to_edit(request, pk)
    form = TransferForm(request.POST or None, user=request.user)
    posts = person.positions.in_office().select_related("organization")
    context = {"form": form, "member": person, "current": current, "posts": posts}
    context["leads_street"] = permissions.holds(request.user, current.organization.path, (Role.STREET_STAFF,))
    if "back" not in request.POST and form.is_valid():
        day, to = form.cleaned_data["day"], form.cleaned_data["organization"]
        try:
            if "confirm" not in request.POST:
                services.check_transfer(person, to, day)
                return render(request, "members/roster/transfer_check.html", {**context, "day": day, "to": to})
            services.transfer_member(person, to, day, actor=request.user)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(
                request, f"{person}自 {day:%Y-%m-%d} 起转到{to}。{current.organization}仍看得到这天以前的考勤和党费。"
            )
            return redirect("members:member", pk)
    return render(request, "members/roster/transfer.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def add_position(request: HttpRequest, pk: int) -> HttpResponse:
    person, current = member_to_edit(request, pk)
    initial = {"organization": current.organization}
    form = PositionForm(request.POST or None, user=request.user, instance=Position(member=person), initial=initial)
    if form.is_valid():
        try:
            position = services.add_position(form.save(commit=False), actor=request.user)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, f"已登记{person}任{position.get_title_display()}。")
            return redirect("members:member", pk)
    context = {"form": form, "title": "登记职务", "submit": "登记", "member": person}
    return render(request, "members/roster/form.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def end_position(request: HttpRequest, pk: int, position_pk: int) -> HttpResponse:
    person, _ = member_to_edit(request, pk)
    position = get_object_or_404(person.positions.filter(ends_on__isnull=True), pk=position_pk)
    form = EndPositionForm(request.POST or None)
    if form.is_valid():
        try:
            services.end_position(position, form.cleaned_data["ends_on"], actor=request.user)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, f"已登记{person}离任{position.get_title_display()}。")
            return redirect("members:member", pk)
    lede = f"{position.organization} · {position.get_title_display()},{position.starts_on:%Y-%m-%d} 任职。"
    context = {"form": form, "title": "登记离任", "submit": "登记离任", "member": person, "lede": lede}
    return render(request, "members/roster/form.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def withdraw_position(request: HttpRequest, pk: int, position_pk: int) -> HttpResponse:
    """A look at the post that was entered wrongly, or at why it stays; then back to the member without it."""
    person, _ = member_to_edit(request, pk)
    position = get_object_or_404(person.positions.select_related("organization", "member"), pk=position_pk)
    if not permissions.can_edit_members(request.user, position.organization):
        raise PermissionDenied
    refusal = ""
    try:
        if request.method == "POST":
            services.withdraw_position(position, actor=request.user)
            messages.success(request, f"已撤销:{position.organization}{position.get_title_display()}的登记。")
            return redirect("members:member", pk)
        services.check_withdrawal(position)
    except ValidationError as error:
        refusal = " ".join(error.messages)
    context = {"member": person, "position": position, "refusal": refusal}
    return render(request, "members/roster/withdraw_position.html", context)
