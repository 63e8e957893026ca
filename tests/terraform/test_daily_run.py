"""The daily run: the message that Cloud Scheduler would publish, on the local backend."""

import base64
import json

import msgspec

from events import RunRequested
from tests.harness import LocalHarness, calls

from .terraform import Plan


def body_of(plan: Plan) -> bytes:
    """Return the body that the scheduler's job publishes."""
    (target,) = plan.of("google_cloud_scheduler_job", "daily_run")["0"]["pubsub_target"]
    assert not target["attributes"], "attributes would make it a CloudEvent with a constant id"
    return base64.b64decode(target["data"])


def test_two_days_give_two_runs_and_a_redelivery_gives_none(
    harness: LocalHarness, prod: Plan
) -> None:
    """The body is the same every day; the run id derives from the message id."""
    body = body_of(prod)
    bus = harness.backend.bus

    harness.load(calls(6))
    bus.send("run-requested", body, {}, message_id="monday")
    harness.play()
    harness.load(calls(4, start=6))
    harness.clock.pass_(24 * 3600)
    bus.send("run-requested", body, {}, message_id="tuesday")
    bus.send("run-requested", body, {}, message_id="tuesday")
    harness.play()

    runs = harness.sql("SELECT mode, records FROM run_plans ORDER BY planned_at")
    assert [("incremental", 6), ("incremental", 4)] == runs
    assert 10 == harness.one("SELECT count(*) FROM transcription_analyzed_transcripts")


def test_the_daily_run_is_a_valid_request(prod: Plan) -> None:
    """A typo in a tfvars file is found here."""
    request = msgspec.json.decode(body_of(prod), type=RunRequested)

    assert "" == request.run_id
    assert 100.0 == request.budget


def test_without_a_schedule_there_is_only_the_tick(dev: Plan) -> None:
    """The dev environment has no daily run."""
    assert ["tick"] == list(dev.of("google_cloud_scheduler_job"))


def test_the_tick_message_has_data(prod: Plan) -> None:
    """Pub/Sub refuses a message without data and attributes."""
    (target,) = prod.of("google_cloud_scheduler_job")["tick"]["pubsub_target"]

    assert {} == json.loads(base64.b64decode(target["data"]))
