"""Events in Pub/Sub messages: encoded, decoded back, and refused when invalid."""

import json
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from events import (
    EVENT_OF_TYPE,
    EVENTS,
    SIGNALS,
    BatchCompleted,
    BatchPlanned,
    CancelRequested,
    Command,
    Event,
    RunRequested,
    RunStopped,
    Unreadable,
    data_of,
    from_pubsub,
    is_event,
    read_event,
    to_pubsub,
    topic_of,
    topic_of_type,
    type_of,
    wrap_command,
)
from tests.events.making import DEPLOYMENT, NOON, events, events_of, wrapped

few = settings(
    deadline=None, derandomize=True, max_examples=15, suppress_health_check=[HealthCheck.too_slow]
)
PLANNED = BatchPlanned(run_id="r1", planned_on="2026-03-02", batch=2, attempt=1, records=7)


def encoded(event: Event, **changed: Any) -> bytes:
    """The event as JSON, with fields changed or, for `...`, left out."""
    data = msgspec.json.decode(data_of(event)) | changed
    return json.dumps({name: v for name, v in data.items() if v is not ...}).encode()


def binary(body: bytes, attributes: dict[str, str]) -> tuple[bytes, dict[str, str]]:
    """The same event in binary form: attributes outside, data as the body."""
    rest = {name: v for name, v in attributes.items() if name != "content-type"}
    return json.dumps(json.loads(body)["data"]).encode(), rest


@pytest.mark.parametrize("kind", EVENTS, ids=topic_of)
@few
@given(data=st.data())
def test_an_event_is_decoded_back_from_both_forms(kind: type[Event], data: st.DataObject) -> None:
    """Structured and binary, with any values."""
    event = data.draw(events_of(kind))
    envelope = wrapped(event)
    body, attributes = to_pubsub(envelope)

    structured = from_pubsub(body, attributes)

    assert is_event(attributes)
    assert envelope == structured
    assert envelope == from_pubsub(*binary(body, attributes))
    assert event == read_event(structured.data, EVENT_OF_TYPE[structured.type])


def test_attributes_repeat_what_subscriptions_filter_by() -> None:
    """With the prefix `ce-` of the Pub/Sub binding; every value is a string."""
    _, attributes = to_pubsub(wrapped(PLANNED))

    assert {
        "ce-id": "d1__batch-planned__r1__2__1",
        "ce-type": "dev.troupe.batch-planned.v1",
        "ce-source": "//dev.troupe/tests",
        "ce-subject": "runs/r1/batches/2/attempts/1",
        "ce-correlationid": "r1",
        "ce-causationid": "m1",
        "ce-specversion": "1.0",
        "ce-time": NOON.isoformat(),
        "ce-datacontenttype": "application/json",
    } == {
        name: v
        for name, v in attributes.items()
        if name.startswith("ce-") and name != "ce-traceparent"
    }
    assert all(isinstance(value, str) for value in attributes.values())


def test_class_topic_and_type_of_an_event_share_one_name() -> None:
    """Topics and types derive from the class name, and no two are equal."""
    assert "batch-planned" == topic_of(BatchPlanned)
    assert "dev.troupe.batch-planned.v1" == type_of(BatchPlanned)
    assert [topic_of(kind) for kind in EVENTS] == [topic_of_type(type_of(kind)) for kind in EVENTS]
    assert len(EVENTS) + len(SIGNALS) == len({topic_of(kind) for kind in (*EVENTS, *SIGNALS)})


# Reading


def test_unknown_fields_of_an_event_are_ignored() -> None:
    """A newer version may add fields."""
    assert PLANNED == read_event(encoded(PLANNED, priority="high"), BatchPlanned)


@pytest.mark.parametrize("kind", [k for k in EVENTS if issubclass(k, Command)], ids=topic_of)
def test_unknown_fields_of_a_command_are_refused_by_name(kind: type[Event]) -> None:
    """A typo in a command must not be ignored."""
    with pytest.raises(Unreadable, match="concurency"):
        read_event(b'{"run_id": "r1", "concurency": 3}', kind)


@pytest.mark.parametrize("field", ["run_id", "planned_on", "batch", "attempt", "records"])
def test_a_missing_field_is_refused_by_name(field: str) -> None:
    """No default replaces a required field."""
    with pytest.raises(Unreadable, match=f"batch-planned.*`{field}`"):
        read_event(encoded(PLANNED, **{field: ...}), BatchPlanned)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("batch", "2"), ("batch", 2.5), ("batch", None), ("batch", True),
        ("records", []), ("run_id", 7), ("planned_on", {}),
    ],
)  # fmt: skip
def test_a_mistyped_field_is_refused_by_name(field: str, value: object) -> None:
    """Types are not converted: a number in quotes is not a number."""
    with pytest.raises(Unreadable, match=rf"batch-planned.*\$\.{field}"):
        read_event(encoded(PLANNED, **{field: value}), BatchPlanned)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b"\xff\xfe{}", b'{"run_id": "\xff"}', b'{"run_id": "\\ud800"}',
     b'{"run_id": "r1", "budget": NaN}', b"[" * 100_000, b'{"a":' * 100_000],
    ids=lambda body: repr(body[:24]),
)  # fmt: skip
def test_invalid_bytes_raise_unreadable_and_no_other_error(body: bytes) -> None:
    """The delivery loop handles one type of error."""
    with pytest.raises(Unreadable):
        read_event(body, RunRequested)


@pytest.mark.parametrize(
    "body",
    [
        b'{"run_id": "r1", "mode": "Jane Doe"}',
        b'{"run_id": "Jane Doe"}',
        b'{"run_id": "r1", "providers": ["Jane Doe!"]}',
        b'{"run_id": "r1", "limit": "Jane Doe"}',
    ],
)
def test_a_refusal_repeats_no_value(body: bytes) -> None:
    """The text is logged and stored, and values may be personal data."""
    with pytest.raises(Unreadable) as refused:
        read_event(body, RunRequested)

    assert "Jane" not in str(refused.value)


def message(**changed: Any) -> tuple[bytes, dict[str, str]]:
    """A structured message with attributes of the event changed or, for `...`, left out."""
    body, attributes = to_pubsub(wrapped(PLANNED))
    event = json.loads(body) | changed
    return json.dumps({k: v for k, v in event.items() if v is not ...}).encode(), attributes


@pytest.mark.parametrize(
    "changed",
    [
        {"id": ...}, {"type": ...}, {"source": ...}, {"specversion": "0.3"}, {"id": ""},
        {"data": ...}, {"data": [1]}, {"data": "text"}, {"data": None},
        {"time": "yesterday"}, {"time": 7}, {"time": "2026-03-02T12:00:00"},
        {"time": "0001-01-01T00:00:00+14:00"}, {"time": "9999-12-31T23:59:59-12:00"},
        {"batch_id": "b"},
    ],
    ids=str,
)  # fmt: skip
def test_an_event_that_breaks_cloudevents_is_unreadable(changed: dict[str, Any]) -> None:
    """A redelivery would have the same bytes."""
    with pytest.raises(Unreadable):
        from_pubsub(*message(**changed))


@pytest.mark.parametrize("time", ["nonsense", "0001-01-01T00:00:00+14:00", ""])
def test_a_binary_event_with_a_broken_time_is_unreadable(time: str) -> None:
    """As in the structured form."""
    body, attributes = binary(*to_pubsub(wrapped(PLANNED)))

    with pytest.raises(Unreadable):
        from_pubsub(body, attributes | {"ce-time": time})


@few
@given(
    body=st.binary(max_size=60),
    kind=st.sampled_from(["application/cloudevents+json", "text/plain"]),
)
def test_any_bytes_raise_unreadable(body: bytes, kind: str) -> None:
    """A topic may receive messages from other publishers."""
    with pytest.raises(Unreadable):
        from_pubsub(body, {"content-type": kind, "ce-id": "x"})


def test_a_time_with_another_offset_is_converted_to_utc() -> None:
    """Times of events are compared."""
    assert NOON == from_pubsub(*message(time="2026-03-02T14:00:00+02:00")).time


# Identity


@few
@given(event=events, later=st.integers(1, 10**6))
def test_an_event_that_is_wrapped_twice_is_the_same_event(event: Event, later: int) -> None:
    """Id, data, subject and trace do not depend on the cause or the time."""
    id_ = "command-1" if isinstance(event, Command) else "another-cause"
    first = wrapped(event, id_="command-1")
    again = wrapped(event, id_=id_, at=NOON + timedelta(seconds=later))

    assert (first.id, first.data, first.subject, first.traceparent) == (
        again.id, again.data, again.subject, again.traceparent,
    )  # fmt: skip


@settings(few, max_examples=60)
@given(one=events, other=events)
def test_events_of_another_class_or_key_have_different_ids(one: Event, other: Event) -> None:
    """And events of the same class and key have the same id."""
    if isinstance(one, Command) or isinstance(other, Command):
        return
    same = type(one) is type(other) and _key(one) == _key(other)

    assert same == (wrapped(one).id == wrapped(other).id)


def _key(event: Event) -> tuple[object, ...]:
    return tuple(getattr(event, name) for name in event.identified_by)


def test_every_attempt_has_an_event_id_of_its_own() -> None:
    """Attempt 11 of batch 1 is not attempt 1 of batch 11; run r1 is no prefix of r11."""
    attempts = [(run, b, a) for run in ("r1", "r11", "r-1") for b in (1, 11, 111) for a in (1, 11)]
    ids = {
        wrapped(BatchPlanned(run_id=r, planned_on="2026-03-02", batch=b, attempt=a, records=1)).id
        for r, b, a in attempts
    }

    assert len(attempts) == len(ids)


def test_a_run_can_be_stopped_once_for_each_reason() -> None:
    """The reason is part of the event's key."""
    ids = {
        wrapped(RunStopped(run_id="r1", planned_on="2026-03-02", reason=reason)).id
        for reason in ("operator", "breaker", "budget", "job_refused", "age")
    }

    assert 5 == len(ids)


def test_a_command_keeps_the_id_of_its_request() -> None:
    """Two equal requests are two events."""
    command = CancelRequested(run_id="r1")

    assert ("a", "b") == (wrapped(command, id_="a").id, wrapped(command, id_="b").id)


def test_a_run_is_one_trace_and_every_event_a_span_of_it() -> None:
    """Both ids derive from event and run, so no state is stored."""
    over = BatchCompleted(
        run_id="r1", planned_on="2026-03-02", batch=2, attempts=1, analysed=7, failed=0, released=0
    )
    _, trace, span, flags = wrapped(PLANNED).traceparent.split("-")
    _, other_trace, other_span, _ = wrapped(over).traceparent.split("-")

    assert (trace, "01", 32, 16) == (other_trace, flags, len(trace), len(span))
    assert span != other_span


@few
@given(event=events)
def test_data_has_its_fields_in_alphabetical_order(event: Event) -> None:
    """Equal events have equal bytes; the verification compares them."""
    data = data_of(event)

    assert sorted(json.loads(data)) == list(json.loads(data))
    assert data == data_of(read_event(data, type(event)))


def test_ids_contain_the_deployment() -> None:
    """Two deployments in one project have different ids for the same attempt."""
    assert "d1__r1__2__1" == DEPLOYMENT.attempt("r1", 2, 1)
    assert "troupe__close__d1__r1__2__1" == DEPLOYMENT.job("close", "r1", 2, 1)


def test_a_command_that_spells_a_number_otherwise_is_the_same_command() -> None:
    """20 and 20.0 per cent: its content is hashed, and compared with that of its id."""
    bodies = [
        wrap_command(
            RunRequested(run_id="r1", breaker=breaker), deployment=DEPLOYMENT, id_="q1", time=NOON
        ).data
        for breaker in (20, 20.0)
    ]

    assert bodies[0] == bodies[1]
