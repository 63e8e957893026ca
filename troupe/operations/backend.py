"""What every operation needs: the backend that it works on, and the error that refuses it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from events import Deployment, Envelope
from events.ids import short_hash
from handlers.dispatch.dead_letters import StoredDeadLetter
from handlers.ports import Clock, Dependencies


class InvalidOperation(Exception):
    """The operation is refused; the text says why and what to do."""


class DeadLetters(Protocol):
    """The dead letters that wait for an operator."""

    def find(
        self,
        handler: str | None = None,
        cause: str | None = None,
        since: datetime | None = None,
        letter_id: str | None = None,
    ) -> list[StoredDeadLetter]:
        """The waiting letters that match every given filter, oldest first."""
        ...

    def settle(self, letter: StoredDeadLetter, state: str) -> None:
        """Close a letter as `replayed`, `discarded` or `handled`."""
        ...


class Sender(Protocol):
    """Publishes messages that are not recorded as events first."""

    def send(
        self, topic: str, body: bytes, attributes: Mapping[str, str], message_id: str = ""
    ) -> str:
        """Publish one message; returns its id."""
        ...


class Backend(Protocol):
    """One deployment, wherever it runs."""

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
        """Record an event in the event log, then publish it."""
        ...


def new_run_id(backend: Backend) -> str:
    """A unique run id that begins with the time of the request."""
    return f"run-{backend.clock():%Y%m%d-%H%M%S}-{short_hash(backend.dependencies.new_name())[:4]}"
