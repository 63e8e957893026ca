"""Clear the history of a run, forget a person: all or nothing, and the books still balance."""

from collections.abc import Callable

import msgspec
import pytest

from events import BatchPlanned
from handlers.write_jsonl import write_jsonl
from tests.harness import LocalHarness, calls, id_of
from troupe.backends.local import operations
from troupe.operations.backend import InvalidOperation
from troupe.operations.clear_history import clear_history, forget
from troupe.operations.reprocess import reprocess
from troupe.standin.settings import Behaviour

PERSON = "tok_000000"
"""Of the first two calls."""


def test_a_cleared_run_counts_its_records_as_cleared_and_the_next_takes_them(
    harness: LocalHarness,
) -> None:
    """Processed records and analysed rows go together; nothing goes before it is sure."""
    harness.load(calls(6))
    harness.run("r1")

    shown = clear_history(harness.backend, "r1")
    assert (6, 6, False) == (shown.records, shown.output_rows, shown.cleared)
    assert 6 == harness.books("r1")["analysed"]

    assert clear_history(harness.backend, "r1", "wrong prompt", sure=True).cleared
    books = harness.books("r1")
    assert (True, 0, 6, 6) == (books["ok"], books["analysed"], books["cleared"], books["planned"])
    assert 0 == harness.one("SELECT count(*) FROM transcription_analyzed_transcripts")
    assert [("r1", 6, "wrong prompt")] == harness.sql(
        "SELECT run_id, records, reason FROM history_clearings"
    )

    assert 6 == harness.run("r2")["analysed"]
    assert harness.books()["ok"]
    assert not clear_history(harness.backend, "r1", sure=True).cleared


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
    rows = calls(3)
    harness.load(rows)
    harness.run("r1")

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
    harness.run("r1")

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


def test_forgetting_leaves_others_alone_and_names_the_person_nowhere(harness: LocalHarness) -> None:
    """An unknown token changes nothing; no id or answer repeats it."""
    harness.load(calls(4))
    harness.run("r1")

    answer = forget(harness.backend, "tok_of_nobody", sure=True)

    assert 4 == harness.books("r1")["analysed"]
    assert "tok_of_nobody" not in str(answer)
    assert "tok_of_nobody" not in str(harness.sql("SELECT * FROM local_jobs"))
    assert "forget" in operations.OPERATIONS


def test_a_writer_that_slept_until_somebody_was_forgotten_leaves_no_dead_letter(
    harness: LocalHarness,
) -> None:
    """Its attempt is closed; the file that it would write now differs from the one that stands."""
    harness.load(calls(4))
    harness.run("r1")
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
        dependencies.analyses,
        dependencies.deployment,
    )

    assert [] == list(found)
