"""The form that opens a round."""

import datetime

from django import forms
from django.utils import timezone

from members.forms.page import PageForm
from members.models import Organization, Role, User
from scoring.engine import Period
from scoring.models import SchemeVersion


def recent_periods(today: datetime.date) -> list[Period]:
    """Periods that a round may be opened for: the running half-year, the two before it, and their years."""
    half = Period.containing(today, "half_year")
    halves = [half, half.previous, half.previous.previous]
    years = {str(period.starts_on.year) for period in halves}
    return halves + [Period.parse(year) for year in sorted(years, reverse=True)]


class RoundForm(PageForm):
    """An organisation and a period, of those that the user may open a round for."""

    organization = forms.ModelChoiceField(Organization.objects.none(), label="组织", empty_label=None)
    scheme = forms.ChoiceField(label="方案")
    period = forms.ChoiceField(label="周期")

    def __init__(self, *args, user: User, **kwargs):
        super().__init__(*args, **kwargs)
        places = Organization.objects.for_roles(user, Role.STREET_STAFF)
        self.fields["organization"].queryset = places.exclude(kind="group")
        titles = dict(SchemeVersion.objects.released().filter(adoptions__isnull=False).values_list("code", "title"))
        self.fields["scheme"].choices = titles.items()
        periods = recent_periods(timezone.localdate())
        self.fields["period"].choices = [(period.code, period.title) for period in periods]

    def clean_period(self) -> Period:
        return Period.parse(self.cleaned_data["period"])
