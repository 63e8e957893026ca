"""Lines of text in columns, and values that cannot break them."""

import re
from collections.abc import Iterable, Iterator, Sequence
from textwrap import wrap

from . import formatting
from .reconciliation import Exit

MOST_INDENT = 40


def line(*pieces: object) -> str:
    """One line, whatever the pieces hold: no line breaks, no control characters."""
    joined = " ".join(str(piece) for piece in pieces if piece not in (None, ""))
    return "".join(sign if sign.isprintable() else " " for sign in joined).rstrip()


def named(name: str, *pieces: object) -> str:
    """A line with a name in the left column."""
    return line(f"{name:<12}", *pieces)


def aligned(lines: Iterable[Sequence[object]], indent: int = 0) -> list[str]:
    """As a table; the last column runs free."""
    cells = [[line(cell) for cell in row] for row in lines]
    if not cells:
        return []
    widths = [max(len(row[at]) for row in cells) for at in range(len(cells[0]))]
    widths[-1] = 0
    return [
        " " * indent
        + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]


def exits(found: Iterable[Exit]) -> list[str]:
    """The exits that somebody took, with their figures to the right."""
    taken = [each for each in found if each.records]
    signed = [each.signed.split() for each in taken]
    width = max((len(figure) for _sign, figure in signed), default=0)
    return [
        line(f"    {sign} {figure:>{width}}", each.words)
        for (sign, figure), each in zip(signed, taken, strict=True)
    ]


def within(lines: Iterable[str], width: int) -> Iterator[str]:
    """No line broader than this; what goes on stands below the text, right of name or time."""
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
    """Behind the first gap of a line; without one, a step further in than the line itself."""
    gap = _GAP.search(line_)
    if gap and gap.end() <= min(MOST_INDENT, width // 2):
        return gap.end()
    return min(len(line_) - len(line_.lstrip()) + 4, width // 2)


def folded(found: Sequence[str], shown: int) -> list[str]:
    """The first lines, and how many more there are."""
    rest = len(found) - shown
    return [*found[:shown], *([f"    and {formatting.count(rest)} more"] if rest > 0 else [])]
