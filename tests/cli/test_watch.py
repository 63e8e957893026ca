"""`troupe status --watch`, with the time held in the hand."""

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

from tests.cli.command import ENVIRONMENT, TROUPE, Command
from troupe.cli.client import Unanswered
from troupe.cli.watch import Ended, as_json, plainly, watch
from troupe.cli.watch_state import Watch
from troupe.report.pace import Pace
from troupe.report.snapshot import Scene

Answer = dict[str, Any]
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
OVER = "2026-03-02T09:00:00Z"


def run(analysed: int, records: int = 100, **more: Any) -> Answer:
    return {
        "run_id": "r1",
        "records": records,
        "analysed": analysed,
        "cost": 0.01 * analysed,
    } | more


def status(*runs: Answer, **more: Any) -> Answer:
    return {"worker": {"pid": 7}, "runs": list(runs)} | more


def asked(*looks: Answer | Unanswered) -> Callable[[str | None], Answer]:
    """One look after another."""
    rest = iter(looks)

    def ask(_run_id: str | None) -> Answer:
        found = next(rest)
        if isinstance(found, Unanswered):
            raise found
        return found

    return ask


def seen() -> Watch:
    return Watch(lambda: 0.0, lambda: NOON)


def watched(*looks: Answer | Unanswered, run_id: str | None = "r1") -> tuple[int, list[str]]:
    """How it ended, and what it said without a terminal."""
    told: list[str] = []
    code = watch(asked(*looks), run_id, seen(), plainly(told.append), lambda: None)
    return code, told


def test_it_ends_when_every_run_is_over() -> None:
    """And tells the end; what did not change is not said twice."""
    looks = [status(run(0)), status(run(0)), status(run(100, completed_at=OVER))]

    code, told = watched(*looks)

    assert 0 == code
    assert 1 == sum("r1: running; 0 of 100 records over (0 %)" in line for line in told)
    assert 1 == sum("r1: completed; 100 of 100 records over" in line for line in told)


def test_a_request_that_nobody_has_planned_is_waited_for() -> None:
    """It is not yet a run, and not over either."""
    waiting = {"run_id": "r1", "requested_at": OVER}

    code, told = watched(
        status(requests=[waiting]), status(run(100, completed_at=OVER), requests=[])
    )

    assert 0 == code
    assert any("run r1: requested" in line for line in told)
    assert any("moves again" in line for line in told)


@pytest.mark.parametrize(
    ("last", "code"),
    [
        (status(run(100, completed_at=OVER)), 0),
        (status(run(50, completed_at=OVER, stopped_for="breaker")), 1),
        (status(run(100, completed_at=OVER), reconciliation={"ok": False, "planned": 100}), 1),
        (status(refusals=[{"run_id": "r1", "reason": "budget", "detail": "too dear"}]), 1),
        (status(), 0),
    ],
)
def test_the_exit_status_says_how_it_ended(last: Answer, code: int) -> None:
    """For scripts that wait for a run."""
    assert code == watched(last)[0]


def test_of_all_runs_those_that_were_open_decide() -> None:
    """A run that was stopped last week is no news; one that was stopped meanwhile is."""
    old = run(50, run_id="old", completed_at=OVER, stopped_for="operator")
    over = run(100, completed_at=OVER)
    ended = run(9, run_id="r2", completed_at=OVER, stopped_for="budget")

    def code(first: Answer, last: Answer) -> int:
        looks = [status(old, first, run(0)), status(run(0))]
        ends = [status(old, last, over), status(over)]
        return watched(*looks, *ends, run_id=None)[0]

    assert 0 == code(over | {"run_id": "r2"}, over | {"run_id": "r2"})
    assert 1 == code(run(1, run_id="r2"), ended)


def test_a_look_without_an_answer_is_asked_again() -> None:
    """With the reason, and the last picture stays."""
    code, told = watched(
        status(run(10)), Unanswered("in the way", 1), status(run(100, completed_at=OVER))
    )

    assert 0 == code
    assert any("the last look had no answer (in the way)" in line for line in told)


def test_a_first_look_without_an_answer_ends_it() -> None:
    """There is nothing to watch: a run of another name, or no deployment."""
    with pytest.raises(Unanswered, match="no such run"):
        watched(Unanswered("no such run"))


def test_whoever_ends_it_gets_the_status_of_an_interrupt() -> None:
    """Watching changes nothing, so nothing is left half done; the old handlers are back."""
    before = signal.getsignal(signal.SIGINT)

    def interrupted() -> None:
        signal.raise_signal(signal.SIGINT)

    told: list[str] = []
    code = watch(asked(status(run(0))), "r1", seen(), plainly(told.append), interrupted)

    assert 130 == code
    assert before is signal.getsignal(signal.SIGINT)


def test_an_error_that_a_signal_became_is_the_signal() -> None:
    """DuckDB says that its query was interrupted; other errors are errors."""

    def interrupted(_run_id: str | None) -> Answer:
        with suppress(Ended):
            signal.raise_signal(signal.SIGTERM)
        raise RuntimeError("Query interrupted")

    def broken(_run_id: str | None) -> Answer:
        raise RuntimeError("broken")

    shown = plainly(print)
    assert 130 == watch(interrupted, "r1", seen(), shown, lambda: None)
    with pytest.raises(RuntimeError, match="broken"):
        watch(broken, "r1", seen(), shown, lambda: None)


def test_the_show_is_closed_when_it_is_interrupted() -> None:
    """So that a terminal is left as it was found."""
    closed = []

    @contextmanager
    def shown() -> Iterator[Callable[[Scene], None]]:
        try:
            yield lambda scene: None
        finally:
            closed.append(True)

    def interrupted() -> None:
        raise Ended

    watch(asked(status(run(0))), "r1", seen(), shown(), interrupted)

    assert [True] == closed


def test_without_a_name_the_newest_open_run_is_told_in_full() -> None:
    """The second query is about it."""
    names: list[str | None] = []

    def ask(run_id: str | None) -> Answer:
        names.append(run_id)
        both = [run(100, completed_at=OVER), run(5, run_id="r2")]
        return status(*([both[1]] if run_id else both), batches=[] if run_id else None)

    assert "r2" == seen().look(ask, None).run["run_id"]
    assert [None, "r2"] == names


def test_what_was_refused_before_the_watch_is_no_news() -> None:
    """Of all runs; of one it is."""
    old = {"run_id": "old", "reason": "budget", "detail": "last week"}
    looks = asked(*[status(run(0), refusals=[old])] * 2)

    assert [] == seen().look(looks, None).status["refusals"]
    assert 1 == watched(status(refusals=[old]))[0]


def test_errors_that_come_while_it_watches_are_new() -> None:
    """Those of the first look are not."""
    first, second = ([{"error_type": name, "errors": 1} for name in names] for names in (
        ["truncated"], ["truncated", "blocked"],
    ))  # fmt: skip
    looks = asked(status(run(0), errors=first), status(run(1), errors=second))
    it = seen()

    assert frozenset() == it.look(looks, "r1").fresh
    assert frozenset({"blocked"}) == it.look(looks, "r1").fresh


def test_scripts_get_one_document_a_line() -> None:
    """With the forecasts beside what the status says."""
    told: list[str] = []
    looks = asked(status(run(0)), status(run(100, completed_at=OVER)))

    assert 0 == watch(looks, "r1", seen(), as_json(told.append), lambda: None)

    first, last = (json.loads(line) for line in told)
    assert (NOON.isoformat(), 0, 100) == (
        first["at"], first["runs"][0]["analysed"], last["run"]["analysed"],
    )  # fmt: skip
    assert ["a_minute", "cost", "latest", "soonest"] == sorted(first["forecasts"]["r1"])


def test_the_time_left_is_a_range_of_what_was_seen() -> None:
    """Thirty records in twenty seconds, ten in the last ten; two moves say little."""
    pace = Pace()
    for at, analysed in ((0.0, 30), (10.0, 50), (15.0, 50), (20.0, 60)):
        pace.saw(at, run(analysed))
    found = pace.forecast(20.0, run(60))

    assert ("90 records a minute", "18 s to 53 s left") == (found.rate, found.left)
    assert 1.0 == pytest.approx(found.cost)


def test_a_run_that_stands_still_gets_slower() -> None:
    """The last thing that moved says less and less."""
    pace = Pace()
    pace.saw(0.0, run(0))
    pace.saw(10.0, run(50))

    assert ("300 records a minute", "50 records an hour") == (
        pace.forecast(10.0, run(50)).rate, pace.forecast(3600.0, run(50)).rate,
    )  # fmt: skip


def test_a_run_that_was_begun_before_the_watch_has_a_pace_at_once() -> None:
    """When it was planned, nothing was over."""
    pace = Pace()
    pace.saw(1000.0, run(50), age=60.0)

    assert "50 records a minute" == pace.forecast(1000.0, run(50)).rate


@pytest.mark.parametrize("looks", [[], [0], [0, 0]])
def test_nothing_is_foretold_before_anything_moved(looks: list[int]) -> None:
    """A first look says nothing about speed."""
    pace = Pace()
    for at, analysed in enumerate(looks):
        pace.saw(float(at), run(analysed))
    found = pace.forecast(9.0, run(0))

    assert ("", None) == (found.left, found.cost)
    assert "not known yet" == found.rate


def test_the_first_batch_alone_foretells_no_time() -> None:
    """The canary is small; what it cost says something already."""
    canary = {"canary": {"records": 10, "is_over": False}}
    beside = {"course": canary, "batches": [{"batch": 1}, {"batch": 2}]}
    it = Watch(lambda: 60.0, lambda: NOON)
    found = it.look(asked(status(run(10, planned_at="2026-03-02T11:59:00Z"), **beside)), "r1")

    assert ("", 1.0) == (found.forecast.left, found.forecast.cost)


def test_on_a_terminal_it_leaves_the_screen_as_it_was(tmp_path: Path) -> None:
    """The last look stays on the usual screen, and the cursor is there again."""
    command = Command(tmp_path / "home")
    command.load(3)
    command("request", "--run-id", "r1")
    command("work", "--idle-timeout", "0")

    code, told = on_a_terminal([*TROUPE, "status", "r1", "--watch", "--home", str(command.home)])

    assert 0 == code, told
    entered, left = told.index(b"\x1b[?1049h"), told.index(b"\x1b[?1049l")
    assert entered < left
    assert b"3 of 3 records over" in told[left:]
    assert told.rindex(b"\x1b[?25l") < told.rindex(b"\x1b[?25h")


def on_a_terminal(words: list[str]) -> tuple[int, bytes]:
    """How a command ended that has a terminal, and what it wrote there."""
    ours, theirs = pty.openpty()
    environment = ENVIRONMENT | {"TERM": "xterm", "COLUMNS": "80", "LINES": "24"}
    process = subprocess.Popen(words, stdout=theirs, env=environment)
    os.close(theirs)
    told = b""
    with suppress(OSError):  # the other side was closed
        while block := os.read(ours, 1 << 16):
            told += block
    os.close(ours)
    return process.wait(), told
