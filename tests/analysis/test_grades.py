"""Healthy answers that are not as the schema says: rows with a grade, and what is never a row."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from analysis import AnalysisError, Reader, Reading
from tests.analysis.making import ANSWER, CALL_REVIEW, answer, columns_of, held, prediction, read
from tests.analysis.own import analysis_of
from tests.analysis.variants import PAGE, VARIANTS, page

ROWS = {"exact", "normalised", "partial"}
LEVEL = {"type": "STRING", "enum": ["low", "high"]}


def test_a_healthy_answer_has_its_grade_or_a_named_error() -> None:
    """And names the columns in which it differs; every other column keeps its value."""
    found = {variant.what: graded(read(variant.text)) for variant in VARIANTS}

    assert found == {variant.what: (variant.result, {*variant.columns}) for variant in VARIANTS}


def graded(reading: Reading) -> tuple[str | None, set[str]]:
    """Its error or grade, and the columns that differ, once it is whole in itself."""
    nulled = _list(reading.nulled_fields)
    if reading.error_type is None:
        assert columns_of(reading)["call_summary"].strip()
        assert ("partial" == reading.grade) == bool(nulled)
        assert (reading.raw_values is UNSET) == ("exact" == reading.grade)
    return reading.error_type or reading.grade, {*_list(reading.normalised_fields), *nulled}


def _list(fields: object) -> list[str]:
    return fields if isinstance(fields, list) else []


def test_no_whole_answer_is_refused_for_an_optional_value() -> None:
    """Of the table, only what lacks a required text, or most of the rest, gives no row."""
    errors = {variant.result for variant in VARIANTS} - ROWS

    assert len(VARIANTS) >= 82
    assert {"missing_summary", "incomplete_answer", "schema_mismatch"} == errors
    mismatches = {v.what for v in VARIANTS if v.result == "schema_mismatch"}
    assert {"another type for the summary", "two answers in a list"} == mismatches


def test_the_page_of_the_grades_is_the_table_of_these_cases() -> None:
    """`python -m tests.analysis.variants` writes it."""
    assert page() == PAGE.read_text(encoding="utf-8")


def test_exact_only_refuses_what_no_list_has() -> None:
    """Exact answers are rows as before, and those in a listed spelling."""
    reader = Reader(_call_review(grades="exact_only"))
    readings = {v.what: reader.read_line(prediction(v.text), 1)[0] for v in VARIANTS}
    of = {grade: [readings[v.what] for v in VARIANTS if v.result == grade] for grade in ROWS}

    assert {"exact"} == {reading.grade for reading in of["exact"]}
    assert of["partial"]
    assert [] == [
        reading
        for reading in of["partial"]
        if reading.error_type != "schema_mismatch" and "absent" not in str(reading.detail)
    ]
    others = [readings[v.what] for v in VARIANTS if v.result not in {"exact", "partial"}]
    assert {reading.grade for reading in others} <= {"normalised", None}


def _call_review(**settings: Any) -> Any:
    from analysis import load_analysis

    files = dict(CALL_REVIEW.files)
    changed = json.loads(files["analysis.json"]) | settings
    return load_analysis("call_review_v1", files | {"analysis.json": json.dumps(changed)})


def test_the_raw_values_are_kept_beside_the_row() -> None:
    """By column, or by path where no column is meant."""
    reading = read(answer(callTone="Splendid", languageCode="ES", callSentiment="bad", topics="x"))

    assert isinstance(reading.raw_values, str)
    assert {"call_tone": "Splendid", "language_code": "ES", "callSentiment": "bad"} == json.loads(
        reading.raw_values
    )
    columns = columns_of(reading)
    assert (None, "es", None) == (
        columns["call_tone"], columns["language_code"], columns["call_sentiment_incoming"],
    )  # fmt: skip


def test_the_value_of_a_renamed_property_is_kept() -> None:
    """A property that the schema does not have, beside one that is absent and nearly called so."""
    reading = read({"product" if n == "products" else n: v for n, v in ANSWER.items()})

    assert (["products"], "partial") == (reading.nulled_fields, reading.grade)
    assert {"products": {"product": ANSWER["products"]}} == json.loads(str(reading.raw_values))


@held(80)
@given(st.text(max_size=12) | st.integers() | st.lists(st.text(max_size=3), max_size=2))
def test_any_optional_value_leaves_the_texts_as_they_are(value: object) -> None:
    """Whatever stands in an enum, every text of the row is the model's own."""
    reading = read(answer(callTone=value))
    columns = columns_of(reading)

    assert reading.error_type is None
    assert ANSWER["callSummary"] == columns["call_summary"]
    assert ANSWER["agentResponse"]["summary"] == columns["agent_response_summary"]
    assert columns["call_tone"] in {None, *CALL_REVIEW.schema["properties"]["callTone"]["enum"]}


def _own(properties: dict[str, Any], fields: dict[str, Any], **settings: Any) -> Reading:
    own = analysis_of(properties, **settings)
    return Reader(own).read_line(prediction(json.dumps(fields)), 1)[0]


@pytest.mark.parametrize(
    ("schema", "value", "stored"),
    [
        ({"type": "INTEGER"}, "7", 7),
        ({"type": "INTEGER"}, 7.0, 7),
        ({"type": "NUMBER"}, "0.25", 0.25),
        ({"type": "STRING", "maxLength": 5}, 12, "12"),
        ({"type": "STRING", "enum": ["1", "2"]}, 2, "2"),
        ({"type": "ARRAY", "items": {"type": "STRING"}}, "one", ["one"]),
        ({"type": "ARRAY", "items": LEVEL}, ["LOW", "high."], ["low", "high"]),
        ({"type": "BOOLEAN"}, "TRUE", True),
    ],
)
def test_values_of_any_schema_are_normalised_by_their_type(
    schema: dict[str, Any], value: object, stored: object
) -> None:
    own = analysis_of({"detail": schema}, columns={"verdict": "verdict", "found": "detail"})
    text = json.dumps({"verdict": "Fine.", "detail": value})
    (reading,) = Reader(own).read_line(prediction(text), 1)

    assert ("normalised", ["found"]) == (reading.grade, reading.normalised_fields)
    assert stored == columns_of(reading, own)["found"]


def test_a_listed_equivalent_counts_in_any_case() -> None:
    own = {"risk": LEVEL}
    for text in ("medium", "Medium.", "MEDIUM"):
        reading = _own(own, {"verdict": "x", "risk": text}, equivalents={"risk": {"medium": "low"}})
        assert ("normalised", None) == (reading.grade, reading.error_type)


def test_two_values_of_an_enum_that_differ_in_signs_alone_are_not_mixed_up() -> None:
    """Neither stands for a third spelling."""
    signs = {"language": {"type": "STRING", "enum": ["c", "c++", "c#"]}}

    assert "exact" == _own(signs, {"verdict": "x", "language": "c++"}).grade
    assert "partial" == _own(signs, {"verdict": "x", "language": "C"}).grade


@pytest.mark.parametrize(("share", "is_row"), [(0.5, True), (0.51, False), (0.0, True)])
def test_min_complete_is_the_share_of_the_other_required_properties(
    share: float, is_row: bool
) -> None:
    files = {"min_complete": share}
    reader = Reader(_call_review(**files))
    four_of_seven = {
        n: v for n, v in ANSWER.items() if n not in ("products", "callTone", "languageCode")
    }
    half = {**four_of_seven, "callSentiment": {"incoming": "negative"}}
    (reading,) = reader.read_line(prediction(json.dumps(half)), 1)

    assert is_row == (reading.error_type is None)
    assert reading.error_type in {None, "incomplete_answer"}


@pytest.mark.parametrize(("setting", "value"), [("min_complete", 1.5), ("notice_share", -1)])
def test_a_share_outside_its_bounds_is_refused(setting: str, value: float) -> None:
    with pytest.raises(AnalysisError, match=f"{setting} must be between 0 and 1"):
        _call_review(**{setting: value})


def test_a_property_that_is_given_twice_stays_an_error() -> None:
    """Neither value counts, however well one of them fits."""
    text = json.dumps(ANSWER)[:-1] + ', "callTone": "calm"}'

    assert "json_parse_error" == read(text).error_type


def test_of_listed_texts_the_very_one_counts() -> None:
    """Others differ from it in signs alone, and a spelling that fits two of them fits none."""
    listed = {"mark": {"A+": "high", "A": "low"}}
    own = analysis_of({"mark": LEVEL}, equivalents=listed)
    reader = Reader(own)

    for text, stored in (("A+", "high"), ("A", "low"), ("a", None)):
        line = prediction(json.dumps({"verdict": "x", "mark": text}))
        assert stored == columns_of(reader.read_line(line, 1)[0], own)["mark"]


def test_a_text_may_be_listed_for_a_list() -> None:
    tags = {"tags": {"type": "ARRAY", "items": {"type": "STRING"}}}
    listed = {"tags": {"nothing": [], "all": ["a", "b"]}}

    for grades in ("all", "exact_only"):
        own = analysis_of(tags, equivalents=listed, grades=grades)
        line = prediction(json.dumps({"verdict": "x", "tags": "All"}))
        (reading,) = Reader(own).read_line(line, 1)
        assert ("normalised", ["a", "b"]) == (reading.grade, columns_of(reading, own)["tags"])
