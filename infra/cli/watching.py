"""`troupe status --watch`: the same question again and again, until everything is over."""

import json
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from infra.report.account import part, rows
from infra.report.feed import Feed
from infra.report.figures import between
from infra.report.pace import Forecast, Pace
from infra.report.run_text import is_over
from infra.report.scene import Scene, errors, is_finished
from infra.report.status_text import whole

from .calling import Unanswered

NEW_SECONDS = 60.0
"""For so long a type of error is marked as new."""

Answer = Mapping[str, Any]
Ask = Callable[[str | None], Answer]
"""The status of all runs, or of one in full."""

WELL, BADLY, INTERRUPTED = 0, 1, 130
"""How the command ends: all went well; a run was stopped or refused, or its books do not balance;
somebody ended the watch."""


Show = Callable[[Scene], None]
"""Where the looks go."""


class Ended(BaseException):
    """Somebody asked for the end, with SIGINT or SIGTERM."""


@dataclass(slots=True)
class Watch:
    """What was seen so far."""

    clock: Callable[[], float]
    """Seconds, forwards only."""
    now: Callable[[], datetime]
    """The time of day."""
    paces: dict[str, Pace] = field(default_factory=dict)
    known: dict[str, float] = field(default_factory=dict)
    """When each type of error was seen first."""
    past: frozenset[str] = frozenset()
    """Refusals and system errors that were there before the watch began."""
    watched: set[str] = field(default_factory=set)
    """Runs that were open at some look."""
    last: Scene | None = None

    def look(self, ask: Ask, run_id: str | None) -> Scene:
        """One look: all runs, and one of them in full, the newest that is open."""
        status = ask(run_id)
        run = _whole_of(status, ask, run_id)
        if run_id is None:
            status = self._without_past(status)
        at, now = self.clock(), self.now()
        self.watched |= {str(each.get("run_id")) for each in rows(status, "runs")
                         if not is_over(each)}  # fmt: skip
        for each in rows(status, "runs"):
            pace = self.paces.setdefault(str(each.get("run_id")), Pace())
            pace.saw(at, each, between(each.get("planned_at"), now))
        forecasts = {
            str(each.get("run_id")): self.paces[str(each.get("run_id"))].forecast(at, each)
            for each in rows(status, "runs")
            if not is_over(each)
        }
        name = str(run.get("run_id"))
        if name in forecasts and _is_canary(run):
            # A small batch by itself says little of how fast many together are.
            forecasts[name] = Forecast(cost=forecasts[name].cost)
        scene = Scene(status, run, now, forecasts)
        self.last = replace(scene, fresh=self._fresh(scene, at))
        return self.last

    def _fresh(self, scene: Scene, at: float) -> frozenset[str]:
        """What the first look saw is not new, and nothing is for long."""
        types = [name for name, _many, _hint in errors(scene)]
        for name in types:
            self.known.setdefault(name, at if self.last else at - NEW_SECONDS)
        return frozenset(name for name in types if at - self.known[name] < NEW_SECONDS)

    def missed(self, last: Scene, problem: str) -> Scene:
        """The last look again, with the reason why there is no newer one."""
        said = f"the last look had no answer ({problem}); it is asked again"
        return replace(last, now=self.now(), trouble=said)

    def _without_past(self, status: Answer) -> Answer:
        """Of all runs only news: what was refused last week is no news."""
        kept = {name: [_spelt(row) for row in rows(status, name)] for name in _LASTING}
        if self.last is None:
            self.past = frozenset(each for found in kept.values() for each in found)
        new = {
            name: [row for row in rows(status, name) if _spelt(row) not in self.past]
            for name in _LASTING
        }
        return {**status, **new}


def _is_canary(run: Answer) -> bool:
    canary = part(part(run, "course"), "canary")
    return bool(canary) and not canary.get("is_over") and len(rows(run, "batches")) > 1


_LASTING = ("refusals", "system_errors")


def _spelt(row: Answer) -> str:
    return json.dumps(row, sort_keys=True, default=str)


def _whole_of(status: Answer, ask: Ask, run_id: str | None) -> Answer:
    runs = rows(status, "runs")
    if not runs:
        return {}
    if run_id is not None:
        return whole(runs[0], status)
    newest = ([run for run in runs if not is_over(run)] or runs)[-1]
    of_it = ask(str(newest["run_id"]))
    return whole((rows(of_it, "runs") or [newest])[0], of_it)


def watch(
    ask: Ask,
    run_id: str | None,
    seen: Watch,
    shown: AbstractContextManager[Show],
    wait: Callable[[], None],
) -> int:
    """Ask, show and wait, until no run is open or somebody ends it; the command's exit status.

    A first question without an answer is raised as `Unanswered`; later ones are asked again.
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
    return _verdict(last, seen.watched)


def _verdict(scene: Scene, watched: set[str]) -> int:
    """Of the runs that were watched to their end, and of the one that is told in full."""
    mine = watched | {str(scene.run.get("run_id"))}
    stopped = any(run.get("stopped_for") for run in scene.runs if str(run.get("run_id")) in mine)
    unbalanced = part(scene.run, "verdict").get("ok") is False
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
    from infra.report.stage import Stage

    with Stage(time.monotonic, every) as stage:
        yield stage.show


def patiently(ask: Ask) -> Ask:
    """On a terminal: the first question may wait for a worker's long step, and says so."""
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
