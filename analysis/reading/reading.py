"""One line read: a row of the staging table."""

from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType


class Reading(msgspec.Struct, frozen=True, gc=False):
    """What a line said, or by what name it was refused. Never both.

    A reading with an answer is a `Row`, which has the answer's columns as fields of its own.
    `detail` holds codes, field names and positions; never content.
    """

    line: int
    record_id: str | None = None
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
    other_key: str | UnsetType = UNSET

    @property
    def columns(self) -> dict[str, Any]:
        """The answer's part of the output table; empty for an error."""
        own = self.__struct_fields__[len(Reading.__struct_fields__) :]
        return {name: msgspec.to_builtins(getattr(self, name)) for name in own}

    @property
    def foreign_key(self) -> str | None:
        """A key that is not ours, for callers that can look it up. It may name a person."""
        return None if self.other_key is UNSET else self.other_key


def row_type(columns: Iterable[str]) -> type[Reading]:
    """The readings that are rows with these columns, after the fields of every reading.

    Flat, so that a row is encoded as it stands, without a dictionary in between.
    """
    fields: list[Any] = [(name, Any, None) for name in columns]
    made: Any = msgspec.defstruct("Row", fields, bases=(Reading,), frozen=True, gc=False)
    row: type[Reading] = made
    return row


_encode_lines = msgspec.json.Encoder().encode_lines


def encode_reading(reading: Reading) -> bytes:
    """One line of NDJSON, newline included: the fields and the columns side by side.

    A foreign key is left out: it may be a phone token.
    """
    if reading.other_key is not UNSET:
        reading = msgspec.structs.replace(reading, other_key=UNSET)
    return _encode_lines((reading,))
