"""Resume a job: its request file is the output of an earlier job.

Google documents no call for this, only this input: rows that failed are sent to the model again,
answered rows are kept, and the new job's output contains both.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from troupe.standin.importer import decode
from troupe.standin.settings import Resuming

_ADDED = ("status", "processed_time", "response")
"""Properties of an output line that a request line does not have."""
_HINT = b'"response"'


def importable(line: bytes, resuming: Resuming) -> bytes:
    """The line as the importer checks it: without the nulls that the service itself added."""
    if resuming is Resuming.REFUSES_FILE or _HINT not in line:
        return line
    row = decode(line)
    return msgspec.json.encode(as_request(row)) if _is_output(row) else line


def is_answered(row: Mapping[str, Any]) -> bool:
    """Whether this is an output line with an answer."""
    return _is_output(row) and not row.get("status") and bool(row["response"])


def as_request(row: dict[str, Any]) -> dict[str, Any]:
    """The request line of an output line; a request line unchanged."""
    if not _is_output(row):
        return row
    return {name: _without_nulls(value) for name, value in row.items() if name not in _ADDED}


def _is_output(row: Mapping[str, Any]) -> bool:
    return "response" in row


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(inner) for name, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [_without_nulls(inner) for inner in value]
    return value
