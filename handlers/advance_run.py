"""A batch is over: open the window further, trip the breaker, or complete the run."""

from collections.abc import Iterator

from events import BatchAbandoned, BatchCompleted, BatchPlanned, RunCompleted, RunStopped
from tracking import Tracking

from .plans import limits_of
from .window import last_allowed, release, stop_reason


def advance_run(
    event: BatchCompleted | BatchAbandoned, tracking: Tracking
) -> Iterator[RunStopped | BatchPlanned | RunCompleted]:
    if isinstance(event, BatchAbandoned) and event.cause == "job_refused":
        yield RunStopped(run_id=event.run_id, planned_on=event.planned_on, reason="job_refused")
    yield from advance(event.run_id, event.planned_on, tracking)


def advance(
    run_id: str, planned_on: str, tracking: Tracking
) -> Iterator[RunStopped | BatchPlanned | RunCompleted]:
    """What may follow from the batches that are over. Asking twice gives the same facts."""
    limits = limits_of(tracking, run_id)
    progress = tracking.progress(run_id, planned_on)
    reason = stop_reason(progress, limits)
    if reason:
        yield RunStopped(run_id=run_id, planned_on=planned_on, reason=reason)
    elif progress.finished >= progress.batches:
        yield _completed(run_id, planned_on, progress.batches, tracking)
    else:
        last = last_allowed(progress, limits)
        yield from release(tracking, run_id, planned_on, last=last)


def _completed(run_id: str, planned_on: str, batches: int, tracking: Tracking) -> RunCompleted:
    counts = tracking.run_counts(run_id, planned_on)
    return RunCompleted(
        run_id=run_id,
        planned_on=planned_on,
        batches=batches,
        records=counts["analysed"] + counts["failed"] + counts["released"],
        analysed=counts["analysed"],
        failed=counts["failed"],
        released=counts["released"],
    )
