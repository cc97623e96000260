import datetime

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from members.fields import number_digest
from members.forms.page import DateInput, helper, offer, only_choice, pair
from members.models import Member, Membership, MemberStatus, Mobility, Organization, Position, Role, User
from members.models.people import far_off_fault
from members.permissions import RECORD_ROLES
from members.roster_rows import departed_sentence
from members.services.people import ROSTER_FIELDS


def editable_organizations(user: User):
    """Branches and groups whose roster the user keeps."""
    return Organization.objects.for_roles(user, Role.BRANCH_SECRETARY, Role.STREET_STAFF).holding_members()


class RosterFilter(forms.Form):
    q = forms.CharField(label="找人", required=False, max_length=30)
    organization = forms.ModelChoiceField(Organization.objects.none(), label="组织", required=False, empty_label="全部")
    status = forms.ChoiceField(label="人员类别", required=False, choices=[("", "全部"), *MemberStatus.choices])
    mobility = forms.ChoiceField(label="流动情况", required=False, choices=[("", "全部"), *Mobility.choices])
    listed = forms.ChoiceField(label="名册", required=False, choices=[("", "在名册"), ("departed", "已移出名册")])

    def __init__(self, *args, user: User, **kwargs):
        super().__init__(*args, **kwargs)
        self.user = user
        offer(self, "organization", Organization.objects.visible_to(user))
        self.fields["q"].widget.attrs["placeholder"] = "姓名、拼音或编号"
        self.fields["q"].widget.input_type = "search"

    @property
    def asks_for_departed(self) -> bool:
        return self.is_valid() and self.cleaned_data["listed"] == "departed"

    def members(self):
        """The members that match, with their branch; none for a filter that is refused.

        On the roster: from `with_branch()`. Who has left it: from `departed_for()`.
        """
        if not self.is_valid():
            return Member.objects.none()
        wanted, place = self.cleaned_data, self.cleaned_data["organization"]
        if self.asks_for_departed:
            members = Member.objects.departed_for(self.user).order_by("-last_day", "number")
            members = members.filter(last_path__startswith=place.path) if place else members
        else:
            members = Member.objects.visible_to(self.user).with_branch()
            members = members.of(place) if place else members
        members = members.search(wanted["q"])
        same = {field: wanted[field] for field in ("status", "mobility") if wanted[field]}
        return members.filter(**same)


class MemberForm(forms.ModelForm):
    """The roster columns of a member; where he or she lives changes from a day on, with a form of its own."""

    class Meta:
        model = Member
        fields = [name for name in ROSTER_FIELDS if name != "mobility"]
        widgets = {
            "born": DateInput(),
            "joined_on": DateInput(),
            "probation_until": DateInput(),
            "converted_on": DateInput(),
            "id_number": forms.TextInput(attrs={"autocomplete": "off", "maxlength": 18}),
            "phone": forms.TextInput(attrs={"autocomplete": "off", "inputmode": "tel", "maxlength": 20}),
        }
        help_texts = {
            "number": "每人一个,不能和别人的相同。",
            "id_number": "18 位。保存时加密,屏幕上按岗位遮盖。",
            "joined_on": "加入中共组织的日期,也是预备期开始的日期;入党积极分子不填。",
            "probation_until": "没有延长过的不填。",
            "converted_on": "不知道哪一天的可以空着。",
            "category": "按类别计分的单位填;其他单位空着。",
        }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = helper(
            pair("number", "name"),
            pair("gender", "born"),
            pair("id_number", "phone"),
            pair("status", "joined_on"),
            pair("converted_on", "probation_until"),
            "category",
        )


class NewMemberForm(MemberForm):
    class Meta(MemberForm.Meta):
        fields = ROSTER_FIELDS

    organization = forms.ModelChoiceField(Organization.objects.none(), label="所在支部")
    starts_on = forms.DateField(label="转入日期", widget=DateInput(), initial=timezone.localdate)

    def __init__(self, *args, user: User, **kwargs):
        super().__init__(*args, **kwargs)
        organizations = editable_organizations(user)
        offer(self, "organization", organizations)
        self.initial["organization"] = only_choice(organizations)
        self.user = user
        self.fields["number"].required = False
        self.fields["number"].help_text = "每人一个。空着的,列入名册时接着这个支部已有的往下编。"
        self.helper.layout[-1:] = [pair("category", "mobility"), pair("organization", "starts_on")]

    def clean_starts_on(self):
        return not_future(self.cleaned_data["starts_on"], "转入日期")

    def clean_number(self):
        return self._of_nobody_who_left("number", number=self.cleaned_data["number"])

    def clean_id_number(self):
        digest = number_digest(self.cleaned_data["id_number"])
        return self._of_nobody_who_left("id_number", id_number_digest=digest) if digest else ""

    def _of_nobody_who_left(self, field: str, **known) -> str:
        """The field's value; refused where somebody has it whom the user can bring back to the roster."""
        person = Member.objects.departed_for(self.user, RECORD_ROLES).filter(**known).first()
        if person:
            raise ValidationError(departed_sentence(person, self.fields[field].label))
        return self.cleaned_data[field]


def not_future(day, label: str):
    if day > timezone.localdate():
        raise ValidationError(f"{label} {day} 还没有到。")
    return day


class TransferForm(forms.Form):
    organization = forms.ModelChoiceField(Organization.objects.none(), label="转到")
    day = forms.DateField(label="从哪天起", widget=DateInput(), initial=timezone.localdate)

    def __init__(self, *args, user: User, **kwargs):
        super().__init__(*args, **kwargs)
        offer(self, "organization", editable_organizations(user))
        self.fields["day"].help_text = "从这天起归新的支部;前一天是在原支部的最后一天。"
        self.helper = helper(pair("organization", "day"))


class RemovalForm(forms.Form):
    """Since when somebody is on the roster no more, and why; sanctions have their own way."""

    DIED, MOVED, LEFT, OTHER = "died", "moved", "left", "other"
    REASONS = {DIED: "去世", MOVED: "组织关系转出本街道", LEFT: "退党", OTHER: "其他"}

    day = forms.DateField(label="从哪天起", widget=DateInput(), initial=timezone.localdate)
    reason = forms.ChoiceField(label="原因", choices=REASONS.items(), widget=forms.RadioSelect)
    words = forms.CharField(label="说明", required=False, max_length=60)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["day"].help_text = "从这天起不在名册;前一天是在支部的最后一天。"
        self.fields["words"].help_text = "一两句话,如转到哪里;选「其他」的必须写。留在变更记录里。"
        self.helper = helper("reason", pair("day", "words"))

    def clean(self):
        data = super().clean()
        if data.get("reason") == self.OTHER and not data.get("words"):
            self.add_error("words", "选了「其他」,请写明是什么原因。")
        return data

    @property
    def why(self) -> str:
        """The reason in words, of a valid form."""
        label, words = self.REASONS[self.cleaned_data["reason"]], self.cleaned_data["words"]
        return f"{label}:{words}" if words else label


class ReadmissionForm(forms.Form):
    """A leaving that was entered by mistake, or somebody who has come back; then where to and since when."""

    MISTAKE, BACK = "mistake", "back"

    how = forms.ChoiceField(
        label="为什么恢复",
        choices=((MISTAKE, "移出登记错了,和没有移出过一样"), (BACK, "后来又回来了,从下面写的那天起")),
        widget=forms.RadioSelect,
    )
    organization = forms.ModelChoiceField(Organization.objects.none(), label="恢复到")
    day = forms.DateField(label="从哪天起", widget=DateInput(), required=False)

    def __init__(self, *args, user: User, last: Membership, **kwargs):
        super().__init__(*args, **kwargs)
        self.last = last
        offer(self, "organization", editable_organizations(user))
        self.initial["organization"] = last.organization
        self.fields["how"].error_messages["required"] = "请选为什么恢复。"
        self.fields["day"].help_text = "移出登记错了的不填。"
        self.helper = helper("how", pair("organization", "day"))

    def clean(self):
        sent = super().clean()
        if sent.get("how") == self.MISTAKE:
            sent["organization"], sent["day"] = self.last.organization, self.last.ends_on + datetime.timedelta(days=1)
        elif not sent.get("day") and "day" not in self.errors:
            self.add_error("day", "请写从哪天起又回来的。")
        return sent


class DayForm(forms.Form):
    """The day from which something is so, past or to come."""

    day = forms.DateField(widget=DateInput(), initial=timezone.localdate)

    def __init__(self, *args, label: str, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["day"].label = label
        self.helper = helper(*self.fields)

    def clean_day(self):
        day = self.cleaned_data["day"]
        if fault := far_off_fault("日期", day):
            raise ValidationError(fault)
        return day


class MobilityForm(DayForm):
    after = forms.ChoiceField(label="改为", choices=Mobility)
    always = forms.BooleanField(
        label="是更正:原来登记错了,一直就是这样", required=False, help_text="勾选后不看上面的日期。"
    )
    field_order = ("after", "day", "always")

    def __init__(self, *args, current: str, dated: bool, **kwargs):
        super().__init__(*args, label="从哪天起", **kwargs)
        self.fields["after"].choices = [choice for choice in Mobility.choices if choice[0] != current]
        if dated:  # then the last change is taken back instead
            del self.fields["always"]
        self.helper = helper(*self.fields)


class PositionForm(forms.ModelForm):
    class Meta:
        model = Position
        fields = ["title", "organization", "starts_on", "ends_on"]
        widgets = {"starts_on": DateInput(), "ends_on": DateInput()}
        help_texts = {"ends_on": "还在任的不填。"}

    def __init__(self, *args, user: User, **kwargs):
        super().__init__(*args, **kwargs)
        offer(self, "organization", Organization.objects.for_roles(user, Role.BRANCH_SECRETARY, Role.STREET_STAFF))
        self.helper = helper(pair("title", "organization"), pair("starts_on", "ends_on"))


class EndPositionForm(forms.Form):
    ends_on = forms.DateField(label="离任日期", widget=DateInput(), initial=timezone.localdate)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = helper("ends_on")

    def clean_ends_on(self):
        return not_future(self.cleaned_data["ends_on"], "离任日期")
