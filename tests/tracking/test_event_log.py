"""The event log is written at least once: a row that stands there twice counts once."""

from importlib.resources import files

from events import BatchPlanned, Envelope, wrap
from tests.events.making import cause
from tests.tracking.harness import DAY, TrackingHarness, calls
from tracking import Delivery

PLANNED = BatchPlanned(run_id="r1", planned_on=DAY, batch=1, attempt=1, records=2)
LETTERS = files("tracking").joinpath("views/open_dead_letters.sql").read_text().format(dataset="")
SCORE = [{"topic": "batch-planned", "handler": "write-jsonl"}]


def told(harness: TrackingHarness) -> Envelope:
    """The first batch of a run, told and not handled."""
    harness.source(calls(4))
    harness.plan(canary=2, rows_per_batch=2)
    harness.record(PLANNED)
    return wrap(
        PLANNED, deployment=harness.deployment, source="t", time=harness.clock(), cause=cause()
    )


def record_delivery(
    harness: TrackingHarness, envelope: Envelope, outcome: str, *, times: int = 1
) -> None:
    """One event, which the event log holds so many times."""
    harness.clock.pass_(1)
    delivery = Delivery(envelope=envelope, handler="write-jsonl", outcome=outcome, reason="bad")
    for _ in range(times):
        harness.event_log.record_deliveries([delivery], harness.clock())


def waits(harness: TrackingHarness) -> tuple[bool, bool, bool]:
    """For the tick, for an operator, for the window."""
    since = harness.clock().date()
    return (
        bool(harness.tracking.unhandled_events(since, SCORE)),
        bool(harness.warehouse.query(LETTERS, {})),
        1 in harness.tracking.batches_to_begin("r1", DAY, 0, 2),
    )


def test_what_was_dead_lettered_and_written_twice_is_lifted_by_one_replay(
    harness: TrackingHarness,
) -> None:
    """Else it would wait for nobody: the tick and the window would leave it to an operator."""
    event = told(harness)

    record_delivery(harness, event, "dead_lettered", times=2)
    assert (False, True, False) == waits(harness)

    record_delivery(harness, event, "replayed")
    assert (True, False, True) == waits(harness)


def test_what_is_dead_lettered_again_after_a_replay_waits_again(harness: TrackingHarness) -> None:
    """Whatever was written twice before."""
    event = told(harness)

    record_delivery(harness, event, "dead_lettered")
    record_delivery(harness, event, "replayed", times=3)
    record_delivery(harness, event, "dead_lettered")

    assert (False, True, False) == waits(harness)


def test_a_republication_that_is_written_twice_uses_up_one(harness: TrackingHarness) -> None:
    """There are four."""
    event = told(harness)

    record_delivery(harness, event, "republished", times=2)
    record_delivery(harness, event, "republished")

    (waiting,) = harness.tracking.unhandled_events(harness.clock().date(), SCORE)
    assert 2 == waiting.republished
