"""The sliding window of a run: which batches may begin now.

It needs no lock: computing it twice yields the same events under the same ids.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from events import BatchPlanned
from tracking import Progress, Tracking


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits of a run, from its request."""

    concurrency: int
    breaker: float
    """Per cent of failed records above which the circuit breaker stops the run."""


def breaker_trips(progress: Progress, limits: Limits) -> bool:
    """Tell whether the circuit breaker stops the run, from the batches that have ended."""
    if progress.stopped or progress.finished >= progress.batches or not progress.records_over:
        return False
    return failed_share(progress) > limits.breaker


def age_of(planned_on: str, today: date) -> int:
    """Return the days since the plan."""
    return (today - date.fromisoformat(planned_on)).days


def failed_share(progress: Progress) -> float:
    """Return the per cent of failed records in the batches that have ended."""
    return 100.0 * progress.failed_over / progress.records_over


def last_allowed(progress: Progress, limits: Limits) -> int:
    """Return the last batch that may be in flight.

    The canary (batch 1) goes alone. On a stopped run all batches may begin, in order to be closed.
    """
    if progress.stopped:
        return progress.batches
    if not progress.canary_finished:
        return 1
    return min(progress.batches, limits.concurrency + progress.finished)


def release(
    tracking: Tracking, run_id: str, planned_on: str, *, after: int, last: int
) -> Iterator[BatchPlanned]:
    """Yield the first attempt of every batch up to `last` that has not begun.

    All batches up to `after` have ended, so the work does not grow with the run.
    """
    for batch, records in tracking.batches_to_begin(run_id, planned_on, after, last).items():
        yield BatchPlanned(
            run_id=run_id, planned_on=planned_on, batch=batch, attempt=1, records=records
        )
