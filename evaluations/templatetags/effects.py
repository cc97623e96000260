"""What an entry would come to, for pages of scoring that know no rounds."""

from django import template
from django.core.exceptions import ValidationError

from evaluations.effects import effect_of
from scoring.errors import UnreadableVersionError
from scoring.models import Entry

register = template.Library()


@register.inclusion_tag("evaluations/_effect.html")
def effect_of_approving(entry: Entry) -> dict:
    """The box with what the entry would do if it were approved; with the reason where that cannot be said."""
    try:
        return {"effect": effect_of(entry)}
    except ValidationError as error:
        return {"sentence": " ".join(error.messages)}
    except UnreadableVersionError:
        return {"sentence": "现在采用的方案读不出来,算不出会是几分。请联系街道。"}
