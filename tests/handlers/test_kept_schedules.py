"""Schedules of simulated seeds that once failed, kept as scenarios: a seed's schedule changes with names."""

from collections.abc import Sequence
from typing import Any

from events import Envelope
from events.cloudevents import topic_of_type
from handlers.dispatch.errors import Redeliver, Refused
from tests.faults import Restore, replace_method
from tests.harness import LocalHarness, calls


def fail_publish_of(harness: LocalHarness, topic: str) -> list[str]:
    """Fail the first publish of an event of this topic, after it was recorded; return the ids."""
    bus = harness.backend.bus
    publish, failed = bus.publish, list[str]()

    def publish_or_fail(events: Sequence[Envelope]) -> None:
        ids = [each.id for each in events if topic_of_type(each.type) == topic]
        if ids and not failed:
            failed.extend(ids)
            raise Redeliver("the process died before it published")
        publish(events)

    replace_method(bus, "publish", publish_or_fail)
    return failed


def refuse_jobs(harness: LocalHarness) -> Restore:
    """Let the job service refuse every job for good, until the returned function is called."""

    def refuse(**_: Any) -> None:
        raise Refused("permission_denied", "the service agent may not read the bucket")

    return replace_method(harness.backend.dependencies.job_service, "create", refuse)


def test_behind_a_refusal_that_was_recorded_and_not_published_no_job_is_created(
    harness: LocalHarness,
) -> None:
    """Seed 7700446: the redelivery took the next claim, and its job was paid for and never read."""
    harness.load(calls(4))
    harness.request()
    grant = refuse_jobs(harness)
    failed = fail_publish_of(harness, "run-stopped")
    while not failed:
        harness.backend.deliver_next()
    grant()
    harness.play()

    books = harness.books("r1")
    assert 0 == harness.jobs()
    assert (True, 4, 0) == (books["ok"], books["released"], books["paid_twice"])
    assert "run-completed" in harness.topics()


def test_an_end_that_was_not_published_is_published_after_a_tick_that_could_not_read(
    harness: LocalHarness,
) -> None:
    """Seed 7700098: the publish of the end fails, and then the question for unhandled events."""
    harness.load(calls(4))
    harness.request()
    failed = fail_publish_of(harness, "job-succeeded")
    tracking = harness.backend.dependencies.tracking

    def fail(*_: Any) -> None:
        raise Redeliver("the query could not be answered")

    while not failed:
        if harness.backend.deliver_next() is None and not harness.backend.service.step():
            harness.tick(5)
    restore = replace_method(tracking, "unhandled_events", fail)
    for _ in range(3):
        harness.tick(30)
        while harness.backend.deliver_next() is not None:
            pass
    restore()
    harness.play()

    assert (True, 4) == tuple(harness.books("r1")[n] for n in ("ok", "analysed"))
    assert 1 == harness.jobs()
    assert "run-completed" in harness.topics()
