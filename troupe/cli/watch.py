"""`troupe status --watch`: query the status and show it until every run is over."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime

import msgspec
import typer
from rich.console import Console

from troupe import operations
from troupe.exit_codes import ExitCode, of_signal
from troupe.interrupts import Interrupted, raise_on_signals
from troupe.operations.outcome import exit_code
from troupe.operations.run_status import Status
from troupe.report.live.change_log import ChangeLog
from troupe.report.live.screen import LiveScreen
from troupe.report.live.snapshot import Snapshot

from .client import CallFailed, try_call
from .output import fail
from .target import target
from .watch_state import Query, WatchState

Show = Callable[[Snapshot], None]
"""Shows one snapshot."""


def watch_status(
    run_id: str | None, every: float | None, fail_over: float, *, as_json: bool
) -> int:
    """Watch one run or all of them; return the exit code. `every`: seconds between two queries."""
    # A query of a deployment is about ten BigQuery queries, which cost money.
    seconds = every or (15.0 if target().is_gcp else 2.0)
    state = WatchState(time.monotonic, lambda: datetime.now(UTC))

    def query(of_run: str | None) -> Status:
        return try_call(operations.status, run_id=of_run)

    refresh: Query = query
    if as_json:
        opened = json_lines(typer.echo)
    elif has_terminal():
        refresh, opened = with_spinner(query), on_terminal(seconds)
    else:
        opened = text_lines(typer.echo)
    try:
        return watch(refresh, run_id, state, opened, lambda: time.sleep(seconds), fail_over)
    except CallFailed as error:
        fail(str(error), error.code)


def watch(
    query: Query,
    run_id: str | None,
    state: WatchState,
    opened: AbstractContextManager[Show],
    wait: Callable[[], None],
    fail_over: float = 0,
) -> int:
    """Query, show and wait until no run is open, or a signal arrives; return the exit code.

    Raises `CallFailed` if the first query fails; a later one is repeated after the wait.
    """
    with raise_on_signals() as received:
        try:
            last = state.refresh(query, run_id)
            with opened as show:
                show(last)
                while not last.status.is_finished:
                    wait()
                    try:
                        last = state.refresh(query, run_id)
                    except CallFailed as error:
                        last = state.without_answer(last, str(error))
                    show(last)
        except (Interrupted, Exception):
            # DuckDB raises an error of its own for an exception that a signal raised in its query.
            if received:
                return of_signal(received[0])
            raise
    return _exit_code(last, state.watched, fail_over)


def _exit_code(snapshot: Snapshot, watched: set[str], fail_over: float) -> int:
    """Judge the runs that were watched to their end, and the one that is shown in full."""
    shown = [snapshot.outcome] if snapshot.outcome else []
    in_full = {each.run_id for each in shown}
    others = [
        each
        for each in snapshot.status.outcomes
        if each.run_id in watched and each.run_id not in in_full
    ]
    if snapshot.status.refusals:
        return ExitCode.FAILED
    return exit_code([*shown, *others], fail_over)


@contextmanager
def text_lines(write: Callable[[str], None]) -> Iterator[Show]:
    """Write a line for each change, for output that is not a terminal."""
    log = ChangeLog()

    def show(snapshot: Snapshot) -> None:
        for line in log.changes(snapshot):
            write(line)

    yield show


@contextmanager
def json_lines(write: Callable[[str], None]) -> Iterator[Show]:
    """Write one JSON document a line for each snapshot: the status and the forecasts."""

    def show(snapshot: Snapshot) -> None:
        document = {
            "at": snapshot.now,
            **msgspec.structs.asdict(snapshot.status),
            "run": snapshot.run,
            "details": snapshot.details,
            "outcome": snapshot.outcome,
            "forecasts": snapshot.forecasts,
            "trouble": snapshot.trouble or None,
        }
        write(msgspec.json.encode(document).decode())

    yield show


@contextmanager
def on_terminal(every: float) -> Iterator[Show]:
    """Show the snapshots on the alternate screen; leave the last one on the usual screen."""
    with LiveScreen(time.monotonic, every) as live:
        yield live.show


def with_spinner(query: Query) -> Query:
    """Show a spinner during the first query, which may wait for a long step of the worker."""
    console = Console()
    is_first = True

    def first_with_spinner(run_id: str | None) -> Status:
        nonlocal is_first
        if not is_first:
            return query(run_id)
        try:
            with console.status("querying the status of the runs"):
                answer = query(run_id)
        finally:
            console.show_cursor()  # also if a signal arrived while the spinner was drawn
        is_first = False
        return answer

    return first_with_spinner


def has_terminal() -> bool:
    """Return whether the output is a terminal that can show a screen."""
    return sys.stdout.isatty() and not Console().is_dumb_terminal
