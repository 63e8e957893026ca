"""What the status knows of a run before it is planned, and of its plan afterwards."""

from collections.abc import Callable
from typing import Any

import msgspec

from handlers.dispatch.errors import Reject
from tests.faults import fail_writes, replace_method
from tests.harness import LocalHarness, calls
from troupe import operations
from troupe.operations import dead_letters
from troupe.report.text.status import status_lines

MakeHarness = Callable[..., LocalHarness]


def test_a_request_waits_until_it_is_planned(make_harness: MakeHarness) -> None:
    """The status shows it with or without the run id, and that a worker is needed."""
    harness = make_harness()
    harness.load(calls(3))
    harness.request("r1")

    for run_id in (None, "r1"):
        found = operations.status(harness.backend, run_id)
        assert ["r1"] == [row.run_id for row in found.requests]
        text = "\n".join(status_lines(msgspec.structs.replace(found, worker=None)))
        assert "Run r1: requested 2026-03-02" in text
        assert "start one with `troupe work`" in text
    harness.play_until("run-planned")

    assert [] == operations.status(harness.backend, "r1").requests


def test_what_waits_for_a_dead_letter_alone_needs_no_worker(make_harness: MakeHarness) -> None:
    """Neither a run nor a request; after the replay a worker is needed again."""
    harness = make_harness()
    harness.load(calls(3))
    mend = fail_writes(harness.backend.bucket)
    harness.request("r1")
    harness.play()

    def text() -> str:
        found = operations.status(harness.backend)
        return "\n".join(status_lines(msgspec.structs.replace(found, worker=None)))

    held = text()
    assert "start one with" not in held
    assert "`troupe dead-letters list` shows the cause" in held
    assert "1 of write-jsonl: object_conflict: the test rejects it." in held
    assert "Then `troupe dead-letters replay --handler write-jsonl`." in held

    harness.request("r2")
    assert "start one with `troupe work`" in text()
    harness.play()
    mend()
    dead_letters.replay(harness.backend)
    assert "start one with `troupe work`" in text()


def test_a_request_that_a_dead_letter_holds_up_says_so(make_harness: MakeHarness) -> None:
    """No worker plans it."""
    harness = make_harness()
    harness.load(calls(3))

    def reject(*_: Any, **__: Any) -> None:
        raise Reject("by_hand", "a test")

    replace_method(harness.backend.dependencies.tracking, "plan_run", reject)
    harness.request("r1")
    harness.play()

    shown = "\n".join(status_lines(operations.status(harness.backend)))

    assert "stuck: handler plan-run gave up on it (by_hand)" in shown
    assert "a worker plans it" not in shown


def test_a_refused_request_does_not_wait(make_harness: MakeHarness) -> None:
    """It is listed under the refusals."""
    harness = make_harness()
    harness.load(calls(3))
    harness.request("r1", budget=0.000001)
    harness.play()
    found = operations.status(harness.backend)

    assert ([], ["r1"]) == (found.requests, [row.run_id for row in found.refusals])


def test_the_status_of_a_run_tells_its_plan(make_harness: MakeHarness) -> None:
    """How many rows the source held, which were left out and why, and what it may cost."""
    harness = make_harness()
    harness.load([*calls(3), *calls(2, start=3, transcript=None)])
    harness.request("r1")
    harness.play_until("run-planned")
    details = operations.status(harness.backend, "r1").details

    assert details is not None
    low, high = details.plan.expected_cost

    assert (5, 2) == (details.plan.source_rows, details.plan.skipped["empty_transcript"])
    assert low is not None
    assert high is not None
    assert 0 < low < high
