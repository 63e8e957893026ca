"""Proof that the importer will take a request file: one bad line refuses the whole job.

The rules were collected from refused jobs. `check_file` proves all of them on every line.
`preflight` stands in the stream of a writer: the lines of an analysis share one template, so
it proves the template once and, line by line, only what varies.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from analysis.definition import Analysis
from analysis.errors import PreflightError
from analysis.request_lines import Request, render

MOST_LINES = 200_000
MOST_BYTES = 1_000_000_000
DEEPEST = 15

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PROBE = "0" * 32


@dataclass(slots=True)
class Preflight:
    """What a file has shown so far; complete and without an error, it may be submitted."""

    lines: int = 0
    size: int = 0
    """In bytes."""
    keys: set[bytes] = field(default_factory=set, repr=False)

    def count(self, line: bytes, key: bytes) -> None:
        """Take one more line into account. Raises `PreflightError`."""
        self.lines += 1
        self.size += len(line)
        keys = self.keys
        keys.add(key)
        if len(keys) < self.lines or self.size > MOST_BYTES or self.lines > MOST_LINES:
            raise self._broken()

    def _broken(self) -> PreflightError:
        if self.lines > MOST_LINES:
            return PreflightError(f"a file has at most {MOST_LINES} lines", self.lines)
        if self.size > MOST_BYTES:
            return PreflightError(f"a file has at most {MOST_BYTES} bytes", self.lines)
        return PreflightError("keys are unique", self.lines, "key")


def preflight(
    analysis: Analysis, lines: Iterable[bytes], seen: Preflight | None = None
) -> Iterator[bytes]:
    """The same lines, each proved before it is passed on. Raises `PreflightError`.

    `seen` counts along, for a writer that wants to know rows and bytes.
    """
    check_template(analysis)
    seen = seen if seen is not None else Preflight()
    record_of, count = analysis.template.recogniser(), seen.count
    for line in lines:
        record_id = record_of(line)
        if record_id is None:
            raise PreflightError("lines follow the template", seen.lines + 1)
        if line.find(b"\n") != len(line) - 1:
            raise PreflightError("one line holds one request", seen.lines + 1)
        count(line, record_id)
        yield line


def check_template(analysis: Analysis) -> None:
    """Prove every rule on a line of this analysis. Raises `PreflightError`."""
    check_file(render(analysis, [Request(_PROBE, "x", analysis.output_cap)]))


def check_file(lines: Iterable[bytes]) -> Preflight:
    """Every rule on every line of any request file. Raises `PreflightError`."""
    seen, shapes = Preflight(), _Shapes()
    for number, line in enumerate(lines, start=1):
        try:
            content = json.loads(line, object_pairs_hook=_pairs)
        except (ValueError, RecursionError):
            raise PreflightError("every line is JSON, nested at most 15 deep", number) from None
        key = content.get("key", content.get("custom_id")) if isinstance(content, dict) else None
        if not isinstance(key, str) or not key[:1].isalpha():
            raise PreflightError("keys are texts that begin with a letter", number, "key")
        shapes.number = number
        shapes.walk(content, "", 1)
        seen.count(line, key.encode())
    return seen


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        raise ValueError("a property stands twice")
    return content


class _Shapes:
    """One type and one spelling for each key path, over all lines of a file."""

    def __init__(self) -> None:
        self.number = 0
        self._types: dict[str, str] = {}
        self._spellings: dict[str, str] = {}

    def walk(self, value: object, path: str, depth: int) -> None:
        if value is None:
            raise PreflightError("nothing is null", self.number, path)
        if isinstance(value, dict | list) and depth > DEEPEST:
            raise PreflightError(f"nested at most {DEEPEST} deep", self.number, path)
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
                raise PreflightError("no list stands in a list", self.number, path)
            self.walk(element, path + "[]", depth + 1)

    def _one_type(self, value: object, path: str) -> None:
        kind = "number" if type(value) in {int, float} else type(value).__name__
        if self._types.setdefault(path, kind) != kind:
            raise PreflightError("a key has one type in the whole file", self.number, path)

    def _one_spelling(self, path: str) -> None:
        plain = path.replace("_", "").lower()
        if self._spellings.setdefault(plain, path) != path:
            raise PreflightError("a key has one spelling in the whole file", self.number, path)
