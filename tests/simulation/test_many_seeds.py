"""What only many seeds show; `make simulate` runs it."""

from troupe.simulation import run_simulations, simulate
from troupe.simulation.report import shrunk


def test_seeds_meet_every_kind_of_fault() -> None:
    """The schedules are worth the time they take."""
    counts = run_simulations(30, 1_000).counts

    met = {name for name in counts if name.startswith("fault ")}
    assert {"fault crash", "fault fail", "fault park", "fault slow", "fault duplicate"} <= met
    assert counts["crashes"]
    assert counts["interleaved"], "two deliveries of one message at once"
    assert counts["dead letters"]


def test_processes_besides_report_what_one_reports() -> None:
    """A seed is the same wherever it is played."""
    alone, together = run_simulations(6, 40), run_simulations(6, 40, jobs=2)

    assert (alone.counts, alone.failures) == (together.counts, together.failures)


def test_crashes_meet_both_sides_of_the_calls_of_every_tool() -> None:
    """Before a call, and between its commit and its reply."""
    met = {
        f"{fault.name.partition(' ')[0]} {fault.name.partition(' / ')[2].partition('.')[0]}"
        for seed in range(120)
        for fault in simulate(seed).schedule
        if fault.kind == "crash"
    }

    dependencies = ("warehouse", "bucket", "job_service", "publish", "loop")
    assert {f"{side} {port}" for side in ("before", "after") for port in dependencies} <= met


def test_a_failing_seed_is_shrunk_to_the_faults_that_it_needs() -> None:
    """What is left still fails in the same way."""
    from tests.simulation.mutation_test import hunt
    from tests.simulation.mutations import MUTATIONS

    mutation = next(each for each in MUTATIONS if each.name == "no republishing")
    seed = hunt(mutation, range(40)).seed
    assert seed is not None
    with mutation.apply():
        whole = simulate(seed)
        failure = shrunk(whole, most_trials=12)

    assert len(failure.schedule) < len(whole.schedule)
    assert failure.problems[0].partition(":")[0] == whole.problems[0].partition(":")[0]
