"""Two columns with the same values, drawn as ribbons from left to right."""

from collections.abc import Iterable, Mapping
from typing import Literal

from handlers.summary.column_counts import ColumnFlow
from troupe.report import formatting
from troupe.report import labels as names_of

from .elements import Markup, join, tag

Moves = Mapping[tuple[str, str], int]
"""Records by their values in the two columns."""
Span = tuple[float, float]
"""Start and end of a node, from the top."""

ORDER = ("positive", "neutral", "mixed", "negative")
"""Values with a colour of their own, from good to bad."""
WIDTH, HEIGHT, GAP, LEAST = 360.0, 190.0, 10.0, 2.0
LEFT, RIGHT, NODE, TOP = 108.0, 252.0, 9.0, 26.0
CHARACTERS, LABEL = 10, 26.0


def moves_of(flow: ColumnFlow) -> dict[tuple[str, str], int]:
    """Records by their pair of values; pairs without a record are left out."""
    moves: dict[tuple[str, str], int] = {}
    for row in flow.counts:
        way = (_name(row.before), _name(row.after))
        moves[way] = moves.get(way, 0) + row.records
    return {way: records for way, records in moves.items() if records > 0}


def _name(value: str | None) -> str:
    return names_of.NO_VALUE if value is None else names_of.plain(value)


def sides_of(moves: Moves) -> tuple[list[str], list[str]]:
    """The values to the left and to the right, from good to bad; others come last."""
    return _ordered(way[0] for way in moves), _ordered(way[1] for way in moves)


def _ordered(names: Iterable[str]) -> list[str]:
    known = set(names)
    return [name for name in ORDER if name in known] + sorted(known - set(ORDER))


def picture(moves: Moves, title: str) -> Markup:
    """An SVG with a text for each node; the table beside it holds the same figures."""
    befores, afters = sides_of(moves)
    whole = sum(moves.values())
    left = _nodes({name: _sum(moves, 0, name) for name in befores}, whole)
    right = _nodes({name: _sum(moves, 1, name) for name in afters}, whole)
    height = max(end for side in (left, right) for _start, end in side.values()) + 24
    heads = [
        tag("text", "before", x=LEFT, y=14, text_anchor="end", class_="head"),
        tag("text", "after", x=RIGHT, y=14, class_="head"),
    ]
    labels = [
        *(_node("left", n, at, _sum(moves, 0, n), whole) for n, at in left.items()),
        *(_node("right", n, at, _sum(moves, 1, n), whole) for n, at in right.items()),
    ]
    ribbons = _ribbons(moves, left, right)
    return tag(
        "svg", *heads, *ribbons, *labels,
        viewBox=f"0 0 {WIDTH:.0f} {height:.0f}", role="img",
        aria_label=f"{title}, as ribbons; the table holds the figures.",
    )  # fmt: skip


def _sum(moves: Moves, side: Literal[0, 1], name: str) -> int:
    return sum(records for way, records in moves.items() if way[side] == name)


def _nodes(sizes: Mapping[str, int], whole: int) -> dict[str, Span]:
    """Start and end of each node; labels need room, so small nodes are set apart."""
    placed: dict[str, Span] = {}
    at = TOP
    for name, size in sizes.items():
        height = max(LEAST, HEIGHT * size / whole)
        placed[name] = (at, at + height)
        at += max(height + GAP, max(height / 2, 8.0) + LABEL)
    return placed


def _ribbons(moves: Moves, left: Mapping[str, Span], right: Mapping[str, Span]) -> list[Markup]:
    """Ribbons leave and arrive in the order of the nodes, so that the fewest cross."""
    leaves = {name: start for name, (start, _end) in left.items()}
    arrives = {name: start for name, (start, _end) in right.items()}
    whole = sum(moves.values())
    drawn = []
    for before in left:
        for after in right:
            size = HEIGHT * moves.get((before, after), 0) / whole
            if size:
                drawn.append(_ribbon(before, after, leaves[before], arrives[after], size, moves))
                leaves[before] += size
                arrives[after] += size
    return drawn


def _ribbon(before: str, after: str, start: float, end: float, size: float, moves: Moves) -> Markup:
    x1, x2, middle = LEFT + 8 + NODE, RIGHT - 8 - NODE, (LEFT + RIGHT) / 2
    below = f"{start + size:.2f}", f"{end + size:.2f}"
    path = (
        f"M{x1:.1f} {start:.2f}"
        f" C{middle:.1f} {start:.2f} {middle:.1f} {end:.2f} {x2:.1f} {end:.2f}"
        f" V{below[1]}"
        f" C{middle:.1f} {below[1]} {middle:.1f} {below[0]} {x1:.1f} {below[0]} Z"
    )
    text = f"{before} → {after}: {formatting.count(moves[before, after])}"
    return tag("path", tag("title", text), d=path, class_=f"ribbon {_kind(before)}")


def _node(side: Literal["left", "right"], name: str, at: Span, records: int, whole: int) -> Markup:
    start, end = at
    middle = max((start + end) / 2, start + 8)
    is_left = side == "left"
    x = LEFT + 8 if is_left else RIGHT - 8 - NODE
    label = {"x": LEFT if is_left else RIGHT, "text_anchor": "end" if is_left else None}
    figure = f"{formatting.count(records)} · {formatting.share_of(records, whole)}"
    return join(
        [
            tag("rect", tag("title", name), x=x, y=f"{start:.2f}", width=NODE,
                height=f"{end - start:.2f}", class_=_kind(name)),
            tag("text", _short(name), **label, y=f"{middle - 1:.1f}"),
            tag("text", figure, **label, y=f"{middle + 14:.1f}", class_="head"),
        ]
    )  # fmt: skip


def _short(name: str) -> str:
    return name if len(name) <= CHARACTERS + 1 else name[:CHARACTERS] + "…"


def _kind(name: str) -> str:
    return name if name in ORDER else "other"
