"""Forms of a round's course: why published results are corrected, or a closed round reopened."""

from django import forms

from evaluations.models import Round
from members.forms.page import PageForm
from members.models import Organization


class ReasonForm(PageForm):
    """Why something settled is to be opened again."""

    reason = forms.CharField(
        label="理由", max_length=300, widget=forms.Textarea(attrs={"rows": 3}), help_text="写清楚为什么,以后查得到。"
    )


class CorrectionForm(ReasonForm):
    """Which branches' published results are to be corrected, and why."""

    branches = forms.ModelMultipleChoiceField(
        Organization.objects.none(),
        label="结果有错的支部",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "请选结果有错的支部。"},
    )
    field_order = ("branches", "reason")

    def __init__(self, *args, round_: Round, **kwargs):
        super().__init__(*args, **kwargs)
        parts = round_.branches.with_results()
        self.fields["branches"].queryset = Organization.objects.filter(pk__in=parts.values("organization"))
        self.fields["reason"].help_text = "写清楚错在哪里、怎样更正;公示的页面上会写出来,不要写处分、信仰等个人隐私。"
