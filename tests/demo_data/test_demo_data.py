"""Generated calls have the shape of a source table, with its irregular rows."""

from collections import Counter
from datetime import datetime

from troupe.demo_data import generate
from troupe.standin.text_analysis import analyse

COLUMNS = [
    "phone_number_token",
    "referenceId",
    "interactionId",
    "transcript",
    "direction",
    "provider",
    "event_timestamp",
]


def test_the_same_seed_gives_the_same_rows() -> None:
    """Another seed gives others."""
    assert list(generate(7, 60)) == list(generate(7, 60))
    assert list(generate(7, 60)) != list(generate(8, 60))


def test_rows_have_the_columns_of_the_source() -> None:
    """In the same order, with a time that has a zone."""
    rows = list(generate(1, 40))

    assert len(rows) >= 40
    for row in rows:
        assert list(row) == COLUMNS
        assert datetime.fromisoformat(row["event_timestamp"]).tzinfo is not None


def test_there_are_as_many_calls_as_requested_and_a_few_duplicates() -> None:
    """A duplicated row is equal in every column."""
    rows = list(generate())
    times = Counter(tuple(row.items()) for row in rows)

    assert len(times) == 480
    assert 2 <= sum(count == 2 for count in times.values()) <= 10


def test_some_transcripts_are_empty() -> None:
    """About 3 %."""
    rows = list(generate(0, 2000))

    assert 30 <= sum(row["transcript"] == "" for row in rows) <= 100


def test_customers_call_again() -> None:
    """Phone tokens repeat, interaction ids do not."""
    rows = list(generate())

    assert max(Counter(row["phone_number_token"] for row in rows).values()) > 2
    assert len({row["interactionId"] for row in rows}) == 480


def test_calls_are_in_two_languages() -> None:
    """Mostly English, about a third German."""
    languages = Counter(analyse(row["transcript"])["languageCode"] for row in generate(0, 300))

    assert languages["en"] > languages["de"] > 50
    assert set(languages) <= {"en", "de", "und"}


def test_calls_differ_and_every_slot_is_filled() -> None:
    """Over 90 % are unique; quotes, emoji and prompt injections occur."""
    texts = [row["transcript"] for row in generate() if row["transcript"]]

    assert len(set(texts)) > 0.9 * len(texts)
    assert not any("{" in text or "}" in text for text in texts)
    assert any("😊" in text for text in texts)
    assert any('"' in text for text in texts)
    assert any("gnore all previous instructions" in text for text in texts)
    assert 40 < sum(map(len, texts)) / len(texts) < 2000


def test_calls_end_in_different_ways() -> None:
    """Most requests are solved, some are not."""
    ends = [analyse(row["transcript"]).get("agentResponse", {}) for row in generate()]
    solved = Counter(end.get("resolved") for end in ends)

    assert solved[True] > solved[False] > 40
