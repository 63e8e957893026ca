"""What a reviewer says in a form, and the label that it stands for."""

from typing import Any

import pytest

from tests.quality.review_samples import ANSWER, REVIEW
from troupe.quality.judgements import (
    HOWS,
    Choice,
    Judgement,
    can_be,
    choices_of,
    judgement_of,
    label_of,
    shown,
    typed,
)
from troupe.quality.label_values import WrongValue, label_columns
from troupe.quality.review_columns import review_columns

LABELS = label_columns(REVIEW)
COLUMNS = {column.name: column for column in review_columns(REVIEW)}


@pytest.mark.parametrize(
    ("column", "text", "label"),
    [
        ("call_summary", " Another\r\nsummary; \u2028 né. ", "Another\nsummary; \u2028 né."),
        ("call_tone", '"angry"', "angry"),
        ("call_sentiment_outgoing", "null", None),
        ("agent_response_resolved", "false", False),
        ("reason_for_call_summary", " ", None),
        ("products", '[{"name": "Cable"}]', [{"name": "Cable", "context": None}]),
        ("products", '{"name": "A"}\r\n\r\n{"name": "B"}',
         [{"name": "A", "context": None}, {"name": "B", "context": None}]),
        ("products", "", []),
    ],
)  # fmt: skip
def test_a_correction_becomes_the_value_that_was_typed(column: str, text: str, label: Any) -> None:
    """And comes back as it was: saved, shown and saved again it is the same label."""
    made = label_of(LABELS[column], ANSWER[column], Judgement("corrected", text))
    again = judgement_of(LABELS[column], ANSWER[column], made)

    assert label == made
    assert ("corrected", made) == (again.how, label_of(LABELS[column], ANSWER[column], again))


@pytest.mark.parametrize("column", ANSWER)
@pytest.mark.parametrize("how", ["right", "wrong"])
def test_right_and_wrong_are_labels_of_the_shown_value(column: str, how: Any) -> None:
    """Of every column of an answer."""
    made = label_of(LABELS[column], ANSWER[column], Judgement(how))

    assert made == (ANSWER[column] if how == "right" else {"not": ANSWER[column]})
    assert Judgement(how) == judgement_of(LABELS[column], ANSWER[column], made)


@pytest.mark.parametrize(
    ("column", "text", "says"),
    [
        ("call_summary", "", "the schema requires a value"),
        ("call_summary", ANSWER["call_summary"], "this is the value that is shown"),
        ("call_tone", "", "choose the right value"),
        ("call_tone", "loud", "choose one of the values"),
        ("call_tone", '"loud"', "allowed are"),
        ("language_code", "ENGLISH", "this is the value that is shown"),
        ("language_code", "in English", "use a text that matches"),
        ("agent_response_resolved", "true", "this is the value that is shown"),
        ("agent_response_resolved", '"maybe"', "true or false"),
        ("products", "Router", "one entry a line, or a JSON list"),
        ("products", '[{"name": "A", "name": "B"}]', "one entry a line, or a JSON list"),
        ("products", '[{"colour": "red"}]', "use a JSON list as the schema has it"),
        ("products", "[" * 5_000, "one entry a line, or a JSON list"),
        ("call_tone", "9" * 5_000, "choose one of the values"),
        ("products", '[{"name": "\\ud800"}]', "is refused"),
    ],
)
def test_a_correction_that_does_not_fit_says_what_does(column: str, text: str, says: str) -> None:
    """And is no label."""
    with pytest.raises(WrongValue, match=says):
        label_of(LABELS[column], ANSWER[column], Judgement("corrected", text))


def test_a_value_that_the_schema_does_not_have_cannot_be_right() -> None:
    """Null where a value is required; of a blank text nothing can be said but what is right."""
    assert ["wrong"] == [
        how for how in HOWS if how != "corrected" and can_be(LABELS["call_summary"], None, how)
    ]
    assert not any(can_be(LABELS["call_summary"], " ", how) for how in ("right", "wrong"))
    assert can_be(LABELS["call_sentiment_summary"], None, "right")


def test_a_closed_column_offers_the_other_values() -> None:
    """None among them where the schema has it."""
    assert [Choice("false", "false"), Choice("null", "none")] == choices_of(
        COLUMNS["agent_response_resolved"], True
    )
    outgoing = choices_of(COLUMNS["call_sentiment_outgoing"], "positive") or []
    assert Choice("null", "none") in outgoing
    assert "positive" not in {each.shown for each in outgoing}
    assert choices_of(COLUMNS["call_summary"], "x") is None


@pytest.mark.parametrize(
    ("value", "reads", "types"),
    [
        (None, "none", ""),
        ([], "none", ""),
        (" ", "(blank)", " "),
        (True, "true", "true"),
        (["a", "b"], "a\nb", "a\nb"),
        (["[a"], "[a", '["[a"]'),
        ([{"name": "R", "context": None}], "name: R", '[{"name": "R", "context": null}]'),
    ],
)
def test_a_value_is_shown_as_a_person_reads_it(value: Any, reads: str, types: str) -> None:
    """And a correction begins with it as one would type it."""
    assert (reads, types) == (shown(value), typed(value))
