"""Writing down the minutes of an activity."""

from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.utils import timezone

from members.models import Activity, Minutes, MinutesFile, User
from members.uploads import CheckedFile, storing


def write_minutes(
    activity: Activity, *, text: str, files: Sequence[CheckedFile] = (), seen: int, actor: User
) -> Minutes | None:
    """The minutes as they now hold; what they said before stays on record. None where nothing is new.

    seen: key of the minutes that the writer had before them, 0 without any. Raises ValidationError for an activity to
    come and where somebody has written meanwhile, OSError where the files cannot be stored.
    """
    with storing() as shelf:
        activity = Activity.objects.select_for_update().get(pk=activity.pk)
        if activity.date > timezone.localdate():
            raise ValidationError("活动还没有举行,开过以后再写记录。")
        latest = activity.minutes.select_related("written_by").last()
        if latest and latest.pk != seen:
            raise ValidationError(
                f"{latest.written_by}刚刚也写了记录,列在下面。您写的还没有保存:请把两边合在一起,再保存一次。"
            )
        if latest and latest.text == text and not files:
            return None
        minutes = Minutes(activity=activity, text=text, written_by=actor)
        minutes.full_clean()
        minutes.save()
        MinutesFile.objects.bulk_create(
            MinutesFile(minutes=minutes, file=shelf.put("minutes", file), name=file.name) for file in files
        )
    return minutes
