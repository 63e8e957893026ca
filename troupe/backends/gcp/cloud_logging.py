"""Logs as Cloud Logging reads them: one JSON object a line, with the trace of the run."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from troupe.telemetry.logs import JsonLines

_TRACE: ContextVar[str] = ContextVar("traceparent", default="")


class CloudLines(JsonLines):
    """The event's name is the message; severity, time and trace stand where Google looks."""

    def __init__(self, project: str) -> None:
        super().__init__()
        self._project = project

    def told(self, record: logging.LogRecord) -> dict[str, Any]:
        told = super().told(record)
        return {"message": told.pop("event"), **told, **self._trace()}

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
    """Every line that this thread writes meanwhile belongs to this trace (W3C)."""
    token = _TRACE.set(traceparent)
    try:
        yield
    finally:
        _TRACE.reset(token)


def log_to_stdout(project: str) -> None:
    """Everything this process has to say, from now on."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(CloudLines(project))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    for name in ("troupe", "uvicorn.error"):
        logging.getLogger(name).setLevel(logging.INFO)
