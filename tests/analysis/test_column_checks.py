"""What no table can store is refused with the folder, before anything is spent."""

import json
from pathlib import Path
from typing import Any

import pytest

from analysis import Reader, load_analysis, problems_of
from tests.analysis.making import prediction
from tests.analysis.own import NAME, analysis_of, folder_of

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
        "_said", "_partition", "_table_1", "__root__", "_change_type", "Said", "a b", "l" * 129,
    ],
)  # fmt: skip
def test_a_column_that_meets_another_of_its_name_is_refused(tmp_path: Path, column: str) -> None:
    """Troupe's own, BigQuery's own, and what cannot be written."""
    columns = {"said": "said", column: "told"}
    (problem,) = problems_of(folder_of(tmp_path, {"told": TEXT}, columns=columns))

    assert f"{NAME}/analysis.json: the column {column!r}" in problem


@pytest.mark.parametrize("column", ["from", "end", "order", "group", "class", "id", "l" * 128])
def test_a_column_may_be_called_like_a_keyword(tmp_path: Path, column: str) -> None:
    """It is written in quotes."""
    columns = {"said": "said", column: "told"}
    folder = folder_of(tmp_path, {"told": TEXT}, columns=columns)

    assert [] == problems_of(folder)
    told = json.dumps({"said": "x", "told": "y"})
    reading = Reader(load_analysis(NAME, folder)).read_line(prediction(told), 1)
    assert {"said": "x", column: "y"} == reading.columns


@pytest.mark.parametrize("table", ["_calls", "Calls", "1st", "own.calls", ""])
def test_a_table_that_cannot_be_written_is_refused(tmp_path: Path, table: str) -> None:
    (problem,) = problems_of(folder_of(tmp_path, {}, table=table))

    assert f"{NAME}/analysis.json: table {table!r}" in problem


@pytest.mark.parametrize(
    ("told", "problem"),
    [
        (list_of(TEXT | {"nullable": True}), "told[]: BigQuery stores no null in a list"),
        (
            list_of(record_of(x=TEXT) | {"nullable": True}),
            "told[]: BigQuery stores no null in a list",
        ),
        (
            list_of(record_of(tags=list_of(WHOLE | {"nullable": True}))),
            "told[].tags[]: BigQuery stores no null in a list",
        ),
        (list_of(list_of(TEXT)), "told[]: BigQuery stores no list in a list"),
        (
            list_of(record_of(tags=list_of(list_of(TEXT)))),
            "told[].tags[]: BigQuery stores no list in a list",
        ),
        (list_of(record_of(who=record_of(x=TEXT))), "told[].who: an object inside the objects"),
        (
            list_of(record_of(who=list_of(record_of(x=TEXT)))),
            "told[].who: an object inside the objects",
        ),
        (list_of(record_of(Rule=TEXT, rule=TEXT)), "told[]: 'Rule' and 'rule' differ only in case"),
        (list_of(record_of(_FILE_x=TEXT)), "told[]: '_FILE_x' cannot be a property name"),
        (list_of(record_of(**{"l" * 129: TEXT})), "cannot be a property name"),
    ],
)
def test_a_shape_that_no_table_stores_is_refused(
    tmp_path: Path, told: dict[str, Any], problem: str
) -> None:
    """By the place in the schema."""
    (found,) = problems_of(folder_of(tmp_path, {"told": told}))

    assert f"{NAME}/schema.json" in found
    assert problem in found
    assert ";" in found


def test_names_that_differ_only_in_case_are_refused_at_every_level(tmp_path: Path) -> None:
    """All at once."""
    properties = {"score": WHOLE, "Score": WHOLE, "inner": record_of(rule=TEXT, RULE=TEXT)}
    columns = {
        "said": "said", "one": "score", "two": "Score", "three": "inner.rule", "four": "inner.RULE",
    }  # fmt: skip
    found = problems_of(folder_of(tmp_path, properties, columns=columns))

    assert 2 == len(found)
    assert "the schema: 'score' and 'Score' differ only in case" in found[0]
    assert "inner: 'rule' and 'RULE' differ only in case" in found[1]


def test_flat_records_with_lists_and_nullable_lists_are_stored(tmp_path: Path) -> None:
    """A list may be missing; only its entries may not."""
    told = list_of(record_of(rule=TEXT, tags=list_of(WHOLE)))
    own = analysis_of(tmp_path, {"told": told | {"nullable": True}})

    fields = [("rule", "STRING", "NULLABLE"), ("tags", "INT64", "REPEATED")]
    assert fields == own.record_fields("told")


@pytest.mark.parametrize(
    ("number", "fits"),
    [(2**53 - 1, True), (1 - 2**53, True), (2**53, False), (-(2**53), False)],
)
def test_an_integer_that_a_load_may_change_is_no_answer(
    tmp_path: Path, number: int, fits: bool
) -> None:
    """In a list as well; a NUMBER is rounded to a FLOAT64 anyway."""
    own = analysis_of(
        tmp_path, {"count": WHOLE, "counts": list_of(WHOLE), "share": {"type": "NUMBER"}}
    )
    reader = Reader(own)

    for said in ({"count": number}, {"counts": [1, number]}):
        reading = reader.read_line(prediction(json.dumps({"said": "x", **said})), 1)
        assert (reading.error_type is None) == fits
        assert fits or "larger than a table can store" in str(reading.detail)
    reading = reader.read_line(prediction(json.dumps({"said": "x", "share": number})), 1)
    assert number == reading.columns["share"]


@pytest.mark.parametrize(
    ("told", "problem"),
    [
        (TEXT | {"enum": 5}, "told: enum must be a list of texts"),
        (TEXT | {"enum": [1, 2]}, "told: enum must be a list of texts"),
        (TEXT | {"enum": []}, "told: enum must be a list of texts, one at least"),
        (TEXT | {"pattern": 5}, "told: pattern must be a text"),
        (TEXT | {"maxLength": "3"}, "told: maxLength must be a whole number"),
        (TEXT | {"minLength": 3, "maxLength": 2}, "told: minLength is above maxLength"),
        (TEXT | {"nullable": "no"}, "told: nullable must be true or false"),
        (WHOLE | {"minimum": "3"}, "told: minimum must be a number"),
        (WHOLE | {"minimum": True}, "told: minimum must be a number"),
        (WHOLE | {"minimum": 5, "maximum": 3}, "told: minimum is above maximum"),
        (list_of(TEXT | {"maxLength": -1}), "told[]: maxLength must be a whole number"),
        (list_of(TEXT) | {"minItems": 1.5}, "told: minItems must be a whole number"),
        (list_of(record_of(x=TEXT) | {"required": 5}), "told[]: required must be a list"),
        (list_of(record_of(x=TEXT) | {"required": [["x"]]}), "told[]: required must be a list"),
    ],
)
def test_a_keyword_with_a_value_that_means_nothing_is_refused(
    tmp_path: Path, told: dict[str, Any], problem: str
) -> None:
    """Not at the first answer, and not with a traceback."""
    (found,) = problems_of(folder_of(tmp_path, {"told": told}))

    assert f"{NAME}/schema.json: {problem}" in found
