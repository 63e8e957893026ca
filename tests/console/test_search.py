"""A search as a form, as an address, and as arguments of an operation."""

import pytest

from troupe.console.search import (
    PERSONAL,
    address,
    arguments,
    condition,
    fields_of,
    is_known,
    is_personal,
    misplaced,
)


def test_an_address_holds_what_is_no_personal_text_alone() -> None:
    """Whatever else the form held."""
    fields = {name: ["Maria +49 170 1"] for name in PERSONAL} | {
        "run": ["r1"], "where": ["call_tone=calm", "language_code="],
    }  # fmt: skip

    assert "/records?run=r1&where=call_tone%3Dcalm&where=language_code%3D" == address(fields)
    assert is_personal(fields)
    assert not is_personal({"run": ["r1"]})


def test_a_changed_search_begins_with_its_first_page() -> None:
    fields = {"run": ["r1"], "state": ["failed"], "after": ["abc"]}

    assert "/records?run=r1&state=open" == address(fields, state="open")
    assert "/records?state=failed" == address(fields, run=None)
    assert "/records?run=r1&state=failed&after=xyz" == address(fields, after="xyz")
    assert "/records" == address({})


def test_empty_fields_ask_for_nothing() -> None:
    given = {"run": [" r1 "], "id": [""], "where": ["", "mood=good"], "other": ["x"], "until": []}

    assert {"run": ["r1"], "where": ["mood=good"]} == fields_of(given)
    assert {"run_id": "r1", "values": {"mood": "good"}} == arguments(fields_of(given))


def test_every_field_becomes_an_argument() -> None:
    fields = {
        "analysis": ["a_v1"], "run": ["r1"], "id": ["int-1"], "state": ["failed", "open"],
        "error": ["truncated"], "grade": ["exact"], "where": ["mood="], "since": ["2026-01-01"],
        "until": ["2026-01-02"], "words": ["x"], "after": ["abc"], "attribute": ["queue"],
        "is": ["billing"],
    }  # fmt: skip

    assert {
        "analysis": "a_v1", "run_id": "r1", "id": "int-1", "states": ["failed", "open"],
        "error_type": "truncated", "grade": "exact", "values": {"mood": None},
        "since": "2026-01-01", "until": "2026-01-02", "words": "x", "after": "abc",
        "attributes": {"queue": "billing"},
    } == arguments(fields)  # fmt: skip
    assert "attributes" not in arguments({"attribute": ["queue"]})


@pytest.mark.parametrize(
    ("text", "column", "value"),
    [("mood=good", "mood", "good"), ("mood=", "mood", None), ("mood", "mood", None),
     ("a=b=c", "a", "b=c")],
)  # fmt: skip
def test_a_condition_is_a_column_and_a_value(text: str, column: str, value: str | None) -> None:
    assert (column, value) == condition(text)


@pytest.mark.parametrize(
    ("text", "known"),
    [("mood=good", True), ("mood=", True), ("mood=Maria", False), ("name=good", False),
     ("language=pt-BR", True), ("language=Maria Huber", False)],
)  # fmt: skip
def test_a_value_of_the_schema_or_a_language_is_known(text: str, *, known: bool) -> None:
    assert known == is_known(text, {"mood": ["good", "bad"], "language": []})


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [({"run": ["r1"], "error": ["truncated"], "since": ["2026-01-01"]}, None),
     ({"run": ["Maria Huber"]}, "run"), ({"error": ["+49 170"]}, "error"),
     ({"since": ["2026-01-01"], "until": ["tomorrow"]}, "until")],
)  # fmt: skip
def test_a_text_in_a_field_of_the_address_is_named(
    fields: dict[str, list[str]], wrong: str | None
) -> None:
    assert wrong == misplaced(fields)
