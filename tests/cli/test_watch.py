"""`troupe status --watch`, with a clock that the test holds."""

import json
import os
import pty
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import ENVIRONMENT, TROUPE, finished
from tests.report import samples
from troupe.cli.client import CallFailed
from troupe.cli.watch import json_lines, text_lines, watch
from troupe.cli.watch_state import WatchState
from troupe.interrupts import Interrupted
from troupe.operations.run_status import Status, Worker
from troupe.operations.runs import RunStatus
from troupe.report.live.snapshot import Snapshot
from troupe.report.pace import Pace

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
OVER = datetime(2026, 3, 2, 9, tzinfo=UTC)


def run(analysed: int, records: int = 100, **more: Any) -> RunStatus:
    fields = {"planned_at": OVER, "cost": 0.01 * analysed} | more
    return samples.run(analysed, records=records, **fields)


def status(*runs: RunStatus, **more: Any) -> Status:
    return samples.status(*runs, **{"worker": Worker(pid=7)} | more)


UNBALANCED = samples.totals(planned=100, ok=False)


def answering(*answers: Status | CallFailed) -> Callable[[str | None], Status]:
    """Return a query that gives one answer after another."""
    rest = iter(answers)

    def query(_run_id: str | None) -> Status:
        answer = next(rest)
        if isinstance(answer, CallFailed):
            raise answer
        return answer

    return query


def new_state() -> WatchState:
    return WatchState(lambda: 0.0, lambda: NOON)


def watched(*answers: Status | CallFailed, run_id: str | None = "r1") -> tuple[int, list[str]]:
    """Watch without a terminal; return the exit code and the lines."""
    lines: list[str] = []
    code = watch(answering(*answers), run_id, new_state(), text_lines(lines.append), lambda: None)
    return code, lines


def test_it_ends_when_every_run_is_over() -> None:
    """The last line is its end; what did not change is not written twice."""
    answers = [status(run(0)), status(run(0)), status(run(100, completed_at=OVER))]

    code, lines = watched(*answers)

    assert 0 == code
    assert 1 == sum("r1: running; 0 of 100 records over (0 %)" in line for line in lines)
    assert 1 == sum("r1: completed; 100 of 100 records over" in line for line in lines)


def test_a_request_that_is_not_planned_yet_is_waited_for() -> None:
    """It is no run yet, and not over either."""
    waiting = {"run_id": "r1", "requested_at": OVER}

    code, lines = watched(
        status(requests=[waiting]), status(run(100, completed_at=OVER), requests=[])
    )

    assert 0 == code
    assert any("run r1: requested" in line for line in lines)
    assert any("no longer held up" in line for line in lines)


@pytest.mark.parametrize(
    ("last", "code"),
    [
        (status(run(100, completed_at=OVER)), 0),
        (status(run(50, completed_at=OVER, stopped_for="breaker")), 4),
        (status(run(97, failed=3, completed_at=OVER)), 3),
        (status(run(97, released=3, completed_at=OVER)), 3),
        (
            status(run(100, completed_at=OVER), details=samples.details(reconciliation=UNBALANCED)),
            1,
        ),
        (status(refusals=[{"run_id": "r1", "reason": "budget", "detail": "too dear"}]), 1),
        (status(), 0),
    ],
)
def test_the_exit_code_tells_how_the_runs_ended(last: Status, code: int) -> None:
    """For scripts that wait for a run."""
    assert code == watched(last)[0]


def test_the_runs_that_were_open_decide_the_exit_code() -> None:
    """A run that was stopped before the watch does not; one that was stopped meanwhile does."""
    old = run(50, run_id="old", completed_at=OVER, stopped_for="operator")
    over = run(100, completed_at=OVER)
    ended = run(9, run_id="r2", completed_at=OVER, stopped_for="budget")

    def code(first: RunStatus, last: RunStatus) -> int:
        before = [status(old, first, run(0)), status(run(0))]
        after = [status(old, last, over), status(over)]
        return watched(*before, *after, run_id=None)[0]

    second = run(100, run_id="r2", completed_at=OVER)
    assert 0 == code(second, second)
    assert 4 == code(run(1, run_id="r2"), ended)


def test_a_query_that_fails_is_repeated() -> None:
    """The reason is written, and the last snapshot stays."""
    code, lines = watched(
        status(run(10)), CallFailed("in the way", 1), status(run(100, completed_at=OVER))
    )

    assert 0 == code
    assert any("the last query failed (in the way)" in line for line in lines)


def test_a_first_query_that_fails_ends_the_watch() -> None:
    """The run is unknown, or there is no deployment."""
    with pytest.raises(CallFailed, match="no such run"):
        watched(CallFailed("no such run"))


def test_a_signal_ends_the_watch_with_130() -> None:
    """The signal handlers of before are installed again."""
    before = signal.getsignal(signal.SIGINT)

    def interrupted() -> None:
        signal.raise_signal(signal.SIGINT)

    lines: list[str] = []
    query = answering(status(run(0)))
    code = watch(query, "r1", new_state(), text_lines(lines.append), interrupted)

    assert 130 == code
    assert before is signal.getsignal(signal.SIGINT)


def test_an_error_that_a_signal_caused_ends_the_watch_with_its_code() -> None:
    """DuckDB raises RuntimeError for an interrupted query; other errors are raised."""

    def interrupted(_run_id: str | None) -> Status:
        with suppress(Interrupted):
            signal.raise_signal(signal.SIGTERM)
        raise RuntimeError("Query interrupted")

    def broken(_run_id: str | None) -> Status:
        raise RuntimeError("broken")

    show = text_lines(print)
    assert 143 == watch(interrupted, "r1", new_state(), show, lambda: None)
    with pytest.raises(RuntimeError, match="broken"):
        watch(broken, "r1", new_state(), show, lambda: None)


def test_the_show_is_closed_when_it_is_interrupted() -> None:
    """So a terminal leaves the alternate screen."""
    closed = []

    @contextmanager
    def shown() -> Iterator[Callable[[Snapshot], None]]:
        try:
            yield lambda snapshot: None
        finally:
            closed.append(True)

    def interrupted() -> None:
        signal.raise_signal(signal.SIGINT)

    watch(answering(status(run(0))), "r1", new_state(), shown(), interrupted)

    assert [True] == closed


def test_without_a_name_the_newest_open_run_is_shown_in_full() -> None:
    """The second query is about it."""
    names: list[str | None] = []

    def query(run_id: str | None) -> Status:
        names.append(run_id)
        both = [run(100, completed_at=OVER), run(5, run_id="r2")]
        return status(*([both[1]] if run_id else both))

    shown = new_state().refresh(query, None).run
    assert shown is not None
    assert "r2" == shown.run_id
    assert [None, "r2"] == names


def test_a_refusal_before_the_watch_is_left_out() -> None:
    """Of a watch of all runs; a watch of one run has it."""
    old = {"run_id": "old", "reason": "budget", "detail": "last week"}
    query = answering(*[status(run(0), refusals=[old])] * 2)

    assert [] == new_state().refresh(query, None).status.refusals
    assert 1 == watched(status(refusals=[old]))[0]


def test_errors_that_appear_during_the_watch_are_new() -> None:
    """Those of the first snapshot are not."""
    first, second = (
        samples.details(errors=[samples.error(name) for name in names])
        for names in (["truncated"], ["truncated", "blocked"])
    )
    query = answering(status(run(0), details=first), status(run(1), details=second))
    state = new_state()

    assert frozenset() == state.refresh(query, "r1").fresh
    assert frozenset({"blocked"}) == state.refresh(query, "r1").fresh


def test_scripts_get_one_document_a_line() -> None:
    """The status and the forecasts."""
    lines: list[str] = []
    query = answering(status(run(0)), status(run(100, completed_at=OVER)))

    assert 0 == watch(query, "r1", new_state(), json_lines(lines.append), lambda: None)

    first, last = (json.loads(line) for line in lines)
    assert ("2026-03-02T12:00:00Z", 0, 100) == (
        first["at"], first["runs"][0]["analysed"], last["run"]["analysed"],
    )  # fmt: skip
    assert ["a_minute", "cost", "latest", "soonest"] == sorted(first["forecasts"]["r1"])


def test_the_time_left_is_a_range() -> None:
    """From the pace of the whole watch, 30 records in 20 s, and of its last part, 10 in 10 s."""
    pace = Pace()
    for at, analysed in ((0.0, 30), (10.0, 50), (15.0, 50), (20.0, 60)):
        pace.observe(at, run(analysed))
    forecast = pace.forecast(20.0, run(60))

    assert ("90 records a minute", "18 s to 53 s left") == (forecast.rate, forecast.left)
    assert 1.0 == pytest.approx(forecast.cost)


def test_a_run_that_does_not_move_gets_slower() -> None:
    """The rate falls with the time since the last change."""
    pace = Pace()
    pace.observe(0.0, run(0))
    pace.observe(10.0, run(50))

    assert ("300 records a minute", "50 records an hour") == (
        pace.forecast(10.0, run(50)).rate, pace.forecast(3600.0, run(50)).rate,
    )  # fmt: skip


def test_a_run_that_began_before_the_watch_has_a_pace_at_once() -> None:
    """It starts with 0 records at the time of its plan."""
    pace = Pace()
    pace.observe(1000.0, run(50), age=60.0)

    assert "50 records a minute" == pace.forecast(1000.0, run(50)).rate


@pytest.mark.parametrize("snapshots", [[], [0], [0, 0]])
def test_there_is_no_forecast_before_the_first_change(snapshots: list[int]) -> None:
    """One snapshot has no pace."""
    pace = Pace()
    for at, analysed in enumerate(snapshots):
        pace.observe(float(at), run(analysed))
    forecast = pace.forecast(9.0, run(0))

    assert ("", None) == (forecast.left, forecast.cost)
    assert "not known yet" == forecast.rate


def test_the_canary_alone_gives_no_time_left() -> None:
    """It is small; its cost is a forecast already."""
    details = samples.details(
        safeguards={
            "canary": {"records": 10, "is_over": False, "analysed": 0, "failed": 0},
            "breaker": {"records_over": 0, "failed_over": 0, "limit": 20},
            "budget": None,
        },
        batches=[samples.batch(1, "submitted"), samples.batch(2, "waiting", None)],
    )
    state = WatchState(lambda: 60.0, lambda: NOON)
    query = answering(status(run(10, planned_at="2026-03-02T11:59:00Z"), details=details))
    snapshot = state.refresh(query, "r1")

    assert ("", 1.0) == (snapshot.forecast.left, snapshot.forecast.cost)


def test_on_a_terminal_it_leaves_the_screen_as_it_was(tmp_path: Path) -> None:
    """The last snapshot stays on the usual screen, and the cursor is shown."""
    command = finished(tmp_path / "home")

    code, output = on_a_terminal([*TROUPE, "status", "r1", "--watch", "--home", str(command.home)])

    assert 0 == code, output
    entered, left = output.index(b"\x1b[?1049h"), output.index(b"\x1b[?1049l")
    assert entered < left
    assert b"4 of 4 records over" in output[left:]
    assert output.rindex(b"\x1b[?25l") < output.rindex(b"\x1b[?25h")


def on_a_terminal(words: list[str]) -> tuple[int, bytes]:
    """Run a command on a terminal; return its exit code and its output."""
    ours, theirs = pty.openpty()
    environment = ENVIRONMENT | {"TERM": "xterm", "COLUMNS": "80", "LINES": "24"}
    process = subprocess.Popen(words, stdout=theirs, env=environment)
    os.close(theirs)
    output = b""
    with suppress(OSError):  # the other side was closed
        while block := os.read(ours, 1 << 16):
            output += block
    os.close(ours)
    return process.wait(), output
