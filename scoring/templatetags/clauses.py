"""What a record means under the scheme in force, for pages that know nothing of schemes."""

import datetime

from django import template

from members.models import AttendanceStatus, Organization
from scoring.models import Adoption

register = template.Library()


@register.simple_tag
def attendance_hints(organization: Organization, day: datetime.date) -> dict[str, str]:
    """For each attendance status that costs points, or is excused, a sentence; empty without a scheme."""
    adoption = Adoption.objects.in_force(organization, day)
    if adoption is None or adoption.version.faults:
        return {}
    scheme = adoption.version.scheme
    hints = {status: scheme.attendance_words(status) for status in AttendanceStatus.values}
    return {status: words for status, words in hints.items() if words}
