"""What every backend gives to its handlers alike: the time, a memory reading, the table of errors."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from analysis import ERRORS
from handlers.ports import Policy
from tracking import Row


class BadCap(ValueError):
    """A cap on what a day may cost is no number above 0; the text names the variable."""


def utc_now() -> datetime:
    return datetime.now(UTC)


def error_types() -> list[Row]:
    """The table of errors, as the transactions take it."""
    return [
        {
            "error_type": error.name,
            "retryable": error.retryable,
            "replan": error.replan,
            "hint": error.hint,
        }
        for error in ERRORS.values()
    ]


def capped(policy: Policy, environ: Mapping[str, str]) -> Policy:
    """The policy with the caps of a day that the environment sets. Raises `BadCap`."""
    tokens = _cap("TROUPE_TOKENS_A_DAY", environ)
    return replace(
        policy,
        budget_a_day=_cap("TROUPE_BUDGET_A_DAY", environ),
        tokens_a_day=None if tokens is None else int(tokens),
    )


def _cap(name: str, environ: Mapping[str, str]) -> float | None:
    told = environ.get(name, "").strip()
    try:
        cap = float(told) if told else None
    except ValueError:
        cap = 0.0
    if cap is not None and not 0 < cap < float("inf"):
        raise BadCap(f"{name} is {told!r}: give a number above 0, or nothing for no cap")
    return cap


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
