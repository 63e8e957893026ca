"""Lines of plain text, aligned in columns, that no value can break."""

import re
from collections.abc import Iterable, Iterator, Sequence
from textwrap import wrap

from troupe.report import formatting
from troupe.report.reconciliation import Exit

MOST_INDENT = 40


def line(*pieces: object) -> str:
    """Join the pieces to one line; line breaks and control characters become blanks."""
    joined = " ".join(str(piece) for piece in pieces if piece not in (None, ""))
    return "".join(char if char.isprintable() else " " for char in joined).rstrip()


def named(name: str, *pieces: object) -> str:
    """A line with a name in the left column."""
    return line(f"{name:<12}", *pieces)


def aligned(rows: Iterable[Sequence[object]], indent: int = 0) -> list[str]:
    """Rows as lines of aligned columns; the last column is not padded."""
    cells = [[line(cell) for cell in row] for row in rows]
    if not cells:
        return []
    widths = [max(len(row[at]) for row in cells) for at in range(len(cells[0]))]
    widths[-1] = 0
    return [
        " " * indent
        + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]


def exit_lines(exits: Iterable[Exit]) -> list[str]:
    """The exits with records, their numbers aligned to the right."""
    taken = [each for each in exits if each.records]
    signed = [each.signed.split() for each in taken]
    width = max((len(number) for _sign, number in signed), default=0)
    return [
        line(f"    {sign} {number:>{width}}", each.label)
        for (sign, number), each in zip(signed, taken, strict=True)
    ]


def within(lines: Iterable[str], width: int) -> Iterator[str]:
    """Wrap lines to a width; what follows is indented to the text, right of its name or time."""
    for each in lines:
        if len(each) <= width:
            yield each
            continue
        indent = " " * _text_begins(each, width)
        yield from wrap(
            each,
            width,
            subsequent_indent=indent,
            drop_whitespace=True,
            replace_whitespace=False,
            break_long_words=False,
            break_on_hyphens=False,
        )


_GAP = re.compile(r"\S {2,}(?=\S)")


def _text_begins(line_: str, width: int) -> int:
    """After the first gap of two blanks; without one, four columns further in than the line."""
    gap = _GAP.search(line_)
    if gap and gap.end() <= min(MOST_INDENT, width // 2):
        return gap.end()
    return min(len(line_) - len(line_.lstrip()) + 4, width // 2)


def folded(lines: Sequence[str], shown: int, one: str, many: str = "") -> list[str]:
    """The first lines, and the number of the rest with what they are."""
    rest = len(lines) - shown
    more = f"    and {formatting.count(rest)} more {one if rest == 1 else many or one + 's'}"
    return [*lines[:shown], *([more] if rest > 0 else [])]
