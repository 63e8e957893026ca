"""React to a batch's end: begin further batches, trip the circuit breaker, or complete the run."""

from collections.abc import Iterator
from datetime import date

from analysis import Analyses
from events import BatchAbandoned, BatchCompleted, BatchPlanned, RunCompleted, RunStopped
from tracking import EventLog, Tracking

from .ports import Clock, Policy
from .runs.budget import Since, caps_of, last_payable, remaining_budget
from .runs.circuit_breaker import breaker_trips
from .runs.plans import plan_of, settings_of
from .runs.window import age_of, last_allowed, release


def advance_run(
    event: BatchCompleted | BatchAbandoned,
    tracking: Tracking,
    event_log: EventLog,
    analyses: Analyses,
    clock: Clock,
    policy: Policy,
) -> Iterator[RunStopped | BatchPlanned | RunCompleted]:
    if isinstance(event, BatchAbandoned) and event.cause == "job_refused":
        yield RunStopped(run_id=event.run_id, planned_on=event.planned_on, reason="job_refused")
    yield from advance(
        event.run_id,
        event.planned_on,
        tracking,
        analyses,
        policy,
        today=clock().date(),
        since=lambda: event_log.lookback_start(clock()),
    )


def advance(
    run_id: str,
    planned_on: str,
    tracking: Tracking,
    analyses: Analyses,
    policy: Policy,
    today: date,
    since: Since,
) -> Iterator[RunStopped | BatchPlanned | RunCompleted]:
    """Yield what follows from the batches that have ended. Idempotent: equal events each time."""
    plan = plan_of(tracking, run_id)
    settings = settings_of(plan)
    progress = tracking.progress(run_id, planned_on)
    if breaker_trips(progress, settings.breaker):
        yield RunStopped(run_id=run_id, planned_on=planned_on, reason="breaker")
        return
    if progress.finished >= progress.batches:
        yield _completed(run_id, planned_on, progress.batches, tracking)
        return
    if not progress.stopped and age_of(planned_on, today) > policy.run_days:
        yield RunStopped(run_id=run_id, planned_on=planned_on, reason="age")
        return
    last = last_allowed(progress, settings.concurrency)
    caps = caps_of(settings, policy)
    if caps.is_set and not progress.stopped:
        remaining = remaining_budget(run_id, caps, since(), tracking, analyses)
        last = last_payable(plan, remaining, last, tracking, analyses)
    if last:
        yield from release(tracking, run_id, planned_on, after=progress.over_to, last=last)
    else:
        yield RunStopped(run_id=run_id, planned_on=planned_on, reason="budget")


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
