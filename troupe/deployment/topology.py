"""The event flow as data: subscriptions and following events, derived from the code."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import get_args, get_type_hints

from events import Event, GcsObject, WatchTick, topic_of
from events.ids import dead_letter_topic
from handlers.choreography import CHOREOGRAPHY, name_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """One handler's subscription to one topic, with its dead-letter topic."""

    topic: str
    handler: str
    dead_letter_topic: str | None
    """None for signals, which are not replayed."""

    @property
    def name(self) -> str:
        return f"{self.handler}.{self.topic}"

    @property
    def is_signal(self) -> bool:
        """Whether messages are signals, kept for minutes: the next tick replaces a lost one."""
        return self.topic in (topic_of(WatchTick), topic_of(GcsObject))


@cache
def subscriptions() -> tuple[Subscription, ...]:
    """Return every subscription of the system, in the order of the event flow."""
    events = [
        Subscription(
            topic=topic_of(event),
            handler=name_of(handler),
            dead_letter_topic=dead_letter_topic(name_of(handler)),
        )
        for event, handler in CHOREOGRAPHY.items()
    ]
    signals = [
        Subscription(topic=topic_of(kind), handler="watch-jobs", dead_letter_topic=None)
        for kind in (WatchTick, GcsObject)
    ]
    letters = [
        Subscription(topic=topic, handler="record-dead-letter", dead_letter_topic=None)
        for topic in dict.fromkeys(s.dead_letter_topic for s in events)
        if topic
    ]
    return (*events, *signals, *letters)


def follows(handler: object) -> list[type[Event]]:
    """Return the events that a handler may return, read from its return type."""
    return sorted(_events_in(get_type_hints(handler)["return"]), key=lambda event: event.__name__)


def _events_in(hint: object) -> Iterator[type[Event]]:
    yield from {
        each
        for part in _leaves(hint)
        if isinstance(part, type) and issubclass(part, Event)
        for each in ([part] if not part.__subclasses__() else _last(part))
    }


def _leaves(hint: object) -> Iterator[object]:
    parts = get_args(hint)
    if not parts:
        yield hint
    for part in parts:
        yield from _leaves(part)


def _last(kind: type[Event]) -> list[type[Event]]:
    """Return the concrete events of a family such as `JobEnded`."""
    below = kind.__subclasses__()
    return [kind] if not below else [leaf for each in below for leaf in _last(each)]
