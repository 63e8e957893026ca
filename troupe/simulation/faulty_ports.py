"""The ports that a delivery is given: in-memory ones, with fault injection around every call."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Unpack

from events import Envelope, topic_of_type
from events.ids import is_bigquery_job
from handlers.dispatch.errors import Redeliver
from handlers.ports import Blob, Job, JobRequest
from handlers.summary.ended_run import EndedRun, RefusedRun
from tracking import Params, Row
from tracking.statements import statement_names, statement_text
from tracking.tables import Column

from .bus import FaultyBus
from .call_faults import CallFaults
from .memory_cloud import HeldClock, MemoryBucket
from .threads import SimulatedThread
from .vertex import SimulatedVertex
from .warehouse import MemoryWarehouse


class FaultyWarehouse:
    """The in-memory warehouse with faults: failures, slow transactions, doubled appends."""

    def __init__(self, inner: MemoryWarehouse, call_faults: CallFaults, clock: HeldClock) -> None:
        self._inner, self._call_faults, self._clock = inner, call_faults, clock

    def query(self, sql: str, params: Params) -> list[Row]:
        def query() -> list[Row]:
            rows = self._inner.query(sql, params)
            _fence(sql)
            return rows

        return self._call_faults.call("warehouse", f"query {_statement_name(sql)}", query)

    def stream(self, sql: str, params: Params) -> Iterator[Row]:
        self._call_faults.call("warehouse", f"stream {_statement_name(sql)}", lambda: None)
        for row in self._inner.stream(sql, params):
            yield row
            self._call_faults.call("warehouse", "stream next", lambda: None)

    def run_once(self, job_id: str, script: str, params: Params) -> bool:
        if is_bigquery_job(job_id, "claim") and SimulatedThread.current is not None:
            SimulatedThread.current.has_claimed = True
        return self._call_faults.call(
            "warehouse", f"run_once {job_id}", lambda: self._run_once(job_id, script, params)
        )

    def append(self, table: str, rows: Sequence[Row]) -> None:
        return self._call_faults.call(
            "warehouse", f"append {table}", lambda: self._append(table, rows)
        )

    def columns(self, table: str) -> dict[str, str]:
        return self._call_faults.call(
            "warehouse", f"columns {table}", lambda: self._inner.columns(table)
        )

    def load(self, table: str, columns: Sequence[Column], uris: Iterable[str]) -> str:
        return self._call_faults.call(
            "warehouse", f"load {table}", lambda: self._inner.load(table, columns, uris)
        )

    def drop_staging(self) -> None:
        self._call_faults.call("warehouse", "drop_staging", self._inner.drop_staging)

    def _append(self, table: str, rows: Sequence[Row]) -> None:
        self._inner.append(table, rows)
        rate = self._call_faults.profile.append_twice
        if self._call_faults.occurs(f"append {table}", "append twice", rate):
            self._inner.append(table, rows)

    def _run_once(self, job_id: str, script: str, params: Params) -> bool:
        profile, occurs = self._call_faults.profile, self._call_faults.occurs
        if occurs(f"run_once {job_id} slowly", "slow", profile.slow):
            return self._run_slowly(job_id, script, params)
        committed = self._inner.run_once(job_id, script, params)
        if committed and occurs(
            f"run_once {job_id} commit", "failed commit", profile.failed_commit
        ):
            self._inner.report_failure(job_id)
            raise Redeliver(f"job {job_id} failed after its commit")
        return committed

    def _run_slowly(self, job_id: str, script: str, params: Params) -> bool:
        """Leave the transaction open for a while; the caller waits for it, or gives up."""
        rng = self._call_faults.rng
        seconds = rng.choice(f"slow/{job_id}", self._call_faults.profile.slow_seconds)
        ends_at = self._clock() + timedelta(seconds=seconds)
        if not self._inner.begin(job_id, script, params, ends_at):
            return False
        if rng.value(f"slow/{job_id}/abandoned") < 0.4 or SimulatedThread.current is None:
            raise Redeliver(f"job {job_id}: its end is unknown")
        SimulatedThread.current.park(seconds)
        if job_id not in self._inner.running:
            return True
        if not self._inner.commit(job_id):
            raise Redeliver(f"job {job_id}: another transaction was in the way")
        return True


class FaultyBucket:
    """The in-memory bucket with faults, also between the chunks of an object."""

    def __init__(self, inner: MemoryBucket, call_faults: CallFaults) -> None:
        self._inner, self._call_faults = inner, call_faults

    def write_once(self, path: str, chunks: Iterable[bytes]) -> Blob:
        def write() -> Blob:
            return self._inner.write_once(path, self._chunks(chunks))

        return self._call_faults.call("bucket", f"write {_object_group(path)}", write)

    def read(self, blob: Blob) -> Iterator[bytes]:
        return self._call_faults.call("bucket", "read", lambda: self._inner.read(blob))

    def list(self, folder: str) -> list[Blob]:
        return self._call_faults.call("bucket", "list", lambda: self._inner.list(folder))

    def uri(self, path: str) -> str:
        return self._inner.uri(path)

    def _chunks(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            yield chunk
            self._call_faults.call("bucket", "write next", lambda: None)


class FaultyJobService:
    """The in-memory job service with faults, and with jobs that it refuses to create."""

    def __init__(
        self, inner: SimulatedVertex, call_faults: CallFaults, *, may_refuse: bool
    ) -> None:
        self._inner, self._call_faults = inner, call_faults
        self._may_refuse = may_refuse

    def create(self, **request: Unpack[JobRequest]) -> Job:
        def create() -> Job:
            if self._may_refuse:
                self._call_faults.refuse(f"create {request['display_name']}")
            return self._inner.create(**request)

        return self._call_faults.call("job_service", "create", create)

    def find(self, labels: Mapping[str, str]) -> list[Job]:
        return self._call_faults.call("job_service", "find", lambda: self._inner.find(labels))

    def created_since(self, since: datetime, labels: Mapping[str, str]) -> list[Job]:
        return self._call_faults.call(
            "job_service", "created_since", lambda: self._inner.created_since(since, labels)
        )

    def get(self, name: str) -> Job | None:
        return self._call_faults.call("job_service", "get", lambda: self._inner.get(name))

    def cancel(self, name: str) -> None:
        return self._call_faults.call("job_service", "cancel", lambda: self._inner.cancel(name))


class FaultyNotifier:
    """Keeps what it was given to send, with faults: a receiver may get a notification twice."""

    def __init__(self, sent: list[EndedRun | RefusedRun], call_faults: CallFaults) -> None:
        self._sent, self._call_faults = sent, call_faults

    def send(self, run: EndedRun | RefusedRun) -> None:
        self._call_faults.call("notifier", "send", lambda: self._sent.append(run))


class FaultyPublish:
    """Publishes message by message with faults: a crash leaves the rest of a list unsent."""

    def __init__(
        self, bus: FaultyBus, call_faults: CallFaults, on_publish: Callable[[Envelope], None]
    ) -> None:
        self._bus, self._call_faults, self._on_publish = bus, call_faults, on_publish

    def __call__(self, envelopes: Sequence[Envelope]) -> None:
        for envelope in envelopes:
            self._publish_one(envelope)

    def _publish_one(self, envelope: Envelope) -> None:
        self._on_publish(envelope)
        self._call_faults.call(
            "publish", topic_of_type(envelope.type), lambda: self._bus.publish([envelope])
        )


def _fence(sql: str) -> None:
    """Limit the pauses of a delivery that has read its own claim.

    It may create its job while the claim is young. Between that check and the creation it pauses
    for `seconds_left` at most: a process that sleeps until the next claim is due breaks the
    assumption on which claims rest.
    """
    thread = SimulatedThread.current
    if thread is not None and thread.has_claimed and "FROM claims" in sql:
        thread.is_fenced = True


@cache
def _statement_name(sql: str) -> str:
    """The query's file name, found by its first line: the schedule must not depend on comments."""
    return _names_by_first_line().get(sql.partition("\n")[0], "other")


@cache
def _names_by_first_line() -> dict[str, str]:
    texts = {name: statement_text("queries", name) for name in statement_names("queries")}
    return {text.partition("\n")[0]: name for name, text in texts.items()}


def _object_group(path: str) -> str:
    """A request file by its own path, other objects by their top folder."""
    return path if path.startswith("requests/") else path.partition("/")[0]
