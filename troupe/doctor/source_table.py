"""The doctor at the source table: the told columns are there, and this account may read them."""

from collections.abc import Callable, Iterator
from functools import partial

from google.cloud.bigquery import Client, QueryJobConfig

from tracking import Source
from tracking.tables import columns_of
from troupe.backends.gcp.bigquery_jobs import NEVER
from troupe.backends.gcp.settings import GcpSettings

from .bigquery import AGAIN, CALL_SECONDS, source_path
from .findings import Finding, fault, ok, run_check
from .tables import type_of

_NAME = "source"
_RIGHT = "roles/bigquery.dataViewer on the source table, and to plan-run's account as well"


def check_source_table(
    settings: GcpSettings, get_client: Callable[[], Client]
) -> Iterator[Finding]:
    checks = (partial(check, settings, get_client) for check in (_columns, _readable))
    # What hinders both of them alike is told once.
    yield from dict.fromkeys(each for check in checks for each in run_check(_NAME, check, _RIGHT))


def _columns(settings: GcpSettings, get_client: Callable[[], Client]) -> Iterator[Finding]:
    table = get_client().get_table(source_path(settings), retry=AGAIN, timeout=CALL_SECONDS)
    there = {field.name.lower(): type_of(field.field_type) for field in table.schema}
    wrong = list(_differences(settings.source, there))
    if wrong:
        remedy = "name its columns with TROUPE_SOURCE_<COLUMN> (source_columns in Terraform)"
        yield fault(_NAME, f"{settings.source.table}: {'; '.join(wrong)}", remedy)
    if table.location and table.location.upper() != settings.bigquery_location.upper():
        message = f"it lies in {table.location}, the dataset in {settings.bigquery_location}"
        yield fault(_NAME, message, "copy it there: no statement reads two locations")
    if table.require_partition_filter:
        message = f"{settings.source.table} wants a filter on its partitions; a plan reads all"
        remedy = "lift require_partition_filter, or name a copy: a view of it wants the filter too"
        yield fault(_NAME, message, remedy)


def _differences(source: Source, there: dict[str, str]) -> Iterator[str]:
    types = {column.name: type_of(column.type) for column in columns_of(Source().table)}
    usual = Source().names()
    for ours, theirs in source.names().items():
        if ours == "source":
            continue
        name, needed = theirs.strip("`"), types[usual[ours].strip("`")]
        found = there.get(name.lower())
        if found is None:
            yield f"there is no column {name} (for {ours})"
        elif found != needed:
            yield f"{name} is {found}, not {needed}"


def _readable(settings: GcpSettings, get_client: Callable[[], Client]) -> Iterator[Finding]:
    """A dry run needs the rights of a real one, reads nothing and costs nothing."""
    names = settings.source.names()
    table = names.pop("source")
    config = QueryJobConfig(
        default_dataset=f"{settings.project}.{settings.dataset}",
        dry_run=True,
        use_query_cache=False,
    )
    job = get_client().query(
        f"SELECT {', '.join(names.values())} FROM {table}",  # noqa: S608  (names are proved)
        job_config=config,
        retry=AGAIN,
        job_retry=NEVER,
        timeout=CALL_SECONDS,
    )
    size = int(job.total_bytes_processed or 0) / 1e6
    yield ok(_NAME, f"{settings.source.table} can be read; to read all of it is {size:,.0f} MB")
