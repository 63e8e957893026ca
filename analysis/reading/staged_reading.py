"""The result of reading one line of a prediction file: a row of the staging table."""

from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType


class Reading(msgspec.Struct, frozen=True, gc=False):
    """A line that was read: either an answer or an error, never both.

    A reading with an answer is of a subclass made by `row_type`, with one more field for each
    column. `detail` holds codes, field names and positions, never content.
    """

    line: int
    """Line number in the file, from 1."""
    record_id: str | None = None
    error_type: str | None = None
    """A name from `ERRORS`; None for an answer."""
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
    """SHA-256 of the transcript in the echoed request; None when the echo has another shape."""
    other_key: str | UnsetType = UNSET
    """A key that is not one of ours. It is never stored: it may contain a phone token."""

    @property
    def columns(self) -> dict[str, Any]:
        """The answer's columns of the output table; empty for an error."""
        own = self.__struct_fields__[len(Reading.__struct_fields__) :]
        return {name: msgspec.to_builtins(getattr(self, name)) for name in own}

    @property
    def foreign_key(self) -> str | None:
        """`other_key`, or None: for callers that look it up."""
        return None if self.other_key is UNSET else self.other_key


def row_type(columns: Iterable[str]) -> type[Reading]:
    """Make the subclass of `Reading` that has these columns as further fields.

    A flat struct is encoded directly, without a dictionary in between.
    """
    fields: list[Any] = [(name, Any, None) for name in columns]
    made: Any = msgspec.defstruct("Row", fields, bases=(Reading,), frozen=True, gc=False)
    row: type[Reading] = made
    return row


_encode_lines = msgspec.json.Encoder().encode_lines


def encode_reading(reading: Reading) -> bytes:
    """Encode a reading as one line of NDJSON, newline included, without `other_key`."""
    if reading.other_key is not UNSET:
        reading = msgspec.structs.replace(reading, other_key=UNSET)
    return _encode_lines((reading,))
