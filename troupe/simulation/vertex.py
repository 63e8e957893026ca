"""Vertex AI batch prediction in memory: each job ends as the scenario says."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Unpack

import msgspec

from handlers.ports import Blob, Job, JobRequest, JobState
from troupe.standin.corrupt import Corruption
from troupe.standin.prediction_lines import Answer, analyst, prediction

from .memory_cloud import HeldClock, MemoryBucket
from .scenario import START, JobOutcome

_UNAVAILABLE = 'Service Unavailable: {"error": {"code": 503, "status": "UNAVAILABLE"}}'
_WAITING = (JobState.QUEUED, JobState.PENDING, JobState.PAUSED)


@dataclass(slots=True)
class SimulatedJob:
    """One job with its outcome."""

    job: Job
    outcome: JobOutcome
    request_uri: str
    output_prefix: str
    due: datetime | None
    """When its state changes next; None: only by a call."""
    deleted: bool = False


class SimulatedVertex:
    """The job service as its callers see it; `step` lets a job that is due go on."""

    def __init__(
        self,
        clock: HeldClock,
        bucket: MemoryBucket,
        corruption: Corruption,
        outcome_of: Callable[[str], JobOutcome],
        on_create: Callable[[SimulatedJob], None],
        on_output: Callable[[Blob], None],
    ) -> None:
        self.jobs: dict[str, SimulatedJob] = {}
        self._clock, self._bucket, self._corruption = clock, bucket, corruption
        self._outcome_of, self._on_create, self._on_output = outcome_of, on_create, on_output

    def create(self, **request: Unpack[JobRequest]) -> Job:
        now, outcome = self._clock(), self._outcome_of(request["labels"]["attempt"])
        job = Job(
            name=f"projects/sim/locations/sim/batchPredictionJobs/{len(self.jobs) + 1}",
            state=JobState.PENDING,
            labels=request["labels"],
            created_at=now,
        )
        due = now + timedelta(seconds=outcome.pending_seconds)
        due_at = None if outcome.state in _WAITING else due
        entry = SimulatedJob(job, outcome, request["request_uri"], request["output_prefix"], due_at)
        self._on_create(entry)
        self.jobs[job.name] = entry
        return job

    def find(self, labels: Mapping[str, str]) -> list[Job]:
        return [
            entry.job
            for entry in self._listed()
            if labels.items() <= entry.job.labels.items()
            and (self._clock() - entry.job.created_at).total_seconds()
            >= entry.outcome.list_lag_seconds
        ]

    def created_since(self, since: datetime, labels: Mapping[str, str]) -> list[Job]:
        return [job for job in self.find(labels) if job.created_at >= since]

    def get(self, name: str) -> Job | None:
        entry = self.jobs.get(name)
        return None if entry is None or entry.deleted else entry.job

    def cancel(self, name: str) -> None:
        """A pending job ends at once, a running one some minutes later."""
        entry = self.jobs.get(name)
        if entry is None or entry.deleted or entry.job.state.ended:
            return
        if entry.job.started_at is None:
            self._end(entry, JobState.CANCELLED, 1)
        elif entry.job.state is not JobState.CANCELLING:
            entry.job = replace(entry.job, state=JobState.CANCELLING)
            entry.due = self._clock() + timedelta(seconds=200)

    def next_due(self) -> datetime | None:
        return min((e.due for e in self._listed() if e.due is not None), default=None)

    def step(self) -> bool:
        """Let one job that is due go on; False when none is due."""
        due = [e for e in self._listed() if e.due is not None and e.due <= self._clock()]
        for entry in due[:1]:
            self._advance(entry)
        return bool(due)

    def _listed(self) -> Iterator[SimulatedJob]:
        return (entry for entry in self.jobs.values() if not entry.deleted)

    def _advance(self, entry: SimulatedJob) -> None:
        now = self._clock()
        if entry.job.state.ended:
            entry.deleted = True
        elif entry.job.started_at is None:
            folder = f"{entry.output_prefix}/prediction-model-{now.isoformat()}"
            entry.job = replace(
                entry.job, state=JobState.RUNNING, started_at=now, output_folder=folder
            )
            stays = entry.outcome.state is JobState.RUNNING
            entry.due = None if stays else now + timedelta(seconds=entry.outcome.running_seconds)
        elif entry.job.state is JobState.CANCELLING:
            self._end(entry, JobState.CANCELLED, 1)
        else:
            self._end(entry, entry.outcome.state, entry.outcome.code)

    def _end(self, entry: SimulatedJob, state: JobState, code: int | None) -> None:
        if entry.job.output_folder is not None:
            self._write(entry, entry.job.output_folder)
        entry.job = replace(entry.job, state=state, error_code=code)
        gone = self._clock() + timedelta(seconds=420)
        entry.due = gone if entry.outcome.deleted else None

    def _write(self, entry: SimulatedJob, folder: str) -> None:
        requests = self._bucket.content[entry.request_uri].splitlines()
        answered = requests[: int(len(requests) * entry.outcome.share)]
        lines = [
            prediction(row, _answer(line), model="gemini-sim", created_at=START, number=number)
            for number, line in enumerate(answered)
            for row in [msgspec.json.decode(line)]
        ]
        if entry.outcome.unserved:
            lines = [line | {"status": _UNAVAILABLE, "response": {}} for line in lines]
        corrupted = self._corruption.corrupt(lines, entry.job.labels["attempt"])
        if answered:
            path = f"{folder}/predictions.jsonl".removeprefix(self._bucket.uri(""))
            chunks = [msgspec.json.encode(line) + b"\n" for line in corrupted]
            self._on_output(self._bucket.write_once(path, chunks))


@cache
def _answer(line: bytes) -> Answer:
    """Cached: the same request gets the same answer in every simulation."""
    request: Mapping[str, Any] = msgspec.json.decode(line)["request"]
    return analyst(request)
