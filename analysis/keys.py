"""Who an answer belongs to, and which text it was made from."""

import base64
import binascii
import hashlib
import re

PREFIX = "k-"
"""A key must not look like a number, or the service's importer makes one of it."""

ID_LENGTH = 32
_HEX = b"0123456789abcdef"
_RECORD_KEY = re.compile(r"k-([0-9a-f]{32})")
_LONGEST_FOREIGN_KEY = 1024


def is_record_id(name: bytes) -> bool:
    """True for 32 lower-case hex digits."""
    return len(name) == ID_LENGTH and not name.strip(_HEX)


def record_id_of(key: object) -> str | None:
    """The record id inside a key of ours; None for everything else."""
    if not isinstance(key, str):
        return None
    match = _RECORD_KEY.fullmatch(key)
    return match[1] if match else None


def composite_key(text: str) -> tuple[str, str] | None:
    """Phone token and interaction id of a key of the earlier system, else None.

    Such a key is base64(phone token) + "|" + interaction id. It is read and never written.
    """
    token, bar, interaction_id = text.partition("|")
    if not (token and bar and interaction_id) or len(text) > _LONGEST_FOREIGN_KEY:
        return None
    try:
        return base64.b64decode(token, validate=True).decode("utf-8"), interaction_id
    except (binascii.Error, ValueError):
        return None


def fingerprint(text: str | bytes) -> str:
    """Lower-case hex SHA-256 of the text's UTF-8 bytes, as TO_HEX(SHA256(text)) in SQL."""
    encoded = text if isinstance(text, bytes) else text.encode("utf-8")
    return hashlib.sha256(encoded).hexdigest()
