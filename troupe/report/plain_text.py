"""Plain, stable lines for terminals and pipes: the same events, the same lines. No colours."""

from collections.abc import Mapping
from typing import Any

from .batch_text import batch_lines
from .choreography_text import choreography_lines
from .costs_text import costs_lines
from .preview_text import preview_lines
from .record_text import journey_lines
from .run_timeline_text import run_journey_lines
from .status_text import status_lines
from .summary_text import summary_lines

__all__ = [
    "batch_lines",
    "choreography_lines",
    "costs_lines",
    "explained",
    "journey_lines",
    "preview_lines",
    "run_journey_lines",
    "status_lines",
    "summary_lines",
]


def explained(journey: Mapping[str, Any]) -> list[str]:
    """A journey, by what it is about."""
    tellers = {"batch": batch_lines, "run": run_journey_lines}
    return tellers.get(str(journey.get("kind")), journey_lines)(journey)
