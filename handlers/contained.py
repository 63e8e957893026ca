"""One duty of the tick, kept from harming the others."""

import logging
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from events import Event

from .dispatch.republish import Republish

LOG = logging.getLogger("troupe.tick")


Found = TypeVar("Found", bound=Event | Republish)


def contained(duty: str, act: Callable[[], Iterable[Found]]) -> Iterator[Found]:
    """What the duty found, or nothing and a line in the log: the next tick tries again."""
    try:
        found = list(act())
    except Exception as error:
        LOG.exception("tick-duty-failed", extra={"duty": duty, "error": type(error).__name__})
        return
    yield from found
