"""Is a deployment as the score needs it? Every check stands alone, and changes nothing."""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

from google.cloud.bigquery import Client

from handlers.ports import Clock, JobService
from troupe.backends.defaults import utc_now
from troupe.backends.gcp.settings import GcpSettings

from .bigquery import examine_warehouse
from .cloud_storage import examine_files
from .dead_letters import examine_dead_letters
from .findings import Finding, examined, exit_code, fault, lines, ok, warning
from .pubsub import examine_messages
from .pubsub_agent import examine_agent
from .source_table import examine_source
from .tables import examine_tables
from .vertex import examine_model

__all__ = ["Doors", "Finding", "doors_of", "examine", "exit_code", "lines"]

T = TypeVar("T")
_NEEDED = (
    "project", "dataset", "staging_dataset", "bucket", "output_bucket", "bigquery_location",
    "vertex_location",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """How each service is reached: its client is made when it is first examined."""

    bigquery: Callable[[], Client]
    storage: Callable[[], Any]
    publisher: Callable[[], Any]
    subscriber: Callable[[], Any]
    job_service: Callable[[], JobService]


def examine(
    settings: GcpSettings,
    doors: Doors | None = None,
    clock: Clock = utc_now,
    environ: Mapping[str, str] = os.environ,
) -> Iterator[Finding]:
    """Every check in turn, as it is done. Nothing is raised, and nothing is written."""
    doors = doors or doors_of(settings)
    yield from examined("settings", lambda: _settings(settings, environ))
    yield from examine_warehouse(settings, doors.bigquery, clock)
    yield from examine_tables(settings, doors.bigquery)
    yield from examine_source(settings, doors.bigquery)
    yield from examine_files(settings, doors.storage)
    yield from examine_messages(settings, doors.publisher, doors.subscriber)
    yield from examine_agent(settings, doors.publisher, doors.subscriber)
    yield from examine_dead_letters(settings, doors.subscriber)
    yield from examine_model(settings, doors.job_service, clock)


def doors_of(settings: GcpSettings) -> Doors:
    """The official clients. Each is imported where it is made."""

    def bigquery() -> Client:
        from troupe.backends.gcp.warehouse import bigquery_client

        return bigquery_client(settings)

    def storage() -> Any:
        from troupe.backends.gcp.bucket import storage_client

        return storage_client(settings)

    def publisher() -> Any:
        from troupe.backends.gcp.bus import PubSubBus

        return PubSubBus(settings).client

    def subscriber() -> Any:
        from troupe.backends.gcp.pull_worker import subscriber

        return subscriber()

    def job_service() -> JobService:
        from troupe.backends.gcp.backend import make_job_service

        return make_job_service(settings)

    return Doors(
        bigquery=_once(bigquery),
        storage=_once(storage),
        publisher=_once(publisher),
        subscriber=_once(subscriber),
        job_service=_once(job_service),
    )


def _once(make: Callable[[], T]) -> Callable[[], T]:
    """A failure is kept as well: to look for credentials in vain takes seconds each time."""

    @cache
    def made() -> T | Exception:
        try:
            return make()
        except Exception as error:
            return error

    def door() -> T:
        client = made()
        if isinstance(client, Exception):
            raise client
        return client

    return door


def _settings(settings: GcpSettings, environ: Mapping[str, str]) -> Iterator[Finding]:
    missing = [name for name in _NEEDED if not getattr(settings, name)]
    if missing:
        remedy = "set what `terraform output -json settings` shows"
        yield fault("settings", f"nothing is given for {', '.join(missing)}", remedy)
    settings.source.names()
    endpoints = {
        "BIGQUERY_EMULATOR_HOST": settings.bigquery_endpoint,
        "STORAGE_EMULATOR_HOST": settings.storage_endpoint,
        "TROUPE_VERTEX_ENDPOINT": settings.vertex_endpoint,
        "TROUPE_BIGQUERY_WRITE_ENDPOINT": settings.bigquery_write_endpoint,
        "PUBSUB_EMULATOR_HOST": environ.get("PUBSUB_EMULATOR_HOST", ""),
    }
    elsewhere = [name for name, value in endpoints.items() if value]
    if elsewhere:
        says = f"{', '.join(elsewhere)}: what is examined is not Google's own service"
        yield warning("settings", says, f"unset {' '.join(elsewhere)}, unless that is meant")
    elif not missing:
        yield ok("settings", f"project {settings.project}, dataset {settings.dataset}")
