"""Rules for the SQL files: BigQuery accepts them, partitions are pruned, values are parameters."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cache
from itertools import takewhile
from typing import Any

import pytest
import sqlglot
from sqlglot import exp

from analysis import load_analysis
from events import RunRequested
from handlers.attempts.close import answer_columns
from handlers.choreography import event_subscriptions
from handlers.runs.plan_params import plan_params
from tests.tracking.harness import ANALYSIS, OUTPUT, TrackingHarness
from tracking import BadName, Redaction, RedactionRule, Source
from tracking.answer_rows import attributes_read, columns_read, counted_of, grouping
from tracking.attributes import ARRAYS, as_structs, path_of, values_of
from tracking.comparison import (
    Compared,
    Letter,
    comparison_names,
    record_names,
    rows_of_golden,
    rows_of_labels,
    rows_of_run,
    rows_of_version,
)
from tracking.found_records import Search, counted_names, found_names
from tracking.golden_sets import answers_of_tables
from tracking.statements import (
    column_name,
    fragment,
    query,
    statement_names,
    statement_text,
    table_name,
    transaction,
)
from tracking.tables import layouts, nothing_staged
from troupe.backends.defaults import error_types
from troupe.backends.local.sql_translation import translate

WITH_PLANNING_LOCK = ("plan_run", "plan_reread", "clear_history", "replace_rows", "forget_person")
QUERIES, TRANSACTIONS = statement_names("queries"), statement_names("transactions")
RULES = Redaction(
    rules=[RedactionRule("r", "a+", "[A]"), RedactionRule("s", "b", "")], counted=True
)
"""Two rules, so that one stands in another."""
COMPARED = (
    Compared("call_tone", "closed"),
    Compared("products", "list", field="name"),
    Compared("call_summary", "text"),
)
IDS = ("phone_number_token", "interactionId", "referenceId")


def any_side(letter: Letter) -> str:
    """Every kind of side in one: a run, a version, a golden set and a file of labels."""
    kinds = (
        rows_of_run(letter, OUTPUT, COMPARED, IDS),
        rows_of_version(letter, OUTPUT, COMPARED),
        rows_of_golden(letter, COMPARED),
        rows_of_labels(letter, COMPARED, IDS),
    )
    return "\nUNION ALL\n".join(f"SELECT k.* FROM ({each}) AS k" for each in kinds)  # noqa: S608


EVERYTHING = Search(
    record_ids=["0" * 32, "1" * 32],
    error_type="truncated",
    attributes={"queue": "x"},
    by_day=True,
    open_runs=["r1"],
    words="x",
)
"""Every condition on errors; those on members and rows alone follow."""
SEARCHED = [
    found_names(each, OUTPUT, ["call_tone", "agent_response_resolved"], ["call_summary"])
    for each in (
        EVERYTHING,
        replace(EVERYTHING, error_type=None, record_ids=["0" * 32]),
        replace(
            EVERYTHING,
            error_type=None,
            grade="exact",
            of_run=True,
            values={"call_tone": None, "language_code": "x"},
        ),
    )
]
NAMES = {
    **{
        name: "\nUNION ALL\n".join(f"SELECT u.* FROM (\n{each[name]}\n) AS u" for each in SEARCHED)  # noqa: S608
        for name in ("pages_of_found", "states_of_found")
    },
    **counted_names(["call_tone", "agent_response_resolved"]),
    "of_this_call": "s.interaction_id = @interaction_id",
    "of_deliveries": fragment("of_dead_letters"),
    "state_of_r": f"({fragment('state_of_r')}) AND {fragment('failures_of_r')}",
    **comparison_names(any_side("a"), any_side("b"), COMPARED),
    **record_names(any_side("a"), any_side("b"), COMPARED),
    **Source().names(),
    **RULES.names(Source().names()),
    "output": table_name(OUTPUT),
    "staged": nothing_staged(answer_columns(ANALYSIS)),
    "answer_columns": ", ".join(f"`{name}`" for name, _, _ in ANALYSIS.output_columns),
    "c_answer_columns": ", ".join(f"c.`{name}`" for name, _, _ in ANALYSIS.output_columns),
    "path": path_of("queue"),
    "raw_counts": fragment(
        "count_raw_values", field="'call_tone'", path="'$.call_tone'", output=f"`{ANALYSIS.table}`"
    ),
    "s_answer_columns": ", ".join(f"s.`{name}`" for name, _, _ in ANALYSIS.output_columns),
    "summary": "c.`call_summary`",
    "cost_of_c": fragment("cost_of", row="c"),
    "cost_of_a": fragment("cost_of", row="a"),
    "counts": "\nUNION ALL\n".join(
        fragment(
            name,
            output=table_name(OUTPUT),
            at="0",
            column=f"`{column}`",
            number=f"t.`{column}`",
            least_step="0.0",
            entry="i",
        )
        for name, column in (
            ("count_values", "call_tone"),
            ("count_numbers", "cost"),
        )
    ),
    "attributes_of_m": values_of(["queue", "agent"], "m"),
    "attributes_of_t": values_of(["queue", "agent"], "t"),
    "answers_of_t": as_structs(["call_tone", "agent_response_resolved"]),
    "attributes_of_r": grouping(["queue", "agent"]),
    "attributes_of_s": attributes_read(["queue", "agent"]),
    "columns_of_s": columns_read(["call_tone", "agent_response_resolved"]),
    "counted_analysis": "@analysis",
    "counted_of_t": counted_of(["call_tone", "agent_response_resolved"], ["call_tone"]),
    "counted_since": "@since",
    "attribute_filter": " AND ".join(f"@{name}[OFFSET(0)] IS NOT NULL" for name in ARRAYS.values()),
    "golden_answers_of_tables": answers_of_tables(
        {OUTPUT: ["call_tone", "agent_response_resolved", "products"]}
    ),
    "before": "`call_sentiment_incoming`",
    "after": "`call_sentiment_outgoing`",
    "delete_rows_of_person": fragment("delete_rows_of_person", output=table_name(OUTPUT)),
    "stratum": fragment("stratum_of_column", field="'call_tone'", column="`call_tone`"),
    "priority": "t.`grounding`",
    "joined": fragment("other_rows", o_columns="o.`call_tone`", other_output=table_name(OUTPUT)),
    "t_answer_columns": ", ".join(f"t.`{name}`" for name, _, _ in ANALYSIS.output_columns),
    "o_columns": "o.`call_tone`",
    "other_output": table_name(OUTPUT),
}
COUNTED = {
    "text": "s.transcript",
    "folded": "s.transcript",
    "steps": "x",
    "earlier": "x",
    "at": "0",
    "column": "`batch`",
    "number": "t.`batch`",
    "least_step": "1.0",
    "entry": "i",
    "values": "",
    "pair_key": "x",
    "letter": "a",
    "newest": "",
    "entries": "x",
    **{
        f"conditions_on_{name}": "m.planned_on >= @since" if name == "member" else "TRUE"
        for name in ("t", "e", "m", "member")
    },
    "answers_in_t": "t.`call_tone` AS answer_0",
    "answers_of_g": "x",
    "fitting_others": "x",
    "fitting": "x",
    "of_this_call": "s.interaction_id = @interaction_id",
    "label_kind": "x",
    "entry_path": "x",
    "rejected_path": "x",
}
TODAY = date(2026, 3, 2)
LABELS = [
    {
        "record_id": "0" * 32,
        "phone_number_token": None,
        "interaction_id": "i1",
        "reference_id": None,
        "labels": '{"call_tone": null, "products": {"not": []}}',
    }
]
PARAMS: dict[str, Any] = {
    **RULES.params(),
    **plan_params(RunRequested(run_id="r1"), "m1", load_analysis("call_review_v1")),
    "run_id": "r1",
    "golden": "tones",
    "goldens": ["tones"],
    "version": 2,
    "of_version": 1,
    "content_hash": "0" * 16,
    "label_columns": "call_tone",
    "golden_rows": [
        {"record_id": "0" * 32, "phone_number_token": None, "labels": '{"call_tone": "calm"}'}
    ],
    "interaction_ids": ["a"],
    "reference_ids": [],
    "phone_number_tokens": [],
    "planned_on": TODAY,
    "settled_before": datetime(2026, 3, 2, tzinfo=UTC),
    "since": TODAY,
    "sample": 2,
    "seed": "0",
    "batch": 1,
    "attempt": 1,
    "claim": 1,
    "after": 0,
    "last": 5,
    "event_id": "f1",
    "event_ids": ["f1", "f2"],
    "handler": "plan-run",
    "record_id": "0" * 32,
    "lookback_days": 7,
    "subscriptions": event_subscriptions(),
    "before": None,
    "before_run": None,
    "text": None,
    "error_type_rows": error_types(),
    "ending": "succeeded",
    "never_started": False,
    "state": "create",
    "last_answered_at": None,
    "first_gap": 300,
    "longest_gap": 7200,
    "jobs": "[]",
    "of_planned_on": TODAY,
    "clearing_id": "clear-1",
    "reason": "wrong prompt",
    "stored_from": None,
    "stored_to": None,
    "phone_number_token": "tok_1",
    "outputs": "[]",
    "only_topic": None,
    "reader_fingerprint": "0" * 16,
    "max_attempts": 3,
    "grounding": True,
    "input_price": 0.1,
    "cached_price": 0.01,
    "output_price": 0.4,
    "seconds": 1.5,
    "peak_megabytes": None,
    "attempt_id": "d1__r1__1__1",
    "error_id": "e1",
    "error_type": "dead_lettered",
    "cause": None,
    "detail": None,
    "data": "{}",
    "generation": None,
    "topic": "batch-planned",
    "until": TODAY,
    "hint": None,
    "deployment": "d1",
    "report": "{}",
    "batch_success_rate": 1.0,
    "batches_per_hour": None,
    "error_rate": 0.0,
    "deduplication_rate": None,
    "recovery_seconds": None,
    "cost": None,
    "expected_low": None,
    "expected_high": None,
    "wasted": None,
    "saved": None,
    "most": 12,
    "stand_in": "stand-in",
    "groups": [{"attribute": "queue", "value": None}],
    "filter_texts": ["x", "y"],
    "any_id": "i1",
    "interaction_id": None,
    "reference_id": None,
    "states": ["failed"],
    "open_runs": ["r1"],
    "grade": "exact",
    "words": "x",
    "step": 7,
    "found_before": None,
    "after_record": None,
    "after_run": None,
    "filter_integers": [1],
    "filter_numbers": [1.5],
    "filter_booleans": [True],
    "filter_times": [datetime(2026, 3, 2, tzinfo=UTC)],
    "against": "r0",
    "batches": [1],
    "sample_id": "s1",
    "reviewer": "ab",
    "labels": '{"call_tone": "calm"}',
    "drawn_by": "random",
    "drawn_rows": [{"record_id": "0" * 32, "stratum": "random", "weight": 2.0}],
    "words_below": "g",
    **{
        f"{name}_{letter}": value
        for letter in "ab"
        for name, value in {
            "analysis": "call_review_v1",
            "run": "r1",
            "planned_on": TODAY,
            "golden": "g1",
            "version": 1,
            "labels": LABELS,
        }.items()
    },
}


def text_of(folder: str, name: str) -> str:
    made = {"queries": query, "transactions": transaction, "fragments": fragment}[folder]
    return made(name, **NAMES | COUNTED, row="c")


ALL = [("queries", name) for name in QUERIES] + [("transactions", name) for name in TRANSACTIONS]
FILES = ALL + [("fragments", name) for name in statement_names("fragments")]


@cache
def parsed(folder: str, name: str) -> list[exp.Expr]:
    found = sqlglot.parse(text_of(folder, name), read="bigquery")
    return [each for each in found if each is not None]


# Execution


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_runs_on_empty_tables_and_takes_typed_parameters(
    harness: TrackingHarness, name: str
) -> None:
    """A query on an empty dataset returns a result."""
    sql = query(name, **NAMES)
    given = {each: PARAMS[each] for (s,) in [translate(sql)] for each in s.parameters - {"now"}}

    assert harness.warehouse.query(sql, given) == list(harness.warehouse.stream(sql, given))


@pytest.mark.parametrize("name", TRANSACTIONS)
def test_a_transaction_runs_on_empty_tables(harness: TrackingHarness, name: str) -> None:
    """Once per job id."""
    assert harness.warehouse.run_once("job", transaction(name, **NAMES), PARAMS)
    assert not harness.warehouse.run_once("job", transaction(name, **NAMES), PARAMS)
    assert [("done",)] == harness.sql("SELECT state FROM local_jobs")


def test_a_missing_parameter_is_named(harness: TrackingHarness) -> None:
    """It is never replaced by NULL."""
    with pytest.raises(KeyError, match="run_id"):
        harness.warehouse.query(query("plan_of"), {})


# Form


def test_a_query_changes_nothing() -> None:
    """A query is one SELECT."""
    changing = (exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Create, exp.Drop)
    statements = {name: parsed("queries", name) for name in QUERIES}

    assert [] == [name for name, found in statements.items() if len(found) != 1]
    assert [] == [
        name
        for name, (only,) in statements.items()
        if not isinstance(only, exp.Query) or list(only.find_all(*changing))
    ]


def test_a_transaction_of_several_statements_is_one_transaction() -> None:
    """Several statements commit together or not at all."""
    ends = (exp.Transaction, exp.Commit, exp.Rollback)
    several = {n: each for n in TRANSACTIONS if len(each := parsed("transactions", n)) > 1}
    kinds = {name: [type(s) for s in each] for name, each in several.items()}
    found = {name: [kind for kind in each if kind in ends] for name, each in kinds.items()}

    assert "plan_run" in several
    assert {name: [exp.Transaction, exp.Commit] for name in several} == found
    assert {name: [each[0], each[-1]] for name, each in kinds.items()} == found


def test_a_transaction_inserts_behind_a_guard_and_deletes_behind_the_planning_lock_alone() -> None:
    """A job that failed after its commit is run again. Temporary tables need no guard."""
    faults = {name: list(unguarded(name)) for name in TRANSACTIONS}

    assert {} == {name: found for name, found in faults.items() if found}


def unguarded(name: str) -> Iterator[str]:
    for statement in parsed("transactions", name):
        text = statement.sql(dialect="bigquery", comments=False)
        is_temporary = "TEMP" in text.split("AS", 1)[0]
        if (
            isinstance(statement, exp.Merge | exp.Drop)
            or (isinstance(statement, exp.Delete) and name not in WITH_PLANNING_LOCK)
            or (isinstance(statement, exp.Create) and not is_temporary)
        ):
            yield text
        if isinstance(statement, exp.Insert):
            table = next(statement.find_all(exp.Table)).name
            if table != "new_errors" and not list(statement.find_all(exp.Exists)):
                yield text


def test_the_planning_lock_is_taken_first() -> None:
    """Two concurrent plans, or a plan and a clearing, must not read the same records."""
    begun = {name: parsed("transactions", name)[:2] for name in WITH_PLANNING_LOCK}

    assert dict.fromkeys(WITH_PLANNING_LOCK, (exp.Transaction, exp.Update, "planning_lock")) == {
        name: (type(first), type(second), second.this.name)
        for name, (first, second) in begun.items()
    }


def test_a_file_starts_with_a_comment_that_describes_it() -> None:
    """Full sentences; the comment of a query is a question, unless it loads rows."""
    assert {"folded_text", "redacted_text"} == {
        name for folder, name in FILES if folder == "fragments" and not opening(folder, name)
    }, "only an expression may go without"

    assert [] == [
        (folder, name)
        for folder, name in FILES
        if (text := opening(folder, name)) or folder != "fragments"
        if not re.match(r"[A-Z]", text)
        or not text.rstrip().endswith((".", "?"))
        or (folder == "queries" and name not in LOADS and "?" not in text)
    ]


def opening(folder: str, name: str) -> str:
    """The comment with which a file begins."""
    lines = statement_text(folder, name).splitlines()
    return " ".join(line[3:] for line in takewhile(lambda line: line.startswith("--"), lines))


LOADS = {"events_by_id", "report_of", "requests_of"}
"""Queries that load rows by their key; the comment names the rows."""


# Window functions


def windows_without_partition() -> list[tuple[str, str, str]]:
    found = []
    for folder, name in ALL:
        for statement in parsed(folder, name):
            for window in statement.find_all(exp.Window):
                if window.args.get("partition_by"):
                    continue
                select = window.find_ancestor(exp.Select)
                assert select is not None
                tables = {t.name for t in select.find_all(exp.Table)}
                found.append((folder, name, ",".join(sorted(tables))))
    return found


def test_every_window_over_records_has_a_partition() -> None:
    """A window without one sorts on a single worker; the exceptions read groups."""
    assert {"parts", "prefixes", "reread_records"} == {
        tables for _, _, tables in windows_without_partition()
    }
    assert {"plan_run", "preview_plan", "sample_of_plan", "plan_reread"} == {
        name for _, name, _ in windows_without_partition()
    }


def test_no_window_carries_a_transcript() -> None:
    """Only ids and byte counts are sorted; transcripts are joined afterwards."""
    windows = [w for s in parsed("transactions", "plan_run") for w in s.find_all(exp.Window)]

    assert len(windows) > 3
    for window in windows:
        select = window.find_ancestor(exp.Select)
        assert select is not None
        columns = {column.name for column in select.find_all(exp.Column)}
        assert "transcript" not in columns


# Partition pruning

PARTITIONED = {
    table: layout.partition
    for table, layout in layouts().items()
    if layout.require_partition_filter
}


def test_a_table_that_demands_a_partition_filter_gets_a_constant_one() -> None:
    """BigQuery refuses a query without a filter, and prunes only by constants."""
    unfiltered = [
        f"{name}: {table.name} AS {table.alias}"
        for folder, name in ALL
        for statement in parsed(folder, name)
        for table in statement.find_all(exp.Table)
        if table.name in PARTITIONED
        and table.find_ancestor(exp.Select)
        and not _is_inserted_into(table)
        and not _is_pruned(table)
    ]

    assert [] == unfiltered


def _is_inserted_into(table: exp.Table) -> bool:
    return isinstance(table.parent, exp.Schema)


def _is_pruned(table: exp.Table) -> bool:
    select = table.find_ancestor(exp.Select)
    assert select is not None
    join = table.find_ancestor(exp.Join)
    outer = join is not None and join.side and join.this is table
    conditions: list[Any] = [join.args.get("on")] if outer and join else []
    if not outer:
        where = select.args.get("where")
        conditions = [where.this] if where else []
    parts = [
        p
        for c in conditions
        if c is not None
        for p in (c.flatten() if isinstance(c, exp.And) else [c])
    ]
    return any(_fixes(part, table) for part in parts)


def _fixes(part: exp.Expr, table: exp.Table) -> bool:
    """Whether this compares the partition column with a constant."""
    if not isinstance(part, exp.EQ | exp.GTE | exp.GT | exp.Between):
        return False
    column = part.this
    if not isinstance(column, exp.Column) or column.name != PARTITIONED[table.name]:
        return False
    if column.table and column.table != (table.alias or table.name):
        return False
    other = part.args.get("expression") or part.args["low"]
    constant = list(other.find_all(exp.Parameter, exp.CurrentDate, exp.Literal))
    return bool(constant) and not list(other.find_all(exp.Column))


def test_the_pruning_check_finds_filters_that_do_not_prune() -> None:
    """A filter by another table's column, in an OR, or on another alias."""
    good = "SELECT 1 FROM events AS f WHERE f.run_id = @r AND f.recorded_on >= @since"
    wrong = [
        "SELECT 1 FROM events AS f WHERE f.run_id = @r",
        "SELECT 1 FROM events AS f WHERE f.recorded_on >= f.occurred_on",
        "SELECT 1 FROM events AS f WHERE f.recorded_on >= @since OR TRUE",
        "SELECT 1 FROM events AS f JOIN deliveries AS h ON TRUE WHERE h.recorded_on >= @since",
        "SELECT 1 FROM run_plans AS r LEFT JOIN events AS f ON TRUE WHERE f.recorded_on >= @since",
    ]

    def pruned(sql: str) -> bool:
        tree = sqlglot.parse_one(sql, read="bigquery")
        return _is_pruned(next(t for t in tree.find_all(exp.Table) if t.name == "events"))

    assert [True, *[False] * 5] == [pruned(sql) for sql in [good, *wrong]]


# Names and values

KNOWN_PLACEHOLDERS = {
    *Source().names(), "sent_text", "redaction_counts", "text", "folded", "number", "earlier", "before", "steps", "attributes_of_m", "attributes_of_t", "attributes_of_r", "attributes_of_s", "columns_of_s", "answers_of_t", "golden_answers_of_tables", "t_label_columns", "counted_analysis", "counted_of_t", "counted_since", "output", "staged", "answer_columns", "c_answer_columns", "s_answer_columns", "raw_counts", "field", "path",
    "summary",
    "stratum", "priority", "joined", "t_answer_columns", "o_columns", "other_output",
    "cost_of_c", "cost_of_a", "row", "counts", "at", "column", "least_step", "entry", "after",
    *comparison_names("", "", COMPARED), "text_pairs", "values", "pair_key", "letter", "newest", "entries", "label_kind", "entry_path", "rejected_path",
    "pages_of_found", "states_of_found", "conditions_on_t", "conditions_on_e", "conditions_on_m", "conditions_on_member", "answers_in_t", "answers_of_g", "fitting_others", "fitting", "of_this_call",
    *counted_names([]),
    *statement_names("fragments"),
}  # fmt: skip


def test_only_known_names_are_put_into_a_statement() -> None:
    """Values are parameters, never text."""
    texts = {(folder, name): statement_text(folder, name) for folder, name in FILES}
    unknown = {
        file: set(re.findall(r"\{(\w*)\}", text)) - KNOWN_PLACEHOLDERS
        for file, text in texts.items()
    }

    assert {} == {file: found for file, found in unknown.items() if found}
    assert [] == [file for file, text in texts.items() if re.search(r"'\{", text)]


@pytest.mark.parametrize(
    "name",
    [
        "a`b",
        "a b",
        "a;b",
        "a'b",
        'a"b',
        "a.b.c.d",
        "",
        ".",
        "a.",
        "a\n",
        "a--b/*",
        "a)b",
        "ä",
        "a\\b",
        "t`; DROP TABLE x; --",
    ],
)
def test_a_table_name_that_could_break_out_of_quotes_is_refused(name: str) -> None:
    """Letters, digits, - and _ are allowed."""
    with pytest.raises(BadName, match="table"):
        table_name(name)
    with pytest.raises(BadName, match="table"):
        Source(table=name).names()


@pytest.mark.parametrize(
    "name", ["a`b", "a b", "a;b", "a'b", "a.b", "1a", "", "a-b", "a\n", "ä", "a" * 301]
)
def test_a_column_name_that_could_break_out_of_quotes_is_refused(name: str) -> None:
    """Letters, digits and _ are allowed."""
    with pytest.raises(BadName, match="column"):
        column_name(name)
    with pytest.raises(BadName, match="column"):
        Source(columns={"transcript": name}).names()


def test_an_unknown_source_column_is_refused() -> None:
    """The error lists the known columns."""
    with pytest.raises(BadName, match=r"no column transcripts.*transcript"):
        Source(columns={"transcripts": "text"}).names()


@pytest.mark.parametrize("name", ["t", "d.t", "my-project.d.t", "p.d.t_1"])
def test_a_table_name_may_have_a_dataset_and_a_project(name: str) -> None:
    """One pair of back quotes encloses all parts."""
    assert f"`{name}`" == table_name(name)


def test_a_source_with_configured_names_is_planned(harness: TrackingHarness) -> None:
    """Names come from the configuration, record ids from the values."""
    harness.warehouse.db.execute(
        'CREATE OR REPLACE TABLE "my_calls" (tok VARCHAR, iid BIGINT, ref VARCHAR, body VARCHAR, '
        "direction VARCHAR, provider VARCHAR, happened TIMESTAMP)"
    )
    harness.warehouse.db.execute(
        "INSERT INTO my_calls VALUES ('t', 7, NULL, 'hello', 'IN', 'p', NULL)"
    )
    other = Source(
        table="my_calls",
        columns={
            "phone_number_token": "tok", "interaction_id": "iid", "reference_id": "ref",
            "transcript": "body", "event_timestamp": "happened",
        },
    )  # fmt: skip

    row = harness.warehouse.query(
        query("preview_plan", **other.names(), **Redaction().names(other.names())), PARAMS
    )[0]

    assert (1, 1, 1) == (row["source_rows"], row["records"], row["batches"])
