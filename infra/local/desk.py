"""What people ask of a laptop's troupe alone. The process that owns the folder answers."""

from collections.abc import Callable
from pathlib import Path

import msgspec

from handlers.columns import output_tables
from infra import desk
from infra.desk.questions import Answer, BadQuestion

from .bookshelf import keep
from .loading import BadFile, load_file
from .world import Laptop


def load(world: Laptop, file: str) -> Answer:
    try:
        loaded = load_file(Path(file), world.warehouse, world.home)
    except BadFile as error:
        raise BadQuestion(str(error)) from error
    return msgspec.structs.asdict(loaded)


def add_analysis(world: Laptop, folder: str) -> Answer:
    """Keep a copy of an analysis, and make its table."""
    added = keep(world.home, world.analyses, Path(folder))
    world.warehouse.make(output_tables(world.analyses.own))
    return added


def publish(world: Laptop, topic: str, body: str, message_id: str = "") -> Answer:
    """As everywhere, and handed over at once: this bus ends with its process."""
    sent = desk.publish(world, topic, body, message_id)
    world.deliver_next()
    return sent


DUTIES: dict[str, Callable[..., Answer]] = desk.DUTIES | {
    duty.__name__: duty for duty in (load, add_analysis, publish)
}
"""What may be asked over the socket, by name."""
