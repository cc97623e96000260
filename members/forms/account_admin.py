from django import forms
from django.core.exceptions import ValidationError

from members.forms.page import helper, offer, pair
from members.models import Member, Organization, Role, RoleAssignment, User


class AccountFilter(forms.Form):
    q = forms.CharField(label="找账号", required=False, max_length=30)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["q"].widget.input_type = "search"
        self.fields["q"].widget.attrs["placeholder"] = "姓名或账号名"


class RoleForm(forms.ModelForm):
    """A role in one of the administrator's organisations."""

    class Meta:
        model = RoleAssignment
        fields = ["role", "organization"]

    def __init__(self, *args, user: User, **kwargs):
        super().__init__(*args, **kwargs)
        offer(self, "organization", Organization.objects.for_roles(user, Role.ADMINISTRATOR))
        self.fields["organization"].empty_label = "请选择"
        self.fields["organization"].help_text = "岗位对这个组织和它下面的组织都有效。"
        self.fields["role"].choices = [("", "请选择"), *Role.choices]
        self.helper = helper(pair("role", "organization"))


class NewAccountForm(RoleForm):
    """Somebody's account with its first role."""

    username = User._meta.get_field("username").formfield(label="账号名", help_text="登录时填的名字,如姓名的拼音。")
    name = User._meta.get_field("name").formfield()
    number = forms.CharField(
        label="党员编号", required=False, max_length=20, help_text="是本地党员的才写,好看自己的台账。"
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.kept = Member.objects.for_roles(kwargs["user"], Role.ADMINISTRATOR)
        self.helper = helper(pair("name", "username"), pair("role", "organization"), pair("number"))

    def clean_username(self):
        username = self.cleaned_data["username"]
        if User.objects.filter(username=username).exists():
            raise ValidationError("这个账号名已经有人用,请换一个。")
        return username

    def clean(self):
        sent = super().clean()
        number, name = sent.get("number"), sent.get("name")
        if number and name:
            # Both must fit, so that no names are learnt by trying numbers.
            sent["member"] = self.kept.filter(number__iexact=number, name=name).first()
            if sent["member"] is None:
                self.add_error("number", f"没有编号是「{number}」、姓名是「{name}」的党员,请核对。")
            elif User.objects.filter(member=sent["member"]).exists():
                self.add_error("number", "这名党员已经有账号,不用再建。")
        return sent

    def account(self) -> User:
        """The account to store."""
        sent = self.cleaned_data
        return User(username=sent["username"], name=sent["name"], member=sent.get("member"))
