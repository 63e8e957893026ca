"""Output tables of a user's analysis: which names are reserved, and that every other name works."""

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp
from typer.testing import CliRunner

from analysis import AnalysisError
from analysis.column_checks import column_problems
from handlers.attempts.close import answer_columns
from tests.analysis.own import analysis_of, folder_of
from tests.tracking.harness import DAY, PRICES, TrackingHarness, calls, id_of
from tests.tracking.test_statements import ALL, NAMES, parsed
from tracking import AttemptKey
from tracking.statements import reserved_tables, statement_names, transaction
from tracking.tables import (
    OUTPUT,
    Column,
    columns_of,
    layouts,
    nothing_staged,
    output_columns,
)
from troupe.analysis_folders import load_folder
from troupe.backends.defaults import output_tables
from troupe.cli.app import app

CLOSING = transaction("close_attempt", **NAMES | {"staged": "`staged_1`"})
SUMMARY = Column(name="summary_text", type="STRING")


def is_free(name: str) -> bool:
    return not list(column_problems(name.lower()))


ANY_WORD = tuple(
    Column(name=word, type="STRING")
    for word in sorted(set(re.findall(r"\w+", CLOSING.lower())))
    if is_free(word) and word != SUMMARY.name
)


def beside_the_answer() -> Iterator[str]:
    """Table aliases of the closing, and the columns that it adds to an answer's."""
    for statement in sqlglot.parse(CLOSING, read="bigquery"):
        assert statement is not None
        for alias in statement.find_all(exp.TableAlias):
            yield from (name.name for name in (alias.this, *alias.columns) if name)
        if isinstance(statement, exp.Create) and statement.this.name == "answers":
            yield from (alias.alias for alias in statement.find_all(exp.Alias))


def test_reserved_column_names_cover_every_added_column() -> None:
    """Those of staging, closing and the output table."""
    others = {column.name for column in (*columns_of("staged_answers"), *output_columns(()))}
    others |= set(beside_the_answer())

    assert {"job", "word", "s", "error", "copies", "is_requested"} <= others
    assert [] == sorted(filter(is_free, others))


def test_a_column_named_like_any_other_word_of_the_closing_is_stored(
    harness: TrackingHarness,
) -> None:
    """All of them at once, SQL keywords included, and each keeps its value."""
    names = [column.name for column in ANY_WORD]
    assert {"from", "order", "answers", "chosen", "transcript", "outcome"} <= set(names)

    assert [(1.0, *names)] == close(harness, ANY_WORD, names)


def close(
    harness: TrackingHarness, columns: tuple[Column, ...], values: list[str] | None
) -> list[tuple[object, ...]]:
    """Close an attempt with one answer of these values; return its stored grounding and columns."""
    answer = (SUMMARY, *columns)
    harness.warehouse.db.execute("DROP TABLE IF EXISTS own")
    harness.warehouse.create_tables({"own": output_columns(answer)})
    (row,) = calls(1)
    harness.source([row])
    harness.plan()
    harness.tracking.close_attempt(
        AttemptKey(run_id="r1", planned_on=DAY, batch=1, attempt=1),
        {
            "ending": "succeeded", "cause": "", "never_started": False, "jobs": "[]", "outputs": "[]",
            "grounding": True, "analysis": "of_any_kind_v1", "prompt_fingerprint": "p1",
            "reader_fingerprint": "r1", "model": "m1", "max_attempts": 1, "first_gap": 300,
            "longest_gap": 7200, "seconds": 1.0, "peak_megabytes": None,
            **dict.fromkeys(PRICES),
        },
        staged=None if values is None else staged(harness, row, answer, values),
        output="own",
        answer=Column(name="answer", type="RECORD", fields=answer),
        paths={column.name: column.name for column in answer},
        summary=SUMMARY.name,
    )  # fmt: skip
    assert 1 == harness.one("SELECT count(*) FROM attempt_closings")
    names = ", ".join(f'"{column.name}"' for column in columns)
    return harness.sql(f"SELECT grounding, {names} FROM own")  # noqa: S608


def staged(
    harness: TrackingHarness,
    source_row: dict[str, str],
    answer: tuple[Column, ...],
    values: list[str],
) -> str:
    row = {
        "record_id": id_of(source_row), "job": 1, "line": 1, "parse_method": "strict",
        "repair_grade": "exact",
        "text_fingerprint": hashlib.sha256(source_row["transcript"].encode()).hexdigest(),
        "answer": {
            SUMMARY.name: source_row["transcript"],
            **dict(zip((column.name for column in answer[1:]), values, strict=True)),
        },
    }  # fmt: skip
    blob = harness.bucket.write_once("staging/own.ndjson", [json.dumps(row).encode() + b"\n"])
    record = Column(name="answer", type="RECORD", fields=answer)
    return harness.tracking.stage_answers(record, [blob.uri])


def test_an_attempt_without_answers_is_closed_for_any_field_names(
    harness: TrackingHarness,
) -> None:
    """The empty staging table is written in SQL with its types."""
    fields = {name: {"type": "STRING"} for name in ("from", "end", "order", "group", "struct")}
    entries = {"type": "ARRAY", "items": {"type": "OBJECT", "properties": fields}}
    columns = answer_columns(analysis_of({"entries": entries}))

    assert "STRUCT<`from` STRING, `end` STRING, " in nothing_staged(columns)
    assert [] == close(harness, columns[1:], None)


# Table names


def hiding() -> Iterator[str]:
    """Temporary tables and WITH items of statements that also use output tables."""
    for folder, name in ALL:
        for tree in parsed(folder, name):
            if isinstance(tree, exp.Create):
                yield tree.this.name
            if OUTPUT in {table.name for table in tree.find_all(exp.Table)}:
                yield from (made.alias for made in tree.find_all(exp.CTE))


def test_reserved_table_names_cover_tables_views_and_temporary_tables() -> None:
    """A temporary table hides an output table of the same name."""
    others = {*layouts(), *statement_names("views"), *hiding()} - {OUTPUT}

    assert {
        "events",
        "runs",
        "answers",
        "still_open",
        "source_selection",
        "record_states",
    } <= others
    assert others <= reserved_tables()


@pytest.mark.parametrize("table", ["answers", "new_errors", "record_states", "runs", "claims"])
def test_a_reserved_table_name_is_refused(tmp_path: Path, table: str) -> None:
    """By `troupe analysis check`, and when the table is created."""
    folder = folder_of(tmp_path, {}, table=table)

    words = ["analysis", "check", str(folder), "--home", str(tmp_path / "home")]
    checked = CliRunner().invoke(app, words)

    assert 1 == checked.exit_code
    assert f"the table {table} is Troupe's; rename it" in checked.output
    with pytest.raises(AnalysisError, match=f"the table {table} is Troupe's"):
        output_tables([load_folder(folder)])


def test_the_shipped_table_may_be_shared() -> None:
    """With an analysis of equal columns; `Analyses` compares them."""
    assert [OUTPUT] == [*output_tables([analysis_of({}, table=OUTPUT)])]
