"""What people read of a run: a page, plain text, and a view that moves."""

from .html_page import render_html
from .plain_text import (
    choreography_lines,
    journey_lines,
    preview_lines,
    status_lines,
    summary_lines,
)
from .progress import Live

__all__ = [
    "Live",
    "choreography_lines",
    "journey_lines",
    "preview_lines",
    "render_html",
    "status_lines",
    "summary_lines",
]
