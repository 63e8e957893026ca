"""What every world gives to its handlers alike: the time, a memory reading, the table of errors."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime

from analysis import ERRORS
from tracking import Row


def utc_now() -> datetime:
    return datetime.now(UTC)


def taxonomy() -> list[Row]:
    """The table of errors, as the deeds take it."""
    return [
        {
            "error_type": error.name,
            "retryable": error.retryable,
            "replan": error.replan,
            "hint": error.hint,
        }
        for error in ERRORS.values()
    ]


def peak_megabytes() -> float | None:
    """Peak memory of this process; None on systems that do not tell."""
    reader = _peak_reader()
    return reader() if reader else None


def _peak_reader() -> Callable[[], float] | None:
    if sys.platform == "win32":
        return None
    import resource

    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
