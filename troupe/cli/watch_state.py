"""State of a watch: the last snapshot, what is new in it, and the pace of each run."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

import msgspec

from troupe.operations.outcome import Outcome
from troupe.operations.run_status import RunDetails, Status
from troupe.operations.runs import RunStatus
from troupe.report.live.snapshot import Snapshot, error_label
from troupe.report.pace import Forecast, Pace

NEW_SECONDS = 60.0
"""How long a type of error is marked as new."""

Query = Callable[[str | None], Status]
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
    past: frozenset[msgspec.Struct] = frozenset()
    """Refusals and system errors of the first snapshot."""
    watched: set[str] = field(default_factory=set)
    """Runs that were open in some snapshot."""
    last: Snapshot | None = None

    def refresh(self, query: Query, run_id: str | None) -> Snapshot:
        """Query all runs, and one in full: the given one, or else the newest that is open."""
        status = query(run_id)
        run, details, outcome = _run_in_full(status, query, run_id)
        if run_id is None:
            status = self._without_past(status)
        at, now = self.clock(), self.now()
        self.watched |= {each.run_id for each in status.runs if not each.is_over}
        for each in status.runs:
            pace = self.paces.setdefault(each.run_id, Pace())
            pace.observe(at, each, (now - each.planned_at).total_seconds())
        forecasts = {
            each.run_id: self.paces[each.run_id].forecast(at, each)
            for each in status.runs
            if not each.is_over
        }
        if run and run.run_id in forecasts and details and _is_canary(details):
            # The pace of the canary, one small batch, says little about many batches at once.
            forecasts[run.run_id] = Forecast(cost=forecasts[run.run_id].cost)
        snapshot = Snapshot(status, run, details, now, forecasts, outcome=outcome)
        self.last = replace(snapshot, fresh=self._fresh(snapshot, at))
        return self.last

    def _fresh(self, snapshot: Snapshot, at: float) -> frozenset[str]:
        """Return the types of errors that appeared after the first snapshot, and not long ago."""
        types = [error_label(error) for error in snapshot.errors]
        for name in types:
            self.known.setdefault(name, at if self.last else at - NEW_SECONDS)
        return frozenset(name for name in types if at - self.known[name] < NEW_SECONDS)

    def without_answer(self, last: Snapshot, problem: str) -> Snapshot:
        """Return the last snapshot with the reason why there is no newer one."""
        trouble = f"the last query failed ({problem}); it is repeated"
        return replace(last, now=self.now(), trouble=trouble)

    def _without_past(self, status: Status) -> Status:
        """Leave out refusals and system errors that are older than a watch of all runs."""
        if self.last is None:
            self.past = frozenset([*status.refusals, *status.system_errors])
        return msgspec.structs.replace(
            status,
            refusals=[each for each in status.refusals if each not in self.past],
            system_errors=[each for each in status.system_errors if each not in self.past],
        )


def _is_canary(details: RunDetails) -> bool:
    canary = details.safeguards.canary if details.safeguards else None
    return canary is not None and not canary.is_over and len(details.batches) > 1


def _run_in_full(
    status: Status, query: Query, run_id: str | None
) -> tuple[RunStatus | None, RunDetails | None, Outcome | None]:
    if not status.runs:
        return None, None, None
    if run_id is not None:
        return status.runs[0], status.details, status.outcomes[0]
    newest = ([run for run in status.runs if not run.is_over] or status.runs)[-1]
    in_full = query(newest.run_id)
    outcome = (in_full.outcomes or [status.outcome(newest.run_id)])[0]
    return (in_full.runs or [newest])[0], in_full.details, outcome
