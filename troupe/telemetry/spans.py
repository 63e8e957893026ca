"""Spans as plain data, and their export to a file. The base install has no OpenTelemetry."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Literal, Protocol

import msgspec

Attributes = Mapping[str, str | int]


class SpanContext(msgspec.Struct, frozen=True):
    """The ids of a span in hexadecimal, as in a W3C traceparent."""

    trace_id: str
    span_id: str


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """A span that has ended."""

    name: str
    kind: Literal["producer", "consumer", "client"]
    """An event is a producer, a delivery a consumer, a job a client span."""
    context: SpanContext
    parent: SpanContext | None
    started: datetime
    ended: datetime
    attributes: Attributes
    links: tuple[SpanContext, ...] = ()
    error: str = ""
    """A stable cause; empty without an error."""
    records: Mapping[str, int] = {}
    """Records by ending, of the delivery of a batch's end."""

    @property
    def milliseconds(self) -> float:
        return (self.ended - self.started).total_seconds() * 1000


class Exporter(Protocol):
    """Takes spans, and derives metrics from those of deliveries. Must be safe for threads."""

    def export(self, span: Span) -> None: ...
    def close(self) -> None:
        """Send what is buffered."""
        ...


class SpanFile:
    """Appends spans to a file, one JSON object per line."""

    def __init__(self, path: Path) -> None:
        """Raises `OSError` for a file that cannot be written."""
        self._file = path.open("ab", buffering=0)  # one line is one write, also between threads

    def export(self, span: Span) -> None:
        line = msgspec.structs.asdict(span) | {"milliseconds": round(span.milliseconds, 3)}
        self._file.write(msgspec.json.encode(line) + b"\n")

    def close(self) -> None:
        self._file.close()
