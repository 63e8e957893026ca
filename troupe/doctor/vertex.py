"""The doctor at Vertex AI: does it answer, where does it work, and what waits in its queue."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial

from handlers.ports import Clock, Job, JobService
from troupe.backends.gcp.settings import GcpSettings

from .findings import Finding, ok, run_check, warning

_RIGHT = "roles/aiplatform.user on the project"
_NOBODY = "nobody"
"""Asked for where the deployment has no id yet: no job has this label."""
_SHARED = "batch prediction has no quota of its own, but one pool for all customers"
UNCONFIRMED = ("us", "eu")


def check_vertex(
    settings: GcpSettings, get_client: Callable[[], JobService], clock: Clock
) -> Iterator[Finding]:
    yield from run_check("Vertex location", partial(_location, settings))
    yield from run_check("Vertex", partial(_jobs, settings, get_client, clock), _RIGHT)


def _location(settings: GcpSettings) -> Iterator[Finding]:
    name, location = "Vertex location", settings.vertex_location
    if location == "global":
        message = (
            "global: transcripts may be processed anywhere in the world; they are personal data"
        )
        yield warning(name, message, "set vertex_location to a region, unless that is allowed")
    elif location in UNCONFIRMED:
        message = f"no document confirms batch prediction in the multi-region {location}"
        yield warning(name, message, "try it: `troupe --backend gcp doctor --live`")
    else:
        yield ok(name, location)


def _jobs(
    settings: GcpSettings, get_client: Callable[[], JobService], clock: Clock
) -> Iterator[Finding]:
    """No job is older than its time in the queue and at work together."""
    policy, now = settings.policy, clock()
    since = now - timedelta(hours=policy.pending_hours + policy.running_hours + 1)
    label = {"troupe": settings.deployment or _NOBODY}
    found = get_client().created_since(since, label)
    yield ok("Vertex", f"answers in {settings.vertex_location}")
    if not settings.deployment:
        remedy = "set TROUPE_DEPLOYMENT to the id of the dataset"
        yield warning("quota", "whose jobs to count is not known", remedy)
        return
    waiting = [job for job in found if not job.state.ended and job.started_at is None]
    at_work = sum(not job.state.ended and job.started_at is not None for job in found)
    oldest = max((_hours(job, now) for job in waiting), default=0.0)
    waited = f", the oldest for {oldest:,.1f} of {policy.pending_hours} h" if waiting else ""
    message = f"{_counted(waiting)}{waited}, {at_work:,} at work; {_SHARED}"
    if oldest > policy.pending_hours / 2:
        remedy = "start no further runs until it moves; past that time a job expires, unpaid"
        yield warning("quota", message, remedy)
    else:
        yield ok("quota", message)


def _counted(jobs: list[Job]) -> str:
    return f"{len(jobs):,} {'job waits' if len(jobs) == 1 else 'jobs wait'}"


def _hours(job: Job, now: datetime) -> float:
    return (now - job.created_at).total_seconds() / 3600
