"""Structured logs for Cloud Logging: one JSON object a line, with the trace of the run."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from troupe.telemetry.logs import JsonLines

_TRACE: ContextVar[str] = ContextVar("traceparent", default="")


class CloudLines(JsonLines):
    """Formats a record with the field names that Cloud Logging reads."""

    def __init__(self, project: str) -> None:
        super().__init__()
        self._project = project

    def fields(self, record: logging.LogRecord) -> dict[str, Any]:
        fields = super().fields(record)
        return {"message": fields.pop("event"), **fields, **self._trace()}

    def _trace(self) -> dict[str, Any]:
        parts = _TRACE.get().split("-")
        if len(parts) != 4:
            return {}
        _, trace, span, flags = parts
        return {
            "logging.googleapis.com/trace": f"projects/{self._project}/traces/{trace}",
            "logging.googleapis.com/spanId": span,
            "logging.googleapis.com/trace_sampled": flags == "01",
        }


@contextmanager
def traced(traceparent: str) -> Iterator[None]:
    """Add this W3C trace to every line that the thread logs in the block."""
    token = _TRACE.set(traceparent)
    try:
        yield
    finally:
        _TRACE.reset(token)


def log_to_stdout(project: str) -> None:
    """Log to standard output in this format, for the rest of the process."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(CloudLines(project))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    for name in ("troupe", "uvicorn.error"):
        logging.getLogger(name).setLevel(logging.INFO)
