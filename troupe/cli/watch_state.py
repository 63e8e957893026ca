"""State of a watch: the last snapshot, what is new in it, and the pace of each run."""

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
"""How long a type of error is marked as new."""

Answer = Mapping[str, Any]
Query = Callable[[str | None], Answer]
"""Returns the status of all runs, or of one in full."""


@dataclass(slots=True)
class WatchState:
    """What the snapshots so far have shown."""

    clock: Callable[[], float]
    """Seconds of a monotonic clock."""
    now: Callable[[], datetime]
    """The wall clock."""
    paces: dict[str, Pace] = field(default_factory=dict)
    known: dict[str, float] = field(default_factory=dict)
    """By type of error: the second of its first snapshot."""
    past: frozenset[str] = frozenset()
    """Refusals and system errors of the first snapshot, as JSON."""
    watched: set[str] = field(default_factory=set)
    """Runs that were open in some snapshot."""
    last: Scene | None = None

    def refresh(self, query: Query, run_id: str | None) -> Scene:
        """Query all runs, and one in full: the given one, or else the newest that is open."""
        status = query(run_id)
        run = _run_in_full(status, query, run_id)
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
            # The pace of the canary, one small batch, says little about many batches at once.
            forecasts[name] = Forecast(cost=forecasts[name].cost)
        scene = Scene(status, run, now, forecasts)
        self.last = replace(scene, fresh=self._fresh(scene, at))
        return self.last

    def _fresh(self, scene: Scene, at: float) -> frozenset[str]:
        """Return the types of errors that appeared after the first snapshot, and not long ago."""
        types = [name for name, _many, _hint in errors(scene)]
        for name in types:
            self.known.setdefault(name, at if self.last else at - NEW_SECONDS)
        return frozenset(name for name in types if at - self.known[name] < NEW_SECONDS)

    def without_answer(self, last: Scene, problem: str) -> Scene:
        """Return the last snapshot with the reason why there is no newer one."""
        trouble = f"the last query failed ({problem}); it is repeated"
        return replace(last, now=self.now(), trouble=trouble)

    def _without_past(self, status: Answer) -> Answer:
        """Leave out refusals and system errors that are older than a watch of all runs."""
        known = {name: [_as_json(row) for row in rows(status, name)] for name in _LASTING}
        if self.last is None:
            self.past = frozenset(each for texts in known.values() for each in texts)
        new = {
            name: [row for row in rows(status, name) if _as_json(row) not in self.past]
            for name in _LASTING
        }
        return {**status, **new}


def _is_canary(run: Answer) -> bool:
    canary = part(part(run, "course"), "canary")
    return bool(canary) and not canary.get("is_over") and len(rows(run, "batches")) > 1


_LASTING = ("refusals", "system_errors")


def _as_json(row: Answer) -> str:
    return json.dumps(row, sort_keys=True, default=str)


def _run_in_full(status: Answer, query: Query, run_id: str | None) -> Answer:
    runs = rows(status, "runs")
    if not runs:
        return {}
    if run_id is not None:
        return whole(runs[0], status)
    newest = ([run for run in runs if not is_over(run)] or runs)[-1]
    in_full = query(str(newest["run_id"]))
    return whole((rows(in_full, "runs") or [newest])[0], in_full)
