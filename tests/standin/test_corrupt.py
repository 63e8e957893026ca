"""Corruption of answers depends on seed, key and attempt alone."""

import json
from typing import Any

import pytest

from troupe.standin.corrupt import ALL_KINDS, Corruption, Kind

TEXT = json.dumps({"callSummary": "It was fine", "resolved": True})


def line(key: str = "k-1", text: str = TEXT) -> dict[str, Any]:
    """A valid line of a prediction file."""
    return {
        "status": "",
        "request": {"contents": [], "labels": {"record": key.removeprefix("k-")}},
        "response": {
            "candidates": [
                {
                    "content": {"parts": [{"text": text}], "role": "model"},
                    "finishReason": "STOP",
                }
            ],
            "usageMetadata": {"promptTokenCount": 7},
        },
        "key": key,
    }


def corrupted(kind: Kind) -> dict[str, Any]:
    (only,) = Corruption(share=1).corrupt_line(line(), kind)
    return only


def text_of(line: dict[str, Any]) -> str:
    return str(line["response"]["candidates"][0]["content"]["parts"][0]["text"])


def test_nothing_happens_without_a_share() -> None:
    """With share 0 every line is unchanged."""
    lines = [line(f"k-{number}") for number in range(50)]

    assert lines == Corruption(share=0).corrupt(lines, "a1")


def test_the_share_is_kept() -> None:
    """With share 0.1, 400 to 600 of 5,000 answers are corrupted."""
    corruption = Corruption(share=0.1, seed=3)
    hit = sum(corruption.kind_of(f"k-{number}", "a1") is not None for number in range(5000))

    assert 400 < hit < 600


def test_kinds_are_the_same_for_a_seed_and_others_for_another_attempt() -> None:
    """So a record that failed may be answered in the next attempt."""
    keys = [f"k-{number}" for number in range(300)]
    first = [Corruption(share=0.3, seed=1).kind_of(key, "a1") for key in keys]

    assert first == [Corruption(share=0.3, seed=1).kind_of(key, "a1") for key in keys]
    assert first != [Corruption(share=0.3, seed=1).kind_of(key, "a2") for key in keys]
    assert first != [Corruption(share=0.3, seed=2).kind_of(key, "a1") for key in keys]


def test_poison_is_corrupted_on_every_attempt() -> None:
    """By key or by record id."""
    corruption = Corruption(share=0, poison=frozenset({"abc", "k-def"}), poison_kind=Kind.ROW_ERROR)

    for attempt in ("a1", "a2", "a3"):
        assert corruption.kind_of("k-abc", attempt) is Kind.ROW_ERROR
        assert corruption.kind_of("k-def", attempt) is Kind.ROW_ERROR
        assert corruption.kind_of("k-ghi", attempt) is None


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_a_line_is_never_changed_in_place(kind: Kind) -> None:
    """Corrupted lines are copies."""
    original = line()

    Corruption(share=1).corrupt_line(original, kind)

    assert line() == original


@pytest.mark.parametrize(
    "kind",
    [
        Kind.CUT,
        Kind.CUT_UNREPORTED,
        Kind.FENCED,
        Kind.WRAPPED,
        Kind.TRAILING_COMMA,
        Kind.SINGLE_QUOTES,
        Kind.INNER_QUOTES,
        Kind.RAW_NEWLINE,
        Kind.EMPTY,
    ],
)
def test_the_text_is_not_valid_json(kind: Kind) -> None:
    """A strict parser raises an error."""
    with pytest.raises(ValueError, match=r".+"):
        json.loads(text_of(corrupted(kind)))


def test_a_cut_answer_has_or_hides_its_finish_reason() -> None:
    """MAX_TOKENS for one kind, STOP for the other."""
    reasons = [
        corrupted(kind)["response"]["candidates"][0]["finishReason"]
        for kind in (Kind.CUT, Kind.CUT_UNREPORTED)
    ]

    assert reasons == ["MAX_TOKENS", "STOP"]


def test_properties_are_missing_or_of_another_type() -> None:
    """Valid JSON that does not fit the schema."""
    assert "callSummary" not in json.loads(text_of(corrupted(Kind.NO_SUMMARY)))
    assert json.loads(text_of(corrupted(Kind.WRONG_TYPE)))["callSummary"] == ["It was fine"]


def test_blocked_answers_have_no_content() -> None:
    """Blocked by the candidate, or by the prompt."""
    assert corrupted(Kind.BLOCKED)["response"]["candidates"] == [{"finishReason": "SAFETY"}]
    assert "candidates" not in corrupted(Kind.PROMPT_BLOCKED)["response"]


def test_a_row_error_is_in_the_status() -> None:
    """With an empty response, as the service writes it."""
    failed = corrupted(Kind.ROW_ERROR)

    assert failed["response"] == {}
    assert json.loads(failed["status"].removeprefix("Bad Request: "))["error"]["code"] == 400


def test_lines_are_lost_doubled_or_get_an_unknown_key() -> None:
    """No line, two lines, or one with a key that no request has."""
    corruption = Corruption(share=1)

    assert corruption.corrupt_line(line(), Kind.LOST) == []
    assert corruption.corrupt_line(line(), Kind.DOUBLED) == [line(), line()]
    assert corruption.corrupt_line(line(), Kind.UNKNOWN_KEY)[0]["key"] != "k-1"


def test_two_lines_swap_their_keys() -> None:
    """The echoed request still names the true record."""
    corruption = Corruption(share=1, kinds=(Kind.SWAPPED_KEYS,))
    lines = corruption.corrupt([line("k-1"), line("k-2"), line("k-3")], "a1")

    assert [one["key"] for one in lines] == ["k-2", "k-1", "k-3"]
    assert [one["request"]["labels"]["record"] for one in lines] == ["1", "2", "3"]
