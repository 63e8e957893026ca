"""What the duties of a troupe share: whom they speak to, and how they refuse."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from events import Deployment, Envelope
from events.ids import short_hash
from handlers.dispatch.dead_letters import StoredDeadLetter
from handlers.ports import Clock, Dependencies

Answer = dict[str, Any]


class InvalidOperation(Exception):
    """What was asked cannot be done; the text says why and what to do."""


class DeadLetters(Protocol):
    """The dead letters that wait for an operator."""

    def find(
        self,
        handler: str | None = None,
        cause: str | None = None,
        since: datetime | None = None,
        letter_id: str | None = None,
    ) -> list[StoredDeadLetter]:
        """Oldest first."""
        ...

    def settle(self, letter: StoredDeadLetter, state: str) -> None:
        """An operator has dealt with it: `replayed`, `discarded` or `handled`."""
        ...


class Sender(Protocol):
    """Publishes what is no event of its own: a message once more."""

    def send(
        self, topic: str, body: bytes, attributes: Mapping[str, str], message_id: str = ""
    ) -> str: ...


class Backend(Protocol):
    """What operators speak to, wherever the troupe runs."""

    @property
    def dependencies(self) -> Dependencies: ...
    @property
    def letters(self) -> DeadLetters: ...
    @property
    def bus(self) -> Sender: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def deployment(self) -> Deployment: ...

    def publish(self, envelope: Envelope) -> None:
        """From outside: remembered, then sent."""
        ...


def new_run_id(backend: Backend) -> str:
    """A name that says when, and is nobody else's."""
    return f"run-{backend.clock():%Y%m%d-%H%M%S}-{short_hash(backend.dependencies.new_name())[:4]}"
