"""Check a request file by the rules of Vertex AI's importer, which refuses a job for one bad line.

The rules were collected from refused jobs. `check_file` checks all of them on every line.
`preflight` checks lines while they are written: all lines of an analysis share one template, so it
checks the template once, and of each line only what varies.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from analysis.definition import Analysis
from analysis.errors import PreflightError
from analysis.request_lines import Request, render
from analysis.strict_json import DuplicateKey, parse

MAX_LINES = 200_000
MAX_BYTES = 1_000_000_000
MAX_DEPTH = 15

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PROBE_ID = "0" * 32


@dataclass(slots=True)
class Preflight:
    """Counts of the lines that were checked so far."""

    lines: int = 0
    size: int = 0
    """Bytes."""
    keys: set[bytes] = field(default_factory=set, repr=False)

    def count(self, line: bytes, key: bytes) -> None:
        """Add a line. Raises `PreflightError` for a duplicate key or a file over its limits."""
        self.lines += 1
        self.size += len(line)
        keys = self.keys
        keys.add(key)
        if len(keys) < self.lines or self.size > MAX_BYTES or self.lines > MAX_LINES:
            raise self._broken_rule()

    def _broken_rule(self) -> PreflightError:
        if self.lines > MAX_LINES:
            return PreflightError(f"a file has at most {MAX_LINES} lines", self.lines)
        if self.size > MAX_BYTES:
            return PreflightError(f"a file has at most {MAX_BYTES} bytes", self.lines)
        return PreflightError("keys are unique", self.lines, "key")


def preflight(
    analysis: Analysis, lines: Iterable[bytes], seen: Preflight | None = None
) -> Iterator[bytes]:
    """Yield the same lines, each after its check. Raises `PreflightError`.

    `seen` counts lines and bytes for the caller.
    """
    check_template(analysis)
    seen = seen if seen is not None else Preflight()
    record_of, count = analysis.template.matcher(), seen.count
    for line in lines:
        record_id = record_of(line)
        if record_id is None:
            raise PreflightError("lines follow the template", seen.lines + 1)
        if line.find(b"\n") != len(line) - 1:
            raise PreflightError("one line holds one request", seen.lines + 1)
        count(line, record_id)
        yield line


def check_template(analysis: Analysis) -> None:
    """Check one line of this analysis by every rule. Raises `PreflightError`."""
    check_file(render(analysis, [Request(_PROBE_ID, "x", analysis.output_cap)]))


def check_file(lines: Iterable[bytes]) -> Preflight:
    """Check every line of any request file by every rule. Raises `PreflightError`."""
    seen, shapes = Preflight(), _Shapes()
    for number, line in enumerate(lines, start=1):
        try:
            content = parse(line.decode())
        except DuplicateKey:
            raise PreflightError("every property is given once", number) from None
        except ValueError:
            raise PreflightError("every line is JSON, nested at most 15 deep", number) from None
        key = content.get("key", content.get("custom_id")) if isinstance(content, dict) else None
        if not isinstance(key, str) or not key[:1].isalpha():
            raise PreflightError("keys are strings that begin with a letter", number, "key")
        shapes.number = number
        shapes.walk(content, "", 1)
        seen.count(line, key.encode())
    return seen


class _Shapes:
    """Checks nesting, types and names of the values of all lines of a file."""

    def __init__(self) -> None:
        self.number = 0
        self._types: dict[str, str] = {}
        self._spellings: dict[str, str] = {}

    def walk(self, value: object, path: str, depth: int) -> None:
        if value is None:
            raise PreflightError("no value is null", self.number, path)
        if isinstance(value, dict | list) and depth > MAX_DEPTH:
            raise PreflightError(f"nested at most {MAX_DEPTH} deep", self.number, path)
        self._one_type(value, path)
        if isinstance(value, dict):
            self._object(value, path, depth)
        elif isinstance(value, list):
            self._list(value, path, depth)

    def _object(self, value: dict[str, Any], path: str, depth: int) -> None:
        if not value:
            raise PreflightError("no object is empty", self.number, path)
        for name, child in value.items():
            if not _NAME.fullmatch(name):
                raise PreflightError("names are letters, digits and _", self.number, path)
            below = f"{path}.{name}" if path else name
            self._one_spelling(below)
            self.walk(child, below, depth + 1)

    def _list(self, value: list[Any], path: str, depth: int) -> None:
        for element in value:
            if isinstance(element, list):
                raise PreflightError("no list is in a list", self.number, path)
            self.walk(element, path + "[]", depth + 1)

    def _one_type(self, value: object, path: str) -> None:
        kind = "number" if type(value) in {int, float} else type(value).__name__
        if self._types.setdefault(path, kind) != kind:
            raise PreflightError("a key has one type in the whole file", self.number, path)

    def _one_spelling(self, path: str) -> None:
        plain = path.replace("_", "").lower()
        if self._spellings.setdefault(plain, path) != path:
            raise PreflightError("a key has one spelling in the whole file", self.number, path)
