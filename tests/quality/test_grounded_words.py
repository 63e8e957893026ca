"""The words of a summary are marked in its transcript as the grounding counts them."""

from pathlib import Path

import pytest

from tests.tracking.harness import TrackingHarness, call, good
from troupe.quality.grounded_words import grounded_words

TEXTS = [
    ("The router is broken", "My ROUTER broke: routers break.", ["ROUTER", "router"], ["broken"]),
    ("Müller ruft an", "Frau MÜLLER!", ["MÜLLER"], ["ruft"]),
    ("abcd12efgh under_score", "abcd efgh underscore", ["abcd", "efgh", "under", "score"], []),
    ("a bad day", "a bad day", [], []),
    ("", "anything at all", [], []),
    ("never", "", [], ["never"]),
    ("iphone router", "İİİ iPhone, and ROUTER", ["iPhone", "ROUTER"], []),
    ("cannot notice", "He cannotice it", ["cannot"], []),
    ("Ελλάδα", "η ΕΛΛΆΔΑ", ["ΕΛΛΆΔΑ"], []),
]


@pytest.mark.parametrize(("summary", "transcript", "marked", "absent"), TEXTS)
def test_every_occurrence_of_a_word_is_marked(
    summary: str, transcript: str, marked: list[str], absent: list[str]
) -> None:
    """In any case, inside other words, after letters that grow in lower case."""
    found = grounded_words(summary, transcript)

    assert (marked, transcript) == (found.parts[1::2], "".join(found.parts))
    assert absent == found.absent


def test_the_share_of_words_that_are_not_absent_is_the_grounding(tmp_path: Path) -> None:
    """As the closing computes it in SQL."""
    harness = TrackingHarness(tmp_path)
    texts = [each[:2] for each in TEXTS if each[1]]
    rows = [call(number, transcript) for number, (_, transcript) in enumerate(texts)]
    summaries = [summary or "-" for summary, _ in texts]
    harness.source(rows)
    harness.plan()
    harness.close([good(row, call_summary=text) for row, text in zip(rows, summaries, strict=True)])

    stored = dict(
        harness.sql("SELECT call_summary, grounding FROM transcription_analyzed_transcripts")
    )

    harness.warehouse.close()
    shares = {text: _share(*each) for text, each in zip(summaries, texts, strict=True)}
    assert {text: pytest.approx(share) for text, share in shares.items()} == stored


def _share(summary: str, transcript: str) -> float | None:
    found = grounded_words(summary, transcript)
    words = [each for each in "".join(c if c.isalpha() else " " for c in summary.lower()).split()
             if len(each) >= 4]  # fmt: skip
    return 1 - len(found.absent) / len(words) if words else None
