"""Runs that overlap share no record, and what is certain is never paid for twice."""

from tests.harness import LocalHarness, calls


def test_two_runs_requested_in_the_same_moment_share_no_record(harness: LocalHarness) -> None:
    """Disjoint batches, every record once."""
    harness.load(calls(25))

    harness.request("r1", canary=5, rows_per_batch=10)
    harness.request("r2", canary=5, rows_per_batch=10)
    harness.play()

    one, two = harness.books("r1"), harness.books("r2")
    assert one["ok"]
    assert two["ok"]
    assert 25 == one["analysed"] + two["analysed"]
    assert 0 == harness.one(
        "SELECT count(*) FROM "
        "(SELECT record_id FROM batch_records GROUP BY ALL HAVING count(*) > 1)"
    )


def test_records_held_by_an_open_run_are_counted_as_held(harness: LocalHarness) -> None:
    """The later plan says why it left them out."""
    harness.load(calls(10))
    harness.request("r1")
    harness.backend.deliver_next()

    harness.request("r2")
    harness.play(report_of="r2")

    plan = harness.backend.dependencies.tracking.plan_of("r2")
    assert plan is not None
    assert (0, 10) == (plan.records, plan.held)


def test_a_run_split_by_limits_leaves_the_rest_to_the_next(harness: LocalHarness) -> None:
    """Three tests of ten, then everything: thirty rows, no doubling."""
    harness.load(calls(30))

    for number in range(2):
        harness.analyse(f"t{number}", mode="test", limit=10)
    harness.analyse("rest")

    books = harness.books()
    assert (30, 30, 0, True) == (
        books["planned"], books["analysed"], books["doubled"], books["ok"],
    )  # fmt: skip
