"""For the site of docs/: what is written for a code host is shown as it is beside the code.

Links to files of the repository that are no pages become plain text: on the site they would lead
nowhere. What belongs to a list item is moved to the four columns that the generator demands.
"""

import posixpath
import re
from typing import Any

_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(([^)#\s]+)(#[^)\s]*)?\)")
_ITEM = re.compile(r"(?:\d+\.|[-*]) +(?=\S)")
_COLUMNS = 4


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Called by the generator for each page."""
    return list_items_moved(without_outside_links(markdown, page.file.src_uri))


def without_outside_links(markdown: str, path: str) -> str:
    """`path` is the page's own, below docs/."""
    folder = posixpath.dirname(path)

    def told(match: re.Match[str]) -> str:
        text, target, _ = match.groups()
        outside = posixpath.normpath(posixpath.join(folder, target)).startswith("..")
        return text if outside and ":" not in target else match.group()

    return _LINK.sub(told, markdown)


def list_items_moved(markdown: str) -> str:
    """Lists of one level; code that stands outside of them is left alone."""
    moved, column, code = [], 0, False
    for line in markdown.splitlines():
        item = _ITEM.match(line)
        if line.startswith("```"):
            code, column = not code, 0
        elif item and not code:
            column = item.end()
        elif line and not line.startswith(" "):
            column = 0
        inside = not code and not item and 0 < column < _COLUMNS and line.startswith(" " * column)
        moved.append(" " * (_COLUMNS - column) + line if inside else line)
    return "\n".join(moved) + "\n"
