"""Properties that only many seeds show: run with TROUPE_SIMULATION_SEEDS set."""

from troupe.simulation import run_simulations, simulate
from troupe.simulation.report import shrunk


def test_seeds_meet_every_kind_of_fault() -> None:
    """Crashes, failures, pauses, slow transactions, duplicates and dead letters all happen."""
    counts = run_simulations(30, 1_000).counts

    kinds = {name for name in counts if name.startswith("fault ")}
    assert {"fault crash", "fault fail", "fault park", "fault slow", "fault duplicate"} <= kinds
    assert counts["crashes"]
    assert counts["interleaved"], "two deliveries of one message at once"
    assert counts["dead letters"]


def test_several_processes_report_the_same_as_one() -> None:
    """The result of a seed does not depend on the process that simulates it."""
    alone, together = run_simulations(6, 40), run_simulations(6, 40, jobs=2)

    assert (alone.counts, alone.failures) == (together.counts, together.failures)


def test_crashes_happen_before_and_after_the_calls_of_every_port() -> None:
    """After a call is between its commit and its reply."""
    sites = {
        f"{fault.name.partition(' ')[0]} {fault.name.partition(' / ')[2].partition('.')[0]}"
        for seed in range(120)
        for fault in simulate(seed).schedule
        if fault.kind == "crash"
    }

    ports = ("warehouse", "bucket", "job_service", "publish", "loop")
    assert {f"{side} {port}" for side in ("before", "after") for port in ports} <= sites


def test_a_failing_seed_is_shrunk_to_the_faults_that_it_needs() -> None:
    """The shrunk schedule fails in the same way."""
    from tests.simulation.mutation_test import run_mutation
    from tests.simulation.planted_faults import MUTATIONS

    mutation = next(each for each in MUTATIONS if each.name == "no republishing")
    seed = run_mutation(mutation, range(40)).seed
    assert seed is not None
    with mutation.apply():
        whole = simulate(seed)
        failure = shrunk(whole, max_trials=12)

    assert len(failure.schedule) < len(whole.schedule)
    assert failure.problems[0].partition(":")[0] == whole.problems[0].partition(":")[0]
