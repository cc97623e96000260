"""Codes for checking in by a phone: signed, of one activity, good for half a minute and the half before it."""

import datetime
import time
from dataclasses import dataclass

from django.core.signing import BadSignature, Signer
from django.utils import timezone

from members.models import Activity, User

STEP = 30  # seconds that a code is on the screen
PATIENCE = 5 * 60  # seconds from scanning to pressing the button

_codes = Signer(salt="members.check-in", sep="~")
_tickets = Signer(salt="members.check-in.ticket", sep="~")


@dataclass(frozen=True)
class Scan:
    """What was read from a code: of which activity, and whether it was still good."""

    activity_pk: int
    is_fresh: bool


def code_of(activity: Activity) -> str:
    """The code of this moment."""
    return _codes.sign(f"{activity.pk}-{int(time.time()) // STEP}")


def read_code(code: str) -> Scan | None:
    """None for what is no code of ours."""
    try:
        pk, step = map(int, _codes.unsign(code).split("-"))
    except (BadSignature, ValueError):
        return None
    return Scan(pk, 0 <= int(time.time()) // STEP - step <= 1)


def ticket_for(activity: Activity, user: User) -> str:
    """Says that the user scanned a good code just now: the code itself runs out while one reads the page."""
    return _tickets.sign(f"{activity.pk}-{user.pk}-{int(time.time())}")


def scanned_at(ticket: str, activity: Activity, user: User) -> datetime.datetime | None:
    """The local time of the scan; None for a ticket of somebody else, of another activity, or one that is too old."""
    try:
        activity_pk, user_pk, second = map(int, _tickets.unsign(ticket).split("-"))
    except (BadSignature, ValueError):
        return None
    good = (activity_pk, user_pk) == (activity.pk, user.pk) and time.time() - second <= PATIENCE
    return timezone.localtime(datetime.datetime.fromtimestamp(second, datetime.UTC)) if good else None
