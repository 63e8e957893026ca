"""A page of the runs, the newest first, by their state or their names."""

from datetime import datetime
from typing import cast, get_args

import msgspec

from .backend import Backend, InvalidOperation
from .outcome import Outcome, outcome_of
from .runs import RunPageState, RunStatus, run_page

MOST = 500
"""Runs of a page."""


class RunPage(msgspec.Struct, frozen=True, kw_only=True):
    """The result of `list_runs`."""

    runs: list[RunStatus]
    """The newest first."""
    outcomes: list[Outcome]
    """How each of them stands, as far as its row says."""
    following: str | None
    """The argument `before` of the next page; None: this is the last one."""


def list_runs(
    backend: Backend,
    state: str = "",
    text: str = "",
    analysis: str = "",
    before: str = "",
    limit: int = 50,
) -> RunPage:
    """List runs of the last year whose id holds a text, of an analysis, in a state.

    `state` is open, stopped, failures (records without a row) or empty for all; `before` is
    `following` of the page before. Raises `InvalidOperation` for other values.
    """
    if state and state not in get_args(RunPageState):
        raise InvalidOperation(f"state: use {', '.join(get_args(RunPageState))}, or nothing")
    if not 1 <= limit <= MOST:
        raise InvalidOperation(f"limit: use 1 to {MOST}")
    found = run_page(
        backend, state=cast("RunPageState | None", state or None), text=text or None,
        analysis=analysis or None, before=_place(before), limit=limit + 1,
    )  # fmt: skip
    runs = found[:limit]
    more = len(found) > limit
    return RunPage(
        runs=runs,
        outcomes=[outcome_of(run) for run in runs],
        following=f"{runs[-1].planned_at.isoformat()}~{runs[-1].run_id}" if more else None,
    )


def _place(before: str) -> tuple[datetime, str] | None:
    """The time and the run that a page begins after."""
    if not before:
        return None
    time, _, run_id = before.partition("~")
    try:
        return msgspec.convert(time, datetime), run_id
    except msgspec.ValidationError as error:
        raise InvalidOperation("before: use `following` of the page before") from error
