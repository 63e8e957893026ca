"""One observation of the runs, and what it shows: the source of live view and change log."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from handlers.summary.run_summary import ErrorCount
from troupe.operations.outcome import Outcome
from troupe.operations.run_status import BatchStatus, RunDetails, Status
from troupe.operations.runs import RunStatus
from troupe.report import formatting, labels
from troupe.report.pace import Forecast
from troupe.report.reconciliation import TotalsLine, recounted_line
from troupe.report.stall_reasons import batch_reason, event_reason
from troupe.report.text.columns import line
from troupe.report.text.run import spent
from troupe.report.text.run_cost import widest
from troupe.report.text.status import (
    dead_letter_line,
    refusal_line,
    request_line,
    system_fault_line,
    worker_lines,
)

PLACES = {
    "waiting": "not begun",
    "planned": "being sent",
    "uploaded": "being sent",
    "submitted": "at the model",
    "ended": "being read",
    "processed": "being read",
}
"""Where the open records of a batch are, by its state."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state of the runs at one time."""

    status: Status
    """Of all runs that are watched."""
    run: RunStatus | None
    """The run that is shown in full; None while none is planned."""
    details: RunDetails | None
    """Of that run."""
    now: datetime
    forecasts: Mapping[str, Forecast] = field(default_factory=dict)
    """By run id."""
    fresh: frozenset[str] = frozenset()
    """Errors that occurred a short while ago, by label."""
    outcome: Outcome | None = None
    """Of that run, judged in full."""
    trouble: str = ""
    """Why there is no newer snapshot."""
    age: float = 0.0
    """Seconds since it was taken."""

    @property
    def forecast(self) -> Forecast:
        return self.forecasts.get(self.run.run_id, Forecast()) if self.run else Forecast()

    @property
    def clock(self) -> datetime:
        """The time of day; it goes on between two snapshots."""
        return self.now + timedelta(seconds=self.age)

    @property
    def open_runs(self) -> list[RunStatus]:
        return [run for run in self.status.runs if not run.is_over]

    @property
    def batches(self) -> Sequence[BatchStatus]:
        return self.details.batches if self.details else ()

    @property
    def errors(self) -> Sequence[ErrorCount]:
        return self.details.errors if self.details else ()

    @property
    def moving(self) -> list[BatchStatus]:
        """Batches on their way: held-up ones first, then the oldest."""
        moving = [batch for batch in self.batches if batch.is_moving]
        return sorted(moving, key=lambda each: (each.held_up is None, -self.age_of(each)))

    def age_of(self, batch: BatchStatus) -> float:
        """Seconds in its state."""
        return (batch.seconds_in_state or 0.0) + self.age


def error_label(error: ErrorCount) -> str:
    """What `Snapshot.fresh` knows an error by."""
    return labels.error(error.error_type, error.cause)


def places(batches: Sequence[BatchStatus]) -> dict[str, int]:
    """Open records by where they are, in the order of their way."""
    found = dict.fromkeys(PLACES.values(), 0)
    for batch in batches:
        if not batch.is_over:
            found[PLACES[batch.state]] += batch.records_open
    return found


def skipped(details: RunDetails | None) -> list[tuple[str, int]]:
    """Why rows of the source are not in the run, the most frequent reason first."""
    reasons = details.plan.skipped.items() if details else ()
    found = [(labels.skipped(reason), records) for reason, records in reasons if records]
    return sorted(found, key=lambda each: -each[1])


def cost_so_far(snapshot: Snapshot) -> str:
    run = snapshot.run
    if run is None:
        return formatting.spent(None, 0)
    cost = spent(run).removeprefix("cost ")
    return cost if run.is_over or cost == "no cost yet" else f"{cost} so far"


def cost_to_come(snapshot: Snapshot) -> str:
    """By what was paid so far, and by the plan."""
    low, high = snapshot.details.plan.expected_cost if snapshot.details else (None, None)
    planned = widest(low, high)
    in_all = snapshot.forecast.cost
    costs = [
        f"about {formatting.dollars(in_all)} in all" if in_all else "",
        f"expected {planned}" if low is not None else "",
    ]
    return ", ".join(cost for cost in costs if cost)


def dead_letter_lines(snapshot: Snapshot) -> list[str]:
    return [dead_letter_line(group).strip() for group in snapshot.status.dead_letters]


def hold_ups(snapshot: Snapshot) -> list[str]:
    """What holds up any run, why, and what to do."""
    status = snapshot.status
    return [
        *([snapshot.trouble] if snapshot.trouble else []),
        *(worker_lines(status) if status.worker is None and not status.is_finished else []),
        *(_lower_first(request_line(request)) for request in status.requests),
        *(f"refused: {refusal_line(refusal).strip()}" for refusal in status.refusals),
        *_stopped(snapshot.run),
        *_batches(snapshot),
        *_events(snapshot.details),
        *(system_fault_line(fault).strip() for fault in status.system_errors),
    ]


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]


def _stopped(run: RunStatus | None) -> Iterator[str]:
    for reason in run.stop_reasons if run else ():
        yield f"stopped: {labels.stop_reason(reason)}"


def _batches(snapshot: Snapshot) -> Iterator[str]:
    """Batches that an operator must look at; one that waits for the window is not held up."""
    for batch in snapshot.moving:
        age = None if batch.seconds_in_state is None else snapshot.age_of(batch)
        reason, must_act = batch_reason(batch, snapshot.status.limits, age)
        if must_act:
            yield line(f"batch {batch.batch}, attempt {batch.attempt}: {reason}")


def _events(details: RunDetails | None) -> Iterator[str]:
    """Events that hold up a batch are named there."""
    if details is None:
        return
    held = {batch.held_up.letter_id for batch in details.batches if batch.held_up}
    for event in details.waiting:
        if event.event_id not in held:
            yield line(f"{event.topic} for {event.handler}: {event_reason(event)}")


def final_outcome(snapshot: Snapshot) -> Outcome | None:
    """The outcome of a run that is over; None while it moves."""
    if snapshot.run is None or snapshot.details is None or not snapshot.run.is_over:
        return None
    return snapshot.outcome


def final_totals(snapshot: Snapshot) -> TotalsLine | None:
    """The recounted totals of a run that is over; None while it moves."""
    recounted = snapshot.details.reconciliation if snapshot.details else None
    if snapshot.run is None or recounted is None or not snapshot.run.is_over:
        return None
    return recounted_line(recounted)
