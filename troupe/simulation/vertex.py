"""Vertex AI batch prediction in memory: every job meets the fate that the script has for it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import msgspec

from handlers.ports import Blob, Job, JobState
from troupe.standin.corrupt import Corruption
from troupe.standin.prediction_lines import Answer, analyst, prediction

from .memory_cloud import HeldClock, MemoryBucket
from .scenario import Fate

_WAITING = (JobState.QUEUED, JobState.PENDING, JobState.PAUSED)


@dataclass(slots=True)
class Entry:
    """One job, and what is to become of it."""

    job: Job
    fate: Fate
    request_uri: str
    output_prefix: str
    display_name: str
    due: datetime | None
    """When its state changes next; None: not by itself."""
    deleted: bool = False


class Service:
    """The service as its callers see it; it goes on when `step` is called at the right time."""

    def __init__(
        self,
        clock: HeldClock,
        bucket: MemoryBucket,
        corruption: Corruption,
        fate: Callable[[str], Fate],
        on_create: Callable[[Entry], None],
        on_output: Callable[[Blob], None],
    ) -> None:
        self.entries: dict[str, Entry] = {}
        self._clock, self._bucket, self._corruption = clock, bucket, corruption
        self._fate, self._on_create, self._on_output = fate, on_create, on_output

    def create(
        self,
        *,
        display_name: str,
        model: str,
        request_uri: str,
        output_prefix: str,
        labels: Mapping[str, str],
    ) -> Job:
        now, fate = self._clock(), self._fate(labels["attempt"])
        job = Job(
            name=f"projects/chaos/locations/here/batchPredictionJobs/{len(self.entries) + 1}",
            state=JobState.PENDING,
            labels=dict(labels),
            created_at=now,
        )
        due = None if fate.state in _WAITING else now + timedelta(seconds=fate.pending_seconds)
        entry = Entry(job, fate, request_uri, output_prefix, display_name, due)
        self._on_create(entry)
        self.entries[job.name] = entry
        return job

    def find(self, labels: Mapping[str, str]) -> list[Job]:
        return [
            entry.job
            for entry in self._there()
            if labels.items() <= entry.job.labels.items()
            and (self._clock() - entry.job.created_at).total_seconds()
            >= entry.fate.list_lag_seconds
        ]

    def created_since(self, since: datetime, labels: Mapping[str, str]) -> list[Job]:
        return [job for job in self.find(labels) if job.created_at >= since]

    def get(self, name: str) -> Job | None:
        entry = self.entries.get(name)
        return None if entry is None or entry.deleted else entry.job

    def cancel(self, name: str) -> None:
        """A pending job ends at once, a running one some minutes later."""
        entry = self.entries.get(name)
        if entry is None or entry.deleted or entry.job.state.ended:
            return
        if entry.job.started_at is None:
            self._end(entry, JobState.CANCELLED, 1)
        elif entry.job.state is not JobState.CANCELLING:
            entry.job = replace(entry.job, state=JobState.CANCELLING)
            entry.due = self._clock() + timedelta(seconds=200)

    def next_due(self) -> datetime | None:
        return min((e.due for e in self._there() if e.due is not None), default=None)

    def step(self) -> bool:
        """Whether a job went on."""
        due = [e for e in self._there() if e.due is not None and e.due <= self._clock()]
        for entry in due[:1]:
            self._advance(entry)
        return bool(due)

    def _there(self) -> Iterator[Entry]:
        return (entry for entry in self.entries.values() if not entry.deleted)

    def _advance(self, entry: Entry) -> None:
        now = self._clock()
        if entry.job.state.ended:
            entry.deleted = True
        elif entry.job.started_at is None:
            folder = f"{entry.output_prefix}/prediction-model-{now.isoformat()}"
            entry.job = replace(
                entry.job, state=JobState.RUNNING, started_at=now, output_folder=folder
            )
            stays = entry.fate.state is JobState.RUNNING
            entry.due = None if stays else now + timedelta(seconds=entry.fate.running_seconds)
        elif entry.job.state is JobState.CANCELLING:
            self._end(entry, JobState.CANCELLED, 1)
        else:
            self._end(entry, entry.fate.state, entry.fate.code)

    def _end(self, entry: Entry, state: JobState, code: int | None) -> None:
        if entry.job.output_folder is not None:
            self._write(entry, entry.job.output_folder)
        entry.job = replace(entry.job, state=state, error_code=code)
        gone = self._clock() + timedelta(seconds=420)
        entry.due = gone if entry.fate.deleted else None

    def _write(self, entry: Entry, folder: str) -> None:
        requests = self._bucket.content[entry.request_uri].splitlines()
        answered = requests[: int(len(requests) * entry.fate.share)]
        lines = [
            prediction(row, _said(line), model="gemini-chaos", created_at=_WHENEVER, number=number)
            for number, line in enumerate(answered)
            for row in [msgspec.json.decode(line)]
        ]
        spoilt = self._corruption.corrupt(lines, entry.display_name)
        if answered:
            path = f"{folder}/predictions.jsonl".removeprefix(self._bucket.uri(""))
            chunks = [msgspec.json.encode(line) + b"\n" for line in spoilt]
            self._on_output(self._bucket.write_once(path, chunks))


_WHENEVER = datetime.fromisoformat("2026-03-02T09:00:00+00:00")


@cache
def _said(line: bytes) -> Answer:
    """The same request is answered alike in every simulation."""
    request: Mapping[str, Any] = msgspec.json.decode(line)["request"]
    return analyst(request)
