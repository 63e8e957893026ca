"""The service of a handler over HTTP: requests, statuses and timeouts."""

import asyncio
import json
import threading
from dataclasses import replace
from typing import Any

import pytest

from events import RunCompleted, RunRequested, to_pubsub
from handlers.dispatch.errors import Redeliver
from tests.events.making import wrapped
from tests.gcp.making import gcp_settings
from tests.gcp.serving import START, Caller, FakeBackend, ServiceHarness, Slow, TimeBudget, message
from tests.harness import LocalHarness, calls
from troupe.backends.gcp.app import LARGEST_BYTES, Service
from troupe.backends.pubsub_push import Push, unwrapped_push, wrapped_push


@pytest.fixture
def service(harness: LocalHarness) -> ServiceHarness:
    """One thread, because the local warehouse has one."""
    return ServiceHarness(
        harness, gcp_settings(TROUPE_CONCURRENCY=1, TROUPE_TIME_BUDGET_SECONDS=30)
    )


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records]


# Every form of an arrival


@pytest.mark.parametrize("form", [wrapped_push, unwrapped_push])
def test_a_push_in_either_form_is_handled_and_acknowledged(
    service: ServiceHarness, form: Any
) -> None:
    """The events that follow are published before the reply."""
    service.harness.load(calls(4))

    status = service.pushed(service.message_of(RunRequested(run_id="r1")), "plan-run", form)

    assert 204 == status
    assert ["run-planned", "batch-planned"] == [
        each.type.split(".")[2] for each in service.backend.bus.published
    ]


@pytest.mark.parametrize("binary", [False, True])
def test_an_event_over_cloudevents_http_binding_is_handled(
    service: ServiceHarness, binary: bool
) -> None:
    """In structured and in binary mode, with percent-encoded headers."""
    service.harness.load(calls(4))
    delivered = service.message_of(RunRequested(run_id="r1"))
    headers = {"content-type": "application/cloudevents+json"}
    body = delivered.body
    if binary:
        named = {k: v for k, v in delivered.attributes.items() if k.startswith("ce-")}
        headers = {"content-type": "application/json"} | named
        headers["ce-source"] = headers["ce-source"].replace("/", "%2F")
        body = json.dumps(json.loads(delivered.body)["data"]).encode()

    assert [204] == service.caller.send(Push(headers, body))
    assert 2 == len(service.backend.bus.published)


def test_a_pubsub_message_through_eventarc_is_handled(service: ServiceHarness) -> None:
    """The topic is in the event; the subscription belongs to Eventarc."""
    service.harness.load(calls(4))
    delivered = service.message_of(RunRequested(run_id="r1"))
    push = wrapped_push(delivered, "projects/p/subscriptions/eventarc-xyz")
    headers = {
        "content-type": "application/json", "ce-id": "1", "ce-specversion": "1.0",
        "ce-type": "google.cloud.pubsub.topic.v1.messagePublished",
        "ce-source": "//pubsub.googleapis.com/projects/stories/topics/run-requested",
    }  # fmt: skip

    assert [204] == service.caller.send(Push(headers, push.body))
    assert 2 == len(service.backend.bus.published)


def test_bare_json_on_a_command_topic_is_a_command(service: ServiceHarness) -> None:
    """As `gcloud pubsub topics publish` sends it."""
    service.harness.load(calls(4))

    assert 204 == service.pushed(message("run-requested", b'{"limit": 2}', {}), "plan-run")
    assert 2 == len(service.backend.bus.published)


NOTIFICATION = {
    "eventType": "OBJECT_FINALIZE",
    "bucketId": "stories-troupe",
    "objectId": "output/x/prediction-model-2026-03-02T09:00:00Z/predictions.jsonl",
}


@pytest.mark.parametrize("form", [wrapped_push, unwrapped_push])
@pytest.mark.parametrize(
    ("topic", "body", "attributes"),
    [
        ("watch-tick", b'{"tick": "scheduler"}', {}),
        ("watch-tick", b'{"protoPayload": {"methodName": "x"}, "insertId": "1"}', {}),
        ("gcs-object", b'{"kind": "storage#object"}', NOTIFICATION),
    ],
    ids=["scheduler", "log sink", "storage"],
)
def test_every_signal_triggers_watch_jobs(
    service: ServiceHarness, topic: str, body: bytes, attributes: dict[str, str], form: Any
) -> None:
    """It queries Vertex, and publishes the end of the job."""
    service.harness.load(calls(2))
    service.harness.request()
    while service.harness.backend.deliver_next() is not None:
        pass
    while service.harness.backend.service.step():
        pass
    service.harness.clock.pass_(61)
    folder = f"output/{service.harness.backend.deployment.attempt('r1', 1, 1)}__1/"
    sent = {name: text.replace("output/x/", folder) for name, text in attributes.items()}

    assert 204 == service.pushed(message(topic, body, sent), "watch-jobs", form)
    assert "job-succeeded" in [each.type.split(".")[2] for each in service.backend.bus.published]


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("google.cloud.storage.object.v1.finalized",
         {"bucket": "stories-troupe", "name": NOTIFICATION["objectId"]}),
        ("google.cloud.audit.log.v1.written", {"protoPayload": {"methodName": "x"}}),
    ],
)  # fmt: skip
def test_signals_through_eventarc_trigger_watch_jobs(
    service: ServiceHarness, kind: str, data: dict[str, Any]
) -> None:
    """Storage events and audit logs."""
    headers = {
        "content-type": "application/json", "ce-id": "1", "ce-specversion": "1.0",
        "ce-type": kind, "ce-source": "//storage.googleapis.com/x", "ce-time": START.isoformat(),
    }  # fmt: skip

    assert [204] == service.caller.send(Push(headers, json.dumps(data).encode()))


@pytest.mark.parametrize(
    "changed",
    [
        {"eventType": "OBJECT_DELETE"},
        {"bucketId": "somebody-elses"},
        {"objectId": "requests/x/predictions.jsonl"},
    ],
)
def test_an_unrelated_object_is_acknowledged_unhandled(
    service: ServiceHarness, changed: dict[str, str]
) -> None:
    """Another notification may exist, and a notification filters by prefix alone."""
    service.backend.dependencies = replace(service.backend.dependencies, tracking=None)  # type: ignore[arg-type] # a missing port makes the delivery fail

    status = service.pushed(message("gcs-object", b"{}", NOTIFICATION | changed), "watch-jobs")

    assert 204 == status


def test_a_replay_for_another_handler_is_acknowledged_unhandled(service: ServiceHarness) -> None:
    """Its own subscription delivers it as well."""
    delivered = service.message_of(RunRequested(run_id="r1"))
    again = replace(delivered, attributes={**delivered.attributes, "replayfor": "somebody-else"})

    assert 204 == service.pushed(again, "plan-run")
    assert [] == service.backend.bus.published


# What is refused


@pytest.mark.parametrize("name", ["submit-job.jsonl-uploaded", "x", "plan-run.watch-tick"])
def test_another_handler_s_subscription_is_refused(
    harness: LocalHarness, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Its push endpoint is wrong; the log names the subscription."""
    service = ServiceHarness(harness, gcp_settings(TROUPE_HANDLER="plan-run", TROUPE_CONCURRENCY=1))
    delivered = message("x", b"{}", {})

    assert [403] == service.caller.send(
        wrapped_push(delivered, service.settings.subscription(name))
    )
    (record,) = [each for each in caplog.records if each.getMessage() == "wrong-subscription"]
    assert name in vars(record)["why"]


def test_a_subscription_of_another_deployment_is_refused(harness: LocalHarness) -> None:
    """Its name has another prefix."""
    service = ServiceHarness(
        harness, gcp_settings(TROUPE_TOPIC_PREFIX="dev-", TROUPE_CONCURRENCY=1)
    )

    assert [403] == service.caller.send(
        wrapped_push(
            message("x", b"{}", {}), "projects/stories/subscriptions/plan-run.run-requested"
        )
    )


@pytest.mark.parametrize(
    "push",
    [
        Push({}, b""),
        Push({"content-type": "application/json"}, b'{"message": 5}'),
        Push({"content-type": "application/cloudevents+json"}, b"{}"),
        Push({"content-type": "application/json", "ce-id": "1", "ce-type": "x.y"}, b"{}"),
        Push({"content-type": "application/json", "ce-id": "1",
              "ce-type": "dev.troupe.run-requested.v1", "ce-time": "soon"}, b"{}"),
    ],
)  # fmt: skip
def test_an_unknown_request_is_a_bad_request(service: ServiceHarness, push: Push) -> None:
    """Logged without a traceback."""
    assert [400] == service.caller.send(push)


def test_a_body_larger_than_any_message_is_not_read(service: ServiceHarness) -> None:
    """Reading stops at the limit."""
    assert [413] == service.caller.send(Push({}, b"x" * (LARGEST_BYTES + 1)))


# What becomes of a delivery


def test_a_poison_message_is_acknowledged_after_its_dead_letter_is_published(
    service: ServiceHarness,
) -> None:
    """With the subscription that delivered it."""
    status = service.pushed(message("batch-planned", b"no event", {}), "write-jsonl")

    ((letter, subscription, cause),) = service.backend.bus.dead_letters
    assert (204, b"no event", "write-jsonl.batch-planned", "unreadable_message") == (
        status, letter.body, subscription.name, cause,
    )  # fmt: skip


def test_a_dead_letter_has_no_headers_of_the_request(
    service: ServiceHarness,
) -> None:
    """Attributes of an unwrapped push are among the headers."""
    name = service.settings.subscription("write-jsonl.batch-planned")
    push = unwrapped_push(message("batch-planned", b"no event", {"colour": "red"}), name)
    of_cloud_run = {
        "x-forwarded-for": "192.0.2.1", "forwarded": "for=192.0.2.1", "connection": "keep-alive",
        "authorization": "Bearer secret", "traceparent": "00-1-2-01",
    }  # fmt: skip

    assert [204] == service.caller.send(Push({**push.headers, **of_cloud_run}, push.body))
    ((letter, _, _),) = service.backend.bus.dead_letters
    assert {"colour": "red"} == letter.attributes


def test_a_poison_message_is_redelivered_until_its_dead_letter_is_published(
    service: ServiceHarness,
) -> None:
    """So that it is not lost."""
    service.backend.bus.fails = True

    assert 503 == service.pushed(message("batch-planned", b"no event", {}), "write-jsonl")


def test_a_delivery_that_cannot_publish_is_redelivered(service: ServiceHarness) -> None:
    """And then publishes."""
    service.harness.load(calls(4))
    service.backend.bus.fails = True
    delivered = service.message_of(RunRequested(run_id="r1"))

    assert 503 == service.pushed(delivered, "plan-run")
    service.backend.bus.fails = False
    assert 204 == service.pushed(delivered, "plan-run")
    assert 2 == len(service.backend.bus.published)


def test_an_event_of_a_run_that_is_not_planned_yet_is_redelivered(service: ServiceHarness) -> None:
    """An error of the handler does not lose the message."""
    event = RunCompleted(
        run_id="nowhere", planned_on="2026-03-02", batches=1, records=1,
        analysed=1, failed=0, released=0,
    )  # fmt: skip
    envelope = wrapped(event)
    dependencies = service.harness.backend.dependencies
    dependencies.event_log.record([envelope], envelope.time)

    assert 503 == service.pushed(message("run-completed", *to_pubsub(envelope)), "report-run")


# Health


def test_a_service_is_alive_before_it_is_ready(harness: LocalHarness) -> None:
    """Making its clients may take long, or fail at first."""
    backends: list[Any] = [
        Redeliver("BigQuery does not answer"),
        FakeBackend(harness.backend.dependencies),
    ]

    def make() -> Any:
        made = backends.pop(0)
        if isinstance(made, Exception):
            raise made
        return made

    caller = Caller(Service(gcp_settings(), make))

    assert [200] == caller.send(Push({}, b""), method="GET", path="/healthz")
    assert [503] == caller.send(Push({}, b""), method="GET", path="/readyz")
    assert [200] == caller.send(Push({}, b""), method="GET", path="/readyz")
    assert [] == backends


# Time


def test_a_delivery_over_its_time_budget_is_joined_by_its_redelivery(
    harness: LocalHarness, caplog: pytest.LogCaptureFixture
) -> None:
    """The reply comes before Pub/Sub's deadline; the work continues and is done once."""
    slow = Slow(FakeBackend(harness.backend.dependencies))
    settings = gcp_settings(TROUPE_CONCURRENCY=1)
    service = Service(TimeBudget.over_once(settings, slow.begun), lambda: slow)
    caller = Caller(service)
    push = wrapped_push(
        message("watch-tick", b"x", {}), settings.subscription("watch-jobs.watch-tick")
    )

    assert [503] == caller.send(push)
    assert "over-the-time-budget" in lines(caplog)

    service.settings = TimeBudget.opens(settings, slow.gate)
    assert [204] == caller.send(push)
    slow.entered.acquire()
    assert not slow.entered.acquire(blocking=False)


def test_a_delivery_without_a_free_thread_is_redelivered(harness: LocalHarness) -> None:
    """With 429: another instance may have a free thread."""
    slow = Slow(FakeBackend(harness.backend.dependencies))
    settings = gcp_settings(TROUPE_CONCURRENCY=1)
    service = Service(TimeBudget.over_once(settings, slow.begun), lambda: slow)
    caller = Caller(service)
    name = settings.subscription("watch-jobs.watch-tick")
    one, other = (
        wrapped_push(replace(message("watch-tick", b"x", {}), id=id_), name) for id_ in ("m1", "m2")
    )

    assert [503, 429] == caller.send(one, other)
    service.settings = TimeBudget.opens(settings, slow.gate)
    assert [204] == caller.send(one)


def test_two_deliveries_are_handled_at_once(harness: LocalHarness) -> None:
    """As many as the service has threads."""
    slow = Slow(FakeBackend(harness.backend.dependencies))
    settings = replace(gcp_settings(TROUPE_CONCURRENCY=2), time_budget_seconds=30)
    caller = Caller(Service(settings, lambda: slow))
    name = settings.subscription("watch-jobs.watch-tick")
    delivered = message("watch-tick", b"x", {})

    def both_are_in() -> None:
        slow.entered.acquire()
        slow.entered.acquire()
        slow.backend.dependencies = replace(harness.backend.dependencies, event_log=None)  # type: ignore[arg-type] # a missing port makes the delivery fail
        slow.gate.set()

    watching = threading.Thread(target=both_are_in)
    watching.start()
    statuses = caller.send(
        *(wrapped_push(replace(delivered, id=id_), name) for id_ in ("m1", "m2"))
    )
    watching.join()

    assert [503, 503] == statuses


def test_the_backend_is_closed_with_the_service(harness: LocalHarness) -> None:
    """Once."""
    backend = FakeBackend(harness.backend.dependencies)
    service = Service(gcp_settings(), lambda: backend)
    app = service.app()

    async def live() -> None:
        async with app.router.lifespan_context(app):
            assert [True] == [await asyncio.to_thread(service.prepare)]

    asyncio.run(live())

    assert backend.closed
