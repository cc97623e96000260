"""Forms of meetings' votes: what was voted, then the minutes."""

from crispy_forms.layout import Column, Layout, Row
from django import forms
from django.db.models import QuerySet
from django.utils import timezone

from evaluations.models.resolutions import ABOUT_A_MEMBER, LEAST, MOST, MeetingKind, MeetingRule, Purpose, Resolution
from evaluations.permissions import LEADING_ROLES
from members.forms.files import CheckedFileField
from members.forms.page import DateInput, PageForm, helper
from members.models import Member, Organization, OrganizationKind, User
from members.uploads import MINUTES
from scoring.forms import LONGEST_LIST, MemberByNameField

MEETING = (
    OrganizationKind.COMMITTEE,
    OrganizationKind.GENERAL_BRANCH,
    OrganizationKind.BRANCH,
    OrganizationKind.EDUCATION_BRANCH,
)
CHOOSE = "请选择"
COUNTS = ("entitled", "present", "votes_for", "votes_against", "abstained")
EXAMPLES = {
    Purpose.EXEMPTION: "年老多病,行动不便,免予考核",
    Purpose.VERDICT: "半年扣分超过 40 分,认定为不合格党员",
    Purpose.OBSTRUCTION: "阻碍征地工作,扣 20 分",
    Purpose.EXPULSION: "六个月不参加组织生活,按自行脱党除名",
    Purpose.WITHDRAWAL: "连续两次不合格,劝其退党",
    Purpose.PROBATION: "预备期内评为不合格,取消预备党员资格",
    Purpose.PUBLICATION: "同意公示上半年考核结果",
    Purpose.OTHER: "通过支部年度工作计划",
}


def places_of(user: User) -> QuerySet[Organization]:
    """Organisations whose meetings the user records."""
    return Organization.objects.for_roles(user, *LEADING_ROLES).filter(kind__in=MEETING)


class ResolutionForm(forms.ModelForm):
    """One vote; what the matter has no use for is left out."""

    class Meta:
        model = Resolution
        fields = ["organization", "held_on", "kind", "member", "subject", "exempt_from", "exempt_until", *COUNTS]
        widgets = {"held_on": DateInput(), "exempt_from": DateInput(), "exempt_until": DateInput()}
        help_texts = {
            "entitled": "有表决权的正式党员人数;预备党员不算。",
            "exempt_until": "长期免予考核的不填。",
        }

    def __init__(self, *args, user: User, purpose: Purpose, **kwargs):
        super().__init__(*args, **kwargs)
        self.instance.purpose = purpose
        places = places_of(user)
        self.fields["organization"].empty_label = CHOOSE
        self.fields["organization"].queryset = places
        self.fields["organization"].error_messages["invalid_choice"] = "这个组织不在您的工作范围内,请重新选。"
        if len(places) == 1:
            self.initial["organization"] = places[0].pk
        self.initial["held_on"] = self.initial.get("held_on") or timezone.localdate()
        self.fields["subject"].help_text = f"一句话,如「{EXAMPLES[purpose]}」。"
        for name in COUNTS:
            self.fields[name].widget.attrs |= {"inputmode": "numeric", "min": 0}
        if purpose in ABOUT_A_MEMBER:
            self._ask_for_the_member(user)
            del self.fields["kind"]
            self.instance.kind = MeetingKind.MEMBERS
        else:
            del self.fields["member"]
        if purpose == Purpose.EXEMPTION:
            self.fields["exempt_from"].required = True
        else:
            del self.fields["exempt_from"], self.fields["exempt_until"]
        self.helper = helper()
        first = [name for name in self.fields if name not in COUNTS]
        self.helper.layout = Layout(
            *first,
            Row(*(Column(name, css_class="col-md-6") for name in COUNTS[:2])),
            Row(*(Column(name, css_class="col-md-4") for name in COUNTS[2:])),
        )

    def _get_validation_exclusions(self):
        """Without what the counts say of each other: the service says it beside the field."""
        return {*super()._get_validation_exclusions(), *COUNTS}

    def _ask_for_the_member(self, user: User) -> None:
        members = Member.objects.for_roles(user, *LEADING_ROLES).exclude(pk=user.member_id).order_by("number")
        if members.count() > LONGEST_LIST:
            self.fields["member"] = MemberByNameField(members, label="党员")
            if str(self.initial.get("member", "")).isdecimal():
                known = members.filter(pk=self.initial["member"]).first()
                self.initial["member"] = known.number if known else ""
        else:
            self.fields["member"].empty_label = CHOOSE
            self.fields["member"].queryset = members
            self.fields["member"].required = True


class MeetingRuleForm(forms.ModelForm):
    """When votes of one kind of meeting are valid and carried."""

    class Meta:
        model = MeetingRule
        fields = ["quorum_over", "majority_over"]
        help_texts = {
            "quorum_over": "填 50 就是超过半数;要求三分之二以上到会的,填 66。",
            "majority_over": "按应到人数算,不按实到人数。填 50 就是超过半数;要求三分之二以上赞成的,填 66。",
        }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs |= {"inputmode": "numeric", "min": LEAST, "max": MOST}
        self.helper = helper()


class MinutesForm(PageForm):
    """The minutes, handed in on the page where the answers are checked."""

    minutes = CheckedFileField(MINUTES, label="会议记录")

    def __init__(self, *args, required: bool, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["minutes"].required = required
        if not required:
            self.fields["minutes"].label = "会议记录(可以不附)"
        self.helper.disable_csrf = True  # the page's form has the token
