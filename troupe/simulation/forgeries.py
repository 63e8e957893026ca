"""Messages that a stranger publishes: real events repeated, changed, renamed or put at another time."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta

import msgspec

from events import EVENT_OF_TYPE, Deployment, Envelope, read_event, to_pubsub, wrap
from events.cloudevents import topic_of_type
from handlers.dispatch.message import Message

_FORGED = "forged"
"""An attribute that the product does not read; it shows the simulation what it must refuse."""
_encode = msgspec.json.Encoder(order="sorted").encode


def forge(
    kind: str, envelope: Envelope, deployment: Deployment
) -> tuple[str, bytes, dict[str, str]]:
    """Make a message out of a recorded event: topic, body and attributes."""
    forged = FORGERIES[kind](envelope, deployment)
    body, attributes = to_pubsub(forged)
    mark = {} if forged == envelope else {_FORGED: kind}
    return topic_of_type(envelope.type), body, {**attributes, **mark}


def is_forged(message: Message) -> bool:
    """Whether a stranger made this message up."""
    return _FORGED in message.attributes


def _changed(envelope: Envelope, _deployment: Deployment) -> Envelope:
    """Every number one higher, every address and list another one, or else another run."""
    data = msgspec.json.decode(envelope.data)
    strange = "gs://strange/requests.jsonl"
    for name, value in data.items():
        if isinstance(value, int) and not isinstance(value, bool):
            data[name] = value + 1
        elif isinstance(value, list):
            data[name] = [*value, strange]
        elif name == "uri":
            data[name] = strange
    if _encode(data) == _encode(msgspec.json.decode(envelope.data)):
        data["run_id"] = _FORGED
    return replace(envelope, data=_encode(data))


def _of_other_run(envelope: Envelope, deployment: Deployment) -> Envelope:
    event = read_event(envelope.data, EVENT_OF_TYPE[envelope.type])
    other = msgspec.structs.replace(event, run_id=_FORGED)
    return wrap(other, deployment=deployment, source="", time=envelope.time, cause=envelope)


FORGERIES: Mapping[str, Callable[[Envelope, Deployment], Envelope]] = {
    "repeated": lambda each, _: each,
    "changed": _changed,
    "renamed": lambda each, _: replace(each, id=f"{each.id}-renamed"),
    "of another run": _of_other_run,
    "at another time": lambda each, _: replace(each, time=each.time - timedelta(days=9)),
}
"""By name; a repeated event is the only real one."""
