"""Columns for personal numbers: encrypted at rest, found again by a keyed digest."""

import hashlib
import hmac
from functools import lru_cache

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.db import models


@lru_cache
def cipher() -> MultiFernet:
    """The cipher of the settings' keys: writes with the first, reads with all."""
    return MultiFernet([Fernet(key) for key in settings.FIELD_KEYS])


def number_digest(value: str) -> str | None:
    """A keyed digest by which an encrypted number is found; None for an empty one."""
    if not value:
        return None
    # The oldest key stays in the list when keys rotate, so the digest stays the same.
    key = settings.FIELD_KEYS[-1].encode()
    return hmac.new(key, value.strip().upper().encode(), hashlib.sha256).hexdigest()


class EncryptedTextField(models.TextField):
    """Text that the database sees only encrypted. It cannot be filtered on."""

    def get_prep_value(self, value):
        value = super().get_prep_value(value)
        return cipher().encrypt(value.encode()).decode() if value else value

    def from_db_value(self, value, expression, connection):
        return cipher().decrypt(value.encode()).decode() if value else value
