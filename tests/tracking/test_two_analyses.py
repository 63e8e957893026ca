"""Two versions of an analysis over one source: each has its own records, failures and start."""

from tests.tracking.harness import (
    OUTPUT,
    TrackingHarness,
    all_good,
    bad,
    call,
    calls,
    counts,
    good,
)
from tests.tracking.test_planning import completed, skipped

OTHER = "call_review_v2"


def test_a_record_that_one_version_stored_is_stored_by_the_other_too(
    harness: TrackingHarness,
) -> None:
    """Also when both runs are open: each has its row and its processed record."""
    harness.source(calls(2))
    harness.plan("r1")
    harness.plan_under(OTHER, "r2")

    first = harness.close(all_good(calls(2)))
    second = harness.close(all_good(calls(2)), run_id="r2", analysis=OTHER)

    assert ((2, 0, 0, 0), (2, 0, 0, 0)) == (counts(first), counts(second))
    assert [] == harness.errors()
    assert 4 == harness.one(f"SELECT count(*) FROM {OUTPUT}")  # noqa: S608
    assert [("call_review_v1", 2), (OTHER, 2)] == harness.sql(
        "SELECT analysis, count(*) FROM processed_records GROUP BY 1 ORDER BY 1"
    )


def test_what_one_version_stored_and_failed_is_planned_by_the_other(
    harness: TrackingHarness,
) -> None:
    """And what it holds."""
    harness.source(calls(2))
    harness.plan("r1")
    harness.close([good(call(0)), bad(call(1), "blocked", 2)])
    harness.record(completed())
    harness.source([call(2)])
    harness.plan("r2")

    plan = harness.plan_under(OTHER, "r3")

    assert (3, {}) == (plan.records, skipped(plan))


def test_an_incremental_run_begins_where_its_own_version_looked_last(
    harness: TrackingHarness,
) -> None:
    """A version that has looked at nothing begins with the whole source."""
    harness.source(calls(2))
    harness.plan("r1")

    assert harness.plan_under(OTHER, "r2", mode="incremental").event_time_floor is None


def test_clearing_one_version_is_no_matter_of_the_other(harness: TrackingHarness) -> None:
    """An open run of the other version holds nothing of this one."""
    harness.source(calls(2))
    harness.plan("r1")
    harness.close(all_good(calls(2)))
    harness.record(completed())
    harness.plan_under(OTHER, "r2")
    erasure = harness.tracking.erasure

    assert not erasure.clearable("call_review_v1", OUTPUT, "r1", [])["is_held"]
    assert erasure.clear("call_review_v1", OUTPUT, "r1", [], "n1", "a test")
    assert 0 == harness.one("SELECT count(*) FROM processed_records")
