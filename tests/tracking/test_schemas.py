"""Table schemas: transactions write what they declare, and they hold the required columns."""

import dataclasses
from collections.abc import Iterator
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

import pytest
from sqlglot import exp

from analysis import AnalysisError, load_analysis, shipped_analyses
from analysis.column_checks import DEEPEST_GROUP
from analysis.reading.reader import Reading
from handlers.attempts.close import answer_record
from tests.analysis.own import analysis_of
from tests.tracking.harness import ANALYSIS, OUTPUT, TrackingHarness
from tests.tracking.test_statements import TRANSACTIONS, parsed
from tracking import Plan
from tracking.tables import (
    Column,
    check_row,
    columns_at,
    columns_of,
    layouts,
    staged_columns,
)
from troupe.backends.defaults import output_tables

# What the requirements name, in their order (architecture, section 5).
REQUIRED_OUTPUT = {
    "phone_number_token": "STRING",
    "call_summary": "STRING",
    "call_sentiment_incoming": "STRING",
    "call_sentiment_outgoing": "STRING",
    "call_sentiment_summary": "STRING",
    "call_tone": "STRING",
    "language_code": "STRING",
    "reason_for_call_summary": "STRING",
    "reason_for_call_intent": "STRING",
    "reason_for_call_inquiry_question": "STRING",
    "reason_for_call_product": "STRING",
    "reason_for_call_product_category": "STRING",
    "agent_response_resolved": "BOOLEAN",
    "agent_response_summary": "STRING",
    "agent_response_action": "STRING",
    "products": "RECORD",
    "referenceId": "STRING",
    "interactionId": "STRING",
    "event_timestamp": "TIMESTAMP",
}
LINEAGE = {
    "record_id", "run_id", "batch", "attempt", "model", "analysis", "parse_method",
    "finish_reason", "prompt_tokens", "cached_tokens", "thoughts_tokens", "output_tokens", "cost",
    "analysed_at",
}  # fmt: skip
TABLES = {
    "transcription_pass_2", "transcription_analyzed_transcripts", "processed_records",
    "error_tracking", "run_plans", "batch_plans", "batch_records", "planning_lock", "claims",
    "attempt_closings", "events", "deliveries", "history_clearings", "run_reports",
}  # fmt: skip


@cache
def inserts() -> list[tuple[str, str, list[str], exp.Expr]]:
    """Every INSERT: transaction, table, columns and the SELECT."""
    found = []
    for name in TRANSACTIONS:
        for statement in parsed("transactions", name):
            if isinstance(statement, exp.Insert):
                target = statement.this
                assert isinstance(target, exp.Schema), f"{name}: an INSERT names its columns"
                columns = [column.name for column in target.expressions]
                found.append((name, target.this.name, columns, statement.expression))
    return found


def test_every_table_of_the_architecture_has_a_layout_and_a_schema() -> None:
    """And each column has a description."""
    assert layouts().keys() >= TABLES
    undescribed = [f"{t}.{c.name}" for t in layouts() for c in columns_of(t) if not c.description]
    assert [] == undescribed


def test_the_output_holds_the_columns_of_the_requirements_in_their_order() -> None:
    """All nineteen, with their types."""
    types = {column.name: column.type for column in columns_of(OUTPUT)}

    assert list(REQUIRED_OUTPUT.items()) == list(types.items())[: len(REQUIRED_OUTPUT)]
    assert types.keys() >= LINEAGE


def test_products_are_a_list_of_name_and_context() -> None:
    """A REPEATED record with two fields."""
    (products,) = [column for column in columns_of(OUTPUT) if column.name == "products"]

    assert ("REPEATED", ["name", "context"]) == (products.mode, [f.name for f in products.fields])


def test_partition_and_cluster_are_columns_of_the_table() -> None:
    """The partition column has a type that BigQuery can partition by."""
    assert [] == [table for table in layouts() if not is_sound(table)]


def is_sound(table: str) -> bool:
    layout = layouts()[table]
    known = {column.name: column.type for column in columns_of(table)}
    return (
        set(layout.cluster) <= known.keys()
        and (layout.partition is None or known[layout.partition] in {"DATE", "TIMESTAMP"})
        and bool(not layout.require_partition_filter or layout.partition)
        and len(known) == len(columns_of(table))
    )


def test_the_event_log_and_the_transcripts_require_a_partition_filter() -> None:
    """These tables grow without bound."""
    demanding = {table for table, layout in layouts().items() if layout.require_partition_filter}

    assert {"events", "deliveries", "dead_letters", "batch_records"} == demanding
    assert layouts()["batch_records"].expiration_days


# Transactions fit the schemas


def test_a_transaction_writes_columns_that_exist_and_all_that_are_required() -> None:
    """As many values as columns, no column twice."""
    assert len(inserts()) > 20
    assert [] == [
        f"{name}, {table}: {problem}"
        for name, table, columns, selected in inserts()
        if table != "new_errors"
        for problem in problems_of(table, columns, selected)
    ]


def problems_of(table: str, columns: list[str], selected: exp.Expr) -> Iterator[str]:
    known = {column.name: column for column in columns_of(table)}
    required = {c.name for c in known.values() if c.mode == "REQUIRED"}
    select = selected.find(exp.Select)
    assert select is not None
    yield from (f"no column {name}" for name in set(columns) - known.keys())
    yield from (f"{name} is required" for name in required - set(columns))
    if not len(columns) == len(set(columns)) == len(select.expressions):
        yield f"{len(select.expressions)} values for {columns}"


@pytest.mark.parametrize(
    "table",
    ["run_plans", "batch_plans", "batch_records", OUTPUT, "attempt_closings", "processed_records"],
)
def test_the_transaction_that_writes_a_table_writes_all_of_it(table: str) -> None:
    """No column stays NULL by omission."""
    writers = [columns for _, written, columns, _ in inserts() if written == table]

    assert writers
    assert [{column.name for column in columns_of(table)}] * len(writers) == [*map(set, writers)]


def test_a_plan_is_read_with_every_column_of_its_table() -> None:
    """The fields of `Plan` are the columns of `run_plans`."""
    assert {field.name for field in dataclasses.fields(Plan)} == {
        column.name for column in columns_of("run_plans")
    }


def test_staging_has_a_column_for_every_field_of_a_reading() -> None:
    """The answer is one of them, nested as its schema is."""
    staged = {column.name for column in staged_columns(answer_record(ANALYSIS))}

    assert {*Reading.__struct_fields__, "job"} - {"other_key"} == staged


def test_elements_of_a_list_are_staged_in_the_order_of_the_output_table() -> None:
    """BigQuery assigns the fields of a struct by position, which DuckDB does not."""
    staged = {c.name: c for c in columns_at(answer_record(ANALYSIS), ANALYSIS.columns)}
    stored = {c.name: c for c in columns_of(OUTPUT) if c.name in staged}

    assert staged.keys() == stored.keys()
    for name, column in stored.items():
        fields = [(field.name, field.type, field.mode) for field in column.fields]
        assert fields == [(f.name, f.type, f.mode) for f in staged[name].fields]


def test_a_staging_table_has_no_more_levels_than_bigquery_admits() -> None:
    """The answer itself is one of its fifteen."""
    deep: dict[str, Any] = {"type": "STRING"}
    for _ in range(DEEPEST_GROUP):
        deep = {"type": "OBJECT", "properties": {"inner": deep}}
    columns = {"verdict": "verdict", "deep_text": "deep" + ".inner" * DEEPEST_GROUP}
    column, levels = answer_record(analysis_of({"deep": deep}, columns=columns)), 0
    while column.fields:
        column, levels = column.fields[-1], levels + 1

    assert DEEPEST_GROUP < levels <= 15
    deeper = {"type": "OBJECT", "properties": {"inner": deep}}
    longer = columns | {"deep_text": columns["deep_text"] + ".inner"}
    with pytest.raises(AnalysisError, match="objects inside each other"):
        analysis_of({"deep": deeper}, columns=longer)


def test_the_shipped_output_table_follows_the_rule_of_every_output_table() -> None:
    """Its schema file only adds descriptions."""
    (made,) = output_tables([ANALYSIS]).values()

    assert [_plain(c) for c in columns_of(OUTPUT)] == [_plain(c) for c in made]


def _plain(column: Column) -> Any:
    return column.name, column.type, column.mode, [_plain(each) for each in column.fields]


@pytest.mark.parametrize("name", shipped_analyses())
def test_an_analysis_writes_into_its_table_s_own_types(name: str) -> None:
    """Schema files use the legacy type names."""
    spelled = {"INT64": "INTEGER", "FLOAT64": "FLOAT", "BOOL": "BOOLEAN"}
    analysis = load_analysis(name)
    table = {column.name: (column.type, column.mode) for column in columns_of(analysis.table)}

    assert len(analysis.output_columns) > 10
    for column in analysis.output_columns:
        type_, mode = table[column.name]
        assert spelled.get(column.type, column.type) == type_
        assert (column.mode == "REPEATED") == (mode == "REPEATED")


@pytest.mark.parametrize("table", sorted(layouts()))
def test_duckdb_tables_are_created_from_the_schemas(harness: TrackingHarness, table: str) -> None:
    """Names, order and NOT NULL; and no primary key, which would hide duplicates."""
    made = harness.sql(f"PRAGMA table_info('{table}')")

    assert [(c.name, c.mode == "REQUIRED") for c in columns_of(table)] == [
        (name, not_null) for _, name, _, not_null, _, _ in made
    ]
    assert not any(key for *_, key in made)


def event_row(**changed: Any) -> dict[str, Any]:
    now = datetime(2026, 3, 2, tzinfo=UTC)
    return {
        "event_id": "f", "topic": "t", "source": "s", "occurred_at": now, "recorded_at": now,
        "recorded_on": date(2026, 3, 2), "data": "{}",
    } | changed  # fmt: skip


def test_a_valid_row_passes_the_check() -> None:
    """Nullable columns may be missing."""
    check_row("events", event_row())
    check_row("events", event_row(run_id=None, batch=3))


def test_a_row_with_an_unknown_column_is_refused_by_name() -> None:
    """The check runs before the row is written."""
    with pytest.raises(ValueError, match="events has no column colour"):
        check_row("events", event_row(colour="red"))


@pytest.mark.parametrize("missing", ["event_id", "data", "recorded_on"])
def test_a_row_without_a_required_column_is_refused_by_name(missing: str) -> None:
    """Null counts as missing."""
    with pytest.raises(ValueError, match=rf"events\.{missing} is missing"):
        check_row("events", event_row(**{missing: None}))


def test_a_system_error_is_stored_as_its_type_says(harness: TrackingHarness) -> None:
    """With the flags and the hint of its type."""
    harness.tracking.store_error("e1", "stuck_event", cause="plan-run", detail="d")

    known = {row["error_type"]: row for row in harness.tracking._error_types}["stuck_event"]
    assert [(known["retryable"], known["replan"], known["hint"])] == harness.sql(
        "SELECT retryable, replan, hint FROM error_tracking"
    )


def test_an_error_is_stored_once(harness: TrackingHarness) -> None:
    """Errors with the same id are the same error."""
    assert harness.tracking.store_error("e1", "dead_lettered")
    assert not harness.tracking.store_error("e1", "dead_lettered")
    assert harness.tracking.store_error("e2", "dead_lettered")
    assert 2 == harness.one("SELECT count(*) FROM error_tracking")


@pytest.mark.parametrize(
    "error_id",
    [
        "run_refused__r1__projects/p/topics/t:1",
        "run_refused__r1__Jane Doe",
        "run_refused__r1__ä",
        "run_refused__r1__" + "x" * 2_000,
    ],
    ids=lambda id_: id_[:40],
)
def test_any_event_id_gives_its_error_a_valid_job_id(
    harness: TrackingHarness, error_id: str
) -> None:
    """BigQuery takes 1,024 letters, digits, - and _; a CloudEvent's id may hold any characters."""
    harness.tracking.store_error(error_id, "run_refused")

    job = harness.one("SELECT job_id FROM local_jobs")
    assert len(job) <= 1_024
    assert set(job) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
