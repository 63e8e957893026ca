"""The doctor at BigQuery: datasets, whose they are, and the server's clock."""

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from typing import Any

from google.cloud.bigquery import Client, QueryJobConfig
from google.cloud.bigquery.retry import DEFAULT_RETRY

from handlers.ports import Clock
from tracking.statements import query
from troupe.backends.gcp.bigquery_jobs import NEVER
from troupe.backends.gcp.settings import GcpSettings

from .findings import Finding, examined, fault, ok, warning

RIGHT = "roles/bigquery.dataViewer on both datasets, and roles/bigquery.jobUser on the project"
MOST_SKEW_SECONDS = 30.0
CALL_SECONDS = 20.0
AGAIN = DEFAULT_RETRY.with_timeout(5.0)
"""Short: there are many checks, and whoever waits for them can ask again."""

Door = Callable[[], Client]


def examine_warehouse(settings: GcpSettings, door: Door, clock: Clock) -> Iterator[Finding]:
    checks: dict[str, Callable[[], Iterator[Finding]]] = {
        "dataset": partial(_dataset, settings, door),
        "staging dataset": partial(_staging, settings, door),
        "deployment": partial(_deployment, settings, door),
        "clock": partial(_clock, settings, door, clock),
    }
    for name, check in checks.items():
        yield from examined(name, check, RIGHT)


def asked(settings: GcpSettings, door: Door, sql: str) -> list[Any]:
    """The rows of a short query."""
    config = QueryJobConfig(
        default_dataset=f"{settings.project}.{settings.dataset}", use_query_cache=False
    )
    rows = door().query_and_wait(
        sql,
        job_config=config,
        retry=AGAIN,
        job_retry=NEVER,
        api_timeout=CALL_SECONDS,
        wait_timeout=CALL_SECONDS,
    )
    return list(rows)


def source_path(settings: GcpSettings) -> str:
    """With project and dataset, where the setting leaves them out."""
    parts = settings.source.table.split(".")
    return ".".join([settings.project, settings.dataset][: 3 - len(parts)] + parts)


def _located(settings: GcpSettings, door: Door, name: str, dataset: str) -> tuple[Any, Finding]:
    path = f"{settings.project}.{dataset}"
    found = door().get_dataset(path, retry=AGAIN, timeout=CALL_SECONDS)
    told, there = settings.bigquery_location, str(found.location)
    if there.upper() == told.upper():
        return found, ok(name, f"{path} lies in {there}")
    says = f"{path} lies in {there}, and the settings say {told}"
    return found, fault(
        name, says, f"set TROUPE_BIGQUERY_LOCATION={there}, or take a dataset there"
    )


def _dataset(settings: GcpSettings, door: Door) -> Iterator[Finding]:
    yield _located(settings, door, "dataset", settings.dataset)[1]


def _staging(settings: GcpSettings, door: Door) -> Iterator[Finding]:
    name, dataset = "staging dataset", settings.staging_dataset
    found, place = _located(settings, door, name, dataset)
    if found.default_table_expiration_ms:
        yield place
        return
    if place.state != "ok":
        yield place
    says = "its tables never expire: answers that a crash left behind stay in it"
    remedy = f"bq update --default_table_expiration 86400 {settings.project}:{dataset}"
    yield warning(name, says, remedy)


def _deployment(settings: GcpSettings, door: Door) -> Iterator[Finding]:
    rows = asked(settings, door, query("deployment"))
    known, told = (str(rows[0]["deployment"]) if rows else ""), settings.deployment
    if known and told in ("", known):
        yield ok("deployment", f"the dataset is of deployment {known}")
    elif known:
        says = f"the dataset is of deployment {known!r}, and the settings say {told!r}"
        yield fault("deployment", says, f"set TROUPE_DEPLOYMENT={known}, or take another dataset")
    elif told:
        says = f"the dataset is new; deployment {told!r} is written down with the first look"
        yield warning("deployment", says, "look at it: `troupe --backend gcp status`")
    else:
        says = "the dataset is new, and no id is given to found it with"
        yield fault("deployment", says, "set TROUPE_DEPLOYMENT, as ab12")


def _clock(settings: GcpSettings, door: Door, clock: Clock) -> Iterator[Finding]:
    before = clock()
    (row,) = asked(settings, door, "SELECT CURRENT_TIMESTAMP() AS now")
    skew = _outside(row["now"], before, clock())
    if skew <= MOST_SKEW_SECONDS:
        yield ok("clock", "this machine and BigQuery agree")
        return
    says = f"this machine is {skew:,.0f} s away from BigQuery's clock, which claims go by"
    yield warning(
        "clock", says, "set this machine's time (NTP): ages and times told here are wrong"
    )


def _outside(server: datetime, before: datetime, after: datetime) -> float:
    """How far the server's time lies outside of the time of the query, in seconds."""
    early, late = (before - server).total_seconds(), (server - after).total_seconds()
    return max(early, late, 0.0)
