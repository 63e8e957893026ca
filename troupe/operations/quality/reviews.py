"""Reviews that are saved here: the samples, what a reviewer says of a record, and all labels."""

import json
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from tracking.review_samples import LabelledRow, ReviewRow
from troupe.operations.backend import Backend, InvalidOperation

REVIEWER = re.compile(r"[a-z0-9][a-z0-9-]{0,19}")
SAMPLE_ID = re.compile(r"[0-9a-f]{12}")


class Reviewer(msgspec.Struct, frozen=True, kw_only=True):
    """A reviewer of a sample, and how far they are."""

    reviewer: str
    labelled: int
    """Records of which they saved labels."""
    saved_at: datetime


class RecordedReview(msgspec.Struct, frozen=True, kw_only=True):
    """A sample in the table `review_samples`."""

    sample_id: str
    run_id: str
    analysis: str
    by: str
    against: str | None
    seed: str
    records: int
    drawn_at: datetime
    reviewers: list[Reviewer]


class Reviews(msgspec.Struct, frozen=True, kw_only=True):
    """The result of `list_reviews`."""

    reviews: list[RecordedReview]


class ReviewLabels(msgspec.Struct, frozen=True, kw_only=True):
    """The result of `review_labels`: personal data, as corrections may be."""

    sample_id: str
    run_id: str
    reviewer: str
    rows: list[dict[str, Any]]
    """Record id and labels, as a line of a file of labels has them."""


def list_reviews(backend: Backend, run_id: str | None = None) -> Reviews:
    """List the recorded samples with their reviewers, the newest first."""
    rows = backend.dependencies.tracking.review_samples.reviews()
    return Reviews(reviews=_reviews([row for row in rows if run_id in (None, row.run_id)]))


def review_labels(backend: Backend, sample_id: str, reviewer: str) -> ReviewLabels:
    """Return all labels that a reviewer saved of a sample; `golden add` reads such lines."""
    review = recorded(backend, sample_id, reviewer)
    rows = backend.dependencies.tracking.review_samples.labels_of(sample_id, reviewer)
    return ReviewLabels(
        sample_id=sample_id,
        run_id=review.run_id,
        reviewer=reviewer,
        rows=[
            {"record_id": row.record_id, **labels} for row in rows if (labels := saved_labels(row))
        ],
    )


def label_lines(labels: ReviewLabels) -> str:
    """Write labels as a file of JSON Lines."""
    return "".join(f"{msgspec.json.encode(row).decode()}\n" for row in labels.rows)


def labels_file(labels: ReviewLabels) -> str:
    """Name a file of labels."""
    return f"labels-{labels.run_id}-{labels.sample_id}-{labels.reviewer}.jsonl"


def recorded(backend: Backend, sample_id: str, reviewer: str) -> RecordedReview:
    """Return a recorded sample. Raises `InvalidOperation`, also for a reviewer's name that is none."""
    if not REVIEWER.fullmatch(reviewer):
        raise InvalidOperation(
            "invalid reviewer: use 1 to 20 of a-z, 0-9 and -, such as your initials"
        )
    found = []
    if SAMPLE_ID.fullmatch(sample_id):
        found = _reviews(backend.dependencies.tracking.review_samples.reviews(sample_id))
    if not found:
        raise InvalidOperation(
            f"no review sample {sample_id[:40]!r} is recorded here: draw one of a run"
        )
    return found[0]


def saved_labels(row: LabelledRow) -> dict[str, Any]:
    """Column to label, of what is saved of a record."""
    found: dict[str, Any] = json.loads(row.labels) if row.labels else {}
    return found


def _reviews(rows: Sequence[ReviewRow]) -> list[RecordedReview]:
    by_sample: dict[str, list[ReviewRow]] = {}
    for row in rows:
        by_sample.setdefault(row.sample_id, []).append(row)
    return [_review(of_sample) for of_sample in by_sample.values()]


def _review(rows: Sequence[ReviewRow]) -> RecordedReview:
    sample = rows[0]
    return RecordedReview(
        sample_id=sample.sample_id,
        run_id=sample.run_id,
        analysis=sample.analysis,
        by=sample.drawn_by,
        against=sample.against,
        seed=sample.seed,
        records=sample.records,
        drawn_at=sample.drawn_at,
        reviewers=[
            Reviewer(reviewer=row.reviewer, labelled=row.labelled, saved_at=row.saved_at)
            for row in rows
            if row.reviewer is not None and row.saved_at is not None
        ],
    )
