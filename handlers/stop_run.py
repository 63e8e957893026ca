"""Stop a run: cancel its jobs, and begin its other batches so that they close without a job."""

from collections.abc import Iterator

from events import BatchPlanned, CancelRequested, Deployment, RunStopped
from tracking import Tracking

from .attempts.observed_jobs import observe
from .ports import JobService
from .runs.plans import plan_of
from .runs.window import release


def stop_run(
    event: CancelRequested | RunStopped,
    tracking: Tracking,
    job_service: JobService,
    deployment: Deployment,
) -> Iterator[RunStopped | BatchPlanned]:
    plan = plan_of(tracking, event.run_id)
    progress = tracking.progress(plan.run_id, plan.day)
    if progress.finished >= progress.batches:
        return
    if isinstance(event, CancelRequested):
        yield RunStopped(run_id=plan.run_id, planned_on=plan.day, reason="operator")
        return
    for observed in observe(tracking, job_service, deployment, plan.planned_on):
        if observed.attempt.run_id == plan.run_id:
            for job in observed.jobs.values():
                if job is not None and not job.state.ended:
                    job_service.cancel(job.name)
    yield from release(tracking, plan.run_id, plan.day, after=progress.over_to, last=plan.batches)
