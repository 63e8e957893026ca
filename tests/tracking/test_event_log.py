"""The event log is written at least once: a row that is written twice counts once."""

from importlib.resources import files

from events import BatchPlanned, Envelope, wrap
from tests.events.making import cause
from tests.tracking.harness import DAY, TrackingHarness, calls
from tracking import Delivery

PLANNED = BatchPlanned(run_id="r1", planned_on=DAY, batch=1, attempt=1, records=2)
LETTERS = files("tracking").joinpath("views/open_dead_letters.sql").read_text().format(dataset="")
SCORE = [{"topic": "batch-planned", "handler": "write-jsonl"}]


def recorded(harness: TrackingHarness) -> Envelope:
    """Record the first batch of a run; it is not handled."""
    harness.source(calls(4))
    harness.plan(canary=2, rows_per_batch=2)
    harness.record(PLANNED)
    return wrap(
        PLANNED, deployment=harness.deployment, source="t", time=harness.clock(), cause=cause()
    )


def record_delivery(
    harness: TrackingHarness, envelope: Envelope, outcome: str, *, times: int = 1
) -> None:
    """Write a delivery of the event this many times."""
    harness.clock.pass_(1)
    delivery = Delivery(envelope=envelope, handler="write-jsonl", outcome=outcome, reason="bad")
    for _ in range(times):
        harness.event_log.record_deliveries([delivery], harness.clock())


def waits(harness: TrackingHarness) -> tuple[bool, bool, bool]:
    """Whether tick, operator and window leave the event alone."""
    since = harness.clock().date()
    return (
        bool(harness.tracking.unhandled_events(since, SCORE)),
        bool(harness.warehouse.query(LETTERS, {})),
        1 in harness.tracking.batches_to_begin("r1", DAY, 0, 2),
    )


def test_a_dead_letter_that_was_written_twice_needs_one_replay(
    harness: TrackingHarness,
) -> None:
    """Counted twice, it would stay dead-lettered for the tick and the window."""
    event = recorded(harness)

    record_delivery(harness, event, "dead_lettered", times=2)
    assert (False, True, False) == waits(harness)

    record_delivery(harness, event, "replayed")
    assert (True, False, True) == waits(harness)


def test_an_event_dead_lettered_after_a_replay_waits_again(harness: TrackingHarness) -> None:
    """Also when earlier rows were written twice."""
    event = recorded(harness)

    record_delivery(harness, event, "dead_lettered")
    record_delivery(harness, event, "replayed", times=3)
    record_delivery(harness, event, "dead_lettered")

    assert (False, True, False) == waits(harness)


def test_a_republication_that_is_written_twice_counts_once(harness: TrackingHarness) -> None:
    """Four republications are allowed."""
    event = recorded(harness)

    record_delivery(harness, event, "republished", times=2)
    record_delivery(harness, event, "republished")

    (waiting,) = harness.tracking.unhandled_events(harness.clock().date(), SCORE)
    assert 2 == waiting.republished
