"""What the duties of a laptop's troupe share."""

from typing import Any
from uuid import uuid4

from events.identity import short_hash

from .world import Laptop

Answer = dict[str, Any]


class BadQuestion(Exception):
    """What was asked cannot be done; the text says why and what to do."""


def new_run_id(world: Laptop) -> str:
    """A name that says when, and is nobody else's."""
    return f"run-{world.clock():%Y%m%d-%H%M%S}-{short_hash(uuid4().hex)[:4]}"
