from django import forms

from members.forms.page import helper, offer, pair
from members.models import KINDS_BELOW, Organization, OrganizationKind, Oversight, User
from members.permissions import ORGANIZATION_ROLES


class OrganizationForm(forms.ModelForm):
    parent = forms.ModelChoiceField(Organization.objects.none(), label="上级组织", empty_label=None)

    class Meta:
        model = Organization
        fields = ["name", "kind", "head_count"]
        help_texts = {"head_count": "只有企业填写。"}

    def __init__(self, *args, user: User, **kwargs):
        super().__init__(*args, **kwargs)
        managed = Organization.objects.for_roles(user, *ORGANIZATION_ROLES)
        field = self.fields["parent"]
        offer(self, "parent", managed.filter(kind__in=[kind for kind, below in KINDS_BELOW.items() if kind and below]))
        field.label_from_instance = lambda place: f"{'　' * (place.depth - 1)}{place.name}"
        if self.instance.pk:
            parent = Organization.objects.get_parent(self.instance, update=True)
            if parent is None or not managed.filter(pk=parent.pk).exists():
                del self.fields["parent"]  # the top of what the user manages stays where it is
            else:
                field.initial = parent
        self.helper = helper(
            pair(*(["name", "parent"] if "parent" in self.fields else ["name"])), pair("kind", "head_count")
        )

    def clean(self):
        sent = super().clean()
        if sent.get("head_count") and sent.get("kind") != OrganizationKind.ENTERPRISE:
            self.add_error("head_count", "只有企业填写领导职数。")


class OversightForm(forms.ModelForm):
    class Meta:
        model = Oversight
        fields = ["overseen", "matter"]

    def __init__(self, *args, user: User, **kwargs):
        super().__init__(*args, **kwargs)
        managed = Organization.objects.for_roles(user, *ORGANIZATION_ROLES)
        offer(self, "overseen", managed.exclude(pk=self.instance.overseer_id))
        self.helper = helper(pair("overseen", "matter"))

    def clean(self):
        # The form has no field for the overseer, so the constraint is not checked by itself.
        sent = super().clean()
        if Oversight.objects.filter(overseer=self.instance.overseer_id, **sent).exists():
            self.add_error(None, "这个部门已经主管这个单位的这件事。")
