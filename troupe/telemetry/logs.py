"""Structured logs: one JSON object per line, with stable event names, without personal data."""

import json
import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """Formats a record as JSON: the message is the event's name, `extra` gives further fields."""

    def format(self, record: logging.LogRecord) -> str:
        return json.dumps(self.fields(record), default=str)

    def fields(self, record: logging.LogRecord) -> dict[str, Any]:
        """Return the fields of the line."""
        fields = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "severity": record.levelname,
            "event": record.getMessage(),
            **{k: v for k, v in record.__dict__.items() if k not in _STANDARD},
        }
        if record.exc_info and record.exc_info[0]:
            # Class and line, never the text: foreign errors may quote personal data.
            fields["error"] = record.exc_info[0].__name__
            fields["where"] = _where(record)
        return fields


class _LogFile(logging.FileHandler):
    """A log that cannot be written, on a full disk, does not print its own errors."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  (the name of logging)
        """Lose the line: the command itself says what is wrong."""


def log_to(path: Path) -> logging.Handler:
    """Write the log to this file; a later call replaces the file."""
    logger = logging.getLogger("troupe")
    for old in list(logger.handlers):
        logger.removeHandler(old)
        old.close()
    handler = _LogFile(path, encoding="utf-8")
    handler.setFormatter(JsonLines())
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    return handler


def _where(record: logging.LogRecord) -> str:
    trace = record.exc_info[2] if record.exc_info else None
    while trace and trace.tb_next:
        trace = trace.tb_next
    if trace is None:
        return ""
    return f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"
