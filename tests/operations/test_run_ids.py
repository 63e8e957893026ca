"""A run id belongs to one request, planned or not; unknown runs, topics and errors are refused."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.harness import LocalHarness, calls, ran
from troupe import operations
from troupe.operations.backend import InvalidOperation
from troupe.operations.reprocess import reprocess
from troupe.operations.run_requests import Requested

NO_PLAN: list[Callable[..., Any]] = [operations.verify, operations.report, operations.cancel]


@pytest.fixture(scope="module")
def analysed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHarness]:
    """A run that is over, for tests whose commands are refused."""
    made = LocalHarness(tmp_path_factory.mktemp("analysed") / "home")
    made.begin_after(ran, 3)
    yield made
    made.close()


@pytest.fixture
def loaded(harness: LocalHarness) -> LocalHarness:
    harness.load(calls(3))
    return harness


def test_the_run_id_of_a_waiting_request_is_refused_for_another_request(
    loaded: LocalHarness,
) -> None:
    """Before the first one is planned; the same request is the same run."""
    first = operations.request(loaded.backend, {"run_id": "a", "limit": 2})
    again = operations.request(loaded.backend, {"run_id": "a", "limit": 2})
    with pytest.raises(InvalidOperation, match="a was used for another request before"):
        operations.request(loaded.backend, {"run_id": "a", "limit": 3})
    loaded.play()

    assert isinstance(first, Requested)
    assert isinstance(again, Requested)
    assert (False, True) == (first.known, again.known)
    assert (2, []) == (loaded.books("a")["analysed"], operations.status(loaded.backend).refusals)


def test_a_reprocessing_cannot_use_a_known_run_id(harness: LocalHarness) -> None:
    """Neither of the run whose records it names, nor of a waiting request."""
    harness.begin_after(ran, 3)
    operations.request(harness.backend, {"run_id": "waits"}, allow_empty=True)

    for taken in ("r1", "waits"):
        with pytest.raises(InvalidOperation, match=f"{taken} was used for another request before"):
            reprocess(harness.backend, {"of_run": "r1", "run_id": taken})


def test_a_reprocessing_requested_twice_is_one_run(harness: LocalHarness) -> None:
    """Before it is planned, and afterwards."""
    harness.begin_after(ran, 3)
    request = {"of_run": "r1", "run_id": "again"}

    known = [reprocess(harness.backend, request, allow_empty=True).known for _ in range(2)]
    harness.play_until("run-planned", "again")

    assert [False, True, True] == [*known, reprocess(harness.backend, request).known]


def test_a_refused_run_is_reported_as_refused(loaded: LocalHarness) -> None:
    """It does not wait for a plan, and its id is free for a corrected request."""
    loaded.request("r1", budget=0.000001)
    loaded.play()
    for operation in NO_PLAN:
        with pytest.raises(InvalidOperation, match="r1 was refused; `troupe status r1` shows why"):
            operation(loaded.backend, "r1")

    operations.request(loaded.backend, {"run_id": "r1"})
    waiting = [row.run_id for row in operations.status(loaded.backend).requests]
    loaded.play()

    assert (["r1"], 3) == (waiting, loaded.books("r1")["analysed"])


def test_a_run_that_is_cancelled_before_it_is_planned_gets_no_plan(loaded: LocalHarness) -> None:
    """The cancellation may arrive first, as here; the request is refused then."""
    operations.request(loaded.backend, {"run_id": "r1"})

    cancelled = operations.cancel(loaded.backend, "r1")
    loaded.play()

    assert cancelled.already is None
    (refusal,) = operations.status(loaded.backend, "r1").refusals
    assert "cancelled" == refusal.reason


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ({"of_run": "nosuch"}, "run nosuch is not planned here"),
        ({"of_run": "r1", "batches": [9]}, "run r1 has the batches 1 to 1, and no batch 9"),
        ({"error_types": ["foo"]}, "no record has foo: choose from json_parse_error, "),
        ({"of_run": "r1", "error_types": ["stuck_event"]}, "no record has stuck_event"),
    ],
)
def test_a_reprocessing_of_unknown_records_makes_no_run(
    analysed: LocalHarness, command: dict[str, Any], words: str
) -> None:
    """It makes no preview of zeros either."""
    for dry_run in (True, False):
        with pytest.raises(InvalidOperation, match=words):
            reprocess(analysed.backend, command, dry_run=dry_run)
    assert [] == operations.status(analysed.backend).requests


def test_a_message_to_a_topic_of_no_command_is_not_published(harness: LocalHarness) -> None:
    """The error lists the topics of commands."""
    with pytest.raises(
        InvalidOperation, match="no command has topic nosuch: choose from run-requested, "
    ):
        operations.publish(harness.backend, "nosuch", "{}")

    assert 0 == harness.backend.bus.sent
