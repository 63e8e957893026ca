"""Clear the history of a run, forget a person: all or nothing, and the books still balance."""

from collections.abc import Callable

import msgspec
import pytest

from events import BatchPlanned
from handlers.write_jsonl import write_jsonl
from tests.harness import Stage, calls, id_of
from troupe.backends.local import operations
from troupe.operations.backend import InvalidOperation
from troupe.operations.clear_history import clear_history, forget
from troupe.operations.reprocess import reprocess
from troupe.standin.settings import Behaviour

PERSON = "tok_000000"
"""Of the first two calls."""


def test_a_cleared_run_counts_its_records_as_cleared_and_the_next_takes_them(stage: Stage) -> None:
    """Processed records and analysed rows go together; nothing goes before it is sure."""
    stage.load(calls(6))
    stage.run("r1")

    shown = clear_history(stage.backend, "r1")
    assert (6, 6, False) == (shown["records"], shown["output_rows"], shown["cleared"])
    assert 6 == stage.books("r1")["analysed"]

    assert clear_history(stage.backend, "r1", "wrong prompt", sure=True)["cleared"]
    books = stage.books("r1")
    assert (True, 0, 6, 6) == (books["ok"], books["analysed"], books["cleared"], books["planned"])
    assert 0 == stage.one("SELECT count(*) FROM transcription_analyzed_transcripts")
    assert [("r1", 6, "wrong prompt")] == stage.sql(
        "SELECT run_id, records, reason FROM history_clearings"
    )

    assert 6 == stage.run("r2")["analysed"]
    assert stage.books()["ok"]
    assert not clear_history(stage.backend, "r1", sure=True)["cleared"]


def test_clearing_is_refused_while_an_open_run_holds_a_record(
    staged: Callable[..., Stage],
) -> None:
    """The run itself while it goes on; nothing is changed then."""
    stage = staged(behaviour=Behaviour(running_seconds=600))
    stage.load(calls(6))
    stage.request("r1", canary=3, rows_per_batch=3)
    while "batch-completed" not in stage.topics("r1"):
        if stage.backend.deliver_next() is None and not stage.backend.service.step():
            stage.tick(minutes=5)

    with pytest.raises(InvalidOperation, match="open run holds"):
        clear_history(stage.backend, "r1", sure=True)
    with pytest.raises(InvalidOperation, match="open run holds"):
        forget(stage.backend, PERSON, sure=True)
    assert 3 == stage.one("SELECT count(*) FROM processed_records")


def test_what_has_a_row_is_not_reprocessed_before_its_history_is_cleared(stage: Stage) -> None:
    """The refusal names the command."""
    rows = calls(3)
    stage.load(rows)
    stage.run("r1")

    with pytest.raises(InvalidOperation, match="troupe clear-history --run r1"):
        reprocess(stage.backend, {"record_ids": [id_of(rows[0])]})
    clear_history(stage.backend, "r1", sure=True)

    shown = reprocess(stage.backend, {"record_ids": [id_of(rows[0])]}, dry_run=True)
    assert (1, 1) == (shown["records"], shown["batches"])


def test_a_forgotten_person_stands_in_no_table_and_the_books_still_balance(stage: Stage) -> None:
    """The source is the user's own; the files are named until they expire."""
    stage.load([*calls(6), calls(1, start=1)[0] | {"referenceId": "empty", "transcript": ""}])
    stage.run("r1")

    shown = forget(stage.backend, PERSON)
    assert (2, 2, 2) == (shown["processed"], shown["members"], shown["output_rows"])
    assert 2 == stage.one("SELECT count(*) FROM processed_records WHERE phone_number_token = ?",
                          PERSON)  # fmt: skip

    done = forget(stage.backend, PERSON, sure=True)
    assert done["forgotten"]
    assert 3 == done["source_rows"]
    assert any("requests/" in file for file in done["files"])
    assert any("output/" in file for file in done["files"])
    tables = [name for (name,) in stage.sql("SELECT table_name FROM duckdb_tables()")]
    ours = [table for table in tables if table != "transcription_pass_2"]
    held = [t for t in ours if PERSON in str(stage.sql(f'SELECT * FROM "{t}"'))]  # noqa: S608
    assert [] == held
    assert 0 == stage.one("SELECT count(*) FROM error_tracking")
    books = stage.books("r1")
    assert (True, 4, 2, 6) == (books["ok"], books["analysed"], books["cleared"], books["planned"])


def test_forgetting_leaves_others_alone_and_names_the_person_nowhere(stage: Stage) -> None:
    """A token that nobody has changes nothing; no id or answer repeats it."""
    stage.load(calls(4))
    stage.run("r1")

    answer = forget(stage.backend, "tok_of_nobody", sure=True)

    assert 4 == stage.books("r1")["analysed"]
    assert "tok_of_nobody" not in str(answer)
    assert "tok_of_nobody" not in str(stage.sql("SELECT * FROM local_jobs"))
    assert "forget" in operations.OPERATIONS


def test_a_writer_that_slept_until_somebody_was_forgotten_leaves_no_dead_letter(
    stage: Stage,
) -> None:
    """Its attempt is closed; the file that it would write now differs from the one that stands."""
    stage.load(calls(4))
    stage.run("r1")
    ((planned,),) = stage.sql(
        "SELECT data FROM events WHERE topic = 'batch-planned' ORDER BY batch, attempt LIMIT 1"
    )
    forget(stage.backend, PERSON, sure=True)
    dependencies = stage.backend.dependencies
    event = msgspec.json.decode(planned, type=BatchPlanned)

    found = write_jsonl(
        event,
        dependencies.tracking,
        dependencies.bucket,
        dependencies.analyses,
        dependencies.deployment,
    )

    assert [] == list(found)
