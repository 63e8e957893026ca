"""The event log is written at least once: a row that is written twice counts once."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from typing import Any

from events import (
    BatchPlanned,
    Envelope,
    JsonlUploaded,
    ReportWritten,
    ReprocessRequested,
    RunRequested,
    type_of,
    wrap,
    wrap_command,
)
from tests.events.making import cause
from tests.tracking.harness import DAY, TrackingHarness, calls
from tests.tracking.test_planning import completed
from tracking import Delivery, KnownEvent, UnhandledEvent

PLANNED = BatchPlanned(run_id="r1", planned_on=DAY, batch=1, attempt=1, records=2)
LETTERS = files("tracking").joinpath("views/open_dead_letters.sql").read_text().format(dataset="")
SUBSCRIPTIONS = [{"topic": "batch-planned", "handler": "write-jsonl"}]


def recorded(harness: TrackingHarness) -> Envelope:
    """Record the first batch of a run; it is not handled."""
    harness.source(calls(4))
    harness.plan(canary=2, rows_per_batch=2)
    harness.record(PLANNED)
    return wrap(
        PLANNED, deployment=harness.deployment, source="t", time=harness.clock(), cause=cause()
    )


def record_delivery(
    harness: TrackingHarness,
    envelope: Envelope,
    outcome: str,
    generation: int = 0,
    *,
    times: int = 1,
    **columns: Any,
) -> None:
    """Write a delivery of the event this many times, each at another moment."""
    delivery = Delivery(
        envelope=envelope,
        handler="write-jsonl",
        outcome=outcome,
        generation=generation,
        reason="bad",
        **columns,
    )
    for _ in range(times):
        harness.clock.pass_(1)
        harness.event_log.record_deliveries([delivery], harness.clock())


def unhandled(harness: TrackingHarness) -> list[UnhandledEvent]:
    return harness.tracking.unhandled_events(harness.clock().date(), SUBSCRIPTIONS)


def waits(harness: TrackingHarness) -> tuple[bool, bool, bool]:
    """Whether tick, operator and window have the event to do with."""
    return (
        bool(unhandled(harness)),
        bool(harness.warehouse.query(LETTERS, {})),
        1 in harness.tracking.batches_to_begin("r1", DAY, 0, 2),
    )


OPERATOR, TICK_AND_WINDOW = (False, True, False), (True, False, True)
_FIRST, _LAST = (datetime(year, 1, 1, tzinfo=UTC) for year in (1, 9999))


def test_a_letter_that_was_recorded_twice_needs_one_replay(harness: TrackingHarness) -> None:
    """At two moments, by two deliveries of one dead letter."""
    event = recorded(harness)

    record_delivery(harness, event, "dead_lettered", times=2)
    assert waits(harness) == OPERATOR

    record_delivery(harness, event, "replayed", 1)
    assert waits(harness) == TICK_AND_WINDOW


def test_a_letter_of_an_older_generation_blocks_nothing(harness: TrackingHarness) -> None:
    """The last delivery of the original may fail after the replay."""
    event = recorded(harness)

    record_delivery(harness, event, "dead_lettered")
    record_delivery(harness, event, "replayed", 1, times=3)
    record_delivery(harness, event, "dead_lettered")

    assert waits(harness) == TICK_AND_WINDOW


def test_a_replay_that_fails_waits_again(harness: TrackingHarness) -> None:
    """Its letter is of the new generation."""
    event = recorded(harness)

    record_delivery(harness, event, "dead_lettered")
    record_delivery(harness, event, "replayed", 1)
    record_delivery(harness, event, "dead_lettered", 1)

    assert waits(harness) == OPERATOR


def test_a_generation_that_nobody_began_blocks_nothing(harness: TrackingHarness) -> None:
    """The publisher of a message writes its attributes."""
    event = recorded(harness)

    record_delivery(harness, event, "dead_lettered", 7)

    assert waits(harness) == TICK_AND_WINDOW


def test_an_event_that_was_handled_is_over_in_every_generation(harness: TrackingHarness) -> None:
    """Its handler may finish the original after a replay."""
    event = recorded(harness)

    record_delivery(harness, event, "dead_lettered")
    record_delivery(harness, event, "replayed", 1)
    record_delivery(harness, event, "done")

    assert waits(harness) == (False, False, False)


def test_a_republication_that_is_written_twice_counts_once(harness: TrackingHarness) -> None:
    """The row carries its number."""
    event = recorded(harness)

    record_delivery(harness, event, "republished", republication=1, times=2)
    record_delivery(harness, event, "republished", republication=2)

    (waiting,) = unhandled(harness)
    assert waiting.republished == 2


def test_an_event_is_silent_since_it_was_last_published(harness: TrackingHarness) -> None:
    """Else each tick after the first interval would republish it."""
    event = recorded(harness)
    for outcome in ("republished", "given_up", "replayed"):
        harness.clock.pass_(1_000)
        record_delivery(harness, event, outcome)
        harness.clock.pass_(5)
        assert [5] == [each.silent_seconds for each in unhandled(harness)]

    record_delivery(harness, event, "waited", not_before=harness.clock())
    assert [6] == [each.silent_seconds for each in unhandled(harness)]


def test_a_replay_begins_the_republications_anew(harness: TrackingHarness) -> None:
    """Given up after four, replayed, still waiting: it is not given up again at once."""
    event = recorded(harness)
    for number in (1, 2, 3, 4):
        record_delivery(harness, event, "republished", republication=number)
    record_delivery(harness, event, "given_up")
    record_delivery(harness, event, "dead_lettered")
    assert unhandled(harness) == []

    record_delivery(harness, event, "replayed", 1)

    (waiting,) = unhandled(harness)
    assert (waiting.generation, waiting.republished, waiting.is_given_up) == (1, 0, False)


def test_an_event_waits_until_the_republication_that_answers_it(harness: TrackingHarness) -> None:
    """It names the time, so that two clocks that differ cannot repeat it."""
    event = recorded(harness)
    first, second = harness.clock() + timedelta(hours=1), harness.clock() + timedelta(hours=2)

    record_delivery(harness, event, "waited", not_before=first)
    (early,) = unhandled(harness)
    harness.clock.pass_(3601)
    (late,) = unhandled(harness)
    record_delivery(harness, event, "republished", republication=0, not_before=first)
    (republished,) = unhandled(harness)
    record_delivery(harness, event, "waited", not_before=second)
    (again,) = unhandled(harness)

    assert [(first, False), (first, True), (None, True), (second, False)] == [
        (each.waits_until, each.wait_is_over) for each in (early, late, republished, again)
    ]


def test_an_event_is_known_by_topic_and_data(harness: TrackingHarness) -> None:
    """An equal id does not make another event the recorded one."""
    event = recorded(harness)
    strange = replace(event, id="d1__batch-planned__r9__1__1")
    forged = replace(event, data=event.data.replace(b'"records":2', b'"records":9'))
    retyped = replace(event, type=type_of(JsonlUploaded))

    assert [(True, True), (False, False), (True, False), (False, False)] == [
        (known.is_recorded, known.is_equal)
        for each in (event, strange, forged, retyped)
        for known in [harness.event_log.known(each, "write-jsonl", harness.clock())]
    ]


def test_a_command_is_known_by_topic_and_data(harness: TrackingHarness) -> None:
    """Its sender chose the id, and may have used it for a command of another kind."""
    command = wrap_command(
        RunRequested(run_id="r1"), deployment=harness.deployment, id_="q1", time=harness.clock()
    )
    harness.event_log.record([command], harness.clock())
    retyped = replace(command, type=type_of(ReprocessRequested))

    assert [(True, True), (True, False)] == [
        (known.is_recorded, known.is_equal)
        for each in (command, retyped)
        for known in [harness.event_log.known(each, "plan-run", harness.clock())]
    ]


def test_an_event_is_known_by_its_own_time_however_long_the_log_is(
    harness: TrackingHarness,
) -> None:
    """The days around it are read; a stranger's time finds nothing, and is no error."""
    event = recorded(harness)
    record_delivery(harness, event, "done")
    harness.clock.pass_(100 * 86_400)

    known = harness.event_log.known(event, "write-jsonl", harness.clock())
    times = [_FIRST, _LAST, event.time + timedelta(days=3)]
    wrong = [replace(event, time=time) for time in times]

    assert known == KnownEvent(is_recorded=True, is_equal=True, is_handled=True)
    assert not any(
        harness.event_log.known(each, "write-jsonl", harness.clock()).is_recorded for each in wrong
    )


def test_an_event_is_handled_when_its_handler_finished_it_or_it_was_discarded(
    harness: TrackingHarness,
) -> None:
    """A wait or a dead letter finishes nothing, and no handler finishes it for another."""
    event = recorded(harness)

    def is_handled(by: str = "write-jsonl") -> bool:
        return harness.event_log.known(event, by, harness.clock()).is_handled

    for outcome in ("waited", "republished", "given_up", "dead_lettered", "replayed"):
        record_delivery(harness, event, outcome)
        assert not is_handled()
    record_delivery(harness, event, "discarded")
    assert (True, False) == (is_handled(), is_handled(by="submit-job"))


def test_an_event_is_loaded_as_it_was_recorded_first(harness: TrackingHarness) -> None:
    """A row that was written later under its id changes nothing that is republished."""
    event = recorded(harness)
    harness.clock.pass_(60)
    later = replace(event, data=event.data.replace(b'"records":2', b'"records":9'))
    harness.event_log.record([later], harness.clock())

    assert [event.data] == [
        each.data for each in harness.event_log.load([event.id], harness.clock().date())
    ]


def test_queries_look_back_to_the_oldest_run_without_a_report(harness: TrackingHarness) -> None:
    """31 days at least, as long as dead letters are kept; the report of another run ends nothing."""
    first = harness.clock().date()
    harness.source(calls(2))
    harness.plan("r1")
    harness.clock.pass_(20 * 86_400)
    second = harness.clock().date()
    harness.plan("r2")

    def looks_back_to() -> date:
        return harness.event_log.lookback_start(harness.clock())

    assert first - timedelta(days=11) == looks_back_to()
    harness.clock.pass_(40 * 86_400)
    assert first == looks_back_to()
    report(harness, "r1")
    harness.clock.pass_(61)
    assert second == looks_back_to()
    report(harness, "r2")
    harness.clock.pass_(61)
    assert harness.clock().date() - timedelta(days=31) == looks_back_to()


def test_for_a_minute_queries_may_look_back_further_than_they_need(
    harness: TrackingHarness,
) -> None:
    """A run that ended meanwhile does no harm, and one that is planned meanwhile is recent."""
    harness.source(calls(2))
    harness.plan("r1")
    first = harness.clock().date()
    harness.clock.pass_(40 * 86_400)
    assert first == harness.event_log.lookback_start(harness.clock())
    report(harness, "r1")

    harness.clock.pass_(60)
    assert first == harness.event_log.lookback_start(harness.clock())
    harness.clock.pass_(1)
    assert first < harness.event_log.lookback_start(harness.clock())


def report(harness: TrackingHarness, run_id: str) -> None:
    harness.sql(
        "INSERT INTO run_reports (run_id, planned_on, written_at, report) "
        "SELECT run_id, planned_on, planned_at, '{}' FROM run_plans WHERE run_id = ?",
        run_id,
    )


def test_a_run_is_open_until_it_is_completed(harness: TrackingHarness) -> None:
    """The tick advances it until then; the end of another run is no matter of it."""
    harness.source(calls(2))
    harness.plan("r1")
    harness.plan("r2")
    day = harness.clock().date()

    harness.record(completed("r1"))
    assert [("r2", DAY)] == harness.tracking.open_runs(day)

    harness.record(ReportWritten(run_id="r2", planned_on=DAY))
    assert [("r2", DAY)] == harness.tracking.open_runs(day)
