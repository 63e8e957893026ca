"""Invariants checked during a run: before each job is created and each message is published."""

from collections.abc import Callable
from functools import cache

import msgspec

from analysis import decode_analysis, record_id_of
from events import Envelope
from events.cloudevents import AddressedEnvelope
from events.ids import AttemptId, parse_attempt_id
from handlers.ports import Policy

from .memory_cloud import MemoryBucket
from .vertex import SimulatedJob
from .warehouse import MemoryWarehouse

UNRECORDED_LETTER_SECONDS = Policy().unrecorded_letter_seconds


class LiveInvariants:
    """Collects violations in `problems`, each once."""

    def __init__(self, warehouse: MemoryWarehouse, bucket: MemoryBucket) -> None:
        self.problems: list[str] = []
        self.records_sent = 0
        self._warehouse, self._bucket = warehouse, bucket
        self._jobs_by_record: dict[str, list[SimulatedJob]] = {}

    def check_created(self, job: SimulatedJob) -> None:
        """Check a job that is about to be created: records, window, canary and claim."""
        label = job.job.labels["attempt"]
        attempt = _parsed(label)
        records = self._records(job)
        self.records_sent += len(records)
        for record in records:
            self._check_record(record, label, attempt.run_id)
            self._jobs_by_record.setdefault(record, []).append(job)
        self._check_window(attempt, label)
        self._check_claim(job, attempt, label)
        self._check_prompt(job, attempt, label)

    def check_published(self, envelope: Envelope) -> None:
        """Check that an event is recorded before it is published (the outbox)."""
        recorded = "SELECT 1 FROM events WHERE event_id = $1 LIMIT 1"
        if not self._warehouse.rows(recorded, envelope.id):
            self._report(f"outbox: {envelope.id} is published and not recorded")
        if isinstance(envelope, AddressedEnvelope):
            self._check_marks(envelope)

    def _check_marks(self, envelope: AddressedEnvelope) -> None:
        """A generation is marked before it is published; what is given up is published first."""
        name = f"{envelope.handler} < {envelope.id}, generation {envelope.generation}"
        newest = (
            "SELECT max(recorded_at) FROM deliveries WHERE event_id = $1 AND handler = $2 "
            "AND coalesce(generation, 0) = $3 AND outcome = $4"
        )
        subject = (envelope.id, envelope.handler, envelope.generation)
        ((replayed,),) = self._warehouse.rows(newest, *subject, "replayed")
        ((given_up,),) = self._warehouse.rows(newest, *subject, "given_up")
        if envelope.generation and replayed is None:
            self._report(f"stuck: {name} is published and not marked as replayed")
        if envelope.cause is not None and given_up is not None:
            now = self._warehouse.now().replace(tzinfo=None)
            if (now - given_up).total_seconds() < UNRECORDED_LETTER_SECONDS:
                self._report(f"stuck: {name} is marked as given up before it is published")

    def _check_record(self, record: str, label: str, run_id: str) -> None:
        rows = (
            "SELECT 1 FROM processed_records AS p JOIN batch_records AS m "
            "ON m.record_id = p.record_id AND m.original_fingerprint = p.original_fingerprint "
            "WHERE p.record_id = $1 AND m.run_id = $2 LIMIT 1"
        )
        if self._warehouse.rows(rows, record, run_id):
            self._report(f"paid twice: {label} sends {record[:6]}, whose text has a row")
        for other in self._jobs_by_record.get(record, ()):
            name = other.job.labels["attempt"]
            if name == label:
                self._report(f"paid twice: {label} has more than one job")
            elif not self._is_closed(name):
                self._report(f"paid twice: {label} sends {record[:6]} while {name} is not closed")
            elif not other.deleted and not other.job.state.ended:
                self._report(
                    f"paid twice: {label} sends {record[:6]} while the job of {name} lives"
                )

    def _is_closed(self, label: str) -> bool:
        _deployment, run_id, batch, attempt = _parsed(label)
        closed = "SELECT 1 FROM attempt_closings WHERE run_id = $1 AND batch = $2 AND attempt = $3"
        return bool(self._warehouse.rows(closed, run_id, batch, attempt))

    def _check_window(self, attempt: AttemptId, label: str) -> None:
        _deployment, run_id, batch, _number = attempt
        ended = {
            number
            for (number,) in self._warehouse.rows(
                "SELECT batch FROM attempt_closings WHERE run_id = $1 AND open = 0", run_id
            )
        }
        jobs = [job for jobs in self._jobs_by_record.values() for job in jobs]
        labels = {job.job.labels["attempt"] for job in jobs}
        begun = {other.batch for other in map(_parsed, labels) if other.run_id == run_id}
        if len((begun | {batch}) - ended) > self._concurrency(run_id):
            self._report(f"window: {label} is one too many in flight")
        if batch > 1 and 1 not in ended:
            self._report(f"canary: {label} begins before batch 1 has ended")

    def _concurrency(self, run_id: str) -> int:
        ((text,),) = self._warehouse.rows(
            "SELECT min(request) FROM run_plans WHERE run_id = $1", run_id
        )
        request = msgspec.json.decode(text)
        return int(request.get("concurrency", 8))

    def _check_claim(self, job: SimulatedJob, attempt: AttemptId, label: str) -> None:
        states = self._warehouse.rows(
            "SELECT state FROM claims WHERE run_id = $1 AND batch = $2 AND attempt = $3 "
            "AND claim = $4",
            attempt.run_id, attempt.batch, attempt.attempt, int(job.job.labels["claim"]),
        )  # fmt: skip
        if states != [("create",)]:
            self._report(f"claim: {label} has a job behind {states}")

    def _check_prompt(self, job: SimulatedJob, attempt: AttemptId, label: str) -> None:
        plans = "SELECT analysis, analysis_files FROM run_plans WHERE run_id = $1"
        ((name, files),) = self._warehouse.rows(plans, attempt.run_id)
        record_of = _matcher(name, files)
        lines = self._bucket.content[job.request_uri].splitlines(keepends=True)
        if not all(map(record_of, lines)):
            self._report(f"mixed: {label} asks otherwise than its run was planned")

    def _records(self, job: SimulatedJob) -> list[str]:
        lines = self._bucket.content[job.request_uri].splitlines()
        keys = (str(msgspec.json.decode(line)["key"]) for line in lines)
        return [record_id_of(key) or key for key in keys]

    def _report(self, problem: str) -> None:
        if problem not in self.problems:
            self.problems.append(problem)


@cache
def _matcher(name: str, files: str) -> Callable[[bytes], bytes | None]:
    """From a line of the planned prompt to its record id; None for any other line."""
    return decode_analysis(name, files).template.matcher()


def _parsed(label: str) -> AttemptId:
    attempt = parse_attempt_id(label)
    if attempt is None:
        raise ValueError(f"{label!r} is not an attempt's label")
    return attempt
