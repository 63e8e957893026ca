"""The switch that stops all spending: every open run, and what is requested and not planned yet."""

from collections.abc import Callable

import pytest

from analysis import load_analysis
from events import RunRequested
from handlers.runs.attributes import reading_of
from handlers.runs.plan_params import plan_params
from tests.harness import LocalHarness, calls, ran
from troupe import operations
from troupe.operations.cancelling import CancelAllResult, OpenRun, cancel_all
from troupe.standin.settings import Behaviour

MakeHarness = Callable[..., LocalHarness]
SLOW = Behaviour(running_seconds=7200)


def begun(harness: LocalHarness) -> None:
    """One run has a job that runs, one is planned, and one is only requested."""
    harness.load(calls(40))
    harness.request("r1", canary=10, rows_per_batch=10, limit=30, mode="test")
    harness.play_until("job-submitted")
    harness.request("r2", canary=4, rows_per_batch=4)
    while "run-planned" not in harness.topics("r2"):
        assert harness.backend.deliver_next() is not None
    harness.request("r3")


@pytest.fixture
def open_runs(make_harness: MakeHarness) -> LocalHarness:
    harness = make_harness(behaviour=SLOW)
    harness.begin_after(begun)
    harness.backend.wake()
    return harness


def test_a_preview_counts_and_changes_nothing(open_runs: LocalHarness) -> None:
    """By run: its jobs, the records in them, and those that are released at once."""
    before = open_runs.sql("SELECT count(*) FROM events"), open_runs.backend.bus.sent

    found = cancel_all(open_runs.backend, dry_run=True)

    assert found == CancelAllResult(
        dry_run=True,
        runs=[
            OpenRun(run_id="r1", jobs=1, records_in_jobs=10, records_to_release=20),
            OpenRun(run_id="r2", jobs=0, records_in_jobs=0, records_to_release=10),
        ],
        requests=["r3"],
        stopping=[],
    )
    assert before == (open_runs.sql("SELECT count(*) FROM events"), open_runs.backend.bus.sent)


def test_no_job_is_created_after_the_tick_that_follows(open_runs: LocalHarness) -> None:
    """And every job that runs is cancelled by then; each record is accounted for."""
    cancel_all(open_runs.backend)
    while open_runs.backend.deliver_next() is not None:
        pass
    open_runs.tick()
    jobs = open_runs.jobs()
    live = {job.state.name for job in open_runs.backend.service.find({}) if not job.state.ended}
    assert live <= {"CANCELLING"}

    open_runs.play()

    assert 1 == jobs == open_runs.jobs()
    for run_id in ("r1", "r2"):
        totals = open_runs.books(run_id)
        assert (True, True, 0) == (totals["ok"], totals["completed"], totals["open"])
    assert ["cancelled"] == [each.reason for each in operations.status(open_runs.backend).refusals]
    assert 0 == open_runs.one("SELECT count(*) FROM dead_letters")


def test_it_may_be_repeated(open_runs: LocalHarness) -> None:
    """What is stopping already is named, and nothing is left in the end."""
    cancel_all(open_runs.backend)
    for _ in range(4):
        open_runs.backend.deliver_next()
    cancel_all(open_runs.backend)
    open_runs.play()

    again = cancel_all(open_runs.backend)

    assert again == CancelAllResult(dry_run=False, runs=[], requests=[], stopping=[])


def test_a_run_that_was_stopped_before_is_left_alone(open_runs: LocalHarness) -> None:
    """Its jobs are being cancelled: a second reason would change nothing."""
    operations.cancel(open_runs.backend, "r1")
    while "run-stopped" not in open_runs.topics("r1"):
        open_runs.backend.deliver_next()

    found = cancel_all(open_runs.backend, dry_run=True)

    assert (["r1"], []) == (
        found.stopping,
        [run.run_id for run in found.runs if run.run_id == "r1"],
    )


def test_a_cancelled_request_is_refused(make_harness: MakeHarness) -> None:
    """`cancel` of one run reaches it as well, and its command is handled, not rejected."""
    harness = make_harness()
    harness.load(calls(3))
    harness.request("r1")
    operations.cancel(harness.backend, "r1")
    harness.play()

    assert ["run-requested", "cancel-requested", "run-refused"] == harness.topics("r1")
    assert ["done"] == [
        outcome
        for (outcome,) in harness.sql(
            "SELECT outcome FROM deliveries WHERE handler = 'stop-run' ORDER BY recorded_at"
        )
    ]
    assert 0 == harness.jobs()


def test_nothing_open_is_no_error(make_harness: MakeHarness) -> None:
    """A run that is over, and one that reads stored answers again, spend nothing."""
    harness = make_harness()
    harness.begin_after(ran, 3)

    found = cancel_all(harness.backend)

    assert ([], [], []) == (found.runs, found.requests, found.stopping)
    assert "cancel-requested" not in harness.topics("r1")


def test_records_of_a_cancelled_request_are_taken_under_another_run_id(
    make_harness: MakeHarness,
) -> None:
    """Nothing was frozen, so nothing holds them."""
    harness = make_harness()
    harness.load(calls(3))
    harness.request("r1")
    cancel_all(harness.backend)
    harness.play()

    totals = harness.run("r2")

    assert (3, True) == (totals["analysed"], totals["ok"])


def test_a_refused_cancellation_leaves_no_delivery_that_could_plan(
    make_harness: MakeHarness,
) -> None:
    """It takes the job id of the plan: a delivery that began before it plans nothing."""
    harness = make_harness()
    harness.load(calls(3))
    tracking = harness.backend.dependencies.tracking
    request, analysis = RunRequested(run_id="r1"), load_analysis("call_review_v1")

    assert tracking.keep_unplanned("r1")
    planned = tracking.plan_run(
        "r1", plan_params(request, "m1", analysis), reading_of(request, analysis)
    )

    assert not planned
    assert tracking.plan_of("r1") is None
    assert not harness.sql("SELECT * FROM batch_records")


def test_a_run_that_was_planned_just_now_is_not_refused_for_its_cancellation(
    make_harness: MakeHarness,
) -> None:
    """Another delivery of its request has committed the plan; the cancellation stops the run."""
    harness = make_harness()
    harness.load(calls(3))
    harness.request("r1")
    harness.play_until("run-planned", "r1")

    assert not harness.backend.dependencies.tracking.keep_unplanned("r1")
