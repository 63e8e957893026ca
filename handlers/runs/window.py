"""The sliding window of a run: which batches may begin now.

It needs no lock: computing it twice yields the same events under the same ids.
"""

from collections.abc import Iterator
from datetime import date
from typing import TypeVar

from events import BatchPlanned, RereadPlanned, RunCompleted, RunPlanned, RunRefused
from handlers.refuse_run import refused
from tracking import Plan, Progress, Tracking

from .plans import PlanRequest, content_hash, planned_hash

First = TypeVar("First", BatchPlanned, RereadPlanned)
"""The event with which a batch begins."""


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
    tracking: Tracking, plan: Plan, kind: type[First], *, after: int, last: int
) -> Iterator[First]:
    """Yield the first event of every batch up to `last` that has not begun.

    All batches up to `after` have ended, so the work does not grow with the run.
    """
    for batch, records in tracking.batches_to_begin(plan.run_id, plan.day, after, last).items():
        yield kind(run_id=plan.run_id, planned_on=plan.day, batch=batch, attempt=1, records=records)


def begin_run(
    tracking: Tracking, request: PlanRequest, request_id: str, kind: type[First]
) -> Iterator[RunPlanned | First | RunCompleted | RunRefused]:
    """Yield what follows from a planned request: its canary begins, or an empty run is over.

    A request whose run id was used for another one is refused.
    """
    plan = tracking.plan_of(request.run_id)
    assert plan is not None, "the plan's transaction wrote its row"  # noqa: S101
    if planned_hash(plan) != content_hash(request):
        detail = f"run {plan.run_id} exists with another request; choose another run_id"
        yield refused(tracking, plan.run_id, request_id, "run_id_taken", detail)
        return
    yield RunPlanned(
        run_id=plan.run_id,
        planned_on=plan.day,
        analysis=plan.analysis,
        batches=plan.batches,
        records=plan.records,
        dry_run=plan.dry_run,
    )
    if plan.batches == 0:
        yield RunCompleted(
            run_id=plan.run_id, planned_on=plan.day, batches=0, records=0,
            analysed=0, failed=0, released=0,
        )  # fmt: skip
        return
    yield from begin(tracking, plan, kind, after=0, last=1)
