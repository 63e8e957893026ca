"""The catalogue of events, handlers, subscriptions and services, derived from the code.

`infra/catalogue.json` is its copy, for Terraform and other readers without Python.
`make catalogue` writes it; a test compares it with the code.
"""

import inspect
import json
import sys
from typing import Any

import msgspec

import events
from events import EVENTS, Event, GcsObject, WatchTick, topic_of, type_of
from handlers.choreography import CHOREOGRAPHY, SIGNALS, Handler, name_of
from handlers.dispatch.deliver import needs_of

from .services import groupings, labellers, operators, stewards
from .topology import follows, subscriptions


def catalogue() -> dict[str, Any]:
    """Return events, signals, handlers, subscriptions and services, in the order of the flow."""
    return {
        "events": [_event(kind) for kind in EVENTS],
        "signals": [_signal(kind) for kind in (WatchTick, GcsObject)],
        "handlers": [_handler(handler) for handler in _handlers()],
        "subscriptions": [
            {
                "name": each.name,
                "topic": each.topic,
                "handler": each.handler,
                "dead_letter_topic": each.dead_letter_topic,
            }
            for each in subscriptions()
        ],
        "services": groupings(),
        "operators": operators(),
        "stewards": stewards(),
        "labellers": labellers(),
    }


def flow_rows() -> list[dict[str, Any]]:
    """Return the event flow as `troupe choreography` prints it: one row per event and handler."""
    pairs = [*CHOREOGRAPHY.items(), *SIGNALS.items()]
    return [
        {
            "event": topic_of(kind),
            "handler": name_of(handler),
            "does": _purpose(handler),
            "follows": [topic_of(event) for event in _published_by(handler)],
        }
        for kind, handler in pairs
    ]


def diagram() -> str:
    """Return the event flow as a Mermaid flowchart: events are nodes, handlers label the arrows."""
    arrows = dict.fromkeys(
        f"  {topic_of(kind)} -->|{name_of(handler)}| {topic_of(event)}"
        for kind, handler in CHOREOGRAPHY.items()
        for event in _published_by(handler)
        if topic_of(event) not in _ASIDE
    )
    watched = (
        f"  vertex{{{{Vertex AI}}}} -.->|watch-jobs| {topic_of(event)}"
        for event in _published_by(SIGNALS[WatchTick])
        if topic_of(event).startswith("job-")
    )
    submits = "  job-submitted -.-> vertex"
    notified = (
        f"  {topic_of(kind)} -.->|{name_of(handler)}| people([people])"
        for kind, handler in CHOREOGRAPHY.items()
        if not _published_by(handler) and topic_of(kind) not in _ASIDE
    )
    return "\n".join(["flowchart TD", *arrows, submits, *watched, *notified])


_ASIDE = ("run-refused", "run-planned")
"""Events without a handler that continues the flow, left out of the flowchart."""


def _handlers() -> list[Handler]:
    return list(dict.fromkeys([*CHOREOGRAPHY.values(), *SIGNALS.values()]))


def _event(kind: type[Event]) -> dict[str, Any]:
    handler = CHOREOGRAPHY.get(kind)
    return {
        "topic": topic_of(kind),
        "type": type_of(kind),
        "description": _first_line(kind),
        "fields": [_field(field) for field in msgspec.structs.fields(kind)],
        "published_by": [name_of(h) for h in _handlers() if kind in _published_by(h)]
        or ["outside"],
        "handled_by": name_of(handler) if handler else None,
    }


def _field(field: msgspec.structs.FieldInfo) -> dict[str, Any]:
    schema = msgspec.json.schema(field.type)
    return {"name": field.name, "required": field.required, "schema": schema}


def _signal(kind: type[events.Signal]) -> dict[str, Any]:
    return {
        "topic": topic_of(kind),
        "description": _first_line(kind),
        "handled_by": name_of(SIGNALS[kind]),
    }


def _handler(handler: Handler) -> dict[str, Any]:
    reacts = [k for k, h in CHOREOGRAPHY.items() if h is handler]
    signals = [k for k, h in SIGNALS.items() if h is handler and k in (WatchTick, GcsObject)]
    return {
        "name": name_of(handler),
        "description": _purpose(handler),
        "reacts_to": [topic_of(kind) for kind in (*reacts, *signals)],
        "publishes": [topic_of(event) for event in _published_by(handler)],
        "needs": [need for need in needs_of(handler) if need != "envelope"],
    }


def _published_by(handler: Handler) -> list[type[Event]]:
    """Return the events of the handler's return type, in the order of `EVENTS`."""
    return [kind for kind in EVENTS if kind in follows(handler)]


def _purpose(handler: Handler) -> str:
    """Return the first line of the docstring of the handler's module."""
    return (inspect.getdoc(inspect.getmodule(handler)) or "").splitlines()[0]


def _first_line(kind: type) -> str:
    return (inspect.getdoc(kind) or "").splitlines()[0]


def text() -> str:
    """Return the catalogue as the text of `infra/catalogue.json`."""
    return json.dumps(catalogue(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(text())
