"""Spans as plain data, and a file of them: the base install has no package of OpenTelemetry."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Literal, Protocol

import msgspec

Attributes = Mapping[str, str | int]


class SpanContext(msgspec.Struct, frozen=True):
    """The ids of a span, in hex digits, as in a W3C traceparent."""

    trace_id: str
    span_id: str


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """A span that has ended."""

    name: str
    kind: Literal["producer", "consumer", "client"]
    """Of an event, of a delivery, and of a job."""
    context: SpanContext
    parent: SpanContext | None
    started: datetime
    ended: datetime
    attributes: Attributes
    links: tuple[SpanContext, ...] = ()
    error: str = ""
    """A stable word; empty when nothing failed."""
    records: Mapping[str, int] = {}
    """Records by ending, of a delivery that ended a batch."""

    @property
    def milliseconds(self) -> float:
        return (self.ended - self.started).total_seconds() * 1000


class Exporter(Protocol):
    """Where spans go; metrics derive from the spans of deliveries. Threads share it."""

    def export(self, span: Span) -> None: ...
    def close(self) -> None:
        """Send what is buffered."""
        ...


class SpanFile:
    """Appends to a file, one span a line, as JSON."""

    def __init__(self, path: Path) -> None:
        """Raises `OSError` for a file that cannot be written."""
        self._file = path.open("ab", buffering=0)  # one line is one write, also between threads

    def export(self, span: Span) -> None:
        line = msgspec.structs.asdict(span) | {"milliseconds": round(span.milliseconds, 3)}
        self._file.write(msgspec.json.encode(line) + b"\n")

    def close(self) -> None:
        self._file.close()
