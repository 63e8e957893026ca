"""A dead-lettered event is a system error until an operator has replayed or discarded it."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from events import RunRequested, wrap_command
from tests.faults import Restore, fail_writes
from tests.harness import LocalHarness, calls
from troupe import operations
from troupe.backends.local.backend import LOCAL_POLICY
from troupe.operations import dead_letters

MakeHarness = Callable[..., LocalHarness]


@pytest.fixture
def repair(harness: LocalHarness) -> Restore:
    """A run whose request file cannot be written, until this is called."""
    restore = fail_writes(harness.backend.bucket)
    harness.load(calls(4))
    harness.request()
    harness.play()
    return restore


def system_errors(harness: LocalHarness) -> list[tuple[str, str | None]]:
    found = operations.status(harness.backend).system_errors
    return [(row.error_type, row.cause) for row in found]


def test_a_replayed_dead_letter_is_an_error_again_only_when_it_fails_again(
    harness: LocalHarness, repair: Restore
) -> None:
    """The error lasts from the dead-lettering to the replay."""
    assert [("dead_lettered", "object_conflict")] == system_errors(harness)

    dead_letters.replay(harness.backend)
    assert [] == system_errors(harness)
    harness.play()
    assert [("dead_lettered", "object_conflict")] == system_errors(harness)

    repair()
    dead_letters.replay(harness.backend)
    harness.play()
    assert (True, []) == (harness.books("r1")["completed"], system_errors(harness))


def test_a_row_that_was_written_twice_hides_no_error(
    harness: LocalHarness, repair: Restore
) -> None:
    """An append whose response is lost is repeated: here the one of a replay."""
    dead_letters.replay(harness.backend)
    harness.backend.warehouse.db.execute(
        "INSERT INTO deliveries SELECT * FROM deliveries WHERE outcome = 'replayed'"
    )
    harness.play()

    assert [("dead_lettered", "object_conflict")] == system_errors(harness)


def test_a_discarded_dead_letter_is_no_error_any_more(
    harness: LocalHarness, repair: Restore
) -> None:
    """Also one whose message is no event."""
    harness.backend.bus.send("batch-planned", b"not json", {})
    harness.play()
    assert {"object_conflict", "unreadable_message"} == {
        cause for _, cause in system_errors(harness)
    }

    for letter in dead_letters.list_dead_letters(harness.backend).letters:
        dead_letters.discard(harness.backend, letter.letter_id, "requested by mistake")

    assert [] == system_errors(harness)


def test_an_event_that_the_tick_gave_up_is_an_error_until_its_replay(
    make_harness: MakeHarness,
) -> None:
    """It goes to the dead letters; a replay finishes it."""
    harness = make_harness(policy=replace(LOCAL_POLICY, republish_times=0))
    harness.load(calls(4))
    request = RunRequested(run_id="r1")
    envelope = wrap_command(
        request, deployment=harness.backend.deployment, id_="w1", time=harness.clock()
    )
    harness.backend.dependencies.event_log.record([envelope], harness.clock())
    harness.tick(minutes=20)
    harness.backend.deliver_next()
    assert [("dead_lettered", "stuck_event")] == system_errors(harness)

    dead_letters.replay(harness.backend)
    assert [] == system_errors(harness)
    harness.play()

    assert (4, []) == (harness.books("r1")["analysed"], system_errors(harness))
