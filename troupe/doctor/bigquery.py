"""Checks of BigQuery: both datasets, the deployment id, the clock, and dead letters that wait."""

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
"""A short retry: there are many checks, and the operator can run them again."""

_LETTERS = (
    "SELECT handler, cause, COUNT(*) AS letters FROM open_dead_letters "
    "GROUP BY handler, cause ORDER BY handler, cause"
)

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


def query_rows(settings: GcpSettings, get_client: GetClient, sql: str) -> list[Any]:
    """Return the rows of a short query."""
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
    """Return the full name of the source table, with the project and dataset it leaves out."""
    parts = settings.source.table.split(".")
    return ".".join([settings.project, settings.dataset][: 3 - len(parts)] + parts)


def _located(
    settings: GcpSettings, get_client: GetClient, name: str, dataset: str
) -> tuple[Any, Finding]:
    path = f"{settings.project}.{dataset}"
    existing = get_client().get_dataset(path, retry=AGAIN, timeout=CALL_SECONDS)
    setting, location = settings.bigquery_location, str(existing.location)
    if location.upper() == setting.upper():
        return existing, ok(name, f"{path} is in {location}")
    message = f"{path} is in {location}, but TROUPE_BIGQUERY_LOCATION is {setting}"
    remedy = f"set TROUPE_BIGQUERY_LOCATION={location}, or use a dataset in {setting}"
    return existing, fault(name, message, remedy)


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
    message = "its tables have no default expiration: answers that a crash leaves there are kept"
    remedy = f"bq update --default_table_expiration 86400 {settings.project}:{dataset}"
    yield warning(name, message, remedy)


def _deployment(settings: GcpSettings, get_client: GetClient) -> Iterator[Finding]:
    rows = query_rows(settings, get_client, query("deployment"))
    known, setting = (str(rows[0]["deployment"]) if rows else ""), settings.deployment
    if known and setting in ("", known):
        yield ok("deployment", f"the dataset belongs to deployment {known}")
    elif known:
        message = (
            f"the dataset belongs to deployment {known!r}, but TROUPE_DEPLOYMENT is {setting!r}"
        )
        yield fault("deployment", message, f"set TROUPE_DEPLOYMENT={known}, or use another dataset")
    elif setting:
        message = f"the dataset is new: the first command stores deployment {setting!r} in it"
        yield warning("deployment", message, "run `troupe --backend gcp status`")
    else:
        message = "the dataset is new, and TROUPE_DEPLOYMENT is not set"
        yield fault("deployment", message, "set TROUPE_DEPLOYMENT to an id such as ab12")


def _clock(settings: GcpSettings, get_client: GetClient, clock: Clock) -> Iterator[Finding]:
    before = clock()
    (row,) = query_rows(settings, get_client, "SELECT CURRENT_TIMESTAMP() AS now")
    skew = _skew_seconds(row["now"], before, clock())
    if skew <= MOST_SKEW_SECONDS:
        yield ok("clock", "this machine's clock agrees with BigQuery's")
        return
    message = f"this machine's clock differs by {skew:,.0f} s from BigQuery's, which times claims"
    yield warning(
        "clock", message, "synchronise this machine's clock (NTP): it prints wrong ages and times"
    )


def _skew_seconds(server: datetime, before: datetime, after: datetime) -> float:
    """Return how far the server's time is outside of the time of the query."""
    early, late = (before - server).total_seconds(), (server - after).total_seconds()
    return max(early, late, 0.0)


def check_dead_letters(settings: GcpSettings, get_client: GetClient) -> Iterator[Finding]:
    yield from run_check("dead letters", partial(_waiting, settings, get_client), RIGHT)


def _waiting(settings: GcpSettings, get_client: GetClient) -> Iterator[Finding]:
    groups = query_rows(settings, get_client, _LETTERS)
    if not groups:
        yield ok("dead letters", "no dead letter waits")
        return
    details = ", ".join(f"{each.handler} {each.cause} {each.letters:,}" for each in groups)
    count = sum(each.letters for each in groups)
    message = f"{count:,} {'dead letter waits' if count == 1 else 'dead letters wait'}: {details}"
    yield warning("dead letters", message, "list them: `troupe --backend gcp dead-letters list`")
