"""Every statement of tracking/ is valid for Google's SQL parser and analyzer."""

import re
from importlib.resources import files
from typing import TYPE_CHECKING

import pytest

from analysis import charts_of, load_analysis
from events import Condition
from handlers.attempts.close import answer_columns, answer_record
from tests.analysis.own import analysis_of
from tests.analysis.test_charts import KINDS
from tests.emulators.fixtures import cannot
from tests.tracking.test_own_tables import ANY_WORD
from tests.tracking.test_statements import NAMES, RULES
from tracking import Source, SourceReading
from tracking.column_counts import counts_sql
from tracking.parameters import PARAMETERS
from tracking.statements import query, statement_names, table_name, transaction
from tracking.tables import (
    Column,
    columns_of,
    flattened,
    nothing_staged,
    output_columns,
    staged_columns,
)
from troupe.backends.defaults import output_tables
from troupe.deployment.answers_view import answers_view

if TYPE_CHECKING:
    from tests.emulators.googlesql import GoogleSql

STATEMENTS = [
    *(("queries", name) for name in statement_names("queries")),
    *(("transactions", name) for name in statement_names("transactions")),
]


@pytest.fixture(scope="module")
def google_sql() -> "GoogleSql":
    try:
        from tests.emulators.googlesql import GoogleSql
    except ModuleNotFoundError as missing:
        cannot(f"Google's SQL analyzer is not installed: pip install {missing.name}")
        raise
    return GoogleSql()


def text_of(folder: str, name: str, **changed: str) -> str:
    return (query if folder == "queries" else transaction)(name, **NAMES | changed)


@pytest.mark.parametrize(("folder", "name"), STATEMENTS)
def test_google_s_analyzer_understands_it(google_sql: "GoogleSql", folder: str, name: str) -> None:
    """Tables, columns, functions and the types of the parameters fit together."""
    kinds = google_sql.analyze(text_of(folder, name))

    assert kinds
    if folder == "queries":
        assert ["ResolvedQueryStmt"] == kinds


def test_a_closing_takes_its_answers_from_a_staging_table(google_sql: "GoogleSql") -> None:
    """The staging table is in another dataset."""
    analysis = load_analysis("call_review_v1")
    answer = answer_record(analysis)
    columns = staged_columns(answer)
    staged = flattened(table_name("staged_1"), answer, analysis.columns)
    script = text_of("transactions", "close_attempt", staged=staged)

    kinds = google_sql.analyze(script, {"staged_1": columns})

    assert ("ResolvedBeginStmt", "ResolvedCommitStmt") == (kinds[0], kinds[-1])


def test_columns_and_fields_may_be_called_like_words_of_the_closing(
    google_sql: "GoogleSql",
) -> None:
    """Keywords included, with answers and without."""
    fields = {column.name: {"type": "STRING"} for column in ANY_WORD}
    nested = {"type": "ARRAY", "items": {"type": "OBJECT", "properties": fields}}
    answer = (*answer_columns(analysis_of({"told_of": nested})), *ANY_WORD)
    names = [f"`{column.name}`" for column in answer]
    changed = {
        "output": table_name("own"),
        "answer_columns": ", ".join(names),
        "c_answer_columns": ", ".join(f"c.{name}" for name in names),
        "s_answer_columns": ", ".join(f"s.{name}" for name in names),
        "summary": "c.`verdict`",
    }
    record = Column(name="answer", type="RECORD", fields=answer)
    paths = {column.name: column.name for column in answer}
    tables = {"own": output_columns(answer), "staged_1": staged_columns(record)}

    for staged in (flattened(table_name("staged_1"), record, paths), nothing_staged(answer)):
        script = text_of("transactions", "close_attempt", **changed, staged=staged)
        assert "ResolvedCommitStmt" == google_sql.analyze(script, tables)[-1]


def test_an_analysis_of_any_kind_is_counted(google_sql: "GoogleSql") -> None:
    """Booleans, enums, numbers and lists."""
    own = analysis_of(KINDS)
    ((table, columns),) = output_tables([own]).items()
    sql = query("column_counts", counts=counts_sql(charts_of(own).charts, own.table))

    assert {"values", "items", "numbers", "lengths"} == {c.shows for c in charts_of(own).charts}
    assert ["ResolvedQueryStmt"] == google_sql.analyze(sql, {table: columns})


@pytest.mark.parametrize("view", statement_names("views"))
def test_a_view_is_valid(google_sql: "GoogleSql", view: str) -> None:
    """As it stands in its file, without its dataset."""
    sql = files("tracking").joinpath("views", f"{view}.sql").read_text(encoding="utf-8")

    assert ["ResolvedQueryStmt"] == google_sql.analyze(sql.replace("{dataset}", ""))


def test_the_answers_of_several_analyses_by_day_are_one_view(google_sql: "GoogleSql") -> None:
    """Terraform joins the parts; an own one may have any closed columns and attributes."""
    own = analysis_of(KINDS, attributes={"queue": "text", "vip": "boolean"}, shown=["queue"])
    ((table, columns),) = output_tables([own]).items()
    parts = [answers_view(each) for each in (load_analysis("call_review_v1"), own)]
    sql = "\nUNION ALL\n".join(parts).replace("{dataset}", "")

    assert ["ResolvedQueryStmt"] == google_sql.analyze(sql, {table: columns})


@pytest.mark.parametrize(
    "name", ["plan_run", "preview_plan", "selection_of_record", "sample_of_plan"]
)
def test_attributes_and_conditions_of_every_type_are_read(
    google_sql: "GoogleSql", name: str
) -> None:
    """From the columns that the types admit; each value is a parameter of its type."""
    types = {name: kind for name, (kind, _) in ATTRIBUTES.items()}
    conditions = [
        Condition(attribute="queue", one_of=["billing", "sales"]),
        Condition(attribute="agent", one_of=["7"]),
        Condition(attribute="seconds", from_=60, below=600),
        Condition(attribute="score", from_=0.5),
        Condition(attribute="share", below=1),
        Condition(attribute="vip", one_of=[True]),
        Condition(attribute="ended_at", from_="2026-03-01T00:00:00Z"),
    ]
    source = Source(table="calls").names()
    reading = SourceReading(redaction=RULES, attributes=types, conditions=conditions)
    names = reading.names(source)
    further = [Column(name=name, type=type_) for name, (_, type_) in ATTRIBUTES.items()]
    folder = "transactions" if name == "plan_run" else "queries"
    script = text_of(folder, name, **source, **names)

    kinds = google_sql.analyze(script, {"calls": [*columns_of(Source().table), *further]})
    assert ("ResolvedCommitStmt" if name == "plan_run" else "ResolvedQueryStmt") == kinds[-1]
    assert {"text", "integer", "number", "boolean", "time"} == {*types.values()}


ATTRIBUTES = {
    "queue": ("text", "STRING"), "agent": ("text", "INTEGER"), "seconds": ("integer", "INTEGER"),
    "score": ("number", "FLOAT"), "share": ("number", "INTEGER"), "vip": ("boolean", "BOOLEAN"),
    "ended_at": ("time", "TIMESTAMP"), "came_on": ("text", "DATE"), "was_new": ("text", "BOOLEAN"),
}  # fmt: skip


@pytest.mark.parametrize(
    "wrong",
    [
        "SELECT no_such_column FROM events",
        "SELECT batch FROM events WHERE batch = @run_id",
        "SELECT NO_SUCH_FUNCTION(batch) FROM events",
        "SELECT 1 FROM events AS at",
        "INSERT INTO claims (run_id, batch) SELECT 1, 'x'",
    ],
)
def test_the_analyzer_finds_what_is_wrong(google_sql: "GoogleSql", wrong: str) -> None:
    """Unknown names, wrong types and reserved words."""
    with pytest.raises(Exception, match="INVALID_ARGUMENT"):
        google_sql.analyze(wrong)


def test_every_parameter_has_a_type() -> None:
    """In tracking/parameters.py, so that NULL and an empty list can be sent."""
    texts = {
        (folder, name): re.sub(r"--[^\n]*", "", text_of(folder, name))
        for folder, name in STATEMENTS
    }
    used = {file: set(re.findall(r"(?<!@)@(\w+)", text)) for file, text in texts.items()}

    assert "run_id" in used["queries", "plan_of"]
    assert {} == {file: new for file, names in used.items() if (new := names - PARAMETERS.keys())}


def test_every_type_is_of_a_parameter() -> None:
    """No statement uses a parameter that is not declared, and none is declared in vain."""
    texts = " ".join(text_of(folder, name) for folder, name in STATEMENTS)

    of_first_rule = {re.sub(r"_[0-9]+$", "_1", name) for name in PARAMETERS}
    assert set() == of_first_rule - set(re.findall(r"@(\w+)", texts))
