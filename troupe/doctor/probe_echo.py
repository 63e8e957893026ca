"""What came back of a probe's requests: keys, labels, transcripts, usage, answers."""

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
"""What a run's cost is reckoned from."""
_WORD = re.compile(r"[A-Za-z_]{1,60}")
_REPORT = "report it: the reader has to learn it before a large run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the output, without any of its words."""

    key: str | None
    """The record id in the key at top level."""
    label: str | None
    """The record id in the request's label."""
    transcript: bytes | None
    """None when the fence did not come back whole."""
    usage: frozenset[str]
    answer: str
    """Stands for the whole response: it holds a time and probabilities that no other repeats."""
    reading: Reading

    @property
    def record(self) -> str | None:
        """Whose it is, by either mark."""
        return self.key or self.label


def read_line(line: bytes, reading: Reading, analysis: Analysis) -> Line:
    """Takes any line: what it lacks is None."""
    try:
        told: Any = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        told = None
    text = _at(told, "request", "contents", 0, "parts", 0, "text")
    opened = analysis.fence.open(text.encode("utf-8", "replace")) if isinstance(text, str) else None
    usage = _at(told, "response", "usageMetadata")
    return Line(
        key=record_id_of(_at(told, "key")),
        label=record_id_of(_at(told, "request", "labels", "record")),
        transcript=opened[1] if opened else None,
        usage=frozenset(usage) if isinstance(usage, dict) else frozenset(),
        answer=_digest(_at(told, "response")),
        reading=reading,
    )


def check_lines(lines: Sequence[Line], asked: Mapping[str, str]) -> Iterator[Finding]:
    """`asked` is transcript by record id, in the order of the request file."""
    yield _answered(lines, asked)
    yield from check_keys(lines, asked)
    yield _transcripts(lines, asked)
    yield _usage(lines)
    yield _reasons(lines)
    yield _order(lines, asked)


def _answered(lines: Sequence[Line], asked: Mapping[str, str]) -> Finding:
    """As a run would read them."""
    read = Counter(line.reading.record_id for line in lines if line.reading.error_type is None)
    good = [record for record in asked if read[record] == 1]
    errors = Counter(line.reading.error_type for line in lines if line.reading.error_type)
    message = f"{len(good)} of {len(asked)} are rows, of {len(lines)} lines"
    if len(good) == len(asked) == len(lines):
        return ok("rows", message)
    told = ", ".join(f"{error} {count}" for error, count in sorted(errors.items()))
    return fault(
        "rows", f"{message}{f': {told}' if told else ''}", "docs/errors.md says what each is"
    )


def check_keys(lines: Sequence[Line], asked: Mapping[str, str]) -> Iterator[Finding]:
    """One of the two marks is enough to know whose an answer is."""
    marks = {
        "key echo": ("the key at top level", {line.key for line in lines}),
        "label echo": ("the request's label", {line.label for line in lines}),
    }
    whole = {name: asked.keys() <= seen for name, (_, seen) in marks.items()}
    for name, (what, seen) in marks.items():
        message = f"{what} came back for {len(asked.keys() & seen)} of {len(asked)}"
        if whole[name]:
            yield ok(name, message)
        elif any(whole.values()):
            yield warning(name, message, "none needed: runs go by the other mark")
        else:
            yield fault(name, message, "start no run: answers could not be told apart")


def _transcripts(lines: Sequence[Line], asked: Mapping[str, str]) -> Finding:
    """By the record that the line is of; the numbers are those of troupe/doctor/probe_calls.py."""
    came = {line.record: line.transcript for line in lines}
    changed = [
        str(number)
        for number, (record, text) in enumerate(asked.items(), start=1)
        if came.get(record) != text.encode()
    ]
    if not changed:
        return ok("transcript echo", f"{len(asked)} of {len(asked)} came back byte for byte")
    message = f"changed or missing: conversation {', '.join(changed)} of {len(asked)}"
    return fault("transcript echo", message, _REPORT)


def _usage(lines: Sequence[Line]) -> Finding:
    names = sorted({name for line in lines for name in line.usage if _WORD.fullmatch(name)})
    told = ", ".join(names) or "no field"
    bare = sum(not line.usage.issuperset(_USAGE) for line in lines)
    if lines and not bare:
        return ok("usage", f"{told} came back")
    message = f"{told}; {bare} of {len(lines)} lines lack {' or '.join(_USAGE)}"
    return warning("usage", message, "expect costs that are reported as unknown")


def _reasons(lines: Sequence[Line]) -> Finding:
    reasons = Counter(line.reading.finish_reason or "none" for line in lines)
    told = ", ".join(f"{_word(reason)} {count}" for reason, count in sorted(reasons.items()))
    if set(reasons) == {"STOP"}:
        return ok("finish reasons", told)
    return warning("finish reasons", told or "no line", "look for each of them in docs/errors.md")


def _order(lines: Sequence[Line], asked: Mapping[str, str]) -> Finding:
    """Nothing depends on it."""
    came = [line.reading.record_id for line in lines]
    return ok("order", "as asked" if came == list(asked) else "not as asked; nobody relies on it")


def _word(text: str) -> str:
    return text if _WORD.fullmatch(text) else "(another)"


def _digest(response: Any) -> str:
    """Nulls come and go between two writings of one answer."""
    told = msgspec.json.encode(_without_nulls(response), order="sorted")
    return hashlib.blake2b(told, digest_size=16).hexdigest()


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(inner) for name, inner in value.items() if inner is not None}
    return [_without_nulls(inner) for inner in value] if isinstance(value, list) else value


def _at(value: Any, *path: str | int) -> Any:
    """What stands at a path of JSON; None where there is nothing."""
    for step in path:
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and len(value) > step else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return value
