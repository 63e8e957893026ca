"""Clear the history of a run, forget a person: all or nothing, and the books still balance."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from events import BatchPlanned, JobSucceeded, ReprocessRequested
from handlers.attempts.close import answer_record
from handlers.process_results import _staged_lines
from handlers.write_jsonl import write_jsonl
from tests.harness import LocalHarness, calls, id_of, ran
from troupe.backends.local import operations
from troupe.operations.backend import InvalidOperation
from troupe.operations.clear_history import clear_history, forget
from troupe.operations.reprocess import reprocess
from troupe.standin.corrupt import Corruption, Kind
from troupe.standin.settings import Behaviour

PERSON = "tok_000000"
"""Of the first two calls."""


def test_a_cleared_run_counts_its_records_as_cleared_and_the_next_takes_them(
    harness: LocalHarness,
) -> None:
    """Processed records and analysed rows go together; nothing goes before it is sure."""
    harness.begin_after(ran, 4)

    shown = clear_history(harness.backend, "r1")
    assert (4, 4, False) == (shown.records, shown.output_rows, shown.cleared)
    assert 4 == harness.books("r1")["analysed"]

    assert clear_history(harness.backend, "r1", "wrong prompt", sure=True).cleared
    books = harness.books("r1")
    assert (True, 0, 4, 4) == (books["ok"], books["analysed"], books["cleared"], books["planned"])
    assert 0 == harness.one("SELECT count(*) FROM transcription_analyzed_transcripts")
    assert [("r1", 4, "wrong prompt")] == harness.sql(
        "SELECT run_id, records, reason FROM history_clearings"
    )

    assert 4 == harness.totals("r2")["analysed"]
    assert harness.books()["ok"]
    assert not clear_history(harness.backend, "r1", sure=True).cleared


def failing(make_harness: Callable[..., LocalHarness], count: int = 4) -> LocalHarness:
    """Run r1 over so many calls, of which every answer is blocked: all of them fail."""
    harness = make_harness(corruption=Corruption(share=1.0, kinds=(Kind.BLOCKED,)))
    harness.begin_after(fail, count)
    return harness


def fail(harness: LocalHarness, count: int) -> None:
    harness.load(calls(count))
    assert count == harness.run("r1", max_attempts=1)["failed"]


def test_records_that_failed_are_brought_back_by_their_run(
    make_harness: Callable[..., LocalHarness],
) -> None:
    """The errors stay, and the totals of the run still balance."""
    harness = failing(make_harness)
    errors = harness.one("SELECT count(*) FROM error_tracking WHERE scope = 'record'")
    assert 0 == harness.totals("r2")["planned"]

    shown = clear_history(harness.backend, "r1")
    assert (0, 0, 4, False) == (shown.records, shown.output_rows, shown.failed, shown.cleared)
    assert clear_history(harness.backend, "r1", "bad day", sure=True).cleared

    books = harness.books("r1")
    assert (True, 0, 4) == (books["ok"], books["failed"], books["cleared"])
    assert errors + 4 == harness.one("SELECT count(*) FROM error_tracking WHERE scope = 'record'")
    harness.restart(corruption=None)
    assert 4 == harness.totals("r3")["analysed"]
    assert harness.books()["ok"]
    assert not clear_history(harness.backend, "r1", sure=True).cleared, "r3 answered them"


def test_records_that_failed_in_an_earlier_run_too_are_brought_back(
    make_harness: Callable[..., LocalHarness],
) -> None:
    """A failure of any run keeps a record out of every plan, so all of them are lifted."""
    harness = failing(make_harness)
    harness.publish(ReprocessRequested(run_id="r2", of_run="r1", max_attempts=1))
    harness.play(report_of="r2")
    assert 4 == harness.books("r2")["failed"]

    assert 4 == clear_history(harness.backend, "r2", sure=True).failed
    for run in ("r1", "r2"):
        books = harness.books(run)
        assert (True, 0, 4) == (books["ok"], books["failed"], books["cleared"])
    harness.restart(corruption=None)
    assert 4 == harness.totals("r3")["analysed"]


def test_what_was_analysed_after_it_had_failed_comes_back_after_a_clearing(
    make_harness: Callable[..., LocalHarness],
) -> None:
    """The run that stored the row is cleared; the failure of the run before must not remain."""
    harness = failing(make_harness)
    harness.restart(corruption=None)
    harness.publish(ReprocessRequested(run_id="r2", of_run="r1"))
    harness.play(report_of="r2")
    assert 4 == harness.books("r2")["analysed"]

    nothing = clear_history(harness.backend, "r1", sure=True)
    assert (0, 0, False) == (nothing.records, nothing.failed, nothing.cleared), "rows of r2 stay"
    assert 4 == harness.books("r2")["analysed"]

    done = clear_history(harness.backend, "r2", sure=True)
    assert (4, 4, 4) == (done.records, done.output_rows, done.failed)
    assert 4 == harness.totals("r3")["analysed"]
    assert harness.books()["ok"]


def test_single_records_are_cleared_whichever_run_they_are_of(
    make_harness: Callable[..., LocalHarness],
) -> None:
    """One that is analysed and one that failed; the others keep what they have."""
    harness = make_harness()
    rows = calls(4)
    harness.begin_after(ran, 2)
    harness.restart(corruption=Corruption(share=1.0, kinds=(Kind.BLOCKED,)))
    harness.load(rows[2:])
    harness.analyse("r2", max_attempts=1)
    chosen = [id_of(rows[0]), id_of(rows[2])]

    shown = clear_history(harness.backend, record_ids=[*chosen, chosen[0]])
    assert (None, 1, 1, 1, False) == (
        shown.run_id, shown.records, shown.output_rows, shown.failed, shown.cleared,
    )  # fmt: skip
    assert clear_history(harness.backend, record_ids=chosen, reason="corrected", sure=True).cleared

    assert [("r1", 1, "corrected"), ("r2", 1, "corrected")] == harness.sql(
        "SELECT run_id, records, reason FROM history_clearings ORDER BY run_id"
    )
    assert [1, 1] == [harness.books("r1")[name] for name in ("analysed", "cleared")]
    assert [1, 1] == [harness.books("r2")[name] for name in ("failed", "cleared")]
    harness.restart(corruption=None)
    harness.analyse("r3")
    assert {*chosen} == {
        record
        for (record,) in harness.sql("SELECT record_id FROM batch_records WHERE run_id = 'r3'")
    }
    assert harness.books()["ok"]


def test_records_of_a_run_are_cleared_alone(harness: LocalHarness) -> None:
    """With both, only these records of that run; one of another run is named."""
    rows = calls(3)
    harness.begin_after(ran, 2)
    harness.load(rows[2:])
    harness.analyse("r2")
    first, other = id_of(rows[0]), id_of(rows[2])

    with pytest.raises(InvalidOperation, match=f"1 of these .* in run r1, {other} first"):
        clear_history(harness.backend, "r1", record_ids=[first, other], sure=True)
    assert clear_history(harness.backend, "r1", record_ids=[first], sure=True).cleared

    assert 1 == harness.books("r1")["analysed"]
    assert 1 == harness.books("r2")["analysed"]


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({}, "nothing is selected: give --run or --record"),
    ({"record_ids": []}, "nothing is selected: give --run or --record"),
    ({"record_ids": ["x"]}, "invalid record 'x': use a record id of 32 characters"),
    ({"record_ids": ["0" * 32 + "\n"]}, "invalid record"),
    ({"record_ids": ["0" * 32]}, "1 of these records have neither a row nor a failure, 0000"),
    ({"record_ids": [f"{n:032x}" for n in range(1_001)]}, "1,001 records are given, and a cle"),
    ({"run_id": "r1", "analysis": "other_v1"}, "run r1 is of the analysis call_review_v1, not"),
    ({"record_ids": ["0" * 32], "analysis": "other_v1"}, "unknown analysis other_v1"),
    ({"run_id": "r1", "reason": "forgotten"}, "is that of `troupe forget`: give another"),
    ({"run_id": "r9"}, "r9"),
]


def test_a_clearing_that_names_nothing_to_clear_is_refused(harness: LocalHarness) -> None:
    harness.begin_after(ran, 2)

    for selection, problem in REFUSED:
        with pytest.raises(InvalidOperation, match=problem):
            clear_history(harness.backend, **selection, sure=True)
    assert 2 == harness.books("r1")["analysed"]
    assert 0 == harness.one("SELECT count(*) FROM history_clearings")


def test_a_record_that_an_open_run_holds_is_not_cleared(
    make_harness: Callable[..., LocalHarness],
) -> None:
    """Also when it failed in a run that is over, and another asks it again."""
    harness = failing(make_harness)
    harness.restart(behaviour=Behaviour(running_seconds=600))
    harness.publish(ReprocessRequested(run_id="r2", of_run="r1"))
    for _ in range(3):
        harness.backend.deliver_next()
    assert 4 == harness.one("SELECT count(*) FROM batch_records WHERE run_id = 'r2'")

    for selection in ({"run_id": "r1"}, {"record_ids": [id_of(calls(1)[0])]}):
        with pytest.raises(InvalidOperation, match="open run holds"):
            clear_history(harness.backend, **selection, sure=True)
    assert 4 == harness.books("r1")["failed"]


def test_what_came_after_a_clearing_can_be_cleared_as_well(harness: LocalHarness) -> None:
    """Each clearing of a run is a transaction of its own."""
    harness.begin_after(ran, 2)
    stored = "processed_records WHERE first_processed_execution_id = 'r1'"
    harness.sql(f"CREATE TEMP TABLE before AS SELECT * FROM {stored}")  # noqa: S608
    clear_history(harness.backend, "r1", sure=True)
    harness.sql("INSERT INTO processed_records SELECT * FROM before")  # imported again by hand

    assert clear_history(harness.backend, "r1", sure=True).cleared

    assert 0 == harness.one(f"SELECT count(*) FROM {stored}")  # noqa: S608
    assert [(2,), (2,)] == harness.sql("SELECT records FROM history_clearings")


def test_clearing_is_refused_while_an_open_run_holds_a_record(
    make_harness: Callable[..., LocalHarness],
) -> None:
    """The run itself while it goes on; nothing is changed then."""
    harness = make_harness(behaviour=Behaviour(running_seconds=600))
    harness.load(calls(6))
    harness.request("r1", canary=3, rows_per_batch=3)
    harness.play_until("batch-completed", minutes=5)

    with pytest.raises(InvalidOperation, match="open run holds"):
        clear_history(harness.backend, "r1", sure=True)
    with pytest.raises(InvalidOperation, match="open run holds"):
        forget(harness.backend, PERSON, sure=True)
    assert 3 == harness.one("SELECT count(*) FROM processed_records")


def test_what_has_a_row_is_not_reprocessed_before_its_history_is_cleared(
    harness: LocalHarness,
) -> None:
    """The refusal names the command."""
    rows = calls(2)
    harness.begin_after(ran, 2)

    with pytest.raises(InvalidOperation, match="troupe clear-history --run r1"):
        reprocess(harness.backend, {"record_ids": [id_of(rows[0])]})
    clear_history(harness.backend, "r1", sure=True)

    shown = reprocess(harness.backend, {"record_ids": [id_of(rows[0])]}, dry_run=True)
    assert (1, 1) == (shown.records, shown.batches)


def test_a_forgotten_person_stands_in_no_table_and_the_books_still_balance(
    harness: LocalHarness,
) -> None:
    """The source is the user's own; the files are named until they expire."""
    harness.load([*calls(6), calls(1, start=1)[0] | {"referenceId": "empty", "transcript": ""}])
    harness.analyse("r1")

    shown = forget(harness.backend, PERSON)
    assert (2, 2, 2) == (shown.processed, shown.members, shown.output_rows)
    assert 2 == harness.one("SELECT count(*) FROM processed_records WHERE phone_number_token = ?",
                          PERSON)  # fmt: skip

    done = forget(harness.backend, PERSON, sure=True)
    assert done.forgotten
    assert 3 == done.source_rows
    assert any("requests/" in file for file in done.files)
    assert any("output/" in file for file in done.files)
    tables = [name for (name,) in harness.sql("SELECT table_name FROM duckdb_tables()")]
    ours = [table for table in tables if table != "transcription_pass_2"]
    held = [t for t in ours if PERSON in str(harness.sql(f'SELECT * FROM "{t}"'))]  # noqa: S608
    assert [] == held
    assert 0 == harness.one("SELECT count(*) FROM error_tracking")
    books = harness.books("r1")
    assert (True, 4, 2, 6) == (books["ok"], books["analysed"], books["cleared"], books["planned"])


def staged_by_a_killed_worker(harness: LocalHarness) -> str:
    """Load the answers of run r1 as a worker does before it closes; return the staging table."""
    dependencies = harness.backend.dependencies
    (row,) = harness.sql("SELECT data FROM events WHERE topic = 'job-succeeded' LIMIT 1")
    event = msgspec.json.decode(row[0], type=JobSucceeded)
    analysis = dependencies.analyses.load("call_review_v1")
    jobs = [dependencies.bucket.list(folder) for folder in event.outputs]
    lines = _staged_lines(jobs, analysis, dependencies.bucket, is_paid=True)
    blob = dependencies.bucket.write_once("staging/killed/answers.ndjson", lines)
    table = dependencies.tracking.stage_answers(answer_record(analysis), [blob.uri])
    assert 4 == harness.one(f'SELECT count(answer.callSummary) FROM "{table}"')  # noqa: S608
    return table


def staging_of(harness: LocalHarness) -> list[str]:
    """Staging tables, and the files that they were loaded from."""
    named = harness.sql("SELECT table_name FROM duckdb_tables() WHERE table_name LIKE '%staging_%'")
    bucket = harness.backend.bucket
    files = [blob.uri.rpartition("/")[2] for blob in bucket.list(bucket.uri("staging"))]
    return [*(name for (name,) in named), *files]


def test_forgetting_reaches_what_a_killed_worker_left_in_staging(harness: LocalHarness) -> None:
    """Answers there bear no token: all of staging goes."""
    harness.begin_after(ran, 4)
    table = staged_by_a_killed_worker(harness)
    forget(harness.backend, PERSON)
    assert [table, "answers.ndjson"] == staging_of(harness)[:1] + staging_of(harness)[-1:]

    done = forget(harness.backend, PERSON, sure=True)

    assert [] == staging_of(harness)
    assert not any("staging" in file for file in done.files)
    assert harness.books("r1")["ok"]


def test_a_forgetting_that_ended_before_staging_was_dropped_is_completed_by_the_next(
    harness: LocalHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The person is in no table any more, and nothing says so."""
    harness.begin_after(ran, 4)
    staged_by_a_killed_worker(harness)

    def killed() -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(harness.backend.warehouse, "drop_staging", killed)
        with pytest.raises(KeyboardInterrupt):
            forget(harness.backend, PERSON, sure=True)
    assert staging_of(harness)

    assert 0 == forget(harness.backend, PERSON, sure=True).processed
    assert [] == staging_of(harness)


def test_what_a_killed_worker_left_is_dropped_at_the_next_start(harness: LocalHarness) -> None:
    """Staging tables and files, a file that was being loaded, and objects half written."""
    harness.begin_after(ran, 4)
    staged_by_a_killed_worker(harness)
    loading = harness.home / "load-0123456789ab.ndjson"
    half = harness.home / "bucket-aside" / "0123abcd-1"
    for each in (loading, half):
        each.write_text("a transcript")

    harness.restart()

    assert [] == staging_of(harness)
    assert (False, False) == (loading.exists(), half.exists())
    assert 4 == harness.books("r1")["analysed"]


def test_forgetting_leaves_others_alone_and_names_the_person_nowhere(harness: LocalHarness) -> None:
    """An unknown token changes nothing; no id or answer repeats it."""
    harness.begin_after(ran, 4)

    answer = forget(harness.backend, "tok_of_nobody", sure=True)

    assert 4 == harness.books("r1")["analysed"]
    assert "tok_of_nobody" not in str(answer)
    assert "tok_of_nobody" not in str(harness.sql("SELECT * FROM local_jobs"))
    assert "forget" in operations.OPERATIONS


def test_a_writer_that_slept_until_somebody_was_forgotten_leaves_no_dead_letter(
    harness: LocalHarness,
) -> None:
    """Its attempt is closed; the file that it would write now differs from the one that stands."""
    harness.begin_after(ran, 4)
    ((planned,),) = harness.sql(
        "SELECT data FROM events WHERE topic = 'batch-planned' ORDER BY batch, attempt LIMIT 1"
    )
    forget(harness.backend, PERSON, sure=True)
    dependencies = harness.backend.dependencies
    event = msgspec.json.decode(planned, type=BatchPlanned)

    found = write_jsonl(
        event,
        dependencies.tracking,
        dependencies.bucket,
        dependencies.deployment,
        dependencies.clock,
    )

    assert [] == list(found)
