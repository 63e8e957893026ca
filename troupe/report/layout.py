"""Lines of a terminal: cut to its width, in columns, with bars, and no more than fit.

Tables of rich would not do: blocks are shortened line by line to the height of the terminal, and a
table of rich becomes lines only when it is drawn.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from rich.text import Text


@dataclass(frozen=True, slots=True)
class Pen:
    """The width and the characters of a terminal."""

    width: int
    plain: bool = False
    """ASCII only."""

    @property
    def dot(self) -> str:
        return " - " if self.plain else " · "

    def bar(self, amount: float, whole: float, width: int, style: str) -> Text:
        """A bar of this width, blanks included; an amount above zero is always visible."""
        halves = round(2 * width * min(1.0, amount / whole)) if whole else 0
        halves = max(halves, 1 if amount and width else 0)
        line, half = ("=", "-") if self.plain else ("━", "╸")
        return cut(Text(line * (halves // 2) + half * (halves % 2), style), width)

    def stack(self, parts: Iterable[tuple[int, str]], whole: int, width: int) -> Text:
        """Several amounts in one bar; the rest of the whole is a thin line."""
        line, thin = ("=", ".") if self.plain else ("━", "─")
        bar = Text()
        for amount, style in parts:
            cells = round(width * amount / whole) if whole else 0
            cells = min(max(cells, 1 if amount else 0), width - bar.cell_len)
            bar.append(line * cells, style)
        return bar.append(thin * (width - bar.cell_len), "dim")


@dataclass(slots=True)
class Block:
    """Lines that belong together, and how far they may be shortened."""

    lines: list[Text] = field(default_factory=list)
    least: int = 1
    """Lines that stay while other blocks can be shortened; the last counts the missing ones."""
    rank: int = 0
    """The block of the highest rank is shortened first."""
    hidden: int = 0
    """Lines that were removed."""


def cut(line: Text, width: int) -> Text:
    """Make a line exactly this wide, with an ellipsis or with blanks."""
    cut_line = line.copy()
    # rich draws no style of a text without spans, and spreads it over what is appended
    cut_line.stylize_before(cut_line.style)
    cut_line.style = ""
    cut_line.truncate(max(width, 0), overflow="ellipsis", pad=True)
    return cut_line


def words(*pieces: object, style: str = "") -> Text:
    """Join the pieces to one line. They are text, never markup, and cannot break the line."""
    line = Text(style=style)
    for piece in pieces:
        if piece in (None, ""):
            continue
        line.append(" " if line.plain else "")
        if isinstance(piece, Text):
            line.append_text(piece)
        else:
            line.append("".join(char if char.isprintable() else " " for char in str(piece)))
    return line


def apart(left: Text, right: Text, width: int) -> Text:
    """One text to the left and one to the right; where both do not fit, the left one alone."""
    room = width - left.cell_len - right.cell_len
    return cut(left, width) if room < 1 else cut(left, width - right.cell_len) + right


def columns(rows: Sequence[Sequence[Text | str]], right: Iterable[int] = ()) -> list[Text]:
    """Rows as aligned lines. `right` lists the right-aligned columns; the last is not padded."""
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
    """Wrap a line, so that a command at its end is not cut; later lines are indented."""
    room = max(width, 20)
    lines: list[Text] = []
    rest = line
    while rest.cell_len > room:
        at = rest.plain.rfind(" ", 0, room)
        at = at if at > room // 3 else room
        head, rest = rest[:at], rest[at:]
        rest = rest[1:] if rest.plain.startswith(" ") else rest
        lines.append(head)
        room = max(width - indent, 20)
    lines.append(rest)
    return [lines[0], *(Text(" " * indent) + each for each in lines[1:])]


def beside(left: Sequence[Text], right: Sequence[Text], at: int, width: int) -> list[Text]:
    """Two lists of lines side by side, the second one beginning at column `at`."""
    empty = Text()
    return [
        cut(left[n] if n < len(left) else empty, at)
        + cut(right[n] if n < len(right) else empty, width - at)
        for n in range(max(len(left), len(right)))
    ]


def fitted(blocks: Sequence[Block], height: int | None) -> list[Text]:
    """Blocks below each other, with a blank line between them where there is room.

    Where there is not, blocks are shortened by their rank until they fit the height.
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
    """Shorten a block by up to `over` lines, down to `least`; returns how many were removed."""
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
