"""A request file is in the bucket: adopt the job that asks it, or create the one job that does."""

from collections.abc import Iterator, Sequence

from events import Deployment, JobCancelled, JobFailed, JobSubmitted, JsonlUploaded
from events.ids import output_folder
from tracking import AttemptKey, Claim, Tracking

from .attempts.claims import is_void, take_next
from .dispatch.errors import Refused
from .ports import Bucket, Clock, Job, JobService, Policy
from .runs.plans import plan_of
from .write_jsonl import never_started


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
    known = _known(claims, job_service.find(labels))
    if not known:
        if is_void(claims):
            yield never_started(event)
            return
        taken = take_next(tracking, attempt_key, claims, policy, clock)
        if is_void(taken.claims):
            yield never_started(event)
            return
        # Asked again behind the claim: an earlier claim's job may have shown up meanwhile.
        known = _known(taken.claims, job_service.find(labels))
        if not known:
            taken.check(clock())
            try:
                job = _create(event, taken.claims[-1], labels, job_service, bucket, tracking)
            except Refused as refusal:
                yield _refused(event, refusal)
                return
            known = {taken.claims[-1].claim: job.name}
    for number, name in sorted(known.items()):
        yield _submitted(event, number, name)


def labels_of(deployment: Deployment, attempt_key: AttemptKey) -> dict[str, str]:
    """What marks every job of one attempt; ids only, because labels reach billing exports."""
    return {
        "troupe": deployment.id,
        "attempt": deployment.attempt(attempt_key.run_id, attempt_key.batch, attempt_key.attempt),
    }


def _known(claims: Sequence[Claim], jobs: Sequence[Job]) -> dict[int, str]:
    """Jobs by the claim that brought them, from the event log and from the label."""
    told = {claim.claim: claim.job for claim in claims if claim.job is not None}
    return {int(job.labels["claim"]): job.name for job in jobs} | told


def _create(
    event: JsonlUploaded,
    claim: Claim,
    labels: dict[str, str],
    job_service: JobService,
    bucket: Bucket,
    tracking: Tracking,
) -> Job:
    return job_service.create(
        display_name=f"troupe.{labels['attempt']}",
        model=plan_of(tracking, event.run_id).model,
        request_uri=event.uri,
        output_prefix=bucket.uri(output_folder(labels["attempt"], claim.claim)),
        labels=labels | {"claim": str(claim.claim)},
    )


def _submitted(event: JsonlUploaded, claim: int, job: str) -> JobSubmitted:
    return JobSubmitted(
        run_id=event.run_id,
        planned_on=event.planned_on,
        batch=event.batch,
        attempt=event.attempt,
        claim=claim,
        job=job,
    )


def _refused(event: JsonlUploaded, refusal: Refused) -> JobFailed:
    return JobFailed(
        run_id=event.run_id,
        planned_on=event.planned_on,
        batch=event.batch,
        attempt=event.attempt,
        jobs=[],
        outputs=[],
        cause=refusal.cause,
    )
