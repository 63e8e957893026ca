"""Answers and jobs that fail: the good is kept, the bad is named, only the bad is asked again."""

from collections.abc import Callable

import pytest

from handlers.ports import Job, JobState
from tests.harness import Stage, calls, id_of
from troupe.standin.corrupt import Damage, Kind
from troupe.standin.settings import Behaviour, End

Staged = Callable[..., Stage]


def ends(*of_attempts: End) -> Behaviour:
    """What becomes of a batch's first, second, … job; later ones succeed."""

    def end(job: Job) -> End:
        attempt = int(job.labels["attempt"].rsplit("__", 1)[1])
        return of_attempts[attempt - 1] if attempt <= len(of_attempts) else End()

    return Behaviour(end=end)


def test_four_poison_answers_of_a_thousand_leave_996_rows_and_4_named_errors(
    staged: Staged,
) -> None:
    """One bad answer takes no neighbour down."""
    rows = calls(1_000)
    poison = frozenset(f"k-{id_of(row)}" for row in rows[::250])
    stage = staged(damage=Damage(share=0, poison=poison, poison_kind=Kind.CUT))
    stage.load(rows)

    books = stage.run()

    assert (996, 4, True) == (books["analysed"], books["failed"], books["ok"])
    assert poison == {
        f"k-{record}"
        for (record,) in stage.sql(
            "SELECT DISTINCT record_id FROM error_tracking "
            "WHERE error_type = 'attempts_exhausted' AND cause = 'truncated'"
        )
    }


def test_only_open_records_are_asked_again(staged: Staged) -> None:
    """The second attempt holds what the first one left open."""
    rows = calls(20)
    lost = frozenset(f"k-{id_of(row)}" for row in rows[:3])
    stage = staged(damage=Damage(share=0, poison=lost, poison_kind=Kind.LOST))
    stage.load(rows)

    stage.run(max_attempts=2)

    assert [(1, 20), (2, 3)] == stage.sql(
        "SELECT attempt, asked FROM attempt_closings ORDER BY attempt"
    )


def test_an_errored_line_never_yields_a_row(staged: Staged) -> None:
    """The echoed request is not an answer."""
    rows = calls(5)
    stage = staged(
        damage=Damage(
            share=0, poison=frozenset({f"k-{id_of(rows[2])}"}), poison_kind=Kind.ROW_ERROR
        )
    )
    stage.load(rows)

    books = stage.run(max_attempts=1)

    assert (4, 1) == (books["analysed"], books["failed"])
    assert {"vertex_ai_error", "attempts_exhausted"} == {
        name for (name,) in stage.sql("SELECT error_type FROM error_tracking")
    }


def test_records_that_failed_for_good_are_skipped_by_later_plans(staged: Staged) -> None:
    """Until a reprocessing names them."""
    rows = calls(6)
    stage = staged(
        damage=Damage(share=0, poison=frozenset({f"k-{id_of(rows[0])}"}), poison_kind=Kind.BLOCKED)
    )
    stage.load(rows)
    stage.run("r1")
    jobs = stage.jobs()

    books = stage.run("r2")

    assert (0, 6) == (books["planned"], books["skipped"])
    assert jobs == stage.jobs()


def test_a_blocked_answer_fails_at_once(staged: Staged) -> None:
    """Another attempt cannot help."""
    rows = calls(4)
    stage = staged(
        damage=Damage(share=0, poison=frozenset({f"k-{id_of(rows[0])}"}), poison_kind=Kind.BLOCKED)
    )
    stage.load(rows)

    stage.run()

    assert 1 == stage.one("SELECT count(*) FROM attempt_closings")
    assert [("blocked", False, False)] == stage.sql(
        "SELECT error_type, retryable, replan FROM error_tracking"
    )


def test_a_cut_answer_is_asked_again_with_twice_the_cap(staged: Staged) -> None:
    """Once, and not beyond the analysis' own limit."""
    rows = calls(2)
    stage = staged(
        damage=Damage(share=0, poison=frozenset({f"k-{id_of(rows[0])}"}), poison_kind=Kind.CUT)
    )
    stage.load(rows)

    stage.run(max_attempts=3)

    caps = []
    for blob in stage.backend.bucket.list(stage.backend.bucket.uri("requests")):
        text = b"".join(stage.backend.bucket.read(blob)).decode()
        caps.append(sorted({part.split(",")[0] for part in text.split('"maxOutputTokens":')[1:]}))
    assert [["2048"], ["4096"], ["4096"]] == caps


@pytest.mark.parametrize(
    ("end", "event"),
    [
        (End(state=JobState.FAILED, code=13, message="System error.", share=0.5), "job-failed"),
        (End(state=JobState.EXPIRED, share=0.5), "job-failed"),
        (End(state=JobState.CANCELLED, share=0.5), "job-cancelled"),
        (End(state=JobState.PARTIALLY_SUCCEEDED, share=0.5), "job-succeeded"),
    ],
)
def test_what_an_unfinished_job_wrote_is_harvested(staged: Staged, end: End, event: str) -> None:
    """Rows that were paid for are kept; the rest is asked again."""
    stage = staged(behaviour=ends(end))
    stage.load(calls(20))

    books = stage.run()

    assert (20, True) == (books["analysed"], books["ok"])
    assert event in stage.topics()
    first, second = stage.sql("SELECT asked, analysed FROM attempt_closings ORDER BY attempt")
    assert (20, 10) == first
    assert (10, 20) == second


def test_a_job_that_failed_without_output_is_found_by_the_tick(staged: Staged) -> None:
    """No object, no notification: the scheduler's tick is the authority."""
    stage = staged(behaviour=ends(End(state=JobState.FAILED, code=13, share=0)))
    stage.load(calls(5))

    books = stage.run()

    assert (5, True) == (books["analysed"], books["ok"])
    assert 5 == stage.one(
        "SELECT count(*) FROM error_tracking WHERE error_type = 'missing_response'"
    )


@pytest.mark.parametrize("code", [3, 7, 9])
def test_a_permanent_cause_stops_the_run_and_releases_its_records(
    staged: Staged, code: int
) -> None:
    """The same file would be refused again: nothing more is paid for."""
    stage = staged(behaviour=ends(End(state=JobState.FAILED, code=code, share=0)))
    stage.load(calls(40))

    books = stage.run(canary=10, rows_per_batch=10)

    assert (0, 0, 40, True) == (
        books["analysed"], books["failed"], books["released"], books["ok"],
    )  # fmt: skip
    assert 1 == stage.jobs()
    assert "run-stopped" in stage.topics()
    assert [("job_refused", 40)] == stage.sql(
        "SELECT error_type, count(*) FROM error_tracking GROUP BY error_type"
    )


def test_an_unknown_model_stops_the_run(staged: Staged) -> None:
    """Vertex answers 404 at once; the records are free for the next run."""
    model = "publishers/google/models/gemini-0"
    stage = staged(behaviour=Behaviour(unknown_models=frozenset({model})))
    stage.load(calls(8))

    refused = stage.run("r1", model="gemini-0")
    books = stage.run("r2")

    assert (8, True) == (refused["released"], refused["ok"])
    assert (8, True) == (books["analysed"], books["ok"])


def test_a_succeeded_job_without_files_is_dead_lettered(staged: Staged) -> None:
    """It is a system error, never a missing response."""
    stage = staged(behaviour=Behaviour(end=lambda _: End(share=0)))
    stage.load(calls(3))

    stage.run()

    assert [("process-results", "output_missing", 1)] == [
        (row["handler"], row["cause"], row["count"]) for row in stage.backend.letters.waiting()
    ]
    assert [("dead_lettered", "system")] == stage.sql(
        "SELECT error_type, scope FROM error_tracking"
    )
    assert 3 == stage.books("r1")["open"]


def test_a_missing_shard_is_dead_lettered(staged: Staged) -> None:
    """Names say of how many; all of them must be there."""
    stage = staged(behaviour=Behaviour(shards=3, end=lambda _: End(missing_shards=1)))
    stage.load(calls(9))

    stage.run()

    assert ["shard_missing"] == [row["cause"] for row in stage.backend.letters.waiting()]


def test_sharded_and_shuffled_output_is_read_as_one(staged: Staged) -> None:
    """And the partial dump beside it is not read twice."""
    stage = staged(behaviour=Behaviour(shards=3, incremental=True))
    stage.load(calls(30))

    books = stage.run()

    assert (30, 0, True) == (books["analysed"], books["doubled"], books["ok"])


def test_after_the_last_attempt_what_is_open_has_failed(staged: Staged) -> None:
    """By name, with the error behind it."""
    stage = staged(behaviour=ends(*[End(state=JobState.EXPIRED, share=0)] * 3))
    stage.load(calls(4))

    books = stage.run(max_attempts=3, breaker=100)

    assert (0, 4, True) == (books["analysed"], books["failed"], books["ok"])
    assert [("missing_response", 4)] == stage.sql(
        "SELECT cause, count(*) FROM error_tracking "
        "WHERE error_type = 'attempts_exhausted' GROUP BY cause"
    )


def test_thirty_per_cent_damage_ends_in_balanced_books(staged: Staged) -> None:
    """Every kind of damage at once: no row is lost, doubled or invented."""
    stage = staged(damage=Damage(share=0.3, seed=4), deployment="d4")
    stage.load(calls(300))

    books = stage.run(canary=50, rows_per_batch=100, breaker=100)

    assert books["ok"]
    assert 300 == books["analysed"] + books["failed"]
    assert books["analysed"] > 280
