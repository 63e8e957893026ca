"""Plain lines for terminals and pipes, without colours: the same input gives the same lines."""

from troupe.operations.histories import BatchHistory, RecordHistory, RunHistory

from .analysis_costs_text import costs_lines
from .batch_text import batch_lines
from .choreography_text import choreography_lines
from .preview_text import preview_lines
from .record_text import record_lines
from .run_timeline_text import run_history_lines
from .status_text import status_lines
from .summary_text import summary_lines

__all__ = [
    "choreography_lines",
    "costs_lines",
    "history_lines",
    "preview_lines",
    "status_lines",
    "summary_lines",
]


def history_lines(history: RecordHistory | BatchHistory | RunHistory) -> list[str]:
    """The result of `explain` as lines."""
    if isinstance(history, RunHistory):
        return run_history_lines(history)
    return batch_lines(history) if isinstance(history, BatchHistory) else record_lines(history)
