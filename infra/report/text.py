"""Plain, stable lines for terminals and pipes: the same facts, the same lines. No colours."""

from .journey_text import journey_lines
from .preview_text import preview_lines
from .score_text import choreography_lines
from .status_text import status_lines
from .summary_text import summary_lines

__all__ = [
    "choreography_lines",
    "journey_lines",
    "preview_lines",
    "status_lines",
    "summary_lines",
]
