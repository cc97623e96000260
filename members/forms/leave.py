from django import forms

from members.forms.page import helper, offer
from members.models import LeaveRequest, Member, Organization, User
from members.querysets import ATTENDANCE_ROLES


class LeaveFilter(forms.Form):
    q = forms.CharField(label="找人", required=False, max_length=30)
    organization = forms.ModelChoiceField(
        Organization.objects.none(), label="活动的组织", required=False, empty_label="全部"
    )
    state = forms.ChoiceField(label="状态", required=False, choices=[("", "全部"), *LeaveRequest.State.choices])

    def __init__(self, *args, user: User, **kwargs):
        super().__init__(*args, **kwargs)
        offer(self, "organization", Organization.objects.for_roles(user, *ATTENDANCE_ROLES))
        self.fields["q"].widget.attrs["placeholder"] = "姓名、拼音或编号"
        self.fields["q"].widget.input_type = "search"

    def apply(self, requests):
        """The requests that match; none for a filter that is refused."""
        if not self.is_valid():
            return requests.none()
        wanted = self.cleaned_data
        if wanted["q"]:
            requests = requests.filter(member__in=Member.objects.search(wanted["q"]))
        if wanted["organization"]:
            requests = requests.filter(activity__organization__path__startswith=wanted["organization"].path)
        return requests.filter(state=wanted["state"]) if wanted["state"] else requests


class LeaveForm(forms.ModelForm):
    class Meta:
        model = LeaveRequest
        fields = ["kind", "reason"]
        widgets = {"kind": forms.RadioSelect, "reason": forms.Textarea(attrs={"rows": 3})}
        error_messages = {"kind": {"required": "请选请什么假。"}, "reason": {"required": "请写一句事由。"}}
        help_texts = {"reason": "写一句就行,例如:去医院复查。只有批假的人看得到。"}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = self.fields["kind"].choices[1:]  # without the empty one
        self.helper = helper("kind", "reason")


class LeaveDecisionForm(forms.Form):
    answer = forms.CharField(
        label="答复", required=False, max_length=200, help_text="不准假要写理由,本人会看到。准假可以不写。"
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = helper("answer")
