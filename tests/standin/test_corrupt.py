"""Corruption is a matter of seed, key and attempt alone."""

import json
from typing import Any

import pytest

from troupe.standin.corrupt import ALL_KINDS, Corruption, Kind

TEXT = json.dumps({"callSummary": "It was fine", "resolved": True})


def line(key: str = "k-1", text: str = TEXT) -> dict[str, Any]:
    """A sound line of a prediction file."""
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


def damaged(kind: Kind) -> dict[str, Any]:
    (only,) = Corruption(share=1).corrupt_line(line(), kind)
    return only


def text_of(found: dict[str, Any]) -> str:
    return str(found["response"]["candidates"][0]["content"]["parts"][0]["text"])


def test_nothing_happens_without_a_share() -> None:
    """No share, no damage."""
    lines = [line(f"k-{number}") for number in range(50)]

    assert lines == Corruption(share=0).corrupt(lines, "a1")


def test_the_share_is_kept() -> None:
    """A tenth is about a tenth."""
    corruption = Corruption(share=0.1, seed=3)
    hit = sum(corruption.kind_of(f"k-{number}", "a1") is not None for number in range(5000))

    assert 400 < hit < 600


def test_the_same_seed_meets_the_same_fate_and_another_attempt_another() -> None:
    """A failed record may do better the next time."""
    keys = [f"k-{number}" for number in range(300)]
    first = [Corruption(share=0.3, seed=1).kind_of(key, "a1") for key in keys]

    assert first == [Corruption(share=0.3, seed=1).kind_of(key, "a1") for key in keys]
    assert first != [Corruption(share=0.3, seed=1).kind_of(key, "a2") for key in keys]
    assert first != [Corruption(share=0.3, seed=2).kind_of(key, "a1") for key in keys]


def test_poison_is_damaged_on_every_attempt() -> None:
    """By key or by record id."""
    corruption = Corruption(share=0, poison=frozenset({"abc", "k-def"}), poison_kind=Kind.ROW_ERROR)

    for attempt in ("a1", "a2", "a3"):
        assert corruption.kind_of("k-abc", attempt) is Kind.ROW_ERROR
        assert corruption.kind_of("k-def", attempt) is Kind.ROW_ERROR
        assert corruption.kind_of("k-ghi", attempt) is None


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_a_sound_line_is_never_changed_in_place(kind: Kind) -> None:
    """What is damaged is a copy."""
    sound = line()

    Corruption(share=1).corrupt_line(sound, kind)

    assert line() == sound


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
def test_the_text_is_no_json_any_more(kind: Kind) -> None:
    """A strict reader must stumble."""
    with pytest.raises(ValueError, match=r".+"):
        json.loads(text_of(damaged(kind)))


def test_only_the_honest_cut_says_so() -> None:
    """The other one is the trap."""
    reasons = [
        damaged(kind)["response"]["candidates"][0]["finishReason"]
        for kind in (Kind.CUT, Kind.CUT_UNREPORTED)
    ]

    assert reasons == ["MAX_TOKENS", "STOP"]


def test_fields_get_lost_or_change_their_type() -> None:
    """Valid JSON that breaks the contract."""
    assert "callSummary" not in json.loads(text_of(damaged(Kind.NO_SUMMARY)))
    assert json.loads(text_of(damaged(Kind.WRONG_TYPE)))["callSummary"] == ["It was fine"]


def test_blocked_answers_have_no_content() -> None:
    """Of the candidate, or of the prompt."""
    assert damaged(Kind.BLOCKED)["response"]["candidates"] == [{"finishReason": "SAFETY"}]
    assert "candidates" not in damaged(Kind.PROMPT_BLOCKED)["response"]


def test_a_row_error_stands_in_the_status() -> None:
    """With an empty response, as the service writes it."""
    found = damaged(Kind.ROW_ERROR)

    assert found["response"] == {}
    assert json.loads(found["status"].removeprefix("Bad Request: "))["error"]["code"] == 400


def test_lines_get_lost_doubled_and_strange() -> None:
    """Nothing, two, or one that belongs to nobody."""
    corruption = Corruption(share=1)

    assert corruption.corrupt_line(line(), Kind.LOST) == []
    assert corruption.corrupt_line(line(), Kind.DOUBLED) == [line(), line()]
    assert corruption.corrupt_line(line(), Kind.UNKNOWN_KEY)[0]["key"] != "k-1"


def test_two_lines_trade_their_keys() -> None:
    """The echoed request still tells the truth."""
    corruption = Corruption(share=1, kinds=(Kind.SWAPPED_KEYS,))
    found = corruption.corrupt([line("k-1"), line("k-2"), line("k-3")], "a1")

    assert [one["key"] for one in found] == ["k-2", "k-1", "k-3"]
    assert [one["request"]["labels"]["record"] for one in found] == ["1", "2", "3"]
