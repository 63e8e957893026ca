"""Resuming: a job whose request file is the output of an earlier one.

Google documents no call for it, only this input: what failed is asked again, what was answered
stays, and both stand in the new job's output.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from troupe.standin.importer import decode
from troupe.standin.settings import Resuming

_ADDED = ("status", "processed_time", "response")
"""What an output line has and a request line has not."""
_HINT = b'"response"'


def importable(line: bytes, resuming: Resuming) -> bytes:
    """The line as its importer sees it: the service reads the nulls that it wrote itself."""
    if resuming is Resuming.REFUSES_FILE or _HINT not in line:
        return line
    row = decode(line)
    return msgspec.json.encode(as_asked(row)) if _is_output(row) else line


def is_answered(row: Mapping[str, Any]) -> bool:
    """An output line with an answer; a request line has none."""
    return _is_output(row) and not row.get("status") and bool(row["response"])


def as_asked(row: dict[str, Any]) -> dict[str, Any]:
    """The request line behind an output line; a request line as it is."""
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
