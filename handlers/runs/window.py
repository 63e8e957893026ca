"""The sliding window of a run: which batches may begin now.

It needs no lock: computing it twice yields the same events under the same ids.
"""

from collections.abc import Iterator
from datetime import date

from events import BatchPlanned
from tracking import Progress, Tracking


def age_of(planned_on: str, today: date) -> int:
    """Return the days since the plan."""
    return (today - date.fromisoformat(planned_on)).days


def last_allowed(progress: Progress, concurrency: int) -> int:
    """Return the last batch that may be in flight.

    At most `concurrency` batches run at once, and the canary (batch 1) alone.
    """
    if not progress.canary_finished:
        return 1
    return min(progress.batches, concurrency + progress.finished)


def begin(
    tracking: Tracking, run_id: str, planned_on: str, *, after: int, last: int
) -> Iterator[BatchPlanned]:
    """Yield the first attempt of every batch up to `last` that has not begun.

    All batches up to `after` have ended, so the work does not grow with the run.
    """
    for batch, records in tracking.batches_to_begin(run_id, planned_on, after, last).items():
        yield BatchPlanned(
            run_id=run_id, planned_on=planned_on, batch=batch, attempt=1, records=records
        )
