"""What was dead-lettered is a system error until somebody has dealt with it."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from events import RunRequested, wrap_command
from handlers.dispatch.errors import Reject
from tests.harness import Stage, calls
from troupe import operations
from troupe.backends.local.backend import LOCAL_POLICY
from troupe.operations import dead_letters

Mend = Callable[[], None]
Staged = Callable[..., Stage]


@pytest.fixture
def mend(stage: Stage) -> Mend:
    """A run whose request file cannot be written, until this is called."""
    write = stage.backend.bucket.write_once

    def fail(*_: object) -> object:
        raise Reject("object_conflict", "another content stands there")

    def mended() -> None:
        stage.backend.bucket.write_once = write  # type: ignore[method-assign]

    stage.backend.bucket.write_once = fail  # type: ignore[method-assign,assignment]
    stage.load(calls(4))
    stage.request()
    stage.play()
    return mended


def told(stage: Stage) -> list[tuple[str, str]]:
    found = operations.status(stage.backend)["system_errors"]
    return [(row["error_type"], row["cause"]) for row in found]


def test_a_replayed_letter_is_an_error_again_only_when_it_fails_again(
    stage: Stage, mend: Mend
) -> None:
    """From its dead-lettering to its replay."""
    assert [("dead_lettered", "object_conflict")] == told(stage)

    stage.clock.pass_(1)
    dead_letters.replay(stage.backend)
    assert [] == told(stage)
    stage.play()
    assert [("dead_lettered", "object_conflict")] == told(stage)

    mend()
    stage.clock.pass_(1)
    dead_letters.replay(stage.backend)
    stage.play()
    assert (True, []) == (stage.books("r1")["completed"], told(stage))


def test_a_row_that_was_written_twice_hides_no_error(stage: Stage, mend: Mend) -> None:
    """An append whose answer is lost is made again: here that of a replay."""
    stage.clock.pass_(1)
    dead_letters.replay(stage.backend)
    stage.backend.warehouse.db.execute(
        "INSERT INTO deliveries SELECT * FROM deliveries WHERE outcome = 'replayed'"
    )
    stage.play()

    assert [("dead_lettered", "object_conflict")] == told(stage)


def test_a_discarded_letter_is_no_error_any_more(stage: Stage, mend: Mend) -> None:
    """Also one whose message nobody can read."""
    stage.backend.bus.send("batch-planned", b"not json", {})
    stage.play()
    assert {"object_conflict", "unreadable_message"} == {cause for _, cause in told(stage)}

    for letter in dead_letters.dead_letters(stage.backend)["letters"]:
        dead_letters.discard(stage.backend, letter["letter_id"], "asked for by mistake")

    assert [] == told(stage)


def test_an_event_that_the_tick_gave_up_is_an_error_until_its_replay(staged: Staged) -> None:
    """Nobody finished it, and then somebody does."""
    stage = staged(policy=replace(LOCAL_POLICY, republish_times=0))
    stage.load(calls(4))
    request = RunRequested(run_id="r1")
    asked = wrap_command(request, deployment=stage.backend.deployment, id_="w1", time=stage.clock())
    stage.backend.dependencies.event_log.record([asked], stage.clock())
    stage.tick(minutes=20)
    assert [("stuck_event", "plan-run")] == told(stage)

    stage.clock.pass_(1)
    assert 1 == dead_letters.replay(stage.backend)["replayed"]
    assert [] == told(stage)
    stage.play()

    assert (4, []) == (stage.books("r1")["analysed"], told(stage))
