"""Checks of a probe's output: keys, labels, transcripts, usage and answers, compared to requests."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from analysis import Analysis, Reading, record_id_of

from .findings import Finding, fault, ok, warning

_USAGE = ("promptTokenCount", "candidatesTokenCount")
"""Fields that a run's cost is computed from."""
_WORD = re.compile(r"[A-Za-z_]{1,60}")
_REPORT = "report it as a bug before a large run: the reader has to be adapted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the output, without its texts."""

    key: str | None
    """The record id in the top-level key."""
    label: str | None
    """The record id in the request's label."""
    transcript: bytes | None
    """None when the delimiters of the transcript did not come back."""
    usage: frozenset[str]
    answer: str
    """A hash of the response, which contains a time and is therefore unique."""
    reading: Reading

    @property
    def record(self) -> str | None:
        """The record id, from the key or the label."""
        return self.key or self.label


def read_line(line: bytes, reading: Reading, analysis: Analysis) -> Line:
    """Read any line; a missing field is None."""
    try:
        fields: Any = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        fields = None
    text = _at(fields, "request", "contents", 0, "parts", 0, "text")
    opened = (
        analysis.template.fence.open(text.encode("utf-8", "replace"))
        if isinstance(text, str)
        else None
    )
    usage = _at(fields, "response", "usageMetadata")
    return Line(
        key=record_id_of(_at(fields, "key")),
        label=record_id_of(_at(fields, "request", "labels", "record")),
        transcript=opened[1] if opened else None,
        usage=frozenset(usage) if isinstance(usage, dict) else frozenset(),
        answer=_digest(_at(fields, "response")),
        reading=reading,
    )


def check_lines(lines: Sequence[Line], asked: Mapping[str, str]) -> Iterator[Finding]:
    """Check all lines; `asked` are the transcripts by record id, in the order of the file."""
    yield _rows(lines, asked)
    yield from check_keys(lines, asked)
    yield _transcripts(lines, asked)
    yield _usage(lines)
    yield _reasons(lines)
    yield _order(lines, asked)


def _rows(lines: Sequence[Line], asked: Mapping[str, str]) -> Finding:
    """Check that each request led to one row, as a run would read it."""
    read = Counter(line.reading.record_id for line in lines if line.reading.error_type is None)
    good = [record for record in asked if read[record] == 1]
    errors = Counter(line.reading.error_type for line in lines if line.reading.error_type)
    message = f"{len(good)} of {len(asked)} requests led to a row, from {len(lines)} lines"
    if len(good) == len(asked) == len(lines):
        return ok("rows", message)
    if errors:
        message += ": " + ", ".join(f"{error} {count}" for error, count in sorted(errors.items()))
    return fault("rows", message, "look up the error types in docs/errors.md")


def check_keys(lines: Sequence[Line], asked: Mapping[str, str]) -> Iterator[Finding]:
    """Check that key or label came back: either one identifies the record of an answer."""
    marks = {
        "key echo": ("the top-level key", {line.key for line in lines}),
        "label echo": ("the label of the request", {line.label for line in lines}),
    }
    whole = {name: asked.keys() <= seen for name, (_, seen) in marks.items()}
    for name, (what, seen) in marks.items():
        message = f"{what} came back for {len(asked.keys() & seen)} of {len(asked)}"
        if whole[name]:
            yield ok(name, message)
        elif any(whole.values()):
            yield warning(name, message, "nothing to do: runs use the other one")
        else:
            yield fault(name, message, "start no run: answers cannot be matched to records")


def _transcripts(lines: Sequence[Line], asked: Mapping[str, str]) -> Finding:
    """Compare the transcripts by record id; numbers are positions in `probe.CALLS`."""
    came = {line.record: line.transcript for line in lines}
    changed = [
        str(number)
        for number, (record, text) in enumerate(asked.items(), start=1)
        if came.get(record) != text.encode()
    ]
    if not changed:
        return ok(
            "transcript echo", f"{len(asked)} of {len(asked)} transcripts came back byte for byte"
        )
    message = f"conversation {', '.join(changed)} of {len(asked)} came back changed or not at all"
    return fault("transcript echo", message, _REPORT)


def _usage(lines: Sequence[Line]) -> Finding:
    names = sorted({name for line in lines for name in line.usage if _WORD.fullmatch(name)})
    fields = ", ".join(names) or "no field"
    bare = sum(not line.usage.issuperset(_USAGE) for line in lines)
    if lines and not bare:
        return ok("usage", f"{fields} came back")
    message = f"{fields} came back; {bare} of {len(lines)} lines lack {' or '.join(_USAGE)}"
    return warning("usage", message, "expect runs to report an unknown cost")


def _reasons(lines: Sequence[Line]) -> Finding:
    reasons = Counter(line.reading.finish_reason or "none" for line in lines)
    counts = ", ".join(f"{_word(reason)} {count}" for reason, count in sorted(reasons.items()))
    if set(reasons) == {"STOP"}:
        return ok("finish reasons", counts)
    return warning("finish reasons", counts or "no line", "look up each of them in docs/errors.md")


def _order(lines: Sequence[Line], asked: Mapping[str, str]) -> Finding:
    """Report the order of the lines. Runs do not depend on it."""
    came = [line.reading.record_id for line in lines]
    return ok(
        "order",
        "lines are in the order of the requests"
        if came == list(asked)
        else "lines are in another order than the requests, which runs allow",
    )


def _word(text: str) -> str:
    return text if _WORD.fullmatch(text) else "(other)"


def _digest(response: Any) -> str:
    """Hash a response without its nulls, which differ between two copies of one answer."""
    encoded = msgspec.json.encode(_without_nulls(response), order="sorted")
    return hashlib.blake2b(encoded, digest_size=16).hexdigest()


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(inner) for name, inner in value.items() if inner is not None}
    return [_without_nulls(inner) for inner in value] if isinstance(value, list) else value


def _at(value: Any, *path: str | int) -> Any:
    """Return the value at a JSON path; None when it is missing."""
    for step in path:
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and len(value) > step else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return value
