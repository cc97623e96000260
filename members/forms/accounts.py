from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm

from members.forms.page import helper


class SignInForm(AuthenticationForm):
    """Name and password. A wrong name and a wrong password are answered alike."""

    error_messages = {
        "invalid_login": "账号或密码不对。请核对后再试;连续 5 次不对,要等 15 分钟。",
        "inactive": "账号或密码不对。请核对后再试;连续 5 次不对,要等 15 分钟。",
    }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["username"].label = "账号"
        self.fields["username"].error_messages["required"] = "请填写账号。"
        self.fields["password"].label = "密码"
        self.fields["password"].error_messages["required"] = "请填写密码。"
        self.helper = helper()


class ChangePasswordForm(PasswordChangeForm):
    """The present password, and the new one twice."""

    error_messages = {
        "password_incorrect": "现在的密码不对,请重新填写。",
        "password_mismatch": "两次填写的新密码不一样,请重新填写。",
        "password_unchanged": "新密码不能和现在的一样。",
    }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["old_password"].label = "现在的密码"
        self.fields["new_password1"].label = "新密码"
        self.fields[
            "new_password1"
        ].help_text = "至少 12 个字,不能全是数字,也不要用常见的密码或自己的姓名。一句好记的话最好。"
        self.fields["new_password2"].label = "再填一次新密码"
        self.fields["new_password2"].help_text = ""
        for field in self.fields.values():
            field.error_messages["required"] = f"请填写{field.label}。"
        self.helper = helper()

    def validate_password_for_user(self, user, *args):
        """What is wrong with a password stands at the field where it was thought of."""
        super().validate_password_for_user(user, "new_password1")

    def clean(self):
        cleaned = super().clean()
        old, new = cleaned.get("old_password"), cleaned.get("new_password1")
        if old and old == new:
            self.add_error("new_password1", self.error_messages["password_unchanged"])
        return cleaned
