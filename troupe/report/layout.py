"""Lines of a terminal: cut to its width, in columns, with bars, and never more than fit."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from rich.text import Text


@dataclass(frozen=True, slots=True)
class Pen:
    """What the terminal can show."""

    width: int
    plain: bool = False
    """No more than ASCII."""

    @property
    def dot(self) -> str:
        return " - " if self.plain else " · "

    def bar(self, amount: float, whole: float, width: int, style: str) -> Text:
        """Of this width, blanks included. What is there at all shows."""
        halves = round(2 * width * min(1.0, amount / whole)) if whole else 0
        halves = max(halves, 1 if amount and width else 0)
        line, half = ("=", "-") if self.plain else ("━", "╸")
        return cut(Text(line * (halves // 2) + half * (halves % 2), style), width)

    def stack(self, parts: Iterable[tuple[int, str]], whole: int, width: int) -> Text:
        """Several amounts behind one another; what of the whole is left over is a thin line."""
        line, thin = ("=", ".") if self.plain else ("━", "─")
        told = Text()
        for amount, style in parts:
            cells = round(width * amount / whole) if whole else 0
            cells = min(max(cells, 1 if amount else 0), width - told.cell_len)
            told.append(line * cells, style)
        return told.append(thin * (width - told.cell_len), "dim")


@dataclass(slots=True)
class Block:
    """Lines that belong together."""

    lines: list[Text] = field(default_factory=list)
    least: int = 1
    """Lines that stay while others can be shortened; the last says how many are missing."""
    rank: int = 0
    """The highest is shortened first."""
    hidden: int = 0
    """Lines that were taken away."""


def cut(line: Text, width: int) -> Text:
    """Exactly so wide: with an ellipsis, or with blanks."""
    told = line.copy()
    # rich draws no style of a text without spans, and spreads it over what is appended
    told.stylize_before(told.style)
    told.style = ""
    told.truncate(max(width, 0), overflow="ellipsis", pad=True)
    return told


def words(*pieces: object, style: str = "") -> Text:
    """One line, whatever the pieces hold: text, never markup."""
    told = Text(style=style)
    for piece in pieces:
        if piece in (None, ""):
            continue
        told.append(" " if told.plain else "")
        if isinstance(piece, Text):
            told.append_text(piece)
        else:
            told.append("".join(sign if sign.isprintable() else " " for sign in str(piece)))
    return told


def apart(left: Text, right: Text, width: int) -> Text:
    """One to the left and one to the right; the right one gives way."""
    room = width - left.cell_len - right.cell_len
    return cut(left, width) if room < 1 else cut(left, width - right.cell_len) + right


def columns(rows: Sequence[Sequence[Text | str]], right: Iterable[int] = ()) -> list[Text]:
    """Aligned; the columns named stand to the right, and the last one runs free."""
    cells = [[each if isinstance(each, Text) else words(each) for each in row] for row in rows]
    if not cells:
        return []
    widths = [max(row[at].cell_len for row in cells) for at in range(len(cells[0]) - 1)]
    to_the_right = set(right)
    lines = []
    for row in cells:
        line = Text()
        for at, width in enumerate(widths):
            gap = Text(" " * (width - row[at].cell_len))
            line += (gap + row[at] if at in to_the_right else row[at] + gap) + Text("  ")
        lines.append(line + row[-1])
    return lines


def wrapped(line: Text, width: int, indent: int) -> list[Text]:
    """As many lines as it takes: a command at the end must not be cut."""
    room = max(width, 20)
    found: list[Text] = []
    rest = line
    while rest.cell_len > room:
        at = rest.plain.rfind(" ", 0, room)
        at = at if at > room // 3 else room
        head, rest = rest[:at], rest[at:]
        rest = rest[1:] if rest.plain.startswith(" ") else rest
        found.append(head)
        room = max(width - indent, 20)
    found.append(rest)
    return [found[0], *(Text(" " * indent) + each for each in found[1:])]


def beside(left: Sequence[Text], right: Sequence[Text], at: int, width: int) -> list[Text]:
    """Two lists of lines, the second one beginning in this column."""
    empty = Text()
    return [
        cut(left[n] if n < len(left) else empty, at)
        + cut(right[n] if n < len(right) else empty, width - at)
        for n in range(max(len(left), len(right)))
    ]


def fitted(blocks: Sequence[Block], height: int | None) -> list[Text]:
    """One below the other, with a blank line between where there is room for it.

    Where there is none, blocks are shortened by their rank.
    """
    shown = [block for block in blocks if block.lines]
    if height is None:
        return _joined(shown, gaps=len(shown))
    over = sum(len(block.lines) for block in shown) - height
    order = sorted(shown, key=lambda block: -block.rank)
    for block, least in [*((each, each.least) for each in order), *((each, 1) for each in order)]:
        over -= _shortened(block, over, least) if over > 0 else 0
    gaps = height - sum(len(block.lines) for block in shown)
    return _joined(shown, gaps=max(0, gaps))[:height]


def _shortened(block: Block, over: int, least: int) -> int:
    """How many lines were taken away."""
    keep = max(least, len(block.lines) - over)
    gone = len(block.lines) - keep
    if gone <= 0:
        return 0
    block.hidden += gone + (0 if block.hidden or keep == 1 else 1)
    end = [Text(f"  and {block.hidden:,} more lines", "dim")] if keep > 1 else []
    block.lines = [*block.lines[: keep - len(end)], *end]
    return gone


def _joined(blocks: Sequence[Block], gaps: int) -> list[Text]:
    lines: list[Text] = []
    for block in blocks:
        if lines and gaps > 0:
            lines.append(Text())
            gaps -= 1
        lines += block.lines
    return lines
