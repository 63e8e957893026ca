"""The words of a summary are marked in its transcript as the grounding counts them."""

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


@pytest.mark.parametrize(("summary", "transcript"), [each[:2] for each in TEXTS if each[1]])
def test_the_share_of_words_that_are_not_absent_is_the_grounding(
    tmp_path_factory: pytest.TempPathFactory, summary: str, transcript: str
) -> None:
    """As the closing computes it in SQL."""
    harness = TrackingHarness(tmp_path_factory.mktemp("bucket"))
    row = call(1, transcript)
    harness.source([row])
    harness.plan()
    harness.close([good(row, call_summary=summary or "-")])

    stored = harness.one("SELECT grounding FROM transcription_analyzed_transcripts")

    found = grounded_words(summary, transcript)
    words = [each for each in "".join(c if c.isalpha() else " " for c in summary.lower()).split()
             if len(each) >= 4]  # fmt: skip
    share = 1 - len(found.absent) / len(words) if words else None
    assert stored == pytest.approx(share)
    harness.warehouse.close()
