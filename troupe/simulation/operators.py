"""What people do in the middle: the very duties of the commands, with tools that may fail them."""

from collections.abc import Callable, Mapping

from events import Deployment, Envelope
from handlers.dispatch.errors import Redeliver, Reject
from handlers.ports import Clock, Dependencies
from troupe import operations
from troupe.operations import clear_history, dead_letters, reprocess
from troupe.operations.backend import Backend, InvalidOperation

from .bus import RoughBus
from .call_faults import Borders
from .memory_cloud import MemoryDeadLetters
from .scenario import MAX_ATTEMPTS, PERSON


class Sender:
    """A message published once more; the reply may be lost, and the command may die."""

    def __init__(self, bus: RoughBus, borders: Borders) -> None:
        self._bus, self._borders = bus, borders

    def send(
        self, topic: str, body: bytes, attributes: Mapping[str, str], message_id: str = ""
    ) -> str:
        return self._borders.cross(
            "publish", topic, lambda: self._bus.send(topic, body, attributes, message_id)
        )


class Desk:
    """One command: memory of its own, and the troupe that everybody shares."""

    def __init__(
        self,
        dependencies: Dependencies,
        letters: MemoryDeadLetters,
        bus: Sender,
        publish: Callable[[list[Envelope]], None],
    ) -> None:
        self.dependencies, self.letters, self.bus = dependencies, letters, bus
        self._publish = publish

    @property
    def clock(self) -> Clock:
        return self.dependencies.clock

    @property
    def deployment(self) -> Deployment:
        return self.dependencies.deployment

    def publish(self, envelope: Envelope) -> None:
        """Remembered, then sent, as every backend does it."""
        if not self.dependencies.event_log.has(envelope.id, self.clock()):
            self.dependencies.event_log.record([envelope], self.clock())
        self._publish([envelope])


def _discard_first(troupe: Backend) -> None:
    for letter in troupe.letters.find()[:1]:
        dead_letters.discard(troupe, letter.letter_id, "seen enough of it")


def _reprocess(troupe: Backend) -> None:
    request = {"of_run": "r1", "run_id": "p2", "canary": 2, "max_attempts": MAX_ATTEMPTS}
    reprocess.reprocess(troupe, request | {"grounding": False})


COMMANDS: Mapping[str, Callable[[Backend], object]] = {
    "replay": dead_letters.replay,
    "discard": _discard_first,
    "reprocess": _reprocess,
    "cancel": lambda troupe: operations.cancel(troupe, "r1"),
    "clear": lambda troupe: clear_history.clear_history(troupe, "r1", "wrong prompt", sure=True),
    "forget": lambda troupe: clear_history.forget(troupe, PERSON, sure=True),
}
"""By the name of the act."""


def command(what: str, troupe: Backend) -> None:
    """Carry it out, or be told why not: then people may ask again later."""
    try:
        COMMANDS[what](troupe)
    except (InvalidOperation, Redeliver, Reject):
        return
