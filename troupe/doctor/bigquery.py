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

from .findings import Finding, fault, ok, run_check, warning

RIGHT = "roles/bigquery.dataViewer on both datasets, and roles/bigquery.jobUser on the project"
MOST_SKEW_SECONDS = 30.0
CALL_SECONDS = 20.0
AGAIN = DEFAULT_RETRY.with_timeout(5.0)
"""Short: there are many checks, and whoever waits for them can ask again."""

GetClient = Callable[[], Client]


def check_bigquery(settings: GcpSettings, get_client: GetClient, clock: Clock) -> Iterator[Finding]:
    checks: dict[str, Callable[[], Iterator[Finding]]] = {
        "dataset": partial(_dataset, settings, get_client),
        "staging dataset": partial(_staging, settings, get_client),
        "deployment": partial(_deployment, settings, get_client),
        "clock": partial(_clock, settings, get_client, clock),
    }
    for name, check in checks.items():
        yield from run_check(name, check, RIGHT)


def asked(settings: GcpSettings, get_client: GetClient, sql: str) -> list[Any]:
    """The rows of a short query."""
    config = QueryJobConfig(
        default_dataset=f"{settings.project}.{settings.dataset}", use_query_cache=False
    )
    rows = get_client().query_and_wait(
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


def _located(
    settings: GcpSettings, get_client: GetClient, name: str, dataset: str
) -> tuple[Any, Finding]:
    path = f"{settings.project}.{dataset}"
    found = get_client().get_dataset(path, retry=AGAIN, timeout=CALL_SECONDS)
    told, there = settings.bigquery_location, str(found.location)
    if there.upper() == told.upper():
        return found, ok(name, f"{path} lies in {there}")
    message = f"{path} lies in {there}, and the settings say {told}"
    return found, fault(
        name, message, f"set TROUPE_BIGQUERY_LOCATION={there}, or take a dataset there"
    )


def _dataset(settings: GcpSettings, get_client: GetClient) -> Iterator[Finding]:
    yield _located(settings, get_client, "dataset", settings.dataset)[1]


def _staging(settings: GcpSettings, get_client: GetClient) -> Iterator[Finding]:
    name, dataset = "staging dataset", settings.staging_dataset
    found, place = _located(settings, get_client, name, dataset)
    if found.default_table_expiration_ms:
        yield place
        return
    if place.state != "ok":
        yield place
    message = "its tables never expire: answers that a crash left behind stay in it"
    remedy = f"bq update --default_table_expiration 86400 {settings.project}:{dataset}"
    yield warning(name, message, remedy)


def _deployment(settings: GcpSettings, get_client: GetClient) -> Iterator[Finding]:
    rows = asked(settings, get_client, query("deployment"))
    known, told = (str(rows[0]["deployment"]) if rows else ""), settings.deployment
    if known and told in ("", known):
        yield ok("deployment", f"the dataset is of deployment {known}")
    elif known:
        message = f"the dataset is of deployment {known!r}, and the settings say {told!r}"
        yield fault(
            "deployment", message, f"set TROUPE_DEPLOYMENT={known}, or take another dataset"
        )
    elif told:
        message = f"the dataset is new; deployment {told!r} is written down with the first look"
        yield warning("deployment", message, "look at it: `troupe --backend gcp status`")
    else:
        message = "the dataset is new, and no id is given to found it with"
        yield fault("deployment", message, "set TROUPE_DEPLOYMENT, as ab12")


def _clock(settings: GcpSettings, get_client: GetClient, clock: Clock) -> Iterator[Finding]:
    before = clock()
    (row,) = asked(settings, get_client, "SELECT CURRENT_TIMESTAMP() AS now")
    skew = _outside(row["now"], before, clock())
    if skew <= MOST_SKEW_SECONDS:
        yield ok("clock", "this machine and BigQuery agree")
        return
    message = f"this machine is {skew:,.0f} s away from BigQuery's clock, which claims go by"
    yield warning(
        "clock", message, "set this machine's time (NTP): ages and times told here are wrong"
    )


def _outside(server: datetime, before: datetime, after: datetime) -> float:
    """How far the server's time lies outside of the time of the query, in seconds."""
    early, late = (before - server).total_seconds(), (server - after).total_seconds()
    return max(early, late, 0.0)
