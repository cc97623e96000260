"""What the monthly and yearly pages are chosen by: a span of time and an organisation."""

import datetime
import re

from django import forms
from django.db.models import QuerySet
from django.utils import timezone

from members.dates import first_of, half_name, half_of, last_of, month_name, months_of_half
from members.forms.page import offer
from members.forms.roster import editable_organizations
from members.models import Organization, User

MONTHS_BACK = 24
EARLIEST = 2008  # the year of the dues standard: nothing on record is older
YEARS_BACK = 2
HALVES_BACK = 5
HALVES_LISTED = 6  # where every one may be asked for


class SpanFilter(forms.Form):
    """An organisation, and the span that `span` names; the first of each unless asked otherwise.

    Listed are the latest spans; an address may name an earlier one, as arrears do.
    """

    organization = forms.ModelChoiceField(Organization.objects.none(), label="组织", required=False, empty_label=None)
    span: str

    def __init__(self, data, *, user: User):
        super().__init__(data)
        self.order_fields([self.span, "organization"])
        spans = self.spans(timezone.localdate())
        asked = data.get(self.span, "")
        if spans[-1][0] > asked >= str(EARLIEST):
            spans += self.earlier(asked)
        self.fields[self.span].choices = spans
        offer(self, "organization", self.organizations(user))
        self.initial = {self.span: self.present(timezone.localdate())}
        if self.span not in data:  # so that the list shows what the page does
            self.data = data.copy()
            self.data[self.span] = self.initial[self.span]

    def organizations(self, user: User) -> QuerySet[Organization]:
        return Organization.objects.visible_to(user).holding_members()

    def earlier(self, asked: str) -> list[tuple[str, str]]:
        """The span of that code, before those that are listed; none if it is not a code."""
        return []

    def chosen(self) -> tuple:
        """The span and the organisation; no organisation where the filter is refused or there is none."""
        present = self.fields[self.span].clean(self.initial[self.span])
        if not self.is_valid():
            return present, None
        wanted = self.cleaned_data
        return wanted[self.span] or present, wanted["organization"] or self.fields["organization"].queryset.first()


class PeriodFilter(forms.Form):
    """A half-year, and an organisation with all below it; every one of them unless asked otherwise."""

    period = forms.ChoiceField(label="时间", required=False)
    organization = forms.ModelChoiceField(Organization.objects.none(), label="组织", required=False, empty_label="全部")

    def __init__(self, *args, user: User, **kwargs):
        super().__init__(*args, **kwargs)
        halves = [half_of(first_of(timezone.localdate(), -6 * back)) for back in range(HALVES_LISTED)]
        self.fields["period"].choices = [("", "全部"), *((half, half_name(half)) for half in halves)]
        offer(self, "organization", Organization.objects.visible_to(user))

    @property
    def days(self) -> tuple[datetime.date, datetime.date] | None:
        """The first and the last day of the half-year that a filter in order asks for."""
        if not self.cleaned_data["period"]:
            return None
        months = months_of_half(self.cleaned_data["period"])
        return months[0], last_of(months[-1])


class MonthFilter(SpanFilter):
    month = forms.TypedChoiceField(
        label="月份", coerce=lambda text: datetime.date.fromisoformat(f"{text}-01"), required=False, empty_value=None
    )
    span = "month"
    months_ahead = 0

    def present(self, today: datetime.date) -> str:
        return f"{today:%Y-%m}"

    def spans(self, today: datetime.date) -> list[tuple[str, str]]:
        months = [first_of(today, -back) for back in range(-self.months_ahead, MONTHS_BACK)]
        return [(f"{month:%Y-%m}", month_name(month)) for month in months]

    def earlier(self, asked: str) -> list[tuple[str, str]]:
        try:
            return [(asked, month_name(datetime.datetime.strptime(asked, "%Y-%m")))]
        except ValueError:
            return []


class CalendarFilter(MonthFilter):
    """A month, and one organisation with all below it, or every one."""

    organization = forms.ModelChoiceField(Organization.objects.none(), label="组织", required=False, empty_label="全部")
    months_ahead = 12

    def organizations(self, user: User) -> QuerySet[Organization]:
        return Organization.objects.visible_to(user)


class DuesFilter(MonthFilter):
    months_ahead = 1  # paid in advance


class BasesFilter(DuesFilter):
    """Only organisations whose records the user keeps."""

    def organizations(self, user: User) -> QuerySet[Organization]:
        return editable_organizations(user)


class HalfFilter(SpanFilter):
    half = forms.ChoiceField(label="半年", required=False)
    span = "half"

    def present(self, today: datetime.date) -> str:
        return half_of(today)

    def spans(self, today: datetime.date) -> list[tuple[str, str]]:
        halves = [half_of(first_of(today, -6 * back)) for back in range(HALVES_BACK)]
        return [(half, half_name(half)) for half in halves]

    def earlier(self, asked: str) -> list[tuple[str, str]]:
        return [(asked, half_name(asked))] if re.fullmatch(r"\d{4}H[12]", asked) else []


class YearFilter(SpanFilter):
    year = forms.TypedChoiceField(label="年份", coerce=int, required=False, empty_value=None)
    span = "year"

    def present(self, today: datetime.date) -> str:
        return str(today.year)

    def spans(self, today: datetime.date) -> list[tuple[str, str]]:
        return [(str(year), f"{year} 年") for year in range(today.year, today.year - YEARS_BACK - 1, -1)]
