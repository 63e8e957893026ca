"""Submit the job of an uploaded request file: adopt the job that exists, or create exactly one."""

from collections.abc import Iterator, Sequence

from events import Deployment, JobCancelled, JobFailed, JobSubmitted, JsonlUploaded
from events.ids import job_display_name, output_folder
from tracking import AttemptKey, Claim, Tracking

from .attempts.claims import is_void, take_next
from .attempts.job_states import never_started
from .attempts.observed_jobs import labels_of
from .dispatch.errors import Refused
from .ports import Bucket, Clock, Job, JobService, Policy
from .runs.plans import plan_of


def submit_job(
    event: JsonlUploaded,
    tracking: Tracking,
    job_service: JobService,
    bucket: Bucket,
    deployment: Deployment,
    clock: Clock,
    policy: Policy,
) -> Iterator[JobSubmitted | JobCancelled | JobFailed]:
    attempt_key = AttemptKey.of(event)
    labels = labels_of(deployment, attempt_key)
    claims = tracking.claims_of(attempt_key).taken
    jobs = _known_jobs(claims, job_service.find(labels))
    if not jobs:
        if is_void(claims):
            yield never_started(event)
            return
        taken = take_next(tracking, attempt_key, claims, policy, clock)
        if is_void(taken.claims):
            yield never_started(event)
            return
        # Look again behind the claim: the job of an earlier claim may have appeared meanwhile.
        jobs = _known_jobs(taken.claims, job_service.find(labels))
        if not jobs:
            taken.check(clock())
            claim = taken.claims[-1]
            try:
                job = _create(event, claim, labels, job_service, bucket, tracking)
            except Refused as refusal:
                yield JobFailed(**attempt_key.fields(), jobs=[], outputs=[], cause=refusal.cause)
                return
            jobs = {claim.claim: job.name}
    for number, name in sorted(jobs.items()):
        yield JobSubmitted(**attempt_key.fields(), claim=number, job=name)


def _known_jobs(claims: Sequence[Claim], listed: Sequence[Job]) -> dict[int, str]:
    """Return job names by claim: from the event log, and from the labels that Vertex lists."""
    recorded = {claim.claim: claim.job for claim in claims if claim.job is not None}
    return {int(job.labels["claim"]): job.name for job in listed} | recorded


def _create(
    event: JsonlUploaded,
    claim: Claim,
    labels: dict[str, str],
    job_service: JobService,
    bucket: Bucket,
    tracking: Tracking,
) -> Job:
    return job_service.create(
        display_name=job_display_name(labels["attempt"]),
        model=plan_of(tracking, event.run_id).model,
        request_uri=event.uri,
        output_prefix=bucket.uri(output_folder(labels["attempt"], claim.claim)),
        labels=labels | {"claim": str(claim.claim)},
    )
