"""The tools as a delivery holds them: the real ones, with a border around every call."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache

from events import Envelope, topic_of_type
from events.ids import is_bigquery_job
from handlers.dispatch.errors import Redeliver, Refused
from handlers.ports import Blob, Job
from tracking import Params, Row
from tracking.tables import Column

from .bus import RoughBus
from .call_faults import Borders
from .memory_cloud import HeldClock, MemoryBucket
from .threads import Actor, Crash
from .vertex import Service
from .warehouse import MemoryWarehouse


class RoughWarehouse:
    """BigQuery on a bad day."""

    def __init__(self, inner: MemoryWarehouse, borders: Borders, clock: HeldClock) -> None:
        self._inner, self._borders, self._clock = inner, borders, clock

    def query(self, sql: str, params: Params) -> list[Row]:
        def act() -> list[Row]:
            rows = self._inner.query(sql, params)
            _fence(sql)
            return rows

        return self._borders.cross("warehouse", f"ask {_title(sql)}", act)

    def stream(self, sql: str, params: Params) -> Iterator[Row]:
        self._borders.cross("warehouse", f"stream {_title(sql)}", lambda: None)
        for row in self._inner.stream(sql, params):
            yield row
            self._borders.cross("warehouse", "stream on", lambda: None)

    def run_once(self, job_id: str, script: str, params: Params) -> bool:
        if is_bigquery_job(job_id, "claim") and Actor.current is not None:
            Actor.current.has_claimed = True
        return self._borders.cross(
            "warehouse", f"do {job_id}", lambda: self._do(job_id, script, params)
        )

    def append(self, table: str, rows: Sequence[Row]) -> None:
        return self._borders.cross(
            "warehouse", f"append {table}", lambda: self._append(table, rows)
        )

    def load(self, table: str, columns: Sequence[Column], uris: Iterable[str]) -> str:
        return self._borders.cross(
            "warehouse", f"load {table}", lambda: self._inner.load(table, columns, uris)
        )

    def _append(self, table: str, rows: Sequence[Row]) -> None:
        self._inner.append(table, rows)
        if self._borders.hits(f"append {table}", "written twice", self._borders.weather.twice):
            self._inner.append(table, rows)

    def _do(self, job_id: str, script: str, params: Params) -> bool:
        weather, borders = self._borders.weather, self._borders
        if borders.hits(f"do {job_id} slowly", "slow", weather.slow):
            return self._slowly(job_id, script, params)
        done = self._inner.run_once(job_id, script, params)
        if done and borders.hits(f"do {job_id} spoiled", "failed after commit", weather.spoiled):
            self._inner.spoil(job_id)
            raise Redeliver(f"job {job_id} failed after its commit")
        return done

    def _slowly(self, job_id: str, script: str, params: Params) -> bool:
        """The transaction goes on for a while; its caller waits, or has to go."""
        chance = self._borders.chance
        seconds = chance.one_of(f"slow/{job_id}", self._borders.weather.slow_for)
        ends_at = self._clock() + timedelta(seconds=seconds)
        if not self._inner.begin(job_id, script, params, ends_at):
            return False
        if chance.value(f"slow/{job_id}/left") < 0.4 or Actor.current is None:
            raise Redeliver(f"job {job_id}: its end is unknown")
        Actor.current.park(seconds)
        if job_id not in self._inner.running:
            return True
        if not self._inner.end(job_id):
            raise Redeliver(f"job {job_id}: another transaction was in the way")
        return True


class RoughBucket:
    """Cloud Storage on a bad day."""

    def __init__(self, inner: MemoryBucket, borders: Borders) -> None:
        self._inner, self._borders = inner, borders

    def write_once(self, path: str, chunks: Iterable[bytes]) -> Blob:
        def act() -> Blob:
            return self._inner.write_once(path, self._chunks(chunks))

        return self._borders.cross("bucket", f"write {_place(path)}", act)

    def read(self, blob: Blob) -> Iterator[bytes]:
        return self._borders.cross("bucket", "read", lambda: self._inner.read(blob))

    def list(self, folder: str) -> list[Blob]:
        return self._borders.cross("bucket", "list", lambda: self._inner.list(folder))

    def uri(self, path: str) -> str:
        return self._inner.uri(path)

    def _chunks(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            yield chunk
            self._borders.cross("bucket", "write on", lambda: None)


class FaultyJobService:
    """Vertex AI on a bad day."""

    def __init__(self, inner: Service, borders: Borders, *, may_refuse: bool) -> None:
        self._inner, self._borders = inner, borders
        self._refuses = borders.weather.refuse if may_refuse else 0.0

    def create(
        self,
        *,
        display_name: str,
        model: str,
        request_uri: str,
        output_prefix: str,
        labels: Mapping[str, str],
    ) -> Job:
        def act() -> Job:
            if self._borders.hits(f"create {display_name}", "refuse", self._refuses):
                raise Refused("permission_denied", "the service agent may not read the bucket")
            return self._inner.create(
                display_name=display_name,
                model=model,
                request_uri=request_uri,
                output_prefix=output_prefix,
                labels=labels,
            )

        return self._borders.cross("job_service", "create", act)

    def find(self, labels: Mapping[str, str]) -> list[Job]:
        return self._borders.cross("job_service", "find", lambda: self._inner.find(labels))

    def created_since(self, since: datetime, labels: Mapping[str, str]) -> list[Job]:
        return self._borders.cross(
            "job_service", "created_since", lambda: self._inner.created_since(since, labels)
        )

    def get(self, name: str) -> Job | None:
        return self._borders.cross("job_service", "get", lambda: self._inner.get(name))

    def cancel(self, name: str) -> None:
        return self._borders.cross("job_service", "cancel", lambda: self._inner.cancel(name))


class RoughPublish:
    """Each message of a publish crosses the border alone: the rest may never be sent."""

    def __init__(
        self, bus: RoughBus, borders: Borders, on_publish: Callable[[Envelope], None]
    ) -> None:
        self._bus, self._borders, self._on_publish = bus, borders, on_publish

    def __call__(self, envelopes: Sequence[Envelope]) -> None:
        for envelope in envelopes:
            self._one(envelope)

    def _one(self, envelope: Envelope) -> None:
        self._on_publish(envelope)
        self._borders.cross(
            "publish", topic_of_type(envelope.type), lambda: self._bus.publish([envelope])
        )


def _fence(sql: str) -> None:
    """A claim was found young: from here to the job's creation no process sleeps for long."""
    actor = Actor.current
    if actor is not None and actor.has_claimed and "FROM claims" in sql:
        actor.is_fenced = True


@cache
def _title(sql: str) -> str:
    """The query that the statement's first line asks, shortened."""
    first = sql.partition("\n")[0].removeprefix("--").strip()
    return re.sub(r"[^\w ]", "", first)[:36].strip()


def _place(path: str) -> str:
    return path if path.startswith("requests/") else path.partition("/")[0]


__all__ = ["Crash", "FaultyJobService", "RoughBucket", "RoughPublish", "RoughWarehouse"]
