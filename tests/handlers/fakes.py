"""Fakes for tests of single handlers: claims that are scripted, and jobs in memory."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, cast

from analysis import load_analysis
from analysis.analysis_files import encode_analysis
from handlers.dispatch.errors import Refused, Unavailable
from handlers.ports import Bucket, Job, JobState
from tests.harness import START
from tests.tracking.harness import DAY, MODEL
from tracking import Claim, Claims, Closing, Plan, Progress, RequestRecord, WaitingAttempt


def claim(number: int, state: str = "create", age: int = 0, job: str | None = None) -> Claim:
    return Claim(claim=number, state=state, age_seconds=age, job=job)


def claims(*taken: Claim, **changed: bool) -> Claims:
    """The claims on a planned attempt that may get a job."""
    state = {"planned": True, "stopped": False, "ended": False, "closed": False}
    return Claims(taken=taken, **state | changed)


class FakePlan:
    """The fields of a plan that the handlers read."""

    run_id, day, planned_on, model, batches = "r1", DAY, START.date(), MODEL, 5
    analysis, mode, request = "call_review_v1", "production", '{"run_id":"r1","budget":0.001}'
    of_run: str | None = None
    analysis_files, prompt_fingerprint = encode_analysis(load_analysis("call_review_v1")), "f1"


class FakeTracking:
    """Claims as a test scripts them; notes which were taken."""

    def __init__(
        self,
        *readings: Claims,
        wins: bool = True,
        stopped: bool = False,
        waiting: Iterable[WaitingAttempt] = (),
        finished: int = 0,
        failed: int = 0,
    ) -> None:
        """`readings` are what `claims_of` returns, call by call; the last one again and again."""
        self._readings = list(readings) or [claims()]
        self._wins, self._stopped, self._waiting = wins, stopped, list(waiting)
        self._finished, self._failed = finished, failed
        self.taken: list[int] = []
        self.returned: list[int] = []
        self.releases: list[int] = []
        self.unclaimed = 2
        """Open attempts without a claim."""

    def claims_of(self, attempt_key: Any) -> Claims:
        return self._readings.pop(0) if len(self._readings) > 1 else self._readings[0]

    def requests_of(self, attempt_key: Any) -> Iterator[RequestRecord]:
        return iter(())

    def closing_of(self, attempt_key: Any) -> Closing | None:
        return None

    def claim_attempt(self, attempt_key: Any, number: int, state: str = "create") -> bool:
        self.taken.append(number)
        return self._wins

    def return_claim(self, attempt_key: Any, number: int) -> None:
        self.returned.append(number)

    def unclaimed_attempts(self, run_id: str, planned_on: str) -> int:
        return self.unclaimed

    def release_attempts(self, run_id: str, day: str, number: int, *, has_price: bool) -> bool:
        self.releases.append(number)
        self.unclaimed = 0
        return True

    def plan_of(self, run_id: str) -> Plan:
        return cast("Plan", FakePlan())

    def waiting_attempts(self, since: Any, only: Any = None) -> list[WaitingAttempt]:
        return self._waiting

    def progress(self, run_id: str, planned_on: str) -> Progress:
        return Progress(
            batches=FakePlan.batches, finished=self._finished, over_to=self._finished,
            canary_finished=self._finished > 0, records_over=2 * self._finished,
            failed_over=self._failed, stopped=self._stopped, refused=False,
            unanswered_seconds=None,
        )  # fmt: skip

    def query(self, name: str, params: Any) -> list[dict[str, Any]]:
        """No run has spent anything; every batch holds two records of a megabyte."""
        if name == "spending":
            return []
        return [
            {"batch": batch, "records": 2, "bytes": 2_000_000}
            for batch in range(params["after"] + 1, params["last"] + 1)
        ]

    def run_counts(self, run_id: str, planned_on: str) -> dict[str, int]:
        return {"analysed": 8, "failed": 1, "released": 1}

    def batches_to_begin(self, run_id: str, day: str, after: int, last: int) -> dict[int, int]:
        return dict.fromkeys(range(after + 1, last + 1), 2)


class FakeJobService:
    """Jobs in memory. A listing shows what `shown` lists for that call, else every job."""

    def __init__(self, *jobs: Job, refusal: str = "", shown: Iterable[Iterable[Job]] = ()) -> None:
        self.jobs = {job.name: job for job in jobs}
        self._refusal = refusal
        self._shown = [list(each) for each in shown]
        self.created: list[dict[str, Any]] = []
        self.cancelled: list[str] = []
        self.since: list[datetime] = []

    def create(self, **fields: Any) -> Job:
        self.created.append(fields)
        if self._refusal == "unavailable":
            raise Unavailable("a test")
        if self._refusal:
            raise Refused(self._refusal, "a test")
        return job("new", labels=fields["labels"])

    def find(self, labels: Mapping[str, str]) -> list[Job]:
        if self._shown:
            return self._shown.pop(0)
        return [each for each in self.jobs.values() if labels.items() <= each.labels.items()]

    def created_since(self, since: datetime, labels: Mapping[str, str]) -> list[Job]:
        self.since.append(since)
        return self.find(labels)

    def get(self, name: str) -> Job | None:
        return self.jobs.get(name)

    def cancel(self, name: str) -> None:
        self.cancelled.append(name)


def job(
    name: str = "j1",
    state: JobState = JobState.RUNNING,
    *,
    labels: Mapping[str, str] | None = None,
    started: bool = True,
) -> Job:
    return Job(
        name=name, state=state, labels=labels or {}, created_at=START,
        started_at=START if started else None, output_folder=f"gs://b/{name}",
    )  # fmt: skip


def labels_of(run_id: str = "r1", claim: int = 1, attempt: int = 1) -> dict[str, str]:
    """The labels of a job of batch 1."""
    return {
        "troupe": "d1", "attempt": f"d1__{run_id}__1__{attempt}", "claim": str(claim),
    }  # fmt: skip


def waiting(run_id: str = "r1", **changed: Any) -> WaitingAttempt:
    """The first attempt at batch 1, under one claim that is an hour old."""
    attempt = WaitingAttempt(
        run_id=run_id, planned_on=START.date(), batch=1, attempt=1, first_claimed_at=START,
        newest_claim_age=3600, newest_claim=1, is_void=False, stopped=False, jobs=(), ends=(),
    )  # fmt: skip
    return replace(attempt, **changed)


class FakeBucket:
    """Only names the addresses."""

    def uri(self, path: str) -> str:
        return f"gs://b/{path}"


BUCKET = cast("Bucket", FakeBucket())
