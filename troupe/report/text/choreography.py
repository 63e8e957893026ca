"""The event flow as a table: which event starts which handler, and which events follow."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from textwrap import wrap
from typing import Any

import msgspec

from .columns import aligned

DOES_WIDTH = 44
TITLES = ("event", "handler", "what follows", "what it does")


class FlowRow(msgspec.Struct, frozen=True, kw_only=True):
    """One event and the handler that is subscribed to it."""

    event: str
    handler: str | None
    does: str
    follows: list[str]


def choreography_lines(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Rows of the event flow in the order given; the events that follow are listed vertically."""
    if not rows:
        return ["The event flow is empty."]
    cells = [TITLES, tuple("-" * len(title) for title in TITLES)]
    for row in msgspec.convert(rows, list[FlowRow]):
        cells.extend(_cells(row))
    return aligned(cells)


def _cells(row: FlowRow) -> Iterator[tuple[str, str, str, str]]:
    first = (row.event, row.handler or "-")
    for at, (follow, does) in enumerate(
        zip_longest(row.follows or ["-"], wrap(row.does, DOES_WIDTH), fillvalue="")
    ):
        event, handler = first if at == 0 else ("", "")
        yield event, handler, follow, does
