"""`troupe status --watch`: the same query again and again, until everything is over."""

import json
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict
from typing import Any

from troupe.report.change_log import Feed
from troupe.report.reconciliation import part, rows
from troupe.report.snapshot import Scene, is_finished

from .client import Unanswered
from .watch_state import Answer, Ask, Watch

WELL, BADLY, INTERRUPTED = 0, 1, 130
"""How the command ends: all went well; a run was stopped or refused, or its books do not balance;
somebody ended the watch."""


Show = Callable[[Scene], None]
"""Where the looks go."""


class Ended(BaseException):
    """Somebody asked for the end, with SIGINT or SIGTERM."""


def watch(
    ask: Ask,
    run_id: str | None,
    seen: Watch,
    shown: AbstractContextManager[Show],
    wait: Callable[[], None],
) -> int:
    """Ask, show and wait, until no run is open or somebody ends it; the command's exit status.

    A first query without an answer is raised as `Unanswered`; later ones are asked again.
    """
    with _signals() as told:
        try:
            last = seen.look(ask, run_id)
            with shown as show:
                show(last)
                while not is_finished(last.status):
                    wait()
                    try:
                        last = seen.look(ask, run_id)
                    except Unanswered as problem:
                        last = seen.missed(last, str(problem))
                    show(last)
        except Ended:
            return INTERRUPTED
        except Exception:
            # DuckDB makes an error of its own of what a signal raised in the midst of a query.
            if told:
                return INTERRUPTED
            raise
    return _result(last, seen.watched)


def _result(scene: Scene, watched: set[str]) -> int:
    """Of the runs that were watched to their end, and of the one that is told in full."""
    mine = watched | {str(scene.run.get("run_id"))}
    stopped = any(run.get("stopped_for") for run in scene.runs if str(run.get("run_id")) in mine)
    unbalanced = part(scene.run, "reconciliation").get("ok") is False
    return BADLY if stopped or unbalanced or rows(scene.status, "refusals") else WELL


@contextmanager
def _signals() -> Iterator[list[int]]:
    """Those that came. Both leave the terminal as it was."""
    told: list[int] = []

    def end(number: int, _frame: Any) -> None:
        told.append(number)
        raise Ended

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield told
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def plainly(say: Callable[[str], None]) -> Iterator[Show]:
    """Without a terminal: a line for each change."""
    feed = Feed()

    def show(scene: Scene) -> None:
        for each in feed.news(scene):
            say(each)

    yield show


@contextmanager
def as_json(say: Callable[[str], None]) -> Iterator[Show]:
    """For scripts: one document a line and look, with what the status says and the forecasts."""

    def show(scene: Scene) -> None:
        forecasts = {run: asdict(forecast) for run, forecast in scene.forecasts.items()}
        told = {
            "at": scene.now.isoformat(),
            **scene.status,
            "run": scene.run or None,
            "forecasts": forecasts,
            "trouble": scene.trouble or None,
        }
        say(json.dumps(told, ensure_ascii=False, default=str))

    yield show


@contextmanager
def on_terminal(every: float) -> Iterator[Show]:
    """A screen of its own while it lasts; the last look stays when it ends."""
    from troupe.report.live_screen import Stage

    with Stage(time.monotonic, every) as stage:
        yield stage.show


def patiently(ask: Ask) -> Ask:
    """On a terminal: the first query may wait for a worker's long step, and says so."""
    from rich.console import Console

    console = Console()
    asked: list[str | None] = []

    def told(run_id: str | None) -> Answer:
        if asked:
            return ask(run_id)
        try:
            with console.status("asking how the runs stand"):
                answer = ask(run_id)
        finally:
            console.show_cursor()  # also where a signal came while the line was drawn
        asked.append(run_id)
        return answer

    return told


def has_terminal() -> bool:
    """Whether somebody looks at the output who can be shown a screen."""
    from rich.console import Console

    return sys.stdout.isatty() and not Console().is_dumb_terminal
