"""The call attributes of a row of a file, as the JSON object that a plan makes of a source row."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from analysis.attributes import Attributes
from troupe.transcript_files.errors import BadOption

_BOOLEANS = {"true": True, "false": False}


def attributes_of(row: Mapping[str, Any], attributes: Attributes) -> str | None:
    """Return the values of these attributes; None for an analysis without any.

    Rows have further columns in lower case, and those of CSV as text. Raises `BadOption` for a
    column that the file lacks, and for a value of another type.
    """
    if not attributes:
        return None
    values = {name: _value(row, name, kind) for name, kind in attributes.items()}
    return msgspec.json.encode(values).decode()


def _value(row: Mapping[str, Any], name: str, kind: str) -> Any:
    if name.lower() not in row:
        raise BadOption(
            f"invalid --file: it has no column {name}, a call attribute of the analysis; name one "
            f"with --map COLUMN={name}:{kind}, or remove it from attributes of analysis.json"
        )
    value = row[name.lower()]
    if value is None or value == "":
        return None
    try:
        return _as(kind, value)
    except (ValueError, TypeError, KeyError):
        raise BadOption(f"invalid --file: column {name} holds a value that is no {kind}") from None


def _as(kind: str, value: Any) -> Any:
    if kind == "integer":
        return int(value)
    if kind == "number":
        return float(value)
    if kind == "boolean":
        return value if isinstance(value, bool) else _BOOLEANS[str(value).lower()]
    if kind == "time":
        time = datetime.fromisoformat(str(value).removesuffix(" UTC"))
        time = time if time.tzinfo else time.replace(tzinfo=UTC)
        return time.astimezone(UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z")
    return str(value)
