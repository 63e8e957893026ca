"""Columns and schemas that no table can store are refused when the analysis is loaded."""

import json
from typing import Any

import pytest
from msgspec import UNSET

from analysis import Reader, load_analysis, problems_of
from tests.analysis.making import columns_of, prediction
from tests.analysis.own import NAME, analysis_of, files_of

TEXT = {"type": "STRING"}
WHOLE = {"type": "INTEGER"}


def list_of(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "ARRAY", "items": items}


def record_of(**properties: Any) -> dict[str, Any]:
    return {"type": "OBJECT", "properties": properties}


@pytest.mark.parametrize(
    "column",
    [
        "error", "copies", "is_requested", "job", "word", "value",
        "detail", "grounding", "cost", "interactionid",
        "m", "a", "i",
        "_text", "_partition", "_table_1", "__root__", "_change_type", "Text", "a b", "l" * 129,
    ],
)  # fmt: skip
def test_a_column_with_a_reserved_or_invalid_name_is_refused(column: str) -> None:
    """Names that Troupe's statements use, names that BigQuery reserves, and invalid names."""
    columns = {"verdict": "verdict", column: "field"}
    (problem,) = problems_of(NAME, files_of({"field": TEXT}, columns=columns))

    assert f"{NAME}/analysis.json: " in problem
    assert f"column {column!r}" in problem


@pytest.mark.parametrize("column", ["from", "end", "order", "group", "class", "id", "l" * 128])
def test_a_column_may_have_the_name_of_a_keyword(column: str) -> None:
    """The statements quote it."""
    columns = {"verdict": "verdict", column: "field"}
    files = files_of({"field": TEXT}, columns=columns)

    assert [] == problems_of(NAME, files)
    text = json.dumps({"verdict": "x", "field": "y"})
    analysis = load_analysis(NAME, files)
    (reading,) = Reader(analysis).read_line(prediction(text), 1)
    assert {"verdict": "x", column: "y"} == columns_of(reading, analysis)


@pytest.mark.parametrize("table", ["_calls", "Calls", "1st", "own.calls", ""])
def test_a_table_with_an_invalid_name_is_refused(table: str) -> None:
    """BigQuery allows more names than Troupe does."""
    (problem,) = problems_of(NAME, files_of({}, table=table))

    assert f"{NAME}/analysis.json: invalid table {table!r}" in problem


@pytest.mark.parametrize(
    ("field", "problem"),
    [
        (list_of(TEXT | {"nullable": True}), "field[]: BigQuery stores no null in a list"),
        (
            list_of(record_of(x=TEXT) | {"nullable": True}),
            "field[]: BigQuery stores no null in a list",
        ),
        (
            list_of(record_of(tags=list_of(WHOLE | {"nullable": True}))),
            "field[].tags[]: BigQuery stores no null in a list",
        ),
        (list_of(list_of(TEXT)), "field[]: BigQuery stores no list in a list"),
        (
            list_of(record_of(tags=list_of(list_of(TEXT)))),
            "field[].tags[]: BigQuery stores no list in a list",
        ),
        (list_of(record_of(who=record_of(x=TEXT))), "field[].who: an object inside the objects"),
        (
            list_of(record_of(who=list_of(record_of(x=TEXT)))),
            "field[].who: an object inside the objects",
        ),
        (
            list_of(record_of(Rule=TEXT, rule=TEXT)),
            "field[]: 'Rule' and 'rule' differ only in case",
        ),
        (list_of(record_of(_FILE_x=TEXT)), "field[]: invalid property name '_FILE_x'"),
        (list_of(record_of(**{"l" * 129: TEXT})), "invalid property name"),
    ],
)
def test_a_schema_that_no_table_can_store_is_refused(field: dict[str, Any], problem: str) -> None:
    """The message has the path in the schema and a remedy."""
    (message,) = problems_of(NAME, files_of({"field": field}))

    assert f"{NAME}/schema.json" in message
    assert problem in message
    assert ";" in message


def test_names_that_differ_only_in_case_are_refused_at_every_level() -> None:
    """All of them are reported at once."""
    properties = {"score": WHOLE, "Score": WHOLE, "inner": record_of(rule=TEXT, RULE=TEXT)}
    columns = {
        "verdict": "verdict", "one": "score", "two": "Score", "three": "inner.rule", "four": "inner.RULE",
    }  # fmt: skip
    problems = problems_of(NAME, files_of(properties, columns=columns))

    assert 2 == len(problems)
    assert "the schema: 'score' and 'Score' differ only in case" in problems[0]
    assert "inner: 'rule' and 'RULE' differ only in case" in problems[1]


def test_flat_records_with_lists_and_nullable_lists_are_stored() -> None:
    """A list may be null; its elements may not."""
    records = list_of(record_of(rule=TEXT, tags=list_of(WHOLE)))
    own = analysis_of({"field": records | {"nullable": True}})

    fields = [("rule", "STRING", "NULLABLE"), ("tags", "INT64", "REPEATED")]
    assert fields == own.record_fields("field")


@pytest.mark.parametrize(
    ("number", "fits"),
    [(2**53 - 1, True), (1 - 2**53, True), (2**53, False), (-(2**53), False)],
)
def test_an_integer_that_a_load_may_change_is_rejected(number: int, fits: bool) -> None:
    """In a list as well. A NUMBER is rounded to a FLOAT64 anyway."""
    own = analysis_of({"count": WHOLE, "counts": list_of(WHOLE), "share": {"type": "NUMBER"}})
    reader = Reader(own)

    for fields in ({"count": number}, {"counts": [1, number]}):
        (reading,) = reader.read_line(prediction(json.dumps({"verdict": "x", **fields})), 1)
        ((name, value),) = fields.items()
        assert columns_of(reading, own)[name] == (
            value if fits else [] if name == "counts" else None
        )
        assert reading.nulled_fields == (UNSET if fits else [name])
    (reading,) = reader.read_line(prediction(json.dumps({"verdict": "x", "share": number})), 1)
    assert number == columns_of(reading, own)["share"]


@pytest.mark.parametrize(
    ("field", "problem"),
    [
        (TEXT | {"enum": 5}, "field: enum must be a list of strings"),
        (TEXT | {"enum": [1, 2]}, "field: enum must be a list of strings"),
        (TEXT | {"enum": []}, "field: enum must be a list of strings, at least one"),
        (TEXT | {"pattern": 5}, "field: pattern must be a string"),
        (TEXT | {"maxLength": "3"}, "field: maxLength must be a whole number"),
        (TEXT | {"minLength": 3, "maxLength": 2}, "field: minLength is above maxLength"),
        (TEXT | {"nullable": "no"}, "field: nullable must be true or false"),
        (WHOLE | {"minimum": "3"}, "field: minimum must be a number"),
        (WHOLE | {"minimum": True}, "field: minimum must be a number"),
        (WHOLE | {"minimum": 5, "maximum": 3}, "field: minimum is above maximum"),
        (list_of(TEXT | {"maxLength": -1}), "field[]: maxLength must be a whole number"),
        (list_of(TEXT) | {"minItems": 1.5}, "field: minItems must be a whole number"),
        (list_of(record_of(x=TEXT) | {"required": 5}), "field[]: required must be a list"),
        (list_of(record_of(x=TEXT) | {"required": [["x"]]}), "field[]: required must be a list"),
    ],
)
def test_a_keyword_with_an_invalid_value_is_refused(field: dict[str, Any], problem: str) -> None:
    """When the schema is read, not at the first answer."""
    (message,) = problems_of(NAME, files_of({"field": field}))

    assert f"{NAME}/schema.json: {problem}" in message
