"""Operators' commands during a run: the real operations, on ports that may fail."""

from collections.abc import Callable, Mapping

from events import Deployment, DiscardRequested, Envelope, ReplayRequested
from events.cloudevents import message_of
from handlers.dispatch.errors import Redeliver, Reject
from handlers.ports import Clock, Dependencies
from troupe import operations
from troupe.operations import cancelling, clear_history, dead_letters, reprocess, reread
from troupe.operations.backend import Backend, InvalidOperation, publish_command

from .bus import FaultyBus
from .call_faults import CallFaults
from .scenario import MAX_ATTEMPTS, PERSON


class FaultySender:
    """Sends a message again; the reply may be lost, and the command may crash."""

    def __init__(self, bus: FaultyBus, call_faults: CallFaults) -> None:
        self._bus, self._call_faults = bus, call_faults

    def send(
        self, topic: str, body: bytes, attributes: Mapping[str, str], message_id: str = ""
    ) -> str:
        return self._call_faults.call(
            "publish", topic, lambda: self._bus.send(topic, body, attributes, message_id)
        )


class OperatorBackend:
    """The backend of one command: its own process, and the shared tables and topics."""

    bills_reads = False

    def __init__(self, dependencies: Dependencies, bus: FaultySender) -> None:
        self.dependencies, self.bus = dependencies, bus

    @property
    def clock(self) -> Clock:
        return self.dependencies.clock

    @property
    def deployment(self) -> Deployment:
        return self.dependencies.deployment

    def token_counter(self, model: str) -> None:
        """Nothing counts tokens here."""

    def publish(self, command: Envelope) -> None:
        """Publish a command; operators write no table."""
        self.bus.send(*message_of(command))


def _discard_first(backend: Backend) -> None:
    for letter in dead_letters.list_dead_letters(backend).letters[:1]:
        dead_letters.discard(backend, letter.letter_id, "not needed any more")


def _replay_and_discard_first(backend: Backend) -> None:
    """Two operators read the same list: one replays the first letter, one discards it."""
    for letter in dead_letters.list_dead_letters(backend).letters[:1]:
        ids = [letter.letter_id]
        publish_command(backend, ReplayRequested(letter_ids=ids))
        publish_command(backend, DiscardRequested(letter_ids=ids, reason="not needed any more"))


def _reprocess(backend: Backend) -> None:
    request = {"of_run": "r1", "run_id": "p2", "canary": 2, "max_attempts": MAX_ATTEMPTS}
    reprocess.reprocess(backend, request | {"grounding": False}, allow_empty=True)


def _reprocess_changed(backend: Backend) -> None:
    request = {"changed": True, "run_id": "c1", "canary": 2, "max_attempts": MAX_ATTEMPTS}
    reprocess.reprocess(backend, request | {"grounding": False}, allow_empty=True)


COMMANDS: Mapping[str, Callable[[Backend], object]] = {
    "replay": dead_letters.replay,
    "discard": _discard_first,
    "replay and discard": _replay_and_discard_first,
    "reprocess": _reprocess,
    "changed": _reprocess_changed,
    "reread": lambda backend: reread.reread(backend, "r1", run_id="a1", allow_empty=True),
    "cancel": lambda backend: operations.cancel(backend, "r1"),
    "cancel all": cancelling.cancel_all,
    "clear": lambda backend: clear_history.clear_history(backend, "r1", "wrong prompt", sure=True),
    "forget": lambda backend: clear_history.forget(backend, PERSON, sure=True),
}
"""By the name of the action."""


def run_command(name: str, backend: Backend) -> None:
    """Run one command. A refusal or a failed port ends it; a later action may repeat it."""
    try:
        COMMANDS[name](backend)
    except (InvalidOperation, Redeliver, Reject):
        return
