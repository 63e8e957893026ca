"""What a watch has seen so far: the looks, what is new in them, and how fast it goes."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from troupe.report.formatting import between
from troupe.report.pace import Forecast, Pace
from troupe.report.reconciliation import part, rows
from troupe.report.run_text import is_over
from troupe.report.snapshot import Scene, errors
from troupe.report.status_text import whole

NEW_SECONDS = 60.0
"""For so long a type of error is marked as new."""

Answer = Mapping[str, Any]
Ask = Callable[[str | None], Answer]
"""The status of all runs, or of one in full."""


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
