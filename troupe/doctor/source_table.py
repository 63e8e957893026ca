"""Check of the source table: its columns, its location, and permission to read it."""

from collections.abc import Callable, Iterator
from functools import partial

from google.cloud.bigquery import Client, QueryJobConfig, Table

from analysis import AnalysisError
from tracking import Source
from tracking.attributes import column_problems
from tracking.tables import columns_of
from troupe.analysis_folders import load_folders
from troupe.backends.gcp.bigquery_jobs import NEVER
from troupe.backends.gcp.settings import GcpSettings
from troupe.backends.gcp.warehouse import column_type

from .bigquery import AGAIN, CALL_SECONDS, source_path
from .findings import Finding, fault, ok, run_check
from .tables import type_of

_NAME = "source"
_RIGHT = "roles/bigquery.dataViewer on the source table, and to plan-run's account as well"


def check_source_table(
    settings: GcpSettings, get_client: Callable[[], Client]
) -> Iterator[Finding]:
    checks = (partial(check, settings, get_client) for check in (_columns, _readable))
    # The same error of both checks is reported once.
    yield from dict.fromkeys(each for check in checks for each in run_check(_NAME, check, _RIGHT))


def _columns(settings: GcpSettings, get_client: Callable[[], Client]) -> Iterator[Finding]:
    table = get_client().get_table(source_path(settings), retry=AGAIN, timeout=CALL_SECONDS)
    types = {field.name.lower(): type_of(field.field_type) for field in table.schema}
    wrong = list(_differences(settings.source, types))
    if wrong:
        remedy = "set the column names with TROUPE_SOURCE_<COLUMN> (source_columns in Terraform)"
        yield fault(_NAME, f"{settings.source.table}: {'; '.join(wrong)}", remedy)
    yield from _attributes(settings, table)
    if table.location and table.location.upper() != settings.bigquery_location.upper():
        message = f"it is in {table.location}, the dataset in {settings.bigquery_location}"
        yield fault(_NAME, message, "copy it there: a query cannot read two locations")
    if table.require_partition_filter:
        message = (
            f"{settings.source.table} requires a partition filter, but a plan reads all partitions"
        )
        remedy = "unset require_partition_filter, or use a copy; a view requires the filter as well"
        yield fault(_NAME, message, remedy)


def _attributes(settings: GcpSettings, table: Table) -> Iterator[Finding]:
    """Report the call attributes of installed analyses that the table lacks."""
    columns = {field.name: column_type(field) for field in table.schema}
    try:
        own = load_folders(settings.analyses).own
    except AnalysisError:
        return  # the check of the tables reports it
    for analysis in own:
        problems = column_problems(analysis.attributes, columns, settings.source.names())
        wrong = "; ".join(problem for _, problem in problems)
        if wrong:
            remedy = "add the column to the table, or a view that has it; or correct analysis.json"
            message = f"{settings.source.table} {wrong}, which {analysis.name} names in attributes"
            yield fault(_NAME, message, remedy)


def _differences(source: Source, types: dict[str, str]) -> Iterator[str]:
    required = {column.name: type_of(column.type) for column in columns_of(Source().table)}
    usual = Source().names()
    for ours, theirs in source.names().items():
        if ours == "source":
            continue
        name, needed = theirs.strip("`"), required[usual[ours].strip("`")]
        actual = types.get(name.lower())
        if actual is None:
            yield f"has no column {name} (for {ours})"
        elif actual != needed:
            yield f"{name} is {actual}, not {needed}"


def _readable(settings: GcpSettings, get_client: Callable[[], Client]) -> Iterator[Finding]:
    """Make a dry run, which needs the permissions of a query, and reads and costs nothing."""
    names = settings.source.names()
    table = names.pop("source")
    config = QueryJobConfig(
        default_dataset=f"{settings.project}.{settings.dataset}",
        dry_run=True,
        use_query_cache=False,
    )
    job = get_client().query(
        f"SELECT {', '.join(names.values())} FROM {table}",  # noqa: S608  (names are validated)
        job_config=config,
        retry=AGAIN,
        job_retry=NEVER,
        timeout=CALL_SECONDS,
    )
    size = int(job.total_bytes_processed or 0) / 1e6
    yield ok(_NAME, f"{settings.source.table} can be read; all of it is {size:,.0f} MB")
