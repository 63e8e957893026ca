"""Parts that all backends share: settings, the time, peak memory, the table of errors."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any, get_type_hints

from msgspec import Meta, ValidationError, convert

from analysis import ERRORS
from handlers.ports import Policy
from tracking import Row


class BadSetting(ValueError):
    """A setting is missing or wrong; the text names the variable and says what to write."""


"""The name that `troupe/cli` uses."""


def _cap(variable: str, kind: str) -> Meta:
    remedy = f"{kind} above 0, or nothing for no cap"
    return Meta(title=variable, gt=0, le=10**18, description=remedy)


class DayCaps:
    """Fields of `Policy` that the environment sets for every backend."""

    budget_a_day: Annotated[float, _cap("TROUPE_BUDGET_A_DAY", "a number")]
    tokens_a_day: Annotated[int, _cap("TROUPE_TOKENS_A_DAY", "a whole number")]


def read_variables(fields: type, environ: Mapping[str, str]) -> dict[str, Any]:
    """Read the fields whose `Meta.title` is a variable that is set and not empty.

    Raises `BadSetting`, which names every variable that is wrong, or required and not set.
    """
    values, problems = {}, []
    for name, hint in get_type_hints(fields, include_extras=True).items():
        for meta in getattr(hint, "__metadata__", ()):
            text = environ.get(meta.title, "").strip()
            try:
                if text or meta.min_length:
                    values[name] = convert(text, hint, strict=False)
            except ValidationError:
                given = repr(text) if text else "not set"
                problems.append(f"{meta.title} is {given}: give {meta.description}")
    if problems:
        raise BadSetting("\n".join(problems))
    return values


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
    """Set the caps of a day that the environment gives. Raises `BadSetting`."""
    return replace(policy, **read_variables(DayCaps, environ))


def peak_megabytes() -> float | None:
    """Peak memory of this process; None on systems that do not report it."""
    reader = _peak_reader()
    return reader() if reader else None


def _peak_reader() -> Callable[[], float] | None:
    if sys.platform == "win32":
        return None
    import resource

    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
