"""A stand-in for Vertex AI batch prediction: the service's protocol and pitfalls, locally."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Unpack

from handlers.ports import Blob, Bucket, Clock, Job, JobRequest, JobState
from troupe.standin.answer_job import Work
from troupe.standin.answering import Answers, OneByOne
from troupe.standin.corrupt import Corruption
from troupe.standin.importer import ImportRefusedError
from troupe.standin.jobs import Entry, Jobs
from troupe.standin.output import export, newest_blob, output_folder, path_of
from troupe.standin.prediction_lines import Answerer, analyst
from troupe.standin.settings import Behaviour, End

_MODEL = re.compile(r"publishers/[a-z0-9-]+/models/[A-Za-z0-9._@-]+")
_LABEL = re.compile(r"[a-z0-9_-]{1,64}")
_MAX_NAME = 128
_MAX_LABELS = 64
_WAITING = frozenset({JobState.UNSPECIFIED, JobState.QUEUED, JobState.PENDING})
_CANCELLED = (1, "CANCELED")
_SYSTEM_ERROR = (
    13,
    "System error. Please try this operation again. If the problem persists, contact support.",
)


class UnknownModel(Exception):
    """The model does not exist: the service replies with status 404 and creates no job."""


class InvalidRequest(ValueError):
    """The request breaks a rule: the service replies with status 400 and creates no job."""


class StandIn:
    """Implements the port `JobService`; its jobs advance when `step` is called.

    Jobs survive the process, and a job that was running is answered again from its input. To be
    used by one process and one thread at a time.
    """

    def __init__(
        self,
        folder: Path,
        bucket: Bucket,
        clock: Clock,
        *,
        answerer: Answerer | Answers = analyst,
        corruption: Corruption | None = None,
        behaviour: Behaviour | None = None,
        on_output: Callable[[Blob], None] | None = None,
    ) -> None:
        """`on_output` is called for every object that is written, at least once."""
        self._jobs = Jobs(folder)
        self._work_folder = folder / "work"
        self._bucket = bucket
        self._clock = clock
        self._answers = answerer if isinstance(answerer, Answers) else OneByOne(answerer)
        self._corruption = corruption
        self._behaviour = behaviour or Behaviour()
        self._on_output = on_output
        self._works: dict[str, Work] = {}

    def create(self, **request: Unpack[JobRequest]) -> Job:
        """Create a pending job. As the service does, it checks model and labels, not the files.

        Raises `UnknownModel` or `InvalidRequest`.
        """
        model = request["model"]
        _validate(request["display_name"], request["labels"])
        if not _MODEL.fullmatch(model) or model in self._behaviour.unknown_models:
            raise UnknownModel(f"The PublisherModel `{model}` does not exist.")
        if request["request_uri"] in self._behaviour.refused_inputs:
            raise InvalidRequest("The input is not supported.")
        now = self._clock()
        entry = Entry(
            number=self._jobs.next_number(),
            created_at=now,
            named_at=self._jobs.free_time(now),
            **request,
        )
        self._jobs.save(entry)
        return entry.job()

    def find(self, labels: Mapping[str, str]) -> list[Job]:
        """The jobs with all of these labels, oldest first."""
        return [job for job in self._listed() if labels.items() <= job.labels.items()]

    def created_since(self, since: datetime, labels: Mapping[str, str]) -> list[Job]:
        """The jobs with all of these labels that were created at or after `since`."""
        return [job for job in self.find(labels) if job.created_at >= since]

    def get(self, name: str) -> Job | None:
        """The job of this name, never stale; None when it does not exist or was deleted."""
        entry = self._jobs.get(name)
        return None if entry is None else entry.job()

    def cancel(self, name: str) -> None:
        """Cancel a job: a pending one ends at once, a running one exports what it answered so far."""
        entry = self._jobs.get(name)
        if entry is None or JobState(entry.state).ended:
            return
        if entry.started_at is None:
            self._end(entry, JobState.CANCELLED, _CANCELLED)
        elif JobState(entry.state) is not JobState.CANCELLING:
            work = self._works.get(name)
            entry.rows = work.answered if work else 0
            entry.state = JobState.CANCELLING.value
            self._jobs.save(entry)

    def delete(self, name: str) -> None:
        """Delete a job; its output stays."""
        if (entry := self._jobs.get(name)) is not None:
            self._drop_work(entry)
            entry.deleted = True
            self._jobs.save(entry)

    def step(self) -> bool:
        """Do a bounded piece of work on the oldest unfinished job; False when nothing is due."""
        return any(self._advance(entry) for entry in self._unfinished())

    def next_due(self) -> datetime | None:
        """When the next waiting job can go on; None when no job waits."""
        times = [self._due(entry) for entry in self._unfinished()]
        return min((time for time in times if time is not None), default=None)

    def close(self) -> None:
        """Send no further requests; the jobs go on when the folder is opened again."""
        self._answers.close()

    def _listed(self) -> Iterator[Job]:
        newest = self._clock() - timedelta(seconds=self._behaviour.list_lag_seconds)
        return (entry.job() for entry in self._jobs if entry.created_at <= newest)

    def _unfinished(self) -> list[Entry]:
        return [entry for entry in self._jobs if not JobState(entry.state).ended]

    def _due(self, entry: Entry) -> datetime | None:
        end = self._planned_end(entry)
        if entry.started_at is None:
            return None if end.state in _WAITING else self._start_time(entry)
        if entry.rows is None and not end.state.ended:
            return None
        return self._clock() if entry.rows is not None else self._end_time(entry.started_at)

    def _planned_end(self, entry: Entry) -> End:
        return self._behaviour.end(entry.job())

    def _start_time(self, entry: Entry) -> datetime:
        return entry.created_at + timedelta(seconds=self._behaviour.pending_seconds)

    def _end_time(self, started_at: datetime) -> datetime:
        return started_at + timedelta(seconds=self._behaviour.running_seconds)

    def _advance(self, entry: Entry) -> bool:
        if entry.started_at is None:
            return self._start(entry, self._planned_end(entry))
        try:
            return self._run(entry, entry.started_at, self._planned_end(entry))
        except ImportRefusedError as refused:
            message = str(refused)
        except FileNotFoundError:
            message = str(ImportRefusedError(f"Not found: URI {entry.request_uri}"))
        entry.output_folder = None
        self._end(entry, JobState.FAILED, (3, message))
        return True

    def _start(self, entry: Entry, end: End) -> bool:
        if self._clock() < self._start_time(entry):
            return False
        if end.state in _WAITING:
            return self._stay(entry, end.state)
        if path_of(entry.output_prefix, self._bucket) is None:
            name = entry.output_prefix.removeprefix("gs://").split("/", 1)[0]
            self._end(entry, JobState.FAILED, (9, f"Failed to get GCS bucket location for {name}."))
        elif end.state is JobState.EXPIRED and end.share == 0:
            self._end(entry, JobState.EXPIRED, None)
        else:
            entry.started_at = self._clock()
            entry.output_folder = output_folder(entry.output_prefix, entry.named_at)
            self._stay(entry, JobState.RUNNING)
        return True

    def _stay(self, entry: Entry, state: JobState) -> bool:
        if entry.state == state.value:
            return False
        entry.state = state.value
        self._jobs.save(entry)
        return True

    def _run(self, entry: Entry, started_at: datetime, end: End) -> bool:
        work = self._work(entry)
        if work.total is None:
            work.check(self._budget())
            return True
        rows = self._rows(entry, started_at, work.total, end)
        if work.answered < rows:
            work.answer(self._budget(), rows)
            return True
        if entry.rows is not None:
            return self._finish(entry, work, End(state=JobState.CANCELLED))
        if self._clock() < self._end_time(started_at):
            return False
        return self._finish(entry, work, end) if end.state.ended else self._stay(entry, end.state)

    def _rows(self, entry: Entry, started_at: datetime, total: int, end: End) -> int:
        """How many rows may be answered by now, in proportion to the time that has passed."""
        if entry.rows is not None:
            return min(entry.rows, total)
        seconds = self._behaviour.running_seconds
        passed = (self._clock() - started_at).total_seconds()
        return int(total * end.share * (min(1.0, passed / seconds) if seconds else 1.0))

    def _finish(self, entry: Entry, work: Work, end: End) -> bool:
        work.finish()
        if work.answered and entry.output_folder:
            for blob in export(self._bucket, entry.output_folder, work, self._behaviour, end):
                if self._on_output is not None:
                    self._on_output(blob)
        self._end(entry, end.state, _error(end))
        return True

    def _end(self, entry: Entry, state: JobState, error: tuple[int, str] | None) -> None:
        entry.state = state.value
        entry.error_code, entry.error_message = error or (None, "")
        self._jobs.save(entry)
        self._drop_work(entry)

    def _work(self, entry: Entry) -> Work:
        if (work := self._works.get(entry.name)) is not None:
            return work
        if path_of(entry.request_uri, self._bucket) is None:
            raise FileNotFoundError(entry.request_uri)
        source = newest_blob(entry.request_uri)
        file = self._work_folder / f"{entry.number}.jsonl"
        work = Work(
            entry,
            source,
            self._bucket,
            file,
            self._answers,
            self._corruption,
            self._behaviour.resuming,
            keeps_answers=self._behaviour.keeps_answers,
        )
        self._works[entry.name] = work
        return work

    def _drop_work(self, entry: Entry) -> None:
        if (work := self._works.pop(entry.name, None)) is not None:
            work.discard()

    def _budget(self) -> Iterator[None]:
        end = self._clock() + timedelta(seconds=self._behaviour.seconds_per_step)
        for _ in range(self._behaviour.lines_per_step):
            yield
            if self._clock() >= end:
                return


def _error(end: End) -> tuple[int, str] | None:
    """The error of a job; the service sets it for failed and cancelled jobs only."""
    if end.state is JobState.CANCELLED:
        return end.code or _CANCELLED[0], end.message or _CANCELLED[1]
    if end.state is JobState.FAILED:
        return end.code or _SYSTEM_ERROR[0], end.message or _SYSTEM_ERROR[1]
    return None


def _validate(display_name: str, labels: Mapping[str, str]) -> None:
    if not 0 < len(display_name) <= _MAX_NAME:
        raise InvalidRequest(f"display_name must have 1 to {_MAX_NAME} characters.")
    if len(labels) > _MAX_LABELS:
        raise InvalidRequest(f"There can be no more than {_MAX_LABELS} labels.")
    for key, value in labels.items():
        if not _LABEL.fullmatch(key) or (value and not _LABEL.fullmatch(value)):
            raise InvalidRequest(
                "Label keys and values have at most 64 lowercase letters, digits, _ and -."
            )
