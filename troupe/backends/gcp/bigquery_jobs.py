"""BigQuery jobs under ids of our own: exactly one caller creates each, everybody learns its end."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from google.api_core.exceptions import NotFound
from google.cloud.bigquery import Client, LoadJob, QueryJob
from google.cloud.bigquery.retry import DEFAULT_RETRY

from events.ids import job_try
from handlers.dispatch.errors import Redeliver

from .failures import AlreadyDone, translated

Job = QueryJob | LoadJob

LOOK_SECONDS = 30.0
"""One look at a job, with the client's own tries."""
READING = DEFAULT_RETRY.with_timeout(LOOK_SECONDS)
"""For what may be asked twice."""
NEVER: Any = None
"""For what creates: the client may not try again. Its types know no way to say so."""
_LATE_GAPS = (0.1, 0.3, 1.0, 3.0)
"""After a 409 the job may be unknown for a while (python-bigquery #2134)."""
_FIRST_GAP, _LONGEST_GAP = 0.05, 2.0
_MOST_TRIES = 200


@dataclass(frozen=True, kw_only=True)
class Jobs:
    """Runs each id once, and waits for what runs already."""

    client: Client
    budget_seconds: float = 300.0
    """How long a job is waited for; then its end is unknown here, and it goes on there."""
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def once(self, job_id: str, begin: Callable[[str], Job]) -> bool:
        """Begin this job unless it is done; True when this call ran it.

        `begin` inserts the job under the id that it is given, without any retry. An id whose
        job failed is used up: the next suffix is taken. Raises `Redeliver` when the job of this
        call failed or when the end is unknown, `Reject` when it can never succeed.
        """
        for name in _tries(job_id):
            job, created = self._begun(name, begin)
            failure = self._failure(name, job)
            if failure is None:
                return created
            if created:
                with translated("bigquery:job", f"job {name} failed"):
                    raise failure
        raise Redeliver(f"job {job_id} failed {_MOST_TRIES} times")

    def _begun(self, name: str, begin: Callable[[str], Job]) -> tuple[Job, bool]:
        try:
            with translated("bigquery", f"job {name}"):
                return begin(name), True
        except AlreadyDone:
            return self._existing(name), False

    def _existing(self, name: str) -> Job:
        """The job that somebody created; it may show late."""
        for gap in (*_LATE_GAPS, None):
            with translated("bigquery", f"job {name}"):
                try:
                    found: Any = self.client.get_job(name, retry=READING, timeout=LOOK_SECONDS)
                except NotFound:
                    if gap is None:
                        raise
                    self.sleep(gap)
                else:
                    job: Job = found
                    return job
        raise AssertionError("the last try returns or raises")

    def _failure(self, name: str, job: Job) -> Exception | None:
        """Wait for the end; None when it is a good one. A time-out is no failure."""
        until = self.clock() + self.budget_seconds
        gap = _FIRST_GAP
        while job.state != "DONE":
            if self.clock() + gap > until:
                raise Redeliver(f"job {name} is still running")
            self.sleep(gap)
            gap = min(gap * 2, _LONGEST_GAP)
            with translated("bigquery", f"job {name}"):
                job.reload(retry=READING, timeout=LOOK_SECONDS)
        failure: Exception | None = job.exception() if job.error_result else None  # type: ignore[no-untyped-call]
        return failure


def _tries(job_id: str) -> Iterator[str]:
    return (job_try(job_id, number) for number in range(1, _MOST_TRIES + 1))
