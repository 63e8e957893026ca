"""Generate an AsyncAPI 3.0 document of all channels, messages and operations from the code.

`python -m scripts.asyncapi FILE` writes it; docs/reference/asyncapi.json is the committed copy. A
test compares it with the code and with AsyncAPI's schema.
"""

import ast
import inspect
import json
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import msgspec

from events import (
    EVENTS,
    SIGNALS,
    Command,
    Condition,
    DeadLetter,
    Event,
    GcsObject,
    WatchTick,
    topic_of,
    type_of,
)
from events.cloudevents import STRUCTURED, VERSION
from handlers.choreography import CHOREOGRAPHY, Handler, name_of
from handlers.dispatch.dead_letters import CAUSE, DELIVERIES, DETAIL
from troupe.deployment.topology import Subscription, follows, subscriptions

Json = dict[str, Any]

_EVENT = "CloudEvent"


def asyncapi() -> Json:
    """The whole document."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Troupe",
            "version": VERSION,
            "description": (
                "Small handlers react to events and return the events that follow. Each event is one "
                "CloudEvents 1.0 event in one Pub/Sub message; it carries ids, addresses and "
                "counts, never a transcript."
            ),
        },
        "defaultContentType": STRUCTURED,
        "channels": _channels(),
        "operations": _operations(),
        "components": {"messages": _messages(), "schemas": _schemas()},
    }


def field_notes(kind: type) -> dict[str, str]:
    """The docstrings under the fields of a class and of its parents."""
    notes: dict[str, str] = {}
    for parent in reversed(kind.__mro__):
        if parent.__module__.startswith("events."):
            notes |= _notes_in(parent)
    return notes


def _notes_in(kind: type) -> dict[str, str]:
    (body,) = ast.parse(dedent(inspect.getsource(kind))).body
    assert isinstance(body, ast.ClassDef)  # noqa: S101  (the source of a class is one)
    pairs = zip(body.body, body.body[1:], strict=False)
    return {
        field.target.id: " ".join(note.value.value.split())
        for field, note in pairs
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(note, ast.Expr)
        and isinstance(note.value, ast.Constant)
        and isinstance(note.value.value, str)
    }


def _channels() -> Json:
    events = {topic_of(kind): _channel(topic_of(kind), kind) for kind in EVENTS}
    signals = {topic_of(kind): _channel(topic_of(kind), kind) for kind in (WatchTick, GcsObject)}
    letters = {
        each.topic: _channel(each.topic, DeadLetter)
        for each in subscriptions()
        if each.topic not in events | signals
    }
    return events | signals | letters


def _channel(topic: str, kind: type) -> Json:
    return {
        "address": topic,
        "summary": _summary(kind),
        "messages": {kind.__name__: {"$ref": f"#/components/messages/{kind.__name__}"}},
    }


def _operations() -> Json:
    """Receive operations of all subscriptions, and send operations of all handlers."""
    receive = {each.name: _receive(each) for each in subscriptions()}
    handlers: dict[str, Handler] = {name_of(each): each for each in _handlers()}
    send = {
        f"{name}.sends.{topic_of(kind)}": _operation("send", topic_of(kind), kind)
        for name, handler in handlers.items()
        for kind in EVENTS
        if kind in follows(handler)
    }
    return receive | send


def _handlers() -> list[Handler]:
    from handlers.choreography import SIGNALS as OF_SIGNALS

    return list(dict.fromkeys([*CHOREOGRAPHY.values(), *OF_SIGNALS.values()]))


def _receive(subscription: Subscription) -> Json:
    by_topic: dict[str, type] = {topic_of(kind): kind for kind in (*EVENTS, *SIGNALS)}
    kind = by_topic.get(subscription.topic, DeadLetter)
    operation = _operation("receive", subscription.topic, kind)
    if subscription.dead_letter_topic:
        operation["description"] = (
            f"What cannot be handled goes to {subscription.dead_letter_topic}, with its cause."
        )
    return operation


def _operation(action: str, topic: str, kind: type) -> Json:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{topic}"},
        "messages": [{"$ref": f"#/channels/{topic}/messages/{kind.__name__}"}],
    }


def _messages() -> Json:
    return {
        **{kind.__name__: _message(kind) for kind in EVENTS},
        WatchTick.__name__: _signal(WatchTick, "Any body; it is not read.", {}),
        GcsObject.__name__: _signal(
            GcsObject,
            "Cloud Storage's notification; only its attributes are read.",
            {"bucketId": "The bucket.", "objectId": "The object's name."},
        ),
        DeadLetter.__name__: _signal(
            DeadLetter,
            "The message as it was.",
            {
                CAUSE: "A stable name of the cause; missing after too many deliveries.",
                DETAIL: "Ids and counts.",
                DELIVERIES: "How often it was delivered; added by Pub/Sub.",
            },
        ),
    }


def _message(kind: type[Event]) -> Json:
    event = {
        "allOf": [
            {"$ref": f"#/components/schemas/{_EVENT}"},
            {
                "type": "object",
                "properties": {
                    "type": {"const": type_of(kind)},
                    "data": {"$ref": f"#/components/schemas/{kind.__name__}"},
                },
            },
        ]
    }
    bare = {"$ref": f"#/components/schemas/{kind.__name__}"}
    return {
        "name": type_of(kind),
        "title": kind.__name__,
        "summary": _summary(kind),
        "contentType": STRUCTURED,
        "correlationId": {
            "description": "The run that everything belongs to.",
            "location": "$message.payload#/correlationid",
        },
        # gcloud or a scheduler may send the data without the envelope.
        "payload": {"oneOf": [event, bare]} if issubclass(kind, Command) else event,
    }


def _signal(kind: type, body: str, attributes: dict[str, str]) -> Json:
    headers = {name: {"type": "string", "description": text} for name, text in attributes.items()}
    return {
        "name": topic_of(kind),
        "title": kind.__name__,
        "summary": _summary(kind),
        "contentType": "application/octet-stream",
        "headers": {"type": "object", "properties": headers},
        "payload": {"description": body},
    }


def _schemas() -> Json:
    kinds: dict[str, type[msgspec.Struct]] = {kind.__name__: kind for kind in EVENTS}
    _, schemas = msgspec.json.schema_components(
        kinds.values(), ref_template="#/components/schemas/{name}"
    )
    kinds[Condition.__name__] = Condition
    for name, schema in schemas.items():
        written = dict(
            zip(kinds[name].__struct_fields__, kinds[name].__struct_encode_fields__, strict=True)
        )
        for field, note in field_notes(kinds[name]).items():
            if written.get(field) in schema.get("properties", {}):
                schema["properties"][written[field]]["description"] = note
    return {_EVENT: _cloud_event(), **schemas}


def _cloud_event() -> Json:
    """The CloudEvents attributes; Pub/Sub message attributes repeat them with the prefix `ce-`."""
    attributes = {
        "id": "Deterministic: the same event always has the same id.",
        "source": "The handler or operator that published it.",
        "type": "What happened, and the version of its form.",
        "specversion": "Of CloudEvents.",
        "subject": "Where in the run: runs/r1/batches/2/attempts/1.",
        "time": "When it was recorded; RFC 3339.",
        "datacontenttype": "Of the data.",
        "correlationid": "The run that everything belongs to.",
        "causationid": "The id of the event that caused this one; missing for a command.",
        "traceparent": "W3C trace context: one trace for a run, one span id for an event.",
    }
    return {
        "type": "object",
        "required": ["id", "source", "type", "specversion", "data"],
        "properties": {
            **{name: {"type": "string", "description": text} for name, text in attributes.items()},
            "data": {"type": "object", "description": "The event."},
        },
    }


def _summary(kind: type) -> str:
    return (inspect.getdoc(kind) or "").splitlines()[0]


def text() -> str:
    return json.dumps(asyncapi(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(text(), encoding="utf-8")
