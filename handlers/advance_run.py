"""React to a batch's end: begin further batches, stop the run, or complete it."""

import logging
from collections.abc import Iterator
from datetime import date

from events import (
    BatchAbandoned,
    BatchCompleted,
    BatchPlanned,
    RereadPlanned,
    RunCompleted,
    RunStopped,
)
from tracking import EventLog, Plan, Progress, Tracking

from .ports import Clock, Policy
from .runs.budget import Since, caps_of, last_payable, remaining_budget
from .runs.circuit_breaker import breaker_trips
from .runs.plans import plan_of, settings_of
from .runs.window import age_of, begin, last_allowed

LOG = logging.getLogger("troupe.batches")


def advance_run(
    event: BatchCompleted | BatchAbandoned,
    tracking: Tracking,
    event_log: EventLog,
    clock: Clock,
    policy: Policy,
) -> Iterator[RunStopped | BatchPlanned | RereadPlanned | RunCompleted]:
    log_batch(event)
    yield from advance(
        event.run_id,
        event.planned_on,
        tracking.progress(event.run_id, event.planned_on),
        tracking,
        policy,
        today=clock().date(),
        since=lambda: event_log.lookback_start(clock()),
    )


def log_batch(event: BatchCompleted | BatchAbandoned) -> None:
    """Log the share of a batch's records that were analysed. An objective of Terraform reads it."""
    records = event.analysed + event.failed + event.released
    if records:
        share = event.analysed / records
        LOG.info("batch-over", extra={"run_id": event.run_id, "batch": event.batch, "share": share})


def advance(
    run_id: str,
    planned_on: str,
    progress: Progress,
    tracking: Tracking,
    policy: Policy,
    today: date,
    since: Since,
) -> Iterator[RunStopped | BatchPlanned | RereadPlanned | RunCompleted]:
    """Yield what follows from the batches that have ended. Idempotent: equal events each time."""
    plan = plan_of(tracking, run_id)
    if progress.finished >= progress.batches:
        yield completed(run_id, planned_on, progress.batches, tracking)
        return
    settings = settings_of(plan)
    last = last_allowed(progress, settings.concurrency)
    if plan.of_run:  # it creates no job, so nothing stops it
        yield from begin(tracking, plan, RereadPlanned, after=progress.over_to, last=last)
        return
    if progress.stopped:
        return  # a stop releases what holds no claim; the rest ends with its jobs
    reason = _stop_reason(plan, progress, policy, today)
    if reason:
        yield RunStopped(run_id=run_id, planned_on=planned_on, reason=reason)
        return
    caps = caps_of(settings, policy)
    if caps.is_set:
        remaining = remaining_budget(run_id, caps, since(), tracking)
        last = last_payable(plan, remaining, last, tracking)
    if last:
        yield from begin(tracking, plan, BatchPlanned, after=progress.over_to, last=last)
    else:
        yield RunStopped(run_id=run_id, planned_on=planned_on, reason="budget")


def _stop_reason(plan: Plan, progress: Progress, policy: Policy, today: date) -> str | None:
    """Return why the run creates no further job; None when it goes on."""
    if progress.refused:
        return "job_refused"
    if breaker_trips(progress, settings_of(plan).breaker):
        return "breaker"
    if age_of(plan.day, today) > policy.run_days:
        return "age"
    if (progress.unanswered_seconds or 0) > policy.outage_hours * 3600:
        return "outage"
    return None


def completed(run_id: str, planned_on: str, batches: int, tracking: Tracking) -> RunCompleted:
    """Build the event of a run whose batches are all over."""
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
