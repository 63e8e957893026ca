"""Parsing the text of an answer: into a row, or into an error of a named type."""

import json
from typing import Any

import pytest

from analysis import Reader
from tests.analysis.making import ANSWER, CALL_REVIEW, answer, columns_of, prediction, read
from tests.analysis.own import analysis_of

WHOLE = json.dumps(ANSWER)


def test_a_valid_answer_becomes_one_row() -> None:
    """Every field of the answer is stored in its column, unchanged."""
    reading = read(ANSWER)

    assert reading.error_type is None
    assert (reading.parse_method, reading.repair_grade) == ("strict", "exact")
    assert columns_of(reading) == {
        "call_summary": "A customer (VIP) asked why order #123 was late.",
        "call_sentiment_incoming": "negative",
        "call_sentiment_outgoing": "positive",
        "call_sentiment_summary": "The delay annoyed them.",
        "call_tone": "frustrated",
        "language_code": "de-AT",
        "reason_for_call_summary": "A late order.",
        "reason_for_call_intent": "delivery",
        "reason_for_call_inquiry_question": "Where is it?",
        "reason_for_call_product": "65 inch screen",
        "reason_for_call_product_category": "television",
        "agent_response_resolved": True,
        "agent_response_summary": "Traced it.",
        "agent_response_action": "New date.",
        "products": [{"name": "65 inch screen", "context": "ordered last week"}],
    }


def test_an_answer_with_nulls_where_they_are_allowed_is_exact() -> None:
    """Those columns are null, and lists are empty."""
    reading = read(dict.fromkeys(ANSWER) | {"callSummary": "Hello."})
    columns = columns_of(reading)

    assert "exact" == reading.grade
    assert columns.pop("call_summary") == "Hello."
    assert columns.pop("products") == []
    assert set(columns.values()) == {None}


@pytest.mark.parametrize("field", [name for name in ANSWER if name != "callSummary"])
@pytest.mark.parametrize("value", [..., None])
def test_an_optional_field_may_be_absent_or_null(field: str, value: object) -> None:
    """The other columns keep their values."""
    reading = read(answer(**{field: value}))

    assert (reading.error_type, reading.repair_grade) == (None, "exact")
    untouched = [c for c, path in CALL_REVIEW.columns.items() if not path.startswith(field)]
    assert all(columns_of(reading)[column] not in (None, []) for column in untouched)


@pytest.mark.parametrize(
    ("parent", "member"),
    [
        (parent, member)
        for parent in ("callSentiment", "reasonForCall", "agentResponse")
        for member in ANSWER[parent]
    ],
)
def test_an_optional_member_may_be_absent_or_null(parent: str, member: str) -> None:
    """The same for properties of nested objects."""
    for changed in ({**ANSWER[parent], member: None}, _without(ANSWER[parent], member)):
        reading = read(answer(**{parent: changed}))
        assert (reading.error_type, reading.repair_grade) == (None, "exact")
        is_lost = member not in changed and member in REQUIRED[parent]
        assert reading.grade == ("partial" if is_lost else "exact")


REQUIRED = {
    name: schema["required"]
    for name, schema in CALL_REVIEW.schema["properties"].items()
    if "required" in schema
}


def _without(fields: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if key != name}


@pytest.mark.parametrize("value", [..., None, "", " \n\t"])
def test_without_a_summary_there_is_no_row(value: object) -> None:
    """Absent, null, empty and blank are treated alike."""
    reading = read(answer(callSummary=value))

    assert reading.error_type == "missing_summary"
    assert columns_of(reading) == {}


def test_a_summary_of_another_type_is_a_mismatch() -> None:
    """It is an invalid value, not a missing one."""
    assert read(answer(callSummary=["A call."])).error_type == "schema_mismatch"


@pytest.mark.parametrize(
    ("text", "method"),
    [
        ("\ufeff" + WHOLE, "bom"),
        (f"```json\n{WHOLE}\n```", "fence"),
        (f"```\n{WHOLE}```", "fence"),
        (f"Here is the analysis:\n\n{WHOLE}\n\nIs there more?", "prose"),
        (f"Sure! ```json\n{WHOLE}\n``` Done.", "prose"),
        (WHOLE[:-1] + ",\n}", "trailing_comma"),
        (f"```json\n{WHOLE[:-1]},}}\n```", "fence+trailing_comma"),
        (WHOLE.replace("Traced it", "Traced\n\tit"), "controls"),
    ],
)
def test_a_cleanup_gives_the_whole_answer(text: str, method: str) -> None:
    """The row has every field, and `parse_method` names the cleanup."""
    reading = read(text)

    assert (reading.parse_method, reading.repair_grade) == (method, "mended")
    assert columns_of(reading)["products"] == ANSWER["products"]
    assert columns_of(reading)["call_summary"] == ANSWER["callSummary"]


def test_commas_inside_strings_are_never_removed() -> None:
    """Between quotes, a comma before a bracket is content."""
    text = json.dumps(answer(callSummary='Wrote ",}" and [1,] and "x",\n}'))[:-1] + ",}"

    assert columns_of(read(text))["call_summary"] == 'Wrote ",}" and [1,] and "x",\n}'


@pytest.mark.parametrize(
    "text",
    [
        WHOLE + WHOLE,
        f"{WHOLE} or rather {WHOLE}",
        f'"callSummary": "lost", {WHOLE}',
        f"[{WHOLE}",
        WHOLE + "x",
    ],
)
def test_text_that_may_be_part_of_the_answer_is_not_removed_as_prose(text: str) -> None:
    """Brackets and quotes around an object could be a lost part of it."""
    assert columns_of(read(text)) == {}


def test_a_missing_comma_is_a_safe_repair() -> None:
    """The repair adds only punctuation: every name, value and bracket stays in its place."""
    reading = read(WHOLE.replace('", "callTone', '" "callTone'))

    assert (reading.parse_method, reading.repair_grade) == ("json_repair", "repaired_safe")
    assert columns_of(reading) == columns_of(read(WHOLE))


@pytest.mark.parametrize(
    "text",
    [
        WHOLE[:-1],
        WHOLE[: len(WHOLE) // 2],
        WHOLE[: WHOLE.index(', "callTone')] + "}",
        WHOLE.replace("(VIP)", '"VIP"'),
        WHOLE.replace('"calm', "calm"),
        WHOLE.replace('"callTone": "frustrated"', '"callTone": '),
        WHOLE.replace("{", "(").replace("}", ")"),
    ],
)
def test_a_row_never_differs_from_the_text(text: str) -> None:
    """Damage that could have lost text gives an error, or a row with exactly that text."""
    reading = read(text)

    if reading.error_type is None:
        assert columns_of(reading) == columns_of(
            Reader(CALL_REVIEW).read_line(prediction(text), 1)[0]
        )
        assert reading.repair_grade == "exact"
    else:
        assert reading.error_type in {"repaired_lossy", "json_parse_error", "incomplete_answer"}


@pytest.mark.parametrize(
    "text",
    [
        WHOLE.replace("Traced it", "Traced \\: it"),
        WHOLE.replace('"callTone"', '"call\nTone"'),
        WHOLE.replace('", "callTone', '" "callTune'),
    ],
)
def test_a_repair_that_may_have_changed_a_word_is_lossy(text: str) -> None:
    """A stray escape may be the rest of a quote, and an unknown name may be a damaged one."""
    assert (read(text).error_type, columns_of(read(text))) == ("repaired_lossy", {})


def test_an_escaped_apostrophe_is_an_apostrophe() -> None:
    """Models often write it, and it has no other meaning."""
    reading = read(WHOLE.replace("Traced it", "It\\'s traced"))

    assert reading.repair_grade == "repaired_safe"
    assert columns_of(reading)["agent_response_summary"] == "It's traced."


@pytest.mark.parametrize(
    "text",
    [
        WHOLE[:-1] + ', "callSummary": "Another."}',
        WHOLE[:-1] + ', "call\\u0053ummary": "Another."}',
        WHOLE[:-1] + ', "callSummary" \n: "Another."}',
        WHOLE[:-1] + ', "callTone": null}',
        WHOLE.replace('"resolved": true', '"resolved": true, "resolved": false'),
        WHOLE.replace('"context":', '"name": "x", "context":'),
        "```" + WHOLE[:-1] + ', "callSummary": "Another."}```',
    ],
)
def test_a_duplicate_property_is_never_a_row(text: str) -> None:
    """With two values for one name, the answer is ambiguous."""
    assert (read(text).error_type, columns_of(read(text))) == ("json_parse_error", {})


def test_unknown_properties_are_ignored() -> None:
    """All other properties are stored."""
    reading = read(answer(mood="fine"))

    assert reading.repair_grade == "exact"
    assert columns_of(reading) == columns_of(read(ANSWER))


@pytest.mark.parametrize(
    "text", ["NaN", "[]", '"text"', "12", "null", "true", f"[{WHOLE},{WHOLE}]"]
)
def test_only_an_object_is_an_answer(text: str) -> None:
    """Valid JSON of another type is an error."""
    assert read(text).error_type in {"schema_mismatch", "json_parse_error", "missing_summary"}


@pytest.mark.parametrize("character", ["\x00", "\ud800", "\udfff x"])
def test_a_character_that_no_table_can_store_is_refused(character: str) -> None:
    """NUL and lone surrogates would make the load of the whole file fail."""
    text = json.dumps(answer(callSummary=f"A{character}B"))

    assert read(text).error_type == "schema_mismatch"


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_constants_that_are_not_json_are_refused(number: str) -> None:
    """Also as the value of an unknown property."""
    assert columns_of(read(WHOLE[:-1] + f', "score": {number}}}')) == {}


def test_escaped_characters_are_content() -> None:
    """Quotes, backslashes and colons inside strings are stored as they are."""
    summary = 'He wrote "callTone": \\"calm\\" \\\\ and C:\\new "x" : y \u2028 "'
    reading = read(answer(callSummary=summary))

    assert reading.repair_grade == "exact"
    assert columns_of(reading)["call_summary"] == summary


def test_an_absent_list_is_empty() -> None:
    """No null stands in a repeated column: a load would refuse it."""
    analysis = analysis_of({"tags": {"type": "ARRAY", "items": {"type": "STRING"}}})
    reader = Reader(analysis)

    absent = reader.read_line(prediction('{"verdict": "fine"}'), 1)[0]
    given = reader.read_line(prediction('{"verdict": "fine", "tags": ["a"]}'), 1)[0]

    assert [[], ["a"]] == [
        columns_of(absent, analysis)["tags"],
        columns_of(given, analysis)["tags"],
    ]
