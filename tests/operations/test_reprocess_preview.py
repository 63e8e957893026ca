"""Previews and repeated commands: nothing is published."""

from tests.harness import LocalHarness, calls, ran
from troupe import operations
from troupe.operations.reprocess import reprocess
from troupe.operations.run_requests import Preview


def test_a_preview_of_a_run_publishes_nothing(harness: LocalHarness) -> None:
    """By the option of the command, or by the request's own field."""
    harness.load(calls(3))
    before = harness.backend.bus.sent

    by_option = operations.request(harness.backend, {"run_id": "r1"}, dry_run=True)
    by_field = operations.request(harness.backend, {"run_id": "r1", "dry_run": True})

    assert isinstance(by_option, Preview)
    assert by_option == by_field
    assert (3, before) == (by_option.records, harness.backend.bus.sent)


def test_a_preview_of_a_reprocessing_publishes_nothing(harness: LocalHarness) -> None:
    """It names no run."""
    harness.begin_after(ran, 3)
    ((left,),) = harness.sql("SELECT count(*) FROM processed_records")
    before = harness.backend.bus.sent

    shown = reprocess(harness.backend, {"of_run": "r1"}, dry_run=True, allow_empty=True)

    assert (3, None, 0) == (left, shown.run_id, shown.records)
    assert before == harness.backend.bus.sent


def test_a_reprocessing_that_is_known_is_not_published_again(harness: LocalHarness) -> None:
    """A user who is unsure may give the command twice."""
    harness.begin_after(ran, 3)
    request = {"of_run": "r1", "run_id": "again"}
    reprocess(harness.backend, request, allow_empty=True)
    before = harness.backend.bus.sent

    assert reprocess(harness.backend, request).known
    assert before == harness.backend.bus.sent
