"""The score as a table: which event sets which handler in motion, and what follows from it."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from textwrap import wrap
from typing import Any

from .text_columns import aligned

DOES_WIDTH = 44
HEAD = ("event", "handler", "what follows", "what it does")


def choreography_lines(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """In the order given; what follows stands one below the other."""
    if not rows:
        return ["The score is empty."]
    cells = [HEAD, tuple("-" * len(name) for name in HEAD)]
    for row in rows:
        cells.extend(_cells(row))
    return aligned(cells)


def _cells(row: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    follows = [str(name) for name in row.get("follows") or ()] or ["-"]
    does = wrap(str(row.get("does") or ""), DOES_WIDTH)
    first = (str(row.get("event") or ""), str(row.get("handler") or "nobody"))
    for at, (follow, words) in enumerate(zip_longest(follows, does, fillvalue="")):
        event, handler = first if at == 0 else ("", "")
        yield event, handler, follow, words
