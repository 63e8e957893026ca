"""Record ids, the keys that carry them in request files, and fingerprints of transcripts."""

import base64
import binascii
import hashlib
import re

KEY_PREFIX = "k-"
"""Before the record id in a key: Vertex AI's importer reads a key of digits as a number."""

ID_LENGTH = 32
_HEX = b"0123456789abcdef"
_RECORD_KEY = re.compile(rf"{KEY_PREFIX}([0-9a-f]{{{ID_LENGTH}}})")
_MAX_COMPOSITE_KEY = 1024
"""Characters."""


def is_record_id(name: bytes) -> bool:
    """Return whether this is a record id: 32 lower-case hex digits."""
    return len(name) == ID_LENGTH and not name.strip(_HEX)


def record_id_of(key: object) -> str | None:
    """Return the record id in a key of this system; None for any other value."""
    if not isinstance(key, str):
        return None
    match = _RECORD_KEY.fullmatch(key)
    return match[1] if match else None


def composite_key(text: str) -> tuple[str, str] | None:
    """Return phone token and interaction id of a key of the earlier system; None for other text.

    Such a key is base64(phone token) + "|" + interaction id. This system reads it and never
    writes it.
    """
    token, bar, interaction_id = text.partition("|")
    if not (token and bar and interaction_id) or len(text) > _MAX_COMPOSITE_KEY:
        return None
    try:
        return base64.b64decode(token, validate=True).decode("utf-8"), interaction_id
    except (binascii.Error, ValueError):
        return None


def fingerprint(text: str | bytes) -> str:
    """Return the SHA-256 of the text's UTF-8 bytes in lower-case hex: TO_HEX(SHA256(text))."""
    encoded = text if isinstance(text, bytes) else text.encode("utf-8")
    return hashlib.sha256(encoded).hexdigest()
