"""The sliding window: which batches may begin now. Needs no lock, because it may be asked twice."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from events import BatchPlanned
from tracking import Progress, Tracking


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a run allows itself."""

    concurrency: int
    breaker: float
    """Per cent of failed records."""


def breaker_trips(progress: Progress, limits: Limits) -> bool:
    """Should a run that is not over go no further, judged by the batches that are over?"""
    if progress.stopped or progress.finished >= progress.batches or not progress.records_over:
        return False
    return failed_share(progress) > limits.breaker


def age_of(planned_on: str, today: date) -> int:
    """Days since the plan."""
    return (today - date.fromisoformat(planned_on)).days


def failed_share(progress: Progress) -> float:
    """Per cent of the records in batches that are over."""
    return 100.0 * progress.failed_over / progress.records_over


def last_allowed(progress: Progress, limits: Limits) -> int:
    """Batches up to this number may be in flight. A stop lifts the bound: all of them may close."""
    if progress.stopped:
        return progress.batches
    if not progress.canary_finished:
        return 1
    return min(progress.batches, limits.concurrency + progress.finished)


def release(
    tracking: Tracking, run_id: str, planned_on: str, *, after: int, last: int
) -> Iterator[BatchPlanned]:
    """The first attempt of every batch up to `last` that nobody has begun.

    All batches up to `after` are over: what a release costs does not grow with the run.
    """
    for batch, records in tracking.batches_to_begin(run_id, planned_on, after, last).items():
        yield BatchPlanned(
            run_id=run_id, planned_on=planned_on, batch=batch, attempt=1, records=records
        )
