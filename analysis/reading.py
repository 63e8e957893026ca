"""One line read: a row of the staging table."""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType


class Reading(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What a line said, or by what name it was refused. Never both.

    `detail` holds codes, field names and positions; never content.
    """

    record_id: str | None = None
    line: int
    error_type: str | None = None
    detail: str | None = None
    parse_method: str | None = None
    repair_grade: str | None = None
    """exact, mended, repaired_safe or repaired_lossy."""
    finish_reason: str | None = None
    model_version: str | None = None
    prompt_tokens: int | None = None
    cached_tokens: int | None = None
    thoughts_tokens: int | None = None
    output_tokens: int | None = None
    transcript_fingerprint: str | None = None
    """Of the transcript in the echoed request, where it came back in the shape we sent."""
    columns: dict[str, Any] = {}
    """The answer's part of the output table; empty for an error."""
    other_key: str | UnsetType = UNSET

    @property
    def foreign_key(self) -> str | None:
        """A key that is not ours, for callers that can look it up. It may name a person."""
        return None if self.other_key is UNSET else self.other_key


_encode = msgspec.json.Encoder().encode
_COLUMNS = b',"columns":{'


def encode_reading(reading: Reading) -> bytes:
    """One line of NDJSON, newline included: the fields and the columns side by side.

    A foreign key is left out: it may be a phone token.
    """
    if reading.other_key is not UNSET:
        reading = msgspec.structs.replace(reading, other_key=UNSET)
    # Quotes inside strings are escaped, so the first such sign is that of the field itself.
    fields, _, columns = _encode(reading).partition(_COLUMNS)
    comma = b"" if columns == b"}}" else b","
    return b"%b%b%b\n" % (fields, comma, columns[:-1])
