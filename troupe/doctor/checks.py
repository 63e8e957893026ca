"""All checks of a deployment, in order. Each is independent of the others and changes nothing."""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

from google.cloud.bigquery import Client

from handlers.ports import Clock, JobService
from troupe.backends.defaults import utc_now
from troupe.backends.gcp.backend import make_job_service
from troupe.backends.gcp.bucket import storage_client
from troupe.backends.gcp.bus import publisher_client, subscriber_client
from troupe.backends.gcp.settings import GcpSettings
from troupe.backends.gcp.warehouse import bigquery_client

from .bigquery import check_bigquery, check_dead_letters
from .cloud_storage import check_buckets
from .findings import Finding, fault, ok, run_check, warning
from .pubsub import check_pubsub, check_pubsub_agent
from .source_table import check_source_table
from .tables import check_tables
from .vertex import check_vertex

T = TypeVar("T")
_REQUIRED = (
    "project", "dataset", "staging_dataset", "bucket", "output_bucket", "bigquery_location",
    "vertex_location",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Clients:
    """A function for each service's client, which is made when a check first calls it."""

    bigquery: Callable[[], Client]
    storage: Callable[[], Any]
    publisher: Callable[[], Any]
    subscriber: Callable[[], Any]
    job_service: Callable[[], JobService]


def examine(
    settings: GcpSettings,
    clients: Clients | None = None,
    clock: Clock = utc_now,
    environ: Mapping[str, str] = os.environ,
) -> Iterator[Finding]:
    """Run every check, and yield its findings as they come. Raises and writes nothing."""
    clients = clients or make_clients(settings)
    yield from run_check("settings", lambda: _settings(settings, environ))
    yield from run_check("notifications", lambda: _notifications(settings))
    yield from check_bigquery(settings, clients.bigquery, clock)
    yield from check_tables(settings, clients.bigquery)
    yield from check_source_table(settings, clients.bigquery)
    yield from check_buckets(settings, clients.storage)
    yield from check_pubsub(settings, clients.publisher, clients.subscriber)
    yield from check_pubsub_agent(settings, clients.publisher, clients.subscriber)
    yield from check_dead_letters(settings, clients.bigquery)
    yield from check_vertex(settings, clients.job_service, clock)


def make_clients(settings: GcpSettings) -> Clients:
    """Return Google's own clients of this deployment."""
    return Clients(
        bigquery=_once(lambda: bigquery_client(settings)),
        storage=_once(lambda: storage_client(settings)),
        publisher=_once(publisher_client),
        subscriber=_once(subscriber_client),
        job_service=_once(lambda: make_job_service(settings)),
    )


def _once(make: Callable[[], T]) -> Callable[[], T]:
    """Keep the client, and a failure as well: a search for credentials takes seconds each time."""

    @cache
    def made() -> T | Exception:
        try:
            return make()
        except Exception as error:
            return error

    def get_client() -> T:
        client = made()
        if isinstance(client, Exception):
            raise client
        return client

    return get_client


def _settings(settings: GcpSettings, environ: Mapping[str, str]) -> Iterator[Finding]:
    missing = [name for name in _REQUIRED if not getattr(settings, name)]
    if missing:
        remedy = "set the variables that `terraform output -json settings` shows"
        yield fault("settings", f"no value for {', '.join(missing)}", remedy)
    settings.source.names()
    endpoints = {
        "BIGQUERY_EMULATOR_HOST": settings.bigquery_endpoint,
        "STORAGE_EMULATOR_HOST": settings.storage_endpoint,
        "TROUPE_VERTEX_ENDPOINT": settings.vertex_endpoint,
        "TROUPE_BIGQUERY_WRITE_ENDPOINT": settings.bigquery_write_endpoint,
        "PUBSUB_EMULATOR_HOST": environ.get("PUBSUB_EMULATOR_HOST", ""),
    }
    replaced = [name for name, value in endpoints.items() if value]
    if replaced:
        message = f"{', '.join(replaced)} is set: the checks go to another service than Google's"
        yield warning("settings", message, f"unset {' '.join(replaced)}, unless this is intended")
    elif not missing:
        yield ok("settings", f"project {settings.project}, dataset {settings.dataset}")


def _notifications(settings: GcpSettings) -> Iterator[Finding]:
    """Address and secret were checked when the settings were read; a service has its own."""
    notify = settings.notify
    if notify is None:
        return
    places = [*([notify.host] if notify.url else []), *(["the log"] if notify.log else [])]
    signed = ", signed" if notify.key else ""
    message = f"sent from here to {' and '.join(places)}{signed}; `troupe notify RUN` tries it"
    yield ok("notifications", message)
