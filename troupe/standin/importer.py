"""The import checks of Vertex: one invalid line of a request file fails the whole job."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

REFUSAL = (
    "Failed to import data. Please check 'Prepare input' section of the batch predictions"
    " documentation. "
)
_MAX_LINES = 200_000
_MAX_BYTES = 1_000_000_000
_MAX_DEPTH = 15
_IN_REQUEST = 2
"""Depth of the properties of `request`."""
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class ImportRefusedError(Exception):
    """The service would refuse this file; the message is worded as the service's."""

    def __init__(self, reason: str) -> None:
        super().__init__(REFUSAL + reason)


class Importer:
    """Checks the lines of one file. As the service does, it infers one type per field of all lines."""

    def __init__(self) -> None:
        self.lines = 0
        self._bytes = 0
        self._kinds: dict[str, str] = {}
        self._checked: dict[str, bytes] = {}
        """The last struct inside the request at each path, encoded: most lines repeat it."""

    def check(self, line: bytes) -> None:
        """Check the next line. Raises `ImportRefusedError` when the service would refuse it."""
        self.lines += 1
        self._bytes += len(line) + 1
        if self.lines > _MAX_LINES or self._bytes > _MAX_BYTES:
            raise ImportRefusedError("The input exceeds 200000 requests or 1 GB.")
        row = decode(line)
        if not isinstance(row.get("request"), dict):
            raise ImportRefusedError(f"Required field: request. Line: {self.lines}")
        self._value(row, "", 0)

    def end(self) -> None:
        """End the file. Raises `ImportRefusedError` when it held no request."""
        if self.lines == 0:
            raise ImportRefusedError("The input holds no requests.")

    def _value(self, value: Any, path: str, depth: int) -> None:
        self._check_kind(_kind(value), path)
        if isinstance(value, dict):
            if depth == _IN_REQUEST:
                # Encoded, because a comparison of values takes 1 for true.
                encoded = msgspec.json.encode(value)
                if self._checked.get(path) == encoded:
                    return
                self._checked[path] = encoded
            self._struct(value, path, depth + 1)
        elif isinstance(value, list):
            for item in value:
                self._value(item, f"{path}[]", depth)

    def _struct(self, struct: Mapping[str, Any], path: str, depth: int) -> None:
        if depth > _MAX_DEPTH:
            raise ImportRefusedError(
                f"Schema nested too deeply, at least {depth} compared to the maximum allowed"
                f" level of {_MAX_DEPTH}"
            )
        if not struct:
            raise ImportRefusedError(f"Cannot store struct '{path}' with no fields")
        for name, value in struct.items():
            inner = f"{path}.{name}" if path else name
            if inner not in self._kinds and not _NAME.fullmatch(name):
                raise ImportRefusedError(f'Invalid field name "{name}"')
            self._value(value, inner, depth)

    def _check_kind(self, kind: str, path: str) -> None:
        known = self._kinds.setdefault(path, kind)
        if kind == "null":
            raise ImportRefusedError(f"Only optional fields can be set to NULL. Field: {path}")
        if known == kind:
            return
        if "array" in (known, kind):
            raise ImportRefusedError(
                f"Repeated field must be imported as a JSON array. Field: {path}"
            )
        raise ImportRefusedError(f"Field: {path} has changed type from {known} to {kind}")


def decode(line: bytes) -> dict[str, Any]:
    """Decode a request line. Raises `ImportRefusedError` when it is not a JSON object."""
    try:
        row = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ImportRefusedError("Error parsing JSON: the line is not valid.") from error
    if not isinstance(row, dict):
        raise ImportRefusedError("Error parsing JSON: the line is not an object.")
    return row


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, dict):
        return "struct"
    if isinstance(value, list):
        return "array"
    if value is None:
        return "null"
    return "string" if isinstance(value, str) else "number"
