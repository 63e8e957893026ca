"""A name of a run stands for one request, planned or not; what nobody knows is refused by name."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.harness import LocalHarness, calls
from troupe import operations
from troupe.operations.backend import InvalidOperation
from troupe.operations.reprocess import reprocess
from troupe.operations.run_requests import Requested

NO_PLAN: list[Callable[..., Any]] = [operations.verify, operations.report, operations.cancel]


@pytest.fixture
def loaded(harness: LocalHarness) -> LocalHarness:
    harness.load(calls(3))
    return harness


def test_a_run_id_that_waits_is_taken_for_another_request(loaded: LocalHarness) -> None:
    """Before anybody has planned the first; the same request is the same run."""
    first = operations.request(loaded.backend, {"run_id": "a", "limit": 2})
    again = operations.request(loaded.backend, {"run_id": "a", "limit": 2})
    with pytest.raises(InvalidOperation, match="a was used for another request before"):
        operations.request(loaded.backend, {"run_id": "a", "limit": 3})
    loaded.play()

    assert isinstance(first, Requested)
    assert isinstance(again, Requested)
    assert (False, True) == (first.known, again.known)
    assert (2, []) == (loaded.books("a")["analysed"], operations.status(loaded.backend).refusals)


def test_a_reprocessing_takes_no_run_id_that_stands_already(loaded: LocalHarness) -> None:
    """Neither that of the run whose records it asks, nor of a request that waits."""
    loaded.run("first")
    operations.request(loaded.backend, {"run_id": "waits"})

    for taken in ("first", "waits"):
        with pytest.raises(InvalidOperation, match=f"{taken} was used for another request before"):
            reprocess(loaded.backend, {"of_run": "first", "run_id": taken})


def test_a_reprocessing_asked_twice_is_one_run(loaded: LocalHarness) -> None:
    """Before it is planned, and afterwards."""
    loaded.run("first")
    request = {"of_run": "first", "run_id": "again"}

    known = [reprocess(loaded.backend, request).known for _ in range(2)]
    loaded.play()

    assert [False, True, True] == [*known, reprocess(loaded.backend, request).known]


def test_a_refused_run_is_said_to_be_refused(loaded: LocalHarness) -> None:
    """And not to wait for a plan; its name is free for a request that is better."""
    loaded.request("r1", budget=0.000001)
    loaded.play()
    for ask in NO_PLAN:
        with pytest.raises(InvalidOperation, match="r1 was refused; `troupe status r1` shows why"):
            ask(loaded.backend, "r1")

    operations.request(loaded.backend, {"run_id": "r1"})
    waiting = [row.run_id for row in operations.status(loaded.backend).requests]
    loaded.play()

    assert (["r1"], 3) == (waiting, loaded.books("r1")["analysed"])


def test_a_run_that_is_not_planned_yet_cannot_be_cancelled(loaded: LocalHarness) -> None:
    """There is nothing to stop, and it is said when there will be."""
    operations.request(loaded.backend, {"run_id": "r1"})

    with pytest.raises(InvalidOperation) as refused:
        operations.cancel(loaded.backend, "r1")

    assert "no request is sent or paid for" in str(refused.value)
    assert "once `troupe work` has planned it, `troupe cancel r1` stops it" in str(refused.value)


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ({"of_run": "nosuch"}, "run nosuch is not planned here"),
        ({"of_run": "r1", "batches": [9]}, "run r1 has the batches 1 to 1, and no batch 9"),
        ({"error_types": ["foo"]}, "no record has foo: choose from json_parse_error, "),
        ({"of_run": "r1", "error_types": ["stuck_event"]}, "no record has stuck_event"),
    ],
)
def test_a_reprocessing_of_what_nobody_knows_makes_no_run(
    loaded: LocalHarness, command: dict[str, Any], words: str
) -> None:
    """Nor a preview of zeros."""
    loaded.run("r1")

    for dry_run in (True, False):
        with pytest.raises(InvalidOperation, match=words):
            reprocess(loaded.backend, command, dry_run=dry_run)
    assert [] == operations.status(loaded.backend).requests


def test_a_message_to_a_topic_that_nobody_knows_is_not_published(harness: LocalHarness) -> None:
    """The topics there are stand beside."""
    with pytest.raises(InvalidOperation, match="no topic nosuch: choose from run-requested, "):
        operations.publish(harness.backend, "nosuch", "{}")

    assert 0 == harness.backend.bus.sent
