"""Forms of entries."""

from collections import Counter
from decimal import Decimal

from crispy_forms.layout import Layout
from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import Q, QuerySet
from django.utils import timezone

from members.forms.files import CheckedFilesField
from members.forms.filters import PeriodFilter
from members.forms.page import PageForm, helper
from members.models import Member, User
from members.uploads import PAPERS
from scoring.draft_services import MOST_FILES
from scoring.engine.scheme import EntryItem
from scoring.models import Entry, EntryStatus
from scoring.models.entries import LEFT_OVER
from scoring.permissions import declaring_roles

MOST_TIMES = 20  # in one record
MOST_POINTS = 100
LONGEST_LIST = 200  # more names than this are typed, not picked
# Field of the form for each thing that a clause may need to know.
OPTIONAL_FIELDS = {
    "quantity": "quantity",
    "level": "level",
    "points": "points",
    "amount": "amount_yuan",
    "half": "half",
    "award": "award",
}


def add_errors(form: forms.BaseForm, error: ValidationError) -> None:
    """Put a service's refusal on the form: beside its field where the form has it, else on top."""
    by_field = error.message_dict if hasattr(error, "error_dict") else {None: error.messages}
    for field, sentences in by_field.items():
        for sentence in sentences:
            form.add_error(field if field in form.fields else None, sentence)


class MemberByNameField(forms.CharField):
    """A member found by name or number among those of a queryset."""

    def __init__(self, queryset, **kwargs):
        self.queryset = queryset
        super().__init__(help_text="写姓名或编号。", **kwargs)

    def clean(self, value):
        text = super().clean(value)
        found = list(self.queryset.filter(number__iexact=text) or self.queryset.filter(name=text)[:3])
        if not found:
            raise ValidationError(f"没有找到「{text}」。请核对姓名或编号。")
        if len(found) > 1:
            numbers = "、".join(member.number for member in found)
            raise ValidationError(f"有不止一位「{text}」({numbers}),请写编号。")
        return found[0]


class EntryFilter(PeriodFilter):
    """Which entries a list shows. Of whoever sees only their own there is no choice of people."""

    q = forms.CharField(label="党员", required=False, max_length=30)
    item = forms.ChoiceField(label="条款", required=False)
    status = forms.ChoiceField(
        label="状态", required=False, choices=[("", "全部"), *EntryStatus.choices, ("left_over", LEFT_OVER)]
    )
    field_order = ["status", "period", "item", "organization", "q"]

    def __init__(self, *args, clauses: list[tuple[str, str]], only_own: bool, **kwargs):
        """clauses: codes and titles to choose from."""
        super().__init__(*args, **kwargs)
        self.fields["item"].choices = [("", "全部"), *clauses]
        self.fields["q"].widget.attrs["placeholder"] = "姓名、首字母或编号"
        self.fields["q"].widget.input_type = "search"
        if only_own:
            del self.fields["organization"], self.fields["q"]

    def apply(self, entries):
        """The entries that match; none for a filter that is refused."""
        if not self.is_valid():
            return entries.none()
        wanted = self.cleaned_data
        if wanted["status"] == "left_over":
            entries = entries.left_over()
        elif wanted["status"]:
            entries = entries.filter(status=wanted["status"])
        if self.days:
            entries = entries.filter(date__range=self.days)
        if wanted["item"]:
            entries = entries.filter(item=wanted["item"])
        if wanted.get("organization"):
            entries = entries.filter(member__in=Member.objects.of(wanted["organization"]))
        if wanted.get("q"):
            entries = entries.filter(member__in=Member.objects.search(wanted["q"]))
        return entries


class EntryForm(forms.ModelForm):
    """What a clause needs to know: the fields that it has no use for are left out."""

    files = CheckedFilesField(PAPERS, MOST_FILES, label="证明材料")

    class Meta:
        model = Entry
        fields = ["member", "date", "quantity", "level", "points", "amount_yuan", "half", "award", "note"]
        widgets = {
            "date": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            "note": forms.Textarea(attrs={"rows": 3}),
            "quantity": forms.NumberInput(attrs={"inputmode": "numeric", "min": 1}),
            "points": forms.NumberInput(attrs={"inputmode": "decimal", "min": 0, "step": "0.01"}),
        }

    def __init__(self, *args, user: User, item: EntryItem, for_self: bool, scored: Q, **kwargs):
        """scored: condition of the members to pick from, those who are scored under the scheme today."""
        super().__init__(*args, **kwargs)
        self.item = item
        for need, name in OPTIONAL_FIELDS.items():
            if need not in item.needs | item.optional:
                del self.fields[name]
        for need, name in OPTIONAL_FIELDS.items():
            if need in item.needs:
                self.fields[name].required = True
        if "level" in self.fields:
            levels = [(code, item.level_words[code]) for code, _, _ in item.levels]
            self.fields["level"] = forms.ChoiceField(label="级别", choices=[("", "请选择"), *levels])
        if "quantity" in self.fields:
            self.fields["quantity"].validators.append(
                MaxValueValidator(MOST_TIMES, f"一次最多登记 {MOST_TIMES} 次,请核对;确实更多的,分开登记。")
            )
        if "points" in self.fields:
            self.fields["points"].validators += [
                MinValueValidator(Decimal("0.01"), "分值要大于 0。"),
                MaxValueValidator(MOST_POINTS, f"一条记录最多 {MOST_POINTS} 分,请核对。"),
            ]
            if item.sign != "merit":
                self.fields["points"].help_text = "要扣几分就写几,不写负号。"
        if for_self:
            del self.fields["member"]
        else:
            members = Member.objects.for_roles(user, *declaring_roles(item)).exclude(pk=user.member_id)
            self._offer(members, members.filter(scored).without_numbers().order_by("number"))
        if item.needs_evidence:
            self.fields["files"].required = True
        self.fields["note"].help_text = "什么事、在哪里、有什么凭据,一两句话写清楚。"
        self.helper = helper(*self.fields)

    def _offer(self, members: QuerySet, scored: QuerySet) -> None:
        """Let members be picked of those scored, or typed where these are many; on the entry's day the service checks."""
        if scored.count() > LONGEST_LIST:
            self.fields["member"] = MemberByNameField(members, label="党员")
            return
        field = self.fields["member"]
        field.queryset = members
        names = Counter(member.name for member in scored)
        words = {one.pk: f"{one}({one.number})" if names[one.name] > 1 else str(one) for one in scored}
        field.choices = [("", "请选择"), *words.items()]
        if not scored:
            field.help_text = "现在没有人按这个方案考核。"

    def said_of(self, entry: Entry) -> dict[str, str]:
        """What an entry says, as it would be typed into this form."""
        values = {name: getattr(entry, name) for name in self.fields if name != "files"}
        if "member" in values:
            typed = isinstance(self.fields["member"], MemberByNameField)
            values["member"] = entry.member.number if typed else entry.member_id
        return {name: "" if value is None else str(value) for name, value in values.items()}

    def clean_date(self):
        date = self.cleaned_data["date"]
        if date > timezone.localdate():
            raise ValidationError(f"{date:%Y-%m-%d} 还没有到。发生日期不能晚于今天。")
        return date


class DecisionForm(PageForm):
    """Approve; or refuse, or ask back, in words that the author reads."""

    CHOICES = (("approve", "通过"), ("reject", "不通过"), ("ask", "问申报人"))

    reason = forms.CharField(
        label="写给申报人的话",
        required=False,
        max_length=200,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="不通过的,写明理由;要问的,写明问题。通过的可以不写。本人会看到。",
    )
    decision = forms.ChoiceField(choices=CHOICES, widget=forms.HiddenInput)
    status = forms.ChoiceField(
        choices=[(EntryStatus.DECLARED, ""), (EntryStatus.REVIEWED, "")], widget=forms.HiddenInput
    )  # as the reviewer saw the entry

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["decision"].error_messages["required"] = "请点「通过」「不通过」或「问申报人」。"
        self.helper.layout = Layout("reason")  # the template has the buttons, and the status as it shows it


class FirstCheckForm(PageForm):
    """True as declared, or doubted in words that the branch and the author read."""

    CHOICES = (("in_order", "属实"), ("doubtful", "有疑问"))

    text = forms.CharField(
        label="写给支部书记的话",
        required=False,
        max_length=200,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="有疑问的,写明疑在哪里。属实的可以不写。申报人也会看到。",
    )
    finding = forms.ChoiceField(choices=CHOICES, widget=forms.HiddenInput)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["finding"].error_messages["required"] = "请点「属实」或「有疑问」。"
        self.helper.layout = Layout("text")  # the template has the buttons


class AnswerForm(PageForm):
    """The author's answer to a question, with further evidence."""

    text = forms.CharField(label="答复", max_length=200, widget=forms.Textarea(attrs={"rows": 3}))
    files = CheckedFilesField(PAPERS, MOST_FILES, label="补充材料")
    question = forms.IntegerField(widget=forms.HiddenInput)


class ReversalForm(PageForm):
    """Why an approved entry is taken back."""

    reason = forms.CharField(
        label="理由",
        max_length=200,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="本人会看到。原记录保留,不再计分。",
    )
