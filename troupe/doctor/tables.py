"""Checks of the tables: columns, types, modes, partitions and clustering."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from google.cloud.bigquery import Client

from analysis import AnalysisError
from tracking import Source
from tracking.tables import OUTPUT, Column, Layout, columns_of, layouts
from troupe.analysis_folders import load_folders
from troupe.backends.defaults import output_tables
from troupe.backends.gcp.settings import GcpSettings
from troupe.backends.gcp.warehouse import SAME_TYPES

from .bigquery import AGAIN, CALL_SECONDS, RIGHT, source_path
from .findings import Finding, State, fault, merge_alike, ok, run_check

_DAY_MS = 24 * 3600 * 1000
_REMEDY = "apply Terraform; copy a table that it cannot change in place"
_EXTRA_COLUMN = "has an extra column:"
_EXTRA = "drop it, or leave it: it is never written"

Difference = tuple[State, str]
Needed = tuple[tuple[Column, ...], Layout]


def check_tables(settings: GcpSettings, get_client: Callable[[], Client]) -> Iterator[Finding]:
    needed = _shipped(settings)
    try:
        own = output_tables(load_folders(settings.analyses).own)
        needed |= {name: (columns, layouts()[OUTPUT]) for name, columns in own.items()}
    except AnalysisError as error:
        remedy = "set TROUPE_ANALYSES to the folders on this machine"
        yield fault(
            "analyses", f"{error}; the tables of the user's analyses are not checked", remedy
        )
    yield from merge_alike(
        (table, finding)
        for table, (columns, layout) in needed.items()
        for finding in run_check(
            "tables", partial(_table, settings, get_client, table, columns, layout), RIGHT
        )
    )


def _shipped(settings: GcpSettings) -> dict[str, Needed]:
    """Return the tables to check: the source table only when it is in our dataset."""
    ours = f"{settings.project}.{settings.dataset}.{Source().table}"
    return {
        name: (columns_of(name), layout)
        for name, layout in layouts().items()
        if layout.written_by != "the user" or source_path(settings) == ours
    }


def _table(
    settings: GcpSettings,
    get_client: Callable[[], Client],
    name: str,
    columns: Iterable[Column],
    layout: Layout,
) -> Iterator[Finding]:
    path = f"{settings.project}.{settings.dataset}.{name}"
    table = get_client().get_table(path, retry=AGAIN, timeout=CALL_SECONDS)
    differences = [*_columns(columns, table.schema), *_layout(layout, table)]
    if layout.written_by == "the user":  # whose further columns are call attributes
        differences = [each for each in differences if not each[1].startswith(_EXTRA_COLUMN)]
    if not differences:
        yield ok("tables", "have the required schema")
        return
    faulty = any(state == "fault" for state, _ in differences)
    only_extra = all(message.startswith(_EXTRA_COLUMN) for _, message in differences)
    yield Finding(
        name="tables",
        state="fault" if faulty else "warning",
        message="; ".join(message for _, message in differences),
        remedy=_EXTRA if only_extra else _REMEDY,
    )


def type_of(name: str) -> str:
    """Return one name for each type; BigQuery has two for some."""
    return SAME_TYPES.get(name.upper(), name.upper())


def _columns(
    needed: Iterable[Column], schema: Iterable[Any], above: str = ""
) -> Iterator[Difference]:
    actual = {field.name: field for field in schema}
    for column in needed:
        name, field = f"{above}{column.name}", actual.pop(column.name, None)
        if field is None:
            yield "fault", f"lacks the column {name}"
            continue
        if type_of(field.field_type) != type_of(column.type):
            yield "fault", f"{name} is {field.field_type}, not {column.type}"
        if (field.mode or "NULLABLE") != column.mode:
            yield "fault", f"{name} is {field.mode or 'NULLABLE'}, not {column.mode}"
        yield from _columns(column.fields, field.fields, f"{name}.")
    for name, field in actual.items():
        needs = field.mode == "REQUIRED"
        demand = ", which is required and never written" if needs else ""
        yield "fault" if needs else "warning", f"{_EXTRA_COLUMN} {above}{name}{demand}"


def _layout(layout: Layout, table: Any) -> Iterator[Difference]:
    parts = table.time_partitioning
    field, kind = (parts.field, parts.type_) if parts else (None, "DAY")
    if (field, kind) != (layout.partition, "DAY"):
        needed = f"day of {layout.partition}" if layout.partition else "nothing"
        yield "fault", f"is partitioned by {field or 'nothing'}, not by {needed}"
    cluster = tuple(table.clustering_fields or ())
    if cluster != layout.cluster:
        yield (
            "warning",
            f"is clustered by {_named(cluster)}, not by {_named(layout.cluster)}: queries cost more",
        )
    if bool(table.require_partition_filter) != layout.require_partition_filter:
        if layout.require_partition_filter:
            yield "warning", "accepts queries without a partition filter"
        else:
            yield "fault", "refuses queries without a partition filter"
    kept = int(parts.expiration_ms or 0) / _DAY_MS if parts else 0
    if kept != (layout.expiration_days or 0):
        needed_days = layout.expiration_days or 0
        yield "warning", f"partitions expire {_after(kept)}, not {_after(needed_days)}"


def _named(columns: tuple[str, ...]) -> str:
    return ", ".join(columns) or "nothing"


def _after(days: float) -> str:
    return f"after {days:g} days" if days else "never"
