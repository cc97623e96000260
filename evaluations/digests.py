"""Digests, by which one can tell that something is still as it was."""

import hashlib
import json


def digest_of(content) -> str:
    """SHA-256 of a value in its one canonical JSON form."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()
