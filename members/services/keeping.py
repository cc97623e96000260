"""What a file holds, kept between its preview and its confirmation: encrypted, for one user, for an hour."""

import json
import re
import secrets
import time
from contextlib import suppress
from pathlib import Path

from cryptography.fernet import InvalidToken
from django.conf import settings

from members.fields import cipher
from members.models import User

KEPT_SECONDS = 60 * 60


def path_of(token: str) -> Path:
    if not re.fullmatch(r"[0-9a-f]{32}", token):
        raise FileNotFoundError
    return Path(settings.DATA_DIR) / "imports" / token


def keep(content: dict, *, actor: User, token: str = "") -> str:
    """Store what JSON can hold, encrypted as it may be personal; gives back the token for the user's session.

    token: of what this replaces.
    """
    token = token or secrets.token_hex(16)
    folder = path_of(token).parent
    folder.mkdir(mode=0o700, exist_ok=True)
    for old in folder.iterdir():
        with suppress(FileNotFoundError):  # another request may have dropped it
            if old.stat().st_mtime < time.time() - KEPT_SECONDS:
                old.unlink()
    new = folder / f"{token}.{secrets.token_hex(8)}"  # what is read is never half written
    new.touch(mode=0o600)
    new.write_bytes(cipher().encrypt(json.dumps({"actor": actor.pk, "content": content}).encode()))
    new.replace(path_of(token))
    return token


def kept(token: str, *, actor: User) -> dict | None:
    """What was stored; None if it is gone, too old or another user's."""
    try:
        file = path_of(token)
        if file.stat().st_mtime < time.time() - KEPT_SECONDS:
            return None
        found = json.loads(cipher().decrypt(file.read_bytes()))
    except (FileNotFoundError, InvalidToken):  # the key it was written with may be gone
        return None
    return found["content"] if found["actor"] == actor.pk else None


def drop(token: str) -> None:
    path_of(token).unlink(missing_ok=True)
