"""BigQuery jobs under our own ids: one caller creates each job, all callers read its result.

The job id is an idempotency key: BigQuery refuses a second job of the same id with a 409.
"""

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
"""Timeout of reading a job, the client's retries included."""
READING = DEFAULT_RETRY.with_timeout(LOOK_SECONDS)
"""The retry of calls that only read."""
NEVER: Any = None
"""No retry, for calls that create. The client takes None for it, but its types do not."""
_LATE_GAPS = (0.1, 0.3, 1.0, 3.0)
"""Seconds between tries: after a 409 the job may not be found yet (python-bigquery #2134)."""
_FIRST_GAP, _LONGEST_GAP = 0.05, 2.0
_MOST_TRIES = 200


@dataclass(frozen=True, kw_only=True)
class Jobs:
    """Runs the job of each id once, and waits for a job that runs already."""

    client: Client
    budget_seconds: float = 300.0
    """How long to wait for a job, which then continues in BigQuery."""
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def once(self, job_id: str, begin: Callable[[str], Job]) -> bool:
        """Run this job unless it ran before; return whether this call ran it.

        `begin` inserts the job under the id that it gets, without a retry. The id of a failed job
        is used up, and the next suffix is tried. Raises `Redeliver` when the job of this call
        failed or has not ended in time, `Reject` when it can never succeed.
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
        """Read the job that another caller created; BigQuery may not find it at once."""
        for gap in (*_LATE_GAPS, None):
            with translated("bigquery", f"job {name}"):
                try:
                    job: Any = self.client.get_job(name, retry=READING, timeout=LOOK_SECONDS)
                except NotFound:
                    if gap is None:
                        raise
                    self.sleep(gap)
                else:
                    existing: Job = job
                    return existing
        raise AssertionError("the last try returns or raises")

    def _failure(self, name: str, job: Job) -> Exception | None:
        """Wait for the job to end; return its error, None when it succeeded.

        Raises `Redeliver` when the job has not ended in time: it may still succeed.
        """
        until = self.clock() + self.budget_seconds
        gap = _FIRST_GAP
        while job.state != "DONE":
            if self.clock() + gap > until:
                raise Redeliver(f"job {name} is still running")
            self.sleep(gap)
            gap = min(gap * 2, _LONGEST_GAP)
            with translated("bigquery", f"job {name}"):
                job.reload(retry=READING, timeout=LOOK_SECONDS)
        failure: Exception | None = job.exception() if job.error_result else None  # type: ignore[no-untyped-call] # Google's
        return failure


def _tries(job_id: str) -> Iterator[str]:
    return (job_try(job_id, number) for number in range(1, _MOST_TRIES + 1))
