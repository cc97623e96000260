"""Forms of appeals: what is doubted and why, and what is decided on it."""

from collections.abc import Iterable

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q

from evaluations.appealing import Subject, month_of, ref_of
from evaluations.models import Appeal
from evaluations.models.appeals import WORDS_LIMIT
from evaluations.services.appeals import Correction, DuesFix, copy_of
from members.forms.dues import MoneyField, check_payment_day
from members.forms.files import CheckedFilesField
from members.forms.page import PageForm
from members.models import AttendanceStatus, DuesMonth, User
from members.uploads import PAPERS
from scoring.forms import OPTIONAL_FIELDS, EntryForm
from scoring.models import Entry, EntryStatus

MOST_FILES = 5
NOT_OFFERED = {"invalid_choice": "请在列出的里面选一个。"}
OWN_KINDS = ((Appeal.Kind.APPEAL, "我认为这一条不对"), (Appeal.Kind.INQUIRY, "我只想问清楚"))
NOTED_KINDS = (
    (Appeal.Kind.OBJECTION, "别人对这位党员的结果有异议"),
    (Appeal.Kind.APPEAL, "这位党员本人认为不对,由我代为登记"),
    (Appeal.Kind.INQUIRY, "这位党员本人想问清楚,由我代为登记"),
)


class AppealForm(PageForm):
    """A member's own appeal."""

    kind = forms.ChoiceField(
        label="您的意思", choices=OWN_KINDS, widget=forms.RadioSelect, initial="appeal", error_messages=NOT_OFFERED
    )
    key = forms.ChoiceField(label="对哪一条")
    text = forms.CharField(
        label="理由",
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="哪里不对,应该是怎样,有什么凭据。只有核对的人看得到。",
        error_messages={"required": "请写明理由:哪里不对,应该是怎样。"},
    )
    files = CheckedFilesField(PAPERS, MOST_FILES, label="材料(可以不附)")

    def __init__(self, *args, subjects: Iterable[Subject], **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["key"].choices = [(subject.key, subject.words) for subject in subjects]
        self.fields["key"].error_messages["invalid_choice"] = "台账里没有这一条了,可能刚刚改过。请重新选。"


class ObjectionForm(AppealForm):
    """What somebody said, put down by whoever leads the branch."""

    kind = forms.ChoiceField(
        label="谁的意思", choices=NOTED_KINDS, widget=forms.RadioSelect, initial="objection", error_messages=NOT_OFFERED
    )
    on_behalf_of = forms.CharField(
        label="提出人姓名",
        max_length=30,
        error_messages={"required": "请写明是谁提出的。"},
        help_text="只有核对的人看得到,不会告诉这位党员。",
    )
    relation = forms.CharField(
        label="和这位党员的关系", max_length=60, required=False, help_text="例如:同支部党员、邻居、本人。"
    )
    field_order = ("kind", "on_behalf_of", "relation", "key", "text", "files")


# Deciding ---------------------------------------------------------------------------------------


class DecisionForm(PageForm):
    """Upheld or not, and why. For what no service corrects, who is to put right what."""

    decision = forms.ChoiceField(
        label="决定",
        choices=((Appeal.State.UPHELD, "成立,更正"), (Appeal.State.DISMISSED, "不成立,维持原来的结果")),
        widget=forms.RadioSelect,
        error_messages=NOT_OFFERED | {"required": "请选成立还是不成立。"},
    )
    reasons = forms.CharField(
        label="理由",
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="查了什么、为什么这样决定。提出的人和这位党员会看到;不要写别的提出人的姓名。",
        error_messages={"required": "请写明理由,提出的人会看到。"},
    )

    def __init__(self, *args, appeal: Appeal, user: User, **kwargs):
        super().__init__(*args, **kwargs)
        self.appeal, self.user = appeal, user
        if appeal.kind == Appeal.Kind.INQUIRY:
            self.fields["decision"].choices = (("upheld", "查出有错,更正"), ("dismissed", "没有错,只作答复"))
        self.add_correction()

    def add_correction(self) -> None:
        self.fields["follow_up"] = forms.CharField(
            label="成立的:要更正什么、由谁更正",
            max_length=WORDS_LIMIT,
            required=False,
            widget=forms.Textarea(attrs={"rows": 2}),
            help_text="例如:请片总支更正联户代表组的计票。决定以后,支部的结果退回更正。",
        )

    def clean(self):
        sent = super().clean()
        if sent.get("decision") == Appeal.State.UPHELD:
            self.check_correction(sent)
        return sent

    def check_correction(self, sent: dict) -> None:
        if not sent.get("follow_up"):
            self.add_error("follow_up", "请写明要更正什么、由谁更正。")

    @property
    def upheld(self) -> bool:
        return self.cleaned_data["decision"] == Appeal.State.UPHELD

    @property
    def correction(self) -> Correction:
        """How the line is put right, as a valid form says."""
        return Correction(follow_up=self.cleaned_data["follow_up"])


class AttendanceDecisionForm(DecisionForm):
    def add_correction(self) -> None:
        choices = [("", "请选择"), *AttendanceStatus.choices]
        self.fields["status"] = forms.ChoiceField(
            label="成立的:考勤应该是", choices=choices, required=False, error_messages=NOT_OFFERED
        )

    def check_correction(self, sent: dict) -> None:
        if not sent.get("status"):
            self.add_error("status", "请选正确的考勤。")

    @property
    def correction(self) -> Correction:
        return Correction(status=self.cleaned_data["status"])


class DuesDecisionForm(DecisionForm):
    """With the month as it is on record to start from."""

    def add_correction(self) -> None:
        month = month_of(self.appeal)
        owed = DuesMonth.objects.filter(member=self.appeal.member_id, month=month).first()
        last = owed.payments.order_by("pk").last() if owed else None
        self.fields["due_yuan"] = MoneyField("成立的:应缴(元)", "0")
        self.fields["amount_yuan"] = MoneyField("最后一次实缴(元)", "0.01")
        self.fields["paid_on"] = forms.DateField(
            label="缴纳日期",
            required=False,
            widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            error_messages={"invalid": "缴纳日期不存在,请写成 2025-06-05 的样子。"},
        )
        self.fields["excused"] = forms.BooleanField(label="经批准缓缴或免缴", required=False)
        self.fields["excuse"] = forms.CharField(label="批准理由", max_length=100, required=False)
        self.initial |= {
            "due_yuan": owed and owed.due_yuan,
            "excused": bool(owed and owed.excused),
            "excuse": owed.excuse if owed else "",
            "amount_yuan": last and last.amount_yuan,
            "paid_on": last and last.paid_on,
        }

    def clean_paid_on(self):
        day = self.cleaned_data["paid_on"]
        if day:
            check_payment_day(day, month_of(self.appeal))
        return day

    def check_correction(self, sent: dict) -> None:
        if sent.get("due_yuan") is None and "due_yuan" not in self.errors:
            self.add_error("due_yuan", "请写明应缴多少;不用缴的写 0。")
        if bool(sent.get("amount_yuan")) != bool(sent.get("paid_on")) and not self.errors:
            self.add_error("paid_on", "实缴金额和缴纳日期要一起写。")
        if sent.get("excused") and not sent.get("excuse"):
            self.add_error("excuse", "缓缴或免缴要写明批准理由。")

    @property
    def correction(self) -> Correction:
        sent = self.cleaned_data
        excuse = sent["excuse"] if sent["excused"] else ""
        return Correction(dues=DuesFix(sent["due_yuan"], sent["excused"], excuse, sent["amount_yuan"], sent["paid_on"]))


class EntryDecisionForm(DecisionForm):
    """An approved entry is taken back, or put down anew with other figures; one that was refused counts after all."""

    WAYS = (("reverse", "冲正,不再计分"), ("replace", "冲正,改按下面的情况计分"))

    def add_correction(self) -> None:
        self.entry = Entry.objects.select_related("member").get(pk=ref_of(self.appeal))
        self.figures = None
        if self.entry.status == EntryStatus.REJECTED:
            return
        self.figures = EntryFigures(
            self.data if self.is_bound else None,
            instance=copy_of(self.entry),
            user=self.user,
            item=self.entry.rule,
            for_self=True,
            scored=Q(),
            prefix="entry",
        )
        self.fields["way"] = forms.ChoiceField(
            label="成立的:怎样更正",
            choices=self.WAYS,
            widget=forms.RadioSelect,
            required=False,
            error_messages=NOT_OFFERED,
        )

    def check_correction(self, sent: dict) -> None:
        if self.figures is None:
            return
        if not sent.get("way"):
            self.add_error("way", "请选怎样更正。")
        elif sent["way"] == "replace" and not self.figures.is_valid():
            raise ValidationError("改按什么情况计分,下面还有要改的地方。")

    @property
    def correction(self) -> Correction:
        replaces = self.figures is not None and self.cleaned_data["way"] == "replace"
        return Correction(replacement=self.figures.save(commit=False) if replaces else None)


class EntryFigures(EntryForm):
    """What the entry should say; the evidence stays with the one that is taken back."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        del self.fields["files"]
        kept = {"date", "note", *OPTIONAL_FIELDS.values()}
        for name in set(self.fields) - kept:
            del self.fields[name]
        self.fields["note"].help_text = ""
        self.helper.layout = None
        self.helper.form_tag = False
        self.helper.disable_csrf = True


FORMS = {
    Appeal.About.ENTRY: EntryDecisionForm,
    Appeal.About.ATTENDANCE: AttendanceDecisionForm,
    Appeal.About.DUES: DuesDecisionForm,
}


def decision_form(appeal: Appeal) -> type[DecisionForm]:
    """The form that can put right what the appeal is about."""
    return FORMS.get(appeal.about, DecisionForm)
