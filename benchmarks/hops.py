"""The overhead of one event: wrap, encode, decode, deliver to a handler that does nothing."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from statistics import median
from types import SimpleNamespace
from typing import Any, cast

from events import (
    BatchCompleted,
    Deployment,
    Envelope,
    RunRequested,
    from_pubsub,
    to_pubsub,
    wrap,
    wrap_command,
)
from handlers.choreography import CHOREOGRAPHY
from handlers.dispatch.deliver import deliver
from handlers.dispatch.message import Message, Outcome
from handlers.ports import Dependencies
from tracking import KnownEvent

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
HERE = Deployment("bench")
EVENT = BatchCompleted(
    run_id="bench", planned_on="2026-03-02", batch=1, attempts=1, analysed=2, failed=0, released=0
)


def hops(*, count: int) -> dict[str, Any]:
    """Microseconds per event for each step, as the median of ten rounds."""
    cause = wrap_command(RunRequested(run_id="bench"), deployment=HERE, id_="w1", time=NOW)
    envelope = _wrapped(cause)
    body, attributes = to_pubsub(envelope)
    message = Message(
        topic="batch-completed", id="m1", body=body, attributes=attributes, published_at=NOW
    )
    dependencies = _dependencies()
    original = CHOREOGRAPHY[BatchCompleted]
    CHOREOGRAPHY[BatchCompleted] = _nothing
    try:
        outcome = deliver(message, dependencies, lambda _: None).outcome
        if outcome is not Outcome.DONE:
            raise RuntimeError(f"the delivery that is measured ends as {outcome.value}")
        steps = {
            "wrap": _micros(count, lambda: _wrapped(cause)),
            "to_pubsub": _micros(count, lambda: to_pubsub(envelope)),
            "from_pubsub": _micros(count, lambda: from_pubsub(body, attributes)),
            "deliver": _micros(count, lambda: deliver(message, dependencies, lambda _: None)),
        }
    finally:
        CHOREOGRAPHY[BatchCompleted] = original
    whole = steps["wrap"] + steps["to_pubsub"] + steps["deliver"]
    return {"micros": steps, "hop_micros": round(whole, 1)}


def _wrapped(cause: Envelope) -> Envelope:
    return wrap(EVENT, deployment=HERE, source="bench", time=NOW, cause=cause)


def _nothing(event: BatchCompleted) -> Iterator[BatchCompleted]:
    """A handler that does nothing."""
    yield from ()


def _dependencies() -> Dependencies:
    """Dependencies with an event log that stores nothing; tables are measured elsewhere."""
    known = KnownEvent(is_recorded=True, is_equal=True, is_handled=False)
    event_log = SimpleNamespace(
        known=lambda *_: known, record=lambda *_: None, record_deliveries=lambda *_: None
    )
    return cast(
        "Dependencies", SimpleNamespace(deployment=HERE, event_log=event_log, clock=lambda: NOW)
    )


def _micros(count: int, step: Any) -> float:
    rounds = []
    for _ in range(10):
        began = time.process_time()
        for _ in range(count):
            step()
        rounds.append((time.process_time() - began) / count * 1e6)
    return round(median(rounds), 1)
