"""Review samples: which rows are drawn, what they stand for, and that they are recorded once."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.harness import LocalHarness, calls, id_of
from troupe.operations.backend import InvalidOperation
from troupe.operations.clear_history import forget
from troupe.operations.quality.review_sample import (
    RecordedSample,
    ReviewSample,
    record_review,
    review_sample,
)

OUTPUT = "transcription_analyzed_transcripts"
TONES = ("calm", "calm", "calm", "calm", "calm", "calm", "angry", "angry", "angry", None)
"""Of the ten records, in the order of their calls."""


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> LocalHarness:
    """A closed backend with the run r1 over ten calls."""
    harness = LocalHarness(tmp_path_factory.mktemp("reviewed") / "home")
    rows = calls(len(TONES))
    harness.load(rows)
    harness.run("r1")
    for at, (row, tone) in enumerate(zip(rows, TONES, strict=True)):
        harness.sql(
            f"UPDATE {OUTPUT} SET call_tone = ?, grounding = ? WHERE record_id = ?",  # noqa: S608
            tone, None if at == 9 else at / 10, id_of(row),
        )  # fmt: skip
    harness.close()
    return harness


@pytest.fixture
def reviewed(prepared: LocalHarness, tmp_path: Path) -> Iterator[LocalHarness]:
    copied = prepared.copy(tmp_path / "home")
    yield copied
    copied.close()


def ids(found: ReviewSample) -> list[str]:
    return [each.record_id for each in found.records]


def record(harness: LocalHarness, found: ReviewSample) -> RecordedSample:
    rows = [
        {"record_id": each.record_id, "stratum": each.stratum, "weight": each.weight}
        for each in found.records
    ]
    return record_review(
        harness.backend, found.sample_id, found.run_id, found.by, found.seed, rows, found.against
    )


def test_a_seed_decides_the_rows_on_every_backend(reviewed: LocalHarness) -> None:
    """By a hash, which is the same in DuckDB and in BigQuery."""
    ordered = sorted(
        map(id_of, calls(len(TONES))),
        key=lambda id_: hashlib.sha256(f"7 {id_}".encode()).hexdigest(),
    )

    assert ordered[:4] == ids(review_sample(reviewed.backend, "r1", n=4, seed="7"))
    assert ordered != ids(review_sample(reviewed.backend, "r1", n=10, seed="8"))


def test_a_sample_of_all_rows_says_that_there_are_no_more(reviewed: LocalHarness) -> None:
    """And each row stands for itself."""
    found = review_sample(reviewed.backend, "r1", n=50)

    assert (50, 10, 10) == (found.asked, found.eligible, len(found.records))
    assert {1.0} == {each.weight for each in found.records}


def test_each_value_of_a_column_has_an_equal_share(reviewed: LocalHarness) -> None:
    """What a small stratum has not, the others get; none is a value."""
    for seed in "01234":
        found = review_sample(reviewed.backend, "r1", n=6, by="call_tone", seed=seed)

        sizes = Counter(each.stratum for each in found.records)
        assert (1, [1, 2, 3]) == (sizes["call_tone is null"], sorted(sizes.values()))
        assert 0 == found.strata_left_out


def test_weights_correct_what_the_strata_distort(reviewed: LocalHarness) -> None:
    """Together the rows stand for all rows of the run."""
    found = review_sample(reviewed.backend, "r1", n=6, by="call_tone")
    weights = [each.weight or 0.0 for each in found.records]
    calm = [each.weight or 0.0 for each in found.records if each.answer["call_tone"] == "calm"]

    assert pytest.approx(10) == sum(weights)
    assert pytest.approx(6) == sum(calm)


def test_too_few_rows_for_all_strata_are_said(reviewed: LocalHarness) -> None:
    """Of three strata two have a row."""
    found = review_sample(reviewed.backend, "r1", n=2, by="call_tone")

    assert (2, 1) == (len({each.stratum for each in found.records}), found.strata_left_out)


def test_low_grounding_takes_the_lowest_and_stands_for_nothing(reviewed: LocalHarness) -> None:
    """A row without a grounding is not drawn."""
    found = review_sample(reviewed.backend, "r1", n=3, by="low-grounding", seed="5")
    expected = [id_of(row) for row in calls(3)]

    assert (sorted(expected), 9) == (sorted(ids(found)), found.eligible)
    assert {None} == {each.weight for each in found.records}


def test_partial_takes_rows_that_were_changed_to_fit(reviewed: LocalHarness) -> None:
    """Each grade has its share; without such rows the error says so."""
    with pytest.raises(InvalidOperation, match="no row of run r1 is partial or normalised"):
        review_sample(reviewed.backend, "r1", by="partial")
    graded = [id_of(row) for row in calls(4)]
    for id_, grade in zip(graded, ("partial", "partial", "normalised", "normalised"), strict=True):
        reviewed.sql(f"UPDATE {OUTPUT} SET grade = ? WHERE record_id = ?", grade, id_)  # noqa: S608

    found = review_sample(reviewed.backend, "r1", n=2, by="partial")

    assert {"partial": 2, "normalised": 2} == {each.stratum: each.rows for each in found.strata}
    assert {"partial", "normalised"} == {each.grade for each in found.records}


def run_again(harness: LocalHarness, **changed: Any) -> None:
    """Add rows of the run r2, whose first five answers differ in these columns."""
    harness.sql(f"INSERT INTO {OUTPUT} SELECT * REPLACE ('r2' AS run_id) FROM {OUTPUT}")  # noqa: S608
    harness.sql("INSERT INTO run_plans SELECT * REPLACE ('r2' AS run_id) FROM run_plans")
    for row in calls(5):
        for column, value in changed.items():
            harness.sql(
                f"UPDATE {OUTPUT} SET {column} = ? WHERE run_id = 'r2' AND record_id = ?",  # noqa: S608
                value, id_of(row),
            )  # fmt: skip


@pytest.mark.parametrize("against", ["r2", "call_review_v1"])
def test_disagreement_takes_rows_that_differ_from_another_run(
    reviewed: LocalHarness, against: str
) -> None:
    """Or from other rows of a version, in closed columns; the first such column is the stratum."""
    run_again(reviewed, call_tone="formal", reason_for_call_intent="other", call_summary="x")

    found = review_sample(reviewed.backend, "r1", by="disagreement", against=against)

    assert sorted(map(id_of, calls(5))) == sorted(ids(found))
    assert {"call_tone"} == {each.stratum for each in found.records}


def test_a_value_differs_from_none(reviewed: LocalHarness) -> None:
    """And texts that differ do not count."""
    run_again(reviewed, call_tone=None, call_summary="x")

    found = review_sample(reviewed.backend, "r1", by="disagreement", against="r2")

    assert (["call_tone"], 5) == ([each.stratum for each in found.strata], found.eligible)


def test_rows_that_agree_are_no_disagreement(reviewed: LocalHarness) -> None:
    """The error names both."""
    run_again(reviewed, call_summary="another text")

    with pytest.raises(InvalidOperation, match="no row of run r1 differs from r2"):
        review_sample(reviewed.backend, "r1", by="disagreement", against="r2")


def test_a_row_comes_with_its_answer_and_the_text_that_was_sent(reviewed: LocalHarness) -> None:
    """A list that DuckDB has as null is empty, as in BigQuery."""
    reviewed.sql(f"UPDATE {OUTPUT} SET products = NULL")  # noqa: S608
    texts = {id_of(row): row["transcript"] for row in calls(len(TONES))}

    found = review_sample(reviewed.backend, "r1", n=3)

    assert [texts[each.record_id] for each in found.records] == [
        each.transcript for each in found.records
    ]
    assert [column.name for column in found.columns] == [*found.records[0].answer]
    assert [[], [], []] == [each.answer["products"] for each in found.records]
    assert (True, "stand-in") == (found.is_over, found.answered_by)


def test_a_transcript_that_has_expired_is_none(reviewed: LocalHarness) -> None:
    """The answer is still there to be judged."""
    reviewed.sql("DELETE FROM batch_records")

    found = review_sample(reviewed.backend, "r1", n=2)

    assert [None, None] == [each.transcript for each in found.records]
    assert all(each.answer["call_summary"] for each in found.records)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"run_id": "nosuch"}, "run nosuch is not planned here"),
        ({"n": 0}, "invalid --n 0: use 1 to 1,000"),
        ({"n": 1_001}, "invalid --n 1001"),
        ({"by": "call_summary"}, "use random, .*or a column of call_review_v1: call_sentiment_in"),
        ({"by": "x' OR 1=1 --"}, "invalid --by"),
        ({"by": "disagreement"}, "--against is missing"),
        ({"against": "r2"}, "--against needs --by disagreement"),
        ({"by": "disagreement", "against": "r1"}, "name another run"),
        ({"by": "disagreement", "against": "nosuch"}, "neither a run .* nor an analysis"),
        ({"by": "disagreement", "against": "../x"}, "neither a run .* nor an analysis"),
    ],
)
def test_a_mistake_is_named_with_its_option(
    reviewed: LocalHarness, arguments: dict[str, Any], says: str
) -> None:
    """And with what to use instead."""
    with pytest.raises(InvalidOperation, match=says):
        review_sample(reviewed.backend, **{"run_id": "r1", **arguments})


def test_a_run_without_rows_says_so(harness: LocalHarness) -> None:
    """It names the command that shows why."""
    harness.load(calls(2))
    harness.run("r1", dry_run=True)

    with pytest.raises(InvalidOperation, match="run r1 has no row: see `troupe status r1`"):
        review_sample(harness.backend, "r1")


def test_a_sample_is_recorded_once(reviewed: LocalHarness) -> None:
    """The same command twice changes nothing; another seed is another sample."""
    found = review_sample(reviewed.backend, "r1", n=6, by="call_tone", seed="7")

    assert [True, False] == [record(reviewed, found).is_new for _ in range(2)]
    stored = reviewed.sql(
        "SELECT record_id, stratum, weight FROM review_samples WHERE sample_id = ? AND run_id = 'r1'"
        " AND drawn_by = 'call_tone' AND seed = '7' AND analysis = 'call_review_v1'",
        found.sample_id,
    )
    assert sorted(stored) == sorted(
        (each.record_id, each.stratum, each.weight) for each in found.records
    )
    again = review_sample(reviewed.backend, "r1", n=6, by="call_tone", seed="8")
    assert found.sample_id != again.sample_id
    assert record(reviewed, again).is_new


def test_rows_that_the_run_does_not_have_are_not_recorded(reviewed: LocalHarness) -> None:
    """Such as those of a person who was forgotten after the drawing."""
    found = review_sample(reviewed.backend, "r1", n=3)
    reviewed.sql(f"DELETE FROM {OUTPUT} WHERE record_id = ?", found.records[0].record_id)  # noqa: S608

    record(reviewed, found)

    assert 2 == reviewed.one("SELECT count(*) FROM review_samples")
    with pytest.raises(InvalidOperation, match="invalid sample 'x'"):
        record(reviewed, msgspec.structs.replace(found, sample_id="x"))


def test_a_forgotten_person_is_in_no_sample(reviewed: LocalHarness) -> None:
    """The count is shown before."""
    record(reviewed, review_sample(reviewed.backend, "r1"))

    shown = forget(reviewed.backend, "tok_000000")
    forget(reviewed.backend, "tok_000000", sure=True)

    assert (2, 8) == (shown.review_rows, reviewed.one("SELECT count(*) FROM review_samples"))
