from collections import Counter

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from members import permissions, services
from members.exports import as_download, write
from members.forms.organizations import OrganizationForm, OversightForm
from members.lists import is_export
from members.models import Organization, Oversight
from members.querysets import READING_ROLES, paths_of


@require_safe
def organizations(request: HttpRequest) -> HttpResponse:
    """The tree below the user's roles, with the number of members of each organisation."""
    if not paths_of(request.user, (*READING_ROLES, *permissions.ORGANIZATION_ROLES)):
        raise PermissionDenied
    places = list(Organization.objects.visible_to(request.user).with_member_count())
    below = Counter()  # members of a branch and of the groups in it, and so on upwards
    for place in places:
        below.update(dict.fromkeys(place.lineage, place.member_count))
    for place in places:
        place.members_below = below[place.path]
        place.indent = place.depth - places[0].depth
    if is_export(request):
        rows = [(place.name, place.get_kind_display(), place.members_below) for place in places]
        return as_download(write(["名称", "类别", "党员"], rows, "组织"), f"组织 {timezone.localdate()}")
    can_add = bool(paths_of(request.user, permissions.ORGANIZATION_ROLES))
    return render(request, "members/organizations/organizations.html", {"organizations": places, "can_add": can_add})


@require_safe
def organization(request: HttpRequest, pk: int) -> HttpResponse:
    place = get_object_or_404(Organization.objects.visible_to(request.user).with_member_count(), pk=pk)
    sees_people = request.user.member_id or permissions.can_read_records(request.user)
    context = {
        "organization": place,
        "parent": Organization.objects.get_parent(place),
        "children": Organization.objects.get_children(place).with_member_count(),
        "oversees": place.oversees.select_related("overseen").order_by("matter", "overseen__path"),
        "overseen_by": place.overseen_by.select_related("overseer").order_by("matter", "overseer__path"),
        "positions": place.positions.in_office().select_related("member") if sees_people else [],
        "can_manage": permissions.can_manage_organizations(request.user, place),
    }
    return render(request, "members/organizations/organization.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def add_organization(request: HttpRequest) -> HttpResponse:
    if not paths_of(request.user, permissions.ORGANIZATION_ROLES):
        raise PermissionDenied
    initial = {"parent": request.GET.get("parent")}
    form = OrganizationForm(request.POST or None, user=request.user, initial=initial)
    if form.is_valid():
        try:
            place = services.add_organization(form.save(commit=False), form.cleaned_data["parent"], actor=request.user)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, f"已新增{place}。")
            return redirect("members:organization", place.pk)
    context = {"form": form, "title": "新增组织", "submit": "新增"}
    return render(request, "members/organizations/form.html", context)


def organization_to_manage(request: HttpRequest, pk: int) -> Organization:
    """A visible organisation; 403 where the user does not manage it."""
    place = get_object_or_404(Organization.objects.visible_to(request.user), pk=pk)
    if not permissions.can_manage_organizations(request.user, place):
        raise PermissionDenied
    return place


@require_http_methods(["GET", "HEAD", "POST"])
def edit_organization(request: HttpRequest, pk: int) -> HttpResponse:
    place = organization_to_manage(request, pk)
    form = OrganizationForm(request.POST or None, user=request.user, instance=place)
    if form.is_valid():
        parent = form.cleaned_data.get("parent") or Organization.objects.get_parent(place)
        try:
            services.change_organization(form.save(commit=False), parent, actor=request.user)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, "已保存。")
            return redirect("members:organization", pk)
    context = {"form": form, "title": "修改组织", "submit": "保存", "organization": place}
    return render(request, "members/organizations/form.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def add_oversight(request: HttpRequest, pk: int) -> HttpResponse:
    """Say that an organisation oversees a matter in another one, across the tree."""
    place = organization_to_manage(request, pk)
    form = OversightForm(request.POST or None, user=request.user, instance=Oversight(overseer=place))
    if form.is_valid():
        rule = form.save()
        messages.success(request, f"已登记{place}主管{rule.overseen}的{rule.matter}。")
        return redirect("members:organization", pk)
    context = {"form": form, "title": "登记业务主管", "submit": "登记", "organization": place}
    return render(request, "members/organizations/form.html", context)


@require_POST
def remove_oversight(request: HttpRequest, pk: int, oversight_pk: int) -> HttpResponse:
    place = organization_to_manage(request, pk)
    rule = get_object_or_404(place.oversees, pk=oversight_pk)
    rule.delete()
    messages.success(request, f"{place}不再主管{rule.overseen}的{rule.matter}。")
    return redirect("members:organization", pk)
