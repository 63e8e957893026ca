"""For the site of docs/: links to files that are no pages of it become plain text.

The pages are read in two places. Beside the code `[tracking/](../tracking)` leads somewhere; on the
site it would not, and the generator would rightly complain.
"""

import posixpath
import re
from typing import Any

_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(([^)#\s]+)(#[^)\s]*)?\)")


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Called by the generator for each page."""
    return without_outside_links(markdown, page.file.src_uri)


def without_outside_links(markdown: str, path: str) -> str:
    """`path` is the page's own, below docs/."""
    folder = posixpath.dirname(path)

    def told(match: re.Match[str]) -> str:
        text, target, _ = match.groups()
        outside = posixpath.normpath(posixpath.join(folder, target)).startswith("..")
        return text if outside and ":" not in target else match.group()

    return _LINK.sub(told, markdown)
