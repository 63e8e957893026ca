"""What operators read of a run: an HTML page, plain text, and live views."""

from .html_page import render_html
from .plain_text import (
    choreography_lines,
    history_lines,
    preview_lines,
    status_lines,
    summary_lines,
)
from .progress import Live

__all__ = [
    "Live",
    "choreography_lines",
    "history_lines",
    "preview_lines",
    "render_html",
    "status_lines",
    "summary_lines",
]
