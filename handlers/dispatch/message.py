"""One Pub/Sub message as a handler's subscription delivers it, and what becomes of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One delivery of one Pub/Sub message."""

    topic: str
    id: str
    body: bytes
    attributes: Mapping[str, str]
    published_at: datetime
    delivery_attempt: int = 1


class Outcome(Enum):
    """What the subscriber does with a message after its delivery."""

    DONE = "done"
    """Acknowledge: every event that follows is published."""
    WAIT = "wait"
    """Acknowledge without a handled mark: the tick republishes the event."""
    REDELIVER = "redeliver"
    """Do not acknowledge: Pub/Sub delivers the message again, with back-off."""
    DEAD_LETTER = "dead_lettered"
    """Acknowledge, and publish the message to the handler's dead-letter topic."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryResult:
    """The outcome of a delivery. Without success also a stable cause and a detail."""

    outcome: Outcome
    cause: str = ""
    detail: str = ""
    """Ids and counts, never personal data."""
    not_before: datetime | None = None
    """The time that a handler waits for."""
