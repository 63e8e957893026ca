"""Structured logs: one JSON object a line, ids only, stable event names."""

import json
import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """The event's name is the message; everything else stands beside it."""

    def format(self, record: logging.LogRecord) -> str:
        return json.dumps(self.told(record), default=str)

    def told(self, record: logging.LogRecord) -> dict[str, Any]:
        """What the line says."""
        told = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "severity": record.levelname,
            "event": record.getMessage(),
            **{k: v for k, v in record.__dict__.items() if k not in _STANDARD},
        }
        if record.exc_info and record.exc_info[0]:
            # The kind and the place, never the text: foreign errors may quote what they read.
            told["error"] = record.exc_info[0].__name__
            told["where"] = _where(record)
        return told


def log_to(path: Path) -> logging.Handler:
    """Write the troupe's log to this file, from now on; a second call adds no second line."""
    logger = logging.getLogger("troupe")
    for old in list(logger.handlers):
        logger.removeHandler(old)
        old.close()
    handler = logging.FileHandler(path, encoding="utf-8")
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
