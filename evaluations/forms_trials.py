"""The form of a trial."""

from django import forms

from evaluations.models import Round
from evaluations.trials import settled_first
from members.forms.page import helper
from members.models import Organization, Role, User
from scoring.engine import Period
from scoring.models import Adoption, SchemeVersion
from scoring.trying import why_untried


def version_label(version: SchemeVersion) -> str:
    """Which version, with what one has to know to choose a round for it."""
    notes = ["草稿"] if version.is_draft else [version.origin_words] if version.origin_id else []
    if not version.faults and version.scheme.cycle == "year":
        notes.append("按年度考核,要对照年度")
    return f"{version}({';'.join(notes)})" if notes else str(version)


class TrialForm(forms.Form):
    """A version, with the settings of an adoption or its own defaults, and the round to try it on."""

    round = forms.ModelChoiceField(Round.objects.none(), label="对照哪一次考核", empty_label=None)
    version = forms.ModelChoiceField(SchemeVersion.objects.none(), label="试哪一版方案", empty_label=None)
    adoption = forms.ModelChoiceField(
        Adoption.objects.none(),
        label="用谁的设定",
        required=False,
        empty_label="方案自带的设定,考核的全部支部",
        help_text="选了单位,只算这个单位的人。要试还没有保存的设定,请在单位的「改设定」里点「拿上期试一试」。",
    )

    def __init__(self, *args, user: User, **kwargs):
        super().__init__(*args, **kwargs)
        places = Organization.objects.for_roles(user, Role.STREET_STAFF)
        rounds = Round.objects.visible_to(user).filter(computed_at__isnull=False, organization__in=places)
        titles = dict(SchemeVersion.objects.released().order_by("number").values_list("code", "title"))
        rounds = rounds.order_by(settled_first(), "-period", "organization__path")
        self.fields["round"].queryset = rounds.select_related("organization")
        self.fields["round"].label_from_instance = lambda one: (
            f"{one.organization} {Period.parse(one.period).title}《{titles.get(one.scheme, one.scheme)}》"
        )
        versions = list(SchemeVersion.objects.visible_to(user))
        yearly = [one for one in versions if not one.faults and one.scheme.cycle == "year"]
        waiting = yearly if yearly and why_untried(yearly[0].scheme, places) else []
        offered = [one.pk for one in versions if one not in waiting]
        self.fields["version"].queryset = SchemeVersion.objects.filter(pk__in=offered).select_related("origin")
        self.fields["version"].label_from_instance = version_label
        if waiting:
            names = "".join(sorted({f"《{one.title}》" for one in waiting}))
            self.fields["version"].help_text = f"{names}按年度考核,要等算过一次年度考核才能试,所以不在这里。"
        self.fields["adoption"].queryset = Adoption.objects.visible_to(user).select_related("organization", "version")
        self.fields["adoption"].label_from_instance = lambda one: (
            f"{one.organization},{one.starts_on} 起《{one.version.title}》"
        )
        self.helper = helper("round", "version", "adoption")

    def clean(self):
        version, adoption = self.cleaned_data.get("version"), self.cleaned_data.get("adoption")
        if version and adoption and adoption.version.code != version.code:
            self.add_error("adoption", f"{adoption.organization}采用的不是这个方案,它的设定用不上。请另选。")
        return self.cleaned_data
