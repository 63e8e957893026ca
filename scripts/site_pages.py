"""Adapt the Markdown of docs/ to the site generator.

Links to files of the repository that are not pages become plain text, because the site does not
contain them. Continuation lines of list items are indented to the four columns that it demands.
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
    """Replace links that lead out of docs/ by their text; `path` is the page's, below docs/."""
    folder = posixpath.dirname(path)

    def replaced(match: re.Match[str]) -> str:
        text, target, _ = match.groups()
        outside = posixpath.normpath(posixpath.join(folder, target)).startswith("..")
        return text if outside and ":" not in target else match.group()

    return _LINK.sub(replaced, markdown)


def list_items_moved(markdown: str) -> str:
    """Indent continuation lines of list items, for lists of one level; other code is unchanged."""
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
