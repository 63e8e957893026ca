"""The event log is written at least once: a row that stands there twice counts once."""

from importlib.resources import files

from events import BatchPlanned, Envelope, wrap
from tests.events.making import cause
from tests.tracking.harness import DAY, Sheet, calls
from tracking import Delivery

PLANNED = BatchPlanned(run_id="r1", planned_on=DAY, batch=1, attempt=1, records=2)
LETTERS = files("tracking").joinpath("views/open_dead_letters.sql").read_text().format(dataset="")
SCORE = [{"topic": "batch-planned", "handler": "write-jsonl"}]


def told(sheet: Sheet) -> Envelope:
    """The first batch of a run, told and not handled."""
    sheet.source(calls(4))
    sheet.plan(canary=2, rows_per_batch=2)
    sheet.query(PLANNED)
    return wrap(PLANNED, deployment=sheet.deployment, source="t", time=sheet.clock(), cause=cause())


def record_delivery(sheet: Sheet, envelope: Envelope, outcome: str, *, times: int = 1) -> None:
    """One event, which the event log holds so many times."""
    sheet.clock.pass_(1)
    delivery = Delivery(envelope=envelope, handler="write-jsonl", outcome=outcome, reason="bad")
    for _ in range(times):
        sheet.event_log.record_deliveries([delivery], sheet.clock())


def waits(sheet: Sheet) -> tuple[bool, bool, bool]:
    """For the tick, for an operator, for the window."""
    since = sheet.clock().date()
    return (
        bool(sheet.tracking.unhandled_events(since, SCORE)),
        bool(sheet.warehouse.query(LETTERS, {})),
        1 in sheet.tracking.batches_to_begin("r1", DAY, 0, 2),
    )


def test_what_was_dead_lettered_and_written_twice_is_lifted_by_one_replay(sheet: Sheet) -> None:
    """Else it would wait for nobody: the tick and the window would leave it to an operator."""
    event = told(sheet)

    record_delivery(sheet, event, "dead_lettered", times=2)
    assert (False, True, False) == waits(sheet)

    record_delivery(sheet, event, "replayed")
    assert (True, False, True) == waits(sheet)


def test_what_is_dead_lettered_again_after_a_replay_waits_again(sheet: Sheet) -> None:
    """Whatever was written twice before."""
    event = told(sheet)

    record_delivery(sheet, event, "dead_lettered")
    record_delivery(sheet, event, "replayed", times=3)
    record_delivery(sheet, event, "dead_lettered")

    assert (False, True, False) == waits(sheet)


def test_a_republication_that_is_written_twice_uses_up_one(sheet: Sheet) -> None:
    """There are four."""
    event = told(sheet)

    record_delivery(sheet, event, "republished", times=2)
    record_delivery(sheet, event, "republished")

    (waiting,) = sheet.tracking.unhandled_events(sheet.clock().date(), SCORE)
    assert 2 == waiting.republished
