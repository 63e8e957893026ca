"""What all backends share: settings, the clock, peak memory, the table of error types."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any, get_type_hints

from msgspec import Meta, ValidationError, convert

from analysis import ERRORS, Analysis, AnalysisError
from handlers.attempts.close import answer_columns
from handlers.ports import Policy
from tracking import BadName, Row, Source
from tracking.statements import reserved_tables
from tracking.tables import Column, output_columns

if sys.platform != "win32":
    import resource


_SOURCE = "TROUPE_SOURCE_"


class BadSetting(ValueError):
    """A setting is missing or invalid; the text names the variable and what to set it to."""


def _cap(variable: str, kind: str) -> Meta:
    return Meta(
        title=variable, gt=0, le=10**18, description=f"{kind} above 0, or nothing for no cap"
    )


class DayCaps:
    """Daily caps: fields of `Policy` that the environment sets for every backend."""

    budget_a_day: Annotated[float, _cap("TROUPE_BUDGET_A_DAY", "a number")]
    tokens_a_day: Annotated[int, _cap("TROUPE_TOKENS_A_DAY", "a whole number")]


def read_variables(fields: type, environ: Mapping[str, str]) -> dict[str, Any]:
    """Return the values of the fields whose variable (`Meta.title`) is set and not empty.

    Raises `BadSetting`, which names every variable that is invalid, or required and not set.
    """
    values, problems = {}, []
    for name, hint in get_type_hints(fields, include_extras=True).items():
        for meta in getattr(hint, "__metadata__", ()):
            text = environ.get(meta.title, "").strip()
            try:
                if text or meta.min_length:
                    values[name] = convert(text, hint, strict=False)
            except ValidationError:
                value = repr(text) if text else "not set"
                problems.append(f"{meta.title} is {value}: give {meta.description}")
    if problems:
        raise BadSetting("\n".join(problems))
    return values


def read_source(environ: Mapping[str, str]) -> Source:
    """Read `TROUPE_SOURCE_TABLE`, and a variable such as `TROUPE_SOURCE_TRANSCRIPT` per column.

    Raises `BadSetting`, which names the variable.
    """
    source = Source()
    for variable, value in environ.items():
        name = variable.removeprefix(_SOURCE).lower()
        if not variable.startswith(_SOURCE) or not value.strip():
            continue
        try:
            changed = (
                {"table": value.strip()}
                if name == "table"
                else {"columns": {**source.columns, name: value.strip()}}
            )
            source = replace(source, **changed)
            source.names()
        except BadName as error:
            raise BadSetting(f"{variable} is {value!r}: {error}") from error
    return source


def utc_now() -> datetime:
    """Return the time of this machine, aware, in UTC."""
    return datetime.now(UTC)


def error_types() -> list[Row]:
    """Return the error types as a parameter of the transactions."""
    return [
        {
            "error_type": error.name,
            "retryable": error.retryable,
            "replan": error.replan,
            "hint": error.hint,
        }
        for error in ERRORS.values()
    ]


def output_tables(analyses: Sequence[Analysis]) -> dict[str, tuple[Column, ...]]:
    """Return the columns of each analysis' output table.

    The summary column is required. Raises `AnalysisError` for a table name that is reserved.
    """
    for each in analyses:
        if each.table in reserved_tables():
            raise AnalysisError(f"{each.name}: the table {each.table} is Troupe's; rename it")
    return {each.table: output_columns(_required(each)) for each in analyses}


def _required(analysis: Analysis) -> tuple[Column, ...]:
    summary = analysis.contract.summary
    return tuple(
        Column(name=c.name, type=c.type, mode="REQUIRED") if c.name == summary else c
        for c in answer_columns(analysis)
    )


def capped(policy: Policy, environ: Mapping[str, str]) -> Policy:
    """Return the policy with the daily caps of the environment. Raises `BadSetting`."""
    return replace(policy, **read_variables(DayCaps, environ))


def peak_megabytes() -> float | None:
    """Return the peak memory of this process; None on Windows, which does not report it."""
    if sys.platform == "win32":
        return None
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
