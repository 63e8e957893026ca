"""What an attempt costs does not grow with the run: requests to the warehouse, and deliveries."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from benchmarks.backends import BenchmarkBackend
from tests.harness import LocalHarness, calls
from tracking import Tracking
from troupe.backends.local.warehouse import LocalWarehouse

MORE = 2
"""Batches that the longer run has more."""
KINDS = ("query", "stream", "run_once", "load")
"""Requests to BigQuery; appends to the event log go through the Storage Write API."""


class Counted:
    """Count the requests to the warehouse during a run."""

    def __init__(self, warehouse: LocalWarehouse) -> None:
        self.counts: Counter[str] = Counter()
        for kind in KINDS:
            setattr(warehouse, kind, self._counted(kind, getattr(warehouse, kind)))

    def _counted(self, kind: str, method: Any) -> Any:
        def call(*given: Any) -> Any:
            self.counts[kind] += 1
            return method(*given)

        return call


Played = tuple[Counter[str], int]
"""Requests and handled deliveries of a run."""


def play(home: Path, batches: int) -> Played:
    """Play a run of so many batches."""
    harness = LocalHarness(home)
    harness.load(calls(batches * 4))
    counted = Counted(harness.backend.warehouse)
    harness.complete(canary=4, rows_per_batch=4, concurrency=2)
    handled = harness.one("SELECT count(*) FROM deliveries WHERE outcome = 'done'")
    harness.close()
    return counted.counts, handled


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Played, Played]:
    """A run of two batches, and one of so many more."""
    folder = tmp_path_factory.mktemp("played")
    return play(folder / "few", 2), play(folder / "some", 2 + MORE)


def test_requests_an_attempt_are_constant_and_few(played: tuple[Played, Played]) -> None:
    """At most 17 requests, of which 3 are inserted jobs; the same for each further batch."""
    (few, _), (some, _) = played

    each = {kind: (some[kind] - few[kind]) / MORE for kind in KINDS}

    assert {"run_once": 2, "load": 1, "stream": 1} == {
        k: each[k] for k in ("run_once", "load", "stream")
    }
    assert sum(each.values()) <= 17


def test_deliveries_an_attempt_are_constant(played: tuple[Played, Played]) -> None:
    """Five events have a handler: planned, uploaded, ended, processed, over."""
    (_, few), (_, some) = played

    assert 5 * MORE == some - few


def test_what_a_batch_reads_does_not_grow_with_the_history(tmp_path: Path) -> None:
    """The plan looks at all that was ever processed, once; a closing does not."""

    def read(batches: int, history: int) -> int:
        backend = BenchmarkBackend(tmp_path / f"{batches}-{history}", records=batches * 2)
        backend.add_history(history)
        try:
            return backend.run(rows_per_batch=2)["bytes_read"]
        finally:
            backend.close()

    young, old = (read(3, history) - read(2, history) for history in (0, 5_000))

    assert 0.98 * young < old < 1.02 * young


def test_progress_that_reads_only_what_is_new_is_that_of_a_newcomer(tmp_path: Path) -> None:
    """A process that followed the run counts as one that never heard of it."""
    harness = LocalHarness(tmp_path)
    harness.load(calls(16))
    harness.request(canary=4, rows_per_batch=4, concurrency=2)
    follower, seen = harness.backend.dependencies.tracking, []
    day = harness.clock().date().isoformat()
    while "run-completed" not in harness.topics():
        if harness.backend.deliver_next() is None and not harness.backend.service.step():
            harness.tick(minutes=1)
        if follower.plan_of("r1"):
            newcomer = Tracking(harness.backend.warehouse, harness.backend.deployment, ())
            progress = follower.progress("r1", day)
            assert newcomer.progress("r1", day) == progress
            seen.append(progress.over_to)
    harness.close()

    assert {0, 1, 3, 4} <= set(seen)
