from django import forms

from members.forms.page import helper
from members.models import LeaveRequest


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
