"""Answers and jobs that fail: the good is kept, the bad is named, only failed records are requested again."""

from collections.abc import Callable

import pytest

from handlers.ports import Job, JobState
from tests.harness import LocalHarness, calls, id_of
from troupe.operations.dead_letters import list_dead_letters
from troupe.standin.corrupt import Corruption, Kind
from troupe.standin.settings import Behaviour, End

MakeHarness = Callable[..., LocalHarness]


def ends(*of_attempts: End) -> Behaviour:
    """What becomes of a batch's first, second, … job; later ones succeed."""

    def end(job: Job) -> End:
        attempt = int(job.labels["attempt"].rsplit("__", 1)[1])
        return of_attempts[attempt - 1] if attempt <= len(of_attempts) else End()

    return Behaviour(end=end)


def test_four_poison_answers_of_a_thousand_leave_996_rows_and_4_named_errors(
    make_harness: MakeHarness,
) -> None:
    """One bad answer takes no neighbour down."""
    rows = calls(1_000)
    poison = frozenset(f"k-{id_of(row)}" for row in rows[::250])
    harness = make_harness(corruption=Corruption(share=0, poison=poison, poison_kind=Kind.CUT))
    harness.load(rows)

    books = harness.totals()

    assert (996, 4, True) == (books["analysed"], books["failed"], books["ok"])
    assert poison == {
        f"k-{record}"
        for (record,) in harness.sql(
            "SELECT DISTINCT record_id FROM error_tracking "
            "WHERE error_type = 'attempts_exhausted' AND cause = 'truncated'"
        )
    }


def test_only_open_records_are_asked_again(make_harness: MakeHarness) -> None:
    """The second attempt holds what the first one left open."""
    rows = calls(20)
    lost = frozenset(f"k-{id_of(row)}" for row in rows[:3])
    harness = make_harness(corruption=Corruption(share=0, poison=lost, poison_kind=Kind.LOST))
    harness.load(rows)

    harness.analyse(max_attempts=2)

    assert [(1, 20), (2, 3)] == harness.sql(
        "SELECT attempt, asked FROM attempt_closings ORDER BY attempt"
    )


def test_an_errored_line_never_yields_a_row(make_harness: MakeHarness) -> None:
    """The echoed request is not an answer."""
    rows = calls(5)
    harness = make_harness(
        corruption=Corruption(
            share=0, poison=frozenset({f"k-{id_of(rows[2])}"}), poison_kind=Kind.ROW_ERROR
        )
    )
    harness.load(rows)

    books = harness.totals(max_attempts=1)

    assert (4, 1) == (books["analysed"], books["failed"])
    assert {"vertex_ai_error", "attempts_exhausted"} == {
        name for (name,) in harness.sql("SELECT error_type FROM error_tracking")
    }


def test_records_that_failed_for_good_are_skipped_by_later_plans(make_harness: MakeHarness) -> None:
    """Until a reprocessing names them."""
    rows = calls(6)
    harness = make_harness(
        corruption=Corruption(
            share=0, poison=frozenset({f"k-{id_of(rows[0])}"}), poison_kind=Kind.BLOCKED
        )
    )
    harness.load(rows)
    harness.analyse("r1")
    jobs = harness.jobs()

    books = harness.run("r2")

    assert (0, 6) == (books["planned"], books["skipped"])
    assert jobs == harness.jobs()


def test_a_blocked_answer_fails_at_once(make_harness: MakeHarness) -> None:
    """Another attempt cannot help."""
    rows = calls(4)
    harness = make_harness(
        corruption=Corruption(
            share=0, poison=frozenset({f"k-{id_of(rows[0])}"}), poison_kind=Kind.BLOCKED
        )
    )
    harness.load(rows)

    harness.analyse()

    assert 1 == harness.one("SELECT count(*) FROM attempt_closings")
    assert [("blocked", False, False)] == harness.sql(
        "SELECT error_type, retryable, replan FROM error_tracking"
    )


def test_a_cut_answer_is_asked_again_with_twice_the_cap(make_harness: MakeHarness) -> None:
    """Once, and not beyond the analysis' own limit."""
    rows = calls(2)
    harness = make_harness(
        corruption=Corruption(
            share=0, poison=frozenset({f"k-{id_of(rows[0])}"}), poison_kind=Kind.CUT
        )
    )
    harness.load(rows)

    harness.analyse(max_attempts=3)

    caps = []
    for blob in harness.backend.bucket.list(harness.backend.bucket.uri("requests")):
        text = b"".join(harness.backend.bucket.read(blob)).decode()
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
def test_what_an_unfinished_job_wrote_is_harvested(
    make_harness: MakeHarness, end: End, event: str
) -> None:
    """Rows that were paid for are kept; the rest is requested again."""
    harness = make_harness(behaviour=ends(end))
    harness.load(calls(20))

    books = harness.totals()

    assert (20, True) == (books["analysed"], books["ok"])
    assert event in harness.topics()
    first, second = harness.sql("SELECT asked, analysed FROM attempt_closings ORDER BY attempt")
    assert (20, 10) == first
    assert (10, 20) == second


def test_a_job_that_failed_without_output_is_found_by_the_tick(make_harness: MakeHarness) -> None:
    """No object, no notification: the scheduler's tick is the authority."""
    harness = make_harness(behaviour=ends(End(state=JobState.FAILED, code=13, share=0)))
    harness.load(calls(5))

    books = harness.totals()

    assert (5, True) == (books["analysed"], books["ok"])
    assert 5 == harness.one("SELECT count(*) FROM error_tracking WHERE error_type = 'no_answer'")


@pytest.mark.parametrize("code", [3, 7, 9])
def test_a_permanent_cause_stops_the_run_and_releases_its_records(
    make_harness: MakeHarness, code: int
) -> None:
    """The same file would be refused again: nothing more is paid for."""
    harness = make_harness(behaviour=ends(End(state=JobState.FAILED, code=code, share=0)))
    harness.load(calls(40))

    books = harness.run(canary=10, rows_per_batch=10)

    assert (0, 0, 40, True) == (
        books["analysed"], books["failed"], books["released"], books["ok"],
    )  # fmt: skip
    assert 1 == harness.jobs()
    assert "run-stopped" in harness.topics()
    assert [("job_refused", 40)] == harness.sql(
        "SELECT error_type, count(*) FROM error_tracking GROUP BY error_type"
    )


def test_an_unknown_model_stops_the_run(make_harness: MakeHarness) -> None:
    """Vertex answers 404 at once; the records are free for the next run."""
    model = "publishers/google/models/gemini-0"
    harness = make_harness(behaviour=Behaviour(unknown_models=frozenset({model})))
    harness.load(calls(8))

    refused = harness.totals("r1", model="gemini-0")
    books = harness.totals("r2")

    assert (8, True) == (refused["released"], refused["ok"])
    assert (8, True) == (books["analysed"], books["ok"])


def test_a_succeeded_job_without_files_is_dead_lettered(make_harness: MakeHarness) -> None:
    """It is a system error, never a missing response."""
    harness = make_harness(behaviour=Behaviour(end=lambda _: End(share=0)))
    harness.load(calls(3))

    harness.complete()

    assert [("process-results", "output_missing", 1)] == [
        (each.handler, each.cause, each.count) for each in list_dead_letters(harness.backend).groups
    ]
    assert [("dead_lettered", "system")] == harness.sql(
        "SELECT error_type, scope FROM error_tracking"
    )
    assert 3 == harness.books("r1")["open"]


def test_a_missing_shard_is_dead_lettered(make_harness: MakeHarness) -> None:
    """File names carry the number of shards; all of them must exist."""
    harness = make_harness(behaviour=Behaviour(shards=3, end=lambda _: End(missing_shards=1)))
    harness.load(calls(9))

    harness.complete()

    assert ["shard_missing"] == [each.cause for each in list_dead_letters(harness.backend).letters]


def test_sharded_and_shuffled_output_is_read_as_one(make_harness: MakeHarness) -> None:
    """And the partial dump beside it is not read twice."""
    harness = make_harness(behaviour=Behaviour(shards=3, incremental=True))
    harness.load(calls(30))

    books = harness.totals()

    assert (30, 0, True) == (books["analysed"], books["doubled"], books["ok"])


def test_after_the_last_attempt_what_is_open_has_failed(make_harness: MakeHarness) -> None:
    """By name, with the error behind it."""
    rows = calls(4)
    cut = frozenset(f"k-{id_of(row)}" for row in rows)
    harness = make_harness(corruption=Corruption(share=0, poison=cut, poison_kind=Kind.LOST))
    harness.load([*rows, *calls(1, start=9)])

    books = harness.totals(max_attempts=3, breaker=100)

    assert (1, 4, True) == (books["analysed"], books["failed"], books["ok"])
    assert [("missing_response", 4)] == harness.sql(
        "SELECT cause, count(*) FROM error_tracking "
        "WHERE error_type = 'attempts_exhausted' GROUP BY cause"
    )


def test_thirty_per_cent_damage_ends_in_balanced_books(make_harness: MakeHarness) -> None:
    """Every kind of damage at once: no row is lost, doubled or invented."""
    harness = make_harness(corruption=Corruption(share=0.3, seed=4), deployment="d4")
    harness.load(calls(300))

    books = harness.run(canary=100, rows_per_batch=200, breaker=100)

    assert books["ok"]
    assert 300 == books["analysed"] + books["failed"]
    assert books["analysed"] > 280
