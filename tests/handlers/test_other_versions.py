"""A plan that another version wrote: handlers read it, and its request is known again."""

import json
from typing import Any

import pytest

from events import ReprocessRequested, RunRequested, Unreadable, read_recorded
from handlers.runs.plans import content_hash
from tests.harness import LocalHarness, calls
from troupe import operations
from troupe.operations.backend import InvalidOperation
from troupe.operations.run_requests import Requested


def rewrite_request(harness: LocalHarness, **changed: Any) -> None:
    """Change the request in the plan as another version would have stored it; `...` removes."""
    ((text,),) = harness.sql("SELECT request FROM run_plans")
    fields = {**json.loads(text), **changed}
    kept = {name: value for name, value in fields.items() if value is not ...}
    harness.sql(
        "UPDATE run_plans SET request = ?, request_hash = 'of another version'", json.dumps(kept)
    )
    harness.restart()


def planned(harness: LocalHarness, count: int = 2, **request: Any) -> None:
    """Load so many calls, request run r1, and deliver the request alone."""
    harness.load(calls(count))
    harness.request("r1", canary=2, rows_per_batch=2, **request)
    harness.backend.deliver_next()
    assert 1 == harness.one("SELECT count(*) FROM run_plans")


@pytest.mark.parametrize(
    "changed",
    [
        {"added_later": {"deep": [1]}, "another": None},
        {"lookback_days": ..., "grounding": ..., "dry_run": ..., "providers": ...},
        {"mode": "a mode of the next version"},
        {"limit": "a limit of the next version"},
    ],
)
def test_a_run_that_another_version_planned_goes_on(
    harness: LocalHarness, changed: dict[str, Any]
) -> None:
    """After a rollback or an upgrade; no event of it is a dead letter."""
    planned(harness, 4, max_attempts=2)
    rewrite_request(harness, **changed)

    harness.play()

    assert (4, True) == tuple(harness.books("r1")[name] for name in ("analysed", "ok"))
    assert [] == harness.sql("SELECT error_type FROM error_tracking")
    assert "report-written" in harness.topics("r1")
    assert 4 == operations.report(harness.backend, "r1").summary.records


def test_the_settings_of_the_other_version_hold(harness: LocalHarness) -> None:
    """What it knew too is not replaced by a default."""
    planned(harness, concurrency=1, max_attempts=7, breaker=55.0, budget_tokens=10**9)
    rewrite_request(harness, added_later=1)
    plan = harness.backend.dependencies.tracking.plan_of("r1")
    assert plan is not None

    safe = operations.report(harness.backend, "r1").safeguards
    assert safe is not None
    assert 55.0 == safe.breaker.limit
    read = read_recorded(plan.request.encode(), RunRequested)
    assert (1, 7, 10**9) == (read.concurrency, read.max_attempts, read.budget_tokens)


@pytest.mark.parametrize("changed", [{"added_later": None}, {"lookback_days": ..., "dry_run": ...}])
def test_a_redelivered_request_is_the_one_that_another_version_planned(
    harness: LocalHarness, changed: dict[str, Any]
) -> None:
    """A field that a version adds or lacks does not make it another request."""
    planned(harness)
    rewrite_request(harness, **changed)

    harness.request("r1", canary=2, rows_per_batch=2)
    harness.play(report_of="r1")

    assert "run-refused" not in harness.topics("r1")
    assert 1 == harness.jobs()
    asked = {"run_id": "r1", "canary": 2, "rows_per_batch": 2}
    known = operations.request(harness.backend, asked)
    assert isinstance(known, Requested)
    assert ("r1", True) == (known.run_id, known.known)


def test_another_request_under_the_run_id_is_still_refused(harness: LocalHarness) -> None:
    """Each thing that was asked counts."""
    planned(harness)
    rewrite_request(harness, added_later=1)

    with pytest.raises(InvalidOperation, match="was used for another request"):
        operations.request(harness.backend, {"run_id": "r1", "canary": 2, "rows_per_batch": 3})
    harness.request("r1", canary=2, rows_per_batch=3)
    harness.play()
    assert ["run_id_taken"] == [c for (c,) in harness.sql("SELECT cause FROM error_tracking")]


def test_the_hash_of_a_request_covers_what_was_asked_and_no_default() -> None:
    """Fixed values: a new field must not change them."""
    assert "320cd2b5141d" == content_hash(RunRequested(run_id="r1"))
    assert content_hash(RunRequested(run_id="r1")) == content_hash(
        RunRequested(run_id="r1", canary=500, providers=[], breaker=20)
    )
    reprocess = ReprocessRequested(run_id="r1", record_ids=["0" * 32])
    single = RunRequested(run_id="r1", record_ids=["0" * 32], mode="single")
    others: list[RunRequested | ReprocessRequested] = [
        RunRequested(run_id="r1", canary=501),
        RunRequested(run_id="r1", grounding=False),
        single,
        reprocess,
    ]
    hashes = {content_hash(each) for each in (RunRequested(run_id="r1"), *others)}
    assert 5 == len(hashes)


def test_a_value_that_this_version_does_not_take_is_named() -> None:
    """Only unknown fields are passed over: a limit that is not understood must not be none."""
    with pytest.raises(Unreadable, match="budget"):
        read_recorded(b'{"run_id": "r1", "budget": "ten dollars"}', RunRequested)
    with pytest.raises(Unreadable, match="run-requested"):
        read_recorded(b"[1]", RunRequested)
