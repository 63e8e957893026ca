"""Looks on where money is spent and where events are told: there the laws can be broken."""

import msgspec

from analysis import record_id_of
from events import Envelope
from events.ids import AttemptId, parse_attempt_id

from .memory_cloud import MemoryBucket
from .vertex import Entry, Service
from .warehouse import MemoryWarehouse


class Sentinel:
    """Keeps what it saw in `problems`."""

    def __init__(self, warehouse: MemoryWarehouse, bucket: MemoryBucket) -> None:
        self.problems: list[str] = []
        self.service: Service | None = None
        self.records_asked = 0
        self._warehouse, self._bucket = warehouse, bucket
        self._asked: dict[str, list[Entry]] = {}

    def created(self, entry: Entry) -> None:
        """Before the job is there: who asked these records before, and do they have a row?"""
        label = entry.job.labels["attempt"]
        attempt = _parsed(label)
        records = self._records(entry)
        self.records_asked += len(records)
        for record in records:
            self._check_record(record, label)
            self._asked.setdefault(record, []).append(entry)
        self._check_window(attempt, label)
        self._check_claim(entry, attempt, label)

    def published(self, envelope: Envelope) -> None:
        """An event is remembered before anybody hears of it."""
        known = "SELECT 1 FROM events WHERE event_id = $1 LIMIT 1"
        if not self._warehouse.see(known, envelope.id):
            self._say(f"law 1: {envelope.id} is published and not remembered")

    def _check_record(self, record: str, label: str) -> None:
        rows = "SELECT 1 FROM processed_records WHERE record_id = $1 LIMIT 1"
        if self._warehouse.see(rows, record):
            self._say(f"paid twice: {label} asks {record[:6]}, which has a row")
        for other in self._asked.get(record, ()):
            name = other.job.labels["attempt"]
            if name == label:
                self._say(f"paid twice: {label} has more than one job")
            elif not self._is_closed(name):
                self._say(f"paid twice: {label} asks {record[:6]} while {name} is not closed")
            elif not other.deleted and not other.job.state.ended:
                self._say(f"paid twice: {label} asks {record[:6]} while the job of {name} lives")

    def _is_closed(self, label: str) -> bool:
        _deployment, run_id, batch, attempt = _parsed(label)
        closed = "SELECT 1 FROM attempt_closings WHERE run_id = $1 AND batch = $2 AND attempt = $3"
        return bool(self._warehouse.see(closed, run_id, batch, attempt))

    def _check_window(self, attempt: AttemptId, label: str) -> None:
        _deployment, run_id, batch, _number = attempt
        over = {
            number
            for (number,) in self._warehouse.see(
                "SELECT batch FROM attempt_closings WHERE run_id = $1 AND open = 0", run_id
            )
        }
        labels = {e.job.labels["attempt"] for entries in self._asked.values() for e in entries}
        begun = {other.batch for other in map(_parsed, labels) if other.run_id == run_id}
        if len((begun | {batch}) - over) > self._cap(run_id):
            self._say(f"cap: {label} is one too many in flight")
        if batch > 1 and 1 not in over:
            self._say(f"canary: {label} begins before batch 1 is over")

    def _cap(self, run_id: str) -> int:
        ((request,),) = self._warehouse.see(
            "SELECT min(request) FROM run_plans WHERE run_id = $1", run_id
        )
        told = msgspec.json.decode(request)
        return int(told.get("concurrency", 8))

    def _check_claim(self, entry: Entry, attempt: AttemptId, label: str) -> None:
        states = self._warehouse.see(
            "SELECT state FROM claims WHERE run_id = $1 AND batch = $2 AND attempt = $3 "
            "AND claim = $4",
            attempt.run_id, attempt.batch, attempt.attempt, int(entry.job.labels["claim"]),
        )  # fmt: skip
        if states != [("create",)]:
            self._say(f"claim: {label} has a job behind {states}")

    def _records(self, entry: Entry) -> list[str]:
        lines = self._bucket.content[entry.request_uri].splitlines()
        keys = (str(msgspec.json.decode(line)["key"]) for line in lines)
        return [record_id_of(key) or key for key in keys]

    def _say(self, problem: str) -> None:
        if problem not in self.problems:
            self.problems.append(problem)


def _parsed(label: str) -> AttemptId:
    attempt = parse_attempt_id(label)
    if attempt is None:
        raise ValueError(f"{label!r} is not an attempt's label")
    return attempt
