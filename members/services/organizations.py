"""Writes of the tree of organisations."""

from django.core.exceptions import ValidationError
from django.db import transaction

from members.models import KINDS_BELOW, ClosedPeriod, Organization, OrganizationKind, Oversight, User


def require_kind_fits(kind: str, parent: Organization | None) -> None:
    """Refuse an organisation of a kind that has no place below its parent."""
    allowed = KINDS_BELOW[parent.kind if parent else None]
    if kind in allowed:
        return
    label = OrganizationKind(kind).label
    if not parent:
        raise ValidationError({"kind": f"最上一级只能是党工委或企业,不能是{label}。"})
    if not allowed:
        raise ValidationError({"kind": f"{parent.get_kind_display()}下面不能再设组织。"})
    names = "、".join(OrganizationKind(each).label for each in allowed)
    raise ValidationError({"kind": f"{parent.get_kind_display()}下面可以设{names},不能设{label}。"})


@transaction.atomic
def add_organization(organization: Organization, parent: Organization, *, actor: User) -> Organization:
    """Store a new organisation below a parent. Raises ValidationError if its kind has no place there."""
    require_kind_fits(organization.kind, parent)
    parent = Organization.objects.select_for_update().get(pk=parent.pk)  # treebeard counts children on the instance
    return Organization.objects.add_child(parent, instance=organization)


@transaction.atomic
def change_organization(organization: Organization, parent: Organization | None, *, actor: User) -> Organization:
    """Store a changed name or kind, and move the organisation below another parent.

    parent: None for the top of a tree. Raises ValidationError if the kind does not fit what is above or below it,
    or if moving would take it out of a settled period.
    """
    require_kind_fits(organization.kind, parent)
    for child in Organization.objects.get_children(organization):
        if child.kind not in KINDS_BELOW[organization.kind]:
            raise ValidationError({"kind": f"下面有{child},不能改为{organization.get_kind_display()}。"})
    if not organization.holds_members and organization.memberships.exists():
        raise ValidationError({"kind": f"{organization}有党员,不能改为{organization.get_kind_display()}。"})
    organization.save()
    current = Organization.objects.get_parent(organization, update=True)
    if parent and current and parent.pk != current.pk:
        require_movable(organization, parent)
        Organization.objects.move(organization, parent, "last-child")
    return Organization.objects.get(pk=organization.pk)


def require_movable(organization: Organization, parent: Organization) -> None:
    if organization.contains(parent):
        raise ValidationError({"parent": f"{parent}在{organization}里面,不能作它的上级。"})
    leaving = set(organization.lineage[:-1]) - set(parent.lineage)
    closed = ClosedPeriod.objects.filter(organization__path__in=leaving).select_related("organization").first()
    if closed:
        raise ValidationError(
            {"parent": f"{closed.organization}的{closed.title}考核已经办结,其中的{organization}不能再移出。"}
        )


@transaction.atomic
def load_organizations(tree: dict) -> Organization:
    """Build a whole tree, given as nested {name, kind, head_count, children} and a list `oversight`; its top.

    oversight: {overseer, overseen, matter} by name; `overseen` is a list.
    """
    by_name, nodes = {}, Organization.objects

    def build(node: dict, parent: Organization | None) -> Organization:
        require_kind_fits(node["kind"], parent)
        fields = {key: node.get(key) for key in ("name", "kind", "head_count")}
        made = nodes.add_child(parent, fields) if parent else nodes.add_root(fields)
        by_name[made.name] = made
        for child in node.get("children", []):
            build(child, Organization.objects.get(pk=made.pk))
        return made

    top = build(tree, None)
    Oversight.objects.bulk_create(
        Oversight(overseer=by_name[rule["overseer"]], overseen=by_name[name], matter=rule["matter"])
        for rule in tree.get("oversight", [])
        for name in rule["overseen"]
    )
    return Organization.objects.get(pk=top.pk)
