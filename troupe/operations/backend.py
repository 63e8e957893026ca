"""What every operation needs: the backend that it works on, and the error that refuses it."""

from collections.abc import Mapping
from typing import Protocol

from events import Command, Deployment, Envelope, wrap_command
from events.ids import command_line_command, short_hash
from handlers.ports import Clock, Dependencies
from troupe.online.port import TokenCounter


class InvalidOperation(Exception):
    """The operation is refused; the text says why and what to do."""


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
    def bus(self) -> Sender: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def deployment(self) -> Deployment: ...
    @property
    def bills_reads(self) -> bool:
        """Whether a query is billed by the bytes that it reads."""
        ...

    def publish(self, command: Envelope) -> None:
        """Publish a command."""
        ...

    def token_counter(self, model: str) -> TokenCounter | None:
        """Return what counts the tokens of requests to this model; None where nothing does."""
        ...


def new_run_id(backend: Backend) -> str:
    """A unique run id that begins with the time of the request."""
    return f"run-{backend.clock():%Y%m%d-%H%M%S}-{short_hash(backend.dependencies.new_name())[:4]}"


def publish_command(backend: Backend, command: Command, command_id: str = "") -> None:
    """Publish a command, under a new id unless one is given: an id is handled once."""
    id_ = command_id or command_line_command(backend.dependencies.new_name())
    backend.publish(
        wrap_command(command, deployment=backend.deployment, id_=id_, time=backend.clock())
    )
