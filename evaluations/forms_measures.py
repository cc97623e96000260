"""Forms of measures: what is put down about a step, and why one is not taken."""

from django import forms

from evaluations.models import MeasureStep, Resolution
from evaluations.services.measures import (
    Done,
    destinations,
    first_day,
    no_destination,
    no_resolution,
    resolutions_for,
)
from members.forms.page import PageForm
from members.models import Organization, User

NOTES = {
    "hear": ("本人的意见", "把本人说的要点记下来;本人没有意见的,写“没有意见”。"),
    "reassess": ("评议的情况", "谁参加、怎样评议的,一两句话写清楚。"),
    "notify": ("送达的情况", "当面交给本人、本人签收,或者怎样送达的;可以不填。"),
    "approval": ("批准的情况", "哪次会议、什么文号;可以不填。"),
}
OTHER_NOTE = ("办理的情况", "可以不填。")
MUST_NOTE = ("hear", "reassess")


class StepForm(PageForm):
    """When a step was done and how it went; only the fields that its kind has a use for."""

    done_on = forms.DateField(label="办理日期", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    outcome = forms.ChoiceField(label="结果", widget=forms.RadioSelect)
    destination = forms.ModelChoiceField(Organization.objects.none(), label="转到", empty_label=None)
    resolution = forms.ModelChoiceField(Resolution.objects.none(), label="哪一次表决", empty_label=None)
    note = forms.CharField(max_length=500, widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, *args, step: MeasureStep, user: User, **kwargs):
        super().__init__(*args, **kwargs)
        self.step = step
        self._date()
        self._offer_outcomes()
        self._offer_destinations(user)
        self._offer_resolutions(user)
        note = self.fields["note"]
        note.label, note.help_text = NOTES.get(step.kind, OTHER_NOTE)
        note.required = step.kind in MUST_NOTE

    def _date(self) -> None:
        day = self.fields["done_on"]
        day.initial = first_day(self.step)
        if self.step.kind == "depart":
            day.label = "从哪天起不在名册"
            day.help_text = "一般是上级批准的日期。已经办结的周期不能再改,那样的话填周期以后的一天。"

    def _offer_outcomes(self) -> None:
        if self.step.outcomes:
            self.fields["outcome"].choices = [(code, one["title"]) for code, one in self.step.outcomes.items()]
        else:
            del self.fields["outcome"]

    def _offer_destinations(self, user: User) -> None:
        if self.step.kind != "transfer":
            del self.fields["destination"]
            return
        seen = Organization.objects.for_roles(user, self.step.role)
        self.fields["destination"].queryset = seen.filter(pk__in=[place.pk for place in destinations(self.step)])
        self.fields["destination"].error_messages["required"] = no_destination(self.step)

    def _offer_resolutions(self, user: User) -> None:
        if self.step.kind != "meeting":
            del self.fields["resolution"]
            return
        del self.fields["done_on"]
        field, seen = self.fields["resolution"], Resolution.objects.visible_to(user)
        field.queryset = resolutions_for(self.step).filter(pk__in=seen.values("pk"))
        field.label_from_instance = lambda vote: f"{vote.held_on} {vote.subject}({vote.outcome})"
        field.error_messages["required"] = no_resolution(self.step)

    @property
    def done(self) -> Done:
        """What a valid form says."""
        data = self.cleaned_data
        resolution = data.get("resolution")
        day = resolution.held_on if resolution else data["done_on"]
        return Done(day, data["note"], data.get("outcome", ""), data.get("destination"), resolution)

    def answers(self) -> list[tuple[str, str]]:
        """What was filled in, as label and words, to be looked through before it is kept."""
        data, rows = self.cleaned_data, []
        for name, field in self.fields.items():
            value = data.get(name)
            if name == "outcome":
                value = self.step.outcomes[value]["title"]
            if name == "resolution":
                value = field.label_from_instance(value)
            if value:
                rows.append((field.label, str(value)))
        return rows


class DismissalForm(PageForm):
    """Why a measure is not taken, or not carried on."""

    reason = forms.CharField(
        label="理由", max_length=300, widget=forms.Textarea(attrs={"rows": 3}), help_text="写清楚为什么,以后查得到。"
    )
