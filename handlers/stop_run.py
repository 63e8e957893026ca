"""Stop a run: release every attempt that holds no claim, and cancel the jobs of the others."""

from collections.abc import Iterator

from analysis.prices import prices_of
from events import CancelRequested, Deployment, RunCompleted, RunStopped
from tracking import EventLog, Tracking

from .advance_run import completed
from .attempts.observed_jobs import observe
from .ports import Clock, JobService
from .runs.plans import plan_of


def stop_run(
    event: CancelRequested | RunStopped,
    tracking: Tracking,
    event_log: EventLog,
    job_service: JobService,
    deployment: Deployment,
    clock: Clock,
) -> Iterator[RunStopped | RunCompleted]:
    if tracking.plan_of(event.run_id) is None:
        since = event_log.lookback_start(clock())
        if tracking.query("refusals", {"run_id": event.run_id, "since": since}):
            return  # it will not be planned: a recorded cancellation refuses its request
    plan = plan_of(tracking, event.run_id)
    if plan.of_run:
        return  # it has no job, and it ends by itself
    progress = tracking.progress(plan.run_id, plan.day)
    if progress.finished >= progress.batches:
        return
    if isinstance(event, CancelRequested):
        yield RunStopped(run_id=plan.run_id, planned_on=plan.day, reason="operator")
        return
    if progress.stopped:
        release(plan.run_id, plan.day, tracking)
    progress = tracking.progress(plan.run_id, plan.day)
    if progress.finished >= progress.batches:
        yield completed(plan.run_id, plan.day, progress.batches, tracking)
        return
    waiting = [
        each for each in tracking.waiting_attempts(plan.planned_on) if each.run_id == plan.run_id
    ]
    if waiting:
        oldest = min(each.first_claimed_at for each in waiting)
        listed = job_service.created_since(oldest, {"troupe": deployment.id})
        for each in waiting:
            for job in observe(each, listed, job_service, deployment).live:
                job_service.cancel(job.name)


def release(run_id: str, planned_on: str, tracking: Tracking) -> None:
    """Close all open attempts of a stopped run without a claim.

    One transaction closes all of them. It is repeated while one is left, for example because a
    claim was returned meanwhile; a release begins only when the one before it is done.
    """
    plan = plan_of(tracking, run_id)
    has_price, number = prices_of(plan.model) is not None, 0
    while tracking.unclaimed_attempts(run_id, planned_on):
        number += 1
        tracking.release_attempts(run_id, planned_on, number, has_price=has_price)
