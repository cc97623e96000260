"""Forms of the monthly review and the quarterly publicity."""

from django import forms

from members.forms.page import PageForm
from members.models import Member


def text_field(label: str, missing: str, **fields) -> forms.CharField:
    return forms.CharField(
        label=label, widget=forms.Textarea(attrs={"rows": 3}), error_messages={"required": missing}, **fields
    )


class QuestionForm(PageForm):
    """What is to be looked into before a month is confirmed; members: of whom it can be."""

    member = forms.ModelChoiceField(
        Member.objects.none(), label="关于哪位党员", required=False, empty_label="整个支部,不单关于哪一位"
    )
    text = text_field("问题", "请写明哪里不对,或者要核对什么。", max_length=500)

    def __init__(self, *args, members: list[int] | None = None, **kwargs):
        super().__init__(*args, **kwargs)
        if members is None:
            del self.fields["member"]
        else:
            self.fields["member"].queryset = Member.objects.filter(pk__in=members).order_by("number")


class AnswerForm(PageForm):
    """What was found."""

    answer = text_field(
        "核对的结果", "请写明核对的结果。", max_length=500, help_text="查了什么,对不对,不对的怎样更正了。"
    )


class CorrectedSheetForm(PageForm):
    """Why another edition hangs in the place of the former."""

    reason = text_field(
        "更正的理由", "请写明更正的理由,公示单上会写出来。", max_length=300,
        help_text="公示单上会写出来,不要写处分、信仰等个人隐私。",
    )  # fmt: skip


class ObjectionToSheetForm(PageForm):
    """What is wrong with a line of the sheet; members: whom somebody else may object for, None for one's own."""

    member = forms.ModelChoiceField(
        Member.objects.none(), label="关于哪位党员", error_messages={"required": "请选关于哪位党员。"}
    )
    on_behalf_of = forms.CharField(label="提出人姓名", max_length=30, error_messages={"required": "请写明是谁提出的。"})
    text = text_field("哪里不对", "请写明哪里不对,应该是怎样。", max_length=500)

    def __init__(self, *args, members: list[int] | None = None, **kwargs):
        super().__init__(*args, **kwargs)
        if members is None:
            del self.fields["member"], self.fields["on_behalf_of"]
        else:
            self.fields["member"].queryset = Member.objects.filter(pk__in=members).order_by("number")
