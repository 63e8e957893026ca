"""`reprocess --changed`: new rows stand beside the old ones until the run is over, then replace them."""

from collections.abc import Callable
from typing import Any

import pytest

from events import ReplayRequested, ReprocessRequested
from handlers.dispatch.errors import Reject
from tests.faults import replace_method
from tests.harness import LocalHarness, call, calls, id_of, ran
from troupe.operations import dead_letters
from troupe.operations.backend import InvalidOperation
from troupe.operations.clear_history import clear_history
from troupe.operations.later_rows import later_rows
from troupe.operations.reprocess import reprocess
from troupe.operations.runs import plan_of
from troupe.standin.corrupt import Corruption, Kind

ROWS = "SELECT run_id, count(*) FROM transcription_analyzed_transcripts GROUP BY 1 ORDER BY 1"
EDITED = "CUSTOMER: My bill is wrong, {}.\nAGENT: I will correct it."


def edit(harness: LocalHarness, *numbers: int, text: str = EDITED) -> None:
    """Change the transcripts of these calls in the source, an hour later."""
    harness.clock.pass_(3600)
    for number in numbers:
        harness.sql(
            "UPDATE transcription_pass_2 SET transcript = ? WHERE \"interactionId\" = ?",
            text.format(number), f"int-{number}",
        )  # fmt: skip


def ask_changed(harness: LocalHarness, run_id: str = "c1", **fields: Any) -> None:
    """Request the changed records again, and play to the end."""
    harness.publish(ReprocessRequested(run_id=run_id, changed=True, **fields))
    harness.play()


def test_the_new_rows_replace_the_old_and_the_totals_of_both_runs_balance(
    harness: LocalHarness,
) -> None:
    harness.begin_after(ran, 5)
    edit(harness, 1, 3)

    preview = reprocess(harness.backend, {"changed": True}, dry_run=True)
    assert (2, {"processed": 3}) == (preview.records, preview.left_out)
    ask_changed(harness)

    assert [("c1", 2), ("r1", 3)] == harness.sql(ROWS)
    old, new = harness.books("r1"), harness.books("c1")
    assert (True, 3, 2) == (old["ok"], old["analysed"], old["cleared"])
    assert (True, 2, 0, 0) == (new["ok"], new["analysed"], new["paid_twice"], new["doubled"])
    assert [("r1", 2, "replaced by run c1")] == harness.sql(
        "SELECT run_id, records, reason FROM history_clearings"
    )
    assert {id_of(call(1)), id_of(call(3))} == {
        record
        for (record,) in harness.sql(
            "SELECT record_id FROM transcription_analyzed_transcripts WHERE run_id = 'c1'"
        )
    }
    assert 0 == reprocess(harness.backend, {"changed": True}, dry_run=True).records


def test_until_the_run_is_over_both_rows_stand_and_nothing_is_reported_as_doubled(
    harness: LocalHarness,
) -> None:
    harness.begin_after(ran, 4)
    edit(harness, 0, 1)
    harness.publish(ReprocessRequested(run_id="c1", changed=True))
    harness.play_until("run-completed", "c1")

    assert [("c1", 2), ("r1", 4)] == harness.sql(ROWS)
    for run_id in (None, "r1", "c1"):
        books = harness.books(run_id)
        assert (0, 0) == (books["doubled"], books["paid_twice"]), run_id


def test_between_the_end_of_the_run_and_the_replacement_no_plan_takes_the_records(
    harness: LocalHarness,
) -> None:
    """The newest row decides whether a transcript has changed since."""
    harness.begin_after(ran, 4)
    edit(harness, 0, 1)
    harness.publish(ReprocessRequested(run_id="c1", changed=True))
    harness.play_until("run-completed", "c1")

    for text in ({}, {"changed": True}):
        request = {"record_ids": [id_of(call(0))], **text} if text else None
        left = reprocess(harness.backend, request or {"of_run": "r1"}, dry_run=True)
        assert 0 == left.records
    assert 0 == harness.totals("r2")["planned"]


def test_a_record_without_a_new_answer_keeps_its_old_row(
    make_harness: Callable[..., LocalHarness],
) -> None:
    harness = make_harness()
    harness.begin_after(ran, 3)
    edit(harness, 0, 1, 2)
    poison = frozenset({id_of(call(2))})
    harness.restart(corruption=Corruption(share=0.0, poison=poison, poison_kind=Kind.BLOCKED))
    ask_changed(harness, max_attempts=1)

    assert [("c1", 2), ("r1", 1)] == harness.sql(ROWS)
    assert (True, 2, 1) == tuple(harness.books("c1")[n] for n in ("ok", "analysed", "failed"))
    assert [] == later_rows(harness.backend, plan_of(harness.backend, "c1"), 1)
    assert harness.books("r1")["ok"]

    harness.restart(corruption=None)
    ask_changed(harness, "c2")
    assert [("c1", 2), ("c2", 1)] == harness.sql(ROWS)
    assert all(harness.books(run)["ok"] for run in ("r1", "c1", "c2"))


def test_a_replacement_that_comes_late_leaves_one_row_of_each_record(
    harness: LocalHarness,
) -> None:
    """The report of the first run is a dead letter until a second run has replaced its rows."""
    harness.begin_after(ran, 2)
    edit(harness, 0)
    restore = fail_replacements(harness)
    ask_changed(harness, "c1")
    assert [("c1", 1), ("r1", 2)] == harness.sql(ROWS)
    restore()
    edit(harness, 0, text="CUSTOMER: Once more, {}.\nAGENT: Yes.")
    ask_changed(harness, "c2")

    assert [("c2", 1), ("r1", 1)] == harness.sql(ROWS), "also the row that c1 left"
    dead_letters.replay(harness.backend)
    harness.play()
    assert [("c2", 1), ("r1", 1)] == harness.sql(ROWS)
    assert "report-written" in harness.topics("c1")
    assert all(harness.books(run)["ok"] for run in ("r1", "c1", "c2"))


def test_a_replacement_takes_no_row_of_a_later_run(harness: LocalHarness) -> None:
    """Both reports are dead letters; the older run is replayed first."""
    harness.begin_after(ran, 2)
    restore = fail_replacements(harness)
    for run_id in ("c1", "c2"):
        edit(harness, 0, text=f"CUSTOMER: {run_id} {{}}.\nAGENT: Yes.")
        ask_changed(harness, run_id)
    assert [("c1", 1), ("c2", 1), ("r1", 2)] == harness.sql(ROWS)
    restore()
    letters = dead_letters.list_dead_letters(harness.backend).letters
    for run_id in ("c1", "c2"):
        (letter,) = [each.letter_id for each in letters if each.run_id == run_id]
        harness.publish(ReplayRequested(letter_ids=[letter]))
        harness.play()

    assert [("c2", 1), ("r1", 1)] == harness.sql(ROWS)
    assert [("c1", "replaced by run c2"), ("r1", "replaced by run c1")] == harness.sql(
        "SELECT run_id, reason FROM history_clearings ORDER BY run_id"
    )
    assert all(harness.books(run)["ok"] for run in ("r1", "c1", "c2"))


def fail_replacements(harness: LocalHarness) -> Callable[[], None]:
    """Let each replacement of rows fail for good, until the returned function is called."""
    warehouse = harness.backend.warehouse
    run_once = warehouse.run_once

    def run_or_fail(job_id: str, *rest: Any) -> bool:
        if "__replace__" in job_id:
            raise Reject("object_conflict", "the test rejects it")
        return run_once(job_id, *rest)

    return replace_method(warehouse, "run_once", run_or_fail)


def test_a_run_that_replaces_nothing_runs_no_replacement(
    harness: LocalHarness,
) -> None:
    harness.begin_after(ran, 3)
    ask_changed(harness)

    assert 0 == harness.books("c1")["planned"]
    assert [] == harness.sql("SELECT * FROM local_jobs WHERE contains(job_id, 'replace')")


def test_the_changed_records_are_narrowed_by_run_and_by_record(harness: LocalHarness) -> None:
    harness.begin_after(ran, 2)
    harness.load(calls(2, start=2))
    harness.analyse("r2")
    edit(harness, 0, 1, 2, 3)

    def asked(**fields: Any) -> int:
        return reprocess(harness.backend, {"changed": True, **fields}, dry_run=True).records

    assert (4, 2, 2) == (asked(), asked(of_run="r1"), asked(of_run="r2"))
    assert 1 == asked(record_ids=[id_of(call(3))])
    assert 0 == asked(of_run="r1", record_ids=[id_of(call(3))])


@pytest.mark.parametrize("unfit", [{"error_types": ["blocked"]}, {"batches": [1], "of_run": "r1"}])
def test_a_selection_of_failures_does_not_go_with_changed(
    harness: LocalHarness, unfit: dict[str, Any]
) -> None:
    with pytest.raises(InvalidOperation, match=f"{next(iter(unfit))} is not allowed with changed"):
        reprocess(harness.backend, {"changed": True, **unfit}, dry_run=True)


def test_other_requests_still_leave_changed_records_out(harness: LocalHarness) -> None:
    harness.begin_after(ran, 2)
    edit(harness, 0)

    assert 0 == harness.totals("r2")["planned"]
    assert 0 == reprocess(harness.backend, {"of_run": "r1"}, dry_run=True).records


def test_a_cleared_run_takes_the_old_rows_of_its_records_with_it(harness: LocalHarness) -> None:
    """Cleared before its replacement, both rows of a record go, and the next plan takes it."""
    harness.begin_after(ran, 2)
    edit(harness, 0)
    harness.publish(ReprocessRequested(run_id="c1", changed=True))
    harness.play_until("run-completed", "c1")
    clear_history(harness.backend, "c1", "wrong model", sure=True)
    harness.play()

    assert [("r1", 1)] == harness.sql(ROWS)
    assert all(harness.books(run)["ok"] for run in ("r1", "c1"))
    assert 1 == harness.totals("r2")["analysed"]
