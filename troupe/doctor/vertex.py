"""Checks of Vertex AI: its location, its reply, and the jobs in its queue."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial

from analysis.places import not_offered, offer_of
from handlers.ports import Clock, Job, JobService
from troupe.analysis_folders import load_folders
from troupe.backends.gcp.settings import GcpSettings

from .findings import Finding, fault, ok, run_check, warning

_RIGHT = "roles/aiplatform.user on the project"
_NO_DEPLOYMENT = "none"
"""The label to search for without a deployment id; no job has it."""
_SHARED = "batch prediction has no quota, but one pool for all customers"
_MULTI_REGIONS = ("us", "eu")
_UNCONFIRMED = "that it runs batch jobs is documented nowhere: `troupe --backend gcp doctor --live`"


def check_vertex(
    settings: GcpSettings, get_client: Callable[[], JobService], clock: Clock
) -> Iterator[Finding]:
    yield from run_check("Vertex location", partial(_location, settings))
    yield from run_check("model", partial(_models, settings))
    yield from run_check("Vertex", partial(_jobs, settings, get_client, clock), _RIGHT)


def _location(settings: GcpSettings) -> Iterator[Finding]:
    name, location = "Vertex location", settings.vertex_location
    if location == "global":
        message = "global: transcripts, which are personal data, may be processed in any country"
        yield warning(name, message, "set vertex_location to eu or us, unless this is allowed")
    elif location in _MULTI_REGIONS:
        yield ok(name, f"{location}; {_UNCONFIRMED}")
    else:
        yield ok(name, location)


def _models(settings: GcpSettings) -> Iterator[Finding]:
    """Look up the model of each analysis: one that is not offered here stops every run."""
    analyses = load_folders(settings.analyses)
    for model in sorted({analyses.load(name).model for name in analyses.names}):
        place = settings.vertex_location
        offer, problem = offer_of(model, place), not_offered(model, place)
        if problem:
            yield fault("model", problem, "set it in the tfvars or the analysis, and apply")
        elif offer is None:
            message = f"it is not known whether {model} is offered in {place}"
            yield warning("model", message, "test it: `troupe --backend gcp doctor --live`")
        else:
            seen = "batch jobs" if offer.batch else "online answers"
            yield ok("model", f"{model} in {place}: {seen} seen ({offer.as_of}, {offer.source})")


def _jobs(
    settings: GcpSettings, get_client: Callable[[], JobService], clock: Clock
) -> Iterator[Finding]:
    """Count the jobs in the queue and at work. None is older than both limits together."""
    policy, now = settings.policy, clock()
    since = now - timedelta(hours=policy.pending_hours + policy.running_hours + 1)
    label = {"troupe": settings.deployment or _NO_DEPLOYMENT}
    jobs = get_client().created_since(since, label)
    yield ok("Vertex", f"replies in {settings.vertex_location}")
    if not settings.deployment:
        remedy = "set TROUPE_DEPLOYMENT to the id of the dataset"
        yield warning("quota", "jobs cannot be counted without the deployment id", remedy)
        return
    waiting = [job for job in jobs if not job.state.ended and job.started_at is None]
    at_work = sum(not job.state.ended and job.started_at is not None for job in jobs)
    oldest = max((_hours(job, now) for job in waiting), default=0.0)
    waited = f", the oldest for {oldest:,.1f} of {policy.pending_hours} h" if waiting else ""
    message = f"{_counted(waiting)}{waited}, {at_work:,} running; {_SHARED}"
    if oldest > policy.pending_hours / 2:
        remedy = "start no further runs until it starts; after that time a job expires, unpaid"
        yield warning("quota", message, remedy)
    else:
        yield ok("quota", message)


def _counted(jobs: list[Job]) -> str:
    return f"{len(jobs):,} {'job waits' if len(jobs) == 1 else 'jobs wait'}"


def _hours(job: Job, now: datetime) -> float:
    return (now - job.created_at).total_seconds() / 3600
