"""Reviews that are saved: samples, reviewers, what they say of a record, and what is left of it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.harness import LocalHarness, calls
from troupe.operations.backend import InvalidOperation
from troupe.operations.clear_history import forget
from troupe.operations.quality.golden_add import add_golden
from troupe.operations.quality.review_record import ReviewedRecord, save_review, show_review
from troupe.operations.quality.review_sample import record_review, review_sample
from troupe.operations.quality.reviews import list_reviews, review_labels

RIGHT, WRONG = {"how": "right"}, {"how": "wrong"}


def corrected(text: str) -> dict[str, str]:
    return {"how": "corrected", "text": text}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> LocalHarness:
    """A closed backend with a recorded sample of all rows of the run r1."""
    harness = LocalHarness(tmp_path_factory.mktemp("reviews") / "home")
    harness.load(calls(4))
    harness.run("r1")
    found = review_sample(harness.backend, "r1")
    rows = [
        {"record_id": each.record_id, "stratum": each.stratum, "weight": each.weight}
        for each in found.records
    ]
    record_review(harness.backend, found.sample_id, "r1", "random", "0", rows)
    harness.close()
    return harness


class Review:
    """A reviewer at the sample."""

    def __init__(self, harness: LocalHarness, reviewer: str = "ab") -> None:
        self.harness, self.reviewer = harness, reviewer
        (self.sample,) = list_reviews(harness.backend).reviews
        self.id = self.sample.sample_id

    def show(self, record_id: str | None = None, **given: Any) -> ReviewedRecord:
        return show_review(self.harness.backend, self.id, self.reviewer, record_id, **given)

    def save(self, record: ReviewedRecord, judgements: dict[str, dict[str, str]]) -> Any:
        return save_review(
            self.harness.backend,
            self.id,
            self.reviewer,
            record.record_id,
            record.version,
            judgements,
        )


@pytest.fixture
def review(prepared: LocalHarness, tmp_path: Path) -> Iterator[Review]:
    copied = prepared.copy(tmp_path / "home")
    yield Review(copied)
    copied.close()


def said(record: ReviewedRecord) -> dict[str, str | None]:
    return {each.name: each.how for each in record.columns if each.how}


def test_what_is_saved_is_shown_again(review: Review) -> None:
    """To this reviewer only, with the text of a correction."""
    first = review.show()
    saved = review.save(
        first, {"call_tone": WRONG, "call_summary": corrected("Né <b>"), "language_code": RIGHT}
    )
    again = review.show(first.record_id)

    assert ("saved", 1, {}) == (saved.outcome, saved.version, saved.problems)
    assert {"call_tone": "wrong", "call_summary": "corrected", "language_code": "right"} == said(
        again
    )
    assert "Né <b>" == next(each.text for each in again.columns if each.name == "call_summary")
    assert {} == said(Review(review.harness, "cd").show(first.record_id))


def test_a_record_comes_with_the_words_that_its_transcript_has(review: Review) -> None:
    """And with the answer as a person reads it."""
    record = review.show()

    text = "".join(record.transcript or ())
    assert text.startswith("CUSTOMER: My line")
    assert all(word.lower() not in text.lower() for word in record.absent)
    assert (4, 0) == (len(record.records), record.version)


def test_the_first_record_that_is_not_judged_as_a_whole_comes_first(review: Review) -> None:
    """A part of its columns is not enough."""
    first = review.show()
    review.save(first, {"call_tone": WRONG})
    assert first.record_id == review.show().record_id

    saved = review.save(
        review.show(), {each.name: {"how": each.may_be[0]} for each in first.columns}
    )

    assert saved.next_record == review.show().record_id
    assert [15, 0, 0, 0] == [each.judged for each in review.show().records]


def test_a_newer_version_is_not_overwritten(review: Review) -> None:
    """Of two pages that show the same version one saves; the other one is shown what it said."""
    here, there = review.show(), review.show()
    review.save(here, {"call_tone": WRONG})

    saved = review.save(there, {"call_tone": RIGHT})

    assert ("newer", 1) == (saved.outcome, saved.version)
    assert {"call_tone": "wrong"} == said(review.show())


def test_the_same_judgements_again_change_nothing(review: Review) -> None:
    """Such as a form that was sent twice."""
    record = review.show()

    outcomes = [review.save(record, {"call_tone": WRONG}).outcome for _ in range(2)]

    assert ["saved", "unchanged"] == outcomes
    assert 1 == review.harness.one("SELECT count(*) FROM review_labels")


def test_a_judgement_can_be_taken_back(review: Review) -> None:
    """The newest version counts, with what it leaves out."""
    review.save(review.show(), {"call_tone": WRONG, "language_code": RIGHT})
    review.save(review.show(), {"language_code": RIGHT})

    assert {"language_code": "right"} == said(review.show())


def test_a_correction_that_does_not_fit_saves_nothing(review: Review) -> None:
    """The page shows what was typed, with what is wrong with it."""
    given = {"call_tone": corrected('"loud"'), "language_code": RIGHT}
    record = review.show()
    saved = review.save(record, given)
    shown = review.show(record.record_id, refused=given)

    assert ("refused", 0, ["call_tone"]) == (saved.outcome, saved.version, [*saved.problems])
    assert "allowed are" in saved.problems["call_tone"]
    tone = next(each for each in shown.columns if each.name == "call_tone")
    assert ("corrected", '"loud"', saved.problems["call_tone"]) == (
        tone.how,
        tone.text,
        tone.problem,
    )
    assert {} == said(review.show(record.record_id))


def test_a_correction_that_is_too_long_is_named_with_its_column(review: Review) -> None:
    saved = review.save(review.show(), {"call_summary": corrected("x" * 20_001)})

    assert ("refused", {"call_summary": "a correction has at most 20,000 characters"}) == (
        saved.outcome, saved.problems,
    )  # fmt: skip


def test_labels_of_a_review_are_lines_of_a_golden_set(review: Review, tmp_path: Path) -> None:
    """Of the records of which something is said."""
    review.save(review.show(), {"call_tone": WRONG, "call_summary": corrected("x")})
    labels = review_labels(review.harness.backend, review.id, "ab")
    file = tmp_path / "labels.jsonl"
    file.write_bytes(b"\n".join(map(msgspec.json.encode, labels.rows)))

    added = add_golden(review.harness.backend, "reviewed", str(file))

    assert (1, {"call_tone", "call_summary"}) == (
        added.records, {each.column for each in added.columns},
    )  # fmt: skip


def test_samples_are_listed_with_their_reviewers(review: Review) -> None:
    """And with how many records each of them labelled."""
    review.save(review.show(), {"call_tone": WRONG})
    Review(review.harness, "cd")

    (found,) = list_reviews(review.harness.backend, "r1").reviews

    assert (4, "random", [("ab", 1)]) == (
        found.records, found.by, [(each.reviewer, each.labelled) for each in found.reviewers],
    )  # fmt: skip
    assert [] == list_reviews(review.harness.backend, "r2").reviews


def test_a_forgotten_person_is_in_no_label(review: Review) -> None:
    """The count is shown before; a page that is still open saves nothing of them."""
    person = "tok_000000"
    for row in review.show().records:
        review.save(review.show(row.record_id), {"call_tone": WRONG})
    open_page = review.show()
    shown = forget(review.harness.backend, person)

    forget(review.harness.backend, person, sure=True)

    assert 2 == shown.review_labels
    assert 2 == review.harness.one("SELECT count(*) FROM review_labels")
    gone = {row.record_id for row in open_page.records} - {
        row.record_id for row in review.show().records
    }
    assert 2 == len(gone)
    with pytest.raises(InvalidOperation, match="not in this sample"):
        review.save(msgspec.structs.replace(open_page, record_id=gone.pop()), {})


def test_a_row_that_was_deleted_is_shown_as_gone(review: Review) -> None:
    """And can no longer be judged."""
    record = review.show()
    review.harness.sql("DELETE FROM transcription_analyzed_transcripts")

    shown = review.show()

    assert (None, []) == (shown.transcript, shown.columns)
    with pytest.raises(InvalidOperation, match="was deleted: nothing is saved"):
        review.save(record, {"call_tone": WRONG})


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"sample_id": "0123456789ab"}, "no review sample '0123456789ab' is recorded"),
        ({"sample_id": "x' OR 1=1 --"}, "no review sample"),
        ({"reviewer": "A B"}, "invalid reviewer: use 1 to 20 of a-z"),
        ({"reviewer": "x" * 21}, "invalid reviewer"),
        ({"reviewer": ""}, "invalid reviewer"),
        ({"record_id": "f" * 32}, "is not in this sample"),
        ({"judgements": {"nosuch": RIGHT}}, "call_review_v1 has no column 'nosuch'"),
        ({"judgements": {"call_tone": {"how": "maybe"}}}, "invalid judgement"),
        ({"judgements": {"call_tone": {}}}, "invalid judgement"),
    ],
)
def test_a_mistake_is_named(review: Review, changed: dict[str, Any], says: str) -> None:
    """And nothing is saved."""
    record = review.show()
    given = {"sample_id": review.id, "reviewer": "ab", "record_id": record.record_id, "version": 0}

    with pytest.raises(InvalidOperation, match=says):
        save_review(review.harness.backend, **{**given, "judgements": {}, **changed})

    assert 0 == review.harness.one("SELECT count(*) FROM review_labels")
