"""Runs that overlap share no record, and what is certain is never paid for twice."""

from tests.harness import Stage, calls


def test_two_runs_requested_in_the_same_moment_share_no_record(stage: Stage) -> None:
    """Disjoint batches, every record once."""
    stage.load(calls(50))

    stage.request("r1", canary=5, rows_per_batch=10)
    stage.request("r2", canary=5, rows_per_batch=10)
    stage.play()

    one, two = stage.books("r1"), stage.books("r2")
    assert one["ok"]
    assert two["ok"]
    assert 50 == one["analysed"] + two["analysed"]
    assert 0 == stage.one(
        "SELECT count(*) FROM "
        "(SELECT record_id FROM batch_records GROUP BY ALL HAVING count(*) > 1)"
    )


def test_records_held_by_an_open_run_are_counted_as_held(stage: Stage) -> None:
    """The later plan says why it left them out."""
    stage.load(calls(10))
    stage.request("r1")
    stage.backend.deliver_next()

    stage.request("r2")
    stage.play()

    plan = stage.backend.dependencies.tracking.plan_of("r2")
    assert plan is not None
    assert (0, 10) == (plan.records, plan.held)


def test_a_run_split_by_limits_leaves_the_rest_to_the_next(stage: Stage) -> None:
    """Three tests of ten, then everything: thirty rows, no doubling."""
    stage.load(calls(30))

    for number in range(2):
        stage.run(f"t{number}", mode="test", limit=10)
    stage.run("rest")

    books = stage.books()
    assert (30, 30, 0, True) == (
        books["planned"], books["analysed"], books["doubled"], books["ok"],
    )  # fmt: skip
