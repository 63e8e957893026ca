"""All events of a run are in one trace, with retries, republished events and stops."""

import logging
from collections.abc import Callable
from datetime import timedelta

import pytest

from events import CancelRequested
from handlers.dispatch.errors import Redeliver
from tests.faults import replace_method
from tests.harness import LocalHarness, call, calls
from tests.telemetry.kept import Broken, Kept
from troupe.backends.local.bus_faults import Faults
from troupe.standin.corrupt import Corruption
from troupe.standin.settings import Behaviour

MakeHarness = Callable[..., LocalHarness]
NAME = "Wilhelmina Oakenshaw"


def traced(make_harness: MakeHarness, **settings: object) -> tuple[LocalHarness, Kept]:
    kept = Kept()
    return make_harness(telemetry=kept.telemetry(), **settings), kept


def test_every_event_of_a_run_is_in_one_trace(make_harness: MakeHarness) -> None:
    """From the request to the report, across batches."""
    harness, kept = traced(make_harness)
    harness.load(calls(4))
    harness.run(canary=2, rows_per_batch=2)

    (root,) = kept.named("run-requested")
    of_run = [span for span in kept.spans if span.context.trace_id == root.context.trace_id]
    assert root.parent is None
    assert set(harness.topics()) <= {span.name for span in of_run}
    assert {"run-requested"} == {kept.path_to(span)[0] for span in of_run}
    assert [
        "run-requested", "plan-run run-requested", "batch-planned", "write-jsonl batch-planned",
        "jsonl-uploaded", "submit-job jsonl-uploaded", "job-submitted", "vertex-job",
        "job-succeeded", "process-results job-succeeded", "results-processed",
    ] == kept.path_to(kept.named("results-processed")[0])  # fmt: skip
    assert len({span.context for span in kept.spans}) == len(kept.spans)


def test_a_job_is_one_span_over_all_its_hours(make_harness: MakeHarness) -> None:
    """The event of its end links to the event of its submission and to the tick that found it."""
    hours = 5
    harness, kept = traced(make_harness, behaviour=Behaviour(pending_seconds=hours * 3600))
    harness.load(calls(4))
    harness.run()

    (job,), (submitted,) = kept.named("vertex-job"), kept.named("job-submitted")
    (ended,) = kept.named("job-succeeded")
    assert job.ended - job.started >= timedelta(hours=hours)
    assert (submitted.context, job.context) == (job.parent, ended.parent)
    ticks = {span.context for span in kept.spans if span.name.startswith("watch-jobs")}
    assert submitted.context in ended.links
    assert ticks & set(ended.links)
    assert str(job.attributes["troupe.job"]).startswith("projects/")


def test_each_further_attempt_has_a_job_span_of_its_own(make_harness: MakeHarness) -> None:
    """A child of its own submission."""
    harness, kept = traced(make_harness, corruption=Corruption(share=0.6, seed=5))
    harness.load(calls(20))
    harness.run(canary=20, breaker=100, max_attempts=2)

    jobs = kept.named("vertex-job")
    assert len(jobs) == len({job.context for job in jobs}) == harness.jobs() > 1
    assert {job.parent for job in jobs} == {s.context for s in kept.named("job-submitted")}


def test_a_redelivery_is_recorded_as_repeated(make_harness: MakeHarness) -> None:
    """Its span has no events as children, and adds no records."""
    harness, kept = traced(make_harness, faults=Faults(seed=2, duplicate=1.0))
    harness.load(calls(6))
    harness.run()

    assert kept.outcomes("advance-run")["repeated"] >= 1
    records = [span.records for span in kept.spans if span.records]
    assert [{"analysed": 6, "failed": 0, "released": 0}] == records
    assert 1 == len(kept.named("run-completed"))


def test_a_span_that_failed_has_a_cause_and_no_text_of_the_exception(
    make_harness: MakeHarness,
) -> None:
    """A foreign error may quote personal data."""
    harness, kept = traced(make_harness)
    harness.load(calls(4))

    def fail(*_: object) -> object:
        restore()
        raise Redeliver(f"the row of {NAME}")

    restore = replace_method(harness.backend.bucket, "write_once", fail)
    harness.run()

    tries = kept.named("write-jsonl batch-planned")
    assert ["Redeliver", ""] == [each.error for each in tries]
    assert 2 == len({each.context for each in tries})
    assert {"redeliver": 1, "done": 1} == kept.outcomes("write-jsonl")
    assert NAME not in repr(kept.spans)


def test_an_unreadable_message_has_a_trace_of_its_own(make_harness: MakeHarness) -> None:
    """Neither its span nor that of its dead letter holds the body."""
    harness, kept = traced(make_harness)
    harness.backend.bus.send("batch-planned", f'{{"run_id": "{NAME}"'.encode(), {})
    harness.play()

    (lost,) = kept.named("unreadable batch-planned")
    assert ("unreadable_message", None) == (lost.error, lost.parent)
    assert NAME not in repr(kept.spans)


def test_a_republished_event_is_linked_and_has_no_second_span(make_harness: MakeHarness) -> None:
    """The span of the tick links to what the tick published again."""
    harness, kept = traced(make_harness)
    harness.load(calls(4))
    harness.request()
    harness.backend.deliver_next()
    restore = replace_method(harness.backend.bus, "publish", lambda envelopes: None)
    while harness.backend.deliver_next():
        pass
    restore()
    for _ in range(3):
        harness.tick(minutes=20)
    harness.play()

    links = {link for s in kept.named("watch-jobs watch-tick") for link in s.links}
    assert {s.context for s in kept.named("jsonl-uploaded")} & links
    assert 1 == len(kept.named("jsonl-uploaded"))
    assert harness.books()["ok"]


def test_a_stopped_run_ends_in_the_trace_it_began_in(make_harness: MakeHarness) -> None:
    """The operator's request is a second root of the run's trace."""
    harness, kept = traced(make_harness, behaviour=Behaviour(pending_seconds=3600))
    harness.load(calls(30))
    harness.request(canary=10, rows_per_batch=10)
    for _ in range(4):
        harness.backend.deliver_next()
    harness.publish(CancelRequested(run_id="r1"))
    harness.play()

    (asked,), (done,) = kept.named("cancel-requested"), kept.named("run-completed")
    assert asked.context.trace_id == done.context.trace_id
    assert kept.path_to(done)[0] in {"run-requested", "cancel-requested"}


def test_planted_names_occur_in_no_span(make_harness: MakeHarness) -> None:
    """Spans hold ids alone."""
    harness, kept = traced(make_harness, corruption=Corruption(share=0.5, seed=3))
    harness.load(
        call(n, f"CUSTOMER: I am {NAME}.\nAGENT: Noted.", interactionId=f"int-SECRET-{n}")
        for n in range(20)
    )
    harness.run(canary=20, breaker=100, max_attempts=2)
    harness.backend.bus.send("run-requested", f'{{"providers": ["{NAME}!"]}}'.encode(), {})
    harness.play()

    recorded = repr(kept.spans)
    assert kept.named("run-refused")
    assert [] == [word for word in (NAME, "SECRET", "tok_") if word in recorded]


def test_a_failing_exporter_stops_no_delivery(
    make_harness: MakeHarness, caplog: pytest.LogCaptureFixture
) -> None:
    """The error is logged."""
    harness = make_harness(telemetry=Broken().telemetry())
    harness.load(calls(4))
    with caplog.at_level(logging.WARNING, "troupe"):
        books = harness.run()

    assert (True, 4) == (books["ok"], books["analysed"])
    assert "telemetry-failed" in {record.getMessage() for record in caplog.records}
