"""Submit the job of an uploaded request file: adopt the job that exists, or create exactly one."""

import logging
from collections.abc import Iterator, Sequence
from datetime import timedelta

from analysis.places import refusal_advice
from events import Deployment, JobSubmitted, JsonlUploaded, RunStopped
from events.ids import job_display_name, output_folder, request_object
from tracking import AttemptKey, Claim, Tracking

from .attempts.claims import Taken, take_next
from .attempts.observed_jobs import labels_of
from .dispatch.errors import Refused, Reject, Unavailable, Wait
from .ports import Bucket, Clock, Job, JobService, Policy
from .runs.plans import plan_of, settings_of

LOG = logging.getLogger("troupe.jobs")


def submit_job(
    event: JsonlUploaded,
    tracking: Tracking,
    job_service: JobService,
    bucket: Bucket,
    deployment: Deployment,
    clock: Clock,
    policy: Policy,
) -> Iterator[JobSubmitted | RunStopped]:
    attempt_key = AttemptKey.of(event)
    labels = labels_of(deployment, attempt_key)
    known = tracking.claims_of(attempt_key)
    jobs = _known_jobs(known.taken, job_service.find(labels))
    if not jobs:
        if not known.planned:
            raise Reject("not_planned", f"attempt {labels['attempt']} is not planned")
        if not known.allows_job:
            return  # a stop releases the attempt, or its end or closing goes on
        taken = take_next(tracking, attempt_key, known, policy, clock)
        # Look again behind the claim: the job of an earlier claim may have appeared meanwhile.
        jobs = _known_jobs(taken.known.taken, job_service.find(labels))
        if not jobs and not taken.known.allows_job:
            tracking.return_claim(attempt_key, taken.claim.claim)
            return
        if not jobs:
            taken.check(clock())
            try:
                job = _create(event, taken, labels, job_service, bucket, tracking)
            except Refused as refusal:
                tracking.return_claim(attempt_key, taken.claim.claim)
                yield _stop(event, refusal, plan_of(tracking, event.run_id).model, policy)
                return
            except Unavailable as refusal:
                tracking.return_claim(attempt_key, taken.claim.claim)
                gap = policy.outage_gap(known.returned_in_a_row + 1)
                raise Wait(str(refusal), not_before=clock() + timedelta(seconds=gap)) from refusal
            jobs = {taken.claim.claim: job.name}
    for number, name in sorted(jobs.items()):
        yield JobSubmitted(**attempt_key.fields(), claim=number, job=name)


def _known_jobs(claims: Sequence[Claim], listed: Sequence[Job]) -> dict[int, str]:
    """Return job names by claim: from the event log, and from the labels that Vertex lists."""
    recorded = {claim.claim: claim.job for claim in claims if claim.job is not None}
    return {int(job.labels["claim"]): job.name for job in listed} | recorded


def _create(
    event: JsonlUploaded,
    taken: Taken,
    labels: dict[str, str],
    job_service: JobService,
    bucket: Bucket,
    tracking: Tracking,
) -> Job:
    """Create the job. Its addresses are derived, so that no message can name another file."""
    attempt, plan = labels["attempt"], plan_of(tracking, event.run_id)
    return job_service.create(
        display_name=job_display_name(attempt),
        model=plan.model,
        request_uri=bucket.uri(request_object(attempt)),
        output_prefix=bucket.uri(output_folder(attempt, taken.claim.claim)),
        labels=settings_of(plan).labels | labels | {"claim": str(taken.claim.claim)},
    )


def _stop(event: JsonlUploaded, refusal: Refused, model: str, policy: Policy) -> RunStopped:
    """The service refuses every job of the run; the stop releases this attempt with the others."""
    advice = refusal_advice(refusal.cause, model, policy.vertex_location)
    fields = {"run_id": event.run_id, "cause": refusal.cause, "detail": refusal.detail}
    LOG.error("job-refused", extra=fields | {"advice": advice})
    return RunStopped(
        run_id=event.run_id, planned_on=event.planned_on, reason="job_refused", cause=refusal.cause
    )
